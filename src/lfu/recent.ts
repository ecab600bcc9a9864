/**
 * What changed lately, from the log of the site: lines of text and of JSON, whichever it was written
 * in, read back into one form.
 */
import { closeSync } from 'node:fs';
import { b, fromJson, printable, toText, type Bytes, type JsonBytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import { listDir, type Dir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import { linesFromEnd } from '../files/from-end.ts';
import { openFileAt } from '../files/names.ts';
import { statOf } from '../files/stat.ts';
import { createWalker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Site } from '../site/site.ts';
import { LOG_DIRECTORY, LOG_NAME, logPath } from './update/log.ts';

/** A line of the log. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly master: Bytes;
  /** The first word: `copy`, `delete` …, `problem`, `examined`. */
  readonly verb: string;
  /** Below the slave. */
  readonly path: Bytes;
  /** What stands before the path: `f size,mtime`, or a problem's code. */
  readonly what: string;
  /** What stands behind it: ` -> TARGET`, or a problem's message. */
  readonly rest: string;
}

export interface RecentOptions {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Problems, times of directories, and what was only examined, too. */
  readonly all: boolean;
  /** Absolute paths; whatever is one of them or below one. Everything when there is none. */
  readonly paths: readonly Bytes[];
  /** The slave of a master. */
  readonly slaveOf: (master: Bytes) => Bytes | undefined;
}

/**
 * The entries that `options` ask for, the oldest first.
 * @throws XhError E_LFU_LOG when the log cannot be read
 */
export function recentEntries(site: Site, options: RecentOptions): readonly LogEntry[] {
  const since = new Date(Math.min(Math.max(options.since, 0), LATEST)).toISOString();
  const entries: LogEntry[] = [];
  let older = 0;
  for (const line of logFromEnd(site, options.since)) {
    if (stampOf(line) < since) {
      // clocks are set back now and then
      if (++older > SLACK) break;
      continue;
    }
    older = 0;
    const entry = parseLogLine(line);
    if (entry !== undefined && isAskedFor(entry, options)) entries.push(entry);
  }
  return entries.toReversed();
}

/** What a line of the log says; undefined when it is none. */
export function parseLogLine(line: Bytes): LogEntry | undefined {
  return line.startsWith('{') ? parseJson(line) : parseText(line);
}

/** What is no news for who uses the tree: the time of a directory follows from what came into it. */
function isAside({ verb, what }: LogEntry): boolean {
  return verb === 'problem' || verb === 'examined' || (verb === 'set' && what === 'd mtime');
}

function isAskedFor(entry: LogEntry, { since, all, paths, slaveOf }: RecentOptions): boolean {
  if (entry.time < since || (!all && isAside(entry))) return false;
  if (paths.length === 0) return true;
  const slave = slaveOf(entry.master);
  const path = slave === undefined ? b`/${entry.path}` : join(slave, entry.path);
  return paths.some((wanted) => isWithin(wanted, path));
}

/** When a line was written, as it says: times in this form are in order as texts. */
function stampOf(line: Bytes): string {
  const start = line.startsWith(JSON_STAMP) ? JSON_STAMP.length : 0;
  return line.slice(start, start + STAMP);
}

/** The lines of all files that were written to since then, the last first. */
function* logFromEnd(site: Site, since: number): Generator<Bytes> {
  const walker = createWalker(site.root);
  try {
    const place = walker.tryLocate(b`${LOG_DIRECTORY}/${LOG_NAME}`);
    if (place === undefined) return;
    for (const name of logNames(listDir(place.dir))) {
      const fd = openIfThere(place.dir, name);
      if (fd === undefined) continue;
      try {
        const { mtime } = statOf(fd, name);
        if (mtime.seconds * 1000 + 999 >= since) yield* linesFromEnd(fd, name);
      } finally {
        closeSync(fd);
      }
    }
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw new XhError('E_LFU_LOG', `the log cannot be read: ${error.message}`, {
      exit: EXIT.failed,
      place: { file: logPath(site) },
      cause: error,
    });
  } finally {
    walker.close();
  }
}

/** Those of a log, the newest first. */
function logNames(names: readonly Bytes[]): readonly Bytes[] {
  const number = (name: Bytes): number => Number(name.slice(LOG_NAME.length + 1));
  return names
    .filter((name) => name === LOG_NAME || /^lfu\.log\.[1-9]\d{0,2}$/.test(name))
    .toSorted((one, other) => number(one) - number(other));
}

function openIfThere(dir: Dir, name: Bytes): number | undefined {
  try {
    return openFileAt(dir, name);
  } catch (error) {
    // it has got another name just now
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** `TIME MASTER VERB …`, as `log.ts` writes it. */
function parseText(line: Bytes): LogEntry | undefined {
  const found = /^(\d{4}-[0-9T:.-]+Z) ([^ ]+) ([a-z]+) (.*)$/.exec(line);
  if (found === null) return undefined;
  const [, stamp = '', master = '', verb = '', text = ''] = found;
  const time = Date.parse(stamp);
  if (Number.isNaN(time)) return undefined;
  const base = { time, master: unprintable(master), verb };
  if (verb === 'examined') return { ...base, what: '', path: pathOf(text), rest: '' };
  if (verb === 'problem') {
    const [code = '', ...words] = text.split(' ');
    const [path = '', ...message] = words.join(' ').split(': ');
    return {
      ...base,
      what: code,
      path: pathOf(path),
      rest: `: ${toText(message.join(': ') as Bytes)}`,
    };
  }
  const [type = '', why = '', ...words] = text.split(' ');
  const sign = verb === 'join' ? ' = ' : verb === 'link' || verb === 'keep' ? ' -> ' : undefined;
  const whole = words.join(' ');
  const cut = sign === undefined ? -1 : whole.indexOf(sign);
  const end = cut < 0 ? whole.length : cut;
  return {
    ...base,
    what: `${type} ${why}`,
    path: pathOf(whole.slice(0, end)),
    rest: toText(whole.slice(end) as Bytes),
  };
}

interface JsonLine {
  readonly time?: string;
  readonly master?: JsonBytes;
  readonly change?: string;
  readonly type?: string;
  readonly why?: readonly string[];
  readonly path?: JsonBytes;
  readonly target?: JsonBytes;
  readonly to?: JsonBytes;
  readonly kept?: JsonBytes;
  readonly problem?: string;
  readonly message?: string;
  readonly examined?: JsonBytes;
}

function parseJson(line: Bytes): LogEntry | undefined {
  let found: JsonLine;
  try {
    found = JSON.parse(toText(line)) as JsonLine;
  } catch {
    // the end of a line is missing after a full disk
    return undefined;
  }
  const time = Date.parse(String(found.time));
  const path = found.path ?? found.examined;
  if (Number.isNaN(time) || found.master === undefined || path === undefined) return undefined;
  const base = { time, master: fromJson(found.master), path: fromJson(path) };
  if (found.examined !== undefined) return { ...base, verb: 'examined', what: '', rest: '' };
  if (found.problem !== undefined) {
    return { ...base, verb: 'problem', what: found.problem, rest: `: ${found.message ?? ''}` };
  }
  const { change = '', type = '', why = [], target, to, kept } = found;
  const behind = target ?? (change === 'keep' ? kept : undefined);
  const rest =
    to !== undefined
      ? ` = ${printable(fromJson(to))}`
      : behind === undefined
        ? ''
        : ` -> ${printable(fromJson(behind))}`;
  return { ...base, verb: change, what: `${type} ${why.join(',')}`, rest };
}

/** `.` is the root. */
function pathOf(shown: string): Bytes {
  return shown === '.' ? b`` : unprintable(shown);
}

/** `printable` backwards; what a line has of UTF-8 is bytes already. */
function unprintable(shown: string): Bytes {
  return shown.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, code?: string, letter = '') =>
    code === undefined
      ? (NAMED[String(letter)] ?? String(letter))
      : String.fromCharCode(Number.parseInt(code, 16)),
  ) as Bytes;
}

const NAMED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', e: '\u001b' };
/** What a line of JSON begins with, and the length of its time. */
const JSON_STAMP = '{"time":"';
const STAMP = '2026-03-01T02:00:07.123Z'.length;
/** So many older lines, one after the other, mean that there are only older ones before them. */
const SLACK = 1000;
/** The last time that a Date can be. */
const LATEST = 8.64e15;
