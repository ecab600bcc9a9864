import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { killAtEach, outcomeText } from './kills.ts';
import { requireStrace } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

test('an install that is killed at any change it makes leaves a site that works, and is settled whole', async () => {
  const killed = {
    state: 'depot',
    words: ['install', 'clock@1.0'],
    programs: { older: ['older answers'] },
  };
  const outcome = await killAtEach(fixture, killed);
  console.log(outcomeText(killed, outcome));
  expect(outcome.problems).toEqual([]);
  expect(outcome.killed.length).toBeGreaterThan(100);
  expect(outcome.undone).toBeGreaterThan(0);
  expect(outcome.done).toBeGreaterThan(0);
}, 280_000);
