/**
 * `xh key trust`, `delegate`, `revoke`, `add-site`: whom a store says to believe. Each makes the next
 * record of trust from the one that stands, and signs it with a key of the site.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { knownKeys, type KnownKey } from '../../distribute/keys.ts';
import { keyId, isPublicKey, type KeyId, type SigningKey } from '../../distribute/store/signed.ts';
import type { Store, StoreReader } from '../../distribute/store/store.ts';
import { putTrust, standingTrust } from '../../distribute/store/trust-chain.ts';
import { publishersNamed, renewed } from '../../distribute/store/trust-changes.ts';
import { acceptTrust, trustText, type Trust } from '../../distribute/store/trust.ts';
import { EXIT, XhError } from '../../message/error.ts';
import type { Site } from '../../site/site.ts';

export interface TrustChange {
  /** A key of the site. */
  readonly key: SigningKey;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the record is good for: milliseconds; as long as the last one unless given. */
  readonly lifetime?: number;
  /** The least number of the record, where hosts may have seen more than the store knows of. */
  readonly number?: number;
  /** What is to be said from now on; without it the record is made, or made good for longer. */
  readonly change?: (trust: Trust) => Trust;
}

/**
 * Puts the next record of trust into a store.
 * @returns what it says
 * @throws XhError E_TRUST_MISSING when there is none to change, E_TRUST_SIGNATURE when the key is none of
 *   the site's, E_TRUST_CHANGED, E_STORE_*; what `change` throws
 */
export async function changeTrust(
  store: Store,
  { key, now, lifetime, number = 1, change }: TrustChange,
): Promise<Trust> {
  const standing = await standingTrust(store);
  if (standing === undefined && change !== undefined) throw missing(store);
  // whatever its signature was, and however old: the key has to be one that it names
  if (standing !== undefined) demandOurs(store, standing.trust, standing.content.toString(), key);
  const last = standing?.trust;
  const before = last === undefined ? YEAR : Date.parse(last.expires) - Date.parse(last.issued);
  const times = { now, lifetime: lifetime ?? before };
  const made = renewed(
    last === undefined ? undefined : (change?.(last) ?? last),
    key.public,
    times,
  );
  const next = { ...made, version: Math.max(made.version, number) };
  await putTrust(store, standing, trustText(next, [key]));
  return next;
}

/** What a store says of whom to believe; nobody has verified it. @throws XhError E_TRUST_MISSING, E_STORE_* */
export async function statedTrust(store: StoreReader): Promise<Trust> {
  const standing = await standingTrust(store);
  if (standing === undefined) throw missing(store);
  return standing.trust;
}

/**
 * The key of this host to sign with when none is named: one that the store calls a key of the site.
 * @throws XhError E_STORE_*
 */
export async function siteKeyFor(site: Site, store: StoreReader): Promise<Bytes> {
  const trust = (await standingTrust(store))?.trust;
  const ours = knownKeys(site).filter(
    (known) => known.private && trust?.site.includes(known.public) === true,
  );
  return (ours.find(({ name }) => name === USUAL) ?? ours[0])?.name ?? USUAL;
}

/** The key that a word means in a store: a public key, an id, a publisher's name, or a key of this host. @throws XhError E_KEY_UNKNOWN */
export function keyMeant(word: Bytes, trust: Trust, here: readonly KnownKey[]): KeyId {
  if (isPublicKey(word)) return keyId(word);
  const named = publishersNamed(trust, word);
  if (named.length > 1) {
    throw new XhError('E_KEY_UNKNOWN', `several keys are called ${printable(word)}`, {
      exit: EXIT.usage,
      remedy: `name one by its number: ${named.map(({ key }) => keyId(key)).join(', ')}`,
    });
  }
  const own = here.find(({ name }) => name === word);
  return named[0] !== undefined
    ? keyId(named[0].key)
    : own !== undefined
      ? keyId(own.public)
      : word;
}

function demandOurs(store: Store, trust: Trust, text: string, key: SigningKey): void {
  if (trust.site.includes(key.public)) {
    acceptTrust(text, { site: trust.site, now: 0 });
    return;
  }
  throw new XhError(
    'E_TRUST_SIGNATURE',
    `key ${key.id} is no key of the site to which ${store.name} belongs: nobody would believe what it signs`,
    {
      exit: EXIT.refused,
      remedy: `sign with one of ${trust.site.map(keyId).join(', ')}: --site-key NAME; xh key list shows what is here`,
    },
  );
}

function missing(store: StoreReader): XhError {
  return new XhError('E_TRUST_MISSING', `${store.name} does not say yet whom to believe`, {
    exit: EXIT.refused,
    remedy: 'xh key trust makes it a store of this site',
  });
}

const USUAL = 'site' as Bytes;
const YEAR = 365 * 86_400_000;
