/**
 * What whoever gathers remembers of each host: the greatest serial number that was seen, when, and whose
 * the file was. So that an old record that somebody puts back is known for one.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { writeFileDurably } from '../../files/content.ts';
import { beginningOf } from '../../files/forgiving.ts';
import { createWalker, makeDirs } from '../../files/walk.ts';
import { isHostName } from '../../site/host-name.ts';
import { adminPath, type Site } from '../../site/site.ts';
import { isCount } from '../store/head.ts';

export interface SeenHost {
  readonly serial: number;
  /** When it was last heard of: milliseconds since the epoch. */
  readonly heard: number;
  /** Of the file in a shared directory. */
  readonly owner?: number;
}

/** What is remembered; what is damaged is as good as forgotten. Never throws. */
export function readSeen(site: Site): ReadonlyMap<string, SeenHost> {
  const read = beginningOf(adminPath(site, FILE), LARGEST);
  if (read?.whole !== true) return new Map();
  try {
    const { format, hosts } = JSON.parse(read.content.toString()) as Partial<SeenFile>;
    if (format !== 1 || typeof hosts !== 'object') return new Map();
    return new Map(
      Object.entries(hosts).filter(([name, seen]) => isHostName(name) && isSeen(seen)),
    );
  } catch {
    return new Map();
  }
}

/** @throws FileError when it may not be written: then nothing is remembered */
export function writeSeen(site: Site, seen: ReadonlyMap<string, SeenHost>): void {
  const walker = createWalker(site.root);
  try {
    makeDirs(walker, ADMIN);
    const { dir, name } = walker.locate(b`${ADMIN}/${FILE}`, { follow: true });
    const text = JSON.stringify({ format: 1, hosts: Object.fromEntries(seen) });
    writeFileDurably(dir, name, Buffer.from(`${text}\n`), 0o644);
  } finally {
    walker.close();
  }
}

/** What was seen of a host counts no more. @returns whether there was anything; @throws FileError */
export function forgetHost(site: Site, host: string): boolean {
  const seen = new Map(readSeen(site));
  if (!seen.delete(host)) return false;
  writeSeen(site, seen);
  return true;
}

interface SeenFile {
  readonly format: number;
  readonly hosts: Readonly<Record<string, SeenHost>>;
}

function isSeen(value: unknown): value is SeenHost {
  if (typeof value !== 'object' || value === null) return false;
  const { serial, heard, owner } = value as Readonly<Record<string, unknown>>;
  return (
    isCount(serial) &&
    typeof heard === 'number' &&
    Number.isFinite(heard) &&
    (owner === undefined || isCount(owner))
  );
}

const ADMIN = b`/.software/local/.admin`;
const FILE: Bytes = b`status-seen.json`;
/** Bytes: some hundred thousand hosts. */
const LARGEST = 1 << 25;
