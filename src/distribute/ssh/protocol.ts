/**
 * What the two ends of a connection say to each other. The one who has packages offers them; the other
 * one, who decides what becomes of them, asks for records, listings and data, and tells how it goes.
 */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { fromJsonText, toJsonText } from '../../host/json.ts';
import { packageNameProblem } from '../../package/name.ts';
import { domainProblem } from '../../site/domain.ts';
import { isHostName } from '../../site/host-name.ts';
import { broken, type Frame } from './frames.ts';

/** Said by the one who gets, at once. */
export interface ReceiverHello {
  readonly say: 'hello';
  /** Of xhier. */
  readonly xhier: string;
  readonly host: string;
  /** What it runs, best first. */
  readonly architectures: readonly string[];
  readonly domains: readonly string[];
}

/** Said by the one who gives, at once. */
export interface SenderHello {
  readonly say: 'offer';
  readonly xhier: string;
  /** What he calls himself. */
  readonly host: string;
  /** What he calls the other one. */
  readonly you: string;
  readonly packages: readonly Bytes[];
  /** Whether nothing is to be changed. */
  readonly dryRun: boolean;
  /** The hosts to go on to, when it is to be gone on. */
  readonly below?: readonly BelowHost[];
  /** The hosts that it has come by. */
  readonly way: readonly string[];
}

/** A host below the one who gets: what of it one may be told by others. */
export interface BelowHost {
  readonly host: string;
  readonly via: string;
  readonly address?: string;
  readonly user?: string;
  readonly port?: number;
  readonly domains?: readonly string[];
}

export interface Read {
  readonly say: 'read';
  readonly id: number;
  readonly path: Bytes;
  readonly offset?: number;
  readonly length?: number;
}

/** Answers to a read that has no data. */
export type NoContent =
  | { readonly say: 'absent'; readonly id: number }
  | { readonly say: 'unreadable'; readonly id: number; readonly message: string };

/** What became of a package. */
export interface FarOutcome {
  readonly package: Bytes;
  readonly revision?: number;
  readonly result: string;
  readonly message?: string;
  readonly remedy?: string;
}

/** Why something could not be done at all. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** What became of a host further down. */
export interface FarHost {
  readonly host: string;
  /** The hosts by which it was reached, from the top. */
  readonly way: readonly string[];
  readonly outcomes: readonly FarOutcome[];
  readonly reason?: Reason;
}

export type Message =
  | ReceiverHello
  | SenderHello
  | Read
  | NoContent
  | {
      readonly say: 'progress';
      readonly doing: string;
      readonly done: number;
      readonly total?: number;
    }
  | ({ readonly say: 'outcome' } & FarOutcome)
  | ({ readonly say: 'host' } & FarHost)
  /** The last of the one who gets. */
  | { readonly say: 'end'; readonly reason?: Reason };

export function messageFrame(message: Message): Frame {
  return { kind: 'message', text: toJsonText(message) };
}

/** @throws XhError E_CHANNEL for anything that is no message */
export function parseMessage(text: string): Message {
  let value: unknown;
  try {
    value = fromJsonText(text);
  } catch {
    throw broken('something has come that is no message');
  }
  const message = messageIn(fieldsOf(value));
  if (message === undefined) {
    throw broken(
      `a message has come that is not understood: ${printable(bytes(text.slice(0, 80)))}`,
    );
  }
  return message;
}

type Fields = Readonly<Record<string, unknown>>;

function messageIn(fields: Fields): Message | undefined {
  const { say, id } = fields;
  switch (say) {
    case 'hello': {
      const { xhier, host, architectures, domains } = fields;
      if (!isLine(xhier) || !isLine(host)) return undefined;
      if (!isListOf(architectures, isLine) || !isListOf(domains, isDomain)) return undefined;
      return { say, xhier, host, architectures, domains };
    }
    case 'offer': {
      const { xhier, host, you, packages, dryRun, below, way } = fields;
      if (!isLine(xhier) || !isLine(host) || !isLine(you) || typeof dryRun !== 'boolean')
        return undefined;
      if (!isListOf(packages, isPackage) || !isListOf(way, isLine)) return undefined;
      if (below !== undefined && !isListOf(below, isBelow)) return undefined;
      return {
        say,
        xhier,
        host,
        you,
        packages,
        dryRun,
        way,
        ...(below !== undefined && { below }),
      };
    }
    case 'read': {
      const { path, offset, length } = fields;
      if (!isCount(id) || typeof path !== 'string') return undefined;
      if (offset === undefined && length === undefined) return { say, id, path: path as Bytes };
      if (!isCount(offset) || !isCount(length)) return undefined;
      return { say, id, path: path as Bytes, offset, length };
    }
    case 'absent':
      return isCount(id) ? { say, id } : undefined;
    case 'unreadable': {
      const { message } = fields;
      return isCount(id) && typeof message === 'string' ? { say, id, message } : undefined;
    }
    case 'progress': {
      const { doing, done, total } = fields;
      if (!isLine(doing) || !isCount(done)) return undefined;
      return { say, doing, done, ...(isCount(total) && { total }) };
    }
    case 'outcome': {
      const outcome = outcomeIn(fields);
      return outcome === undefined ? undefined : { say, ...outcome };
    }
    case 'host': {
      const { host, way, outcomes, reason } = fields;
      if (!isLine(host) || !isListOf(way, isLine) || !Array.isArray(outcomes)) return undefined;
      const read = outcomes.map((each: unknown) => outcomeIn(fieldsOf(each)));
      if (!isListOf(read, (each) => each !== undefined)) return undefined;
      const why = reasonIn(reason);
      return {
        say,
        host,
        way,
        outcomes: read as readonly FarOutcome[],
        ...(why !== undefined && { reason: why }),
      };
    }
    case 'end': {
      const reason = reasonIn(fields['reason']);
      return { say, ...(reason !== undefined && { reason }) };
    }
    default:
      return undefined;
  }
}

function outcomeIn(fields: Fields): FarOutcome | undefined {
  const { package: directory, revision, result, message, remedy } = fields;
  if (!isPackage(directory) || !isLine(result)) return undefined;
  return {
    package: directory,
    result,
    ...(isCount(revision) && { revision }),
    ...(typeof message === 'string' && { message: message.slice(0, LONG) }),
    ...(typeof remedy === 'string' && { remedy: remedy.slice(0, LONG) }),
  };
}

function reasonIn(value: unknown): Reason | undefined {
  const { code, message, remedy } = fieldsOf(value);
  if (!isLine(code) || typeof message !== 'string') return undefined;
  return {
    code,
    message: message.slice(0, LONG),
    ...(typeof remedy === 'string' && { remedy: remedy.slice(0, LONG) }),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A short text on one line. */
function isLine(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 253 && !/[\0-\x1f\x7f]/.test(value);
}

function isDomain(value: unknown): value is string {
  return isLine(value) && domainProblem(bytes(value)) === undefined;
}

function isPackage(value: unknown): value is Bytes {
  return typeof value === 'string' && packageNameProblem(value as Bytes) === undefined;
}

function isBelow(value: unknown): value is BelowHost {
  const { host, via, address, user, port, domains } = fieldsOf(value);
  const isWord = (word: unknown): boolean =>
    word === undefined ||
    (typeof word === 'string' && /^[A-Za-z0-9_:][A-Za-z0-9_.:@%+-]{0,252}$/.test(word));
  return (
    isHostName(host) &&
    isHostName(via) &&
    isWord(address) &&
    isWord(user) &&
    (port === undefined || (isCount(port) && port > 0 && port < 65_536)) &&
    (domains === undefined || isListOf(domains, isDomain))
  );
}

function isListOf<T>(value: unknown, is: (each: unknown) => each is T): value is readonly T[];
function isListOf(value: unknown, is: (each: unknown) => boolean): boolean;
function isListOf(value: unknown, is: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MANY && value.every(is);
}

const MANY = 100_000;
/** Of what somebody is told. */
const LONG = 4000;
