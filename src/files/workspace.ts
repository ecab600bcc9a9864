/**
 * Directories of a build: made, filled with copies of sources, cleared away. They belong to whoever
 * builds, and nothing in them is the host's; so they are named by their paths, and nothing is synced.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { about, errnoOf } from './error.ts';

/** Makes a directory and those above it. @throws FileError */
export function makeDirectory(path: Bytes): void {
  about(path, () => mkdirSync(toBuffer(path), { recursive: true, mode: 0o755 }));
}

/** Removes whatever is at `path`; links are not followed. @throws FileError */
export function removeWhole(path: Bytes): void {
  about(path, () => {
    try {
      rmSync(toBuffer(path), { recursive: true, force: true });
    } catch (error) {
      // some builds leave directories that their owner may not write to
      if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error;
      openUp(path);
      rmSync(toBuffer(path), { recursive: true, force: true });
    }
  });
}

/** Copies a file with its mode and time, as a clone where the file system has them. @throws FileError */
export function copyAs(from: Bytes, to: Bytes): void {
  about(to, () => {
    const stat = lstatSync(toBuffer(from));
    rmSync(toBuffer(to), { recursive: true, force: true });
    copyFileSync(
      toBuffer(from),
      toBuffer(to),
      constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL,
    );
    // its owner must be able to write to it: builds change their sources
    chmodSync(toBuffer(to), (stat.mode & 0o777) | 0o200);
    utimesSync(toBuffer(to), stat.atime, stat.mtime);
  });
}

/** A symbolic link in place of whatever is there, with a time of its own. @throws FileError */
export function linkAs(target: Bytes, to: Bytes, time: Date): void {
  about(to, () => {
    rmSync(toBuffer(to), { recursive: true, force: true });
    symlinkSync(toBuffer(target), toBuffer(to));
    lutimesSync(toBuffer(to), time, time);
  });
}

/** Writes a file, unless it has this content: its time tells make whether anything is to be done. */
export function writeIfChanged(path: Bytes, content: Bytes): void {
  about(path, () => {
    if (contentOf(path) === content) return;
    mkdirSync(toBuffer(dirname(path)), { recursive: true });
    writeFileSync(toBuffer(path), toBuffer(content));
  });
}

/** The content of a file that is ours, or undefined. */
export function contentOf(path: Bytes): Bytes | undefined {
  try {
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

export interface Log {
  readonly path: Bytes;
  write(content: Uint8Array | string): void;
  close(): void;
}

/** Begins a log anew; a link in its place is not followed. @throws FileError */
export function beginLog(path: Bytes): Log {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW;
  const fd = about(path, () => openSync(toBuffer(path), flags, 0o644));
  return {
    path,
    write(content) {
      const buffer = typeof content === 'string' ? Buffer.from(content) : content;
      about(path, () => {
        for (let done = 0; done < buffer.length;) done += writeSync(fd, buffer, done);
      });
    },
    close() {
      closeSync(fd);
    },
  };
}

function openUp(path: Bytes): void {
  const stat = lstatSync(toBuffer(path), { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return;
  chmodSync(toBuffer(path), 0o700);
  for (const name of readdirSync(toBuffer(path), { encoding: 'latin1' }))
    openUp(`${path}/${name}` as Bytes);
}
