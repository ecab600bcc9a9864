import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { killEach } from './kills.ts';
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
  const problems = await killEach(fixture, {
    state: 'scripted depot',
    words: ['install', 'clock@1.0'],
    programs: { older: ['older answers'] },
  });
  expect(problems).toEqual([]);
}, 280_000);
