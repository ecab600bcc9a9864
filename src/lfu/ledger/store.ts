/**
 * Where ledgers stand: `/.software/local/.admin/lfu/NAME/ledger` of the site, one for each slave tree,
 * NAME made of the tree's path. A ledger is replaced in one step, and by one run at a time.
 */
import { closeSync, readFileSync, readSync, realpathSync } from 'node:fs';
import {
  b,
  bytes,
  fromBuffer,
  fromJson,
  printable,
  toBuffer,
  toText,
  type Bytes,
  type JsonBytes,
} from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { sha256, writeFileDurably } from '../../files/content.ts';
import { listDir, openDirAt, withDir } from '../../files/dir.ts';
import { about, errnoOf } from '../../files/error.ts';
import { tryLockDir } from '../../files/lock.ts';
import { openFileAt, removeDirAt, unlinkIfPresent } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import { createWalker, makeDirs, type Located, type Walker } from '../../files/walk.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { adminPath, type Site } from '../../site/site.ts';
import { lockedError } from '../locked.ts';
import { decodeLedger } from './format.ts';
import { Ledger } from './ledger.ts';

/** What lfu itself keeps, as far as it is there, by real paths: wherever that is, no run may change it. */
export function ownDirectories(site: Site): readonly Bytes[] {
  return [b`lfu`, b`log`].flatMap((name) => {
    try {
      const path = toBuffer(adminPath(site, name));
      return fromBuffer(realpathSync.native(path, { encoding: 'buffer' }));
    } catch {
      // not there, or not for us to reach
      return [];
    }
  });
}

/** What there is of a ledger. */
export type Found =
  { readonly kind: 'ledger'; readonly ledger: Ledger } | { readonly kind: 'absent' | 'damaged' };

/** The file of `slave`'s ledger, to be named in messages. `slave` is a real path. */
export function ledgerPath(site: Site, slave: Bytes): Bytes {
  return adminPath(site, b`lfu/${directoryName(slave)}/${FILE}`);
}

/**
 * The ledger of `slave`, a real path.
 * @throws XhError E_LFU_LEDGER (exit 3) when it cannot be read, or a newer version wrote it
 */
export function readLedger(site: Site, slave: Bytes): Found {
  return withWalker(site, (walker) => readFrom(site, walker, slave));
}

/** What a ledger says at its head. */
export interface LedgerHead {
  /** Real path. */
  readonly slave: Bytes;
  /** Names. */
  readonly masters: readonly Bytes[];
}

/** The heads of all ledgers, however large they are. What cannot be read is none. */
export function ledgerHeads(site: Site): readonly LedgerHead[] {
  return withWalker(site, (walker) => {
    try {
      const place = walker.tryLocate(INSIDE);
      if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
      const names = withDir(openDirAt(place.dir, place.name), listDir);
      return names.flatMap((name) => headIn(walker, name) ?? []);
    } catch (error) {
      if (error instanceof XhError) return [];
      throw error;
    }
  });
}

/** The slave trees that have a ledger. */
export function slavesWithLedger(site: Site): readonly Bytes[] {
  return ledgerHeads(site).map(({ slave }) => slave);
}

/** Slaves that nobody else may update. */
export interface HeldSlaves {
  release(): void;
}

/**
 * Keeps `slaves` (real paths) for the masters that take their turns on them: no other update comes
 * in between. Makes the directories of their ledgers.
 * @throws XhError exit 3 when another run has one of them, or ledgers cannot be written
 */
export function holdSlaves(site: Site, slaves: readonly Bytes[]): HeldSlaves {
  const walkers: Walker[] = [];
  const release = (): void => {
    for (const walker of walkers) walker.close();
  };
  try {
    for (const slave of slaves) {
      const walker = createWalker(site.root);
      walkers.push(walker);
      lock(placeFor(site, walker, slave), slave);
    }
    return { release };
  } catch (error) {
    release();
    throw error;
  }
}

/** A ledger that is this run's to write. */
export interface HeldLedger {
  readonly found: Found;
  /** Replaces it. @throws XhError E_LFU_LEDGER */
  write(ledger: Ledger): void;
  /** There is nothing to remember any more. */
  remove(): void;
  close(): void;
}

/**
 * Reads the ledger of `slave`, for this run alone to write; `isOurs` when we hold the slave already.
 * @throws XhError exit 3 when another run has it, or it cannot be written
 */
export function holdLedger(site: Site, slave: Bytes, isOurs = false): HeldLedger {
  const walker = createWalker(site.root);
  const path = ledgerPath(site, slave);
  try {
    const place = placeFor(site, walker, slave);
    if (!isOurs) lock(place, slave);
    return {
      found: readFrom(site, walker, slave),
      write(ledger) {
        refusing(path, 'written', () => {
          writeFileDurably(place.dir, FILE, ledger.encode(), 0o644);
        });
      },
      remove() {
        refusing(path, 'removed', () => {
          unlinkIfPresent(place.dir, FILE);
          removeDirAt(walker.locate(directoryOf(slave)).dir, directoryName(slave));
        });
      },
      close() {
        walker.close();
      },
    };
  } catch (error) {
    walker.close();
    throw error;
  }
}

/** As seen inside the site. */
const INSIDE = b`/.software/local/.admin/lfu`;
const FILE = b`ledger`;
/** Bytes: hundreds of masters. */
const LONG_HEADER = 1 << 18;

/** Where a ledger is to be written. @throws XhError E_LFU_LEDGER */
function placeFor(site: Site, walker: Walker, slave: Bytes): Located {
  return refusing(ledgerPath(site, slave), 'written', () => {
    makeDirs(walker, directoryOf(slave));
    return walker.locate(b`${directoryOf(slave)}/${FILE}`);
  });
}

/** Where the file system has no locks, that of the slave's root has to do. */
function lock({ dir }: Located, slave: Bytes): void {
  let isFree: boolean;
  try {
    isFree = tryLockDir(dir);
  } catch (error) {
    if (error instanceof XhError) return;
    throw error;
  }
  if (!isFree) throw lockedError(dir, slave);
}

function directoryOf(slave: Bytes): Bytes {
  return b`${INSIDE}/${directoryName(slave)}`;
}

/** The last component for people, a hash of the whole for certainty. */
function directoryName(slave: Bytes): Bytes {
  const last = basename(slave)
    .replace(/[^A-Za-z0-9_]/g, '_')
    .slice(0, 50);
  return bytes(`${last || 'root'}-${sha256(slave).slice(0, 12)}`);
}

function readFrom(site: Site, walker: Walker, slave: Bytes): Found {
  const path = ledgerPath(site, slave);
  const file = refusing(path, 'read', () => readFile(walker, directoryName(slave)));
  if (file === undefined) return { kind: 'absent' };
  const content = decodeLedger(file);
  if (!('unreadable' in content)) {
    // that of another slave, which somebody has put there, tells nothing of this one
    if (content.slave !== slave) return { kind: 'damaged' };
    return { kind: 'ledger', ledger: new Ledger(content) };
  }
  if (content.unreadable === 'damaged') return { kind: 'damaged' };
  throw new XhError(
    'E_LFU_LEDGER',
    `the ledger ${printable(path)} was written by a version of lfu that this one does not know`,
    {
      exit: EXIT.refused,
      place: { file: path },
      remedy: 'nothing was touched; use the version that wrote it, or a newer one',
    },
  );
}

/** The file in directory `name`, or its first so many bytes. */
function readFile(walker: Walker, name: Bytes, most = Infinity): Buffer | undefined {
  const place = walker.tryLocate(b`${INSIDE}/${name}/${FILE}`);
  if (place === undefined) return undefined;
  let fd: number;
  try {
    fd = openFileAt(place.dir, FILE);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return about(b`${place.dir.path}/${FILE}`, () => {
      if (most === Infinity) return readFileSync(fd);
      const buffer = Buffer.alloc(most);
      return buffer.subarray(0, readSync(fd, buffer));
    });
  } finally {
    closeSync(fd);
  }
}

/** What the second line of a ledger says. */
function headIn(walker: Walker, name: Bytes): LedgerHead | undefined {
  try {
    const file = readFile(walker, name, LONG_HEADER);
    const start = (file?.indexOf(10) ?? -1) + 1;
    const end = file?.indexOf(10, start) ?? -1;
    if (file === undefined || end < 0) return undefined;
    const { slave, masters } = JSON.parse(toText(file.toString('latin1', start, end) as Bytes)) as {
      readonly slave: JsonBytes;
      readonly masters: readonly ({ readonly name: JsonBytes } | null)[];
    };
    return {
      slave: fromJson(slave),
      masters: masters.flatMap((master) => (master === null ? [] : [fromJson(master.name)])),
    };
  } catch (error) {
    if (HARMLESS.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** A file that cannot be read, or is no ledger. */
const HARMLESS = [XhError, SyntaxError, TypeError] as const;

/** Whoever runs into a problem with the ledger has touched nothing else yet. */
function refusing<T>(path: Bytes, done: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw new XhError('E_LFU_LEDGER', `the ledger cannot be ${done}: ${error.message}`, {
      exit: EXIT.refused,
      place: { file: path },
      remedy: error.remedy ?? 'without it a run cannot know what is another master’s',
      cause: error,
    });
  }
}

function withWalker<T>(site: Site, work: (walker: Walker) => T): T {
  const walker = createWalker(site.root);
  try {
    return work(walker);
  } finally {
    walker.close();
  }
}
