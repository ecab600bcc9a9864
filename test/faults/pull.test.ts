/** A pull that is killed, or refused, anywhere: old or new, and the next one makes it whole. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import { differences, leftovers, snapshot, type Snapshot } from './snapshot.ts';
import {
  countText,
  isSync,
  killedAt,
  recordCalls,
  refusedAt,
  requireStrace,
  runCommand,
  type Ended,
  type SystemCall,
} from './strace.ts';

let fixture: Fixture;
let publisher: string;

/** Runs `xh` on the publisher's site. */
async function there(...words: readonly string[]): Promise<Ended> {
  const env = { ...process.env, XH_ROOT: publisher, NO_COLOR: '1' };
  const ended = await runCommand(process.execPath, [fixture.program, ...words], { env });
  if (ended.status !== 0) throw new Error(`xh ${words.join(' ')}: ${ended.stderr}`);
  return ended;
}

beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  publisher = join(fixture.directory, 'publisher');
  const store = join(fixture.directory, 'store');
  for (const each of [join(publisher, 'etc'), store]) mkdirSync(each, { recursive: true });
  await there('key', 'make', 'site');
  await there('key', 'make', 'publisher');
  const { stdout } = await there('key', 'trust', '--store', store);
  await there('key', 'delegate', 'publisher', '--packages', '*', '--store', store);
  await there('mkpkg', 'steady', '--from', join(fixture.software, 'older'));
  writeTree(publisher, { 'software/steady/data/long': 'a line\n'.repeat(20_000) });
  await there('publish', '--store', store);
  fixture.restore('begun');
  writeFileSync(join(fixture.root, 'etc/xhier.toml'), `stores = ["${store}"]\n${stdout}`);
  await fixture.must('pull');
  fixture.keep('pulled');
  // the next revision has something new, something changed, something gone, and another package
  rmSync(join(publisher, 'software/steady/export'), { recursive: true });
  writeTree(publisher, {
    'software/steady/bin/older': command('newer answers'),
    'software/steady/data/more': 'more\n',
    'software/steady/export/services': 'older 7101/tcp\n',
  });
  await there('mkpkg', 'tool', '--from', join(fixture.software, 'tool'));
  await there('publish', '--store', store);
}, 120_000);
afterAll(() => {
  fixture.remove();
});

/** What is compared: not when files were last looked at, nor what is told to others, nor in how many steps it came. */
function state(): Snapshot {
  return new Map(
    [...snapshot(fixture.root)].filter(
      ([path]) => !/\.admin\/(?:generations|objects|pulled\/\.|status\.json)/.test(path),
    ),
  );
}

const changes = (call: SystemCall): boolean => !isSync(call) && call.succeeded;

/** Every so manyth of the calls, more of those that give names, which are the ones that count; all in a soak. */
function some(calls: readonly SystemCall[], most: number): SystemCall[] {
  const step = process.env['XHIER_SOAK'] === '1' ? 1 : Math.ceil(calls.length / most);
  const many = Math.ceil(step / 3);
  // the same file is opened below its place and beside it, which strace(1) does not tell apart
  const tellable = calls.filter(({ name }) => name !== 'openat');
  return tellable.filter((call, i) => i % (call.name.startsWith('rename') ? many : step) === 0);
}

async function says(): Promise<string> {
  const link = join(fixture.root, '.software/local/.admin/bins/bin/older');
  return (await runCommand(link, [])).stdout.trimEnd();
}

test('a pull that is killed at any change leaves what was or what is to be, and the next one makes it whole', async () => {
  const run = fixture.run('pulled', ['pull']);
  const calls = some((await recordCalls(run)).filter(changes), 14);
  const after = state();
  const problems: string[] = [];
  const said = new Set<string>();
  for (const [index, call] of calls.entries()) {
    const problem = (what: string): void => {
      problems.push(`killed at ${call.shown} (${call.name} ${call.number}): ${what}`);
    };
    const { signal } = await killedAt(run, call);
    if (signal !== 'SIGKILL') problem(`it ended by ${String(signal)}`);
    const answer = await says();
    said.add(answer);
    if (!['older answers', 'newer answers'].includes(answer)) problem(`it says ${answer}`);
    if (index % 2 === 0) {
      const { status, stderr } = await fixture.xh('recover');
      if (status !== 0) problem(`recover: ${stderr}`);
      const left = leftovers(state()).filter(
        (path) => !/\.xhier-pull-|\.status\.json\.new/.test(path),
      );
      left.forEach((path) => {
        problem(`${path} is left`);
      });
    }
    const { status, stderr } = await fixture.xh('pull');
    if (status !== 0) problem(`pull: ${stderr}`);
    differences(after, state()).forEach(problem);
    leftovers(state()).forEach(problem);
  }
  console.log(`xh pull killed at ${countText(calls)}`);
  expect(problems).toEqual([]);
  expect([...said].toSorted()).toEqual(['newer answers', 'older answers']);
}, 280_000);

test('a pull whose changes the system refuses says so, and the next one makes it whole', async () => {
  const run = fixture.run('pulled', ['pull']);
  const calls = some(
    (await recordCalls(run)).filter(({ succeeded }) => succeeded),
    12,
  );
  const after = state();
  const problems: string[] = [];
  for (const [index, call] of calls.entries()) {
    const problem = (what: string): void => {
      problems.push(`refused at ${call.shown} (${call.name} ${call.number}): ${what}`);
    };
    const { status, signal, stderr } = await refusedAt(
      run,
      call,
      ['ENOSPC', 'EIO', 'EACCES'][index % 3] ?? 'EIO',
    );
    if (signal !== null) problem(`it ended by ${signal}`);
    if (/defect of xhier/.test(stderr)) problem(stderr);
    if (status !== 0 && !/→/.test(stderr)) problem(`it does not say what to do: ${stderr}`);
    const answer = await says();
    if (!['older answers', 'newer answers'].includes(answer)) problem(`it says ${answer}`);
    const again = await fixture.xh('pull');
    if (again.status !== 0) problem(`pull: ${again.stderr}`);
    differences(after, state()).forEach(problem);
    leftovers(state()).forEach(problem);
  }
  console.log(`xh pull refused at ${countText(calls)}`);
  expect(problems).toEqual([]);
}, 280_000);
