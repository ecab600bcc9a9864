/** Files that only ever grow by whole lines: logs. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { toBuffer, type Bytes } from '../bytes/bytes.ts';
import { about } from './error.ts';

export interface Appender {
  /** One line, its end not included, in one write, so that lines of two writers do not mix. */
  append(line: string): void;
  close(): void;
}

/** Opens `path`, a path of the operator's, for appending; made with mode 0644 when absent. @throws FileError */
export function openAppender(path: Bytes): Appender {
  const fd = about(path, () => openSync(toBuffer(path), 'a', 0o644));
  return {
    append(line) {
      about(path, () => writeSync(fd, `${line}\n`));
    },
    close() {
      closeSync(fd);
    },
  };
}
