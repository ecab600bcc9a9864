import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import { changesSomething } from './kills.ts';
import { differences, leftovers, snapshot, type Snapshot } from './snapshot.ts';
import { recordCalls, requireStrace, signalledAt } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

test('Ctrl-C, a shutdown or a lost terminal end an install by the signal, and leave it whole or undone', async () => {
  const run = fixture.run('depot', ['install', 'clock@1.0']);
  run.prepare();
  const start = snapshot(fixture.root);
  const calls = (await recordCalls(run)).filter(changesSomething);
  const after = snapshot(fixture.root);
  const problems: string[] = [];
  for (const [index, call] of calls.filter((_, at) => at % 5 === 2).entries()) {
    const signal = SIGNALS[index % SIGNALS.length] ?? '';
    const ended = await signalledAt(run, call, signal);
    const now = snapshot(fixture.root);
    const found = [
      ...(ended.signal === signal ? [] : [`it ended with ${String(ended.signal ?? ended.status)}`]),
      ...leftovers(now),
      ...(differences(start, now).length === 0 ? [] : differences(after, now)),
    ];
    problems.push(...found.map((each) => `${signal} at ${call.shown}: ${each}`));
  }
  expect(problems).toEqual([]);
}, 120_000);

/** A site where the script of `clock` is followed by one of `older` that takes long, and what they say. */
async function startScripts(): Promise<{ readonly child: ChildProcess; readonly log: string }> {
  fixture.restore('depot');
  const log = join(fixture.root, 'tmp/log');
  const said = `echo "$XH_PACKAGE $1" >>${log}`;
  writeTree(fixture.root, {
    'tmp/log': '',
    'software/older/.admin/Options': 'run-as = root\n',
    'software/older/bin/oldest': command('oldest'),
    'software/clock-1.0/.admin/Install': { text: `#!/bin/sh\n${said}\n`, mode: 0o755 },
    'software/older/.admin/Install': {
      text: `#!/bin/sh\n${said}\n[ "$1" = uninstall ] || exec sleep 60\n`,
      mode: 0o755,
    },
  });
  before = withoutLog();
  const { words, env } = fixture.run('depot', ['install', 'clock@1.0', 'older']);
  const [program, ...rest] = words;
  const child = spawn(program, rest, { env, stdio: 'ignore' });
  while (!readFileSync(log, 'utf8').includes('older install')) await wait(20);
  return { child, log };
}

let before: Snapshot;
function withoutLog(): Snapshot {
  return new Map([...snapshot(fixture.root)].filter(([path]) => path !== 'tmp/log'));
}

test('a script that is interrupted ends, and what an earlier one did is taken back', async () => {
  const { child, log } = await startScripts();
  child.kill('SIGTERM');
  const status = await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  expect(status).toBe(130);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
    'clock-1.0 install',
    'older install',
    'clock-1.0 uninstall',
  ]);
  expect(differences(before, withoutLog())).toEqual([]);
});

test('scripts of a command that is killed are taken back by the next one, the last one first', async () => {
  const { child, log } = await startScripts();
  child.kill('SIGKILL');
  await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const { stderr } = await fixture.must('recover');
  expect(stderr).toMatch(/^xh install of \S+ at \S+ had been interrupted: it was taken back\n/);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
    'clock-1.0 install',
    'older install',
    'older uninstall',
    'clock-1.0 uninstall',
  ]);
  expect(differences(before, withoutLog())).toEqual([]);
});
