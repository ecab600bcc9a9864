/**
 * The lock that passwd(1), useradd(8), vipw(8) and systemd-sysusers take before they change accounts:
 * a record lock on `/etc/.pwd.lock`, see lckpwdf(3). Held while a plan that changes accounts is applied.
 */
import { closeSync } from 'node:fs';
import { b, type Bytes } from '../bytes/bytes.ts';
import { about, errnoOf } from '../files/error.ts';
import { calls, cString, O } from '../files/kernel.ts';
import { existsAt } from '../files/content.ts';
import { unlinkIfPresent } from '../files/names.ts';
import type { Located, Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';

const ACCOUNT_FILES: ReadonlySet<Bytes> = new Set([
  b`/etc/passwd`,
  b`/etc/group`,
  b`/etc/shadow`,
  b`/etc/gshadow`,
]);
const LOCK_FILE = b`/etc/.pwd.lock`;
/** Milliseconds: as long as lckpwdf(3) waits, and between two tries. */
const TIMEOUT = 15_000;
const RETRY = 50;

/**
 * Calls `work` with the lock held when one of `changes` is about accounts.
 * @throws XhError E_LOCKED (exit 5) when another program holds it for 15 seconds
 */
export function withAccountLock<T>(
  walker: Walker,
  changes: readonly { readonly path: Bytes }[],
  work: () => T,
): T {
  if (!changes.some(({ path }) => ACCOUNT_FILES.has(path))) return work();
  const place = walker.tryLocate(LOCK_FILE);
  // a site root without /etc has no accounts that anybody else could change
  if (place === undefined) return work();
  const isNew = !existsAt(place.dir, place.name);
  const fd = open(place);
  try {
    lock(fd);
    return work();
  } finally {
    // a host keeps its lock file for ever; below a site root it would be litter
    if (isNew && walker.root.path !== '/') {
      const again = walker.locate(LOCK_FILE);
      unlinkIfPresent(again.dir, again.name);
    }
    // closing lets go
    closeSync(fd);
  }
}

function open({ dir, name }: Located): number {
  const flags = O.rdwr | O.creat | O.nofollow | O.cloexec;
  return about(b`${dir.path}/${name}`, () => calls.openat(dir.fd, cString(name), flags, 0o600));
}

function lock(fd: number): void {
  const started = Date.now();
  while (!tryLock(fd)) {
    if (Date.now() - started >= TIMEOUT) throw locked(fd);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
  }
}

function tryLock(fd: number): boolean {
  try {
    calls.fcntl(fd, F_SETLK, wholeFile());
    return true;
  } catch (error) {
    if (['EAGAIN', 'EACCES', 'EINTR'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

function locked(fd: number): XhError {
  const held = wholeFile();
  calls.fcntl(fd, F_GETLK, held);
  const pid = held.readInt32LE(PID_AT);
  return new XhError(
    'E_LOCKED',
    `the accounts are being changed by ${pid > 0 ? `process ${pid}` : 'another program'}; waited ${TIMEOUT / 1000} s`,
    { exit: EXIT.locked, place: { file: LOCK_FILE }, remedy: 'try again when it has finished' },
  );
}

/** A `struct flock` for a write lock on everything: but for the type it is zero. */
function wholeFile(): Buffer {
  const flock = Buffer.alloc(32);
  flock.writeInt16LE(F_WRLCK, 0);
  return flock;
}

/** fcntl(2) on Linux with 64 bits; `l_pid` stands after two shorts, padding and two offsets. */
const F_GETLK = 5;
const F_SETLK = 6;
const F_WRLCK = 1;
const PID_AT = 24;
