/**
 * What has to be on the disk before a transaction goes on, so that a loss of power finds it whole: the
 * contents before names lead to them, names before the journal says so.
 */
import { syncAll } from '../files/dir.ts';
import { statOf } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import type { JournalEntry } from './journal.ts';
import type { Change } from './plan.ts';
import { touchedBy } from './step.ts';

/** Everything that is staged, before it is to take effect. */
export function syncStaged(walker: Walker, entry: JournalEntry): void {
  syncContents(walker, entry);
  walker.sync(touchedBy(walker, entry.changes.filter(leavesStaged)));
}

/** The names that have been given or taken. */
export function syncNames(walker: Walker, { changes }: JournalEntry): void {
  walker.sync(touchedBy(walker, changes));
}

/** That what was replaced has gone: else it might be there again, and nobody would know of it. */
export function syncCleaned(walker: Walker, { changes }: JournalEntry): void {
  walker.sync(touchedBy(walker, changes.filter(leavesOld)));
}

/** Whether syncing the file system once costs less than syncing each file. */
export function hasManyFiles({ changes }: JournalEntry): boolean {
  return changes.length > MANY && changes.filter(({ op }) => op === 'write').length > MANY;
}

const MANY = 100;

/** Makes the contents durable that were not synced one by one: whole trees, and very many files. */
function syncContents(walker: Walker, entry: JournalEntry): void {
  const many = hasManyFiles(entry);
  const devices = new Set<bigint>();
  for (const { op, path } of entry.changes) {
    if (op !== 'tree' && op !== 'place' && !(many && op === 'write')) continue;
    const { dir } = walker.locate(path, { follow: op === 'write' });
    const { device } = statOf(dir.fd, dir.path);
    if (!devices.has(device)) syncAll(dir);
    devices.add(device);
  }
}

/** Whether staging makes a name for the change, which has to be there when it is switched. */
function leavesStaged(change: Change): boolean {
  switch (change.op) {
    case 'mkdir':
    case 'write':
    case 'displace':
    case 'tree':
    case 'place':
      return true;
    case 'link':
      return change.before.type !== 'absent';
    case 'remove':
    case 'rename':
    case 'restore':
    case 'rmdir':
      return false;
  }
}

/** Whether something of the change is there until it is cleaned. */
function leavesOld(change: Change): boolean {
  switch (change.op) {
    case 'write':
    case 'link':
    case 'tree':
    case 'place':
      return change.before.type !== 'absent';
    case 'remove':
    case 'restore':
    case 'rmdir':
      return true;
    case 'mkdir':
    case 'rename':
    case 'displace':
      return false;
  }
}
