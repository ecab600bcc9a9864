/**
 * One lock per site root. flock(2): the kernel lets go when its holder dies, so a lock is never
 * stale; who holds it is written in the file for those who wait.
 */
import { closeSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { overwrite } from '../files/content.ts';
import { about, errnoOf } from '../files/error.ts';
import { LOCK, O, calls, cString } from '../files/kernel.ts';
import type { Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';

export interface LockHolder {
  readonly pid: number;
  readonly user: string;
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface LockOptions {
  /** Seconds to wait for another holder. */
  readonly timeout: number;
  /** The command that wants it, for those who wait for us. */
  readonly command: string;
  /** Another lock than that of the whole site, and what it is the lock of. */
  readonly of?: { readonly file: Bytes; readonly what: string };
  /** Called once when somebody else holds it. */
  readonly onWait?: (holder: LockHolder | undefined) => void;
}

export interface Lock {
  release(): void;
}

const LOCK_FILE = b`/.software/local/.admin/lock`;
/** Milliseconds between two tries. */
const RETRY = 100;

/**
 * Takes the site's lock, waiting for at most `timeout` seconds.
 * @throws XhError E_LOCKED (exit 5) naming the holder; FileError (exit 4) for whom the site is not to change
 */
export function takeLock(walker: Walker, options: LockOptions): Lock {
  const { file, what } = options.of ?? { file: LOCK_FILE, what: 'the site' };
  const { dir, name } = walker.locate(file, { follow: true });
  const path = b`${dir.path}/${name}`;
  // for nobody else to open: whoever can may hold it as long as he likes
  const flags = O.rdwr | O.creat | O.nofollow | O.cloexec;
  const fd = about(path, () => calls.openat(dir.fd, cString(name), flags, 0o600));
  const started = Date.now();
  let told = false;
  while (!tryLock(fd, path)) {
    const holder = readHolder(fd);
    const waited = Date.now() - started;
    // who has just got it may not have written who he is yet
    if (!told && (holder !== undefined || waited > 2 * RETRY)) {
      options.onWait?.(holder);
      told = true;
    }
    if (waited >= options.timeout * 1000) {
      closeSync(fd);
      throw locked(what, holder, options.timeout);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
  }
  note(fd, path, {
    pid: process.pid,
    user: userName(),
    command: options.command,
    since: new Date().toISOString(),
  });
  return {
    release() {
      note(fd, path, undefined);
      // closing lets go
      closeSync(fd);
    },
  };
}

/** `xh install foo (pid 12, user root, since …)`. */
export function holderText(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'another command';
  return `'${holder.command}' (pid ${holder.pid}, user ${holder.user}, since ${holder.since})`;
}

/** The account that runs this, for records and messages. */
export function userName(): string {
  try {
    return process.env['SUDO_USER'] ?? userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}

function tryLock(fd: number, path: Bytes): boolean {
  return about(path, () => {
    try {
      calls.flock(fd, LOCK.exclusive | LOCK.nonBlocking);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'EINTR') return false;
      throw error;
    }
  });
}

/** Writes who holds it. The lock is as good without, and taking back on a full disk must be possible. */
function note(fd: number, path: Bytes, holder: LockHolder | undefined): void {
  try {
    overwrite(fd, path, holder === undefined ? b`` : bytes(`${JSON.stringify(holder)}\n`));
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
  }
}

/** Who wrote himself down, if he is alive; one that was killed could not take it back. */
function readHolder(fd: number): LockHolder | undefined {
  try {
    const holder = JSON.parse(readFileSync(`/proc/self/fd/${fd}`, 'utf8')) as LockHolder;
    return isAlive(holder.pid) ? holder : undefined;
  } catch {
    // he may be writing just now: then nobody is named
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // somebody else's
    return errnoOf(error) === 'EPERM';
  }
}

function locked(what: string, holder: LockHolder | undefined, timeout: number): XhError {
  return new XhError(
    'E_LOCKED',
    `${what} is locked by ${holderText(holder)}; waited ${timeout} s`,
    { exit: EXIT.locked, remedy: 'try again later, or wait longer with --lock-timeout SECONDS' },
  );
}
