/** Contents copied step by step, judged by what is in the copies and by how much they allocate. */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { createCopier, sameContents, type OpenFile } from '../../src/files/copy.ts';
import { statOf } from '../../src/files/stat.ts';
import { temporaryDirectory } from '../site.ts';

function open(path: string, flags: string): OpenFile {
  const fd = openSync(path, flags);
  onTestFinished(() => {
    closeSync(fd);
  });
  return { fd, path: bytes(path), device: statOf(fd, bytes(path)).device };
}

function drain<T>(work: Generator<number, T>): { readonly result: T; readonly steps: number[] } {
  const steps: number[] = [];
  for (;;) {
    const step = work.next();
    if (step.done === true) return { result: step.value, steps };
    steps.push(step.value);
  }
}

test('any mixture of data and holes is copied, byte for byte and hole for hole', () => {
  const directory = temporaryDirectory();
  const piece = fc.record({ at: fc.nat(40), length: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), fc.nat(60), fc.boolean(), (data, end, fill) => {
      const from = openSync(join(directory, 'from'), 'w+');
      for (const { at, length } of data) {
        writeSync(from, Buffer.alloc(length * 4096, at + 1), 0, length * 4096, at * 4096);
      }
      ftruncateSync(from, end * 4096 + 17);
      const to = openSync(join(directory, 'to'), 'w+');
      const source = { fd: from, path: bytes('from'), device: 1n };
      const target = { fd: to, path: bytes('to'), device: 1n };
      const size = end * 4096 + 17;
      const { result } = drain(createCopier().copy(source, target, size, { fill, step: 8192 }));
      expect(result).toBe(true);
      const [one, other] = ['from', 'to'].map((name) => join(directory, name)) as [string, string];
      expect(readFileSync(other).equals(readFileSync(one))).toBe(true);
      expect(drain(sameContents(source, target, size)).result).toBe(true);
      if (!fill) expect(statSync(other).blocks).toBe(statSync(one).blocks);
      else expect(statSync(other).blocks * 512).toBeGreaterThanOrEqual(size);
      closeSync(from);
      closeSync(to);
    }),
    { numRuns: 60 },
  );
});

test('a long copy goes by steps of the size that is asked for', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'from'), Buffer.alloc(1 << 20, 7));
  const from = open(join(directory, 'from'), 'r');
  const to = open(join(directory, 'to'), 'w+');
  const { steps } = drain(createCopier().copy(from, to, 1 << 20, { step: 200_000 }));
  expect(steps.every((step) => step <= 200_000)).toBe(true);
  expect(steps.reduce((sum, step) => sum + step)).toBe(1 << 20);
});

test('a file that is shorter than it was said to be is told', () => {
  const directory = temporaryDirectory();
  for (const size of [0, 5, 300_000]) {
    writeFileSync(join(directory, 'from'), Buffer.alloc(size, 7));
    const from = open(join(directory, 'from'), 'r');
    const to = open(join(directory, `to${size}`), 'w+');
    expect(drain(createCopier().copy(from, to, size + 10)).result).toBe(false);
  }
});

test('files of equal size and other contents are told apart, holes and zeros are not', () => {
  const directory = temporaryDirectory();
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('zeros'), Buffer.alloc(700_000));
  writeFileSync(path('hole'), '');
  truncateSync(path('hole'), 700_000);
  const other = Buffer.alloc(700_000);
  other[699_999] = 1;
  writeFileSync(path('other'), other);
  const [zeros, hole, last] = ['zeros', 'hole', 'other'].map((name) => open(path(name), 'r'));
  if (!zeros || !hole || !last) throw new Error('not opened');
  expect(drain(sameContents(zeros, hole, 700_000)).result).toBe(true);
  expect(drain(sameContents(hole, last, 700_000)).result).toBe(false);
  expect(drain(sameContents(zeros, last, 700_000)).result).toBe(false);
  expect(drain(sameContents(zeros, zeros, 700_001)).result).toBe(false);
});
