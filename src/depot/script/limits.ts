/**
 * Node raises its limit of open files as far as it may, and its children inherit that; but there are
 * programs that close all that may be open, one by one, and select(2) knows no more than 1024. What the
 * limit was before cannot be told any more: scripts have what logins and services commonly have, and
 * may raise it as far as before.
 */
import { calls } from '../../files/kernel.ts';

/** Calls `start` with the common limit of open files. */
export function withCommonLimit<T>(start: () => T): T {
  if (process.platform !== 'linux') return start();
  const limit = Buffer.alloc(16);
  calls.getrlimit(RLIMIT_NOFILE, limit);
  if (limit.readBigUInt64LE(0) <= COMMON) return start();
  const common = Buffer.from(limit);
  common.writeBigUInt64LE(COMMON, 0);
  calls.setrlimit(RLIMIT_NOFILE, common);
  try {
    return start();
  } finally {
    calls.setrlimit(RLIMIT_NOFILE, limit);
  }
}

/** asm-generic/resource.h; a limit is two 64-bit numbers, the one in force and the highest. */
const RLIMIT_NOFILE = 7;
/** As systemd sets it (DefaultLimitNOFILE), for the same reasons. */
const COMMON = 1024n;
