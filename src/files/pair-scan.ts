/**
 * Two trees looked at side by side by native threads (`native/pair-scan.c`), or one alone. Where the
 * library was not built, or does not load, there is none of this, and the caller looks at every
 * directory himself.
 */
import { XhError } from '../message/error.ts';
import type { Dir } from './dir.ts';
import { nativeLibrary } from './native-library.ts';
import { packFilter, type ScanFilters } from './scan-filter.ts';
import { decodeResults, type ScannedPair } from './scan-result.ts';

export interface PairScanOptions {
  readonly threads: number;
  /**
   * Which directories are told of: those with differences; those and the ones that have something of
   * interest to filters; or every one. All others are gone through in silence.
   */
  readonly tell: 'differing' | 'all' | ScanFilters;
  /**
   * Whether what is below a directory that is told of is only looked at when it is entered; as a
   * rule, where others than those with differences are told of.
   */
  readonly asks?: boolean;
  /** Whether owner and group are compared. */
  readonly owners: boolean;
  /** Whether attributes that only root may set are of interest. */
  readonly privileged: boolean;
  readonly oneFileSystem: boolean;
  /** What the master is to be taken for, instead of looking at it. */
  readonly index?: ScannedIndex | undefined;
}

/** An index as src/lfu/index/format.ts has it, proven to be whole. */
export interface ScannedIndex {
  readonly bytes: Buffer;
  /** Where the table of directories begins, and where it ends. */
  readonly table: number;
  readonly end: number;
}

export interface PairScan {
  /** Whether what is below a directory that is told of is only looked at when it is entered. */
  readonly asks: boolean;
  /** What is looked at instead of the master: kept by this, since the threads look at it in place. */
  readonly index: ScannedIndex | undefined;
  /** What has been found since the last call, perhaps nothing; undefined when all has been said. */
  next(milliseconds: number): readonly ScannedPair[] | undefined;
  /** Which of the offers of a pair are taken up: to be said of each that has some. */
  enter(pair: ScannedPair, ids: readonly number[]): void;
  /** Objects looked at so far. */
  counts(): { readonly master: number; readonly slave: number };
  close(): void;
}

/**
 * Begins to look at two open directories, or one when there is no slave; undefined where the native
 * library is not there.
 */
export function openPairScan(
  master: Dir,
  slave: Dir | undefined,
  options: PairScanOptions,
): PairScan | undefined {
  const library = scanLibrary();
  const { tell, index, asks = tell !== 'differing' } = options;
  const filters =
    typeof tell === 'string' ? [] : [packFilter(tell.directories), packFilter(tell.others)];
  const scan = library?.open(
    master.fd,
    slave?.fd ?? -1,
    options.threads,
    (asks ? 0 : DESCEND) |
      (tell === 'all' ? TELL_ALL : 0) |
      (options.owners ? OWNERS : 0) |
      (options.privileged ? PRIVILEGED : 0) |
      (options.oneFileSystem ? ONE_FILE_SYSTEM : 0),
    index?.bytes ?? null,
    index?.end ?? 0,
    index?.table ?? 0,
    filters.length === 0 ? null : Buffer.concat(filters),
    new BigUint64Array(filters.map((filter) => BigInt(filter.length))),
  );
  if (library === undefined || scan === undefined || scan === null) return undefined;
  let buffer = Buffer.allocUnsafeSlow(1 << 20);
  let answers: number[] = [];

  function answer(): void {
    if (answers.length === 0) return;
    const words = new BigUint64Array(answers.length);
    for (const [at, word] of answers.entries()) words[at] = BigInt(word);
    library?.answer(scan, Buffer.from(words.buffer), words.length);
    answers = [];
  }

  return {
    asks,
    index,
    next(milliseconds) {
      answer();
      for (;;) {
        const length = Number(library.next(scan, buffer, buffer.length, milliseconds));
        if (length === FINISHED) return undefined;
        if (length < 0) {
          throw new XhError('E_PAIR_SCAN', 'the native scan failed for want of memory or threads', {
            remedy: 'set XHIER_NATIVE=no to do without it',
          });
        }
        if (length < TOO_SMALL) return decodeResults(buffer, length);
        buffer = Buffer.allocUnsafeSlow(length - TOO_SMALL);
      }
    },
    enter(pair, ids) {
      answers.push(pair.id, ids.length, ...ids);
      // the threads are not to run out of work meanwhile
      if (answers.length > MOST_ANSWERS) answer();
    },
    counts() {
      const counts = new BigUint64Array(2);
      library.counts(scan, Buffer.from(counts.buffer));
      return { master: Number(counts[0]), slave: Number(counts[1]) };
    },
    close() {
      library.close(scan);
    },
  };
}

/** As in native/pair-scan.c. */
const VERSION = 5;
const DESCEND = 1;
const OWNERS = 2;
const PRIVILEGED = 4;
const ONE_FILE_SYSTEM = 8;
const TELL_ALL = 16;
const FINISHED = -1;
const TOO_SMALL = 2 ** 40;
const MOST_ANSWERS = 256;

type Functions = 'open' | 'next' | 'answer' | 'counts' | 'close';

const scanLibrary = nativeLibrary<Functions>('xh_scan_version', VERSION, {
  open:
    'void *xh_scan_open(int master, int slave, uint32_t threads, uint32_t options, ' +
    'const void *index, size_t length, size_t table, ' +
    'const void *filters, const void *lengths)',
  next: 'int64_t xh_scan_next(void *scan, void *buffer, size_t room, int milliseconds)',
  answer: 'int xh_scan_answer(void *scan, const void *words, size_t count)',
  counts: 'void xh_scan_counts(void *scan, void *counts)',
  close: 'void xh_scan_close(void *scan)',
});
