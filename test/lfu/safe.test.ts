/** What happens when things go wrong in the middle: dying, read errors, others at work on the trees. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freshTrees, lfuCommand, type Trees } from './trees.ts';

/** Runs lfu under strace with a fault injected; `words` go to strace. */
function traced(trees: Trees, words: readonly string[], options: readonly string[] = []) {
  const command = lfuCommand(...options, trees.master, trees.slave);
  const run = spawnSync('strace', ['-f', '-qqq', '-o', '/dev/null', ...words, ...command], {
    cwd: trees.directory,
    encoding: 'latin1',
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr, signal: run.signal };
}

/** A master with something of everything, and a slave that differs from it in every way. */
function variedTrees(): Trees {
  const trees = freshTrees();
  trees.sh(`mkdir -p master/new/deep master/lib slave/lib slave/old/deep slave/was slave/was2
    for i in 1 2 3; do echo content $i > master/new/f$i; done; ln master/new/f1 master/new/deep/h
    ln -s ../lib master/new/l; mkfifo master/new/p; echo lib2 > master/lib/a; echo lib > slave/lib/a
    echo same > master/lib/s; cp -p master/lib/s slave/lib/s; chmod 600 slave/lib/s; chown 5 slave/lib/s
    for i in 1 2 3; do echo $i > slave/old/deep/f$i; done; echo x > slave/was/x; echo y > slave/was2/y
    echo file > master/was; ln -s was master/was2; mkdir master/dir; echo z > master/dir/z
    echo nodir > slave/dir; setfattr -n user.a -v b master/lib/a`);
  return trees;
}

function temporaries(trees: Trees): string {
  return trees.sh("find slave -name '.lfu-*'");
}

describe('killed at any moment', () => {
  // each of the calls that change the slave, at its first, second … time
  const calls: readonly (readonly [string, number])[] = [
    ['renameat2', 9],
    ['fchownat', 2],
    ['chmod', 6],
    ['utimensat', 8],
    ['pwrite64', 5],
    ['linkat', 1],
    ['symlinkat', 2],
    ['mkdirat', 4],
    ['unlinkat', 10],
  ];
  test.each(calls)('in %s, the next run needs no repair', (call, times) => {
    let killed = 0;
    for (let time = 1; time <= times; time += 1 + Math.floor(times / 3)) {
      const trees = variedTrees();
      const run = traced(trees, [
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:signal=KILL:when=${time}`,
      ]);
      if (run.status === 0) continue;
      killed++;
      // a name is the old object or the new one, whole
      const { master, slave } = trees;
      for (const [path, old] of [
        ['lib/a', 'lib\n'],
        ['was', undefined],
        ['new/f1', undefined],
      ] as const) {
        if (!existsSync(join(slave, path)) || !lstatSync(join(slave, path)).isFile()) continue;
        const found = readFileSync(join(slave, path), 'utf8');
        expect([old, readFileSync(join(master, path), 'utf8')]).toContain(found);
      }
      expect(existsSync(join(slave, 'lib/a'))).toBe(true);
      expect(existsSync(join(slave, 'was'))).toBe(true);
      expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
      expect(temporaries(trees)).toBe('');
      expect(trees.difference()).toBe('');
    }
    expect(killed).toBeGreaterThan(0);
  });

  // the last is of a run that is at work on the master: not to be copied
  test('what an earlier run has left is swept, and nothing that only looks like it', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/d slave/d/.lfu-00112233445566ff/deep slave/d; touch master/d/x
      touch slave/.lfu-aaaaaaaaaaaaaaaa slave/d/.lfu-00112233445566ff/deep/f
      touch master/.lfu-notes slave/.lfu-notes master/d/.lfu-bbbbbbbbbbbbbbbb`);
    const rule = ['-e', 'name~.lfu* { ignore; }', '--max-delete', '0'] as const;
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(trees.slave).toSorted()).toEqual(['.lfu-notes', 'd']);
    expect(readdirSync(join(trees.slave, 'd'))).toEqual(['x']);
  });
});

describe('an error while reading the master', () => {
  test('of a directory: nothing below it is deleted, all else is done', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/bad/in master/good slave/bad/in slave/good
      echo x > master/bad/in/x; echo y > slave/bad/in/y; echo z > slave/bad/z
      echo new > master/good/new; echo old > slave/good/old; echo gone > slave/gone
      chown -R 65534:65534 .; chmod 755 .; chmod 000 master/bad`);
    const run = trees.lfuAs(65534, '-i');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: bad: permission denied');
    expect(run.stderr.split('\n')).toHaveLength(3);
    expect(readdirSync(join(trees.slave, 'bad/in'))).toEqual(['y']);
    expect(readdirSync(join(trees.slave, 'bad')).toSorted()).toEqual(['in', 'z']);
    expect(readdirSync(join(trees.slave, 'good'))).toEqual(['new']);
    expect(existsSync(join(trees.slave, 'gone'))).toBe(false);
  });

  test('of a directory by the disk: the same', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/bad master/good slave/bad slave/good; echo x > master/bad/x
      echo y > slave/bad/y; echo new > master/good/new; echo old > slave/good/old`);
    const run = traced(trees, [
      '-P',
      join(trees.master, 'bad'),
      '-e',
      'inject=getdents64:error=EIO',
    ]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: bad: input/output error');
    expect(readdirSync(join(trees.slave, 'bad'))).toEqual(['y']);
    expect(readdirSync(join(trees.slave, 'good'))).toEqual(['new']);
  });

  test('of its root: the run is refused', () => {
    const trees = freshTrees();
    trees.sh('mkdir slave; echo x > slave/x; echo y > master/y');
    const run = traced(trees, ['-P', trees.master, '-e', 'inject=getdents64:error=EIO']);
    expect(run.status).toBe(3);
    expect(run.stderr).toContain(`the master ${trees.master} cannot be read: input/output error`);
    expect(readdirSync(trees.slave)).toEqual(['x']);
  });

  test('of what an object is: the slave keeps its own', () => {
    const trees = freshTrees();
    trees.sh('mkdir slave; echo old > slave/f; echo new > master/f; echo g > master/g');
    const run = traced(trees, ['-P', 'f', '-e', 'inject=statx:error=EIO:when=1']);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: f: input/output error');
    expect(readFileSync(join(trees.slave, 'f'), 'utf8')).toBe('old\n');
    expect(existsSync(join(trees.slave, 'g'))).toBe(true);
  });

  test.each([
    ['pread64', '4k'],
    ['copy_file_range', '1M'],
  ])('of a file (%s): the old one stays', (call, size) => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; echo old > slave/f; head -c ${size} /dev/urandom > master/f
      echo g > master/g`);
    const run = traced(trees, ['-P', join(trees.master, 'f'), '-e', `inject=${call}:error=EIO`]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: f: input/output error');
    expect(readFileSync(join(trees.slave, 'f'), 'utf8')).toBe('old\n');
    expect(temporaries(trees)).toBe('');
    expect(existsSync(join(trees.slave, 'g'))).toBe(true);
  });
});

describe('a full disk', () => {
  test('costs the files that do not fit, and leaves their old ones', () => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; dd if=/dev/urandom of=master/big bs=64k count=32 status=none
      echo small > master/small; chmod 755 master/small`);
    const [node, lfu] = lfuCommand();
    const script = `mount -t tmpfs -o size=1m none slave; echo old > slave/big
      ${node} ${lfu ?? ''} master slave; echo $?; cat slave/big slave/small; ls -A slave`;
    const run = spawnSync('unshare', ['-m', 'sh', '-c', script], {
      cwd: trees.directory,
      encoding: 'latin1',
    });
    expect(run.stdout).toBe('1\nold\nsmall\nbig\nsmall\n');
    expect(run.stderr).toContain('lfu: big: no space left on device');
  });
});

describe('others at work', () => {
  test('a file that changes while it is read is reported and left as it was', () => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; echo old > slave/busy; dd if=/dev/urandom of=master/busy bs=1k count=64 status=none
      echo x > master/calm`);
    const writer = background(trees, 'while :; do echo more >> master/busy; done');
    const run = trees.lfu('-i', '--bwlimit', '512k');
    writer.kill('SIGKILL');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: busy: it changes while it is read: left as it was');
    expect(run.lines).toContain('copy f new calm');
    expect(run.lines.join()).not.toContain('busy');
    expect(readFileSync(join(trees.slave, 'busy'), 'utf8')).toBe('old\n');
    expect(temporaries(trees)).toBe('');
  });

  test('a directory of the slave that becomes a link leads nowhere', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p outside slave/d; for i in 1 2 3; do echo precious > outside/f$i; done
      mkdir master/d; i=0; while [ $i -lt 200 ]; do echo $i > master/d/f$i; i=$((i+1)); done
      chmod 700 outside; touch -d '2020-01-01 UTC' outside outside/*; echo x > slave/d/extra`);
    const before = trees.sh("find outside -printf '%P %m %U %T@ %C@ %s\\n' | sort");
    const attacker = background(
      trees,
      `cd slave; while :; do mv -T d e && ln -s ../outside d; rm -f d; mv -T e d; done 2>/dev/null`,
    );
    for (let round = 0; round < 8; round++) {
      const run = trees.lfu();
      expect(run.stderr).not.toContain('defect');
      expect([0, 1]).toContain(run.status);
      trees.sh('touch master/d/*');
    }
    attacker.kill('SIGKILL');
    expect(trees.sh("find outside -printf '%P %m %U %T@ %C@ %s\\n' | sort")).toBe(before);
  });

  test('a link that stands where the master has a directory is replaced, not entered', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p outside slave master/d/e; echo x > master/d/e/x; echo y > outside/y
      ln -s ../outside slave/d; ln -s . slave/loop`);
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(trees.directory, 'outside'))).toEqual(['y']);
    expect(trees.difference()).toBe('');
  });

  test('a program that runs is never written into', () => {
    const trees = freshTrees();
    trees.sh('cp /bin/sleep master/prog');
    expect(trees.lfu().status).toBe(0);
    const running = spawn(join(trees.slave, 'prog'), ['1000'], { stdio: 'ignore' });
    onTestFinished(() => {
      running.kill();
    });
    const { ino } = statSync(join(trees.slave, 'prog'));
    trees.sh('cp /bin/true master/prog');
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(join(trees.slave, 'prog')).ino).not.toBe(ino);
    expect(running.exitCode).toBe(null);
    expect(trees.difference()).toBe('');
  });

  test('a name is never absent while its type changes', async () => {
    const trees = freshTrees();
    mkdirSync(trees.slave);
    const name = join(trees.slave, 'name');
    const make: readonly ((path: string) => void)[] = [
      (path) => {
        writeFileSync(path, 'x');
      },
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, 'x'), 'x');
      },
      (path) => {
        // one that leads somewhere, so that one look tells all
        symlinkSync('/', path);
      },
    ];
    writeFileSync(name, 'x');
    const watcher = spawn('sh', ['-c', `while :; do [ -e "$1" ] || echo absent; done`, 'x', name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      watcher.kill('SIGKILL');
    });
    let seen = '';
    watcher.stdout.on('data', (data: Buffer) => {
      seen += data.toString();
    });
    for (let round = 0; round < 6; round++) {
      trees.sh('rm -rf master/name');
      make[round % 3]?.(join(trees.master, 'name'));
      expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
      await setImmediate();
    }
    watcher.kill('SIGKILL');
    await once(watcher, 'exit');
    expect(seen).toBe('');
  });

  test('what comes into a directory that is to go stays, and is told', () => {
    const trees = freshTrees();
    trees.sh('mkdir -p slave/old; touch slave/old/f master/x');
    // something appears after the plan, before the removal
    const run = trees.lfu('-e', `name=x { exec touch ${trees.slave}/old/precious; }`);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: old: something is still in it');
    expect(readdirSync(join(trees.slave, 'old'))).toEqual(['precious']);
  });

  test('what somebody else has put under a name meanwhile is not replaced', () => {
    const trees = freshTrees();
    trees.sh('mkdir slave; echo x > master/a; echo y > master/b; echo old > slave/gone');
    const run = trees.lfu(
      '-e',
      `name=a { exec mkdir ${trees.slave}/b; exec rm ${trees.slave}/gone; exec mkdir ${trees.slave}/gone; }`,
    );
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: b: somebody else changed it on the slave during the run');
    expect(run.stderr).toContain('lfu: gone: somebody else changed it on the slave during the run');
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
  });
});

function background(trees: Trees, script: string): ChildProcess {
  const child = spawn('sh', ['-c', script], { cwd: trees.directory, stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}
