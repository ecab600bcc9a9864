/**
 * What has come in since the last report: new lines of logs, and what hosts say that they have done.
 * An hourly report shows what nobody has said anything about; what can wait is kept for the daily one,
 * which shows it all once more.
 */
import { b, bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../../files/content.ts';
import { statAt } from '../../files/stat.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import type { HeardHost } from '../../distribute/status/gather.ts';
import type { PackageStatus } from '../../distribute/status/host-record.ts';
import {
  digestLines,
  digestRules,
  joinDigests,
  type Digest,
  type SourcedLine,
} from '../../report/digest.ts';
import { REPORTS } from '../../report/known.ts';
import { newLines, type Cursor } from '../../report/new-lines.ts';
import { REPORT_LOG } from '../../report/send.ts';
import type { Config } from '../../site/config.ts';
import { findLogs } from '../maintenance/logs.ts';
import { NO_DIGEST, parseIncoming, type IncomingState, type ToldRecord } from './incoming-state.ts';

export interface Incoming {
  /** What is to be shown. */
  readonly digest: Digest;
  /** Logs that could not be read, and what was passed over. */
  readonly problems: readonly string[];
  readonly next: IncomingState;
}

export type ReportKind = 'hourly' | 'daily';

/** Reads what is new; changes nothing. Logs that cannot be read are problems, never exceptions. */
export function readIncoming(
  walker: Walker,
  config: Config,
  heard: readonly HeardHost[],
  { kind, before }: { readonly kind: ReportKind; readonly before: IncomingState },
): Incoming {
  const logs = readLogs(walker, config, before);
  const { 'report.drop': drop, 'report.wait': wait } = config.values;
  const rules = digestRules(drop.map(toText), wait.map(toText));
  const fresh = digestLines([...hostLines(heard, before), ...logs.lines], rules);
  const day = bounded(joinDigests([before.day, fresh]));
  return {
    digest: kind === 'daily' ? day : { ...fresh, waiting: [] },
    problems: logs.problems,
    next: {
      logs: logs.cursors,
      hosts: toldHosts(heard, before),
      day: kind === 'daily' ? NO_DIGEST : day,
    },
  };
}

/** How far the last report has come; from the beginning where that cannot be read. */
export function readIncomingState(walker: Walker): IncomingState {
  try {
    const place = walker.tryLocate(FILE, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return NO_STATE;
    return parseIncoming(toText(readAt(place.dir, place.name))) ?? NO_STATE;
  } catch (error) {
    if (error instanceof XhError) return NO_STATE;
    throw error;
  }
}

/** @throws FileError */
export function writeIncomingState(walker: Walker, { logs, hosts, day }: IncomingState): void {
  makeDirs(walker, REPORTS);
  const { dir, name } = walker.locate(FILE, { follow: true });
  const state = {
    format: 1,
    logs: Object.fromEntries(logs),
    hosts: Object.fromEntries(hosts),
    day,
  };
  // what is in logs is not for everybody
  writeFileDurably(dir, name, Buffer.from(`${JSON.stringify(state)}\n`), 0o600);
}

/** What hosts have done since they were last told of. */
export function hostLines(
  heard: readonly HeardHost[],
  { hosts }: Pick<IncomingState, 'hosts'>,
): readonly SourcedLine[] {
  return heard.flatMap(({ host, record }) => {
    if (record === undefined) return [];
    const told = hosts.get(host);
    if (told === undefined)
      return [{ source: HOSTS, line: `${host}: heard from for the first time` }];
    if (told.serial === record.serial) return [];
    return record.packages
      .filter(({ since }) => since > told.time)
      .map((status) => ({ source: HOSTS, line: `${host}: ${statusText(status)}` }));
  });
}

function statusText({ package: name, result, revision, message }: PackageStatus): string {
  const number = revision === undefined ? '' : `, revision ${revision}`;
  const why = message === undefined ? '' : `: ${message.split('\n')[0] ?? ''}`;
  return `${printable(name)} ${result}${number}${why}`;
}

function toldHosts(
  heard: readonly HeardHost[],
  { hosts }: IncomingState,
): ReadonlyMap<string, ToldRecord> {
  const told = new Map(hosts);
  for (const { host, record } of heard) {
    if (record !== undefined) told.set(host, { serial: record.serial, time: record.time });
  }
  return told;
}

interface ReadLogs {
  readonly lines: readonly SourcedLine[];
  readonly cursors: ReadonlyMap<string, Cursor>;
  readonly problems: readonly string[];
}

function readLogs(walker: Walker, config: Config, { logs }: IncomingState): ReadLogs {
  const lines: SourcedLine[] = [];
  const cursors = new Map<string, Cursor>();
  const problems: string[] = [];
  for (const { path, source } of logsOf(walker, config)) {
    const key = toText(path);
    const known = logs.get(key);
    try {
      const { dir, name } = walker.locate(path, { follow: true });
      const read = newLines(dir, name, known);
      if (read === undefined) {
        problems.push(`${source}: there is no such log`);
        continue;
      }
      for (const line of read.lines) lines.push({ source, line });
      cursors.set(key, read.cursor);
      if (read.skipped > 0) {
        problems.push(`${source}: ${read.skipped} bytes were passed over: it grows too fast`);
      }
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      problems.push(`${source}: ${error.message}`);
      if (known !== undefined) cursors.set(key, known);
    }
  }
  return { lines, cursors, problems };
}

/** Without what was rolled, which is read with its log, and without what we have mailed ourselves. */
function logsOf(
  walker: Walker,
  config: Config,
): readonly { readonly path: Bytes; readonly source: string }[] {
  const found = findLogs(walker, config)
    .filter(({ path }) => !/\.\d+(?:\.[a-z0-9]{1,4})?$/.test(path) && path !== REPORT_LOG)
    .map(({ path, package: name }) => {
      const file = path.slice(path.lastIndexOf('/') + 1) as Bytes;
      return { path, source: printable(name === undefined ? file : b`${name}/${file}`) };
    });
  const named = config.values['report.logs'].map((path) => ({ path, source: printable(path) }));
  return [...named, ...found.filter(({ path }) => !named.some((each) => each.path === path))];
}

/** A day in which everything is new is no reason for a record without end. */
function bounded({ unknown, waiting, dropped }: Digest): Digest {
  return { unknown: unknown.slice(0, MOST), waiting: waiting.slice(0, MOST), dropped };
}

const NO_STATE: IncomingState = { logs: new Map(), hosts: new Map(), day: NO_DIGEST };
const FILE = b`${REPORTS}/${bytes('incoming.json')}`;
const HOSTS = 'hosts';
const MOST = 5000;
