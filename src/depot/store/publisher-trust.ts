/**
 * What a publisher believes of the store that it writes to: it is no wiser than a host that pulls, since
 * what it takes over from a standing head it signs itself. It knows the keys of the site by the
 * configuration, those that are kept on this host, and the last record of trust that this host has seen.
 */
import { printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { knownKeys } from '../../distribute/keys.ts';
import { parseHead } from '../../distribute/store/head.ts';
import { keyId, type PublicKey } from '../../distribute/store/signed.ts';
import type { StoreReader } from '../../distribute/store/store.ts';
import { followTrust } from '../../distribute/store/trust-chain.ts';
import { demandHead, mayPublish, readTrust, type Trust } from '../../distribute/store/trust.ts';
import type { Walker } from '../../files/walk.ts';
import { EXIT, unlessRefused, XhError } from '../../message/error.ts';
import { configPath, type Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { trustSeen } from '../pulled.ts';

export interface PublisherTrust {
  /** That a standing head is of somebody who may publish the package, however old it is. @throws XhError E_HEAD_* */
  believe(directory: Bytes, text: string): void;
  /** Whether `key` may sign for the package now. */
  hasRight(directory: Bytes, key: PublicKey): boolean;
  /** What nobody will believe any more in less than a month, if nobody does anything: with what to do. */
  soonOver(key: PublicKey): readonly SoonOver[];
  /** That it may. @throws XhError E_PUBLISH_DELEGATION */
  demandRight(directory: Bytes, key: PublicKey): void;
}

interface Reader {
  readonly site: Site;
  readonly walker: Walker;
  readonly config: Config;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface SoonOver {
  readonly message: string;
  readonly remedy: string;
}

/** @throws XhError E_TRUST_MISSING, E_NO_SITE_KEY, E_TRUST_*, E_STORE_* */
export async function publisherTrust(store: StoreReader, reader: Reader): Promise<PublisherTrust> {
  const { keys, version } = knownTrust(reader);
  if (keys.length === 0) {
    throw new XhError(
      'E_NO_SITE_KEY',
      'no key of the site is known here: nothing in the store could be believed',
      {
        exit: EXIT.usage,
        place: { file: configPath(reader.site) },
        remedy: 'write there the line site-keys = […] that xh key trust has printed',
      },
    );
  }
  const { now } = reader;
  const found = await followTrust(store, { site: keys, now, ...version });
  if (found === undefined) {
    throw new XhError('E_TRUST_MISSING', `${store.name} does not say yet whom to believe`, {
      exit: EXIT.refused,
      remedy: 'xh key trust makes it a store of this site; xh key delegate lets publishers sign',
    });
  }
  return trusting(store, found.trust, now);
}

/** What somebody who looks after a store may believe of it. */
export interface StoreBelief {
  /** That a head may be believed now. @throws XhError E_HEAD_* */
  demand(directory: Bytes, text: string): void;
}

/**
 * As a host that pulls would believe; undefined where no key of the site is known.
 * @throws XhError E_TRUST_*, E_STORE_*
 */
export async function storeBelief(
  store: StoreReader,
  reader: Reader,
): Promise<StoreBelief | undefined> {
  const { keys, version } = knownTrust(reader);
  if (keys.length === 0) return undefined;
  const { now } = reader;
  const found = await followTrust(store, { site: keys, now, ...version });
  if (found === undefined) return undefined;
  const { trust } = found;
  return {
    demand(directory, text) {
      demandHead(directory, parseHead(text), { trust, now });
    },
  };
}

/** Keys of the site that this host knows by its configuration, has itself, or has seen. */
function knownTrust({ site, walker, config }: Reader): {
  readonly keys: readonly PublicKey[];
  readonly version: { readonly version?: number };
} {
  const seen = unlessRefused(() => readTrust(trustSeen(walker) ?? ''));
  const keys = [
    ...(seen?.site ?? []),
    ...config.values['site-keys'].map((key) => toText(key) as PublicKey),
    ...(unlessRefused(() => knownKeys(site)) ?? []).map((key) => key.public),
  ].filter((key) => seen?.revoked.includes(keyId(key)) !== true);
  return {
    keys: [...new Set(keys)],
    version: seen === undefined ? {} : { version: seen.version },
  };
}

function trusting(store: StoreReader, trust: Trust, now: number): PublisherTrust {
  const hasRight: PublisherTrust['hasRight'] = (directory, key) =>
    !trust.revoked.includes(keyId(key)) &&
    trust.publishers.some((each) => each.key === key && mayPublish(each, directory, now));
  return {
    believe(directory, text) {
      try {
        const parsed = parseHead(text);
        demandHead(directory, parsed, {
          trust,
          now: Math.min(now, Date.parse(parsed.head.expires) - 1),
        });
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        throw new XhError(error.code, error.message, {
          exit: EXIT.refused,
          remedy: `look who can write to ${store.name}; xh publish --anew ${printable(directory)} takes nothing over from it`,
          cause: error,
        });
      }
    },
    hasRight,
    soonOver(key) {
      const isSoon = (time: string): boolean => Date.parse(time) - now < SOON;
      const ours = trust.publishers.filter((each) => each.key === key && isSoon(each.expires));
      return [
        ...(isSoon(trust.expires)
          ? [
              {
                message: `nobody will believe anything of ${store.name} after ${trust.expires}`,
                remedy: "where the site's key is: xh key trust",
              },
            ]
          : []),
        ...ours.map(({ name, expires, packages }) => ({
          message: `nobody will believe what ${name} signs after ${expires}`,
          remedy: `where the site's key is: xh key delegate ${key} --name ${name} --packages '${packages.map(printable).join(' ')}'`,
        })),
      ];
    },
    demandRight(directory, key) {
      if (hasRight(directory, key)) return;
      const first = trust.publishers.find((each) => each.key === key);
      const why = trust.revoked.includes(keyId(key))
        ? 'has been revoked'
        : first === undefined
          ? 'may sign for no package'
          : Date.parse(first.expires) <= now
            ? `could sign until ${first.expires}`
            : `may sign for ${first.packages.map(printable).join(' ')}`;
      throw new XhError(
        'E_PUBLISH_DELEGATION',
        `nobody would believe ${printable(directory)}: key ${keyId(key)} ${why}`,
        {
          exit: EXIT.refused,
          remedy: `where the site's key is: xh key delegate ${key} --packages ${printable(directory)}`,
        },
      );
    },
  };
}

/** Milliseconds. */
const SOON = 30 * 86_400_000;
