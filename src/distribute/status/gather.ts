/**
 * Records of many hosts put together from wherever they come. What a source hands over is believed only
 * as far as it can be: a record in another host's name, one that is older than one seen before, from the
 * future, unsigned where a key is known, or garbage is refused, and who sent it is named.
 */
import { printable, bytes } from '../../bytes/bytes.ts';
import type { PublicKey } from '../store/signed.ts';
import { LARGEST_RECORD, parseHostRecord, type HostRecord } from './host-record.ts';
import type { SeenHost } from './seen.ts';
import { bearsSignature } from './signed-record.ts';

/** What a source has of one host. */
export interface Found {
  /** The host that it is of, as the source makes sure of: its file's name, its subject, whom we asked. */
  readonly host: string;
  /** The record; absent when it could not be had. */
  readonly text?: string;
  /** When it was written or said, by a clock other than the host's: milliseconds since the epoch. */
  readonly heard?: number;
  /** Who owns the file that it stood in. */
  readonly owner?: number;
  /** Whether it is this host's own, from its own disk. */
  readonly own?: boolean;
  /** Why there is none, or why it is not even looked at. */
  readonly problem?: string;
}

export interface FoundRecords {
  readonly found: readonly Found[];
  /** What is wrong with the source itself, in sentences. */
  readonly problems: readonly string[];
}

/** Where records come from. */
export interface StatusSource {
  /** For messages. */
  readonly name: string;
  /** Reads what there is; what cannot be read is a problem, never an exception. */
  read(): Promise<FoundRecords>;
}

/** Why nothing is known of a host by a source. */
export interface Refusal {
  readonly via: string;
  /** `unreachable` when it did not answer; the others are of a record that is not believed. */
  readonly kind: 'unreachable' | 'garbage' | 'name' | 'signature' | 'future' | 'replayed' | 'owner';
  /** A sentence. */
  readonly message: string;
  readonly remedy: string;
}

export interface HeardHost {
  readonly host: string;
  readonly record?: HostRecord;
  /** When the record came to be, as far as can be known without trusting the host's clock. */
  readonly heard?: number;
  readonly via?: string;
  readonly refusals: readonly Refusal[];
}

export interface Gathering {
  /** In the order of their names. */
  readonly hosts: readonly HeardHost[];
  /** What is wrong with sources. */
  readonly problems: readonly string[];
  /** What to remember for the next time. */
  readonly seen: ReadonlyMap<string, SeenHost>;
}

export interface GatherOptions {
  /** Milliseconds since the epoch. */
  readonly now?: number;
  /** What was seen before. */
  readonly seen?: ReadonlyMap<string, SeenHost>;
  /** Hosts whose records have to be signed. */
  readonly keys?: ReadonlyMap<string, PublicKey>;
}

/** Reads all sources, at the same time, and judges what comes. Never throws for what a source or a host does. */
export async function gatherRecords(
  sources: readonly StatusSource[],
  { now = Date.now(), seen = new Map(), keys = new Map() }: GatherOptions = {},
): Promise<Gathering> {
  const answers = await Promise.all(
    sources.map(async (source) => ({ source, answer: await source.read() })),
  );
  const hosts = new Map<string, HeardHost>();
  const next = new Map(seen);
  for (const { source, answer } of answers) {
    for (const found of answer.found) {
      const context = { now, before: seen.get(found.host), key: keys.get(found.host) };
      const judged = judge(source.name, found, context);
      hosts.set(found.host, better(hosts.get(found.host), judged));
      remember(next, judged, found, now);
    }
  }
  const all = [...hosts.values()];
  return {
    hosts: all.toSorted((one, other) => (one.host < other.host ? -1 : 1)),
    problems: [...answers.flatMap(({ answer }) => answer.problems), ...clockProblem(all)],
    seen: next,
  };
}

interface JudgeContext {
  readonly now: number;
  readonly before: SeenHost | undefined;
  readonly key: PublicKey | undefined;
}

/** What is believed of one record. */
export function judge(
  via: string,
  { host, text, heard, owner, own = false, problem }: Found,
  { now, before, key }: JudgeContext,
): HeardHost {
  const refused = (kind: Refusal['kind'], message: string, remedy: string): HeardHost => ({
    host,
    refusals: [{ via, kind, message, remedy }],
  });
  if (text === undefined) {
    const why = problem ?? 'nothing came';
    return refused('unreachable', why, 'look whether it is up, and whether its xhier works');
  }
  if (problem !== undefined) {
    return refused('owner', problem, `have xh pull on ${host} write it anew as its own`);
  }
  if (owner !== undefined && before?.owner !== undefined && owner !== before.owner) {
    return refused(
      'owner',
      `its record belongs to the user ${owner}, and was of the user ${before.owner}: somebody else may have written it`,
      `look who did; when it is right: xh status --forget ${host}`,
    );
  }
  if (text.length > LARGEST_RECORD) {
    return refused(
      'garbage',
      `its record is larger than ${LARGEST_RECORD >> 20} MiB`,
      `look what ${host} writes`,
    );
  }
  const read = parseHostRecord(text);
  if ('problem' in read) {
    return refused(
      'garbage',
      `its record ${printable(bytes(read.problem))}`,
      `the next xh pull on ${host} writes it anew; if not, look what it writes`,
    );
  }
  const { record } = read;
  if (
    record.host !== host &&
    record.host.split('.')[0] !== host &&
    host.split('.')[0] !== record.host
  ) {
    return refused(
      'name',
      `it says that it is ${record.host}: nobody speaks for another host`,
      `look into ${host}: set status-name in its /etc/xhier.toml, or find out who writes in its place`,
    );
  }
  if (key !== undefined && !own && !bearsSignature(text, key)) {
    return refused(
      'signature',
      'its record is not signed with the key that is known of it (status-keys)',
      `is status-key set on ${host}, and the key that it names still the same?`,
    );
  }
  const ahead = Date.parse(record.time) - now;
  if (ahead > TOLERANCE) {
    return refused(
      'future',
      `its record is from the future, by ${Math.ceil(ahead / 60_000)} min`,
      `set the clock of ${host} (and look at the one here)`,
    );
  }
  if (before !== undefined && record.serial < before.serial) {
    return refused(
      'replayed',
      `its record has the number ${record.serial}, and ${before.serial} has been seen: it is an old one`,
      `somebody has put it back; when that was you (a backup): xh status --forget ${host}`,
    );
  }
  return { host, record, heard: heardAt(record, heard, before, now), via, refusals: [] };
}

/** The same record again is no news, whatever time its file has. */
function heardAt(
  { time, serial }: HostRecord,
  heard: number | undefined,
  before: SeenHost | undefined,
  now: number,
): number {
  const said = Math.min(heard ?? Date.parse(time), now);
  return before?.serial === serial && heard === undefined ? Math.min(before.heard, said) : said;
}

/** Of two accounts of a host the newer, with what was refused. */
function better(one: HeardHost | undefined, other: HeardHost): HeardHost {
  if (one === undefined) return other;
  const refusals = [...one.refusals, ...other.refusals];
  const newer = isNewer(other, one) ? other : one;
  return { ...newer, refusals };
}

function isNewer(one: HeardHost, other: HeardHost): boolean {
  const [serial, known] = [one.record?.serial ?? -1, other.record?.serial ?? -1];
  return serial === known ? (one.heard ?? 0) > (other.heard ?? 0) : serial > known;
}

function remember(
  seen: Map<string, SeenHost>,
  { record, heard }: HeardHost,
  { host, owner }: Found,
  now: number,
): void {
  if (record === undefined) return;
  const before = seen.get(host);
  if (before !== undefined && before.serial > record.serial) return;
  const known = owner ?? before?.owner;
  seen.set(host, {
    serial: record.serial,
    heard: Math.max(heard ?? now, before?.heard ?? 0),
    ...(known !== undefined && { owner: known }),
  });
}

/** When most are from the future, it is not they who are wrong. */
function clockProblem(hosts: readonly HeardHost[]): readonly string[] {
  const ahead = hosts.filter(({ refusals }) => refusals.some(({ kind }) => kind === 'future'));
  return ahead.length > 2 && ahead.length > hosts.length / 2
    ? [`${ahead.length} of ${hosts.length} hosts are ahead of the clock here: is it right?`]
    : [];
}

/** How far clocks may differ: milliseconds. */
const TOLERANCE = 10 * 60_000;
