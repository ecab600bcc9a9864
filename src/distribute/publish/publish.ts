/**
 * Publishing a package: its objects, then its trees, then its head, so that whoever sees the head finds
 * all of it. What the store has already is not written again, and when nothing has changed, nothing is.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, unlessRefused, XhError } from '../../message/error.ts';
import { enterPackage } from '../store/catalogue.ts';
import type { Hash } from '../store/hash.ts';
import { headText, parseHead, type Head } from '../store/head.ts';
import { reachable, type Reached } from '../store/reach.ts';
import { targetText, type Target } from '../../package/targets.ts';
import type { SigningKey } from '../store/signed.ts';
import { headPath, pastHeadPath } from '../store/paths.ts';
import type { Store, StoreReader } from '../store/store.ts';
import { freshIn } from './fresh.ts';
import type { ScannedTree, Source } from './scan.ts';
import { createWriting, type Added, type WritingOptions } from './writing.ts';

/** A package as this host has it. */
export interface Publication {
  readonly directory: Bytes;
  readonly version?: Bytes;
  /** The hosts that it is meant for; absent when it is for all. */
  readonly targets?: readonly Target[];
  /** By `TYPE` or `TYPE/ARCHITECTURE`; trees that another host publishes stay as they are. */
  readonly trees: ReadonlyMap<Bytes, ScannedTree>;
  /** Names of trees that nobody publishes any more. */
  readonly dropped?: ReadonlySet<Bytes>;
}

export interface PublishOptions extends WritingOptions {
  readonly key: SigningKey;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the head is good for: milliseconds. */
  readonly lifetime: number;
  /**
   * That a standing head, however old, is of somebody who may publish the package: its trees of other
   * hosts get into the one that is signed now. @throws XhError when it is not
   */
  readonly believe?: (text: string) => void;
  /** Relies on nothing that is said to be in the store: all that is lacking is written, whoever wrote the standing head. */
  readonly anew?: boolean;
  /** The least number of a new revision, where hosts may have seen more than the store knows of. */
  readonly revision?: number;
}

export interface Published {
  readonly head: Head;
  /** `refreshed`: nothing has changed, but it is good for longer. */
  readonly outcome: 'published' | 'refreshed' | 'unchanged';
  /** Written to the store. */
  readonly added: Added;
  /** Trees of other hosts that were not whole any more, and left out: only when it is published anew. */
  readonly lost: readonly Bytes[];
}

/** @throws XhError E_PUBLISH_BUSY when another publisher is always quicker; E_STORE_*; what `believe` throws */
export async function publish(
  store: Store,
  publication: Publication,
  options: PublishOptions,
): Promise<Published> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const done = await tryPublish(store, publication, options);
    if (done !== undefined) return done;
  }
  throw busy(publication.directory);
}

/**
 * That the clock is not far behind that of whoever published the package last: what is signed by it would
 * expire before its time, or at once.
 * @throws XhError E_PUBLISH_CLOCK
 */
export function demandClock({ package: directory, published }: Head, now: number): void {
  if (Date.parse(published) - now < DAY) return;
  throw new XhError(
    'E_PUBLISH_CLOCK',
    `by the clock of this host it is ${new Date(now).toISOString()}, and ${printable(directory)} was published at ${published}`,
    {
      exit: EXIT.refused,
      remedy:
        'set the clock; if it is right, that of the other publisher was not: xh publish --anew',
    },
  );
}

/** Somebody else has replaced a head each time that it was to be. */
export function busy(directory: Bytes): XhError {
  return new XhError(
    'E_PUBLISH_BUSY',
    `${printable(directory)} is published by somebody else at the same time, again and again`,
    { exit: EXIT.locked, remedy: 'try again when he is done' },
  );
}

/** The head of a package as it stands in a store. */
export interface Standing {
  readonly head: Head;
  readonly content: Buffer;
}

/** @throws XhError E_STORE_HEAD, E_STORE_RECORD, E_STORE_READ; what `believe` throws */
export async function standingHead(
  store: StoreReader,
  directory: Bytes,
  believe: PublishOptions['believe'],
): Promise<Standing | undefined> {
  const content = await store.read(headPath(directory));
  if (content === undefined) return undefined;
  const text = content.toString();
  const { head } = parseHead(text);
  believe?.(text);
  return { head, content };
}

/** What a package is to be, as far as it is known before its files are looked at. */
export type Intention = Pick<Publication, 'version' | 'targets' | 'dropped'> & {
  /** Roots of trees by their names. */
  readonly roots: ReadonlyMap<Bytes, Hash>;
};

/** Whether a head says all that is to be said, and for long enough. */
export function isCurrent(
  last: Head,
  intention: Intention,
  { now, lifetime }: Pick<PublishOptions, 'now' | 'lifetime'>,
): boolean {
  return saysAll(last, intention) && Date.parse(last.expires) - now > lifetime / 2;
}

function saysAll(last: Head, intention: Intention): boolean {
  const { roots, dropped, version } = intention;
  return (
    [...roots].every(([name, root]) => last.trees.get(name) === root) &&
    [...last.trees.keys()].every((name) => dropped?.has(name) !== true) &&
    last.version === version &&
    targetsText(last) === targetsText(intention)
  );
}

/** @returns undefined when another publisher has been quicker */
async function tryPublish(
  store: Store,
  publication: Publication,
  options: PublishOptions,
): Promise<Published | undefined> {
  const { directory, dropped, version, targets } = publication;
  const { now, lifetime, key, anew = false } = options;
  const { last, content, revision } = anew
    ? await whateverStands(store, directory, options)
    : await whatStands(store, directory, options);
  const roots = new Map([...publication.trees].map(([name, { root }]) => [name, root]));
  const intention = { roots, ...(dropped && { dropped }), version, targets } as Intention;
  const same = last !== undefined && saysAll(last, intention);
  if (!anew && last !== undefined && isCurrent(last, intention, options)) {
    return { head: last, outcome: 'unchanged', added: NOTHING, lost: [] };
  }
  if (!anew && last !== undefined) demandClock(last, now);
  const elsewhere = [...(last?.trees ?? [])].filter(
    ([name]) => !publication.trees.has(name) && dropped?.has(name) !== true,
  );
  const { carried, others, lost } = await carriedOver(store, new Map(elsewhere), anew);
  const base = anew ? undefined : last;
  const writing = createWriting(store, options);
  const fresh = await freshIn(store, publication, base);
  const packs = await writing.packs(base?.packs ?? [], filesOf(publication), { others, fresh });
  await writing.trees(fresh.trees);
  await writing.confirm();
  await store.settle();
  const head: Head = {
    package: directory,
    ...(version !== undefined && { version }),
    ...(targets !== undefined && { targets }),
    revision: Math.max(revision, options.revision ?? 1),
    published: new Date(now).toISOString(),
    expires: new Date(now + lifetime).toISOString(),
    trees: new Map([...carried, ...roots]),
    packs,
    ...figures(publication, others),
  };
  if (last !== undefined && content !== undefined) {
    await store.replace(pastHeadPath(directory, last.revision), content, undefined);
  }
  const text = Buffer.from(headText(head, [key]));
  if (!(await store.replace(headPath(directory), text, content))) return undefined;
  await enterPackage(store, directory);
  return { head, outcome: same ? 'refreshed' : 'published', added: writing.added(), lost };
}

interface Stands {
  readonly last?: Head;
  /** What is replaced, believed or not. */
  readonly content?: Buffer;
  /** The number of the next one. */
  readonly revision: number;
}

async function whatStands(
  store: Store,
  directory: Bytes,
  { believe }: PublishOptions,
): Promise<Stands> {
  const standing = await standingHead(store, directory, believe);
  if (standing === undefined) return { revision: 1 };
  return { last: standing.head, content: standing.content, revision: standing.head.revision + 1 };
}

/** When the standing head is not to be believed, earlier ones tell what hosts may have seen. */
async function whateverStands(
  store: Store,
  directory: Bytes,
  options: PublishOptions,
): Promise<Stands> {
  const content = await store.read(headPath(directory));
  try {
    return await whatStands(store, directory, options);
  } catch (error) {
    if (!(error instanceof XhError) || content === undefined || error.code === 'E_STORE_READ')
      throw error;
  }
  let newest = 0;
  for await (const { path } of store.list('heads')) {
    if (!path.startsWith(pastHeadPath(directory, 0).slice(0, -'0.json'.length))) continue;
    const text = (await store.read(path))?.toString() ?? '';
    const found = unlessRefused(() => {
      const { head } = parseHead(text);
      options.believe?.(text);
      return head.package === directory ? head.revision : 0;
    });
    newest = Math.max(newest, found ?? 0);
  }
  // the one that was there before this one may be lost: one more
  return { content, revision: newest + 2 };
}

/** Trees of other hosts, which stay as they are, with what they lead to. */
async function carriedOver(
  store: Store,
  trees: ReadonlyMap<Bytes, Hash>,
  anew: boolean,
): Promise<{
  readonly carried: ReadonlyMap<Bytes, Hash>;
  readonly others: Reached;
  readonly lost: readonly Bytes[];
}> {
  const carried = new Map(trees);
  const lost: Bytes[] = [];
  for (const [name, root] of anew ? trees : []) {
    try {
      await reachable(store, [root]);
    } catch (error) {
      if (!(error instanceof XhError) || error.code === 'E_STORE_READ') throw error;
      carried.delete(name);
      lost.push(name);
    }
  }
  return { carried, others: await reachable(store, carried.values()), lost };
}

function filesOf({ trees }: Publication): Map<Hash, Source> {
  return new Map([...trees.values()].flatMap(({ files }) => [...files]));
}

function figures({ trees }: Publication, others: Reached): Pick<Head, 'objects' | 'bytes'> {
  let objects = others.objects.size + others.trees.size;
  let bytes = 0;
  for (const length of others.objects.values()) bytes += length;
  for (const tree of trees.values()) {
    objects += tree.objects;
    bytes += tree.bytes;
  }
  return { objects, bytes };
}

function targetsText({ targets }: Pick<Publication, 'targets'>): string | undefined {
  return targets?.map(targetText).join(' ');
}

const NOTHING = { objects: 0, trees: 0, bytes: 0 };
const ATTEMPTS = 20;
const DAY = 86_400_000;
