/**
 * Whose an object with a strange owner should be. Where it stands says most: in a package's
 * directory or home, or in a receipt. Where that says nothing its neighbours and the people who
 * maintain a package are asked, and must not contradict each other.
 */
import { printable, slice, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import type { Owners } from './owners.ts';
import { shownPath } from './scan.ts';
import type { Ground, SeenName, Stray } from './strays.ts';

export type EvidenceKind =
  /** It stands in a package's directory in the depot. */
  | 'package'
  /** It stands in the home directory of a package's account. */
  | 'home'
  /** The package's receipt lists the path. */
  | 'receipt'
  /** What packages have in the directory that it is. */
  | 'contents'
  /** The others in its directory. */
  | 'siblings'
  /** The owner of its directory. */
  | 'directory'
  /** Its owner is in the package's netgroup `nsu_PACKAGE`. */
  | 'maintainer';

export interface Evidence {
  readonly kind: EvidenceKind;
  /** Undefined when it says which package, but that has no account. */
  readonly owner: number | undefined;
  /** `its directory is tex's`. */
  readonly text: string;
}

export interface Verdict {
  /** Undefined when nothing, or nothing clear, is known. */
  readonly owner: number | undefined;
  readonly evidence: readonly Evidence[];
}

export interface Witnesses {
  readonly owners: Owners;
  readonly siteRoot: Bytes;
  /** The owner that the receipts give a path of the site, if they list it. */
  readonly receipts: (
    path: Bytes,
  ) => { readonly package: Bytes; readonly owner: number | undefined } | undefined;
  /** What was decided of a directory before. */
  readonly verdictOf: (directory: Stray) => Verdict | undefined;
}

/** What is known about `stray`. Its directory has been decided before, where it is one too. */
export function judge(stray: Stray, witnesses: Witnesses): Verdict {
  const strong = stray.names.flatMap((name, index) =>
    told(standingEvidence(name, witnesses), stray, index),
  );
  const neighbours = stray.names.flatMap((name, index) =>
    told(neighbourEvidence(stray, name, witnesses), stray, index),
  );
  const maintained = maintainerEvidence(stray, witnesses);
  const places = strong.length > 0 ? strong : neighbours;
  // who maintains several packages is asked only which of them it may be
  const agreeing = maintained.filter(({ owner }) => places.some((each) => each.owner === owner));
  const decisive =
    strong.length > 0 ? strong : [...neighbours, ...(agreeing.length > 0 ? agreeing : maintained)];
  const evidence = strong.length > 0 ? [...strong, ...agreeing] : decisive;
  const said = new Set(decisive.map(({ owner }) => owner));
  const [owner] = said;
  // nothing is ever given to root
  return { owner: said.size === 1 && owner !== 0 ? owner : undefined, evidence };
}

/** Evidence by another name than the first says so. */
function told(evidence: Evidence | undefined, stray: Stray, index: number): readonly Evidence[] {
  if (evidence === undefined) return [];
  const name = stray.names[index];
  if (index === 0 || name === undefined) return [evidence];
  const path = printable(
    shownPath(name.ground.directory.root, name.ground.directory.place, name.name),
  );
  return [{ ...evidence, text: `as ${path}: ${evidence.text}` }];
}

function standingEvidence(seen: SeenName, witnesses: Witnesses): Evidence | undefined {
  const { owners } = witnesses;
  const claim = seen.standing.claim;
  switch (claim?.kind) {
    case 'package': {
      const owner = owners.accountOf(claim.pack);
      const name = printable(claim.pack.directory);
      const lack = owner === undefined ? ', which has no account of its own' : '';
      return { kind: 'package', owner, text: `it stands in package ${name}${lack}` };
    }
    case 'home':
      return {
        kind: 'home',
        owner: claim.owner,
        text: `it stands in the home directory of ${nameOf(owners, claim.owner)}`,
      };
    case 'records':
    case undefined:
      return receiptEvidence(seen, witnesses);
  }
}

function receiptEvidence(
  { ground, name }: SeenName,
  { receipts, siteRoot }: Witnesses,
): Evidence | undefined {
  const { root, place } = ground.directory;
  const path = join(join(root.path, place.path), name);
  if (!isWithin(siteRoot, path)) return undefined;
  const listed = receipts(siteRoot === '/' ? path : slice(path, siteRoot.length));
  if (listed === undefined) return undefined;
  const lack = listed.owner === undefined ? ', which has no account of its own' : '';
  const text = `it is in the receipt of ${printable(listed.package)}${lack}`;
  return { kind: 'receipt', owner: listed.owner, text };
}

function neighbourEvidence(
  stray: Stray,
  { ground }: SeenName,
  witnesses: Witnesses,
): Evidence | undefined {
  const { owners } = witnesses;
  if (stray.ground !== undefined && stray.ground.below.size > 0) {
    // what is in a directory says more of it than what is beside it
    const [owner] = stray.ground.below;
    if (stray.ground.below.size > 1 || owner === undefined) return undefined;
    const text = `what packages have in it is ${nameOf(owners, owner)}'s`;
    return { kind: 'contents', owner, text };
  }
  if (ground.counts.size > 0) return siblingEvidence(ground, owners);
  const { uid } = ground.directory.stat;
  if (owners.isPackage(uid)) {
    return { kind: 'directory', owner: uid, text: `its directory is ${nameOf(owners, uid)}'s` };
  }
  const above = ground.stray === undefined ? undefined : witnesses.verdictOf(ground.stray)?.owner;
  if (above === undefined) return undefined;
  const text = `its directory is suspected to be ${nameOf(owners, above)}'s`;
  return { kind: 'directory', owner: above, text };
}

/**
 * All of them, where they are three or their directory is the same package's; or nine of ten where
 * there are ten at least. In common directories neighbours are there by chance.
 */
function siblingEvidence({ counts, directory }: Ground, owners: Owners): Evidence | undefined {
  const [first] = [...counts].toSorted(([, one], [, other]) => other - one);
  if (first === undefined) return undefined;
  const [owner, count] = first;
  const all = [...counts.values()].reduce((sum, each) => sum + each, 0);
  const name = nameOf(owners, owner);
  const evidence = (who: string): Evidence => ({
    kind: 'siblings',
    owner,
    text: `${who} ${name}'s`,
  });
  const isItsDirectory = directory.stat.uid === owner;
  if (count === all) {
    if (isItsDirectory) return evidence('its directory and all that packages have in it are');
    return all < 3 ? undefined : evidence(`all ${all} others of packages in its directory are`);
  }
  if (all < 10 || count < all * 0.9) return undefined;
  return evidence(`${count} of ${all} others of packages in its directory are`);
}

function maintainerEvidence(stray: Stray, { owners }: Witnesses): readonly Evidence[] {
  const { uid } = stray.stat;
  return owners.maintainedBy(uid).map((owner) => {
    const name = nameOf(owners, owner);
    return {
      kind: 'maintainer',
      owner,
      text: `${nameOf(owners, uid)} maintains ${name} (netgroup nsu_${name})`,
    };
  });
}

function nameOf(owners: Owners, uid: number): string {
  return printable(owners.name(uid));
}
