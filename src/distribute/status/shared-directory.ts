/**
 * A directory that hosts share (`status-directory`): each writes its record as HOST.json, and no other.
 * Who may read it gathers. Whether a host could write in another's name is the file server's affair,
 * so owners are remembered, and what everybody may write to is told.
 */
import { closeSync } from 'node:fs';
import { b, bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { piecesOf, writeFileDurably } from '../../files/content.ts';
import { closeDir, listDir, openDir, withDir, type Dir } from '../../files/dir.ts';
import { createAt, openFileAt, unlinkIfPresent } from '../../files/names.ts';
import { statAt, statOf } from '../../files/stat.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { isHostName } from '../../site/host-name.ts';
import type { Found, FoundRecords, StatusSource } from './gather.ts';
import { LARGEST_RECORD } from './host-record.ts';

/** The records in the directory `path`. */
export function directorySource(path: Bytes): StatusSource {
  const name = printable(path);
  return {
    name,
    read() {
      return Promise.resolve(readAll(path, name));
    },
  };
}

/**
 * Writes the record of `host` into the directory, in one step.
 * @throws XhError E_STATUS_FOREIGN when a file of that name is somebody else's; FileError
 */
export function writeToDirectory(path: Bytes, host: string, text: string): void {
  withDir(openDir(path), (dir) => {
    const name = b`${bytes(host)}.json`;
    const standing = statAt(dir, name);
    if (
      standing !== undefined &&
      (standing.type !== 'f' || standing.uid !== ownerHere(dir, name))
    ) {
      throw new XhError(
        'E_STATUS_FOREIGN',
        `${printable(path)}/${printable(name)} is ${standing.type === 'f' ? `a file of the user ${standing.uid}` : 'no file'}: another host, or somebody, uses the name`,
        {
          exit: EXIT.refused,
          place: { file: b`${path}/${name}` },
          remedy:
            'give this host another name (status-name in /etc/xhier.toml), or remove the file if it is wrong',
        },
      );
    }
    writeFileDurably(dir, name, Buffer.from(text), 0o644);
  });
}

/** Whom a file belongs to that we make there: a file server may take root for nobody. */
function ownerHere(dir: Dir, name: Bytes): number {
  const probe = b`.${name}.owner`;
  unlinkIfPresent(dir, probe);
  const fd = createAt(dir, probe, 0o600);
  try {
    return statOf(fd, b`${dir.path}/${probe}`).uid;
  } finally {
    closeSync(fd);
    unlinkIfPresent(dir, probe);
  }
}

function readAll(path: Bytes, name: string): FoundRecords {
  let dir: Dir;
  try {
    dir = openDir(path);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    return { found: [], problems: [`${name} cannot be read: ${error.message}`] };
  }
  try {
    const found = listDir(dir).flatMap((file): Found[] => {
      const host = toText(file).slice(0, -'.json'.length);
      if (!file.endsWith('.json') || file.startsWith('.')) return [];
      return isHostName(host) ? [foundIn(dir, file, host)] : [];
    });
    return { found, problems: opennessOf(dir, name) };
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    return { found: [], problems: [`${name} cannot be read: ${error.message}`] };
  } finally {
    closeDir(dir);
  }
}

function foundIn(dir: Dir, file: Bytes, host: string): Found {
  try {
    const named = statAt(dir, file);
    // replaced just now, or taken away: the next time
    if (named === undefined) return { host, problem: 'its record was taken away just now' };
    if (named.type !== 'f') return { host, problem: `${printable(file)} is no file` };
    const fd = openFileAt(dir, file);
    try {
      const path = b`${dir.path}/${file}`;
      const stat = statOf(fd, path);
      if (stat.type !== 'f') return { host, problem: `${printable(file)} is no file` };
      const pieces: Buffer[] = [];
      // the pieces are one buffer, used again
      for (const piece of piecesOf(fd, path, 0, LARGEST_RECORD + 1))
        pieces.push(Buffer.from(piece));
      return {
        host,
        text: Buffer.concat(pieces).toString(),
        heard: stat.mtime.seconds * 1000 + stat.mtime.nanoseconds / 1e6,
        owner: stat.uid,
        ...((stat.mode & 0o022) !== 0 && {
          problem: `others than its owner may write to ${printable(file)} (mode ${stat.mode.toString(8)})`,
        }),
      };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof XhError) return { host, problem: error.message };
    throw error;
  }
}

/** Where others may write, and take away what is not theirs, no file's owner means anything. */
function opennessOf(dir: Dir, name: string): readonly string[] {
  const { mode } = statOf(dir.fd, dir.path);
  const isOpen = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  return isOpen
    ? [`${name}: everybody who may write there can replace the records of others: chmod +t ${name}`]
    : [];
}
