import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { killAtEach } from './kills.ts';
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
  const found = await killAtEach(fixture, { state: 'depot', words: ['install', 'clock@1.0'] });
  expect(found).toEqual([]);
}, 280_000);
