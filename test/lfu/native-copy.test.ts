/** Native threads that copy: nobody can tell what they have done from what is done without them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { census, diffLines, freshTrees, lfuCommand, type Trees } from './trees.ts';

/** Ways to run it, the first without threads. */
const WAYS = [
  ['by ourselves', 'no', []],
  ['by one thread', 'yes', ['--jobs', '1']],
  ['by two threads', 'yes', ['--jobs', '2']],
  ['by nine threads', 'yes', ['--jobs', '9']],
] as const;

function runWith(trees: Trees, native: string, options: readonly string[], slave = trees.slave) {
  const [node, ...words] = lfuCommand(...options, trees.master, slave);
  const { status, stdout, stderr } = spawnSync(node, words, {
    cwd: trees.directory,
    encoding: 'latin1',
    env: { ...process.env, XHIER_NATIVE: native },
  });
  return { status, stdout, stderr };
}

/** Every kind of object, new and in the place of every other, more files than a batch has. */
function everyKind(): Trees {
  const trees = freshTrees();
  trees.sh(`mkdir -p master/many master/odd master/replaced slave/replaced slave/gone
    i=0; while [ $i -lt 700 ]; do echo "content $i" > master/many/f$i; i=$((i+1)); done
    cd master/odd
    for size in 0 1 4095 4096 4097 131071 131072 131073 262145 700000; do
      head -c $size /dev/urandom > size-$size; done
    head -c 300000 /dev/urandom > hole; for at in 0 24 60; do
      fallocate -p -o $((at*4096)) -l 16384 hole; done
    truncate -s 1M all-hole; head -c 5000 /dev/urandom > hole-at-end; truncate -s 3M hole-at-end
    printf x | dd of=hole-before bs=1 seek=2M status=none; printf x > prealloc; fallocate -n -l 1M prealloc
    for mode in 0000 0444 4711 2755 6755 1644 7777; do echo $mode > m$mode; chown 12:34 m$mode; chmod $mode m$mode; done
    for owner in 0:0 1:0 0:1 65534:65534; do echo $owner > o$owner; chown $owner o$owner; done
    echo x > "$(printf 'new\\nline \\377\\001')"; echo y > "$(printf %0255d 7)"; echo z > -n; echo ' ' > ' '
    echo old > before-1970; touch -d '1960-01-02 03:04:05.678901234 UTC' before-1970
    echo far > far; touch -d '2200-01-01 00:00:00.000000001 UTC' far
    echo a > attribute; setfattr -n user.a -v b attribute; echo l > list; setfacl -m u:7:r list
    echo c > joined; ln joined other; ln joined ../many/another; ln -s size-1 link; ln -s nowhere dangling
    mkfifo pipe; mknod null c 1 3; echo '#!/bin/sh' > program; chmod 755 program; ln -s program run
    mkdir -m 2775 shared; chgrp 34 shared; echo s > shared/s; mkdir -m 0700 closed; echo c > closed/c
    cd ../replaced; for was in f d l p; do for is in f d l p; do
      case $is in f) echo new > $was$is;; d) mkdir $was$is; echo in > $was$is/x;;
        l) ln -s new $was$is;; p) mkfifo $was$is;; esac
      cd ../../slave/replaced
      case $was in f) echo older > $was$is;; d) mkdir $was$is; echo in > $was$is/y;;
        l) ln -s old $was$is;; p) mkfifo $was$is;; esac
      cd ../../master/replaced; done; done
    echo longer > size; echo short > ../../slave/replaced/size; echo same > mode; cd ../../slave/replaced
    cp -p ../../master/replaced/mode .; chmod 600 mode; echo two > names; ln names names2; cd ../../master/replaced
    echo two > names; echo TWO > names2; cd ../..
    setfacl -d -m u:9:rwx slave/replaced; echo gone > slave/gone/f; sleep 0.05`);
  return trees;
}

describe('whoever copies', () => {
  test('makes the same tree and says the same of it, in the same order', () => {
    const trees = everyKind();
    trees.sh('cp -a slave before');
    const made = WAYS.map(([, native, options]) => {
      trees.sh('rm -rf slave; cp -a before slave');
      const run = runWith(trees, native, ['-i', ...options]);
      expect(run).toMatchObject({ status: 0, stderr: '' });
      expect(trees.difference()).toBe('');
      const again = runWith(trees, native, ['-i', ...options]);
      expect(again).toMatchObject({ status: 0, stdout: '', stderr: '' });
      return { lines: run.stdout, objects: census(trees.slave), holes: blocksOf(trees) };
    });
    const [first, ...others] = made;
    expect(first?.lines).toContain('copy f new many/f699\n');
    for (const other of others) {
      expect(other.lines).toBe(first?.lines);
      expect(diffLines(first?.objects ?? [], other.objects)).toBe('');
      expect(other.holes).toEqual(first?.holes);
    }
  });

  test('makes the lines that a dry run has foretold', () => {
    const trees = everyKind();
    const foretold = runWith(trees, 'yes', ['-n']);
    expect(runWith(trees, 'yes', ['-i', '--jobs', '9']).stdout).toBe(foretold.stdout);
  });

  test('tells the same of what cannot be done, and does all else', () => {
    const trees = everyKind();
    // in a sticky directory nobody takes the place of another's file
    trees.sh(`chmod 755 . master master/many; chmod -R a+rX master/many; mkdir slave/many
      chmod 0 master/many/f7 master/many/f300; mkdir slave/many/f8; chown -R 65534 slave
      chown 0 slave/many; chmod 1777 slave/many; echo o > slave/many/f9`);
    const told = WAYS.map(([, native, options]) => {
      trees.sh('find slave/many -name "f[1-7]*" -delete');
      const words = lfuCommand('-i', '--no-owner', ...options, trees.master, trees.slave);
      const run = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', '--', ...words], {
        cwd: '/',
        encoding: 'latin1',
        env: { ...process.env, XHIER_NATIVE: native },
      });
      expect(run.status).toBe(1);
      expect(existsSync(join(trees.slave, 'many/f70'))).toBe(true);
      return { stderr: run.stderr, many: readdirSync(join(trees.slave, 'many')).toSorted() };
    });
    expect(told[0]?.stderr).toContain('lfu: many/f7: permission denied');
    expect(told[0]?.stderr).toContain('lfu: many/f9: operation not permitted');
    for (const other of told) expect(other).toEqual(told[0]);
  });
});

describe('threads', () => {
  test('give a copy no access list that its directory would hand down', () => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; setfacl -d -m u:9:rwx slave; touch -d 2020-01-01 slave
      for i in 1 2 3; do echo $i > master/f$i; done; chmod 660 master/f2; sleep 0.05`);
    expect(runWith(trees, 'yes', [])).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
    expect(trees.sh('getfacl -cs slave/f*')).toBe('');
  });

  test('have made all data before any program, and files before their further names', () => {
    const trees = freshTrees();
    trees.sh(`mkdir master/bin master/lib; cd master; i=0; while [ $i -lt 60 ]; do
      echo $i > bin/p$i; chmod 755 bin/p$i; head -c 30000 /dev/urandom > lib/l$i.so; chmod 755 lib/l$i.so
      ln lib/l$i.so lib/n$i.so; i=$((i+1)); done; sleep 0.05`);
    const log = join(trees.directory, 'log');
    const calls = 'trace=linkat,renameat2,renameat';
    const traced = ['-f', '-qq', '-e', 'signal=none', '-e', calls, '-o', log];
    const run = spawnSync('strace', [...traced, ...lfuCommand(trees.master, trees.slave)]);
    expect(run.status).toBe(0);
    const names = readFileSync(log, 'latin1')
      .split('\n')
      .map((line) => /"([ln]\d+\.so|p\d+)"/.exec(line)?.[1]?.[0] ?? '')
      .join('');
    expect(names).toMatch(/^l+n+p+$/);
  });

  test('notice that a file changes while they read it, which is told', async () => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; echo old > slave/busy; head -c 60000 /dev/urandom > master/busy
      echo x > master/calm; sleep 0.05`);
    const writer = spawn('sh', ['-c', 'while :; do echo more >> master/busy; sleep 0.02; done'], {
      cwd: trees.directory,
    });
    const slowly = ['-P', join(trees.master, 'busy'), '-e', 'inject=pread64:delay_exit=200000'];
    const command = lfuCommand('-i', trees.master, trees.slave);
    const run = spawnSync('strace', ['-f', '-qqq', '-o', '/dev/null', ...slowly, ...command], {
      encoding: 'latin1',
    });
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(run.stderr).toContain('lfu: busy: it changes while it is read: left as it was');
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('copy f new calm\n');
    expect(readFileSync(join(trees.slave, 'busy'), 'utf8')).toBe('old\n');
    expect(readdirSync(trees.slave).toSorted()).toEqual(['busy', 'calm']);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stop at %s: everything is old or new, nothing of theirs is left, what is told is done',
    async (signal) => {
      const trees = freshTrees();
      trees.sh(`mkdir slave master/d slave/d; i=0; while [ $i -lt 4000 ]; do
        echo new $i > master/d/f$i; [ $((i%2)) = 0 ] || echo older $i > slave/d/f$i; i=$((i+1)); done
        head -c 200M /dev/zero > master/d/large; touch -d 2020-01-01 master/d; sleep 0.05`);
      const [node, ...words] = lfuCommand('-i', trees.master, trees.slave);
      const run = spawn(node, words, { stdio: ['ignore', 'pipe', 'ignore'] });
      let told = '';
      run.stdout.on('data', (text: Buffer) => (told += text.toString('latin1')));
      const closed = once(run, 'close');
      while (!existsSync(join(trees.slave, 'd/f0'))) await setTimeout(1);
      run.kill(signal);
      const [code] = (await closed) as [number];
      expect([signal === 'SIGINT' ? 130 : 143, 0]).toContain(code);
      const made = new Set(told.split('\n').map((line) => line.replace(/.*d\//, '')));
      for (const name of readdirSync(join(trees.slave, 'd'))) {
        if (name === 'large') {
          expect(statSync(join(trees.slave, 'd/large')).size).toBe(200 << 20);
          continue;
        }
        expect(name).toMatch(/^f\d+$/);
        const kind = made.has(name) ? 'new' : 'older';
        expect(readFileSync(join(trees.slave, 'd', name), 'utf8')).toBe(
          `${kind} ${name.slice(1)}\n`,
        );
      }
      if (code !== 0)
        expect(statSync(join(trees.slave, 'd')).mtime).toEqual(new Date('2020-01-01'));
      expect(runWith(trees, 'yes', [])).toMatchObject({ status: 0, stderr: '' });
      expect(trees.difference()).toBe('');
    },
  );
});

/** How much of the disk each file takes, where that is told exactly. */
function blocksOf(trees: Trees): string {
  return trees.sh("cd slave/odd; find . -type f -name '*hole*' -printf '%f %b\\n' | sort");
}
