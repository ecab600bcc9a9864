/**
 * The way to a directory of the farms: real directories, or links of an administrator's to such, but
 * never through a package, whose files would then be written by whoever writes into the farm.
 */
import { b, type Bytes } from '../bytes/bytes.ts';
import { components, isWithin, join } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';

/** What is on the way to `directory` and must not be passed, or undefined: links can be made in it. */
export function entrance(draft: Draft, directory: Bytes): Bytes | undefined {
  let ways = known.get(draft);
  if (ways === undefined)
    known.set(draft, (ways = { trees: packageTrees(draft), free: new Set() }));
  if (ways.free.has(directory)) return undefined;
  const blocked = draft.obstacle(directory) ?? packageOnTheWay(draft, ways.trees, directory);
  // what has been looked at is not exchanged by a plan, whose links are never directories
  if (blocked === undefined) ways.free.add(directory);
  return blocked;
}

interface Ways {
  readonly trees: Trees;
  readonly free: Set<Bytes>;
}

interface Trees {
  /** Where the trees of packages really are. */
  readonly packages: readonly Bytes[];
  /** The host's own part of one of them. */
  readonly own: Bytes;
}

const known = new WeakMap<Draft, Ways>();

function packageTrees(draft: Draft): Trees {
  const types = [...draft.list(b`/.software`)];
  return {
    packages: types.map((type) => draft.follow(b`/.software/${type}`)),
    own: draft.follow(b`/.software/local/.admin`),
  };
}

/** The link that leads into a package. */
function packageOnTheWay(draft: Draft, trees: Trees, directory: Bytes): Bytes | undefined {
  // the root itself is no name that could be followed
  const real = directory === '/' ? directory : draft.follow(directory);
  if (real === directory || isWithin(trees.own, real)) return undefined;
  if (!trees.packages.some((tree) => isWithin(tree, real))) return undefined;
  let at: Bytes = b`/`;
  for (const name of components(directory)) {
    at = join(at, name);
    if (draft.look(at).type === 'link') return at;
  }
  return directory;
}
