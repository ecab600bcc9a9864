/** What a run tells its ledger of itself: whose turn it is, on which trees, and who else there is. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Site } from '../../site/site.ts';
import type { Ledger } from './ledger.ts';

/** Which ledger a run keeps, and as whom. */
export interface LedgerUse {
  readonly site: Site;
  /** The master's name; when undefined the one that has its path, and no ledger is begun. */
  readonly master?: Bytes | undefined;
  /** The masters that the configuration has for this slave, in its order; as before when undefined. */
  readonly configured?: readonly ConfiguredMaster[];
  /** The master leaves: when nothing is left of what it supplied, it is forgotten. */
  readonly leaves?: boolean;
  /** Nobody else can update the slave: it is held for all turns of an update. */
  readonly isHeld?: boolean;
  /** Other slaves of the configuration, by real path. */
  readonly otherSlaves?: readonly Bytes[];
  /** What dry runs before this one would have left, by slave. */
  readonly pretended?: Map<Bytes, Pretended>;
  /** Told what is odd about the ledger. */
  readonly warn?: (message: string) => void;
}

/** What dry runs would have made of a slave. */
export interface Pretended {
  readonly ledger: Ledger;
  /** Directories that they would have made. */
  readonly directories: Set<Bytes>;
}

export interface ConfiguredMaster {
  readonly name: Bytes;
  readonly path: Bytes;
}

export interface LedgerRoots {
  /** Real paths. */
  readonly slave: Bytes;
  readonly master: Bytes;
  readonly dryRun: boolean;
}
