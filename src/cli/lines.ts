/**
 * Lines to one of the two streams, many at a time and synchronously, so that nothing is lost at
 * exit. A reader that has gone (`lfu -i … | head`) does not stop the work.
 */
import { writeSync } from 'node:fs';

export interface Lines {
  write(line: string): void;
  /** A line for a terminal that the next one takes the place of. */
  passing(line: string): void;
  flush(): void;
}

export function openLines(fd: 1 | 2): Lines {
  let pending = '';
  let isPassing = false;

  function flush(): void {
    const text = Buffer.from(pending);
    pending = '';
    for (let done = 0; done < text.length;) {
      try {
        done += writeSync(fd, text, done);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        else if (code === 'EPIPE') return;
        else throw error;
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
    flush() {
      clear();
      flush();
    },
  };
}

const LARGE = 1 << 14;
