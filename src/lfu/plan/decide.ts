/** What the rules say of the objects of a listing. */
import type { Bytes } from '../../bytes/bytes.ts';
import { ROW, STRIDE, typeIn, type Listing } from '../../files/listing.ts';
import { pathBelow, type Place } from '../../files/tree.ts';
import type { Decision } from '../rules/decision.ts';
import type { ObjectType, RuleObject } from '../rules/object.ts';

/** What decides; a rule set does. */
export type Decide = (object: RuleObject) => Decision;

/** What deciding looks at. */
type Described = Pick<Listing, 'names' | 'rows'>;

/** The decision on each object of `listing`, in its order. */
export function decideAll(decide: Decide, place: Place, listing: Described): Decision[] {
  const object = new Description(place);
  return listing.names.map((_, index) => decide(object.describe(listing, index)));
}

/** The decision on object `index`. */
export function decideOne(
  decide: Decide,
  place: Place,
  listing: Described,
  index: number,
): Decision {
  return decide(new Description(place).describe(listing, index));
}

/** One description serves for all: making a million of them would take longer than the rules. */
class Description implements RuleObject {
  name = '' as Bytes;
  type: ObjectType = 'f';
  mode = 0;
  uid = 0;
  gid = 0;
  size = 0;
  links = 0;
  mtime = 0;
  atime = 0;
  readonly #place: Place;
  #path: Bytes | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Put together when a rule asks for it. */
  get path(): Bytes {
    return (this.#path ??= pathBelow(this.#place, this.name));
  }

  describe({ rows, names }: Described, index: number): this {
    const start = index * STRIDE;
    this.name = names[index] ?? ('' as Bytes);
    this.#path = undefined;
    this.type = typeIn({ rows }, index);
    this.mode = (rows[start] ?? 0) & 0o7777;
    this.uid = unsigned(rows, start + ROW.uid);
    this.gid = unsigned(rows, start + ROW.gid);
    this.size = wide(rows, start + ROW.size);
    this.links = unsigned(rows, start + ROW.links);
    this.mtime = wide(rows, start + ROW.mtime) + unsigned(rows, start + ROW.mtimeNanoseconds) / 1e9;
    this.atime = wide(rows, start + ROW.atime) + unsigned(rows, start + ROW.atimeNanoseconds) / 1e9;
    return this;
  }
}

function unsigned(rows: Int32Array, at: number): number {
  return (rows[at] ?? 0) >>> 0;
}

function wide(rows: Int32Array, at: number): number {
  return unsigned(rows, at) + (rows[at + 1] ?? 0) * 2 ** 32;
}
