/**
 * Which logs are rolled: those of this system, and those in `logs` of the packages' own trees on this
 * host. Links are not followed: what they lead to is somebody else's. Planned from what is there, then
 * done file by file; one that cannot be rolled is told, and keeps no other from it.
 */
import { spawnSync } from 'node:child_process';
import { b, compareBytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { isWithin, join, normalize } from '../../bytes/path.ts';
import { listDir, openDirAt, withDir } from '../../files/dir.ts';
import { unlinkIfPresent } from '../../files/names.ts';
import { rollLog } from '../../files/roll-log.ts';
import { statAt } from '../../files/stat.ts';
import type { Walker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import type { Finding } from '../../report/finding.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { compileGlob } from '../../site/glob.ts';
import type { Site } from '../../site/site.ts';

/** A file among logs, as it is found. */
export interface LogFile {
  /** Path inside the site, real. */
  readonly path: Bytes;
  /** Package directory; undefined for our own. */
  readonly package?: Bytes;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

export interface LogLimits {
  /** Bytes. */
  readonly size: number;
  /** Days; 0: size alone counts. */
  readonly age: number;
  /** Old files that are kept. */
  readonly keep: number;
  /** Days that old files are kept; 0: for ever. */
  readonly days: number;
}

export interface LogChange {
  /** `leave`: not rolled, and told: somebody else seems to roll it, and keeps more than we would. */
  readonly op: 'roll' | 'remove' | 'leave';
  readonly file: LogFile;
  readonly why: string;
}

/** What is rolled and what goes, in the order in which it is done. Pure. */
export function planLogs(
  files: readonly LogFile[],
  { size, age, keep, days }: LogLimits,
  now: number,
): readonly LogChange[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const changes: LogChange[] = [];
  for (const file of files) {
    if (isGeneration(file.path, byPath)) {
      const old = Math.floor((now - file.modified) / DAY);
      if (days > 0 && old >= days) changes.push({ op: 'remove', file, why: `${old} days old` });
    } else if (!COMPRESSED.test(file.path) && file.size > 0) {
      const last = byPath.get(b`${file.path}.1`);
      const isOld = age > 0 && (last === undefined || now - last.modified >= age * DAY);
      if (file.size < size && !isOld) continue;
      const why = file.size >= size ? `${file.size} bytes` : 'its time has come';
      const more = byPath.has(b`${file.path}.${keep + 1}`);
      changes.push({ op: more ? 'leave' : 'roll', file, why });
    }
  }
  return changes;
}

/** The logs of a site. Directories that cannot be read are left out. */
export function findLogs(walker: Walker, config: Config): readonly LogFile[] {
  const skip = config.values['logs.skip'].map((each) => compileGlob(each));
  const found = filesBelow(walker, OWN_LOGS, 0).filter(
    ({ path }) => !OWN_ROLLERS.some((each) => isWithinLog(each, path)),
  );
  const types = siteFileTypes(config).filter(isHostsOwn);
  for (const { name: type } of types) {
    const tree = b`/.software/${type}`;
    for (const directory of namesIn(walker, tree)) {
      if (directory.startsWith('.')) continue;
      const logs = filesBelow(walker, b`${tree}/${directory}/logs`, DEEPEST);
      for (const file of logs) {
        const shown = b`${directory}/${file.path.slice(`${tree}/${directory}/logs/`.length) as Bytes}`;
        if (!skip.some((glob) => glob.matches(shown))) found.push({ ...file, package: directory });
      }
    }
  }
  return found;
}

export interface Rolled {
  readonly done: readonly LogChange[];
  readonly findings: readonly Finding[];
}

/** Does what was planned. @param maintainersOf whom a package's findings concern */
export function rollLogs(
  site: Site,
  walker: Walker,
  config: Config,
  changes: readonly LogChange[],
  maintainersOf: (directory: Bytes) => readonly Bytes[],
): Rolled {
  const done: LogChange[] = [];
  const findings: Finding[] = [];
  const about = (directory: Bytes | undefined): Pick<Finding, 'subject' | 'package' | 'to'> =>
    directory === undefined
      ? { subject: 'host', to: [] }
      : { subject: 'package', package: directory, to: maintainersOf(directory) };
  for (const change of changes) {
    const shown = printable(change.file.path);
    if (change.op === 'leave') {
      findings.push({
        ...about(change.file.package),
        severity: 'warning',
        code: 'logs.more',
        key: change.file.path,
        text: `${shown} has grown to ${change.file.size} bytes and is not rolled: there are more old files of it than the ${config.values['logs.keep']} that are kept here`,
        remedy: `if its programs roll it themselves, add it to logs.skip in /etc/xhier.toml; else make logs.keep larger, or remove ${shown}.${config.values['logs.keep'] + 1} and older ones`,
      });
      continue;
    }
    try {
      if (carryOut(walker, change, config.values['logs.keep'])) done.push(change);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      findings.push({
        ...about(change.file.package),
        severity: 'problem',
        code: 'logs.roll',
        text: `${shown} could not be rolled: ${error.message}`,
        ...(error.remedy !== undefined && { remedy: error.remedy }),
      });
    }
  }
  const told = new Set(done.flatMap(({ op, file }) => (op === 'roll' ? (file.package ?? []) : [])));
  for (const directory of told) {
    const why = tell(site, config, directory);
    if (why === undefined) continue;
    findings.push({
      ...about(directory),
      severity: 'warning',
      code: 'logs.tell',
      text: `the logs of ${printable(directory)} were rolled, and its programs could not be told: ${why}`,
      remedy:
        "correct the command in [logs.tell] of /etc/xhier.toml, then restart the package's programs",
    });
  }
  return { done, findings };
}

const DAY = 86_400_000;
const OWN_LOGS = b`/.software/local/.admin/log`;
/** These have limits of their own. */
const OWN_ROLLERS: readonly Bytes[] = [b`${OWN_LOGS}/lfu.log`, b`${OWN_LOGS}/reports`];
/** So many levels below `logs`. */
const DEEPEST = 4;
const COMPRESSED = /\.(?:gz|xz|bz2|zst)$/;
/** Seconds that a command of `logs.tell` may take. */
const PATIENCE = 60;

/** `LOG.3` of a LOG that is there is an old file of it; everything else is a log itself. */
function isGeneration(path: Bytes, files: ReadonlyMap<Bytes, LogFile>): boolean {
  const [, log] = /^(.{1,4096})\.[1-9]\d{0,3}$/s.exec(path) ?? [];
  return log !== undefined && files.has(log as Bytes);
}

function isWithinLog(log: Bytes, path: Bytes): boolean {
  return path === log || path.startsWith(`${log}.`);
}

function carryOut(walker: Walker, { op, file }: LogChange, keep: number): boolean {
  const place = walker.tryLocate(file.path);
  if (place === undefined) return false;
  if (op === 'roll') return rollLog(place.dir, place.name, keep);
  if (statAt(place.dir, place.name)?.type !== 'f') return false;
  unlinkIfPresent(place.dir, place.name);
  return true;
}

/** @returns why it failed */
function tell(site: Site, config: Config, directory: Bytes): string | undefined {
  const command = config.values['logs.tell'].get(directory);
  if (command === undefined) return undefined;
  if (!config.values['refresh-on'].includes(normalize(site.root))) return undefined;
  const ended = spawnSync('/bin/sh', ['-c', toText(command)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: PATIENCE * 1000,
    env: { ...process.env, XH_ROOT: toText(site.root) },
  });
  if (ended.status === 0) return undefined;
  return ended.stderr.trim().split('\n')[0] || `status ${String(ended.status ?? ended.signal)}`;
}

function filesBelow(walker: Walker, directory: Bytes, deeper: number): LogFile[] {
  return namesIn(walker, directory).flatMap((name): LogFile[] => {
    // a hidden one is being made, or nobody's log
    if (name.startsWith('.')) return [];
    const path = join(directory, name);
    const stat = unlessBroken(() => walker.stat(path));
    if (stat?.type === 'd') return deeper > 0 ? filesBelow(walker, path, deeper - 1) : [];
    if (stat?.type !== 'f') return [];
    return [{ path, size: stat.size, modified: stat.mtime.seconds * 1000 }];
  });
}

/** The names in a directory that is one itself, in byte order. */
function namesIn(walker: Walker, directory: Bytes): readonly Bytes[] {
  return (
    unlessBroken(() => {
      // the trees of types may be links; what is below them may not
      const follow = !isWithin(OWN_LOGS, directory) && directory.split('/').length === 3;
      const place = walker.tryLocate(directory, { follow });
      if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
      return withDir(openDirAt(place.dir, place.name), listDir).toSorted(compareBytes);
    }) ?? []
  );
}

function unlessBroken<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}
