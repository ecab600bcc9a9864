/**
 * When a host begins: all of them are started at the same time, and spread by their own names, so that
 * each has its minute, the same every night, and no server has all of them at once.
 */
import { createHash } from 'node:crypto';

/** Seconds to wait, 0 to `splay` (not included); the same for the same host. */
export function splayOf(host: string, splay: number): number {
  if (splay <= 0) return 0;
  const hash = createHash('sha256').update(host.toLowerCase()).digest();
  // 48 bits are a whole number that nothing is lost of
  return Math.floor((hash.readUIntBE(0, 6) / 2 ** 48) * splay);
}
