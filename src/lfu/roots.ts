/** The two roots: opened, proven to be two trees side by side, the slave locked. */
import { realpathSync } from 'node:fs';
import { b, bytes, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, isWithin, join, normalize } from '../bytes/path.ts';
import { attributesHeld, isCarried } from '../files/attributes.ts';
import { closeDir, openDir, openDirAt, type Dir } from '../files/dir.ts';
import { about, errnoOf } from '../files/error.ts';
import { tryLockDir } from '../files/lock.ts';
import { makeDirAt } from '../files/names.ts';
import { sameObject, statAt, statOf } from '../files/stat.ts';
import { EXIT, XhError } from '../message/error.ts';
import { lockedError } from './locked.ts';
import type { RootObject } from './plan/input.ts';
import { insideError } from './plan/refusals.ts';

export interface Root {
  readonly dir: Dir;
  /** Absolute, as named: what links and commands are told. */
  readonly name: Bytes;
  /** Absolute, without links. */
  readonly path: Bytes;
}

export interface SlaveRoot {
  /** Undefined when it is not there yet. */
  readonly dir: Dir | undefined;
  /** The directory that it is, or is to be, in. */
  readonly parent: Dir;
  readonly name: Bytes;
  readonly path: Bytes;
}

/** @throws XhError exit 2 when there is no such directory, exit 3 when it cannot be entered */
export function openMaster(given: Bytes): Root {
  const name = absolute(given);
  try {
    return { dir: openDir(name), name, path: realPath(name) };
  } catch (error) {
    throw rootError('master', name, error);
  }
}

/** @throws XhError exit 2 when it is no directory and cannot become one, exit 3 when it cannot be entered */
export function openSlave(given: Bytes): SlaveRoot {
  const name = absolute(given);
  try {
    const dir = openIfThere(name);
    if (dir !== undefined) {
      return { dir, parent: openDirAt(dir, b`..`), name, path: realPath(name) };
    }
    const parent = openDir(dirname(name));
    return { dir: undefined, parent, name, path: join(realPath(dirname(name)), basename(name)) };
  } catch (error) {
    throw rootError('slave', name, error);
  }
}

/**
 * Refuses a tree that is the other or stands in it: by path, and by going up from both, since a
 * mount can give one directory two paths.
 */
export function refuseNested(master: Root, slave: SlaveRoot): void {
  const nested =
    isWithin(master.path, slave.path) ||
    isWithin(slave.path, master.path) ||
    standsIn(slave.dir ?? slave.parent, master.dir) ||
    (slave.dir !== undefined && standsIn(master.dir, slave.dir));
  if (nested) throw insideError(master.name, slave.name);
}

/** Makes the slave's root, which is not there yet; only we can enter it until it is what it is to be. */
export function makeSlave(slave: SlaveRoot): Dir {
  const name = basename(slave.name);
  makeDirAt(slave.parent, name, 0o700);
  return openDirAt(slave.parent, name);
}

/**
 * Locks the slave against another run until its handle is closed. Where the file system has no
 * locks there is none.
 * @throws XhError exit 3 when another run has it
 */
export function lockSlave(dir: Dir, name: Bytes): void {
  let isOurs: boolean;
  try {
    isOurs = tryLockDir(dir);
  } catch (error) {
    if (error instanceof XhError) return;
    throw error;
  }
  if (!isOurs) throw lockedError(dir, name);
}

/** What a root itself is. */
export function rootObject(dir: Dir, privileged: boolean): RootObject {
  const all = attributesHeld(dir.fd, dir.path);
  const carried = [...all].filter(([name]) => isCarried(name, privileged));
  return { stat: statOf(dir.fd, dir.path), attributes: new Map(carried) };
}

function openIfThere(name: Bytes): Dir | undefined {
  try {
    return openDir(name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    // a link to nothing is no place for a new directory
    const parent = openDir(dirname(name));
    try {
      if (statAt(parent, basename(name)) !== undefined) throw error;
    } finally {
      closeDir(parent);
    }
    return undefined;
  }
}

/** Whether `dir` is `tree` or below it. */
function standsIn(dir: Dir, tree: Dir): boolean {
  const wanted = statOf(tree.fd, tree.path);
  let at = dir;
  for (;;) {
    const here = statOf(at.fd, at.path);
    if (sameObject(here, wanted)) return close(at, dir, true);
    const above = openDirAt(at, b`..`);
    close(at, dir, false);
    if (sameObject(statOf(above.fd, above.path), here)) return close(above, dir, false);
    at = above;
  }
}

function close(at: Dir, dir: Dir, answer: boolean): boolean {
  if (at !== dir) closeDir(at);
  return answer;
}

function absolute(given: Bytes): Bytes {
  if (given.startsWith('/')) return normalize(given);
  return normalize(join(workingDirectory(), b`/${given}`));
}

function workingDirectory(): Bytes {
  return bytes(process.cwd());
}

function realPath(name: Bytes): Bytes {
  return about(name, () => fromBuffer(realpathSync.native(toBuffer(name), { encoding: 'buffer' })));
}

function rootError(what: 'master' | 'slave', name: Bytes, error: unknown): unknown {
  if (!(error instanceof XhError)) return error;
  const isWrong = WRONG.has(errnoOf(error) ?? '');
  return new XhError(error.code, `the ${what} cannot be used: ${error.message}`, {
    exit: isWrong ? EXIT.usage : EXIT.refused,
    place: { file: name },
    remedy: !isWrong
      ? `nothing was touched; ${error.remedy ?? 'mount or repair it and run the command again'}`
      : what === 'master'
        ? 'name a directory that is there'
        : 'name a directory, or a name in a directory that is there',
    cause: error,
  });
}

/** Not there, or no directory. */
const WRONG: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
