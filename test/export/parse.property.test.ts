import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../src/bytes/bytes.ts';
import { DiagnosticError } from '../../src/message/diagnostic.ts';
import type { FragmentKind } from '../../src/export/fragment.ts';
import { KINDS } from '../../src/export/kinds.ts';
import { fragmentLines } from '../../src/export/lines.ts';
import { fragment, memoryHost, owner } from './memory-host.ts';

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const piece = fc.oneof(
  fc.constantFrom(
    '\n',
    '\r\n',
    ' ',
    '\t',
    '#',
    ':',
    '/',
    '=',
    ',',
    '-',
    '*',
    '@',
    '"',
    "'",
    '.',
    '%',
  ),
  fc.constantFrom('ftp', 'stream', 'tcp', 'nowait', 'root', 'internal', 'rpc/', 'unix', '/bin/x'),
  fc.constantFrom('0', '7', '59', '65536', '@daily', 'mon', 'MAILTO', '* * * * *', '127.0.0.1'),
  fc.constantFrom('# BEGIN xhier foo', '# END xhier foo', '#xhier:disabled-by foo# ', '\0'),
  byte,
);
const anyText = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('') as Bytes);

const files = KINDS.filter(({ layout }) => layout === 'file');
const PATHS = ['/etc/services', '/etc/inetd.conf', '/etc/cron.d/xhier-foo'];

describe.each(files)('any text as export/$name', (kind) => {
  it('is read, or refused with places inside the file', () => {
    fc.assert(
      fc.property(anyText, (content) => {
        expect(outside(kind, content)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('and any text in the system file: a merge and its reverse never fail otherwise', () => {
    fc.assert(
      fc.property(anyText, anyText, (content, standing) => {
        expect(roundTrip(kind, content, standing)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

/** What a merge and a removal right after it do wrong. */
function roundTrip(kind: FragmentKind, content: Bytes, standing: Bytes): readonly string[] {
  const host = memoryHost(Object.fromEntries(PATHS.map((path) => [path, standing])));
  const file = fragment(kind.name, content);
  if (!reads(kind, content)) return [];
  const merged = kind.merge({ owner: owner('foo'), files: [file], before: [], host });
  if (merged.conflicts.length > 0) return merged.edits.length > 0 ? ['edits and conflicts'] : [];
  host.apply(merged.edits);
  const removed = kind.remove({ owner: owner('foo'), before: merged.merged, host });
  host.apply(removed.edits);
  // a block of ours that stood there already is taken out too
  const ours = /xhier foo|xhier:disabled-by foo/.test(standing);
  const exact = PATHS.every((path) => host.text(path) === standing);
  return [
    ...removed.conflicts.map(({ message }) => message),
    ...(exact || ours ? [] : ['not as it was']),
  ];
}

function reads(kind: FragmentKind, content: Bytes): boolean {
  try {
    kind.parse(fragment(kind.name, content));
    return true;
  } catch (error) {
    if (error instanceof DiagnosticError) return false;
    throw error;
  }
}

/** Findings of a fragment that lie outside its lines. */
function outside(kind: FragmentKind, content: Bytes): readonly unknown[] {
  const lines = fragmentLines(content);
  try {
    const file = fragment(kind.name, content);
    return kind
      .check(file, kind.parse(file), memoryHost())
      .filter(({ line, source }) => lines[line - 1] !== source);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.filter(
      ({ line, column, source }) =>
        lines[line - 1] !== source || column < 1 || column > source.length + 1,
    );
  }
}

describe('a fragment of nothing but mistakes', () => {
  it.each(KINDS.filter(({ name }) => name !== 'replace'))('$name is read in no time', (kind) => {
    const name = kind.layout === 'file' ? kind.name : `${kind.name}/foo.service`;
    const file = fragment(name, '\x01 \\ = { :\n'.repeat(20_000));
    let findings = 0;
    try {
      findings = kind.check(file, kind.parse(file), memoryHost()).length;
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      findings = error.diagnostics.length;
    }
    // sh, and the programs that own a directory, are asked later
    const isRead = kind.layout === 'file' && kind.name !== 'boottime';
    if (isRead) expect(findings).toBeGreaterThan(0);
    else expect(Number.isInteger(findings)).toBe(true);
  });
});
