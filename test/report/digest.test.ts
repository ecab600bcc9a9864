/** Lines of logs: patterns, the digest, and what is new in a log that is rolled meanwhile. */
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { closeDir, openDir } from '../../src/files/dir.ts';
import { digestLines, digestRules, groupLines, joinDigests } from '../../src/report/digest.ts';
import { newLines, type Cursor } from '../../src/report/new-lines.ts';
import { compileLinePattern, linePatternProblem } from '../../src/site/line-pattern.ts';
import { temporaryDirectory } from '../site.ts';

describe('a pattern of lines', () => {
  test.each([
    ['sshd*: Accepted *', 'sshd[12]: Accepted publickey', true],
    ['sshd*: Accepted *', 'xsshd[12]: Accepted publickey', false],
    ['*a*a', 'aba', true],
    ['*a*a', 'a', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    [String.raw`5 \* 2`, '5 * 2', true],
    [String.raw`5 \* 2`, '5 xx 2', false],
    ['exact', 'exact', true],
    ['exact', 'exactly', false],
  ])('%s against %s: %s', (pattern, line, fits) => {
    expect(compileLinePattern(pattern).matches(line)).toBe(fits);
  });

  test('means what the regular expression of its parts means', () => {
    const unit = fc.constantFrom('a', 'b', '*', '?');
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b') }),
        (units, line) => {
          const expression = units
            .map((each) => (each === '*' ? '.*' : each === '?' ? '.' : each))
            .join('');
          expect(compileLinePattern(units.join('')).matches(line)).toBe(
            new RegExp(`^${expression}$`, 's').test(line),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test('that fits everything is refused', () => {
    expect(linePatternProblem('**')).toMatch(/every line/);
    expect(linePatternProblem('')).toMatch(/empty/);
    expect(linePatternProblem('*x')).toBeUndefined();
  });

  test('costs little on a line made to be hard', () => {
    const pattern = compileLinePattern(`${'*a'.repeat(400)}*b`);
    expect(pattern.matches('a'.repeat(200_000))).toBe(false);
  });
});

describe('a digest', () => {
  const rules = digestRules(['cron*: session *'], ['*: slow']);
  const from = (...lines: string[]) => lines.map((line) => ({ source: 'syslog', line }));

  test('has what nobody knows first, the rarest first, and counts the rest', () => {
    const digest = digestLines(
      from(
        'cron[1]: session opened',
        'disk 1: slow',
        'login 17 failed',
        'login 18 failed',
        'kernel: oops',
        '',
      ),
      rules,
    );
    expect(digest).toEqual({
      unknown: [
        { source: 'syslog', line: 'kernel: oops', count: 1 },
        { source: 'syslog', line: 'login 17 failed', count: 2 },
      ],
      waiting: [{ source: 'syslog', line: 'disk 1: slow', count: 1 }],
      dropped: 1,
    });
    expect(groupLines(digest.unknown)).toEqual([
      'syslog',
      '  kernel: oops',
      '  2 × login 17 failed',
    ]);
  });

  test('loses no line: all are counted, once each; two digests joined are the digest of both', () => {
    const line = fc.record({
      source: fc.constantFrom('a', 'b'),
      line: fc.string({ unit: 'binary', minLength: 1 }),
    });
    const count = ({ unknown, waiting, dropped }: ReturnType<typeof digestLines>): number =>
      dropped + [...unknown, ...waiting].reduce((sum, each) => sum + each.count, 0);
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (one, other) => {
        const whole = digestLines([...one, ...other], rules);
        expect(count(whole)).toBe(
          [...one, ...other].filter((each) => each.line.trimEnd() !== '').length,
        );
        const joined = joinDigests([digestLines(one, rules), digestLines(other, rules)]);
        expect(joined).toEqual(whole);
      }),
    );
  });
});

describe('what is new in a log', () => {
  function log() {
    const path = temporaryDirectory();
    const file = join(path, 'log');
    let cursor: Cursor | undefined;
    return {
      file,
      read(): readonly string[] {
        const dir = openDir(bytes(path));
        try {
          const found = newLines(dir, b`log`, cursor);
          cursor = found?.cursor ?? cursor;
          return found?.lines ?? [];
        } finally {
          closeDir(dir);
        }
      },
    };
  }

  test('is told once, and a line only when it is whole', () => {
    const { file, read } = log();
    expect(read()).toEqual([]);
    writeFileSync(file, 'one\ntwo\nthr');
    expect(read()).toEqual(['one', 'two']);
    expect(read()).toEqual([]);
    appendFileSync(file, 'ee\n');
    expect(read()).toEqual(['three']);
  });

  test('is not lost when the log is rolled, even twice, before it is read', () => {
    const { file, read } = log();
    writeFileSync(file, 'one\n');
    expect(read()).toEqual(['one']);
    appendFileSync(file, 'two\n');
    renameSync(file, `${file}.1`);
    writeFileSync(file, 'three\n');
    renameSync(`${file}.1`, `${file}.2`);
    renameSync(file, `${file}.1`);
    writeFileSync(file, 'four\n');
    expect(read()).toEqual(['two', 'three', 'four']);
    expect(read()).toEqual([]);
  });

  test('begins at the beginning of a log that was emptied', () => {
    const { file, read } = log();
    writeFileSync(file, 'one\ntwo\n');
    read();
    truncateSync(file);
    appendFileSync(file, 'new\n');
    expect(read()).toEqual(['new']);
  });
});
