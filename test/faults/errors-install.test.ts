import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { refuseEach } from './refusals.ts';
import { isSync, requireStrace } from './strace.ts';

/** Each call with each error, instead of each with one of them in turn. */
const SOAK = process.env['XHIER_SOAK'] === '1';

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
    errnos: (call, index) => {
      // a sync is not forbidden to anybody
      const all = isSync(call) ? ['EIO', 'ENOSPC'] : ['ENOSPC', 'EIO', 'EACCES'];
      return SOAK ? all : all.slice(index % all.length).slice(0, 1);
    },
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
