/** Planning one directory is a function of what is there and what was decided, and of nothing else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../src/bytes/bytes.ts';
import { EMPTY_LISTING, statIn } from '../../../src/files/listing.ts';
import { ROOT_PLACE } from '../../../src/files/tree.ts';
import { isTemporary } from '../../../src/lfu/names.ts';
import type { LfuChange } from '../../../src/lfu/plan/change.ts';
import { planDirectory, type DirectoryInput } from '../../../src/lfu/plan/directory.ts';
import { resolveHardLinks } from '../../../src/lfu/plan/hard-links.ts';
import { inPhases, inTreeOrder, pathOf } from '../../../src/lfu/plan/order.ts';
import { DEFAULT, DISPOSITIONS, type Decision } from '../../../src/lfu/rules/decision.ts';
import { FACTS, ROOT, listingOf, things, type Thing } from './listings.ts';

function input(
  master: readonly Thing[],
  slave: readonly Thing[],
  decisions?: readonly Decision[],
): DirectoryInput {
  return {
    at: ROOT,
    from: ROOT_PLACE,
    master: listingOf(master),
    slave: listingOf(slave),
    decisions,
    followed: new Map(),
    compared: new Map(),
  };
}

function changes(planned: DirectoryInput): readonly LfuChange[] {
  const { steps } = planDirectory(planned, FACTS);
  return resolveHardLinks(inTreeOrder(steps)).filter((change) => change !== undefined);
}

test('what is written in a listing is what is read from it', () => {
  fc.assert(
    fc.property(things, (some) => {
      const listing = listingOf(some);
      expect(some.map((_, index) => statIn(listing, index))).toEqual(some.map(({ stat }) => stat));
    }),
  );
});

test('a directory beside its equal needs nothing', () => {
  fc.assert(
    fc.property(things, (some) => {
      const plan = planDirectory(input(some, some), FACTS);
      const parted = plan.steps.filter(({ change }) => change !== undefined);
      expect(parted).toEqual([]);
      // temporary objects are never the master's
      const names = plan.removals.map(({ index }) => some[index]?.name);
      expect(names.every((name) => name !== undefined && isTemporary(name))).toBe(true);
    }),
  );
});

test('the short way for unchanged objects leads where the long one does', () => {
  fc.assert(
    fc.property(things, things, fc.array(fc.boolean()), (master, slave, equal) => {
      // some of the slave's objects are the master's
      const mixed = slave.map(
        (thing, index) =>
          (equal[index] === true && master.find(({ name }) => name === thing.name)) || thing,
      );
      const long = master.map(() => ({ ...DEFAULT }));
      expect(changes(input(master, mixed))).toEqual(changes(input(master, mixed, long)));
    }),
  );
});

test('the order of a listing makes no difference', () => {
  fc.assert(
    fc.property(things, things, (master, slave) => {
      const turned = input(master.toReversed(), slave.toReversed());
      expect(inPhases(changes(turned))).toEqual(inPhases(changes(input(master, slave))));
    }),
  );
});

test('nothing that is given is changed', () => {
  fc.assert(
    fc.property(things, things, (master, slave) => {
      const given = input(master, slave);
      const before = structuredClone({ master: given.master, slave: given.slave });
      changes(given);
      expect({ master: given.master, slave: given.slave }).toEqual(before);
    }),
  );
});

describe('every object of either side', () => {
  const decision = fc.constantFrom(...DISPOSITIONS).map((disposition) => ({
    ...DEFAULT,
    disposition,
  }));

  test('is dealt with as its disposition says, and once', () => {
    fc.assert(
      fc.property(things, things, fc.array(decision, { minLength: 7 }), (master, slave, some) => {
        const decisions = master.map((_, index) => some[index] ?? DEFAULT);
        const planned = input(master, slave, decisions);
        const plan = planDirectory(planned, FACTS);
        const steps = changes(planned);
        const paths = steps.map((change) => pathOf(change));
        expect(new Set(paths).size).toBe(paths.length);
        for (const [index, thing] of master.entries()) {
          const ours = steps.filter((change) => change.name === thing.name);
          expect(verdict(thing, slave, decisions[index] ?? DEFAULT, ours, plan.removals)).toBe('');
        }
        for (const [index, { name }] of slave.entries()) {
          if (master.some((thing) => thing.name === name) && !isTemporary(name)) continue;
          expect(plan.removals).toContainEqual({ index, why: 'absent' });
        }
      }),
    );
  });
});

/** What is wrong with the changes to one name; nothing when they are what the design says. */
function verdict(
  thing: Thing,
  slave: readonly Thing[],
  { disposition }: Decision,
  ours: readonly LfuChange[],
  removals: readonly { readonly index: number; readonly why: string }[],
): string {
  const index = slave.findIndex(({ name }) => name === thing.name);
  const found = slave[index];
  const isRemoved = removals.some((removed) => removed.index === index && removed.why === 'rule');
  const [change] = ours;
  if (isTemporary(thing.name)) return ours.length === 0 ? '' : 'a temporary object was copied';
  switch (disposition) {
    case 'ignore':
    case 'error':
      return ours.length === 0 && !isRemoved ? '' : 'it was to be left alone';
    case 'delete':
      return ours.length === 0 && isRemoved === (found !== undefined) ? '' : 'it was to go';
    case 'link':
    case 'shadow':
      if (disposition === 'link' || thing.stat.type !== 'd') {
        const target = `/master/${thing.name}`;
        if (found?.stat.type === 'l' && found.target === target) return '';
        return change?.kind === 'link' && change.target === target ? '' : 'it was to be a link';
      }
      break;
    case 'update':
    case 'preserve':
      break;
  }
  if (found === undefined || found.stat.type !== thing.stat.type) {
    return change !== undefined && change.kind !== 'set' && change.type === thing.stat.type
      ? ''
      : 'it was to be made';
  }
  if (thing.stat.type === 'f' && found.stat.size !== thing.stat.size) {
    return change?.kind === 'copy' || change?.kind === 'join' ? '' : 'it was to be copied';
  }
  const differs = found.stat.mode !== thing.stat.mode || found.stat.uid !== thing.stat.uid;
  if (thing.stat.type !== 'l' && differs && ours.length === 0) return 'something was to be set';
  return isRemoved ? 'it was to stay' : '';
}

test('a directory that is not there yet gets everything but temporary objects', () => {
  fc.assert(
    fc.property(things, (master) => {
      const planned = { ...input(master, []), slave: EMPTY_LISTING };
      const made = changes(planned).map(({ name }) => name);
      const wanted = master.map(({ name }) => name).filter((name: Bytes) => !isTemporary(name));
      expect(made.toSorted()).toEqual(wanted.toSorted());
    }),
  );
});
