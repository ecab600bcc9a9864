/** What is not on this host as a receipt says. */
import type { Bytes } from '../../bytes/bytes.ts';

export interface Difference {
  /** Package directory; absent for what is no package's, such as the path table. */
  readonly package?: Bytes;
  /** What it is a part of. */
  readonly of: 'package' | 'file' | 'link' | 'fragment' | 'table';
  readonly kind: 'missing' | 'changed' | 'extra' | 'type' | 'mode' | 'owner' | 'unreadable';
  readonly path: Bytes;
  /** Of a system file, from 1. */
  readonly line?: number;
  /** For people; what is not known is left out. */
  readonly expected?: string;
  readonly found?: string;
  /** The command that settles it, or what to do. */
  readonly remedy: string;
}
