/** Who wins a name that several packages want. Pure. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';
import type { Conflict } from '../host/plan.ts';

/** A package that wants a name. */
export interface Candidate {
  /** Name under `/software`. */
  readonly package: Bytes;
  /** 0–100, from its `Options`. */
  readonly priority: number;
  readonly class: string;
  readonly target: Bytes;
}

export interface Settled {
  readonly winner: Candidate;
  /** The others, best first. */
  readonly losers: readonly Candidate[];
  /** What decided; `alone` when there is nobody else. */
  readonly by: 'alone' | 'preference' | 'priority' | 'content';
  /** Set when nothing decides between the winner and the next. */
  readonly tie?: Candidate;
}

export interface SettleRules {
  /** The site's own choice for this name. */
  readonly preferred?: Bytes;
  /** Whether two targets have the same content: then it does not matter who wins. */
  readonly identical: (one: Candidate, other: Candidate) => boolean;
}

/**
 * The site's choice, then the higher priority. Equal priority is no decision, unless the contents
 * are the same: then the name first in the alphabet.
 */
export function settle(candidates: readonly Candidate[], rules: SettleRules): Settled | undefined {
  const ordered = candidates.toSorted(
    (one, other) =>
      Number(other.package === rules.preferred) - Number(one.package === rules.preferred) ||
      other.priority - one.priority ||
      (one.package < other.package ? -1 : 1),
  );
  const [winner, ...losers] = ordered;
  if (winner === undefined) return undefined;
  if (losers.length === 0) return { winner, losers, by: 'alone' };
  if (winner.package === rules.preferred) return { winner, losers, by: 'preference' };
  const equal = losers.filter((loser) => loser.priority === winner.priority);
  const tie = equal.find((loser) => !rules.identical(winner, loser));
  const by = equal.length > 0 ? 'content' : 'priority';
  return { winner, losers, by, ...(tie !== undefined && { tie }) };
}

/** The conflict that a tie is, with the commands that settle it. */
export function tieConflict(path: Bytes, one: Candidate, other: Candidate): Conflict {
  const [first, second] = [one, other].map((candidate) => printable(candidate.package));
  const name = printable(basename(path));
  return {
    code: 'E_FARM_TIE',
    path,
    message: `${name} is provided by both ${first} and ${second}, at equal priority ${one.priority}`,
    remedy: `xh prefer ${name} ${first}   or   xh prefer ${name} ${second}   or set 'priority' in .admin/Options of one`,
  };
}
