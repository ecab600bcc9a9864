/**
 * Directories as one file after the other is made in them: those of the last one stay open for the next,
 * which mostly is in the same, until what runs now is done.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { closeDir, openDirAt, type Dir } from '../../files/dir.ts';

export function createWays() {
  const open: { readonly name: Bytes; readonly dir: Dir }[] = [];

  function close(from: number): void {
    for (const { dir } of open.splice(from)) closeDir(dir);
  }

  return {
    /** The directory that `way` leads to from `top`: the same one at each call. */
    enter(top: Dir, way: readonly Bytes[]): Dir {
      if (open.length === 0) {
        queueMicrotask(() => {
          close(0);
        });
      }
      let shared = 0;
      while (shared < way.length && open[shared]?.name === way[shared]) shared++;
      close(shared);
      for (const name of way.slice(shared)) {
        open.push({ name, dir: openDirAt(open.at(-1)?.dir ?? top, name) });
      }
      return open.at(-1)?.dir ?? top;
    },
  };
}
