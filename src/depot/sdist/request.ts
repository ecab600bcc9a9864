/**
 * What goes between the one who sends sources and the masters who build them: lines of JSON. A request
 * is one line, and behind it an archive of tar(5); every answer is one line.
 */
import { fromJson, toJson, type Bytes, type JsonBytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { packageNameProblem, parsePackageDirectory, versionProblem } from '../../package/name.ts';

export const FORMAT = 1;

/** A build that is asked for. */
export interface BuildOrder {
  /** The same on all masters: `20261122T031700Z-1a2b3c4d`. */
  readonly id: string;
  readonly name: Bytes;
  readonly version?: Bytes;
  /** Below /software; with the version in it, where versions stand side by side. */
  readonly directory: Bytes;
  readonly target: string;
  /** More words for `xh make`. */
  readonly words: readonly string[];
  /** `jane@pub.example.org`. */
  readonly from: string;
  /** Bytes of the archive: tar takes one for whole that is cut off between two files. */
  readonly size: number;
}

/** What became of a build. */
export interface BuildOutcome {
  readonly status: number | null;
  /** Why it was ended, or could not begin. */
  readonly problem?: string;
  /** Milliseconds since the epoch. */
  readonly ended: number;
}

/** A build as a master tells of it. */
export interface BuildJob extends BuildOrder {
  readonly state: 'running' | 'done' | 'failed' | 'died';
  /** Milliseconds since the epoch, by the master's clock. */
  readonly begun: number;
  readonly outcome?: BuildOutcome;
  /** The end of what it has said, printable. */
  readonly tail: readonly string[];
}

export type Answer =
  | {
      readonly say: 'begun';
      readonly id: string;
      readonly host: string;
      readonly architecture: string;
    }
  | {
      readonly say: 'jobs';
      readonly host: string;
      readonly architecture: string;
      readonly jobs: readonly BuildJob[];
    }
  | {
      readonly say: 'error';
      readonly code: string;
      readonly message: string;
      readonly remedy?: string;
    };

/** One line, with its end. */
export function orderLine(order: BuildOrder): string {
  return `${JSON.stringify({ format: FORMAT, ...plainOrder(order) })}\n`;
}

/** @throws XhError E_SDIST_ORDER (exit 2) for what is no order */
export function parseOrder(line: string): BuildOrder {
  const value = objectOf(line);
  if (value['format'] !== FORMAT) {
    throw new XhError('E_SDIST_ORDER', 'this is no order of a build that this xhier understands', {
      exit: EXIT.usage,
      remedy: 'have the same version of xhier on both hosts',
    });
  }
  const order = orderOf(value);
  if (order !== undefined) return order;
  throw new XhError('E_SDIST_ORDER', 'the order of a build is not whole', { exit: EXIT.usage });
}

export function answerLine(answer: Answer): string {
  const plain =
    answer.say === 'jobs'
      ? { ...answer, jobs: answer.jobs.map((job) => ({ ...job, ...plainOrder(job) })) }
      : answer;
  return `${JSON.stringify(plain)}\n`;
}

/** What a master has said; undefined when it is nothing of the kind. Whatever else is in it is left out. */
export function parseAnswer(line: string): Answer | undefined {
  const value = objectOf(line);
  const { say, host, architecture } = value;
  if (say === 'error') {
    const { code, message, remedy } = value;
    if (typeof code !== 'string' || typeof message !== 'string') return undefined;
    return { say, code, message, ...(typeof remedy === 'string' && { remedy }) };
  }
  if (typeof host !== 'string' || typeof architecture !== 'string') return undefined;
  if (say === 'begun') {
    return isId(value['id']) ? { say, id: value['id'], host, architecture } : undefined;
  }
  if (say !== 'jobs' || !Array.isArray(value['jobs'])) return undefined;
  return { say, host, architecture, jobs: value['jobs'].flatMap(jobOf) };
}

/** What becomes the name of a directory there. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && /^\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(value);
}

/** What a build target may be called: a word that no program takes for an option. */
export function isTarget(word: unknown): word is string {
  return typeof word === 'string' && /^[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,99}$/.test(word);
}

/** What may follow the target: settings, never options. */
export function isSetting(word: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,99}=[^\n\0]{0,4000}$/.test(word);
}

function isSettingText(word: unknown): word is string {
  return typeof word === 'string' && isSetting(word);
}

function plainOrder(order: BuildOrder): Record<string, unknown> {
  const { name, version, directory, id, target, words, from, size } = order;
  return {
    id,
    name: toJson(name),
    ...(version !== undefined && { version: toJson(version) }),
    directory: toJson(directory),
    target,
    words,
    from,
    size,
  };
}

function orderOf(value: Readonly<Record<string, unknown>>): BuildOrder | undefined {
  const { id, target, words, from, size } = value;
  const name = bytesOf(value['name']);
  const directory = bytesOf(value['directory']);
  const version = bytesOf(value['version']);
  if (!isId(id) || !isTarget(target) || typeof from !== 'string') return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size)) return undefined;
  if (!Array.isArray(words) || !words.every(isSettingText)) return undefined;
  if (name === undefined || packageNameProblem(name) !== undefined) return undefined;
  if (directory === undefined || packageNameProblem(parsePackageDirectory(directory).name)) {
    return undefined;
  }
  if (version !== undefined && versionProblem(version) !== undefined) return undefined;
  if (directory.includes('/') || directory.startsWith('.')) return undefined;
  return {
    id,
    name,
    ...(version !== undefined && { version }),
    directory,
    target,
    words,
    from,
    size,
  };
}

function jobOf(value: unknown): BuildJob[] {
  if (typeof value !== 'object' || value === null) return [];
  const job = value as Readonly<Record<string, unknown>>;
  const order = orderOf(job);
  const state = (['running', 'done', 'failed', 'died'] as const).find(
    (each) => each === job['state'],
  );
  const { begun, tail } = job;
  if (order === undefined || state === undefined || typeof begun !== 'number') return [];
  const outcome = outcomeOf(job['outcome']);
  return [
    {
      ...order,
      state,
      begun,
      ...(outcome !== undefined && { outcome }),
      tail: Array.isArray(tail) ? tail.filter((line) => typeof line === 'string') : [],
    },
  ];
}

export function outcomeOf(value: unknown): BuildOutcome | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { status, problem, ended } = value as Readonly<Record<string, unknown>>;
  if (typeof ended !== 'number') return undefined;
  return {
    status: typeof status === 'number' ? status : null,
    ...(typeof problem === 'string' && { problem }),
    ended,
  };
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function bytesOf(value: unknown): Bytes | undefined {
  const isEncoded =
    typeof value === 'object' &&
    value !== null &&
    'base64' in value &&
    typeof value.base64 === 'string';
  return typeof value === 'string' || isEncoded ? fromJson(value as JsonBytes) : undefined;
}
