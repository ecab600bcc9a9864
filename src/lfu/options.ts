/** What a run is asked to do, and what it answers. */
import type { Bytes } from '../bytes/bytes.ts';
import type { LfuChange, LfuProblem } from './plan/change.ts';
import type { STOPPED, StopSignal } from './pace.ts';
import type { LedgerUse } from './ledger/use.ts';
import type { RuleSet } from './rules/evaluator.ts';
import type { StoreAddress } from './store/address.ts';
import type { StoreMaster } from './store/master.ts';

export interface LfuOptions {
  /** Directories, as the operator named them; the master may be a tree of a store (`storeAddress`). */
  readonly master: Bytes;
  readonly slave: Bytes;
  readonly rules?: RuleSet | undefined;
  /** Opens a master in a store, as far as that is believed; without it there are none. */
  readonly openStore?: ((address: StoreAddress) => Promise<StoreMaster>) | undefined;
  /**
   * The master has left for good, and `master` is not looked at: what it alone supplied, by the
   * ledger, goes.
   */
  readonly hasLeft?: boolean;
  /** What the marker in the master's root has to say; undefined when it needs none. */
  readonly marker?: Bytes | undefined;
  /** Where the ledger stands of a slave with several masters. */
  readonly ledger?: LedgerUse | undefined;
  /** A file that says what the master was (`lfu scan`): it is not looked at then. */
  readonly index?: Bytes | undefined;
  /** Plan and report, touch nothing. */
  readonly dryRun?: boolean;
  /** Look only at the object of that path below the tree; for dry runs. */
  readonly only?: Bytes;
  /** Compare contents where size and time are no reason to copy. */
  readonly checksum?: boolean;
  /** Refuse when more goes than this. */
  readonly maxDelete?: DeleteLimit | undefined;
  /** Do not enter directories of the master that are on another file system. */
  readonly oneFileSystem?: boolean;
  /** Leave owner and group of copies to whoever runs us. */
  readonly noOwner?: boolean;
  /** Stop at the first object that fails. */
  readonly failFast?: boolean;
  /** Make every file durable before it gets its name. */
  readonly fsync?: boolean;
  /** How many threads look at the trees, and copy; as many as there are processors, up to four, unless given. */
  readonly jobs?: number | undefined;
  /** Bytes a second. */
  readonly bandwidth?: number | undefined;
  /** Asked now and then; a signal ends the run between two objects. */
  readonly stopped?: () => StopSignal | undefined;
  readonly report?: LfuReport;
}

export interface DeleteLimit {
  readonly value: number;
  /** An object count, or per cent of the objects that the slave has. */
  readonly unit: 'objects' | 'percent';
}

/** What is told while a run goes on. */
export interface LfuReport {
  /** A change was made, or would be. */
  readonly changed?: (change: LfuChange) => void;
  readonly problem?: (problem: LfuProblem) => void;
  /** The plan was made from an index. */
  readonly index?: (index: IndexUse) => void;
  /** An object with `logall` was looked at. */
  readonly examined?: (path: Bytes) => void;
  /** Objects looked at so far; then changes made and bytes copied, of how many. */
  readonly progress?: ((progress: Progress) => void) | undefined;
  /**
   * Commands (as somebody would run them by hand) for what has been updated that are to be run
   * still, the one at hand among them; told again whenever that changes.
   */
  readonly due?: (commands: readonly string[]) => void;
}

export type Progress =
  | { readonly phase: 'scan'; readonly objects: number }
  | {
      readonly phase: 'apply';
      readonly done: number;
      readonly total: number;
      /** Of the files that are copied, the one at hand as far as it has come. */
      readonly bytes: number;
      readonly totalBytes: number;
    };

export interface LfuResult {
  /** 0: the slave is as the rules want it; 1: some objects failed; others: interrupted. */
  readonly exit: 0 | 1 | (typeof STOPPED)[StopSignal];
  /** Changes made, or to be made. */
  readonly changes: number;
  /** The same by kind. */
  readonly kinds: ChangeCounts;
  /** What was planned and not made, because it failed or the run was over before; none for a dry run. */
  readonly left: ChangeCounts;
  /** Objects that went from the slave, or would. */
  readonly removals: number;
  /** Bytes of the files that were copied, or would be. */
  readonly bytes: number;
  readonly problems: number;
  /** Objects that were looked at; none when that came to no end. */
  readonly objects: { readonly master: number; readonly slave: number };
  /** What it took. */
  readonly seconds: number;
}

/** An index that stood for the master. */
export interface IndexUse {
  readonly file: Bytes;
  /** When the master was looked at: seconds since the epoch. */
  readonly made: number;
  /** Directories and objects that could not be looked at then. */
  readonly unread: number;
  /** Objects that were to change, and are not what it says any more: left as they are. */
  readonly doubted: number;
}

/** How many changes there are of each kind. */
export type ChangeCounts = Readonly<Record<LfuChange['kind'], number>>;
