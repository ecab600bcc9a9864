/**
 * Where in a package the parts of a software go: one table from the directories that software has
 * to those that packages have. What is next to each other stays so (`bin`, `lib`, `share`), because
 * programs look for their files by relative paths.
 */
import { b, slice, type Bytes } from '../../bytes/bytes.ts';
import { components, join } from '../../bytes/path.ts';
import { isDirectory, nodeAt, type SoftwareTree } from './tree.ts';

/** The place below a prefix, and in the package; the longest that fits holds. */
const PLACES: readonly (readonly [from: Bytes, to: Bytes])[] = [
  [b`bin`, b`bin`],
  [b`games`, b`bin`],
  [b`sbin`, b`maintenance`],
  // programs that programs run: a web server, a daemon
  [b`libexec`, b`servers`],
  [b`lib/cgi-bin`, b`servers`],
  [b`lib`, b`lib`],
  [b`lib64`, b`lib`],
  [b`include`, b`include`],
  [b`share/man`, b`man`],
  [b`man`, b`man`],
  [b`share/info`, b`info`],
  [b`info`, b`info`],
  [b`share/doc`, b`doc`],
  [b`doc`, b`doc`],
  [b`share`, b`share`],
  // fragments that a host may need; the others of etc are defaults of the software
  [b`etc/profile.d`, b`export/profile.d`],
  [b`etc`, b`etc`],
  [b`var/log`, b`logs`],
];

/** Directories that never hold anything of one software alone; a mention of them tells nothing. */
const COMMON: ReadonlySet<string> = new Set(
  [
    ...PLACES.map(([from]) => from),
    'var var/lib var/cache var/spool var/tmp opt srv share/applications share/icons share/locale',
    'share/man/man1 share/man/man5 share/man/man8 etc/init.d etc/default etc/cron.d lib/systemd',
    'lib/systemd/system share/lintian share/lintian/overrides share/menu share/doc-base',
    'share/pixmaps share/bash-completion share/bash-completion/completions lib/pkgconfig',
  ].flatMap((names) => names.split(' ')),
);

/** Places in a package that are the package's own and that no software may fill by itself. */
const RESERVED: ReadonlySet<string> = new Set(['.admin', 'export']);

export interface Places {
  /** Where `path` (relative to the software's base) goes; empty for the package itself. */
  placeOf(path: Bytes): Bytes;
  /** Whether `path` is a directory of all software (`usr/share`), not of this one. */
  isCommon(path: Bytes): boolean;
  /** Whether `path` would get into a part of the package that is not for software. */
  isReserved(path: Bytes): boolean;
}

export function placesFor(tree: SoftwareTree): Places {
  const prefixes = prefixesOf(tree);

  /** `path` below the longest prefix that it is in. */
  function belowPrefix(path: Bytes): { readonly prefix: Bytes; readonly below: Bytes } {
    const found = prefixes.find(
      (prefix) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`),
    );
    const prefix = found ?? b``;
    return { prefix, below: prefix === '' ? path : slice(path, prefix.length + 1) };
  }

  return {
    placeOf(path) {
      const { prefix, below } = belowPrefix(path);
      if (below === '') return b``;
      const flat = withoutMultiarch(below);
      const rule = ruleFor(flat);
      // what no rule knows keeps its own path
      return rule === undefined ? join(prefix, below) : join(rule[1], slice(flat, rule[0].length));
    },
    isCommon(path) {
      const { prefix, below } = belowPrefix(path);
      if (!STANDARD_PREFIXES.includes(prefix)) return false;
      return below === '' || COMMON.has(withoutMultiarch(below));
    },
    isReserved(path) {
      const { below } = belowPrefix(path);
      return ruleFor(below) === undefined && RESERVED.has(components(path)[0] ?? '');
    },
  };
}

/** Where something goes by the table alone, of software of which nothing more is known. */
export function standardPlace(path: Bytes): Bytes {
  return placesFor(NOTHING).placeOf(path);
}

const NOTHING: SoftwareTree = { root: { path: b``, entry: undefined, children: new Map() } };

function ruleFor(below: Bytes): readonly [from: Bytes, to: Bytes] | undefined {
  let best: readonly [from: Bytes, to: Bytes] | undefined;
  for (const rule of PLACES) {
    const [from] = rule;
    if (below !== from && !below.startsWith(`${from}/`)) continue;
    if (best === undefined || from.length > best[0].length) best = rule;
  }
  return best;
}

const STANDARD_PREFIXES: readonly Bytes[] = [b``, b`usr`, b`usr/local`];

/** The prefixes that the tree has, longest first; the root of the tree is the last. */
function prefixesOf(tree: SoftwareTree): readonly Bytes[] {
  const prefixes = [...STANDARD_PREFIXES];
  // a software that stands in a directory of its own, /opt/NAME with a bin below it
  const opt = nodeAt(tree, b`opt`);
  const [own] = opt?.children.values() ?? [];
  const bin = own?.children.get(b`bin`);
  if (opt?.children.size === 1 && own !== undefined && bin !== undefined && isDirectory(bin)) {
    prefixes.push(own.path);
  }
  return prefixes.toSorted((one, other) => other.length - one.length);
}

/**
 * `lib/x86_64-linux-gnu/foo` as `lib/foo`: a package is of one architecture, and what links
 * libraries looks at `lib` itself.
 */
function withoutMultiarch(below: Bytes): Bytes {
  const triplet = MULTIARCH.exec(below)?.[0];
  return triplet === undefined ? below : (`lib${slice(below, triplet.length)}` as Bytes);
}

const MULTIARCH = /^lib\/[a-z0-9_]{2,16}-(?:linux|kfreebsd)-(?:gnu|musl)[a-z0-9_]{0,12}(?=\/|$)/;
