/**
 * The farm planner: given who wants which names, what must change among the links. Links are made
 * per file into real directories; foreign objects are never touched; the loser of a name is
 * remembered and gets it when the winner goes.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, isWithin } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import { makeRemembered } from '../host/made-directories.ts';
import type { Before, Conflict } from '../host/plan.ts';
import { stateOf } from '../host/state.ts';
import { packagePath, type Site } from '../site/site.ts';
import { dropLeft } from './caches.ts';
import { classAt } from './classes.ts';
import { differentConflict, foreignConflict, kindConflict, obstacleConflict } from './conflict.ts';
import { settle, tieConflict, type Candidate, type Settled } from './settle.ts';
import { formerPackages, holder, rerooted, type Holder } from './standing.ts';
import { contestedIn, preferencesIn, type Contested, type Preferences } from './state.ts';
import { entrance } from './way.ts';
import type { WantedLink } from './wanted.ts';

/** The farms of one plan, with what the planner asks of the packages. */
export interface Farm {
  readonly draft: Draft;
  readonly site: Site;
  /** The priority of another package, from its `Options`. */
  readonly priorityOf: (name: Bytes) => number;
  /** The target of the link at `path` that the receipts of a package have. */
  readonly recorded: (name: Bytes, path: Bytes) => Bytes | undefined;
  /** Whom the site's configuration prefers for a name; `xh prefer` is stronger. */
  readonly preferred: (name: Bytes) => Bytes | undefined;
  /** Whether files of people give way: never; where they are the same; with their content kept. */
  readonly adopt: 'nothing' | 'same' | 'changed';
  /**
   * Names that nothing decides yet, with the conflict that each would be. A package that comes later
   * in the same plan may settle them, so they count when all are planned.
   */
  readonly ties: Map<Bytes, Conflict>;
  /** Contents that files of packages get from what is adopted, by their real paths. */
  readonly adopted: Map<Bytes, Bytes>;
}

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
}

export interface FarmResult {
  readonly conflicts: readonly Conflict[];
  readonly notes: readonly string[];
}

/** Plans one package's links. Costs what the package has, not what the farm has. */
export function planFarm(farm: Farm, request: FarmRequest): FarmResult {
  const { draft } = farm;
  const context: Context = {
    ...farm,
    request,
    contested: contestedIn(draft),
    preferences: preferencesIn(draft),
    had: new Map(request.had.map(({ path, target }) => [path, target])),
  };
  const conflicts = new Map<Bytes, Conflict>();
  const notes: string[] = [];
  const wanted = new Map(request.wanted.map((link) => [link.path, link]));
  const left = request.had.map(({ path }) => path).filter((path) => !wanted.has(path));
  // first what goes: a directory may be free then
  for (const path of [...left, ...wanted.keys()]) {
    const result = planLink(context, path, wanted.get(path));
    if ('code' in result) conflicts.set(result.path, result);
    else notes.push(...result.notes);
  }
  dropLeft(draft, left.map(dirname));
  return { conflicts: [...conflicts.values()], notes };
}

interface Context extends Farm {
  readonly request: FarmRequest;
  readonly contested: Contested;
  readonly preferences: Preferences;
  /** Targets of `request.had` by path. */
  readonly had: ReadonlyMap<Bytes, Bytes>;
}

type Planned = Conflict | { readonly notes: readonly string[] };

/** One name: `link` is what the package wants there, undefined when it wants it no more. */
function planLink(context: Context, path: Bytes, link: WantedLink | undefined): Planned {
  const { draft, request, contested } = context;
  const blocked = link === undefined ? undefined : blockedBy(context, path);
  if (blocked !== undefined) return blocked;
  const has = standing(context, path, link);
  const others = othersAt(context, path, has);
  const candidates = link === undefined ? others : [...others, candidate(link, request)];
  const settled = settle(
    candidates.filter((each) => request.leaving?.has(each.package) !== true),
    {
      ...preferenceFor(context, path),
      identical: (one, other) => identical(context, one, other),
    },
  );
  const wins = settled?.winner.package === request.package;
  const adopted =
    has.type === 'foreign' && link !== undefined ? adopt(context, link, wins) : undefined;
  if (adopted !== undefined && 'code' in adopted) return adopted;
  const taken = has.type === 'foreign' && adopted === undefined;
  const held = has.type === 'ours' ? has.package : undefined;
  // who leaves does not disturb who has the name, whatever the others have become meanwhile
  const kept = link === undefined && held !== undefined && held !== request.package;
  context.ties.delete(path);
  if (settled?.tie !== undefined && !taken && !kept) {
    context.ties.set(path, tieConflict(path, settled.winner, settled.tie));
  }
  if (candidates.length > 1) contested.set(path, candidates.toSorted(byPackage));
  else contested.delete(path);
  if (taken || kept) return NOTHING;
  if (settled === undefined) {
    if (held !== undefined) draft.remove(path);
    return NOTHING;
  }
  makeRemembered(draft, dirname(path));
  draft.link(path, settled.winner.target);
  const notes = winnerNotes(path, { asked: request.package, held, settled });
  return { notes: [...(adopted?.notes ?? []), ...notes] };
}

const NOTHING = { notes: [] } as const;

/**
 * Who holds `path`. A link into a package that nothing of ours has made is a person's own; one that
 * was written for a site root that has moved since is still ours.
 */
function standing(context: Context, path: Bytes, link: WantedLink | undefined): Holder {
  const { draft, site, contested, had } = context;
  const has = holder(draft, site, path);
  if (has.type === 'foreign') return formerly(context, path);
  if (has.type !== 'ours' || has.target === link?.target || had.has(path)) return has;
  const known =
    contested.get(path)?.some((each) => each.package === has.package) === true ||
    context.recorded(has.package, path) !== undefined;
  if (known) return has;
  // what leads nowhere has been left by a package that is no more
  return stateAtTarget(context, has).type === 'absent' ? { type: 'nobody' } : { type: 'foreign' };
}

function formerly({ draft, request, recorded, had }: Context, path: Bytes): Holder {
  const at = draft.look(path);
  if (at.type !== 'link') return { type: 'foreign' };
  const { target } = at;
  const name = formerPackages(target).find(
    (each) =>
      (each === request.package && had.get(path) === target) || recorded(each, path) === target,
  );
  return name === undefined ? { type: 'foreign' } : { type: 'ours', package: name, target };
}

/** The other packages that want `path`. */
function othersAt(context: Context, path: Bytes, has: Holder): readonly Candidate[] {
  const { contested, request, site, recorded, priorityOf } = context;
  const known = contested.get(path);
  if (known !== undefined) {
    return known
      .filter((each) => each.package !== request.package)
      .map((each) => ({ ...each, target: rerooted(site, each.package, each.target) }));
  }
  if (has.type !== 'ours' || has.package === request.package) return [];
  // a link of ours that somebody has turned to another package says nothing of what that one wants
  if (recorded(has.package, path) === undefined) return [];
  return [
    {
      package: has.package,
      target: rerooted(site, has.package, has.target),
      class: classAt(path)?.name ?? '',
      priority: priorityOf(has.package),
    },
  ];
}

function candidate(link: WantedLink, request: FarmRequest): Candidate {
  const { package: name, priority } = request;
  return { package: name, priority, class: link.class, target: link.target };
}

function byPackage(one: Candidate, other: Candidate): number {
  return one.package < other.package ? -1 : 1;
}

function preferenceFor(
  { preferences, preferred }: Context,
  path: Bytes,
): { readonly preferred?: Bytes } {
  const name = basename(path);
  const found = preferences.get(path) ?? preferences.get(name) ?? preferred(name);
  return found === undefined ? {} : { preferred: found };
}

/** Whether two links lead to files of the same content. */
function identical(context: Context, one: Candidate, other: Candidate): boolean {
  const [a, c] = [stateAtTarget(context, one), stateAtTarget(context, other)];
  return a.type === 'file' && c.type === 'file' && a.sha256 === c.sha256 && a.mode === c.mode;
}

type Target = Pick<Candidate, 'package' | 'target'>;

function stateAtTarget(context: Context, link: Target): Before {
  return stateOf(context.draft.walker, fileOf(context, link), { follow: true });
}

/** The file that a link into a package means; the name of the asking package may not lead there yet. */
function fileOf({ site, request }: Context, link: Target): Bytes {
  const top = packagePath(site, link.package);
  const directory = link.package === request.package ? request.directory : link.package;
  return b`/software/${directory}${slice(link.target, top.length)}`;
}

/**
 * What stands where the package wants `link`: it gives way, or the conflict that it is. Nothing is
 * taken into a package that would not have the name.
 */
function adopt(context: Context, link: WantedLink, wins: boolean): Planned {
  const { draft, request, had } = context;
  const { path } = link;
  const wish = { path, package: request.package };
  const at = draft.look(path);
  if (at.type === 'directory') {
    const below = [...had.keys()].some((each) => isWithin(path, each));
    const other = below ? request.package : packageBelow(draft, context.site, path);
    return other === undefined
      ? foreignConflict(draft, wish)
      : kindConflict(path, request.package, other);
  }
  if (at.type !== 'file' || context.adopt === 'nothing' || !wins) {
    return foreignConflict(draft, wish);
  }
  const file = fileOf(context, { ...link, package: request.package });
  const own = draft.read(file)?.content;
  const theirs = draft.read(path)?.content;
  if (own === undefined || theirs === undefined) return foreignConflict(draft, wish);
  const shown = printable(path);
  if (own === theirs)
    return { notes: [`${shown}: the same file, which a link takes the place of`] };
  if (context.adopt === 'same') {
    return differentConflict(path, request.package, { from: own, to: theirs });
  }
  draft.write(file, theirs);
  context.adopted.set(draft.follow(file), theirs);
  return { notes: [`${shown}: its content is now that of ${printable(file)}`] };
}

/** The first package that has a link of ours below the directory `path`. */
function packageBelow(draft: Draft, site: Site, path: Bytes): Bytes | undefined {
  for (const name of draft.list(path)) {
    const below = b`${path}/${name}`;
    const has = holder(draft, site, below);
    if (has.type === 'ours') return has.package;
    if (draft.look(below).type !== 'directory') continue;
    const found = packageBelow(draft, site, below);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why no link can be made at `path`, if something on the way is no directory of the farms. */
function blockedBy(context: Context, path: Bytes): Conflict | undefined {
  const { draft, site, request } = context;
  const blocked = entrance(draft, dirname(path));
  if (blocked === undefined) return undefined;
  const wish = { path, package: request.package };
  if (draft.look(blocked).type === 'absent') {
    return kindConflict(blocked, request.package, request.package);
  }
  const has = holder(draft, site, blocked);
  const isFile = has.type === 'ours' && stateAtTarget(context, has).type !== 'directory';
  return isFile
    ? kindConflict(blocked, has.package, request.package)
    : obstacleConflict(draft, blocked, wish);
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
