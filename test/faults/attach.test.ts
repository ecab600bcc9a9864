/** Attaching and detaching, killed or refused anywhere: the package answers at every moment, and the next one makes it whole. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  type SystemCall,
} from './strace.ts';

let fixture: Fixture;

beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  const mount = join(fixture.root, 'net/other');
  fixture.restore('depot');
  const other = join(fixture.directory, 'other');
  execFileSync('cp', ['-a', fixture.root, other]);
  execFileSync('mkdir', [join(fixture.root, 'net')]);
  execFileSync('mv', [other, mount]);
  writeTree(mount, { '.software/arch/older/bin/older': command('mounted answers') });
  fixture.keep('mounted');
  await fixture.must('attach', 'older', '--from', mount, '--replace');
  fixture.keep('attached');
}, 120_000);
afterAll(() => {
  fixture.remove();
});

/** What is compared: not in how many steps it came. */
function state(): Snapshot {
  return new Map(
    [...snapshot(fixture.root)].filter(([path]) => !/\.admin\/(?:generations|objects)/.test(path)),
  );
}

/** Every so manyth of the calls; all in a soak. */
function some(calls: readonly SystemCall[], most: number): SystemCall[] {
  const step = process.env['XHIER_SOAK'] === '1' ? 1 : Math.ceil(calls.length / most);
  return calls.filter((call, i) => call.name !== 'openat' && i % step === 0);
}

async function says(): Promise<string> {
  const link = join(fixture.root, '.software/local/.admin/bins/bin/older');
  return (await runCommand(link, [])).stdout.trimEnd();
}

const COMMANDS = {
  'attaching what is installed as a copy': (): readonly [string, readonly string[]] => [
    'mounted',
    ['attach', 'older', '--from', join(fixture.root, 'net/other'), '--replace'],
  ],
  'making a copy of what is attached': (): readonly [string, readonly string[]] => [
    'attached',
    ['detach', 'older', '--copy'],
  ],
};

describe.each(Object.entries(COMMANDS))('%s', (_, what) => {
  test('killed at any change', async () => {
    const [from, words] = what();
    const run = fixture.run(from, words);
    const calls = some(
      (await recordCalls(run)).filter((call) => !isSync(call) && call.succeeded),
      10,
    );
    const after = state();
    const problems: string[] = [];
    for (const [index, call] of calls.entries()) {
      const problem = (said: string): void => {
        problems.push(`killed at ${call.shown} (${call.name} ${call.number}): ${said}`);
      };
      const { signal } = await killedAt(run, call);
      if (signal !== 'SIGKILL') problem(`it ended by ${String(signal)}`);
      const answer = await says();
      if (!['older answers', 'mounted answers'].includes(answer)) problem(`it says ${answer}`);
      if (index % 2 === 0) {
        const { status, stderr } = await fixture.xh('recover');
        if (status !== 0) problem(`recover: ${stderr}`);
        leftovers(state())
          .filter((path) => !path.includes('.xhier-copy-'))
          .forEach(problem);
      }
      const { status, stderr } = await fixture.xh(...words);
      if (status !== 0) problem(`${words[0] ?? ''}: ${stderr}`);
      differences(after, state()).forEach(problem);
      leftovers(state()).forEach(problem);
    }
    console.log(`xh ${words[0] ?? ''} killed at ${countText(calls)}`);
    expect(problems).toEqual([]);
  }, 280_000);

  test('refused any change', async () => {
    const [from, words] = what();
    const run = fixture.run(from, words);
    const calls = some(
      (await recordCalls(run)).filter(({ succeeded }) => succeeded),
      8,
    );
    const after = state();
    const problems: string[] = [];
    for (const [index, call] of calls.entries()) {
      const problem = (said: string): void => {
        problems.push(`refused at ${call.shown} (${call.name} ${call.number}): ${said}`);
      };
      const errno = ['ENOSPC', 'EIO', 'EACCES'][index % 3] ?? 'EIO';
      const { status, signal, stderr } = await refusedAt(run, call, errno);
      if (signal !== null) problem(`it ended by ${signal}`);
      if (/defect of xhier/.test(stderr)) problem(stderr);
      if (status !== 0 && !/→/.test(stderr)) problem(`it does not say what to do: ${stderr}`);
      const answer = await says();
      if (!['older answers', 'mounted answers'].includes(answer)) problem(`it says ${answer}`);
      const again = await fixture.xh(...words);
      if (again.status !== 0) problem(`again: ${again.stderr}`);
      differences(after, state()).forEach(problem);
      leftovers(state()).forEach(problem);
    }
    expect(problems).toEqual([]);
  }, 280_000);
});
