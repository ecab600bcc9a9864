/**
 * POSIX access lists as Linux stores them (`system.posix_acl_access`, linux/posix_acl_xattr.h):
 * a version, then entries of tag, permissions and number, all little-endian.
 */
import { fromBuffer, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import type { Attributes } from '../../files/attributes.ts';

export const ACCESS_LIST = 'system.posix_acl_access' as Bytes;
export const DEFAULT_LIST = 'system.posix_acl_default' as Bytes;

/**
 * `attributes` for an object of another mode. The entries of an access list that the mode shows
 * have to agree with it, else it would differ again as soon as it is set.
 */
export function attributesForMode(attributes: Attributes, mode: number): Attributes {
  const list = attributes.get(ACCESS_LIST);
  if (list === undefined) return attributes;
  return new Map(attributes).set(ACCESS_LIST, listForMode(list, mode));
}

function listForMode(list: Bytes, mode: number): Bytes {
  const buffer = toBuffer(list);
  const tags = new Set<number>();
  for (let at = HEADER; at + ENTRY <= buffer.length; at += ENTRY) tags.add(buffer.readUInt16LE(at));
  // where there is a mask, it is what the mode shows for the group
  const group = tags.has(TAG.mask) ? TAG.mask : TAG.groupObject;
  for (let at = HEADER; at + ENTRY <= buffer.length; at += ENTRY) {
    const tag = buffer.readUInt16LE(at);
    if (tag === TAG.userObject) buffer.writeUInt16LE((mode >> 6) & 7, at + 2);
    if (tag === group) buffer.writeUInt16LE((mode >> 3) & 7, at + 2);
    if (tag === TAG.other) buffer.writeUInt16LE(mode & 7, at + 2);
  }
  return fromBuffer(buffer);
}

const HEADER = 4;
const ENTRY = 8;
const TAG = { userObject: 0x01, groupObject: 0x04, mask: 0x10, other: 0x20 } as const;
