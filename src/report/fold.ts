/**
 * What is new since last time, what is as it was, and what has gone: so that a report that comes every
 * night is read. What stays as it was is told again after some days, lest it be forgotten.
 */
import { identityOf, type Finding } from './finding.ts';

/** A finding as it was told, in the state between two reports. */
export interface KnownFinding {
  readonly finding: Finding;
  /** When it was first found, milliseconds since the epoch. */
  readonly since: number;
  /** When it was last told in full. */
  readonly told: number;
}

export interface Folded {
  /** To be told in full: new, or heavier than it was, or not told for long. */
  readonly fresh: readonly KnownFinding[];
  /** As it was told last time. */
  readonly unchanged: readonly KnownFinding[];
  /** Found last time, and not now. */
  readonly gone: readonly KnownFinding[];
  /** What is known when this has been told. */
  readonly known: readonly KnownFinding[];
}

export interface FoldOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Days after which a problem or warning that stays is told in full again; never for 0. */
  readonly remindDays: number;
  /** Whether a finding that is not there now may be there all the same, since nobody could look: it is kept. */
  readonly isUnsure?: (finding: Finding) => boolean;
}

const DAY = 86_400_000;

/** Folds one recipient's findings (each identity once) over what he was told before. */
export function fold(
  findings: readonly Finding[],
  before: readonly KnownFinding[],
  { now, remindDays, isUnsure = () => false }: FoldOptions,
): Folded {
  const left = new Map(before.map((each) => [identityOf(each.finding), each]));
  const fresh: KnownFinding[] = [];
  const unchanged: KnownFinding[] = [];
  for (const finding of findings) {
    const key = identityOf(finding);
    const known = left.get(key);
    left.delete(key);
    // a clock that was set back is no reason to say nothing
    const since = Math.min(known?.since ?? now, now);
    const due =
      known === undefined ||
      known.told > now ||
      known.finding.severity !== finding.severity ||
      (remindDays > 0 && finding.severity !== 'note' && now - known.told >= remindDays * DAY);
    if (due) fresh.push({ finding, since, told: now });
    else unchanged.push({ finding, since, told: known.told });
  }
  const missing = [...left.values()];
  const kept = missing.filter(({ finding }) => isUnsure(finding));
  return {
    fresh,
    unchanged: [...unchanged, ...kept],
    gone: missing.filter(({ finding }) => !isUnsure(finding)),
    known: [...fresh, ...unchanged, ...kept],
  };
}
