/**
 * A command's stay on a host: the site opened, its own directories there, the lock held, whatever
 * a killed command left settled first. Everything that changes a host goes through here.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { isWithin } from '../bytes/path.ts';
import { createWalker, makeDirs, type Walker } from '../files/walk.ts';
import { inSite, type Site } from '../site/site.ts';
import { syncDir } from '../files/dir.ts';
import { readLinkAt, symlinkAt, unlinkIfPresent } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import { errnoOf, FileError } from '../files/error.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { ShowProgress } from '../message/progress.ts';
import { recover, type Recovery } from './apply.ts';
import { takeLock, type LockHolder } from './lock.ts';
import type { ScriptRun } from './plan.ts';
import { holdSignals } from './signals.ts';

/** An opened site. */
export interface Host {
  readonly site: Site;
  readonly walker: Walker;
  /** Told how far what takes its time has come. */
  readonly progress?: ShowProgress | undefined;
}

export interface TransactionOptions {
  /** The command line, for those who wait and for history. */
  readonly command: string;
  /** Seconds to wait for another command. */
  readonly lockTimeout: number;
  readonly progress?: ShowProgress | undefined;
  readonly onWait?: (holder: LockHolder | undefined) => void;
  /** Told of what a killed command had left and what became of it. */
  readonly onRecovery?: (recovery: Recovery) => void;
  /** Runs the opposite of scripts whose transaction is taken back. */
  readonly undoScripts?: (host: Host, scripts: readonly ScriptRun[]) => void;
}

/** Directories of a site that has just been begun. */
const OWN_DIRECTORIES: readonly Bytes[] = [
  b`/.software/share`,
  b`/.software/local/.admin/journal`,
  b`/.software/local/.admin/receipts`,
  b`/.software/local/.admin/generations`,
  b`/.software/local/.admin/objects`,
  b`/.software/local/.admin/log`,
];

/** Runs `work` on a site for reading: no lock, nothing made. What it promises is waited for. */
export function visitHost<T>(site: Site, work: (host: Host) => T, progress?: ShowProgress): T {
  const walker = createWalker(site.root);
  let later = false;
  try {
    const result = work({ site, walker, progress });
    if (!(result instanceof Promise)) return result;
    later = true;
    return result.finally(() => {
      walker.close();
    }) as T;
  } finally {
    if (!later) walker.close();
  }
}

/**
 * Runs `work` with the site's lock held and its journal settled.
 * @throws XhError E_LOCKED (5), E_PERMISSION (4) when the site may not be changed
 */
export async function withHost<T>(
  site: Site,
  options: TransactionOptions,
  work: (host: Host) => T | Promise<T>,
): Promise<T> {
  const walker = createWalker(site.root);
  try {
    const host = { site, walker, progress: options.progress };
    const lock = permitted(site, () => {
      prepareSite(host);
      return takeLock(walker, {
        timeout: options.lockTimeout,
        command: options.command,
        ...(options.onWait && { onWait: options.onWait }),
      });
    });
    const signals = holdSignals();
    try {
      const { undoScripts } = options;
      const settled = recover(walker, {
        ...(undoScripts && {
          undoScripts: (scripts) => {
            undoScripts(host, scripts);
          },
        }),
      });
      for (const recovery of settled) options.onRecovery?.(recovery);
      return await work(host);
    } finally {
      lock.release();
      await signals.letGo();
    }
  } finally {
    walker.close();
  }
}

/** Whoever may not even begin is told of the site, rather than of the file that we stumbled on. */
function permitted<T>(site: Site, begin: () => T): T {
  try {
    return begin();
  } catch (error) {
    if (!(error instanceof FileError) || error.exit !== EXIT.notPermitted) throw error;
    throw new XhError(
      'E_PERMISSION',
      `you may not change the site ${printable(site.root)}: ${error.message}`,
      {
        exit: EXIT.notPermitted,
        place: { file: site.root },
        remedy:
          'run it as the user whom the site belongs to, or have a site of your own: --root DIR',
        cause: error,
      },
    );
  }
}

/** Makes what every site has: trees, `/software`, the host's own records. Repeating it does nothing. */
function prepareSite(host: Host): void {
  const { site, walker } = host;
  for (const path of OWN_DIRECTORIES) makeDirs(walker, path);
  makeLinkOnce(walker, b`/software`, inSite(site, b`/.software/share`));
  makeLinkOnce(walker, b`/.software/share/.admin`, inSite(site, b`/.software/local/.admin`));
}

function makeLinkOnce(walker: Walker, path: Bytes, target: Bytes): void {
  const place = walker.locate(path);
  const standing = statAt(place.dir, place.name);
  const moved =
    standing?.type === 'l' && isOfMovedSite(walker, readLinkAt(place.dir, place.name), target);
  if (standing !== undefined && !moved) return;
  try {
    if (moved) unlinkIfPresent(place.dir, place.name);
    symlinkAt(place.dir, place.name, target);
    syncDir(place.dir);
  } catch (error) {
    // another command was quicker; or the share tree is mounted read-only, and its owner makes it
    if (!HARMLESS.has(errnoOf(error) ?? '')) throw error;
  }
}

/** Whether a link that has to say `target` says the same of another site root: this one was moved, or copied. */
function isOfMovedSite(walker: Walker, says: Bytes, target: Bytes): boolean {
  const root = walker.root.path;
  const inner = root === '/' ? target : slice(target, root.length);
  return says.startsWith('/') && !isWithin(root, says) && says.endsWith(inner);
}

const HARMLESS: ReadonlySet<string> = new Set(['EEXIST', 'EROFS']);
