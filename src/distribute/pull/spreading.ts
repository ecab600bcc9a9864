/** Putting the data of a file where it has them: holes stay holes. */
import type { Bytes } from '../../bytes/bytes.ts';
import { setSize, writeAll } from '../../files/content.ts';
import type { TreeEntry } from '../store/tree.ts';

type Spread = Pick<Extract<TreeEntry, { type: 'f' }>, 'size' | 'data'>;

/** Puts data that come in pieces where a file has them. */
export function spreading(fd: number, path: Bytes, { size, data }: Spread) {
  const extents = data ?? [[0, size] as const];
  let at = 0;
  let into = 0;
  let end = 0;
  return {
    write(piece: Uint8Array): void {
      let rest = piece;
      while (rest.length > 0) {
        const extent = extents[at];
        if (extent === undefined) throw new Error('more data than the file has');
        const [start, length] = extent;
        const part = rest.subarray(0, length - into);
        writeAll(fd, path, part, start + into);
        end = start + into + part.length;
        rest = rest.subarray(part.length);
        into += part.length;
        if (into < length) return;
        at++;
        into = 0;
      }
    },
    end(): void {
      if (end !== size) setSize(fd, path, size);
    },
  };
}
