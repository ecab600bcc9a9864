/** A log that is begun anew when it has grown: `NAME`, before it `NAME.1`, `NAME.2` …, readable by all. */
import { closeSync, writeSync } from 'node:fs';
import { b, type Bytes } from '../bytes/bytes.ts';
import type { Appender } from './append.ts';
import type { Dir } from './dir.ts';
import { about } from './error.ts';
import { O, calls, cString } from './kernel.ts';
import { chmodAt, renameAt, unlinkIfPresent } from './names.ts';
import { sameObject, statAt, statOf } from './stat.ts';

export interface RollingOptions {
  /** Bytes after which a new file is begun. */
  readonly size: number;
  /** How many old files are kept. */
  readonly keep: number;
}

/** Opens `name` in `dir` for appending; made with mode 0644 when absent. @throws FileError */
export function openRollingLog(dir: Dir, name: Bytes, options: RollingOptions): Appender {
  const path = b`${dir.path}/${name}`;
  let { fd, size } = openLog(dir, name, path);
  return {
    append(line) {
      const text = Buffer.from(`${line}\n`);
      if (size > 0 && size + text.length > options.size) {
        const now = statAt(dir, name);
        // somebody else who writes to it may have been quicker
        if (now !== undefined && sameObject(now, statOf(fd, path))) roll(dir, name, options.keep);
        closeSync(fd);
        ({ fd, size } = openLog(dir, name, path));
      }
      about(path, () => writeSync(fd, text));
      size += text.length;
    },
    close() {
      closeSync(fd);
    },
  };
}

/** The names of a log's files, the oldest first, as far as there may be any. */
export function rolledNames(name: Bytes, keep: number): readonly Bytes[] {
  const old = Array.from({ length: keep }, (_, index) => b`${name}.${keep - index}`);
  return [...old, name];
}

function openLog(dir: Dir, name: Bytes, path: Bytes): { fd: number; size: number } {
  const isNew = statAt(dir, name) === undefined;
  const flags = O.wronly | O.creat | O.append | O.nofollow | O.cloexec;
  const fd = about(path, () => calls.openat(dir.fd, cString(name), flags, 0o644));
  // whatever the umask
  if (isNew) chmodAt(dir, name, 0o644);
  return { fd, size: statOf(fd, path).size };
}

function roll(dir: Dir, name: Bytes, keep: number): void {
  if (keep === 0) unlinkIfPresent(dir, name);
  const names = rolledNames(name, keep);
  for (const [index, to] of names.slice(0, -1).entries()) {
    const from = names[index + 1] ?? name;
    if (statAt(dir, from) !== undefined) renameAt(dir, from, dir, to);
  }
}
