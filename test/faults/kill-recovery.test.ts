import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { changesSomething, endsOf, killAtEach, killEach, type Killed } from './kills.ts';
import { killedAt, recordCalls, requireStrace, type Run } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

const older = ['older answers'];
const clock = ['clock 1.0', 'clock 2.0'];

/** renameat2(2) is told that the file system knows no flags, as NFS. */
const withoutExchange = (run: Run): Run => ({ ...run, always: ['renameat2:error=EINVAL'] });

test.each([
  { state: 'depot', words: ['install', 'clock@1.0'] },
  { state: 'installed', words: ['use', 'clock@2.0'] },
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
    expect(await killEach(fixture, killed)).toEqual([]);
  },
  280_000,
);

test.each([
  { state: 'scripted depot', words: ['install', 'clock@1.0'] },
  { state: 'scripted installed', words: ['use', 'clock@2.0'] },
  { state: 'scripted installed', words: ['uninstall', 'clock-1.0'] },
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
        which: (each, index) => changesSomething(each) && (index + at) % 4 === 0,
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
    expect(kills).toBeGreaterThan(10);
  },
  280_000,
);
