/** What names everything in a store that never changes: the SHA-256 of its content. */
import type { Bytes } from '../../bytes/bytes.ts';
import { sha256 } from '../../files/content.ts';

declare const brand: unique symbol;
/** 64 lower-case hexadecimal digits. */
export type Hash = Bytes & { readonly [brand]: 'hash' };

export function isHash(word: string): word is Hash {
  return /^[0-9a-f]{64}$/.test(word);
}

export function hashOf(content: Bytes | Uint8Array): Hash {
  return sha256(content) as Hash;
}
