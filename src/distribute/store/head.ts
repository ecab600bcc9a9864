/**
 * The head of a package in a store: which trees are the package as it was published last, and in which
 * packs their small files are. It is the only thing about a package that changes, so it is signed, says
 * how long it may be believed, and has a number that only ever grows.
 */
import { bytes, toText, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { targetOf, targetText, type Target } from '../../package/targets.ts';
import { isHash, type Hash } from './hash.ts';
import {
  parseSigned,
  signedText,
  type JsonRecord,
  type Signed,
  type SigningKey,
} from './signed.ts';

/** A pack: an object that is the contents of small files one after the other. */
export interface PackReference {
  readonly pack: Hash;
  /** The object that says which files they are. */
  readonly index: Hash;
}

export interface Head {
  /** The package's directory: `NAME` or `NAME-VERSION`. */
  readonly package: Bytes;
  readonly version?: Bytes;
  /** The hosts that it is meant for; absent when it is for all. */
  readonly targets?: readonly Target[];
  /** From 1; each time something is published one more. */
  readonly revision: number;
  /** Times as ISO 8601 has them, in UTC. */
  readonly published: string;
  readonly expires: string;
  /** The listing of each tree, by `TYPE`, or `TYPE/ARCHITECTURE` where hosts differ. */
  readonly trees: ReadonlyMap<Bytes, Hash>;
  readonly packs: readonly PackReference[];
  /** Of all trees. */
  readonly objects: number;
  /** Of all files' data. */
  readonly bytes: number;
}

const FORMAT = 1;

export function headText(head: Head, keys: readonly SigningKey[]): string {
  return signedText('head', recordOf(head), keys);
}

/** What a head says; its signatures are still to be verified. @throws XhError E_STORE_RECORD */
export function parseHead(text: string): {
  readonly head: Head;
  readonly signed: Signed<JsonRecord>;
} {
  const signed = parseSigned(text);
  return { head: headIn(signed.record), signed };
}

function recordOf(head: Head): JsonRecord {
  return {
    format: FORMAT,
    package: toText(head.package),
    ...(head.version !== undefined && { version: toText(head.version) }),
    ...(head.targets !== undefined && {
      targets: head.targets.map((target) => toText(targetText(target))),
    }),
    revision: head.revision,
    published: head.published,
    expires: head.expires,
    trees: Object.fromEntries([...head.trees].map(([name, tree]) => [toText(name), tree])),
    packs: head.packs.map(({ pack, index }) => ({ pack, index })),
    objects: head.objects,
    bytes: head.bytes,
  };
}

function headIn(record: JsonRecord): Head {
  const { format, version, targets, revision, published, expires } = record;
  const { trees, packs, objects } = record;
  if (format !== FORMAT) throw unusable(`it is of another version (${JSON.stringify(format)})`);
  if (typeof record['package'] !== 'string') throw unusable('it names no package');
  if (version !== undefined && typeof version !== 'string')
    throw unusable('its version is no text');
  if (!isCount(revision) || revision === 0) throw unusable('it has no revision');
  if (!isTime(published) || !isTime(expires)) throw unusable('its times are none');
  if (!isCount(objects) || !isCount(record['bytes'])) throw unusable('its figures are none');
  if (typeof trees !== 'object' || trees === null) throw unusable('it has no trees');
  if (!Array.isArray(packs)) throw unusable('it has no list of packs');
  return {
    package: bytes(record['package']),
    ...(version !== undefined && { version: bytes(version) }),
    ...(targets !== undefined && { targets: targetsIn(targets) }),
    revision,
    published,
    expires,
    trees: new Map(
      Object.entries(trees).map(([name, tree]) => {
        if (typeof tree !== 'string' || !isHash(tree))
          throw unusable(`its tree ${name} is no hash`);
        return [bytes(name), tree];
      }),
    ),
    packs: packs.map(packIn),
    objects,
    bytes: record['bytes'],
  };
}

/** A target that is not understood is an error: else hosts would get what was not meant for them. */
function targetsIn(value: unknown): readonly Target[] {
  if (!Array.isArray(value)) throw unusable('its targets are no list');
  return value.map((word: unknown) => {
    const target = typeof word === 'string' ? targetOf(bytes(word)) : undefined;
    if (target === undefined) throw unusable(`${JSON.stringify(word)} is no target`);
    return target;
  });
}

function packIn(value: unknown): PackReference {
  const { pack, index } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof pack !== 'string' || !isHash(pack) || typeof index !== 'string' || !isHash(index)) {
    throw unusable('one of its packs has no hash');
  }
  return { pack, index };
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** `2026-11-22T02:30:00.000Z`, and nothing else. */
export function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value))
    return false;
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}

function unusable(what: string): XhError {
  return new XhError('E_STORE_HEAD', `a head of the store cannot be used: ${what}`, {
    remedy: 'fetch it from another store, or publish the package again',
  });
}
