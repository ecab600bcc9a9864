/**
 * Whether a tree is what it was: one short text made of what the file system says of every object in it,
 * change times among that, so that no file has to be read, and no listing made, to know that nothing
 * has changed.
 */
import { createHash } from 'node:crypto';
import { toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { closeDir, openDirAt, type Dir } from '../../files/dir.ts';
import { readRows, ROW, setRow, STRIDE, typeIn } from '../../files/listing.ts';
import { statAt } from '../../files/stat.ts';
import type { Accounts } from '../../site/accounts.ts';

export interface Fingerprint {
  /** 64 hexadecimal digits. */
  readonly text: string;
  /** When anything in it changed last: seconds since the epoch. */
  readonly changed: number;
  readonly objects: number;
}

/**
 * Of the tree whose root is `name` in `dir`; undefined when something in it cannot be looked at, or the
 * root is no directory.
 * @throws FileError
 */
export function fingerprintOf(dir: Dir, name: Bytes, accounts: Accounts): Fingerprint | undefined {
  const digest = createHash('sha256');
  const users = new Set<number>();
  const groups = new Set<number>();
  let changed = 0;
  let objects = 0;
  let whole = true;

  function take(rows: Int32Array): void {
    for (let start = 0; start < rows.length; start += STRIDE) {
      users.add((rows[start + ROW.uid] ?? 0) >>> 0);
      groups.add((rows[start + ROW.gid] ?? 0) >>> 0);
      const seconds =
        ((rows[start + ROW.ctime] ?? 0) >>> 0) + (rows[start + ROW.ctime + 1] ?? 0) * 2 ** 32;
      if (seconds > changed) changed = seconds;
      // these change while nothing does: by reading, and when data reach the disk
      rows.fill(0, start + ROW.atime, start + ROW.ctime);
      rows.fill(0, start + ROW.blocks, start + STRIDE);
      objects++;
    }
    digest.update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
  }

  function enter(parent: Dir, child: Bytes): void {
    const inside = openDirAt(parent, child);
    try {
      const listing = readRows(inside);
      if (listing.failed.size > 0) whole = false;
      digest.update(toBuffer(`${listing.names.length}\0${listing.names.join('\0')}\0` as Bytes));
      take(listing.rows);
      for (const [index, each] of listing.names.entries()) {
        if (typeIn(listing, index) === 'd') enter(inside, each);
      }
    } finally {
      closeDir(inside);
    }
  }

  const stat = statAt(dir, name);
  if (stat?.type !== 'd') return undefined;
  const top = new Int32Array(STRIDE);
  setRow(top, 0, stat);
  take(top);
  enter(dir, name);
  if (!whole) return undefined;
  // a listing says what numbers mean on this host, too
  const named = [
    ...inOrder(users).map((id) => `${id} ${accounts.userById(id)?.name ?? ''}`),
    '',
    ...inOrder(groups).map((id) => `${id} ${accounts.groupById(id)?.name ?? ''}`),
  ];
  digest.update(toBuffer(named.join('\n') as Bytes));
  return { text: digest.digest('hex'), changed, objects };
}

function inOrder(numbers: ReadonlySet<number>): number[] {
  return [...numbers].toSorted((one, other) => one - other);
}
