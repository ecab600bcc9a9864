/** A login with a broken depot: whatever the path table is, the vendor's directories are printed. */
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  b,
  concat,
  fromBuffer,
  slice,
  split,
  toBuffer,
  type Bytes,
} from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { readPathTable, renderPathTable } from '../../src/showpath/pathTable.ts';
import { makeDirectory, makeFile, scratch, tablePath } from './hosts.ts';
import {
  command,
  runScript,
  SCRIPT_SHELL_NAMES,
  showpath,
  word,
  type ScriptShell,
} from './shells.ts';

const apostrophe = makeDirectory(join(scratch(), b`it's/bin`));
const table = renderPathTable({
  elements: [
    {
      name: 'standard',
      directories: [
        { class: 'bin', usedBy: 'user', directory: apostrophe },
        { class: 'bin', usedBy: 'user', directory: b`/usr` },
      ],
    },
  ],
  packages: [],
});
const whole = `${apostrophe}:/usr\n`;
const vendor = showpath('dash', [b`--root`, b`/nonexistent`, b`standard`]).out;

/** Prints what showpath prints with each of `tables`, each output ended by a NUL. */
function outputs(shell: ScriptShell, tables: readonly Bytes[]): readonly Bytes[] {
  const run = tables.map((text) => {
    const root = scratch();
    makeFile(tablePath({ root }), text);
    return b`${command(shell, [b`--root`, root, b`standard`])} </dev/null || echo failed; printf '\\0'\n`;
  });
  const ran = runScript(['/bin/sh'], concat(...run), {
    cwd: makeDirectory(join(scratch(), b`cwd`)),
  });
  return split(slice(ran.out, 0, -1), '\0');
}

const zeros = (count: number) => '\0'.repeat(count) as Bytes;

test('the vendor has its directories without any depot', () => {
  expect(vendor).toMatch(/^(?:\/usr\/local\/bin:)?\/usr\/bin(?::\/bin)?\n$/);
});

describe.each(SCRIPT_SHELL_NAMES)('under %s', (shell) => {
  test('a table cut off at any byte counts as none, and a whole one as whole', () => {
    // the comment that opens it is the same to all of them: one tries it byte by byte
    const from = shell === 'dash' ? 0 : table.indexOf('xhier_path_table') - 5;
    const cuts = Array.from({ length: table.length + 1 - from }, (_, more) =>
      slice(table, 0, from + more),
    );
    // without its last newline it is still all there
    const expected = cuts.map((cut) => (cut.length < table.length - 1 ? vendor : whole));
    expect(outputs(shell, cuts)).toEqual(expected);
  });

  test('zeros, as after a crash: all, at the end, in the middle', () => {
    const middle = table.indexOf('bin user');
    const damaged = [
      zeros(4096),
      b`${slice(table, 0, middle)}${zeros(table.length - middle)}`,
      b`${zeros(20)}${slice(table, 20)}`,
      b`${slice(table, 0, table.indexOf('element standard'))}${zeros(40)}`,
    ];
    expect(outputs(shell, damaged)).toEqual(damaged.map(() => vendor));
  });

  test('garbage is neither believed nor run', () => {
    const witness = join(scratch(), b`witness`);
    const first = slice(table, 0, table.indexOf('\n') + 1);
    const garbage = [
      b`#!/bin/sh\n: > ${word(witness)}\n`,
      b`# xhier path table 2\n${slice(table, first.length)}`,
      b`${first}touch ${word(witness)}\nls -l\nxhier_path_table='element standard\nlines 2'`,
      b`${first}xhier_path_table='lines 0'\n)`,
      b`${first}exit 7\n`,
      b`${first}((((`,
      b`${first}$(`,
      b`\n\n\n`,
      b`\x7fELF\x02\x01\x01`,
    ];
    expect(outputs(shell, garbage)).toEqual(garbage.map(() => vendor));
    expect(() => execFileSync('test', ['!', '-e', witness])).not.toThrow();
  });

  test('lines that are lost or doubled in the middle are noticed', () => {
    const lines = split(table, '\n');
    const at = lines.findIndex((line) => line.includes('bin user'));
    const lost = lines.toSpliced(at, 1).join('\n') as Bytes;
    const doubled = lines.toSpliced(at, 0, lines[at] ?? b``).join('\n') as Bytes;
    expect(outputs(shell, [lost, doubled])).toEqual([vendor, vendor]);
  });

  test('the user is told once, and what to do', () => {
    const root = scratch();
    const path = makeFile(tablePath({ root }), slice(table, 0, -9));
    const ran = showpath(shell, [b`--root`, root]);
    expect(ran).toMatchObject({ code: 0, out: vendor });
    expect(ran.err).toContain(
      `the path table ${path} is damaged or cut short: run 'xh make-links'`,
    );
  });

  test('a table that is a directory, a pipe, a dangling link, or not ours to read', () => {
    const root = scratch();
    const path = tablePath({ root });
    const prints = () => showpath(shell, [b`--root`, root]);
    makeDirectory(path);
    expect(prints()).toMatchObject({ code: 0, out: vendor });
    expect(prints().err).toContain('cannot be read');
    rmSync(path, { recursive: true });

    execFileSync('mkfifo', [path]);
    expect(prints()).toMatchObject({ code: 0, out: vendor });
    rmSync(path);

    symlinkSync('/nonexistent', path);
    expect(prints()).toEqual({ code: 0, out: vendor, err: '' });
    rmSync(path);

    makeFile(path, table, 0);
    // root may read everything, so the tests of root ask as nobody
    const unprivileged =
      process.getuid?.() === 0 ? b`setpriv --reuid=65534 --regid=65534 --clear-groups ` : b``;
    chmodSync(root, 0o755);
    const ran = runScript(['/bin/sh'], b`${unprivileged}${command(shell, [b`--root`, root])}\n`);
    expect(ran).toMatchObject({ code: 0, out: vendor });
    expect(ran.err).toContain('cannot be read');
  });

  test('with the table damaged, farms and packages that are there still count', () => {
    const root = scratch();
    makeFile(tablePath({ root }), b`nonsense`);
    const farm = makeDirectory(join(root, b`.software/local/.admin/bins/bin`));
    const own = makeDirectory(join(root, b`software/gcc/bin`));
    const ran = showpath(shell, [b`--root`, root, b`gcc`, b`standard`]);
    expect(ran).toMatchObject({ code: 0, out: `${own}:${farm}:${vendor}` });
  });

  test('the lines for an rc file survive a damaged table as well', () => {
    const root = scratch();
    makeFile(tablePath({ root }), slice(table, 0, -9));
    const ran = showpath(shell, [b`--root`, root, b`--environment`, b`sh`], {
      env: { PATH: '/own' },
    });
    expect(ran).toMatchObject({ code: 0, out: `PATH='/own:${vendor.trim()}'; export PATH;\n` });
  });
});

test('random damage never costs the vendor directories, unless the table still holds', () => {
  const edits = fc.array(
    fc.record({
      at: fc.nat(table.length),
      cut: fc.nat(30),
      put: fc.uint8Array({ maxLength: 8 }).map((array) => fromBuffer(array)),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const damaged = (list: readonly { at: number; cut: number; put: Bytes }[]) =>
    list.reduce((text, { at, cut, put }) => {
      // the first line stays: without it nothing else is looked at
      const from = Math.max(at, table.indexOf('\n') + 1);
      return b`${slice(text, 0, from)}${put}${slice(text, from + cut)}`;
    }, table);
  fc.assert(
    fc.property(fc.array(edits, { minLength: 60, maxLength: 60 }), (lists) => {
      const texts = lists.map(damaged);
      const printed = outputs('dash', texts);
      expect(printed.length).toBe(texts.length);
      expect(printed.filter((out) => out.includes('failed'))).toEqual([]);
      const damagedOnes = printed.filter((_, i) => readPathTable(texts[i] ?? b``) === undefined);
      expect(damagedOnes).toEqual(damagedOnes.map(() => vendor));
    }),
    { numRuns: 3 },
  );
});

test('a table that nobody has written yet is no reason for a warning', () => {
  const root = scratch();
  mkdirSync(toBuffer(join(root, b`.software`)));
  expect(showpath('dash', [b`--root`, root])).toEqual({ code: 0, out: vendor, err: '' });
});
