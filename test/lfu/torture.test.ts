/**
 * The torture tree of torture-tree.py, copied in every way, and judged by judge.py. Trees stand on
 * file systems of the test's own, which can hold all that the tree has.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { JUDGE, TREE } from './judge.ts';
import { freshTrees, lfuCommand, type Trees } from './trees.ts';

/** With the native library and without it. */
const WAYS = ['yes', 'no'] as const;

describe('a torture tree is copied without a difference', () => {
  test.each(WAYS)('on a disk, and set right when it is spoilt (native: %s)', (native) => {
    const spoilt = onFileSystems(
      `tree build disk/master; copy disk/master disk/slave
       tree spoil disk/slave; judge differences disk/master disk/slave | cut -d ' ' -f 1 > spoilt
       sort -u spoilt; wc -l < spoilt
       copy disk/master disk/slave`,
      native,
    ).split('\n');
    // the judge is not blind
    expect(spoilt.slice(0, -2)).toEqual(
      'attributes contents data group mode mtime names owner size target'.split(' '),
    );
    expect(Number(spoilt.at(-2))).toBeGreaterThan(30_000);
  });

  test('from one file system to another', () => {
    expect(onFileSystems('tree build memory/master; copy memory/master disk/slave')).toBe('');
  });

  test.each(WAYS)('over a slave that has another type under every name (native: %s)', (native) => {
    const said = onFileSystems(
      `tree build memory/master; mkdir memory/outside; echo precious > memory/outside/file
       tree others memory/master memory/slave "$PWD/memory/outside"
       judge snapshot memory/outside > before
       copy memory/master memory/slave; judge snapshot memory/outside | diff before -`,
      native,
    );
    expect(said).toBe('');
  });

  test.each(WAYS)('by an ordinary user, as far as it is his (native: %s)', (native) => {
    const said = onFileSystems(
      `tree build-as 65534 memory/master
       as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups $NODE $PROGRAM "$@"; }
       as_nobody --no-owner memory/master memory/slave; judge differences memory/master memory/slave
       as_nobody --no-owner -i memory/master memory/slave`,
      native,
    );
    expect(said).toBe('');
  });

  test.each(WAYS)('with its holes written out where that is wanted (native: %s)', (native) => {
    const said = onFileSystems(
      `tree build disk/master holes zeros sizes; fill='size < 20M { fill; }'
       lfu -e "$fill" disk/master disk/slave; judge differences disk/master disk/slave data
       lfu -i -e "$fill" disk/master disk/slave; judge holes disk/slave`,
      native,
    );
    const tooLarge = ['holes/terabyte', 'holes/terabyte with data'];
    const sizes = ['2147483647', '2147483648', '4294967295', '4294967296', '4294967297'];
    expect(said.split('\n').slice(0, -1)).toEqual(
      [...tooLarge, ...sizes.map((size) => `sizes/${size}`)].map((path) => `'${path}'`),
    );
  });
});

describe('of a terabyte with three blocks of data', () => {
  function aTerabyte(): Trees {
    const trees = freshTrees();
    trees.sh(`truncate -s 1T master/huge
      for at in 0 123456789 268435455; do printf data |
        dd of=master/huge bs=4k seek=$at conv=notrunc status=none; done`);
    return trees;
  }

  test.each(WAYS)('only these are read and written (native: %s)', (native) => {
    const trees = aTerabyte();
    // contents are compared in pieces of a quarter of a megabyte
    for (const [options, most] of [
      [[], 3 << 12],
      [['-c'], 3 << 18],
    ] as const) {
      const calls = callsOn(trees, 'master/huge', native, options);
      const moving = calls.filter((line) => /^(?:p?read|copy_file_range|sendfile)/.test(line));
      const moved = moving.map((line) => Number(/= (\d+)$/.exec(line)?.[1]));
      expect(moved.length).toBeGreaterThan(0);
      expect(moved.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(most);
      expect(calls.length).toBeLessThan(40);
      expect(calls.join('\n')).not.toContain('mmap');
    }
    expect(trees.sh(`python3 -IS ${JUDGE} differences master slave`)).toBe('');
    trees.sh('rm slave/huge');
    const started = process.hrtime.bigint();
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    console.log(`a terabyte: ${(process.hrtime.bigint() - started) / 1_000_000n} ms`);
  });
});

/** The calls of a run that have to do with one file, as strace(1) shows them. */
function callsOn(
  trees: Trees,
  file: string,
  native: string,
  options: readonly string[],
): readonly string[] {
  const log = join(trees.directory, 'calls');
  const path = join(trees.directory, file);
  const { status, stderr } = spawnSync(
    'strace',
    ['-f', '-o', log, '-P', path, ...lfuCommand(...options, trees.master, trees.slave)],
    { encoding: 'latin1', env: { ...process.env, XHIER_NATIVE: native } },
  );
  expect([status, stderr]).toEqual([0, '']);
  // a process is named at the start of each line
  return readFileSync(log, 'latin1')
    .split('\n')
    .map((line) => line.replace(/^\d+ +/, ''))
    .filter((line) => !line.startsWith('+++'));
}

/**
 * Runs a script of sh in an empty directory, in which `memory` is a tmpfs, and `disk` an ext4 with
 * 256-byte inodes, or another tmpfs where no loop device is to be had.
 * @returns what it printed
 */
function onFileSystems(script: string, native = 'yes'): string {
  const trees = freshTrees();
  const [node, program = ''] = lfuCommand();
  const { stdout, stderr, status } = spawnSync(
    'unshare',
    ['-m', 'sh', '-euc', `${PREPARATION}\n${script}`],
    {
      cwd: trees.directory,
      encoding: 'latin1',
      env: { ...process.env, NODE: node, PROGRAM: program, JUDGE, TREE, XHIER_NATIVE: native },
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

const PREPARATION = `
  mkdir memory disk
  mount -t tmpfs -o size=2g,nr_inodes=1m none memory
  truncate -s 1G memory/image
  mkfs.ext4 -q -b 4096 -I 256 -N 100000 -O ^has_journal -E nodiscard memory/image
  mount -o loop memory/image disk 2>/dev/null || mount -t tmpfs -o size=2g,nr_inodes=1m none disk
  chmod 777 . memory disk
  lfu() { $NODE $PROGRAM "$@"; }
  tree() { python3 -IS $TREE "$@"; }
  judge() { python3 -IS $JUDGE "$@"; }
  # copy MASTER SLAVE: no complaint, no difference, and nothing left to do
  copy() { lfu "$@"; judge differences "$@"; lfu -i "$@"; }
`;
