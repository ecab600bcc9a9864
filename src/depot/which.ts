/** Who owns a file or a command, and why it is what it is. */
import { b, bytes, slice, split, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join, normalize } from '../bytes/path.ts';
import { classAt, LINK_CLASSES } from '../farm/classes.ts';
import { holder } from '../farm/standing.ts';
import { contestedIn, preferencesIn } from '../farm/state.ts';
import { createDraft, type Draft } from '../host/draft.ts';
import { installedPackages, readReceipt } from '../host/receipt.ts';
import type { Host } from '../host/transaction.ts';
import type { Config } from '../site/config.ts';
import { siteFileTypes } from '../site/config.ts';

export type Ownership =
  /** A link of the farms. */
  | {
      readonly kind: 'link';
      readonly path: Bytes;
      readonly package: Bytes;
      readonly target: Bytes;
      /** Why this package and no other. */
      readonly why: string;
      readonly losers: readonly Bytes[];
    }
  /** A file in a package's tree. */
  | { readonly kind: 'file'; readonly path: Bytes; readonly package: Bytes; readonly type: Bytes }
  /** A system file that packages have a part in. */
  | { readonly kind: 'fragments'; readonly path: Bytes; readonly packages: readonly Bytes[] };

/**
 * All that is known of `word`: a path (`/etc/services`), or the name of a command, page, header or
 * library in the farms. Empty when nothing of ours is called so.
 */
export function whoOwns(host: Host, config: Config, word: Bytes): Ownership[] {
  const draft = createDraft(host.walker);
  if (!word.includes('/')) return linkedAs(host, draft, config, word);
  const root = host.site.root;
  const path = normalize(word);
  const inside = root !== '/' && isWithin(root, path) ? slice(path, root.length) || b`/` : path;
  if (inside === '/') return [];
  const link = linkAt(host, draft, config, inside);
  if (link !== undefined) return [link];
  const real = host.walker.tryLocate(inside, { follow: true })?.path ?? inside;
  return [...treeOwner(config, real), ...fragmentOwners(host, [inside, real])];
}

function linkedAs(host: Host, draft: Draft, config: Config, name: Bytes): Ownership[] {
  const places = new Set(
    LINK_CLASSES.flatMap(({ trees, deep }) =>
      trees.flatMap(({ to }) => placesIn(draft, to, deep, name)),
    ),
  );
  return [...places]
    .map((path) => linkAt(host, draft, config, path))
    .filter((found) => found !== undefined);
}

/** Where `name` may stand in a farm; a manual page is found by its name without section too. */
function placesIn(draft: Draft, top: Bytes, deep: boolean, name: Bytes): Bytes[] {
  if (!deep) return [join(top, name)];
  const found: Bytes[] = [];
  const visit = (directory: Bytes): void => {
    for (const entry of draft.list(directory)) {
      const path = join(directory, entry);
      const at = draft.look(path);
      if (at.type === 'directory') visit(path);
      else if (entry === name || entry.replace(/\.\d\w*(?:\.gz)?$/, '') === name) found.push(path);
    }
  };
  visit(top);
  return found;
}

function linkAt(host: Host, draft: Draft, config: Config, path: Bytes): Ownership | undefined {
  if (classAt(path) === undefined) return undefined;
  const has = holder(draft, host.site, path);
  if (has.type !== 'ours') return undefined;
  const candidates = contestedIn(draft).get(path) ?? [];
  const losers = candidates
    .map((candidate) => candidate.package)
    .filter((name) => name !== has.package);
  const name = slice(path, path.lastIndexOf('/') + 1);
  const preferences = preferencesIn(draft);
  const here = preferences.get(path) ?? preferences.get(name);
  const winner = candidates.find((candidate) => candidate.package === has.package);
  const equal = candidates.filter((each) => each.priority === winner?.priority).length > 1;
  const why =
    losers.length === 0
      ? 'no other installed package has this name'
      : here === has.package
        ? 'preferred on this host (xh prefer)'
        : here === undefined && config.values.prefer.get(name) === has.package
          ? 'preferred at this site (xhier.toml)'
          : equal
            ? `priority ${winner?.priority ?? '?'}, and the others' files are the same`
            : `priority ${winner?.priority ?? '?'}, the highest of those that have it`;
  return { kind: 'link', path, package: has.package, target: has.target, why, losers };
}

function treeOwner(config: Config, path: Bytes): Ownership[] {
  for (const { name, root } of siteFileTypes(config)) {
    for (const top of [b`/.software/${name}`, ...(root === undefined ? [] : [root])]) {
      if (!isWithin(top, path) || path === top) continue;
      const [directory] = split(slice(path, top.length + 1), '/');
      if (directory !== undefined && !directory.startsWith('.')) {
        return [{ kind: 'file', path, package: directory, type: name }];
      }
    }
  }
  return [];
}

function fragmentOwners(host: Host, paths: readonly Bytes[]): Ownership[] {
  const packages = installedPackages(host.walker).filter((directory) =>
    readReceipt<{ readonly path: Bytes }>(host.walker, directory)?.fragments.some(({ path }) =>
      paths.includes(path),
    ),
  );
  return packages.length === 0
    ? []
    : [{ kind: 'fragments', path: paths[0] ?? bytes(''), packages }];
}
