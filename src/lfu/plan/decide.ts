/** What the rules say of the objects of a listing. */
import type { Bytes } from '../../bytes/bytes.ts';
import { ROW, STRIDE, typeIn, type Listing } from '../../files/listing.ts';
import { pathBelow, type Place } from '../../files/tree.ts';
import type { Decision } from '../rules/decision.ts';
import type { RuleObject } from '../rules/object.ts';

/** What decides; a rule set does. */
export type Decide = (object: RuleObject) => Decision;

/** The decision on each object of `listing`, in its order. */
export function decideAll(decide: Decide, place: Place, listing: Listing): Decision[] {
  const object = emptyObject();
  return listing.names.map((_, index) => decide(describe(object, place, listing, index)));
}

/** The decision on object `index`. */
export function decideOne(decide: Decide, place: Place, listing: Listing, index: number): Decision {
  return decide(describe(emptyObject(), place, listing, index));
}

type Description = { -readonly [key in keyof RuleObject]: RuleObject[key] };

/** One description serves for all: making a million of them would take longer than the rules. */
function describe(object: Description, place: Place, listing: Listing, index: number): RuleObject {
  const { rows, names } = listing;
  const start = index * STRIDE;
  const unsigned = (offset: number): number => (rows[start + offset] ?? 0) >>> 0;
  const wide = (offset: number): number =>
    unsigned(offset) + (rows[start + offset + 1] ?? 0) * 2 ** 32;
  const name = names[index] ?? ('' as Bytes);
  object.name = name;
  object.path = pathBelow(place, name);
  object.type = typeIn(listing, index);
  object.mode = (rows[start] ?? 0) & 0o7777;
  object.uid = unsigned(ROW.uid);
  object.gid = unsigned(ROW.gid);
  object.size = wide(ROW.size);
  object.links = unsigned(ROW.links);
  object.mtime = wide(ROW.mtime) + unsigned(ROW.mtimeNanoseconds) / 1e9;
  object.atime = wide(ROW.atime) + unsigned(ROW.atimeNanoseconds) / 1e9;
  return object;
}

function emptyObject(): Description {
  return {
    name: '' as Bytes,
    path: '' as Bytes,
    type: 'f',
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    links: 0,
    mtime: 0,
    atime: 0,
  };
}
