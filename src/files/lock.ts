/**
 * Locks on open directories by flock(2): the kernel lets go when the holder dies, so none is ever
 * stale, and nothing has to be written down, since the kernel also tells who holds one.
 */
import { readFileSync } from 'node:fs';
import { fromBuffer, slice, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';
import type { Dir } from './dir.ts';
import { about, errnoOf } from './error.ts';
import { LOCK, calls } from './kernel.ts';
import { statOf } from './stat.ts';

export interface DirHolder {
  readonly pid: number;
  /** The program and its arguments; undefined when that is not for us to know. */
  readonly command: Bytes | undefined;
  /** When it was started, in milliseconds since the epoch. */
  readonly since: number | undefined;
}

/**
 * Locks `dir` until its handle is closed.
 * @returns false when somebody else has it locked
 * @throws FileError where the file system has no locks
 */
export function tryLockDir(dir: Dir): boolean {
  return about(dir.path, () => {
    try {
      calls.flock(dir.fd, LOCK.exclusive | LOCK.nonBlocking);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return false;
      throw error;
    }
  });
}

/**
 * Whether somebody has `dir` locked. For a moment it is shared with others who ask: who wants the lock
 * just then may not get it, and tries again.
 */
export function isDirLocked(dir: Dir): boolean {
  return about(dir.path, () => {
    try {
      calls.flock(dir.fd, LOCK.shared | LOCK.nonBlocking);
      calls.flock(dir.fd, LOCK.unlock);
      return false;
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return true;
      throw error;
    }
  });
}

/** Who has `dir` locked, by proc_locks(5); undefined when the kernel does not tell. */
export function holderOf(dir: Dir): DirHolder | undefined {
  const { inode, device } = statOf(dir.fd, dir.path);
  const hex = (number: bigint): string => number.toString(16).padStart(2, '0');
  const wanted = `${hex(device >> 32n)}:${hex(device & 0xffff_ffffn)}:${inode}`;
  for (const line of (textOf('/proc/locks') ?? '').split('\n')) {
    const [, pid, object] = /^\d+: FLOCK +\S+ +\S+ +(\d+) +(\S+) /.exec(line) ?? [];
    // 0 is a process of another container
    if (object === wanted && pid !== undefined && pid !== '0') return holder(Number(pid));
  }
  return undefined;
}

function holder(pid: number): DirHolder {
  const words = textOf(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
  return { pid, command: words.length === 0 ? undefined : commandOf(words), since: startOf(pid) };
}

/** What is run by an interpreter is known by its own name: `lfu update`. */
function commandOf([program = '', ...words]: readonly string[]): Bytes {
  const name = basename(program as Bytes);
  const script = name === 'node' ? words.findIndex((word) => !word.startsWith('-')) : -1;
  const shown =
    script < 0
      ? [name, ...words]
      : [
          basename((words[script] ?? '') as Bytes).replace(/\.[cm]?[jt]s$/, ''),
          ...words.slice(script + 1),
        ];
  return shown.join(' ') as Bytes;
}

/** By proc_pid_stat(5) and proc_uptime(5). */
function startOf(pid: number): number | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const uptime = Number.parseFloat(textOf('/proc/uptime') ?? '');
  // a program's name may have blanks and brackets
  const fields = stat && slice(stat, stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields?.[START_TIME]);
  const seconds = uptime - ticks / TICKS;
  return Number.isFinite(seconds) ? Date.now() - seconds * 1000 : undefined;
}

function textOf(path: string): Bytes | undefined {
  try {
    return fromBuffer(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** Counted from the third field. */
const START_TIME = 19;
/** A second, for all architectures of Linux that Node runs on. */
const TICKS = 100;
