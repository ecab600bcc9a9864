import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import { changesSomething } from './kills.ts';
import { differences, leftovers, snapshot } from './snapshot.ts';
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
  const before = snapshot(fixture.root);
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
      ...(differences(before, now).length === 0 ? [] : differences(after, now)),
    ];
    problems.push(...found.map((each) => `${signal} at ${call.shown}: ${each}`));
  }
  expect(problems).toEqual([]);
}, 120_000);

test('a script that is interrupted ends, and what an earlier one did is taken back', async () => {
  fixture.restore('depot');
  const log = join(fixture.directory, 'said');
  const said = `echo "$XH_PACKAGE $1" >>${log}`;
  writeTree(fixture.root, {
    'software/older/.admin/Options': 'run-as = root\n',
    'software/clock-1.0/.admin/Options': 'version = 1.0\nowner = nobody\nrun-as = root\n',
    'software/clock-1.0/.admin/Install': { text: `#!/bin/sh\n${said}\n`, mode: 0o755 },
    'software/older/.admin/Install': { text: `#!/bin/sh\n${said}\nsleep 60\n`, mode: 0o755 },
    'software/older/bin/oldest': command('oldest'),
  });
  const before = snapshot(fixture.root);
  const { words, env } = fixture.run('depot', ['install', 'clock@1.0', 'older']);
  const [program, ...rest] = words;
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: 'ignore' });
  while (!existsSync(log) || !readFileSync(log, 'utf8').includes('older install')) await wait(20);
  child.kill('SIGINT');
  const status = await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  expect(status).toBe(130);
  expect(readFileSync(log, 'utf8').split('\n')).toEqual([
    'clock-1.0 install',
    'older install',
    'clock-1.0 uninstall',
    '',
  ]);
  expect(differences(before, snapshot(fixture.root))).toEqual([]);
});
