import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { changesSomething, endsOf, killAtEach, outcomeText, type Killed } from './kills.ts';
import { snapshot } from './snapshot.ts';
import { killedAt, recordCalls, requireStrace, type Run } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

/** Nothing is different before and after a sync: the install is killed there, these are not. */
const which = changesSomething;
const older = ['older answers'];
const clock = ['clock 1.0', 'clock 2.0'];

const COMMANDS: Readonly<Record<string, (software: string) => Killed>> = {
  'an uninstall': () => ({
    which,
    state: 'installed',
    words: ['uninstall', 'clock-1.0'],
    programs: { older },
  }),
  'a switch of versions': () => ({
    which,
    state: 'installed',
    words: ['use', 'clock@2.0'],
    programs: { older, clock },
  }),
  'mending links': () => ({ which, state: 'astray', words: ['make-links'], programs: { older } }),
  'a rollback': () => ({ which, state: 'installed', words: ['rollback'], programs: { older } }),
  'making a package': (software) => ({
    which,
    state: 'depot',
    words: ['mkpkg', 'tool', '--from', join(software, 'tool')],
    programs: { older },
  }),
  'an import in place of a package': (software) => ({
    which,
    state: 'installed',
    words: ['import', '--replace', '--name', 'older', '--version', '3', join(software, 'newer')],
    programs: { older: [...older, 'newer answers'], clock },
  }),
};

test.each(Object.keys(COMMANDS))(
  '%s that is killed at any change it makes leaves a site that works, and is settled whole',
  async (name) => {
    const killed = COMMANDS[name]?.(fixture.software);
    if (killed === undefined) throw new Error(name);
    expect(await killEach(killed)).toEqual([]);
  },
  280_000,
);

/** What is wrong, after saying how often it was killed. */
async function killEach(killed: Killed): Promise<readonly string[]> {
  const outcome = await killAtEach(fixture, killed);
  const { problems, undone, done } = outcome;
  console.log(outcomeText(killed, outcome));
  return undone > 0 && done > 0 ? problems : [...problems, 'it never was undone, or never done'];
}

test('the first command on a site, killed under a strict umask, leaves directories that everybody may enter', async () => {
  const words = ['mkpkg', 'tool', '--from', join(fixture.software, 'tool')];
  fixture.restore('begun');
  await fixture.must('recover');
  const before = snapshot(fixture.root);
  const { after } = await endsOf(fixture, 'begun', words);
  const run = ({ words: plain, ...rest }: Run): Run => ({
    ...rest,
    words: ['sh', '-c', 'umask 077; exec "$@"', 'sh', ...plain],
  });
  const killed = { which, state: 'begun', words, run, ends: { before, after } };
  expect(await killEach(killed)).toEqual([]);
}, 280_000);

/** renameat2(2) is told that the file system knows no flags, as NFS. */
const withoutExchange = (run: Run): Run => ({ ...run, always: ['renameat2:error=EINVAL'] });

test.each([
  { state: 'depot', words: ['install', 'clock@1.0'] },
  { state: 'installed', words: ['use', 'clock@2.0'] },
  { state: 'installed', words: ['uninstall', 'clock-1.0'] },
])(
  'where names cannot be exchanged (NFS) a killed $words is settled whole, and no name is ever absent',
  async ({ state, words }) => {
    const ofNames = /^(?:rename|link|unlink|symlink)/;
    const killed: Killed = {
      state,
      words,
      run: withoutExchange,
      which: (call) => ofNames.test(call.name) && call.succeeded,
      programs: { older, ...(words[0] === 'use' && { clock }) },
    };
    expect(await killEach(killed)).toEqual([]);
  },
  280_000,
);

test.each([
  { state: 'depot', words: ['install', 'clock@1.0'] },
  { state: 'installed', words: ['use', 'clock@2.0'] },
  { state: 'installed', words: ['uninstall', 'clock-1.0'] },
])(
  'a recovery of $words that is killed itself is settled by the next one',
  async ({ state, words }) => {
    const ends = await endsOf(fixture, state, words);
    const run = fixture.run(state, words);
    const calls = (await recordCalls(run)).filter(changesSomething);
    let kills = 0;
    const problems: string[] = [];
    // from every part of the transaction
    for (let at = 5; at < calls.length; at += 8) {
      const call = calls[at];
      if (call === undefined) break;
      await killedAt(run, call);
      fixture.keep('killed');
      const outcome = await killAtEach(fixture, {
        state: 'killed',
        words: ['recover'],
        which: (each, index) => changesSomething(each) && (index + at) % 3 === 0,
        ends,
        whole: words,
      });
      kills += outcome.killed.length;
      problems.push(
        ...outcome.problems.map((problem) => `killed at ${call.shown}, then ${problem}`),
      );
    }
    console.log(`recovery of xh ${words.join(' ')} killed ${kills} times`);
    expect(problems).toEqual([]);
    expect(kills).toBeGreaterThan(20);
  },
  280_000,
);
