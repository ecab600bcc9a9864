import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../../src/bytes/bytes.ts';
import { applyMode, parseMode } from '../../../src/lfu/rules/mode.ts';

function apply(spec: string, mode: number, isDirectory = false): string {
  const parsed = parseMode(bytes(spec));
  if ('problem' in parsed) throw new Error(parsed.problem);
  return applyMode(parsed, mode, isDirectory).toString(8).padStart(4, '0');
}

describe('modes', () => {
  test.each([
    ['u+s', 0o755, '4755'],
    ['g=o', 0o754, '0744'],
    ['go-w', 0o777, '0755'],
    ['u=rwx,go=rx', 0o000, '0755'],
    ['a+X', 0o644, '0644'],
    ['a+X', 0o744, '0755'],
    ['+t', 0o777, '1777'],
    ['ug+rw-x', 0o755, '0665'],
    ['4755', 0o644, '4755'],
    ['=', 0o777, '0000'],
    ['+111', 0o644, '0755'],
    ['u=g,g=o', 0o054, '0544'],
  ])('%s of a file', (spec, mode, expected) => {
    expect(apply(spec, mode)).toBe(expected);
  });

  test('X means every directory, and its set-id bits stay unless they are named', () => {
    expect(apply('a=rX', 0o700, true)).toBe('0555');
    expect(apply('755', 0o2700, true)).toBe('2755');
    expect(apply('00755', 0o2700, true)).toBe('0755');
    expect(apply('g-s', 0o2755, true)).toBe('0755');
  });

  test('without a who, everybody is meant, whatever the umask', () => {
    const before = process.umask(0o077);
    try {
      expect(apply('+w', 0o444)).toBe('0666');
    } finally {
      process.umask(before);
    }
  });

  test.each([
    '',
    'uts',
    '8',
    '77777',
    'u+q',
    'u',
    'u+s,',
    ',u+s',
    'rwx',
    'u+r g+r',
    'u=gr',
    'u+644',
  ])("'%s' is none", (spec) => {
    expect(parseMode(bytes(spec))).toHaveProperty('problem');
  });

  test('any text whatever is a mode or a problem', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('ugoa+-=rwxXst,0479 é')), maxLength: 20 }),
        (text) => {
          const parsed = parseMode(bytes(text));
          const result = 'problem' in parsed ? 0 : applyMode(parsed, 0o644, false);
          expect(result & ~0o7777).toBe(0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('what chmod(1) makes of them', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mode-'));
    try {
      const step = fc
        .tuple(
          fc.constantFrom('+', '-', '='),
          fc.oneof(
            fc.constantFrom('u', 'g', 'o'),
            fc.subarray(['r', 'w', 'x', 'X', 's', 't']).map((all) => all.join('')),
          ),
        )
        .map((both) => both.join(''));
      const clause = fc
        .tuple(
          fc.subarray(['u', 'g', 'o', 'a']).map((all) => all.join('')),
          fc.array(step, { minLength: 1, maxLength: 2 }),
        )
        .map(([who, steps]) => who + steps.join(''));
      const spec = fc.oneof(
        { weight: 4, arbitrary: fc.array(clause, { minLength: 1, maxLength: 3 }).map(String) },
        { weight: 1, arbitrary: fc.nat(0o7777).map((mode) => mode.toString(8)) },
        {
          weight: 1,
          arbitrary: fc.nat(0o7777).map((mode) => `0${mode.toString(8).padStart(4, '0')}`),
        },
        { weight: 1, arbitrary: fc.nat(0o7777).map((mode) => `+${mode.toString(8)}`) },
      );
      const cases = fc.sample(fc.record({ spec, mode: fc.nat(0o777), special: fc.nat(7) }), 150);
      const commands = cases.flatMap(({ spec: text, mode, special }) => {
        const start = ((special << 9) | mode).toString(8).padStart(5, '0');
        return [`chmod ${start} f; chmod -- ${text} f`, `chmod ${start} d; chmod -- ${text} d`].map(
          (line) => `${line}; stat -c %a f d`,
        );
      });
      const script = `umask 0; cd "$1"; : >f; mkdir d; ${commands.join('\n')}\n`;
      const output = execFileSync('/bin/sh', ['-c', script, 'sh', directory], { encoding: 'utf8' });
      const lines = output.trim().split('\n');
      const ours = cases.flatMap(({ spec: text, mode, special }, i) => {
        const start = (special << 9) | mode;
        const said = `${text} on ${start.toString(8)}`;
        return [
          [said, apply(text, start), lines[4 * i]?.padStart(4, '0')],
          [said, apply(text, start, true), lines[4 * i + 3]?.padStart(4, '0')],
        ];
      });
      expect(ours.filter(([, mine, theirs]) => mine !== theirs)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
