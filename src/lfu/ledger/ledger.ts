/**
 * A ledger in memory: which master supplied what of one slave tree, and who else offers it. Of the
 * directories that nobody asks about there is nothing but the text of the file.
 */
import { slice, type Bytes } from '../../bytes/bytes.ts';
import { basename, dirname } from '../../bytes/path.ts';
import {
  encodeGroups,
  encodeLedger,
  groupsIn,
  type LedgerContent,
  type LedgerMaster,
  type State,
} from './format.ts';

/** The names of one directory and what is known of each. */
export type Entries = ReadonlyMap<Bytes, State>;

export class Ledger {
  readonly slave: Bytes;
  /** Whether it ever had several masters, or may have had. */
  shared: boolean;
  /** By number; undefined for one that was forgotten. */
  readonly masters: (LedgerMaster | undefined)[];
  readonly #states: State[];
  readonly #numbers = new Map<string, number>();
  readonly #directories: Map<Bytes, Bytes>;
  /** Undefined after a directory was added. */
  #order: readonly Bytes[] | undefined;
  readonly #entries = new Map<Bytes, Entries>();

  constructor(content: LedgerContent) {
    this.slave = content.slave;
    this.shared = content.shared;
    this.masters = [...content.masters];
    this.#states = [...content.states];
    for (const [number, state] of this.#states.entries()) this.#numbers.set(keyOf(state), number);
    this.#directories = new Map(content.directories);
    this.#order = [...content.directories.keys()];
  }

  /** The number of the master called `name`. */
  find(name: Bytes): number | undefined {
    const number = this.masters.findIndex((master) => master?.name === name);
    return number < 0 ? undefined : number;
  }

  /** What is known of the object at `path`, which is not the root. */
  entry(path: Bytes): State | undefined {
    return this.entries(parentOf(path)).get(basename(path));
  }

  entries(directory: Bytes): Entries {
    const known = this.#entries.get(directory);
    if (known !== undefined) return known;
    const entries = this.read(this.#directories.get(directory) ?? NONE);
    if (this.#entries.size >= KEPT) this.#entries.clear();
    this.#entries.set(directory, entries);
    return entries;
  }

  /** What a text of {@link write} says. */
  read(text: Bytes): Entries {
    const entries = new Map<Bytes, State>();
    for (const { state, names } of groupsIn(text)) {
      const found = this.#states[state];
      if (found === undefined || isNothing(found)) continue;
      for (const name of names.split('/')) entries.set(name as Bytes, found);
    }
    return entries;
  }

  /** Names and states as they stand in the file: a fraction of what a map takes. */
  write(entries: Iterable<readonly [Bytes, State]>): Bytes {
    const groups = new Map<number, Bytes[]>();
    for (const [name, state] of entries) {
      if (isNothing(state)) continue;
      const number = this.#number(state);
      const group = groups.get(number);
      if (group === undefined) groups.set(number, [name]);
      else group.push(name);
    }
    return encodeGroups([...groups].map(([state, names]) => ({ state, names })));
  }

  /** The same where all names are in one state. */
  writeAlike(names: readonly Bytes[], state: State): Bytes {
    if (names.length === 0 || isNothing(state)) return NONE;
    return encodeGroups([{ state: this.#number(state), names }]);
  }

  /** The groups of a directory, without taking their names apart. */
  *groups(directory: Bytes): Generator<{ readonly state: State; readonly names: Bytes }> {
    for (const { state, names } of groupsIn(this.#directories.get(directory) ?? NONE)) {
      const found = this.#states[state];
      if (found !== undefined && !isNothing(found)) yield { state: found, names };
    }
  }

  has(directory: Bytes): boolean {
    return this.#directories.has(directory);
  }

  /** All directories of which something is known, in the order of the tree. */
  directories(): Iterable<Bytes> {
    return this.below(NONE);
  }

  /** `directory` and those below it, as far as something is known of them. */
  *below(directory: Bytes): Generator<Bytes> {
    const order = (this.#order ??= this.#sorted());
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareInTree(order[middle] ?? NONE, directory) < 0) low = middle + 1;
      else high = middle;
    }
    const prefix = directory === '' ? '' : `${directory}/`;
    for (let i = low; i < order.length; i++) {
      const path = order[i] ?? NONE;
      if (path !== directory && !path.startsWith(prefix)) return;
      if (this.#directories.has(path)) yield path;
    }
  }

  /** Whether something is left that nobody of the configuration supplies in place of master `number`. */
  needs(number: number): boolean {
    const isConfigured = (other: number): boolean => this.masters[other]?.order !== undefined;
    for (const path of this.#directories.keys()) {
      for (const { state } of this.groups(path)) {
        const { supplier, offers } = state;
        if (supplier === number) return true;
        if (offers.includes(number) && !offers.some(isConfigured)) return true;
      }
    }
    return false;
  }

  /** From now on master `number` is none, and what it alone supplied is nobody's. */
  forget(number: number): void {
    for (const [index, state] of this.#states.entries()) {
      const rest = withoutOffer(state, number);
      this.#states[index] = rest.supplier === number ? { ...rest, supplier: -1 } : rest;
    }
    this.#numbers.clear();
    for (const [index, state] of this.#states.entries()) this.#numbers.set(keyOf(state), index);
    this.#entries.clear();
    this.masters[number] = undefined;
  }

  /** Whether master `number` has anything to do with something in `directory` or below it. */
  involves(directory: Bytes, number: number): boolean {
    for (const path of this.below(directory)) {
      for (const { state } of this.groups(path)) if (isInvolved(state, number)) return true;
    }
    return false;
  }

  /** Replaces what is known of a directory by a text of {@link write}. */
  set(directory: Bytes, text: Bytes): void {
    this.#entries.delete(directory);
    if (text === '') this.#directories.delete(directory);
    else {
      if (!this.#directories.has(directory)) this.#order = undefined;
      this.#directories.set(directory, text);
    }
  }

  /** Forgets what is in `directory` and below it. */
  remove(directory: Bytes): void {
    // collected first: what is gone through may not change meanwhile
    const paths = Array.from(this.below(directory));
    for (const path of paths) {
      this.#directories.delete(path);
      this.#entries.delete(path);
    }
  }

  /** The file. */
  encode(): Buffer {
    const order = (this.#order ??= this.#sorted());
    const directories = new Map<Bytes, Bytes>();
    for (const path of order) {
      const names = this.#directories.get(path);
      if (names !== undefined) directories.set(path, names);
    }
    const { slave, shared, masters } = this;
    return encodeLedger({ slave, shared, masters, states: this.#states, directories });
  }

  #number(state: State): number {
    const key = keyOf(state);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#states.push(state) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  #sorted(): readonly Bytes[] {
    // no byte of a name is less than what stands for the slash
    const keys = [...this.#directories.keys()].map((path) => path.replaceAll('/', '\0'));
    return keys.toSorted().map((key) => key.replaceAll('\0', '/') as Bytes);
  }
}

/** A ledger that knows nothing. */
export function emptyLedger(slave: Bytes, options: { readonly shared?: boolean } = {}): Ledger {
  return new Ledger({
    slave,
    shared: options.shared === true,
    masters: [],
    states: [],
    directories: new Map(),
  });
}

/** The directory of `path`; the root's path is empty. */
export function parentOf(path: Bytes): Bytes {
  return path.includes('/') ? dirname(path) : NONE;
}

export function isInvolved({ supplier, offers }: State, number: number): boolean {
  return supplier === number || offers.includes(number);
}

/** `state` once `number` offers the object, too. */
export function withOffer(state: State, number: number): State {
  if (state.offers.includes(number)) return state;
  return { ...state, offers: [...state.offers, number].toSorted((a, c) => a - c) };
}

/** `state` once `number` does not offer the object any more. */
export function withoutOffer(state: State, number: number): State {
  if (!state.offers.includes(number)) return state;
  return { ...state, offers: state.offers.filter((each) => each !== number) };
}

export function isSameState(one: State | undefined, other: State | undefined): boolean {
  return one === other || (one && keyOf(one)) === (other && keyOf(other));
}

/** Of whom nobody knows anything there is nothing to write. */
export function isNothing({ supplier, offers }: State): boolean {
  return supplier < 0 && offers.length === 0;
}

function keyOf({ supplier, offers }: State): string {
  return `${supplier} ${offers.join(' ')}`;
}

/** Orders paths as the tree does. */
function compareInTree(one: Bytes, other: Bytes): number {
  const most = Math.min(one.length, other.length);
  for (let i = 0; i < most; i++) {
    if (one[i] === other[i]) continue;
    if (one[i] === '/') return -1;
    if (other[i] === '/') return 1;
    return slice(one, i, i + 1) < slice(other, i, i + 1) ? -1 : 1;
  }
  return one.length - other.length;
}

const NONE = '' as Bytes;
/** Directories whose names are kept taken apart. */
const KEPT = 1000;
