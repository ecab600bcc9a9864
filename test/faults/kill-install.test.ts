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

// again when a call cannot be hit: the interpreter's own writes come between, now more, now less
const OPTIONS = { retry: 2, timeout: 280_000 };

test(
  'an install that is killed at any change it makes leaves a site that works, and is settled whole',
  OPTIONS,
  async () => {
    const problems = await killEach(fixture, {
      state: 'scripted depot',
      words: ['install', 'clock@1.0'],
      programs: { older: ['older answers'] },
    });
    expect(problems).toEqual([]);
  },
);
