/**
 * Lines to one of the two streams, many at a time and synchronously, so that nothing is lost at
 * exit. A reader that has gone (`lfu -i … | head`), or a full disk, does not stop the work.
 */
import { writeSync } from 'node:fs';
import { errnoOf } from '../files/error.ts';

export interface Lines {
  write(line: string): void;
  /** A line for a terminal that the next one takes the place of. */
  passing(line: string): void;
  /** Takes a passing line away. */
  clear(): void;
  flush(): void;
  /** Why not everything could be written, as an errno; a reader that has gone is no reason. */
  failure(): string | undefined;
}

/** @param over lines that may have a passing one on the same terminal */
export function openLines(fd: 1 | 2, over?: Lines): Lines {
  let pending = '';
  let isPassing = false;
  let failed: string | undefined;

  function flush(): void {
    if (pending === '') return;
    over?.clear();
    const text = Buffer.from(pending);
    pending = '';
    for (let done = 0; done < text.length;) {
      try {
        done += fd === 1 ? writeSync(1, text, done) : writeSync(2, text, done);
      } catch (error) {
        const errno = errnoOf(error) ?? 'EIO';
        if (errno === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        else {
          if (errno !== 'EPIPE') failed ??= errno;
          return;
        }
      }
    }
  }

  function clear(): void {
    if (isPassing) pending += '\r\u001b[K';
    isPassing = false;
  }

  return {
    write(line) {
      clear();
      pending += `${line}\n`;
      // what is wrong is to be seen at once, and before what comes after it
      if (fd === 2 || pending.length > LARGE) flush();
    },
    passing(line) {
      clear();
      pending += line;
      isPassing = true;
      flush();
    },
    clear() {
      if (!isPassing) return;
      clear();
      flush();
    },
    flush() {
      clear();
      flush();
    },
    failure: () => failed,
  };
}

const LARGE = 1 << 14;
