/** Listings that no disk has ever seen, for the planner, which never looks at one. */
import fc from 'fast-check';
import type { Bytes } from '../../../src/bytes/bytes.ts';
import type { Attributes } from '../../../src/files/attributes.ts';
import { STRIDE, setRow, type Listing } from '../../../src/files/listing.ts';
import type { ObjectStat, ObjectType } from '../../../src/files/stat.ts';
import { ROOT_PLACE } from '../../../src/files/tree.ts';
import type { Directory } from '../../../src/lfu/plan/change.ts';
import type { RunFacts } from '../../../src/lfu/plan/facts.ts';

export interface Thing {
  readonly name: Bytes;
  readonly stat: ObjectStat;
  readonly target?: Bytes | undefined;
  readonly attributes?: Attributes | undefined;
}

export function listingOf(things: readonly Thing[]): Listing {
  const rows = new Int32Array(things.length * STRIDE);
  const targets = new Map<number, Bytes>();
  const attributes = new Map<number, Attributes>();
  for (const [index, thing] of things.entries()) {
    setRow(rows, index, thing.stat);
    if (thing.stat.type === 'l') targets.set(index, thing.target ?? ('target' as Bytes));
    if (thing.attributes !== undefined && thing.attributes.size > 0) {
      attributes.set(index, thing.attributes);
    }
  }
  const names = things.map((thing) => thing.name);
  return { names, rows, targets, attributes, failed: new Map() };
}

/** A directory in which few things have few properties, so that equal ones meet. */
export const things: fc.Arbitrary<readonly Thing[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', '\xff', '.lfu-0011223344556677', 'e.lfu-keep'),
      type: fc.constantFrom<ObjectType>('f', 'f', 'f', 'd', 'l', 'p', 'c'),
      mode: fc.constantFrom(0o644, 0o4755),
      uid: fc.nat(1),
      size: fc.constantFrom(0, 3, 2 ** 40),
      seconds: fc.constantFrom(-1, 1_000_000_000, 2 ** 33),
      nanoseconds: fc.constantFrom(0, 1),
      links: fc.constantFrom(1, 1, 2),
      inode: fc.bigInt(1n, 4n),
      target: fc.constantFrom('x', 'y'),
      attribute: fc.constantFrom(undefined, undefined, '1', '2'),
    }),
    { selector: ({ name }) => name, maxLength: 7 },
  )
  .map((all) =>
    all.map((one): Thing => {
      const time = { seconds: one.seconds, nanoseconds: one.nanoseconds };
      return {
        name: one.name as Bytes,
        target: one.target as Bytes,
        attributes:
          one.attribute === undefined
            ? undefined
            : new Map([['user.a' as Bytes, one.attribute as Bytes]]),
        stat: {
          type: one.type,
          mode: one.mode,
          uid: one.uid,
          gid: 0,
          links: one.links,
          size: one.type === 'f' ? one.size : 0,
          blocks: 0,
          inode: one.inode,
          device: 7n,
          major: one.type === 'c' ? one.uid : 0,
          minor: 0,
          mtime: time,
          atime: time,
          ctime: time,
        },
      };
    }),
  );

export const ROOT: Directory = { ...ROOT_PLACE, parent: undefined, want: undefined };

export const FACTS: RunFacts = {
  ownership: { copied: true, uid: 0, gid: 0 },
  master: '/master' as Bytes,
  slave: '/slave' as Bytes,
  host: 'host' as Bytes,
  arch: 'linux-x86_64' as Bytes,
};
