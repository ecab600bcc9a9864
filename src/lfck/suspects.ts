/**
 * From objects whose owner is no package to suspects: what is nobody's mistake is left out, the
 * others get the owner that they are suspected to be of, and why.
 */
import { compareBytes, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { isArchitectureName } from './architecture-name.ts';
import { judge, type Evidence, type Verdict, type Witnesses } from './evidence.ts';
import { shownPath } from './scan.ts';
import type { Ground, SeenName, Stray, StrayStat } from './strays.ts';
import type { Hierarchy } from './trees.ts';

export interface Suspect {
  /** As shown: the tree as it was named, and what is below it. */
  readonly path: Bytes;
  readonly stat: StrayStat;
  /** In the trees; all are one object. */
  readonly names: readonly SeenName[];
  /** Undefined when nothing, or nothing clear, is known. */
  readonly suspected: number | undefined;
  /** The most telling first. */
  readonly evidence: readonly Evidence[];
  /** The directory that it is in, where that is one too. */
  readonly within: Suspect | undefined;
}

export interface SuspectSources extends Omit<Witnesses, 'verdictOf'> {
  readonly hierarchy: Hierarchy;
}

/** In byte order of their paths, so that a directory comes before what is in it. */
export function findSuspects(
  strays: readonly Stray[],
  sources: SuspectSources,
): readonly Suspect[] {
  const verdicts = new Map<Stray, Verdict>();
  const witnesses: Witnesses = { ...sources, verdictOf: (directory) => verdicts.get(directory) };
  // the verdict on a directory is part of the evidence on what is in it, by whatever name
  const inOrder = [
    ...strays.filter(({ stat }) => stat.type === 'd'),
    ...strays.filter(({ stat }) => stat.type !== 'd'),
  ];
  for (const stray of inOrder) {
    if (isRecord(stray, sources)) continue;
    const verdict = judge(stray, witnesses);
    if (!mayBeRoots(stray, verdict, sources)) verdicts.set(stray, verdict);
  }
  const suspects = new Map<Stray, Suspect>();
  for (const [stray, verdict] of verdicts) {
    const first = stray.names[0];
    if (first === undefined) continue;
    const { directory, stray: above } = first.ground;
    suspects.set(stray, {
      path: shownPath(directory.root, directory.place, first.name),
      stat: stray.stat,
      names: stray.names,
      suspected: verdict.owner,
      evidence: verdict.evidence,
      within: above === undefined ? undefined : suspects.get(above),
    });
  }
  return [...suspects.values()].toSorted((one, other) => compareBytes(one.path, other.path));
}

/** What stands there before any package, and what this host knows about itself. */
function isRecord({ names }: Stray, { hierarchy }: SuspectSources): boolean {
  return names.some(({ ground, name, standing }) => {
    if (standing.claim?.kind === 'records') return true;
    return hierarchy.itself.has(join(realPathOf(ground), name));
  });
}

function realPathOf({ directory }: Ground): Bytes {
  return join(directory.root.path, directory.place.path);
}

/**
 * What is root's for a reason: links that make a version current, those of the farms, directories
 * that packages share (several have something below it, or it is called like those that they share
 * everywhere), and what belongs to a package that has no account of its own.
 */
function mayBeRoots(
  { stat, names, ground }: Stray,
  { evidence }: Verdict,
  { hierarchy }: SuspectSources,
): boolean {
  if (stat.uid !== 0) return false;
  if (stat.type === 'l') {
    if (evidence.some(({ kind }) => kind === 'receipt')) return true;
    if (names.some((name) => hierarchy.trees.has(realPathOf(name.ground)))) return true;
  }
  const placed = evidence.filter(({ kind }) => PLACED.has(kind));
  if (placed.length > 0) return placed.every(({ owner }) => owner === undefined);
  if (stat.type !== 'd') return false;
  if (ground !== undefined && ground.below.size > 1) return true;
  return names.some(({ name }) => COMMON.test(name) || isArchitectureName(name));
}

const PLACED: ReadonlySet<string> = new Set(['package', 'home', 'receipt']);

/** As hier(7) and the hierarchies of 1991 have them. */
const COMMON =
  /^(?:s?bin|servers|maintenance|lib(?:32|64|exec)?|include|etc|games|src|doc|docs|info|locale|local|man|(?:man|cat)[0-9a-z]|pkgconfig)$/;
