/** Pipes for children, and what else is open kept from them. */
import { readdirSync } from 'node:fs';
import { AT, O, calls, cString } from './kernel.ts';
import { b } from '../bytes/bytes.ts';
import { about, errnoOf } from './error.ts';

/** Two open files: what is written to the one is read from the other. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/**
 * A pipe, as pipe(2) makes them. Node gives its children sockets, which cannot be opened again by
 * their name: `echo >/dev/stderr` fails on one. `owner`: who may do that.
 */
export function openPipe(owner?: { readonly uid: number; readonly gid: number }): Pipe {
  return about(b`pipe`, () => {
    const ends = Buffer.alloc(8);
    calls.pipe2(ends, O.cloexec);
    const pipe = { read: ends.readInt32LE(0), write: ends.readInt32LE(4) };
    if (owner !== undefined) {
      calls.fchownat(pipe.write, cString(b``), owner.uid, owner.gid, AT.emptyPath);
    }
    return pipe;
  });
}

/** Another number for an open file, which stays open when the first one is closed. */
export function duplicate(fd: number): number {
  return about(b`open file`, () => calls.fcntl(fd, F_DUPFD_CLOEXEC, null));
}

const F_DUPFD_CLOEXEC = 1030;

/** Keeps from children what this process has been given by its parent beside the three streams. */
export function closeOnExec(): void {
  for (const name of openDescriptors()) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      calls.ioctl(fd, FIOCLEX, 0);
    } catch (error) {
      // the one that the list was read through
      if (errnoOf(error) !== 'EBADF') throw error;
    }
  }
}

/** asm-generic/ioctls.h; not on MIPS, PowerPC and SPARC, where Node's own care has to do. */
const FIOCLEX = 0x5451;
const GENERIC: ReadonlySet<string> = new Set(['x64', 'ia32', 'arm', 'arm64', 'riscv64', 's390x']);

function openDescriptors(): string[] {
  if (!GENERIC.has(process.arch)) return [];
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}
