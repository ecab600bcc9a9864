/** A file operation that the system refused, told with the path it was about. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError, type ExitCode } from '../message/error.ts';
import { SystemCallError } from './kernel.ts';

/** `errno` is the name (`ENOSPC`), `call` the system call. */
export class FileError extends XhError {
  override readonly name = 'FileError';
  readonly errno: string;
  readonly call: string;
  constructor(errno: string, call: string, path: Bytes, cause?: unknown) {
    const known = KNOWN[errno];
    super(
      known?.code ?? `E_FILE_${errno.replace(/\W/g, '_')}`,
      `${printable(path)}: ${known?.text ?? errno} (${call})`,
      {
        exit: known?.exit ?? EXIT.failed,
        place: { file: path },
        ...(known?.remedy !== undefined && { remedy: known.remedy }),
        cause,
      },
    );
    this.errno = errno;
    this.call = call;
  }
}

/** Runs `operation`; whatever the system refuses becomes a FileError about `path`. */
export function about<T>(path: Bytes, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw asFileError(error, path);
  }
}

/** The errno name of whatever was thrown by a call here or by Node's fs, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof SystemCallError || error instanceof FileError) return error.errno;
  if (error instanceof Error && 'code' in error && 'syscall' in error) {
    return typeof error.code === 'string' ? error.code : undefined;
  }
  return undefined;
}

/** What the system refused as a FileError about `path`; anything else as it is. */
export function asFileError(error: unknown, path: Bytes): unknown {
  if (error instanceof XhError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const call =
    error instanceof SystemCallError
      ? error.call
      : String((error as { readonly syscall?: unknown }).syscall);
  return new FileError(errno, call, path, error);
}

interface Known {
  readonly code: string;
  readonly text: string;
  readonly exit?: ExitCode;
  readonly remedy?: string;
}

const KNOWN: Readonly<Record<string, Known>> = {
  EACCES: {
    code: 'E_PERMISSION',
    text: 'permission denied',
    exit: EXIT.notPermitted,
    remedy: 'run the command as root, or as a user who is allowed to',
  },
  EPERM: {
    code: 'E_PERMISSION',
    text: 'operation not permitted',
    exit: EXIT.notPermitted,
    remedy: 'run the command as root; immutable files (lsattr) are closed to root too',
  },
  EROFS: {
    code: 'E_READ_ONLY',
    text: 'read-only file system',
    exit: EXIT.notPermitted,
    remedy: 'run the command on the host that may write there, or mount it read-write',
  },
  ENOSPC: {
    code: 'E_NO_SPACE',
    text: 'no space left on device',
    remedy: 'free some space and run the command again',
  },
  EDQUOT: {
    code: 'E_NO_SPACE',
    text: 'disk quota exceeded',
    remedy: 'free some space and run the command again',
  },
  EIO: {
    code: 'E_IO',
    text: 'input/output error',
    remedy: 'look at the kernel log: the disk or the file server reports errors',
  },
  ENOENT: { code: 'E_ABSENT', text: 'no such file or directory' },
  ENOTDIR: { code: 'E_NOT_A_DIRECTORY', text: 'not a directory' },
  EISDIR: { code: 'E_IS_A_DIRECTORY', text: 'is a directory' },
  EEXIST: { code: 'E_EXISTS', text: 'exists already' },
  ENOTEMPTY: { code: 'E_NOT_EMPTY', text: 'directory not empty' },
  ELOOP: {
    code: 'E_LINK_IN_THE_WAY',
    text: 'a symbolic link where none is followed, or too many of them',
  },
  EMFILE: {
    code: 'E_TOO_MANY_OPEN',
    text: 'too many open files',
    remedy: 'raise the limit (ulimit -n) and run the command again',
  },
  ENFILE: { code: 'E_TOO_MANY_OPEN', text: 'too many open files in the system' },
  EXDEV: {
    code: 'E_FILE_EXDEV',
    text: 'on another file system: a hard link or a rename cannot lead there',
  },
  EBUSY: {
    code: 'E_FILE_EBUSY',
    text: 'in use: something is mounted on it, or swapped to it',
    remedy: 'unmount it (findmnt shows what is mounted) and run the command again',
  },
  EMLINK: { code: 'E_FILE_EMLINK', text: 'more hard links than the file system can have' },
  ETXTBSY: { code: 'E_FILE_ETXTBSY', text: 'a program that runs' },
  ENAMETOOLONG: {
    code: 'E_FILE_ENAMETOOLONG',
    text: 'a name that is too long for this file system',
  },
  ENOMEM: { code: 'E_FILE_ENOMEM', text: 'out of memory' },
  ETIMEDOUT: { code: 'E_FILE_ETIMEDOUT', text: 'timed out: the file server does not answer' },
  ESTALE: { code: 'E_STALE', text: 'stale file handle: the file server has forgotten it' },
};
