/**
 * Rolling a log that others write to: LOG becomes LOG.1, LOG.1 becomes LOG.2, and so on. Whoever has it
 * open goes on in the file that is LOG.1 now. Its name is never absent, and killed at any moment nothing
 * is lost: the next roll goes on from there, without another file falling off the end.
 */
import { closeSync, fchmodSync, fchownSync } from 'node:fs';
import { b, type Bytes } from '../bytes/bytes.ts';
import { syncDir, type Dir } from './dir.ts';
import { about } from './error.ts';
import { createAt, hardLinkAt, renameAt, unlinkIfPresent } from './names.ts';
import { sameObject, statAt, type ObjectStat } from './stat.ts';

/**
 * Rolls `name`, and keeps at most `keep` old files, 1 or more. The new file has the mode and the owner of
 * the old one. An empty log, and one that is not there, are left alone.
 * @returns whether it was rolled
 * @throws FileError
 */
export function rollLog(dir: Dir, name: Bytes, keep: number): boolean {
  const log = statAt(dir, name);
  if (log?.type !== 'f' || log.size === 0) return false;
  const first = b`${name}.1`;
  const begun = statAt(dir, first);
  if (begun === undefined || !sameObject(begun, log)) {
    makeRoom(dir, name, keep);
    hardLinkAt(dir, name, dir, first);
  }
  // a loss of power must not have the new name without the old one
  syncDir(dir);
  begin(dir, name, log);
  syncDir(dir);
  return true;
}

/** Frees LOG.1: files move up to the first free number; only when there is none the oldest goes. */
function makeRoom(dir: Dir, name: Bytes, keep: number): void {
  let free = 1;
  while (free < keep && statAt(dir, b`${name}.${free}`) !== undefined) free++;
  for (let number = free; number > 1; number--) {
    renameAt(dir, b`${name}.${number - 1}`, dir, b`${name}.${number}`);
  }
  if (free === 1) unlinkIfPresent(dir, b`${name}.1`);
}

/** An empty file takes the name, in one step. */
function begin(dir: Dir, name: Bytes, { mode, uid, gid }: ObjectStat): void {
  const beside = b`.${name}.new`;
  unlinkIfPresent(dir, beside);
  const fd = createAt(dir, beside, 0o600);
  try {
    // by handle: the directory may belong to somebody who exchanges names
    about(b`${dir.path}/${beside}`, () => {
      const mine = statAt(dir, beside);
      if (mine?.uid !== uid || mine.gid !== gid) fchownSync(fd, uid, gid);
      fchmodSync(fd, mode & 0o777);
    });
  } finally {
    closeSync(fd);
  }
  renameAt(dir, beside, dir, name);
}
