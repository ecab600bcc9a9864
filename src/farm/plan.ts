/**
 * The farm planner: given who wants which names, what must change among the links. Links are made
 * per file into real directories; foreign objects are never touched; the loser of a name is
 * remembered and gets it when the winner goes.
 */
import { b, printable, slice, split, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, isWithin } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import { dropEmpty, makeRemembered } from '../host/made-directories.ts';
import { stateOf, stateText } from '../host/state.ts';
import type { Before, Conflict } from '../host/plan.ts';
import { packagePath, softwarePath, type Site } from '../site/site.ts';
import { classAt } from './classes.ts';
import { settle, tieConflict, type Candidate, type Settled } from './settle.ts';
import { contestedIn, preferencesIn, type Contested, type Preferences } from './state.ts';
import type { WantedLink } from './wanted.ts';

/** What a package wants now and what it had. */
export interface FarmRequest {
  /** Name under `/software`. */
  readonly package: Bytes;
  /** The directory that the name means, or will. */
  readonly directory: Bytes;
  readonly priority: number;
  /** Empty when it is being taken out. */
  readonly wanted: readonly WantedLink[];
  /** Its links from the receipt. */
  readonly had: readonly WantedLink[];
  /** Packages that are being taken out with it: none of them gets a name. */
  readonly leaving?: ReadonlySet<Bytes>;
  /** The priority of another package, from its `Options`. */
  readonly priorityOf: (name: Bytes) => number;
  /** Whether the receipt of another package has a link at `path`. */
  readonly recorded: (name: Bytes, path: Bytes) => boolean;
  /**
   * Names that nothing decides yet, with the conflict that each would be. A package that comes later
   * in the same plan may settle them, so they count when all are planned.
   */
  readonly ties: Map<Bytes, Conflict>;
  /** Whom the site's configuration prefers for a name; `xh prefer` is stronger. */
  readonly preferred: (name: Bytes) => Bytes | undefined;
}

export interface FarmResult {
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly string[];
}

/** Plans one package's links into `draft`. Costs what the package has, not what the farm has. */
export function planFarm(draft: Draft, site: Site, request: FarmRequest): FarmResult {
  const context: Context = {
    draft,
    site,
    request,
    contested: contestedIn(draft),
    preferences: preferencesIn(draft),
    had: new Set(request.had.map(({ path }) => path)),
  };
  const conflicts = new Map<Bytes, Conflict>();
  const notes: string[] = [];
  const wanted = new Map(request.wanted.map((link) => [link.path, link]));
  const left = request.had.map(({ path }) => path).filter((path) => !wanted.has(path));
  for (const path of [...wanted.keys(), ...left]) {
    const result = planLink(context, path, wanted.get(path));
    if ('code' in result) conflicts.set(result.path, result);
    else notes.push(...result.notes);
  }
  dropEmpty(draft, left.map(dirname));
  return { conflicts: [...conflicts.values()], notes };
}

interface Context {
  readonly draft: Draft;
  readonly site: Site;
  readonly request: FarmRequest;
  readonly contested: Contested;
  readonly preferences: Preferences;
  /** Paths of `request.had`. */
  readonly had: ReadonlySet<Bytes>;
}

/** One name: `link` is what the package wants there, undefined when it wants it no more. */
function planLink(
  context: Context,
  path: Bytes,
  link: WantedLink | undefined,
): Conflict | { readonly notes: readonly string[] } {
  const { draft, request, contested } = context;
  const has = standing(context, path, link);
  const others = othersAt(context, path, has);
  const candidates = link === undefined ? others : [...others, candidate(link, request)];
  const staying = candidates.filter((each) => request.leaving?.has(each.package) !== true);
  const settled = settle(staying, {
    ...preferenceFor(context.preferences, path, request),
    identical: (one, other) => identical(context, one, other),
  });
  if (has.type === 'foreign' && link !== undefined) {
    return foreignConflict(draft, path, request.package);
  }
  const held = has.type === 'ours' ? has.package : undefined;
  // who leaves does not disturb who has the name, whatever the others have become meanwhile
  const kept = link === undefined && held !== undefined && held !== request.package;
  request.ties.delete(path);
  if (settled?.tie !== undefined && has.type !== 'foreign' && !kept) {
    request.ties.set(path, tieConflict(path, settled.winner, settled.tie));
  }
  if (candidates.length > 1) contested.set(path, candidates.toSorted(byPackage));
  else contested.delete(path);
  if (has.type === 'foreign' || kept) return NOTHING;
  if (settled === undefined) {
    if (held !== undefined) draft.remove(path);
    return NOTHING;
  }
  const blocked = draft.obstacle(dirname(path));
  if (blocked !== undefined) return obstacleConflict(draft, blocked, path, request.package);
  makeRemembered(draft, dirname(path));
  draft.link(path, settled.winner.target);
  return { notes: winnerNotes(path, { asked: request.package, held, settled }) };
}

const NOTHING = { notes: [] } as const;

/** What stands at a farm path: nothing, a link of ours into a package, or somebody else's thing. */
export type Holder =
  | { readonly type: 'nobody' }
  | { readonly type: 'ours'; readonly package: Bytes; readonly target: Bytes }
  | { readonly type: 'foreign' };

/** Who holds `path` now (or will, by the draft), as far as the link itself tells. */
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

/** As {@link holder}, but a link into a package that nothing of ours has made is a person's own. */
function standing(context: Context, path: Bytes, link: WantedLink | undefined): Holder {
  const { draft, site, request, contested, had } = context;
  const has = holder(draft, site, path);
  if (has.type !== 'ours' || has.target === link?.target || had.has(path)) return has;
  const known =
    contested.get(path)?.some((each) => each.package === has.package) === true ||
    request.recorded(has.package, path);
  if (known) return has;
  // what leads nowhere has been left by a package that is no more
  return stateAtTarget(context, has).type === 'absent' ? { type: 'nobody' } : { type: 'foreign' };
}

/** The other packages that want `path`. */
function othersAt({ contested, request }: Context, path: Bytes, has: Holder): readonly Candidate[] {
  const known = contested.get(path);
  if (known !== undefined) return known.filter((each) => each.package !== request.package);
  if (has.type !== 'ours' || has.package === request.package) return [];
  // a link of ours that somebody has turned to another package says nothing of what that one wants
  if (!request.recorded(has.package, path)) return [];
  const priority = request.priorityOf(has.package);
  return [{ package: has.package, target: has.target, class: classAt(path)?.name ?? '', priority }];
}

function candidate(link: WantedLink, request: FarmRequest): Candidate {
  const { package: name, priority } = request;
  return { package: name, priority, class: link.class, target: link.target };
}

function byPackage(one: Candidate, other: Candidate): number {
  return one.package < other.package ? -1 : 1;
}

function preferenceFor(
  preferences: Preferences,
  path: Bytes,
  request: FarmRequest,
): { readonly preferred?: Bytes } {
  const name = basename(path);
  const preferred = preferences.get(path) ?? preferences.get(name) ?? request.preferred(name);
  return preferred === undefined ? {} : { preferred };
}

/** Whether two links lead to files of the same content. */
function identical(context: Context, one: Candidate, other: Candidate): boolean {
  const [a, c] = [stateAtTarget(context, one), stateAtTarget(context, other)];
  return a.type === 'file' && c.type === 'file' && a.sha256 === c.sha256 && a.mode === c.mode;
}

/** What a link into a package leads to; the name of the asking package may not lead there yet. */
function stateAtTarget(
  { draft, site, request }: Context,
  link: { readonly package: Bytes; readonly target: Bytes },
): Before {
  const top = packagePath(site, link.package);
  const directory = link.package === request.package ? request.directory : link.package;
  const path = b`/software/${directory}${slice(link.target, top.length)}`;
  return stateOf(draft.walker, path, { follow: true });
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

function obstacleConflict(draft: Draft, blocked: Bytes, path: Bytes, wanter: Bytes): Conflict {
  const at = draft.look(blocked);
  const what = at.type === 'link' ? `a link to ${printable(at.target)}` : stateText(at);
  return {
    code: 'E_FARM_OBSTACLE',
    path: blocked,
    message: `${printable(blocked)} is ${what} where a directory has to be, for ${printable(path)} of ${printable(wanter)}`,
    remedy: `move it away, or leave the class out with 'links' in .admin/Options`,
  };
}

function winnerNotes(
  path: Bytes,
  name: { readonly asked: Bytes; readonly held: Bytes | undefined; readonly settled: Settled },
): string[] {
  const { asked, held } = name;
  const { winner, losers, by } = name.settled;
  const how = by === 'preference' ? 'preferred' : `priority ${winner.priority}`;
  if (winner.package === asked) {
    if (by === 'content') return [];
    return losers.map((loser) => {
      const than = by === 'preference' ? '' : ` (${loser.priority})`;
      return `${printable(path)}: ${printable(asked)} (${how}) wins over ${printable(loser.package)}${than}`;
    });
  }
  if (losers.some((loser) => loser.package === asked)) {
    if (by === 'content') return [];
    return [
      `${printable(path)}: stays with ${printable(winner.package)} (${how}), which wins over ${printable(asked)}`,
    ];
  }
  return held === asked
    ? [`${printable(path)}: is now from ${printable(winner.package)}, which has the name too`]
    : [];
}
