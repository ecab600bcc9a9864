/**
 * Which accounts are packages, who else may own files, and who maintains what. After "Managing
 * Program Binaries In a Heterogeneous UNIX Network" (LISA 1991): each package is an account that
 * owns its files, and the netgroup `nsu_PACKAGE` names the people who may become it.
 */
import { readFileSync } from 'node:fs';
import {
  b,
  fromBuffer,
  printable,
  split,
  toBuffer,
  toText,
  trim,
  type Bytes,
} from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import type { User } from '../site/accounts.ts';
import type { DepotPackage } from './depot.ts';
import type { LfckProblem } from './problem.ts';
import type { SiteSources } from './site-sources.ts';

/** Where it is said which accounts are packages. */
export type PackageSource =
  | { readonly from: 'all' }
  | { readonly from: 'netgroup'; readonly name: Bytes }
  /** A name or number a line, `#` begins a comment. */
  | { readonly from: 'file'; readonly path: Bytes };

export interface OwnerOptions {
  readonly depot: readonly DepotPackage[];
  /** Without any: accounts called like a package of the depot, and the netgroup `packages`. */
  readonly packages: readonly PackageSource[];
  /** Names or numbers of owners that are no packages, and may own files all the same. */
  readonly accept: readonly Bytes[];
  /** A netgroup that cannot be understood: the others still count. */
  readonly problem: (problem: LfckProblem) => void;
}

export interface Owners {
  /** The account's name, or the number where there is none. */
  name(uid: number): Bytes;
  isPackage(uid: number): boolean;
  /** No package, but nothing to be said about. */
  isAccepted(uid: number): boolean;
  /** The package accounts that stand in files. */
  readonly packages: readonly User[];
  /** Whether any account is known to be a package before one is met. */
  readonly known: boolean;
  /** The account of a package of the depot, if it has one that is a package. */
  accountOf(pack: DepotPackage): number | undefined;
  /** The packages whose netgroup `nsu_PACKAGE` has the user. */
  maintainedBy(uid: number): readonly number[];
}

/** @throws XhError exit 2 for lists, netgroups and names that are not there */
export function findOwners(sources: SiteSources, options: OwnerOptions): Owners {
  const { accounts } = sources;
  const accepted = new Set(options.accept.map((owner) => uidOf(owner, sources)));
  const names = packageNames(sources, options);
  const known = knownPackages(names, sources, options);
  const uids = new Map<number, boolean>();
  if (options.packages.length > 0 && known.size === 0) {
    throw usage(
      'E_LFCK_PACKAGES',
      '--packages names no account of this system',
      'see getent passwd',
    );
  }

  function isPackage(uid: number): boolean {
    let answer = uids.get(uid);
    if (answer === undefined) {
      const name = accounts.userById(uid)?.name;
      const isNamed =
        name !== undefined && (names === 'all' || (uid !== 0 && names.inDepot.has(name)));
      answer = known.has(uid) || isNamed;
      uids.set(uid, answer);
    }
    return answer;
  }

  let maintainers: ReadonlyMap<Bytes, readonly number[]> | undefined;
  const owned = new Map<DepotPackage, number | undefined>();
  return {
    name: (uid) => known.get(uid)?.name ?? accounts.userById(uid)?.name ?? b`${uid}`,
    isPackage,
    isAccepted: (uid) => accepted.has(uid),
    packages: [...known.values()],
    known: known.size > 0,
    accountOf(pack) {
      if (!owned.has(pack)) {
        const users = pack.accounts.map((name) => accounts.user(name)?.uid);
        owned.set(
          pack,
          users.find((uid) => uid !== undefined && uid !== 0 && isPackage(uid)),
        );
      }
      return owned.get(pack);
    },
    maintainedBy(uid) {
      const user = accounts.userById(uid)?.name;
      if (uid === 0 || user === undefined) return [];
      maintainers ??= readMaintainers(sources, allPackages(), options.problem);
      return maintainers.get(user) ?? [];
    },
  };

  /** Those in files or lists, and those that have been met. */
  function allPackages(): Iterable<User> {
    const all = new Map(known);
    for (const [uid, is] of uids) {
      const user = is ? accounts.userById(uid) : undefined;
      if (user !== undefined && !all.has(uid)) all.set(uid, user);
    }
    return all.values();
  }
}

/** Accounts in files, and those of lists wherever they are: a depot has more names than accounts. */
function knownPackages(
  names: PackageNames,
  sources: SiteSources,
  { packages }: OwnerOptions,
): ReadonlyMap<number, User> {
  const { accounts, accountsInFiles } = sources;
  const inFiles = names === 'all' ? accountsInFiles.userNames() : names.inDepot;
  const listed = names === 'all' ? [] : names.listed;
  const users = [
    ...[...inFiles].map((name) => accountsInFiles.user(name)),
    ...[...listed].map((name) => accounts.user(name) ?? numbered(name, sources)),
  ];
  const known = new Map<number, User>();
  for (const user of users) {
    if (user === undefined || known.has(user.uid)) continue;
    // root is a package only where somebody says so
    if (user.uid !== 0 || packages.length > 0) known.set(user.uid, user);
  }
  return known;
}

type PackageNames =
  'all' | { readonly inDepot: ReadonlySet<Bytes>; readonly listed: ReadonlySet<Bytes> };

/** The netgroup that the site's package accounts stand in, where nothing else is said. */
const PACKAGES = b`packages`;

function packageNames(sources: SiteSources, { depot, packages }: OwnerOptions): PackageNames {
  if (packages.some(({ from }) => from === 'all')) return 'all';
  if (packages.length > 0) {
    const listed = packages.flatMap((source) => namesIn(source, sources));
    return { inDepot: new Set(), listed: new Set(listed) };
  }
  return {
    inDepot: new Set(depot.flatMap((pack) => pack.accounts)),
    listed: new Set(sources.netgroups.users(PACKAGES)),
  };
}

function namesIn(source: PackageSource, sources: SiteSources): readonly Bytes[] {
  switch (source.from) {
    case 'all':
      return [];
    case 'netgroup': {
      const users = sources.netgroups.users(source.name);
      if (users !== undefined) return users;
      const message = `--packages: there is no netgroup '${printable(source.name)}'`;
      throw usage('E_LFCK_PACKAGES', message, 'name one that is there, or --netgroup FILE with it');
    }
    case 'file':
      return split(readList(source.path), '\n')
        .map((line) => trim((line.split('#')[0] ?? '') as Bytes))
        .filter((line) => line !== '');
  }
}

function readList(path: Bytes): Bytes {
  try {
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new XhError('E_LFCK_PACKAGES', `--packages ${printable(path)}: ${code}`, {
      exit: EXIT.usage,
      place: { file: path },
      remedy: "name a file that is there, '@NETGROUP', or 'all'",
      cause: error,
    });
  }
}

/** Who maintains what, by name. */
function readMaintainers(
  { netgroups }: SiteSources,
  packages: Iterable<User>,
  problem: OwnerOptions['problem'],
): ReadonlyMap<Bytes, readonly number[]> {
  const found = new Map<Bytes, number[]>();
  for (const { name, uid } of packages) {
    try {
      for (const user of netgroups.users(b`nsu_${name}`) ?? []) {
        const maintained = found.get(user);
        if (maintained === undefined) found.set(user, [uid]);
        else maintained.push(uid);
      }
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      problem({ path: error.place?.file ?? b`netgroup`, message: error.message });
    }
  }
  return found;
}

function uidOf(owner: Bytes, sources: SiteSources): number {
  const user = sources.accounts.user(owner) ?? numbered(owner, sources);
  if (user !== undefined) return user.uid;
  const near = didYouMean(toText(owner), [...sources.accountsInFiles.userNames()].map(toText));
  const message = `--accept: there is no account '${printable(owner)}'`;
  throw usage('E_LFCK_ACCEPT', message, near ?? 'write its number');
}

/** An owner that is written as a number need not be an account. */
function numbered(name: Bytes, { accounts }: SiteSources): User | undefined {
  if (!/^[0-9]{1,10}$/.test(name) || Number(name) >= 0xffff_ffff) return undefined;
  const uid = Number(name);
  return accounts.userById(uid) ?? { name, uid, gid: uid, home: b``, shell: b`` };
}

function usage(code: string, message: string, remedy: string): XhError {
  return new XhError(code, message, { exit: EXIT.usage, remedy });
}
