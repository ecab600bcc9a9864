/** Logs that are rolled while others write to them. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { closeDir, openDir } from '../../src/files/dir.ts';
import { FileError } from '../../src/files/error.ts';
import { rollLog } from '../../src/files/roll-log.ts';
import { temporaryDirectory } from '../site.ts';

function roll(path: string, keep: number): boolean {
  const dir = openDir(bytes(path));
  try {
    return rollLog(dir, b`log`, keep);
  } finally {
    closeDir(dir);
  }
}

test('whatever is written and however often it is rolled, the newest lines are there, in their order', () => {
  const actions = fc.array(fc.oneof(fc.constant('roll' as const), fc.nat(3)), { maxLength: 12 });
  const top = temporaryDirectory();
  let run = 0;
  fc.assert(
    fc.property(actions, fc.integer({ min: 1, max: 3 }), (all, keep) => {
      const path = join(top, String(run++));
      mkdirSync(path);
      writeFileSync(join(path, 'log'), '');
      // one list for each file that there should be, the newest last
      const files: string[][] = [[]];
      let line = 0;
      for (const action of all) {
        if (action === 'roll') {
          const isEmpty = files.at(-1)?.length === 0;
          expect(roll(path, keep)).toBe(!isEmpty);
          if (!isEmpty) files.push([]);
        } else {
          const lines = Array.from({ length: action }, () => `${line++}\n`);
          files.at(-1)?.push(...lines);
          appendFileSync(join(path, 'log'), lines.join(''));
        }
      }
      const kept = files.slice(-keep - 1).toReversed();
      const names = kept.map((_, index) => (index === 0 ? 'log' : `log.${index}`));
      expect(readdirSync(path).toSorted()).toEqual(names.toSorted());
      expect(names.map((name) => readFileSync(join(path, name), 'utf8'))).toEqual(
        kept.map((lines) => lines.join('')),
      );
    }),
    { numRuns: 60 },
  );
});

test('a gap among the old files is filled before one goes', () => {
  const path = temporaryDirectory();
  for (const name of ['log', 'log.1', 'log.3']) writeFileSync(join(path, name), name);
  roll(path, 3);
  expect(['log.1', 'log.2', 'log.3'].map((name) => readFileSync(join(path, name), 'utf8'))).toEqual(
    ['log', 'log.1', 'log.3'],
  );
});

test('what is no file of its own is not touched', () => {
  const path = temporaryDirectory();
  writeFileSync(join(path, 'elsewhere'), 'text');
  symlinkSync('elsewhere', join(path, 'log'));
  expect(roll(path, 3)).toBe(false);
  expect(readdirSync(path).toSorted()).toEqual(['elsewhere', 'log']);
  // a directory where an old file belongs is somebody's
  const other = temporaryDirectory();
  writeFileSync(join(other, 'log'), 'text');
  mkdirSync(join(other, 'log.1'));
  expect(() => roll(other, 1)).toThrow(FileError);
  expect(readFileSync(join(other, 'log'), 'utf8')).toBe('text');
  expect(existsSync(join(other, 'log.1'))).toBe(true);
});
