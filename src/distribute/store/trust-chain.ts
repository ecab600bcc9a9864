/**
 * The records of trust of a store, one after the other: each is kept under its number when the next one comes, so that a host that
 * has been away while the site changed its key goes on from the last one that it knows.
 */
import { EXIT, XhError } from '../../message/error.ts';
import { trustPath, TRUST_PATH } from './paths.ts';
import type { Store, StoreReader } from './store.ts';
import { acceptTrust, readTrust, type Belief, type Trust } from './trust.ts';

export interface BelievedTrust {
  readonly trust: Trust;
  /** As it was signed. */
  readonly text: string;
}

/**
 * The store's record of trust, when a key of the site has signed it, or one that records before it lead to.
 * @returns undefined when the store has none
 * @throws XhError E_STORE_READ, E_STORE_RECORD, E_TRUST_SIGNATURE, E_TRUST_OLD, E_TRUST_EXPIRED
 */
export async function followTrust(
  store: StoreReader,
  belief: Belief,
): Promise<BelievedTrust | undefined> {
  const text = (await store.read(TRUST_PATH))?.toString();
  if (text === undefined) return undefined;
  try {
    return { trust: acceptTrust(text, belief), text };
  } catch (error) {
    if (!(error instanceof XhError) || error.code !== 'E_TRUST_SIGNATURE') throw error;
    const site = await keysLedTo(store, readTrust(text).version, belief);
    if (site === undefined) throw error;
    return { trust: acceptTrust(text, { ...belief, site }), text };
  }
}

/** The keys of the site that the records before `last` lead to from those that are known; undefined when to none. */
async function keysLedTo(
  store: StoreReader,
  last: number,
  { site, version = 0 }: Belief,
): Promise<Belief['site'] | undefined> {
  // a number that somebody made up is not counted up to
  if (last - version > MOST_RECORDS) return undefined;
  let keys: Belief['site'] | undefined;
  for (let number = version + 1; number < last; number++) {
    const text = (await store.read(trustPath(number)))?.toString();
    if (text === undefined) continue;
    try {
      // that it has expired does not matter: what it leads to has not
      const step = acceptTrust(text, { site: keys ?? site, version: number, now: 0 });
      if (step.version === number) keys = step.site;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
    }
  }
  return keys;
}

/** A record of trust as it stands in a store, to be replaced. */
export interface StandingTrust {
  readonly content: Buffer;
  readonly trust: Trust;
}

/** @throws XhError E_STORE_READ, E_STORE_RECORD */
export async function standingTrust(store: StoreReader): Promise<StandingTrust | undefined> {
  const content = await store.read(TRUST_PATH);
  return content === undefined ? undefined : { content, trust: readTrust(content.toString()) };
}

/**
 * Puts the next record of trust into a store, and the one before under its number.
 * @throws XhError E_TRUST_CHANGED (5) when somebody else has changed it meanwhile
 */
export async function putTrust(
  store: Store,
  before: StandingTrust | undefined,
  text: string,
): Promise<void> {
  if (before !== undefined) {
    await store.replace(trustPath(before.trust.version), before.content, undefined);
  }
  if (await store.replace(TRUST_PATH, Buffer.from(text), before?.content)) return;
  throw new XhError(
    'E_TRUST_CHANGED',
    `somebody else has just changed whom ${store.name} says to believe`,
    { exit: EXIT.locked, remedy: 'xh key list --store shows it; then try again' },
  );
}

const MOST_RECORDS = 10_000;
