/**
 * The contents of one file of a package's `.admin`, or why they cannot be had. Packages come from
 * elsewhere: what is no ordinary file of ordinary size is refused, and a FIFO is never waited for.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { fromBuffer, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';

/** No file that people write is longer. */
const MAX_BYTES = 1024 * 1024;

/**
 * The file's contents, or undefined when there is none.
 *
 * @throws XhError `E_ADMIN_READ`: exit 4 when it may not be read, 2 when it is not a file
 */
export function readAdminFile(path: Bytes): Bytes | undefined {
  let fd: number;
  try {
    fd = openSync(toBuffer(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  try {
    const { size } = checked(path, fstatSync(fd));
    if (size > MAX_BYTES) {
      throw refusal(
        path,
        `it has ${size} bytes`,
        `a file in .admin has at most ${MAX_BYTES} bytes`,
      );
    }
    return fromBuffer(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

/** What a failed look at `path` is to the user. */
export function unreadable(path: Bytes, error: unknown): XhError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const forbidden = code === 'EACCES' || code === 'EPERM';
  return new XhError('E_ADMIN_READ', `cannot read ${printable(path)}: ${code}`, {
    exit: forbidden ? EXIT.notPermitted : EXIT.usage,
    place: { file: path },
    remedy: forbidden ? 'run as a user who may read it, or change its mode' : 'repair the package',
    cause: error,
  });
}

function checked<S extends { isFile(): boolean }>(path: Bytes, stat: S): S {
  if (stat.isFile()) return stat;
  throw refusal(path, 'it is not a regular file', 'put a file in its place');
}

function refusal(path: Bytes, why: string, remedy: string): XhError {
  return new XhError('E_ADMIN_READ', `cannot read ${printable(path)}: ${why}`, {
    exit: EXIT.usage,
    place: { file: path },
    remedy,
  });
}
