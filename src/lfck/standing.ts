/**
 * What the place of an object says of it: the architecture it is for, whether slaves have it, and
 * the package whose it should be. A directory's standing holds for all below, until a mark or a
 * name says otherwise.
 */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import { components, isWithin, join } from '../bytes/path.ts';
import { isArchitectureName } from './architecture-name.ts';
import type { DepotPackage } from './depot.ts';

export interface Standing {
  /** Undefined while nothing has said it. */
  readonly architecture: Bytes | undefined;
  /** For how many levels more a directory's name may say it. */
  readonly levels: number;
  readonly exported: boolean;
  readonly claim: Claim | undefined;
}

/** Below a tree, and below what is exported; deeper down sources have directories called so. */
const LEVELS = 3;

/** Whose all below a directory should be. */
export type Claim =
  /** A package's directory in the depot. */
  | { readonly kind: 'package'; readonly pack: DepotPackage }
  /** The home directory of a package's account. */
  | { readonly kind: 'home'; readonly owner: number }
  /** What this host knows about itself: no package's, and nobody's mistake. */
  | { readonly kind: 'records' };

/** What is known of one directory beforehand; what is left out stays as above it. */
export interface Mark {
  readonly architecture?: Bytes;
  readonly exported?: boolean;
  readonly claim?: Claim;
}

export interface Standings {
  /** The standing of the directory with this real path. */
  at(path: Bytes): Standing;
  /** The standing of directory `name`, whose real path is `path`, in one with standing `above`. */
  below(above: Standing, name: Bytes, path: Bytes): Standing;
}

export interface StandingSources {
  /** By real path. */
  readonly marks: ReadonlyMap<Bytes, Mark>;
  /** Names of architectures that do not look like one. */
  readonly architectures: readonly Bytes[];
  /** The names of the directories above it say nothing of what is in it. */
  readonly siteRoot: Bytes;
}

/** Of several names of architectures in a path, and of one above a mark, the outermost counts. */
export function createStandings(sources: StandingSources): Standings {
  const { marks, siteRoot } = sources;
  const further = new Set(sources.architectures);
  const nothing: Standing = {
    architecture: undefined,
    levels: LEVELS,
    exported: false,
    claim: undefined,
  };

  function below(above: Standing, name: Bytes, path: Bytes): Standing {
    const mark = marks.get(path);
    const mayTell = above.architecture === undefined && above.levels > 0;
    if (mark === undefined && !mayTell) return above;
    const tells = mayTell && (further.has(name) || isArchitectureName(name));
    return {
      architecture: mark?.architecture ?? above.architecture ?? (tells ? name : undefined),
      levels: mark?.exported === undefined ? above.levels - 1 : LEVELS,
      exported: mark?.exported ?? above.exported,
      claim: mark?.claim ?? above.claim,
    };
  }

  return {
    at(path) {
      let at = isWithin(siteRoot, path) ? siteRoot : b`/`;
      let standing: Standing = { ...nothing, ...marks.get(at) };
      for (const name of components(slice(path, at.length))) {
        at = join(at, name);
        // all of the way to a tree counts
        standing = { ...below(standing, name, at), levels: LEVELS };
      }
      return standing;
    },
    below,
  };
}
