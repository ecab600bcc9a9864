import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { refuseEach, type RefusalOutcome, type Refused } from './refusals.ts';
import { requireStrace } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

const ERRNOS = ['ENOSPC', 'EIO', 'EACCES'];

async function refuse(refused: Refused): Promise<RefusalOutcome> {
  const outcome = await refuseEach(fixture, refused);
  const { refusals, done } = outcome;
  console.log(`xh ${refused.words.slice(0, 2).join(' ')}: ${refusals} errors, ${done} harmless`);
  return outcome;
}

test('an install that the disk refuses any change says which and what to do, and is undone', async () => {
  const words = ['install', 'clock@1.0'];
  const { problems, refusals, done } = await refuse({
    state: 'depot',
    words,
    errnos: () => ERRNOS,
  });
  expect(problems).toEqual([]);
  expect(refusals).toBeGreaterThan(done);
}, 280_000);

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
    // each call once, with the errors in turn
    const errnos = (_: unknown, index: number) => ERRNOS.slice(index % 3, (index % 3) + 1);
    const { problems, refusals, done } = await refuse({ ...refused, errnos });
    expect(problems).toEqual([]);
    expect(refusals).toBeGreaterThan(done);
  },
  280_000,
);
