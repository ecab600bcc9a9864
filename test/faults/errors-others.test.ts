import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { refuseEach, type Refused } from './refusals.ts';
import { isSync, requireStrace } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

const ERRNOS = ['ENOSPC', 'EIO', 'EACCES'];

const OTHERS: Readonly<Record<string, (software: string) => Omit<Refused, 'errnos'>>> = {
  'an uninstall': () => ({ state: 'installed', words: ['uninstall', 'clock-1.0'] }),
  'a switch of versions': () => ({ state: 'installed', words: ['use', 'clock@2.0'] }),
  'mending links': () => ({ state: 'astray', words: ['make-links'] }),
  'a rollback': () => ({ state: 'installed', words: ['rollback'] }),
  'making a package': (software) => ({
    state: 'depot',
    words: ['mkpkg', 'tool', '--from', join(software, 'tool')],
  }),
};

test.each(Object.keys(OTHERS))(
  '%s that the disk refuses any change says which and what to do, and is undone',
  async (name) => {
    const refused = OTHERS[name]?.(fixture.software);
    if (refused === undefined) throw new Error(name);
    const problems = await refuseEach(fixture, {
      ...refused,
      // each call once, with the errors in turn; syncs with the install
      errnos: (call, index) => (isSync(call) ? [] : ERRNOS.slice(index % 3, (index % 3) + 1)),
      next: (index) => index % 3 === 0,
    });
    expect(problems).toEqual([]);
  },
  280_000,
);
