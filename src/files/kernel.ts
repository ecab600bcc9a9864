/**
 * The system calls that Node does not offer, or not relative to an open directory: `*at`, statx,
 * renameat2, utimensat, extended attributes, flock, lseek for holes. Through koffi, loaded at first use.
 *
 * Every function returns like its manual page (section 2) says, except that -1 becomes a
 * {@link SystemCallError} with the name of the errno. Names are handed over as bytes.
 */
import { createRequire } from 'node:module';
import type { Bytes } from '../bytes/bytes.ts';

/** A system call that failed: `call` (`renameat2`), `errno` (`ENOSPC`). */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly call: string;
  readonly errno: string;
  constructor(call: string, errno: string, options?: ErrorOptions) {
    super(`${call}: ${errno}`, options);
    this.call = call;
    this.errno = errno;
  }
}

export const AT_FDCWD = -100;
export const AT = {
  symlinkNofollow: 0x100,
  removeDir: 0x200,
  symlinkFollow: 0x400,
  emptyPath: 0x1000,
} as const;
export const RENAME = { noReplace: 1, exchange: 2 } as const;
export const LOCK = { shared: 1, exclusive: 2, nonBlocking: 4, unlock: 8 } as const;
export const SEEK = { set: 0, data: 3, hole: 4 } as const;
/** Open flags (asm-generic; the values of x86, arm64, riscv, s390). */
export const O = {
  rdonly: 0,
  wronly: 1,
  rdwr: 2,
  creat: 0o100,
  excl: 0o200,
  trunc: 0o1000,
  append: 0o2000,
  nonblock: 0o4000,
  directory: process.arch === 'arm64' || process.arch === 'arm' ? 0o40000 : 0o200000,
  nofollow: process.arch === 'arm64' || process.arch === 'arm' ? 0o100000 : 0o400000,
  noatime: 0o1000000,
  cloexec: 0o2000000,
  path: 0o10000000,
} as const;

type Native = (...args: readonly (number | bigint | string | Buffer | null)[]) => number;
interface Koffi {
  load(name: string | null): { func(prototype: string): Native };
  errno(): number;
  readonly os: { readonly errno: Readonly<Record<string, number>> };
}

let koffi: Koffi | undefined;
let library: ReturnType<Koffi['load']> | undefined;
let errnoNames: Map<number, string> | undefined;

/** A C function bound at its first call, so that start-up pays only for what is used. */
function bind(prototype: string): Native {
  const name = /(\w+)\(/.exec(prototype)?.[1] ?? prototype;
  let native: Native | undefined;
  return (...args) => {
    native ??= load().func(prototype);
    const result = native(...args);
    if (result < 0) throw new SystemCallError(name, errnoName());
    return result;
  };
}

/** A function of another library; pointers are opaque. */
export type LibraryFunction = (...args: readonly unknown[]) => unknown;

/** The functions of a shared library by their prototypes. @throws Error when it cannot be loaded */
export function loadLibrary(path: string): (prototype: string) => LibraryFunction {
  load();
  const other = koffi?.load(path);
  return (prototype) => other?.func(prototype) as LibraryFunction;
}

function load(): ReturnType<Koffi['load']> {
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi;
  library ??= koffi.load(null);
  return library;
}

/** The name of the errno that the last call left. */
export function errnoName(): string {
  if (koffi === undefined) return 'EIO';
  errnoNames ??= new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  // the table has two names for these numbers
  const number = koffi.errno();
  if (number === 11) return 'EAGAIN';
  if (number === 95) return 'EOPNOTSUPP';
  return errnoNames.get(number) ?? `errno ${number}`;
}

/** `name` as a NUL-terminated C string. */
export function cString(name: Bytes): Buffer {
  return Buffer.from(`${name}\0`, 'latin1');
}

export const calls = {
  openat: bind('int openat(int dir, const void *name, int flags, int mode)'),
  statx: bind('int statx(int dir, const void *name, int flags, unsigned int mask, void *out)'),
  mkdirat: bind('int mkdirat(int dir, const void *name, unsigned int mode)'),
  unlinkat: bind('int unlinkat(int dir, const void *name, int flags)'),
  renameat2: bind(
    'int renameat2(int fromDir, const void *from, int toDir, const void *to, unsigned int flags)',
  ),
  symlinkat: bind('int symlinkat(const void *target, int dir, const void *name)'),
  linkat: bind('int linkat(int fromDir, const void *from, int toDir, const void *to, int flags)'),
  readlinkat: bind('int64_t readlinkat(int dir, const void *name, void *out, size_t size)'),
  mknodat: bind('int mknodat(int dir, const void *name, unsigned int mode, uint64_t device)'),
  umask: bind('unsigned int umask(unsigned int mask)'),
  fchownat: bind(
    'int fchownat(int dir, const void *name, unsigned int uid, unsigned int gid, int flags)',
  ),
  fchmodat: bind('int fchmodat(int dir, const void *name, unsigned int mode, int flags)'),
  utimensat: bind('int utimensat(int dir, const void *name, const void *times, int flags)'),
  futimens: bind('int futimens(int fd, const void *times)'),
  lseek: bind('int64_t lseek(int fd, int64_t offset, int whence)'),
  flock: bind('int flock(int fd, int operation)'),
  fcntl: bind('int fcntl(int fd, int command, void *lock)'),
  syncfs: bind('int syncfs(int fd)'),
  copyFileRange: bind(
    'int64_t copy_file_range(int from, void *fromOffset, int to, void *toOffset, size_t length, unsigned int flags)',
  ),
  ioctl: bind('int ioctl(int fd, unsigned long request, int argument)'),
  flistxattr: bind('int64_t flistxattr(int fd, void *list, size_t size)'),
  fgetxattr: bind('int64_t fgetxattr(int fd, const void *name, void *value, size_t size)'),
  fsetxattr: bind(
    'int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)',
  ),
  fremovexattr: bind('int fremovexattr(int fd, const void *name)'),
  llistxattr: bind('int64_t llistxattr(const void *path, void *list, size_t size)'),
  lgetxattr: bind(
    'int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)',
  ),
  lsetxattr: bind(
    'int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  ),
  lremovexattr: bind('int lremovexattr(const void *path, const void *name)'),
  listxattr: bind('int64_t listxattr(const void *path, void *list, size_t size)'),
  getxattr: bind('int64_t getxattr(const void *path, const void *name, void *value, size_t size)'),
  setxattr: bind(
    'int setxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  ),
  removexattr: bind('int removexattr(const void *path, const void *name)'),
  getdents64: bind('int64_t getdents64(int fd, void *entries, size_t size)'),
  fchdir: bind('int fchdir(int fd)'),
  getrlimit: bind('int getrlimit(int resource, void *limit)'),
  setrlimit: bind('int setrlimit(int resource, const void *limit)'),
  pipe2: bind('int pipe2(void *ends, int flags)'),
  prctl: bind(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  ),
  setresuid: bind('int setresuid(unsigned int real, unsigned int effective, unsigned int saved)'),
  setresgid: bind('int setresgid(unsigned int real, unsigned int effective, unsigned int saved)'),
} as const;

/**
 * The two calls that a scan makes for every object, bare: names are strings, which is quicker than
 * a Buffer but right for ASCII only, and -1 is returned, not thrown ({@link errnoName} says why).
 */
export function scanCalls(): ScanCalls {
  bareCalls ??= {
    statx: load().func(
      'int statx(int dir, const char *name, int flags, unsigned int mask, void *out)',
    ),
    llistxattr: load().func('int64_t llistxattr(const char *path, void *list, size_t size)'),
  };
  return bareCalls;
}

export interface ScanCalls {
  statx(dir: number, name: string, flags: number, mask: number, out: Buffer): number;
  llistxattr(path: string, list: Buffer, size: number): number;
}
let bareCalls: ScanCalls | undefined;
