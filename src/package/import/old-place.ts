/** Where contents name a place: as a path of its own, not as a part of a longer name. */
import { toBuffer, type Bytes } from '../../bytes/bytes.ts';

/** How often `origin` stands in `content`, as a path and not as the beginning of a longer name. */
export function mentions(content: Buffer, origin: Bytes): number {
  let count = 0;
  for (const _ of places(content, toBuffer(origin))) count++;
  return count;
}

/** Where they are. */
export function* places(content: Buffer, origin: Buffer): Generator<number> {
  for (
    let at = content.indexOf(origin);
    at >= 0;
    at = content.indexOf(origin, at + origin.length)
  ) {
    if (!goesOn(content, at + origin.length) && !isInside(content, at)) yield at;
  }
}

/** Whether a name goes on at `at`; a dot ends sentences as well. */
function goesOn(content: Buffer, at: number): boolean {
  return isNameByte(content[at]) || (content[at] === DOT && isNameByte(content[at + 1]));
}

/** Whether a path at `at` is the end of a longer one, such as `/mnt/opt/foo`; not so after `-L`. */
function isInside(content: Buffer, at: number): boolean {
  const before = content[at - 1];
  if (at === 0 || !(isNameByte(before) || before === DOT)) return false;
  const isFlag = content[at - 2] === DASH && !isNameByte(content[at - 3]);
  return !isFlag;
}

const DOT = 0x2e;
const DASH = 0x2d;
const NAME_BYTES: ReadonlySet<number> = new Set(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+~'),
);

function isNameByte(byte: number | undefined): boolean {
  return byte !== undefined && (NAME_BYTES.has(byte) || byte > 0x7f);
}
