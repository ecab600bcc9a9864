/** What is left, and what is told, when a run is ended before its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { freshTrees, lfuCommand, type Trees } from './trees.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `lfu OPTIONS MASTER SLAVE`, by another program if need be. */
function start(trees: Trees, options: readonly string[], by: readonly string[] = []) {
  const [first = '', ...words] = [...by, ...lfuCommand(...options, trees.master, trees.slave)];
  const child: ChildProcess = spawn(first, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (text: Buffer) => (said.stdout += text.toString('latin1')));
  child.stderr?.on('data', (text: Buffer) => (said.stderr += text.toString('latin1')));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      resolve({ code, ...said });
    });
  });
  return {
    pid: child.pid ?? 0,
    exited: once(child, 'exit'),
    ended,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async until(condition: () => boolean) {
      while (!condition() && child.exitCode === null) await setTimeout(10);
    },
    said,
  };
}

/** Ten files of 64 KiB each, which take four seconds at the rate of SLOW. */
function slowTrees(): Trees {
  const trees = freshTrees();
  trees.sh(`cd master; mkdir d; for i in 0 1 2 3 4 5 6 7 8 9; do
    head -c 65536 /dev/urandom > d/f$i; done; ln -s f1 d/link; mkdir ../slave; touch ../slave/old`);
  return trees;
}
const SLOW = ['--bwlimit', '160k'] as const;

function copies(trees: Trees): readonly string[] {
  return existsSync(join(trees.slave, 'd')) ? readdirSync(join(trees.slave, 'd')) : [];
}

/** Every object that is there is one of the master's, complete, and no other has been left. */
function expectConsistent(trees: Trees): void {
  for (const name of copies(trees)) {
    const copy = readFileSync(join(trees.slave, 'd', name));
    expect(copy.equals(readFileSync(join(trees.master, 'd', name))), name).toBe(true);
  }
  expect(existsSync(join(trees.slave, 'old'))).toBe(true);
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  test(`ends in order, exit ${code}, and says what is made and what is left`, async () => {
    const trees = slowTrees();
    const run = start(trees, ['-i', ...SLOW]);
    await run.until(() => copies(trees).includes('f1'));
    run.kill(signal);
    const { code: found, stdout, stderr } = await run.ended;
    expect(found).toBe(code);
    expectConsistent(trees);
    const made = stdout.split('\n').length - 1;
    const left = 14 - made;
    expect(stderr).toMatch(
      new RegExp(
        `^lfu: interrupted after [0-9.]+ s: ${made} of 14 changes made, ${left} left \\(\\d+ to copy, ` +
          `1 to link, (?:1 to set, )?1 to delete\\)\nlfu: nothing is half done; run it again to finish\n$`,
      ),
    );
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
  });
});

describe('commands of what was updated before an interruption', () => {
  const rule = (log: string): string =>
    `name~f[0-9] { exec-once "sleep 0.2; echo first >> ${log}"; exec-once echo second >> ${log}; }`;

  test('are run before it ends, since no later run would', async () => {
    const trees = slowTrees();
    const log = join(trees.directory, 'log');
    const run = start(trees, ['-e', rule(log), ...SLOW]);
    await run.until(() => copies(trees).includes('f1'));
    run.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(
      'lfu: first, the commands for what has been updated:\n' +
        `     sleep 0.2; echo first >> ${log}\n     echo second >> ${log}\n`,
    );
    expect(readFileSync(log, 'utf8')).toBe('first\nsecond\n');
    expect(trees.lfu('-e', rule(log))).toMatchObject({ status: 0, stderr: '' });
    // for those that came with the second run
    expect(readFileSync(log, 'utf8')).toBe('first\nsecond\n'.repeat(2));
  });

  test('are told, as they can be run by hand, when a second signal does not wait', async () => {
    const trees = slowTrees();
    const rules = `name~f[0-9] { exec-once 'until [ -e "$S/../go" ]; do sleep 0.1; done'; exec-once ls $M; }`;
    const run = start(trees, ['-e', rules, ...SLOW]);
    await run.until(() => copies(trees).includes('f1'));
    run.kill('SIGINT');
    await run.until(() => run.said.stderr.includes('first, the commands'));
    await setTimeout(100);
    run.kill('SIGINT');
    // the command is still waiting for this
    await run.exited;
    trees.sh('touch go');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr.slice(stderr.indexOf('lfu: ended at once'))).toBe(
      'lfu: ended at once: what was at hand is undone or done by the next run\n' +
        'lfu: commands that had not been run to their end, and that no later run will run:\n' +
        `     S='${trees.slave}'; until [ -e "$S/../go" ]; do sleep 0.1; done\n     M='${trees.master}'; ls "\${M}"\n`,
    );
    expectConsistent(trees);
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
  });
});

test('an interruption while the trees are compared changes nothing', async () => {
  const trees = freshTrees();
  trees.sh(`head -c 64M /dev/urandom > master/big; mkdir slave; cp -p master/big slave
    touch slave/old master/new`);
  // each read of this file takes its time
  const slow = ['strace', '-fqq', '-o', '/dev/null', '-P', join(trees.master, 'big')];
  const run = start(trees, ['-c'], [...slow, '-e', 'inject=all:delay_enter=100000']);
  const tasks = `/proc/${run.pid}/task/${run.pid}/children`;
  const lfu = (): string => readFileSync(tasks, 'latin1').trim();
  await run.until(() => lfu() !== '' && hasOpen(lfu(), join(trees.master, 'big')));
  process.kill(Number(lfu()), 'SIGTERM');
  const { code, stderr } = await run.ended;
  expect(code).toBe(143);
  expect(stderr).toMatch(/^lfu: interrupted after [0-9.]+ s: nothing was changed\n$/);
  expect(readdirSync(trees.slave).toSorted()).toEqual(['big', 'old']);
});

/** Whether a process has the file of that path open now. */
function hasOpen(pid: string, path: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(
      (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path,
    );
  } catch {
    // it has closed one that we were about to look at
    return false;
  }
}

test('--fail-fast says what is made and what is left, and runs commands of what is updated', () => {
  const trees = freshTrees();
  trees.sh(`mkdir master/d; for i in 1 2 3 4; do echo $i > master/d/f$i; done`);
  const rules = `name~f* { exec-once echo ran; } name=f2 { exec exit 3; }`;
  const run = trees.lfu('--fail-fast', '-e', rules);
  expect(run.status).toBe(1);
  expect(run.stderr).toBe(
    'lfu: d/f2: its command failed: exit status 3\nran\n' +
      'lfu: 1 failed; stopped at the first: 4 of 6 changes made, 2 left (2 to copy)\n',
  );
  expect(trees.lfu().status).toBe(0);
  expect(trees.difference()).toBe('');
});

test('--json ends with what was made and what is left, too', async () => {
  const trees = slowTrees();
  const run = start(trees, ['--json', ...SLOW]);
  await run.until(() => copies(trees).includes('f1'));
  run.kill('SIGINT');
  const lines = (await run.ended).stdout.trimEnd().split('\n');
  const made = lines.length - 1;
  const { summary } = JSON.parse(lines.at(-1) ?? '') as {
    summary: { exit: number; changes: number; left: Record<string, number> };
  };
  expect(summary).toMatchObject({ exit: 130, changes: made });
  expect(Object.values(summary.left).reduce((one, other) => one + other, 0)).toBe(14 - made);
});
