import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  makeLfuFixture,
  refuseUpdate,
  thinnedOut,
  type LfuFixture,
  type Update,
} from './lfu-runs.ts';
import { isSync, requireStrace } from './strace.ts';

beforeAll(requireStrace);

const ERRNOS = ['ENOSPC', 'EIO', 'EACCES', 'EDQUOT', 'EMFILE', 'ENFILE', 'EROFS'];

test('a sync that fails costs the file that was to be durable', async () => {
  const fixture = makeLfuFixture();
  onTestFinished(fixture.remove);
  const thin = thinnedOut(6);
  const which: Update['which'] = (call, index) => isSync(call) && thin(call, index);
  const update = { options: ['--fsync'], which };
  expect(await refuseUpdate(fixture, update, ['EIO', 'ENOSPC'])).toEqual([]);
}, 300_000);

describe.each([
  ['by native threads', {}, 4],
  ['by ourselves', { XHIER_NATIVE: 'no' }, 12],
] as const)('a slave on which any change, %s, is refused', (_, env, thin) => {
  let fixture: LfuFixture;
  beforeAll(() => {
    fixture = makeLfuFixture(env);
  });
  afterAll(() => {
    fixture.remove();
  });

  test('gets everything else, what it does not get is told, and the next run makes up for it', async () => {
    const update = { options: [], which: thinnedOut(thin) };
    expect(await refuseUpdate(fixture, update, ERRNOS)).toEqual([]);
  }, 900_000);
});
