/**
 * What is known of files that have been read before, so that nobody reads what has not changed: by path,
 * inode, size and both times, in a file of ours. It may be lost at any time, and costs one reading then.
 */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { dirname, isWithin } from '../bytes/path.ts';
import { readAt, writeFileDurably } from '../files/content.ts';
import { statAt, type ObjectStat } from '../files/stat.ts';
import { makeDirs, type Walker } from '../files/walk.ts';
import { unlessRefused } from '../message/error.ts';
import type { KnownFile, ScanOptions } from './publish/scan.ts';
import { isHash } from './store/hash.ts';
import { quote, unquote, type Extent } from './store/tree.ts';

const HEADER = 'xhier-known-files 1';

export interface KnownFiles extends Pick<ScanOptions, 'known' | 'learn'> {
  /** Nothing below a directory is asked for, and nothing of it is to be forgotten. */
  keep(below: Bytes): void;
  /** Writes down what has been asked for or learnt since it was opened, if that is news; the rest is forgotten. */
  save(): void;
}

/** The record at `file`, a path of the site; one that is not there, or damaged, knows nothing. */
export function openKnownFiles(walker: Walker, file: Bytes): KnownFiles {
  let read: ReadonlyMap<Bytes, string> | undefined;
  const before = (): ReadonlyMap<Bytes, string> => (read ??= readKnown(walker, file));
  const kept: Bytes[] = [];
  const after = new Map<Bytes, string>();
  let news = false;
  return {
    known(path, stat) {
      const line = before().get(path);
      const state = stateText(stat);
      if (line === undefined || !line.startsWith(`${state} `)) return undefined;
      const found = fileIn(line.slice(state.length + 1));
      if (found !== undefined) after.set(path, line);
      return found;
    },
    learn(path, stat, known) {
      news = true;
      // what is written in the moment in which it is looked at could be written again unseen
      if (Date.now() - settledFrom(stat) < 0) return;
      after.set(path, `${stateText(stat)} ${fileText(known)}`);
    },
    keep(below) {
      kept.push(below);
    },
    save() {
      if (!news && read === undefined) return;
      for (const [path, line] of before()) {
        if (kept.some((below) => isWithin(below, path)) && !after.has(path)) after.set(path, line);
      }
      if (!news && after.size === before().size) return;
      const lines = [...after].map(([path, line]) => `${quote(path)} ${line}\n`);
      unlessRefused(() => {
        makeDirs(walker, dirname(file));
        const { dir, name } = walker.locate(file, { follow: true });
        writeFileDurably(dir, name, bytes(`${HEADER}\n${lines.join('')}`), 0o600);
      });
    },
  };
}

function readKnown(walker: Walker, file: Bytes): Map<Bytes, string> {
  const text = unlessRefused(() => {
    const place = walker.tryLocate(file, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return b``;
    return readAt(place.dir, place.name);
  });
  const [header, ...lines] = (text ?? '').split('\n');
  const known = new Map<Bytes, string>();
  if (header !== HEADER) return known;
  for (const line of lines) {
    const end = line.indexOf(' ');
    const word = line.slice(0, Math.max(end, 0)) as Bytes;
    const path = end < 0 ? undefined : unlessRefused(() => unquote(word, 'what is known of files'));
    if (path !== undefined) known.set(path, line.slice(end + 1));
  }
  return known;
}

function stateText({ inode, size, mtime, ctime }: ObjectStat): string {
  return `${inode} ${size} ${mtime.seconds}.${mtime.nanoseconds} ${ctime.seconds}.${ctime.nanoseconds}`;
}

function fileText({ object, data }: KnownFile): string {
  const extents = data?.map(([from, length]) => `${from}+${length}`).join(',');
  return `${object ?? '-'}${extents === undefined ? '' : ` ${extents}`}`;
}

function fileIn(text: string): KnownFile | undefined {
  const [object = '', extents] = text.split(' ');
  if (object !== '-' && !isHash(object)) return undefined;
  const data = extents?.split(',').filter(Boolean).map(extentIn);
  if (data?.some((extent) => extent === undefined)) return undefined;
  return {
    object: object === '-' ? undefined : object,
    ...(data !== undefined && { data: data as Extent[] }),
  };
}

function extentIn(text: string): Extent | undefined {
  const [, from, length] = /^(\d{1,15})\+(\d{1,15})$/.exec(text) ?? [];
  return from === undefined ? undefined : [Number(from), Number(length)];
}

/** From when on what is written would give the file another time: milliseconds since the epoch. */
function settledFrom({ ctime: { seconds, nanoseconds } }: ObjectStat): number {
  return seconds * 1000 + (nanoseconds === 0 ? COARSE : nanoseconds / 1e6 + GRAIN);
}

/** Milliseconds: more than a tick of the kernel, and more than the second that coarse file systems count. */
export const GRAIN = 50;
const COARSE = 2000;
