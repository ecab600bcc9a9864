import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  killUpdate,
  makeLfuFixture,
  thinnedOut,
  type LfuFixture,
  type Update,
} from './lfu-runs.ts';
import { plantCrowd } from './lfu-trees.ts';
import { recordCalls, requireStrace } from './strace.ts';

beforeAll(requireStrace);

/** What is kept, given other owners, linked, filled, and what of it stays without the master. */
const RULES = `
name=replaced | name=lone | name=old | name=file2dir | name=dir2file | name=tool { keep; }
name=filled { fill; }
name=prog { chmod go-rx; chown 11; chgrp 12; }
path=grow/.* { newtime; }
path=new/deep/g { shadow; source /elsewhere; }
name=same-size { link; }
name=file2link { preserve; } name=dir2link { ignore; }
`;

describe.each([
  ['by native threads', {}, 4],
  ['by ourselves', { XHIER_NATIVE: 'no' }, 12],
] as const)('a slave whose update, %s, is killed at any change', (_, env, thin) => {
  let fixture: LfuFixture;
  beforeAll(() => {
    fixture = makeLfuFixture(env);
  });
  afterAll(() => {
    fixture.remove();
  });

  test('has each object old or new, and the next run makes it like the master', async () => {
    const [some, rights] = [thinnedOut(thin), betweenOwnerAndRights()];
    const which: Update['which'] = (call, index) => {
      const isChosen = some(call, index);
      return rights(call, index) || isChosen;
    };
    expect(await killUpdate(fixture, { options: [], which })).toEqual([]);
  }, 900_000);

  test('by rules: the same, and what is to be kept is there whole', async () => {
    const untimed = ['same-size', 'grow/data', 'new/deep/g'];
    const update = { options: ['-e', RULES], untimed, which: thinnedOut(2 * thin) };
    expect(await killUpdate(fixture, update)).toEqual([]);
    // nothing is made under the name of what is kept: it only changes hands
    const calls = await recordCalls(fixture.run(...update.options));
    const kept = calls.filter(({ shown }) => shown.includes('.lfu-keep'));
    expect(kept.length).toBeGreaterThan(4);
    expect(kept.filter(({ name }) => !/^(?:rename|link|unlink)/.test(name))).toEqual([]);
  }, 900_000);
});

/** Calls before which an object in its place has got its new owner, and nothing more perhaps. */
function betweenOwnerAndRights(): Update['which'] {
  let before = '';
  return ({ shown }) => {
    const isBetween = /^fchownat\((?!.*\.lfu-)/.test(before);
    before = shown;
    return isBetween;
  };
}

test('where names cannot be exchanged: the same, but for the moment between two renames', async () => {
  const fixture = makeLfuFixture({ XHIER_NATIVE: 'no' });
  onTestFinished(fixture.remove);
  const thin = thinnedOut(9);
  const update: Update = {
    options: [],
    always: ['renameat2:error=EINVAL'],
    // the number of what is opened is that of another run
    which: (call, index) => call.path === undefined && thin(call, index),
  };
  expect(await killUpdate(fixture, update)).toEqual([]);
}, 900_000);

test('many files that threads copy at once: the same', async () => {
  const fixture = makeLfuFixture({}, plantCrowd);
  onTestFinished(fixture.remove);
  const thin = thinnedOut(60);
  const which: Update['which'] = (call, index) => thin(call, index);
  expect(await killUpdate(fixture, { options: ['--jobs', '3'], which })).toEqual([]);
}, 900_000);
