/** Updates that are cut short by signals or at the first failure, and two of one slave at once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { difference } from '../lfu/trees.ts';
import { makeLfuFixture, thinnedOut, type LfuFixture } from './lfu-runs.ts';
import { litter, look, tornAt } from './lfu-trees.ts';
import { recordCalls, refusedAt, requireStrace, signalledAt } from './strace.ts';

let fixture: LfuFixture;
beforeAll(() => {
  requireStrace();
  fixture = makeLfuFixture();
});
afterAll(() => {
  fixture.remove();
});
beforeEach(() => {
  fixture.restore();
});

const EXIT: readonly (readonly [string, number])[] = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
];

test('Ctrl-C, a shutdown or a lost terminal end an update in order: each object old or new, nothing of ours left', async () => {
  const run = fixture.run();
  const before = look(fixture.slave);
  const calls = await recordCalls(run);
  const after = look(fixture.slave);
  const which = thinnedOut(10);
  const problems: string[] = [];
  const counts = { interrupted: 0, done: 0 };
  for (const [index, call] of calls.filter((each, at) => which(each, at)).entries()) {
    const [signal, code] = EXIT[index % EXIT.length] ?? ['', 0];
    const { status, stderr } = await signalledAt(run, call, `${signal}:delay_exit=60000`);
    const now = look(fixture.slave);
    const found = [...tornAt(before, after, now), ...litter(now)];
    if (status === 0) counts.done += 1;
    else counts.interrupted += 1;
    if (status !== 0 && status !== code) found.push(`it ended with ${String(status)}`);
    if (status !== 0 && !/^lfu: interrupted.*(?:nothing|made|done)/m.test(stderr))
      found.push(stderr);
    if (/failed|something|defect/.test(stderr)) found.push(stderr);
    found.push(...(await completed()));
    problems.push(...found.map((each) => `${signal} at ${call.shown}: ${each}`));
  }
  console.log(`signals: ${counts.interrupted} times interrupted, ${counts.done} times done before`);
  expect(problems).toEqual([]);
  expect(counts.interrupted).toBeGreaterThan(counts.done);
}, 300_000);

test('--fail-fast: the same at the first failure', async () => {
  const run = fixture.run('--fail-fast');
  const before = look(fixture.slave);
  const calls = await recordCalls(run);
  const after = look(fixture.slave);
  const problems: string[] = [];
  const renames = calls.filter(({ name }) => name === 'renameat');
  for (const call of renames.filter((_, index) => index % 3 === 0)) {
    const { status, stderr } = await refusedAt(run, call, 'EIO');
    const now = look(fixture.slave);
    const found = [...tornAt(before, after, now), ...litter(now)];
    if (
      status !== 1 ||
      !/^lfu: \S+: input\/output error .*\n[^]*stopped at the first/.test(stderr)
    ) {
      found.push(`${String(status)}: ${stderr}`);
    }
    found.push(...(await completed()));
    problems.push(...found.map((each) => `EIO at ${call.shown}: ${each}`));
  }
  expect(problems).toEqual([]);
}, 120_000);

test('a second signal ends it at once, though a command of the rules still runs', async () => {
  const before = look(fixture.slave);
  const started = join(fixture.directory, 'started');
  const run = startLfu('-e', `name=replaced { exec "touch ${started}; exec sleep 20"; }`);
  await until(() => existsSync(started));
  run.child.kill('SIGTERM');
  await wait(100);
  run.child.kill('SIGTERM');
  expect(await run.ended()).toBe(143);
  expect(tornAt(before, look(fixture.master), look(fixture.slave))).toEqual([]);
  expect(await completed()).toEqual([]);
});

test('a second update of the same slave is refused, and told who is at work; a dead one is no obstacle', async () => {
  const first = startLfu('--bwlimit', '64k');
  await until(() => litter(look(fixture.slave)).length > 0);
  const second = await fixture.lfu('-i');
  expect(second).toMatchObject({ status: 3, stdout: '' });
  expect(second.stderr).toMatch(
    new RegExp(`^lfu: another run is at work on ${fixture.slave}: .*pid ${first.child.pid}\\b`),
  );
  // nobody who only looks is refused
  expect(await fixture.lfu('-n')).toMatchObject({ status: 0, stderr: '' });
  first.child.kill('SIGKILL');
  await first.ended();
  expect(litter(look(fixture.slave))).not.toEqual([]);
  expect(await completed()).toEqual([]);
});

/** What the next plain run does not make good. */
async function completed(): Promise<string[]> {
  const { status, stderr } = await fixture.lfu();
  const different = difference(fixture.master, fixture.slave);
  return [
    ...(status === 0 && stderr === '' ? [] : [`the next run: ${String(status)} ${stderr}`]),
    ...litter(look(fixture.slave)).map((name) => `${name} is left`),
    ...(different === '' ? [] : [different]),
  ];
}

function startLfu(...options: readonly string[]): {
  readonly child: ChildProcess;
  /** Its exit code, once it has ended. */
  readonly ended: () => Promise<unknown>;
} {
  const { words, env } = fixture.run(...options);
  const [node, ...rest] = words;
  const child = spawn(node, rest, { env, stdio: 'ignore' });
  const exit = once(child, 'exit');
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { child, ended: async () => ((await exit) as readonly unknown[])[0] };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(10);
}
