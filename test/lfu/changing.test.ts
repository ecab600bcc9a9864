/**
 * A master that changes, or cannot be read, while it is copied; and a slave that is in use meanwhile.
 * With the native library and without it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { JUDGE } from './judge.ts';
import { freshTrees, lfuCommand, type Run, type Trees } from './trees.ts';

const WAYS = ['yes', 'no'] as const;

describe.each(WAYS)('a file that changes once while it is read (native: %s)', (native) => {
  test.each([
    ['grows', 'echo more >> busy'],
    ['shrinks', 'truncate -s 100k busy'],
    ['is written to', 'printf x | dd of=busy bs=1 seek=9 conv=notrunc status=none'],
    ['is replaced', 'echo another > new; touch -d 2001-01-01 new; mv new busy'],
  ])('%s: it is read again', async (_, change) => {
    const trees = withBusyFile();
    const run = await changedMidway(trees, native, change);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(differences(trees)).toBe('');
  });

  test.each([
    ['vanishes', 'rm busy', 'no such file or directory'],
    ['becomes a directory', 'rm busy; mkdir busy', 'another object'],
    ['becomes a pipe', 'rm busy; mkfifo -m 644 busy', 'another object'],
    ['becomes a link', 'rm busy; ln -s /etc/passwd busy', 'a symbolic link'],
    ['is closed to others', 'chmod 600 busy', 'another object'],
  ])('%s: it is reported and left as it was, all else is done', async (_, change, said) => {
    const trees = withBusyFile();
    const run = await changedMidway(trees, native, change);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(new RegExp(`^lfu: busy: .*${said}`));
    expect(readFileSync(join(trees.slave, 'busy'), 'utf8')).toBe('old\n');
    expect(readdirSync(trees.slave).toSorted()).toEqual(['busy', 'calm']);
    expect(runWith(native, trees)).toMatchObject({ status: 0, stderr: '' });
    expect(differences(trees)).toBe('');
  });
});

/** A file that is worth more than one call, and one that is copied after it. */
function withBusyFile(): Trees {
  const trees = freshTrees();
  trees.sh(`mkdir slave; echo old > slave/busy; echo x > master/calm
    dd if=/dev/urandom of=master/busy bs=64k count=4 status=none
    touch -d '2020-01-01 UTC' master/* master`);
  return trees;
}

/** Does `change` in the master while the run is held, having begun to read the file. */
async function changedMidway(trees: Trees, native: string, change: string): Promise<Run> {
  const log = join(trees.directory, 'calls');
  // -D: what is started is the program itself, and strace stands aside
  const held = `strace -D -f -o ${log} -P ${trees.master}/busy -e inject=${READING}:signal=STOP:when=1`;
  const command = lfuCommand(trees.master, trees.slave);
  const { child, ended } = start(native, held.split(' ').concat(command));
  while (!existsSync(log) || !readFileSync(log, 'latin1').includes('stopped by SIGSTOP')) {
    expect(child.exitCode).toBe(null);
    await setTimeout(5);
  }
  // the directory is as it was when it was looked at
  trees.sh(`cd master; ${change}; touch -d '2020-01-01 UTC' .`);
  // another thread may stop, too, when it reads the file again
  const goOn = setInterval(() => child.kill('SIGCONT'), 20);
  onTestFinished(() => {
    clearInterval(goOn);
  });
  return ended;
}

const READING = 'pread64,read,copy_file_range,sendfile';

describe.each(WAYS)('a file that changes all the time (native: %s)', (native) => {
  test('is reported and left as it was, at full speed, too', async () => {
    const trees = withBusyFile();
    const writer = spawn('python3', ['-IS', '-c', WRITER, join(trees.master, 'busy')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      writer.kill('SIGKILL');
    });
    await once(writer.stdout, 'data');
    const run = traced(trees, native, [
      ['-P', join(trees.master, 'busy')],
      ['-e', `inject=${READING}:delay_exit=50000`],
    ]);
    writer.kill('SIGKILL');
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^lfu: busy: it changes while it is read: left as it was\n/);
    expect(readFileSync(join(trees.slave, 'busy'), 'utf8')).toBe('old\n');
    expect(readdirSync(trees.slave).toSorted()).toEqual(['busy', 'calm']);
  });
});

/** Writes a byte of the file every other millisecond. */
const WRITER = `
import os, sys, time
file = os.open(sys.argv[1], os.O_WRONLY)
print("at work", flush=True)
while True:
    os.pwrite(file, b"x", 7)
    time.sleep(0.002)
`;

describe.each(WAYS)('between looking and copying (native: %s)', (native) => {
  test('what has left the master is reported, and the slave keeps its own', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/d/e slave/d/e; echo x > master/a; echo new > master/b
      echo old > slave/b; for f in 1 2 3; do echo new > master/d/e/$f; echo old > slave/d/e/$f; done
      echo z > master/z; touch -d '2020-01-01 UTC' slave/b slave/d/e/*`);
    const rule = `path=a { exec "cd ${trees.master} && rm -r b d"; }`;
    const run = runWith(native, trees, '-e', rule);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: b: no such file or directory');
    expect(run.stderr).toContain('lfu: d/e/1: ');
    for (const path of ['b', 'd/e/1', 'd/e/2', 'd/e/3']) {
      expect(readFileSync(join(trees.slave, path), 'utf8')).toBe('old\n');
    }
    expect(readFileSync(join(trees.slave, 'z'), 'utf8')).toBe('z\n');
  });
});

describe.each(WAYS)('a directory that cannot be read to its end (native: %s)', (native) => {
  test.each([
    ['read', 'getdents64:error=EIO'],
    ['read any further', 'getdents64:error=EIO:when=2'],
    ['found again by the file server', 'getdents64:error=ESTALE'],
  ])('cannot be %s: nothing below it is deleted, all else is done', (_, fault) => {
    const trees = freshTrees();
    // more names than one call tells
    trees.sh(`mkdir -p master/bad/below master/good slave/bad/below/deep slave/bad/gone slave/good
      i=0; while [ $i -lt 400 ]; do : > master/bad/${'long'.repeat(50)}$i; i=$((i+1)); done
      echo y > slave/bad/y; echo y > slave/bad/below/deep/y; echo y > slave/bad/gone/y
      echo new > master/good/new; echo old > slave/good/old; echo old > slave/old`);
    const run = traced(trees, native, [
      ['--seccomp-bpf', '-e', 'trace=getdents64', '-P', join(trees.master, 'bad')],
      ['-e', `inject=${fault}`],
    ]);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^lfu: bad: /);
    const kept = trees.sh('cd slave; find bad -name y | sort').split('\n');
    expect(kept).toEqual(['bad/below/deep/y', 'bad/gone/y', 'bad/y', '']);
    expect(readdirSync(join(trees.slave, 'good'))).toEqual(['new']);
    expect(existsSync(join(trees.slave, 'old'))).toBe(false);
    expect(runWith(native, trees)).toMatchObject({ status: 0, stderr: '' });
    expect(differences(trees)).toBe('');
  });
});

describe.each(WAYS)('programs that run (native: %s)', (native) => {
  test('are replaced by rename, and never opened for writing', () => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; cp /bin/sleep slave/prog; cp /bin/sleep slave/only-mode
      cp -p slave/only-mode slave/gone; cp -p slave/only-mode master; chmod 700 slave/only-mode
      cp /bin/true master/prog`);
    for (const name of ['prog', 'only-mode', 'gone']) {
      const running = spawn(join(trees.slave, name), ['1000'], { stdio: 'ignore' });
      onTestFinished(() => {
        running.kill('SIGKILL');
      });
    }
    const log = join(trees.directory, 'calls');
    const run = traced(trees, native, [
      ['-e', 'trace=openat,open,creat,truncate,ftruncate'],
      ['-o', log],
    ]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const calls = readFileSync(log, 'latin1');
    expect(calls).not.toContain('ETXTBSY');
    expect(calls).not.toMatch(/"(?:prog|only-mode|gone)", \S*O_(?:WRONLY|RDWR)/);
    expect(differences(trees)).toBe('');
  });
});

/** By the judge's account, after which there is nothing left over in the slave either. */
function differences(trees: Trees): string {
  return trees.sh(`python3 -IS ${JUDGE} differences master slave`);
}

function runWith(native: string, trees: Trees, ...options: readonly string[]): Run {
  return finished(lfuCommand(...options, trees.master, trees.slave), native);
}

/** Runs under strace; options come in pairs. */
function traced(trees: Trees, native: string, options: readonly (readonly string[])[]): Run {
  const command = lfuCommand(trees.master, trees.slave);
  return finished(
    ['strace', '-f', '-qqq', '-o', '/dev/null', ...options.flat(), ...command],
    native,
  );
}

function finished([program, ...words]: readonly [string, ...string[]], native: string): Run {
  const { status, stdout, stderr } = spawnSync(program, words, {
    encoding: 'latin1',
    env: { ...process.env, NO_COLOR: '1', XHIER_NATIVE: native },
  });
  return { status, stdout, stderr, lines: stdout.split('\n').slice(0, -1) };
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Run>;
}

function start(native: string, [program = '', ...words]: readonly string[]): Started {
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', XHIER_NATIVE: native },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Run>((resolve) => {
    child.once('close', (status) => {
      resolve({ status, stdout, stderr, lines: stdout.split('\n').slice(0, -1) });
    });
  });
  return { child, ended };
}
