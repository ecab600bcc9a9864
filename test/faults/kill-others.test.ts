import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { changesSomething, killAtEach, type Killed } from './kills.ts';
import { requireStrace } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
});
afterAll(() => {
  fixture.remove();
});

/** Nothing is different before and after a sync: these calls are for the install alone. */
const which = changesSomething;
const clock = ['clock 1.0', 'clock 2.0'];

const COMMANDS: Readonly<Record<string, (software: string) => Killed>> = {
  uninstall: () => ({ which, state: 'installed', words: ['uninstall', 'clock-1.0'] }),
  'a switch of versions': () => ({
    which,
    state: 'installed',
    words: ['use', 'clock@2.0'],
    programs: { clock },
  }),
  'mending links': () => ({ which, state: 'astray', words: ['make-links'] }),
  rollback: () => ({ which, state: 'installed', words: ['rollback'] }),
  mkpkg: (software) => ({
    which,
    state: 'depot',
    words: ['mkpkg', 'tool', '--from', join(software, 'tool')],
  }),
  'an import in place of a package': (software) => ({
    which,
    state: 'installed',
    words: ['import', '--replace', '--name', 'older', '--version', '3', join(software, 'newer')],
    programs: { older: ['older answers', 'newer answers'], clock },
  }),
};

test.each(Object.keys(COMMANDS))(
  '%s that is killed at any change it makes leaves a site that works, and is settled whole',
  async (name) => {
    const killed = COMMANDS[name]?.(fixture.software);
    expect(killed && (await killAtEach(fixture, killed))).toEqual([]);
  },
  280_000,
);
