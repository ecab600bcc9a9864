import * as fc from 'fast-check';
import { createTwoFilesPatch } from 'diff';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MergedFragment, MergeResult } from '../../src/export/fragment.ts';
import { patches } from '../../src/export/patches.ts';
import { DiagnosticError } from '../../src/message/diagnostic.ts';
import {
  codes,
  file,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  systemFile,
  type MemoryHost,
  diagnosed,
} from './memory-host.ts';

const FOO = owner('foo');
const PATH = '/etc/profile';
const STOCK = systemFile(PATH, 'base-files');
/** Another line at the top and one in the middle. */
const CHANGED = `# ours\n${STOCK.replace('PS1=', '# no\nPS1=')}`;

function diff(from: string, to: string): string {
  return createTwoFilesPatch('a', 'b', from, to, '', '');
}

function merge(
  host: MemoryHost,
  patch: string,
  before: readonly MergedFragment[] = [],
): MergeResult {
  const files = patch === '' ? [] : [fragment('patches/etc/profile.patch', patch)];
  const merged = patches.merge({ owner: FOO, files, before, host });
  host.apply(merged.edits);
  return { ...merged, merged: fromReceipt(merged.merged) };
}

function remove(host: MemoryHost, before: readonly MergedFragment[]): MergeResult {
  const removed = patches.remove({ owner: FOO, before, host });
  host.apply(removed.edits);
  return removed;
}

function findings(patch: string, name = 'patches/etc/profile.patch'): readonly string[] {
  return diagnosed(() => patches.parse(fragment(name, patch)));
}

describe('export/patches on a stock file', () => {
  const PATCH = diff(STOCK, CHANGED);

  it('changes it as patch(1) would, does nothing the second time, and goes without a trace', () => {
    const host = memoryHost({ [PATH]: STOCK });
    const { merged } = merge(host, PATCH);
    expect(host.text(PATH)).toBe(CHANGED);
    expect(merge(host, PATCH, merged)).toMatchObject({ edits: [], notes: [], merged });
    remove(host, merged);
    expect(host.text(PATH)).toBe(STOCK);
  });

  it('is taken out of a file that people edited elsewhere, whose lines moved', () => {
    const host = memoryHost({ [PATH]: STOCK });
    const { merged } = merge(host, PATCH);
    host.put(PATH, `# mine\n# mine too\n${CHANGED}# and mine\n`.replace('# mine too', '# my own'));
    expect(merge(host, PATCH, merged)).toMatchObject({ edits: [], conflicts: [] });
    remove(host, merged);
    expect(host.text(PATH)).toBe(`# mine\n# my own\n${STOCK}# and mine\n`);
  });

  it('is left, and told of, where people edited the very lines', () => {
    const host = memoryHost({ [PATH]: STOCK });
    const { merged } = merge(host, PATCH);
    const edited = CHANGED.replace('# ours', '# theirs');
    host.put(PATH, edited);
    expect(remove(host, merged).notes).toEqual([
      '/etc/profile was edited where it was patched: left as it is',
    ]);
    expect(host.text(PATH)).toBe(edited);
    expect(codes(merge(host, PATCH, merged))).toEqual(['E_PATCH_FUZZ']);
  });

  it('is applied again when an update of the vendor has undone it', () => {
    const host = memoryHost({ [PATH]: STOCK });
    const { merged } = merge(host, PATCH);
    host.put(PATH, `${STOCK}# new version\n`);
    const again = merge(host, PATCH, merged);
    expect(again.notes).toEqual([expect.stringContaining('had lost the patch')]);
    expect(host.text(PATH)).toBe(`${CHANGED}# new version\n`);
    remove(host, again.merged);
    expect(host.text(PATH)).toBe(`${STOCK}# new version\n`);
  });

  it('that is applied already is success, and stays at removal', () => {
    const host = memoryHost({ [PATH]: CHANGED });
    const done = merge(host, PATCH);
    expect(done).toMatchObject({ edits: [], conflicts: [] });
    expect(done.notes).toEqual([expect.stringContaining('has the patch already')]);
    expect(merge(host, PATCH, done.merged)).toMatchObject({ edits: [], notes: [] });
    remove(host, done.merged);
    expect(host.text(PATH)).toBe(CHANGED);
  });

  it('of a newer package takes the place of the older one', () => {
    const host = memoryHost({ [PATH]: STOCK });
    const { merged } = merge(host, PATCH);
    const other = STOCK.replace('PS1=', '# other\nPS1=');
    const second = merge(host, diff(STOCK, other), merged);
    expect(host.text(PATH)).toBe(other);
    merge(host, '', second.merged);
    expect(host.text(PATH)).toBe(STOCK);
  });

  it('keeps carriage returns, odd bytes, and a missing newline at the end', () => {
    for (const [from, to] of [
      ['a\nb\nc', 'a\nB\nc'],
      ['a\nb\nc', 'a\nb\nC'],
      ['a\nb\nc\n', 'a\nb\nc'],
      ['a\r\nb\r\nc\r\n', 'a\r\nB\r\nc\r\n'],
      ['\xff\xa0\nb\x00\n', '\xff\xa0\nc\x00\n'],
      ['a\n\n\nb\n', 'a\n\n\n\nb\n'],
    ] as const) {
      const host = memoryHost({ [PATH]: from });
      const { merged } = merge(host, diff(from, to));
      expect(host.text(PATH)).toBe(to);
      remove(host, merged);
      expect(host.text(PATH)).toBe(from);
    }
    // one that was made of lines with LF fits one with CR LF
    const host = memoryHost({ [PATH]: 'a\r\nb\r\nc\r\n' });
    const { merged } = merge(host, diff('a\nb\nc\n', 'a\nB\nc\n'));
    expect(host.text(PATH)).toBe('a\r\nB\r\nc\r\n');
    remove(host, merged);
    expect(host.text(PATH)).toBe('a\r\nb\r\nc\r\n');
  });
});

describe('a patch that does not fit', () => {
  it('is refused with the hunk and the line, and nothing is fuzzed', () => {
    const patch = diff(STOCK, CHANGED);
    const host = memoryHost({ [PATH]: STOCK.replace('PS1=', 'PS2=') });
    const merged = merge(host, patch);
    const hunk = patch.split('\n').findLastIndex((text) => text.startsWith('@@')) + 1;
    expect(merged.edits).toEqual([]);
    expect(merged.conflicts).toMatchObject([{ code: 'E_PATCH_FUZZ', path: PATH }]);
    expect(merged.conflicts[0]?.message).toContain(
      `(the hunk in /software/foo/export/patches/etc/profile.patch:${hunk}`.slice(1),
    );
  });

  it('is refused for a file that is not there or is none', () => {
    const patch = diff('a\n', 'b\n');
    expect(codes(merge(memoryHost(), patch))).toEqual(['E_PATCH_TARGET']);
    expect(codes(merge(memoryHost({ [PATH]: { type: 'directory' } }), patch))).toEqual([
      'E_PATCH_TARGET',
    ]);
  });

  it('is told of at removal when the file is gone', () => {
    const host = memoryHost({ [PATH]: file('a\n') });
    const { merged } = merge(host, diff('a\n', 'b\n'));
    host.objects.delete(PATH);
    expect(remove(host, merged).notes).toEqual([expect.stringContaining('is gone')]);
  });
});

describe('what is no unified diff of one file', () => {
  it.each([
    ['nothing\n', 'profile.patch:1:1: error: no changes: this is no unified diff'],
    ['--- a\n+++ b\n@@ -1 @@\n', 'profile.patch:3:1: error: no head of a hunk'],
    [
      '@@ -1 +1 @@\n-a\n',
      'profile.patch:2:1: error: the end of the patch inside the hunk that begins in line 1',
    ],
    [
      '@@ -1,2 +1 @@\n-a\nb\n',
      "profile.patch:3:1: error: 'b' inside the hunk that begins in line 1",
    ],
    [
      '--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n--- c\n',
      'profile.patch:6:1: error: a second file in one patch',
    ],
    ['--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+b\n', 'profile.patch:1:1: error: this patch makes'],
    ['rename from a\n', 'profile.patch:1:1: error: this patch makes'],
  ])('%j is refused with its place', (patch, text) => {
    expect(findings(patch)[0]).toContain(text);
  });

  it('includes a name that says no file', () => {
    for (const name of ['patches/etc/profile', 'patches/.patch', 'patches/a/../b.patch']) {
      expect(findings(diff('a\n', 'b\n'), name)[0]).toContain('does not say which file it is for');
    }
  });

  it('is read in no time, however long it is', () => {
    const lines = 200_000;
    const body = '-a\n'.repeat(lines);
    expect(findings(`@@ -1,${lines} +0,0 @@\n${body}`)).toEqual([]);
    expect(findings(`@@ -1,${lines + 1} +0,0 @@\n${body}`)).toHaveLength(1);
  });

  it('never ends in anything but hunks or findings', () => {
    const line = fc.constantFrom(
      '@@ -1 +1 @@',
      '@@ -1,3 +1,2 @@',
      '--- a',
      '+++ b',
      '-a',
      '+b',
      ' c',
      '',
      '\\ No newline at end of file',
      'x',
      '@@',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }), (lines) => {
        const each = fragment('patches/x.patch', lines.join('\n'));
        try {
          const host = memoryHost({ '/x': 'a\nb\n' });
          const { edits, conflicts, merged } = patches.merge({
            owner: FOO,
            files: [each],
            before: [],
            host,
          });
          expect(edits.length === 0 || merged.length === 1).toBe(true);
          expect(conflicts.length + merged.length).toBe(1);
        } catch (error) {
          if (!(error instanceof DiagnosticError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('any two texts', () => {
  const anyText = fc
    .array(fc.constantFrom('a', 'b', 'c', '', 'long line', '\xff'), { maxLength: 30 })
    .chain((lines) => fc.boolean().map((open) => lines.join('\n') + (open ? '' : '\n')));

  it('patched and taken back are as before; lines that people put around stay', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.boolean(), (from, to, around) => {
        fc.pre(from !== to && from !== '' && to !== '');
        const host = memoryHost({ [PATH]: from });
        const { merged, conflicts } = merge(host, diff(from, to));
        expect(conflicts).toEqual([]);
        expect(host.text(PATH)).toBe(to);
        // else the hunk is about the end of the file, which is another then
        const closed = to.endsWith('\n') && from.endsWith('\n');
        if (around && closed) host.put(PATH, `# mine 1\n${to}# mine 2\n`);
        const removed = remove(host, merged);
        const text = host.text(PATH) ?? '';
        if (removed.edits.length === 0) expect(removed.notes).toHaveLength(1);
        else if (around && closed) {
          expect(text.replace('# mine 1\n', '').replace('# mine 2\n', '')).toBe(from);
        } else expect(text).toBe(from);
      }),
      { numRuns: 300 },
    );
  });

  it('are patched as patch(1) patches them', () => {
    const directory = mkdtempSync(join(tmpdir(), 'patches-test-'));
    try {
      for (const [from, to] of [
        [STOCK, CHANGED],
        ['a\nb\nc\n', 'a\nc\nd'],
        ['1\n2\n3\n4\n5\n6\n7\n8\n9\n', '2\n3\n4\n5\n6\n7\n8\n9\n10\n'],
      ] as const) {
        writeFileSync(join(directory, 'a'), from, 'latin1');
        const ran = spawnSync('patch', ['-F0', '-s', 'a'], {
          cwd: directory,
          input: diff(from, to),
        });
        expect(ran.status).toBe(0);
        const host = memoryHost({ [PATH]: from });
        merge(host, diff(from, to));
        expect(host.text(PATH)).toBe(readFileSync(join(directory, 'a'), 'latin1'));
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
