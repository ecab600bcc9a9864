/**
 * The farm planner: given who wants which names, what must change among the links. Links are made
 * per file into real directories; foreign objects are never touched; the loser of a name is
 * remembered and gets it when the winner goes.
 */
import { printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, isWithin } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import { dropEmpty, makeRemembered } from '../host/made-directories.ts';
import { stateOf, stateText } from '../host/state.ts';
import type { Conflict } from '../host/plan.ts';
import { softwarePath, type Site } from '../site/site.ts';
import { LINK_CLASSES } from './classes.ts';
import { settle, tieConflict, type Candidate } from './settle.ts';
import { readFarmState, readPreferences, writeFarmState, type FarmState } from './state.ts';
import type { WantedLink } from './wanted.ts';

/** What a package wants now and what it had. */
export interface FarmRequest {
  /** Name under `/software`. */
  readonly package: Bytes;
  readonly priority: number;
  /** Empty when it is being taken out. */
  readonly wanted: readonly WantedLink[];
  /** Its links from the receipt. */
  readonly had: readonly WantedLink[];
  /** The priority of another package, from its `Options`. */
  readonly priorityOf: (name: Bytes) => number;
  /** Whom the site's configuration prefers for a name; `xh prefer` is stronger. */
  readonly preferred: (name: Bytes) => Bytes | undefined;
}

export interface FarmResult {
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly string[];
}

/** Plans one package's links into `draft`. Costs what the package has, not what the farm has. */
export function planFarm(draft: Draft, site: Site, request: FarmRequest): FarmResult {
  const state = readFarmState(draft);
  const contested = new Map(state.contested);
  const preferences = readPreferences(draft);
  const conflicts: Conflict[] = [];
  const notes: string[] = [];
  const wanted = new Map(request.wanted.map((link) => [link.path, link]));
  const left = request.had.filter((link) => !wanted.has(link.path));
  for (const path of [...wanted.keys(), ...left.map((link) => link.path)]) {
    const link = wanted.get(path);
    const has = holder(draft, site, path);
    const others = candidatesFor(path, contested, has, request).filter(
      (other) => other.package !== request.package,
    );
    const candidates = link === undefined ? others : [...others, candidate(link, request)];
    const settled = settle(candidates, {
      ...preferenceFor(preferences, path, request),
      identical: (one, other) => identical(draft, site, one.target, other.target),
    });
    if (has.type === 'foreign') {
      if (link !== undefined) conflicts.push(foreignConflict(draft, path, request.package));
      continue;
    }
    if (settled?.tie !== undefined && link !== undefined) {
      conflicts.push(tieConflict(path, settled.winner, settled.tie));
      continue;
    }
    if (candidates.length > 1) contested.set(path, candidates);
    else contested.delete(path);
    if (settled === undefined) {
      if (has.type === 'ours' && has.package === request.package) draft.remove(path);
      continue;
    }
    makeRemembered(draft, dirname(path));
    draft.link(path, settled.winner.target);
    notes.push(...winnerNotes(path, request.package, settled.winner, settled.losers));
  }
  dropEmpty(
    draft,
    left.map((link) => dirname(link.path)),
  );
  writeFarmState(draft, { format: 1, contested });
  return { conflicts, notes };
}

/** What stands at a farm path: nothing, a link of ours into a package, or somebody else's thing. */
export type Holder =
  | { readonly type: 'nobody' }
  | { readonly type: 'ours'; readonly package: Bytes; readonly target: Bytes }
  | { readonly type: 'foreign' };

/** Who holds `path` now (or will, by the draft). */
export function holder(draft: Draft, site: Site, path: Bytes): Holder {
  const at = draft.look(path);
  if (at.type === 'absent') return { type: 'nobody' };
  if (at.type !== 'link') return { type: 'foreign' };
  const software = softwarePath(site);
  if (!isWithin(software, at.target) || at.target === software) return { type: 'foreign' };
  const [name] = split(slice(at.target, software.length + 1), '/');
  return name === undefined
    ? { type: 'foreign' }
    : { type: 'ours', package: name, target: at.target };
}

function candidatesFor(
  path: Bytes,
  contested: FarmState['contested'],
  has: Holder,
  request: FarmRequest,
): readonly Candidate[] {
  const known = contested.get(path);
  if (known !== undefined) return known;
  if (has.type !== 'ours') return [];
  const priority = request.priorityOf(has.package);
  return [{ package: has.package, target: has.target, class: classOf(path), priority }];
}

function candidate(link: WantedLink, request: FarmRequest): Candidate {
  const { package: name, priority } = request;
  return { package: name, priority, class: link.class, target: link.target };
}

function classOf(path: Bytes): string {
  let best = { name: '', length: 0 };
  for (const { name, trees } of LINK_CLASSES) {
    for (const { to } of trees) {
      if (path.startsWith(`${to}/`) && to.length > best.length) best = { name, length: to.length };
    }
  }
  return best.name;
}

function preferenceFor(
  preferences: ReadonlyMap<Bytes, Bytes>,
  path: Bytes,
  request: FarmRequest,
): { readonly preferred?: Bytes } {
  const name = basename(path);
  const preferred = preferences.get(path) ?? preferences.get(name) ?? request.preferred(name);
  return preferred === undefined ? {} : { preferred };
}

/** Whether two link targets name files of the same content. */
function identical(draft: Draft, site: Site, one: Bytes, other: Bytes): boolean {
  const state = (target: Bytes) =>
    stateOf(draft.walker, slice(target, site.root === '/' ? 0 : site.root.length), {
      follow: true,
    });
  const [a, c] = [state(one), state(other)];
  return a.type === 'file' && c.type === 'file' && a.sha256 === c.sha256 && a.mode === c.mode;
}

function foreignConflict(draft: Draft, path: Bytes, wanter: Bytes): Conflict {
  const at = draft.look(path);
  const what = at.type === 'link' ? `a link to ${printable(at.target)}` : stateText(at);
  return {
    code: 'E_FARM_FOREIGN',
    path,
    message: `${printable(path)} is ${what} that xhier did not make, and ${printable(wanter)} wants the name`,
    remedy: `move it away, or leave its class out with 'links' in .admin/Options`,
  };
}

function winnerNotes(
  path: Bytes,
  asked: Bytes,
  winner: Candidate,
  losers: readonly Candidate[],
): string[] {
  if (winner.package === asked) {
    return losers.map(
      (loser) =>
        `${printable(path)}: ${printable(asked)} (priority ${winner.priority}) wins over ${printable(loser.package)} (${loser.priority})`,
    );
  }
  if (!losers.some((loser) => loser.package === asked)) return [];
  return [
    `${printable(path)}: stays with ${printable(winner.package)} (priority ${winner.priority}), which wins over ${printable(asked)}`,
  ];
}
