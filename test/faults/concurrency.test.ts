import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import { differences, leftovers, snapshot } from './snapshot.ts';
import type { Ended } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

const ROUNDS = 10;

/** What people and machines start at the same moment. */
const COMMANDS: readonly (readonly string[])[] = [
  ['install', 'clock@1.0'],
  ['install', 'clock@2.0'],
  ['uninstall', 'clock-1.0'],
  ['use', 'clock@2.0'],
  ['use', 'clock@1.0'],
  ['make-links'],
  ['install', 'older'],
  ['uninstall', 'older'],
  ['install', '--all'],
  ['prefer', 'clock', 'clock-1.0'],
  ['rollback'],
];

interface HistoryEntry {
  readonly generation: number;
  readonly command: string;
}

async function history(): Promise<readonly HistoryEntry[]> {
  const { stdout } = await fixture.must('history', '--json');
  return JSON.parse(stdout) as HistoryEntry[];
}

test('eight commands at once come to what they come to one after the other', async () => {
  const problems: string[] = [];
  let committed = 0;
  let waited = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = round % 2 === 0 ? 'scripted installed' : 'depot';
    fixture.restore(start);
    const chosen = Array.from(
      { length: 8 },
      (_, i) => COMMANDS[(round * 5 + i * 3) % COMMANDS.length] ?? [],
    );
    const earlier = (await history()).length;
    const readers = read(chosen.length);
    const all = await Promise.all(chosen.map((words) => fixture.xh(...words)));
    problems.push(...(await readers));
    for (const [i, ended] of all.entries()) problems.push(...wrong(chosen[i] ?? [], ended));
    waited += all.filter(({ stderr }) => stderr.includes('waiting for ')).length;
    const together = snapshot(fixture.root);
    problems.push(...leftovers(together));
    // the same in the order in which they had their turn
    const order = (await history()).slice(earlier);
    committed += order.length;
    fixture.restore(start);
    for (const each of order) await fixture.must(...each.command.split(' ').slice(1));
    problems.push(
      ...differences(snapshot(fixture.root), together).map((each) => `round ${round}: ${each}`),
    );
  }
  console.log(
    `${ROUNDS} rounds of 8 commands: ${committed} changed the site, ${waited} had to wait`,
  );
  expect(problems).toEqual([]);
  expect(committed).toBeGreaterThan(ROUNDS);
  expect(waited).toBeGreaterThan(ROUNDS);
}, 240_000);

/** Reads all the time; a reader is never told of a half of anything. */
async function read(times: number): Promise<string[]> {
  const problems: string[] = [];
  for (let i = 0; i < times; i++) {
    const { status, stderr } = await fixture.xh(
      ...(i % 2 === 0 ? ['list'] : ['history', '--json']),
    );
    if (status !== 0) problems.push(`a reader ended with ${String(status)}: ${stderr}`);
  }
  return problems;
}

/** Done, or refused because of what another had done. */
function wrong(words: readonly string[], { status, stderr }: Ended): string[] {
  const problems: string[] = [];
  if (![0, 1, 3].includes(status ?? -1)) problems.push(`ended with ${String(status)}`);
  if (status === 1 && !/is not installed here|nothing has been changed/.test(stderr)) {
    problems.push('failed');
  }
  if (/defect|\n +at |been interrupted/.test(stderr)) problems.push('said what nobody should hear');
  const waiting = /waiting for (.*)/.exec(stderr)?.[1];
  if (
    waiting !== undefined &&
    !/^'xh .*' \(pid \d+, user \S+, since .*\) to finish$/.test(waiting)
  ) {
    problems.push('does not say whom it waits for');
  }
  return problems.map((each) => `xh ${words.join(' ')}: ${each}: ${stderr}`);
}

test('eight people make packages on a new site at once, two of each name: one of each two is told', async () => {
  fixture.restore('begun');
  const names = ['one', 'two', 'three', 'four'];
  const all = await Promise.all([...names, ...names].map((name) => fixture.xh('mkpkg', name)));
  const statuses = all.map(({ status }) => status);
  expect(statuses.filter((status) => status === 0)).toHaveLength(4);
  expect(statuses.filter((status) => status === 3)).toHaveLength(4);
  const { stdout } = await fixture.must('list');
  expect(stdout.match(/\w+(?= +0\.1\.0)/g)).toEqual(names.toSorted());
  expect(leftovers(snapshot(fixture.root))).toEqual([]);
});

/** An install that holds the lock until it is ended. */
async function holdLock(): Promise<ChildProcess> {
  fixture.restore('depot');
  const holding = join(fixture.root, 'tmp/holding');
  writeTree(fixture.root, {
    'tmp/about': '',
    'software/older/.admin/Options': 'run-as = root\n',
    'software/older/bin/oldest': command('oldest'),
    'software/older/.admin/Install': {
      text: `#!/bin/sh\n[ "$1" = install ] || exit 0\necho $$ >${holding}\nexec sleep 60\n`,
      mode: 0o755,
    },
  });
  const { words, env } = fixture.run('depot', ['install', 'older']);
  const [program, ...rest] = words;
  const child = spawn(program, rest, { env, stdio: 'ignore' });
  while (!existsSync(holding) || readFileSync(holding, 'utf8') === '') await wait(20);
  return child;
}

/** Ends what {@link holdLock} has left running. */
function endScript(): void {
  process.kill(Number(readFileSync(join(fixture.root, 'tmp/holding'), 'utf8')), 'SIGKILL');
}

test('who gives up waiting says who has the lock, with exit code 5', async () => {
  const child = await holdLock();
  const { status, stderr } = await fixture.xh('install', 'clock@1.0', '--lock-timeout', '1');
  child.kill('SIGKILL');
  endScript();
  expect(status).toBe(5);
  const holder = `'xh install older' \\(pid ${String(child.pid)}, user \\S+, since 20`;
  expect(stderr).toMatch(new RegExp(`^waiting for ${holder}`));
  expect(stderr).toMatch(new RegExp(`\nxh: the site is locked by ${holder}.*waited 1 s\n +→ `));
});

test('who waits goes on as soon as the holder is killed, and finds nothing half done', async () => {
  const child = await holdLock();
  const waiting = fixture.xh('install', 'clock@1.0');
  await wait(500);
  child.kill('SIGKILL');
  const { status, stderr } = await waiting;
  endScript();
  expect(stderr).toMatch(/^waiting for 'xh install older' \(pid \d+, [^]*installed clock-1.0/);
  expect(status).toBe(0);
  // what the dead one had written is nobody's any more
  const next = await fixture.must('uninstall', 'clock-1.0');
  expect(next.stderr).not.toContain('waiting');
});
