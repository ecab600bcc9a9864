/**
 * A look at the trees of a master: how much disk each package uses, for which architecture, and
 * what is owned by nobody who should own it. After lfck of "Managing Program Binaries In a
 * Heterogeneous UNIX Network" (LISA 1991), appendix I.
 */
import type { Bytes } from '../bytes/bytes.ts';
import type { Config } from '../site/config.ts';
import type { Site } from '../site/site.ts';
import { readDepot } from './depot.ts';
import { findOwners, type Owners, type PackageSource } from './owners.ts';
import type { LfckProblem } from './problem.ts';
import { receiptIndex } from './receipts.ts';
import { scan, type Visitor } from './scan.ts';
import { openSiteSources, type SourceOptions } from './site-sources.ts';
import { createStandings } from './standing.ts';
import { createStrayCollector, type StrayCollector } from './strays.ts';
import { findSuspects, type Suspect } from './suspects.ts';
import { planTrees, type NamedTree } from './trees.ts';
import { createUsageCounter, type Usage, type UsageCounter } from './usage.ts';

export interface InspectOptions extends SourceOptions {
  readonly site: Site;
  readonly config: Config;
  /** Trees to look at; with none here nor in `exports`, those of the site. */
  readonly trees?: readonly NamedTree[];
  /** What slaves have; looked at too. Without any, what the site shares. */
  readonly exports?: readonly NamedTree[];
  /** Directory names that are architectures too. */
  readonly architectures?: readonly Bytes[];
  readonly packages?: readonly PackageSource[];
  /** Owners that are no packages and may own files all the same. */
  readonly accept?: readonly Bytes[];
  /** Whether owners are looked at; default true. */
  readonly judge?: boolean;
  /** Do not enter other file systems that are mounted in a tree. */
  readonly oneFileSystem?: boolean;
  /** Now and then: objects looked at so far. */
  readonly progress?: (objects: number) => void;
}

export interface Inspection {
  readonly usage: Usage;
  readonly owners: Owners;
  /** False when it was not asked for, or no account is a package as far as is known. */
  readonly judged: boolean;
  /** None when not judged. */
  readonly suspects: readonly Suspect[];
  /** What could not be looked at, or not be understood. */
  readonly problems: readonly LfckProblem[];
}

/**
 * Looks and touches nothing. Problems with single objects are collected, and everything else is done.
 * @throws XhError exit 2 for trees, lists, accounts and netgroups that are none; FileError
 */
export function inspect(options: InspectOptions): Inspection {
  const { site, config, packages = [], accept = [] } = options;
  const problems: LfckProblem[] = [];
  const problem = (one: LfckProblem): void => {
    problems.push(one);
  };
  const sources = openSiteSources(site, options);
  const depot = readDepot(site);
  const owners = findOwners(sources, { depot, packages, accept, problem });
  const { trees = [], exports = [], architectures = [], oneFileSystem = false } = options;
  const { roots, marks, hierarchy } = planTrees({ site, config, depot, owners, trees, exports });
  const standings = createStandings({ marks, architectures, siteRoot: site.root });
  const counter = createUsageCounter();
  const strays = createStrayCollector(owners);
  const look = (listeners: Listeners): void => {
    scan(roots, visitorOf(listeners), { standings, oneFileSystem });
  };
  const { progress, judge = true } = options;
  const expected = judge && owners.known;
  look({ counter, strays: expected ? strays : undefined, problem, progress });
  const usage = counter.result();
  const met = judge && usage.owners.some(({ uid }) => owners.isPackage(uid));
  // where no account was known to be a package nothing had been remembered of the others
  if (met && !expected) look({ strays, problem: () => undefined, progress });
  const judged = expected || met;
  const listed = receiptIndex(site, depot, problem);
  const receipts = (path: Bytes): ReturnType<typeof ownedBy> => ownedBy(listed(path), owners);
  const suspects = judged
    ? findSuspects(strays.strays, { owners, hierarchy, receipts, siteRoot: site.root })
    : [];
  return { usage, owners, judged, suspects, problems };
}

function ownedBy(pack: ReturnType<ReturnType<typeof receiptIndex>>, owners: Owners) {
  return pack && { package: pack.directory, owner: owners.accountOf(pack) };
}

interface Listeners {
  readonly counter?: UsageCounter;
  readonly strays: StrayCollector | undefined;
  readonly problem: (problem: LfckProblem) => void;
  readonly progress: InspectOptions['progress'];
}

function visitorOf({ counter, strays, problem, progress }: Listeners): Visitor {
  let objects = 0;
  return {
    root({ stat, standing }) {
      counter?.count(stat, standing);
    },
    enter(directory, entries) {
      for (const { stat, directory: below } of entries) {
        counter?.count(stat, below?.standing ?? directory.standing);
      }
      strays?.enter(directory, entries);
      objects += entries.length;
      progress?.(objects);
    },
    leave(directory) {
      strays?.leave(directory);
    },
    problem,
  };
}
