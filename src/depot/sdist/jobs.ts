/**
 * Builds that were sent to this host: `.admin/sdist/ID`, each with its order, its sources, its log and
 * what became of it. The process that builds has the directory locked as long as it lives, so that nobody
 * takes a build for running that was killed. After some days they are removed.
 */
import { closeSync } from 'node:fs';
import { b, bytes, compareBytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../../files/content.ts';
import { closeDir, listDir, openDir, openDirAt, withDir, type Dir } from '../../files/dir.ts';
import { errnoOf } from '../../files/error.ts';
import { linesFromEnd } from '../../files/from-end.ts';
import { isDirLocked, tryLockDir } from '../../files/lock.ts';
import { chownAt, makeDirAt, openFileAt, removeTreeAt, renameAt } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import { createWalker, makeDirs } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import { adminPath, type Site } from '../../site/site.ts';
import {
  isId,
  orderLine,
  outcomeOf,
  parseOrder,
  type BuildJob,
  type BuildOrder,
  type BuildOutcome,
} from './request.ts';

/** Names in the directory of a build. */
export const SOURCE = b`source`;
export const LOG = b`log`;
const ORDER = b`order.json`;
const RESULT = b`result.json`;
const JOBS = b`/.software/local/.admin/sdist`;
/** Before the sources are whole. */
const COMING = '.coming-';

/** Where a build's directory is. */
export function jobPath(site: Site, id: string): Bytes {
  return b`${adminPath(site, b`sdist`)}/${bytes(id)}`;
}

/** A directory that is being filled. */
export interface Coming {
  /** Of the sources, absolute. */
  readonly source: Bytes;
  /** Gives it its name: now it is a build. */
  readonly arrive: () => void;
  /** Takes all of it away. */
  readonly drop: () => void;
}

/**
 * Makes room for a build's sources, which belong to the account that builds.
 * @returns undefined when a build of this number is there already
 * @throws FileError
 */
export function prepareJob(
  site: Site,
  order: BuildOrder,
  builder: { readonly uid: number; readonly gid: number } | undefined,
): Coming | undefined {
  const dir = jobsDir(site);
  const [name, final] = [bytes(`${COMING}${order.id}`), bytes(order.id)];
  if (statAt(dir, final) !== undefined) {
    closeDir(dir);
    return undefined;
  }
  removeTreeAt(dir, name);
  makeDirAt(dir, name, 0o755);
  withDir(openDirAt(dir, name), (job) => {
    // what is not published yet is for nobody else to read
    makeDirAt(job, SOURCE, 0o700);
    if (builder !== undefined) chownAt(job, SOURCE, builder.uid, builder.gid);
    writeFileDurably(job, ORDER, bytes(orderLine(order)), 0o644);
  });
  return {
    source: b`${dir.path}/${name}/${SOURCE}`,
    arrive() {
      renameAt(dir, name, dir, final);
      closeDir(dir);
    },
    drop() {
      removeTreeAt(dir, name);
      closeDir(dir);
    },
  };
}

/** Opens and locks a build's directory, for who builds. @returns undefined when somebody does already */
export function claimJob(
  site: Site,
  id: string,
): { readonly dir: Dir; readonly order: BuildOrder } | undefined {
  const dir = openDir(jobPath(site, id));
  // who asks how it stands has it locked for a moment, too
  for (let tries = 0; !tryLockDir(dir); tries++) {
    if (tries >= 20) {
      closeDir(dir);
      return undefined;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  return { dir, order: parseOrder(toText(readAt(dir, ORDER))) };
}

/** Writes down what became of a build. */
export function finishJob(dir: Dir, outcome: BuildOutcome): void {
  writeFileDurably(dir, RESULT, bytes(`${JSON.stringify(outcome)}\n`), 0o644);
}

/** The builds that are here, the newest first; only those of some packages, by name or directory, when any are given. */
export function readJobs(site: Site, packages: readonly Bytes[] = []): readonly BuildJob[] {
  return namesOf(site)
    .filter((name) => isId(name))
    .toSorted((one, other) => compareBytes(other, one))
    .flatMap((id): BuildJob[] => {
      try {
        const job = readJob(site, id);
        const { name, directory } = job;
        const isAsked =
          packages.length === 0 || packages.some((each) => each === name || each === directory);
        return isAsked ? [job] : [];
      } catch (error) {
        // it is being removed, or is none
        if (error instanceof XhError) return [];
        throw error;
      }
    });
}

/** Removes builds that are older than `days` and do not run. @returns how many */
export function removeExpired(site: Site, days: number, now: number): number {
  const expired = namesOf(site).filter((name) => {
    const begun = timeOf(name.startsWith(COMING) ? name.slice(COMING.length) : name);
    return begun !== undefined && now - begun >= days * DAY;
  });
  if (expired.length === 0) return 0;
  return withDir(jobsDir(site), (dir) => {
    let removed = 0;
    for (const name of expired) {
      const job = openDirAt(dir, name);
      try {
        if (!tryLockDir(job)) continue;
        removeTreeAt(dir, name);
        removed++;
      } finally {
        closeDir(job);
      }
    }
    return removed;
  });
}

const DAY = 86_400_000;
/** What of a log is sent home. */
const TAIL_BYTES = 65_536;
const TAIL_LINES = 200;

/** Milliseconds since the epoch, by the number of a build. */
export function timeOf(id: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-/.exec(id) ?? [];
  const time = Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  return isId(id) && !Number.isNaN(time) ? time : undefined;
}

function readJob(site: Site, id: Bytes): BuildJob {
  return withDir(openDir(jobPath(site, id)), (dir) => {
    const order = parseOrder(toText(readAt(dir, ORDER)));
    const begun = statAt(dir, ORDER)?.mtime.seconds ?? 0;
    // before the lock is looked at: it may end just now
    const isRunning = isDirLocked(dir);
    const outcome = isRunning ? undefined : outcomeIn(dir);
    const state =
      outcome !== undefined
        ? outcome.status === 0
          ? 'done'
          : 'failed'
        : isRunning || Date.now() - begun * 1000 < STARTING
          ? 'running'
          : 'died';
    return {
      ...order,
      state,
      begun: begun * 1000,
      ...(outcome !== undefined && { outcome }),
      tail: tailOf(dir),
    };
  });
}

/** Milliseconds in which a build is begun. */
const STARTING = 30_000;

function outcomeIn(dir: Dir): BuildOutcome | undefined {
  if (statAt(dir, RESULT)?.type !== 'f') return undefined;
  try {
    return outcomeOf(JSON.parse(toText(readAt(dir, RESULT))));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function tailOf(dir: Dir): readonly string[] {
  if (statAt(dir, LOG)?.type !== 'f') return [];
  const fd = openFileAt(dir, LOG);
  try {
    const lines: string[] = [];
    let size = 0;
    for (const line of linesFromEnd(fd, b`${dir.path}/${LOG}`)) {
      size += line.length;
      if (lines.length >= TAIL_LINES || size > TAIL_BYTES) break;
      if (line !== '') lines.push(printable(line));
    }
    return lines.toReversed();
  } finally {
    closeSync(fd);
  }
}

function namesOf(site: Site): readonly Bytes[] {
  try {
    return withDir(openDir(adminPath(site, b`sdist`)), listDir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function jobsDir(site: Site): Dir {
  const walker = createWalker(site.root);
  try {
    makeDirs(walker, JOBS);
    const place = walker.locate(JOBS, { follow: true });
    return openDirAt(place.dir, place.name);
  } finally {
    walker.close();
  }
}
