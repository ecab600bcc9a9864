/**
 * What a host says of itself: which packages it has, at which revision, since when, and why not the
 * newest. It is written by the host alone and read by whoever gathers, who believes nothing about its form.
 */
import { compareBytes, toText, type Bytes } from '../../bytes/bytes.ts';
import { fromJsonText, toJsonText } from '../../host/json.ts';
import { packageNameProblem } from '../../package/name.ts';
import { isHostName } from '../../site/host-name.ts';
import { isCount, isTime } from '../store/head.ts';

/** What became of a package when it was pulled or installed last. */
export interface PackageOutcome {
  /** Its directory. */
  readonly package: Bytes;
  /** The revision that is on the host now; when absent, the one that was known before still is. */
  readonly revision?: number;
  readonly version?: Bytes;
  /**
   * `current`, `updated`, `new`, `frozen`, `attached`, `refused`, `failed`, `unreachable`, `installed`;
   * `removed` takes the package out of the record.
   */
  readonly result: string;
  /** Why, when it is not as it should be. */
  readonly message?: string;
  /** The revision that was offered, and is not here. */
  readonly wanted?: number;
  /** Of what is frozen: ISO 8601, UTC; absent: until it is thawed. */
  readonly frozenUntil?: string;
}

export interface PackageStatus extends PackageOutcome {
  /** Since when it is so: ISO 8601, UTC. */
  readonly since: string;
  /** When that was last seen. */
  readonly time: string;
}

export interface HostRecord {
  readonly format: 1;
  /** Its name, as others know it. */
  readonly host: string;
  readonly architecture: Bytes;
  /** The version of xhier that wrote it. */
  readonly xhier: string;
  /** By the host's own clock: ISO 8601, UTC. */
  readonly time: string;
  /** Grows each time that the record is written. */
  readonly serial: number;
  /** When a store last answered. */
  readonly reached?: string;
  /** When it is that none answers: since the first time, and why. */
  readonly alone?: { readonly since: string; readonly message?: string };
  /** In the order of their directories. */
  readonly packages: readonly PackageStatus[];
}

/** A record, or what is wrong with it: a sentence without its subject (`is no JSON, or cut off`). */
export type ReadRecord = { readonly record: HostRecord } | { readonly problem: string };

/** Bytes; a depot of 5,000 packages has room. */
export const LARGEST_RECORD = 1 << 20;

/** Results with which a package is as it should be. */
export function isInOrder(result: string): boolean {
  return IN_ORDER.has(result);
}

const IN_ORDER: ReadonlySet<string> = new Set([
  'current',
  'updated',
  'new',
  'attached',
  'installed',
]);

/** The text that {@link parseHostRecord} reads. */
export function recordText(record: HostRecord): string {
  return `${toJsonText(record)}\n`;
}

/** Reads a record that anybody may have written. Never throws. */
export function parseHostRecord(text: string): ReadRecord {
  if (text.length > LARGEST_RECORD)
    return { problem: `is larger than ${LARGEST_RECORD >> 20} MiB` };
  let value: unknown;
  try {
    value = fromJsonText(text);
  } catch {
    return { problem: text === '' ? 'is empty' : 'is no JSON, or cut off' };
  }
  return readHostRecord(value);
}

/** As {@link parseHostRecord}, of what JSON said. */
export function readHostRecord(value: unknown): ReadRecord {
  if (!isObject(value)) return { problem: 'is no JSON object' };
  const { format, host, architecture, xhier, time, serial, reached, alone, packages } = value;
  if (format !== 1) return { problem: `is of another version (${shown(format)})` };
  if (!isHostName(host)) return { problem: 'names no host' };
  if (!isWord(architecture)) return { problem: 'names no architecture' };
  if (!isWord(xhier)) return { problem: 'does not say which version of xhier wrote it' };
  if (!isTime(time)) return { problem: 'does not say when it was written' };
  if (!isCount(serial)) return { problem: 'has no serial number' };
  if (reached !== undefined && !isTime(reached)) return { problem: "'reached' is no time" };
  if (alone !== undefined && !isAlone(alone)) return { problem: "'alone' is no time" };
  if (!Array.isArray(packages)) return { problem: 'has no list of packages' };
  const wrong = packages.findIndex((each: unknown) => !isPackageStatus(each));
  if (wrong >= 0) return { problem: `its package ${wrong + 1} is none` };
  const list = (packages as PackageStatus[])
    .map(statusOf)
    .toSorted((one, other) => compareBytes(one.package, other.package));
  const twice = list.find(({ package: name }, i) => name === list[i - 1]?.package);
  if (twice !== undefined) return { problem: `has the package ${toText(twice.package)} twice` };
  return {
    record: {
      format: 1,
      host,
      architecture: architecture as Bytes,
      xhier,
      time,
      serial,
      ...(reached !== undefined && { reached }),
      ...(alone !== undefined && { alone }),
      packages: list,
    },
  };
}

/** Only the members that there are, whatever else somebody has written into it. */
function statusOf(status: PackageStatus): PackageStatus {
  const { package: name, result, since, time } = status;
  const { revision, version, message, wanted, frozenUntil } = status;
  return {
    package: pooled(name),
    ...(version !== undefined && { version: pooled(version) }),
    ...(revision !== undefined && { revision }),
    result: pooled(result),
    since: pooled(since),
    time: pooled(time),
    ...(wanted !== undefined && { wanted }),
    ...(frozenUntil !== undefined && { frozenUntil }),
    ...(message !== undefined && { message }),
  };
}

/** Ten thousand hosts name the same packages and versions: each text is kept once, and so compared at once. */
function pooled<Text extends string>(text: Text): Text {
  const known = pool.get(text);
  if (known !== undefined) return known as Text;
  if (pool.size >= MOST_POOLED) pool.clear();
  pool.set(text, text);
  return text;
}

const pool = new Map<string, string>();
const MOST_POOLED = 50_000;

function isPackageStatus(value: unknown): value is PackageStatus {
  if (!isObject(value)) return false;
  const { package: name, version, revision, result, since, time } = value;
  const { wanted, frozenUntil, message } = value;
  return (
    typeof name === 'string' &&
    packageNameProblem(name as Bytes) === undefined &&
    (version === undefined || isWord(version)) &&
    isRevision(revision) &&
    isRevision(wanted) &&
    typeof result === 'string' &&
    /^[a-z][a-z-]{0,31}$/.test(result) &&
    isKnownTime(since) &&
    isKnownTime(time) &&
    (frozenUntil === undefined || isTime(frozenUntil)) &&
    (message === undefined || (typeof message === 'string' && message.length <= LONGEST_MESSAGE))
  );
}

/** Most packages of a record were seen at the same time. */
function isKnownTime(value: unknown): boolean {
  return (typeof value === 'string' && times.has(value)) || isNewTime(value);
}

function isNewTime(value: unknown): boolean {
  if (!isTime(value)) return false;
  if (times.size >= MOST_POOLED) times.clear();
  times.add(value);
  return true;
}

const times = new Set<string>();

function isAlone(value: unknown): value is NonNullable<HostRecord['alone']> {
  if (!isObject(value)) return false;
  const { since, message } = value;
  return (
    isTime(since) &&
    (message === undefined || (typeof message === 'string' && message.length <= LONGEST_MESSAGE))
  );
}

function isRevision(value: unknown): boolean {
  return value === undefined || (isCount(value) && value > 0);
}

/** One printable word, as versions and architectures are. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e\x80-\xff]{1,128}$/.test(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 40);
}

/** Characters; what is longer is cut when it is written. */
export const LONGEST_MESSAGE = 500;
