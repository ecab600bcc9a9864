/** Which files processes execute, or have mapped, now: from /proc, as far as we may look. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { fromBuffer, split, type Bytes } from '../bytes/bytes.ts';
import type { Identity } from './tree.ts';

export interface RunningFiles {
  /** By what it is, or by its real path where the file system shows processes another device. */
  has(file: Identity, path: Bytes): boolean;
}

/**
 * What is executed or mapped at this moment. Processes of other users are seen by root only. For
 * every process there is a look at `exe` and `maps`, so take it once and keep it.
 */
export function runningFiles(): RunningFiles {
  const found = new Set<string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    addMaps(found, name);
    addExecutable(found, name);
  }
  return {
    has: ({ inode, device }, path) =>
      found.has(`${device >> 32n}:${device & 0xffff_ffffn} ${inode}`) ||
      found.has(path.replaceAll('\n', '\\012')),
  };
}

/** proc_pid_maps(5): range, permissions, offset, device (hexadecimal), inode, path. */
function addMaps(found: Set<string>, pid: string): void {
  for (const line of split(readIfMay(`/proc/${pid}/maps`), '\n')) {
    const match = MAPPING.exec(line);
    if (match === null) continue;
    const [, major = '0', minor = '0', inode = '0', path = ''] = match;
    if (inode === '0') continue;
    found.add(`${parseInt(major, 16)}:${parseInt(minor, 16)} ${inode}`);
    found.add(path);
  }
}
const MAPPING = /^[0-9a-f]+-[0-9a-f]+ \S+ [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$/;

/** The program itself may be gone from `maps`, having moved itself elsewhere in memory. */
function addExecutable(found: Set<string>, pid: string): void {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
    // the kernel's own encoding of st_dev, glibc's makedev(3)
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
    found.add(`${major}:${minor} ${ino}`);
  } catch {
    // a kernel thread, gone, or not ours to look at
  }
}

function readIfMay(path: string): Bytes {
  try {
    return fromBuffer(readFileSync(path));
  } catch {
    return '' as Bytes;
  }
}
