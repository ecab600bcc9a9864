/**
 * Whether the farms are known to be right: after a run that found nothing to do, everything that the
 * answer came from is remembered with its inode and time of change. When nothing of it has changed,
 * and neither has what the site decides, the answer is the same, and neither the packages nor the
 * farms need be read.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { b, bytes, isAscii, split, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { LINK_CLASSES } from '../farm/classes.ts';
import { farmDirectories } from '../farm/inventory.ts';
import { contestedIn } from '../farm/state.ts';
import { readAt, writeFileDurably } from '../files/content.ts';
import { statAt } from '../files/stat.ts';
import { makeDirs } from '../files/walk.ts';
import { createDraft } from '../host/draft.ts';
import { RECEIPTS } from '../host/receipt.ts';
import type { Host } from '../host/transaction.ts';
import { listPackages } from '../package/entries.ts';
import type { Config } from '../site/config.ts';
import { attachedPackages } from './attach/record.ts';
import { wantedBy } from './links-of.ts';
import { receiptsIn } from './receipt-set.ts';

const FILE = b`/.software/local/.admin/cache/farm`;

/** Milliseconds within which two changes may have the same time on some file system. */
const COARSE = 2000;

/** Whether nothing has changed since {@link rememberSettled}. */
export function isSettled(host: Host, config: Config): boolean {
  const place = host.walker.tryLocate(FILE, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return false;
  const [key, digest, ...paths] = split(readAt(place.dir, place.name), '\n');
  return key === keyOf(config) && digest === stampsOf(host, paths)?.digest;
}

/**
 * Remembers that the farms were found right by a run that began at `since` (as of Date.now()), unless
 * something may have changed meanwhile. Under the lock.
 */
export function rememberSettled(host: Host, config: Config, since: number): void {
  // what another host has may change, and may not even answer
  if (attachedPackages(host.walker).size > 0) return;
  const paths = sources(host, config);
  const stamps = stampsOf(host, paths);
  if (stamps === undefined || stamps.newest >= since - COARSE) return;
  // a list of lines has no place for such a name
  if (paths.some((path) => path.includes('\n'))) return;
  makeDirs(host.walker, dirname(FILE));
  const { dir, name } = host.walker.locate(FILE);
  const content = [keyOf(config), stamps.digest, ...paths].join('\n') as Bytes;
  writeFileDurably(dir, name, content, 0o600);
}

/** What the site and this program decide. */
function keyOf({ values }: Config): Bytes {
  const decided = [
    values['default-packages.only'],
    values['default-packages.also'],
    values['default-packages.never'],
    [...values.prefer],
    // with the text of the functions in it: what is linked is decided by them
    LINK_CLASSES,
  ];
  const text = JSON.stringify(decided, (_, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );
  return bytes(createHash('sha256').update(text).digest('hex'));
}

/** Every path that says what the farms should be, or what they are. */
function sources(host: Host, config: Config): Bytes[] {
  const { walker, site } = host;
  const draft = createDraft(walker);
  const receipts = receiptsIn(draft);
  const paths = [
    b`/.software`,
    b`/.software/share`,
    RECEIPTS,
    ...['farm', 'preferences', 'directories'].map(
      (name) => b`/.software/local/.admin/${bytes(name)}.json`,
    ),
    ...farmDirectories(walker),
  ];
  // of equal content is decided by the files themselves
  for (const [path] of contestedIn(draft)) paths.push(path);
  for (const entry of listPackages(site)) {
    if (receipts.get(entry.directory)?.current !== true) continue;
    const top = b`/software/${entry.directory}`;
    paths.push(top, b`${top}/.admin`, b`${top}/.admin/Options`);
    wantedBy(host, config, entry, (path) => paths.push(path));
  }
  for (const [, candidates] of contestedIn(draft)) {
    for (const { target } of candidates) {
      paths.push((site.root === '/' ? target : target.slice(site.root.length)) as Bytes);
    }
  }
  return paths;
}

/** All of them in one hash, and the newest change in milliseconds; undefined when one cannot be seen. */
function stampsOf(
  { site }: Host,
  paths: readonly Bytes[],
): { readonly digest: Bytes; readonly newest: number } | undefined {
  let newest = 0;
  const lines: string[] = [];
  try {
    const root = site.root === '/' ? '' : site.root;
    for (const path of paths) {
      const full = `${root}${path}`;
      // a path as it is costs less than its bytes
      const named = isAscii(full) ? full : toBuffer(full as Bytes);
      const stat = statSync(named, { throwIfNoEntry: false });
      if (stat === undefined) {
        lines.push('-');
        continue;
      }
      lines.push(`${stat.dev} ${stat.ino} ${stat.ctimeMs} ${stat.size} ${stat.mode}`);
      if (stat.ctimeMs > newest) newest = stat.ctimeMs;
    }
  } catch {
    return undefined;
  }
  return { digest: bytes(createHash('sha256').update(lines.join('\n')).digest('hex')), newest };
}
