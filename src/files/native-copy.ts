/**
 * Plain files copied by native threads (`native/copy.c`). Where the library was not built, or does
 * not load, there is none of this; and what the threads find not to be plain they hand back.
 */
import type { Bytes } from '../bytes/bytes.ts';
import { cString } from './kernel.ts';
import { nativeLibrary } from './native-library.ts';
import type { Way } from './tree.ts';
import { modeBits, type ObjectStat, type ObjectType, type Time } from './stat.ts';

/** A file to be copied, by its name in one directory, to a name in another. */
export interface CopyJob {
  /** Comes back with the result. */
  readonly id: number;
  readonly from: Bytes;
  /** What it was when the copy was planned. */
  readonly stat: ObjectStat;
  readonly name: Bytes;
  /** What stands under the name, and no directory; undefined when it is to be free. */
  readonly replaces: ObjectType | undefined;
  /** A name that nobody else uses. */
  readonly temporary: Bytes;
  /** What the copy is to have; it is to have no attributes. -1 leaves uid or gid to the system. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Time;
}

export interface CopyResult {
  readonly id: number;
  /**
   * `handed back`: nothing has been done, for whatever reason; `stopped`: nor has here, because of
   * {@link NativeCopier.stop}.
   */
  readonly outcome: 'done' | 'handed back' | 'stopped';
  /** What has been made. */
  readonly inode: bigint;
  readonly device: bigint;
}

export interface NativeCopier {
  /** Jobs that have no result yet. */
  readonly waiting: number;
  /**
   * Hands over what is to be copied from a directory to another, which has to be the one that it
   * was. False when that cannot be: nothing has been done then.
   */
  submit(from: Way, to: Required<Way>, jobs: readonly CopyJob[]): boolean;
  /** Whether results should be taken before there are more jobs. */
  readonly isFull: boolean;
  /**
   * What has been done since the last call. Waits for up to so many milliseconds: until there is
   * room for more jobs, or until `all` is done.
   */
  results(milliseconds: number, until: 'room' | 'all'): readonly CopyResult[];
  /** How many bytes are copied of files that are not complete. */
  underWay(): number;
  /** Begins nothing more; all jobs have results still. */
  stop(): void;
  /** Waits for what is being done. */
  close(): void;
}

export interface NativeCopierOptions {
  readonly threads: number;
  /** Whether we may set all attributes. */
  readonly privileged: boolean;
  /** Whether each file is made durable before it gets its name. */
  readonly fsync: boolean;
}

/** Threads that copy; undefined where the native library is not there. To be closed. */
export function openNativeCopier(options: NativeCopierOptions): NativeCopier | undefined {
  const library = copyLibrary();
  const { threads, privileged, fsync } = options;
  const copier = library?.open(threads, (privileged ? PRIVILEGED : 0) | (fsync ? SYNC : 0));
  if (library === undefined || copier === undefined || copier === null) return undefined;
  const found = Buffer.alloc(MOST_RESULTS * RESULT);
  let room = jobRoom(1 << 16);
  let waiting = 0;
  let isFull = false;

  return {
    get waiting() {
      return waiting;
    },
    get isFull() {
      return isFull;
    },
    submit(from, to, jobs) {
      const needed = jobs.reduce((sum, job) => sum + lengthOf(job), 0);
      if (needed > room.bytes.length) room = jobRoom(2 * needed);
      let length = 0;
      for (const job of jobs) length = packJob(job, room, length);
      const { inode, device } = to.identity;
      const identity = new BigUint64Array([inode, device >> 32n, device & 0xffffffffn]);
      const status = library.submit(
        copier,
        from.root.fd,
        cString(from.path),
        to.root.fd,
        cString(to.path),
        identity,
        room.bytes,
        length,
        jobs.length,
      );
      if (status === -1) return false;
      waiting += jobs.length;
      isFull = status === 0;
      return true;
    },
    results(milliseconds, until) {
      const draining = until === 'all' ? 1 : 0;
      const count = Number(library.results(copier, found, MOST_RESULTS, milliseconds, draining));
      waiting -= count;
      if (count > 0 || waiting === 0) isFull = false;
      return Array.from({ length: count }, (_, index) => unpackResult(found, index * RESULT));
    },
    underWay: () => Number(library.underWay(copier)),
    stop() {
      library.stop(copier);
    },
    close() {
      library.close(copier);
    },
  };
}

/** What jobs are written to, as bytes and as words. */
interface JobRoom {
  readonly bytes: Buffer;
  readonly words: Int32Array;
}

function jobRoom(length: number): JobRoom {
  const words = new Int32Array(length / 4);
  return { words, bytes: Buffer.from(words.buffer) };
}

/** struct job of native/copy.c. */
function packJob(job: CopyJob, { bytes, words }: JobRoom, start: number): number {
  const { from, stat, name, temporary } = job;
  const length = lengthOf(job);
  const at = start / 4;
  words[at] = length;
  words[at + 1] = job.id;
  words[at + 2] = job.replaces === undefined ? 0 : modeBits(job.replaces);
  words[at + 3] = modeBits('f') | stat.mode;
  words[at + 4] = stat.uid;
  words[at + 5] = stat.gid;
  packWide(words, at + 6, stat.size);
  packWide(words, at + 8, stat.mtime.seconds);
  packWide(words, at + 10, stat.ctime.seconds);
  words[at + 12] = stat.mtime.nanoseconds;
  words[at + 13] = stat.ctime.nanoseconds;
  packWide(words, at + 14, job.mtime.seconds);
  words[at + 16] = job.mtime.nanoseconds;
  words[at + 17] = job.mode;
  words[at + 18] = job.uid;
  words[at + 19] = job.gid;
  words[at + 20] = from.length + 1;
  words[at + 21] = from.length + name.length + 2;
  bytes.write(`${from}\0${name}\0${temporary}\0`, start + JOB, 'latin1');
  return start + length;
}

function lengthOf(job: CopyJob): number {
  return (JOB + job.from.length + job.name.length + job.temporary.length + 3 + 7) & ~7;
}

/** An integer of up to 53 bits, perhaps negative, in 64. */
function packWide(words: Int32Array, at: number, value: number): void {
  words[at] = value;
  words[at + 1] = Math.floor(value / 2 ** 32);
}

/** struct result of native/copy.c. */
function unpackResult(buffer: Buffer, at: number): CopyResult {
  return {
    id: buffer.readUInt32LE(at),
    outcome: OUTCOMES[buffer.readUInt32LE(at + 4)] ?? 'handed back',
    inode: buffer.readBigUInt64LE(at + 8),
    device: (BigInt(buffer.readUInt32LE(at + 16)) << 32n) | BigInt(buffer.readUInt32LE(at + 20)),
  };
}

/** As in native/copy.c. */
const VERSION = 1;
const PRIVILEGED = 1;
const SYNC = 2;
const OUTCOMES = ['done', 'handed back', 'stopped'] as const;
/** Bytes without the names. */
const JOB = 88;
const RESULT = 24;
const MOST_RESULTS = 4096;

type Functions = 'open' | 'submit' | 'results' | 'underWay' | 'stop' | 'close';

/** Bound at first use. */
const copyLibrary = nativeLibrary<Functions>('xh_copy_version', VERSION, {
  open: 'void *xh_copy_open(uint32_t threads, uint32_t options)',
  submit:
    'int xh_copy_submit(void *copier, int master, const void *from, int slave, const void *to, ' +
    'const void *identity, const void *jobs, size_t length, uint32_t count)',
  results:
    'size_t xh_copy_results(void *copier, void *results, size_t room, int milliseconds, ' +
    'int draining)',
  underWay: 'int64_t xh_copy_under_way(void *copier)',
  stop: 'void xh_copy_stop(void *copier)',
  close: 'void xh_copy_close(void *copier)',
});
