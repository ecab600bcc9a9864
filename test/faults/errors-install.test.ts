import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { refuseEach } from './refusals.ts';
import { isSync, requireStrace } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

test('an install that the disk refuses any change says which and what to do, and is undone', async () => {
  const problems = await refuseEach(fixture, {
    state: 'depot',
    words: ['install', 'clock@1.0'],
    // a sync is not forbidden to anybody
    errnos: (call) => (isSync(call) ? ['EIO', 'ENOSPC'] : ['ENOSPC', 'EIO', 'EACCES']),
  });
  expect(problems).toEqual([]);
}, 280_000);

test('an install whose changes the disk refuses takes back what its scripts have done', async () => {
  const problems = await refuseEach(fixture, {
    state: 'scripted depot',
    words: ['install', 'clock@1.0'],
    errnos: ({ name }) => (/^(?:rename|mkdir|symlink)/.test(name) ? ['EIO'] : []),
    next: (index) => index % 3 === 0,
  });
  expect(problems).toEqual([]);
}, 120_000);
