/**
 * Changing whom a store is to believe: each change makes the next record of trust from the last one.
 * Pure; signing it, and putting it into the store, is the caller's.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { globProblem } from '../../site/glob.ts';
import { keyId, type KeyId, type PublicKey } from './signed.ts';
import type { Publisher, Trust } from './trust.ts';

export interface TrustTimes {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long the record is good for: milliseconds. */
  readonly lifetime: number;
}

/** The first record of a site, or the next one: it is good for longer, and nothing else is changed. */
export function renewed(last: Trust | undefined, site: PublicKey, times: TrustTimes): Trust {
  const { now, lifetime } = times;
  return {
    site: [site],
    publishers: [],
    revoked: [],
    ...last,
    version: (last?.version ?? 0) + 1,
    issued: new Date(now).toISOString(),
    expires: new Date(now + lifetime).toISOString(),
  };
}

/** Lets a key sign for packages; one that may sign already may sign for these and no others from now on. @throws XhError E_USAGE */
export function delegated(trust: Trust, publisher: Publisher): Trust {
  for (const glob of publisher.packages) {
    const problem = globProblem(glob);
    if (problem !== undefined) {
      throw new XhError('E_USAGE', `'${printable(glob)}' names no packages: ${problem}`, {
        exit: EXIT.usage,
        remedy: "write names of packages, or globs: gcc-*, 'lib*', '*'",
      });
    }
  }
  const id = keyId(publisher.key);
  if (trust.revoked.includes(id)) {
    throw new XhError('E_KEY_REVOKED', `key ${id} has been revoked, and stays so`, {
      exit: EXIT.refused,
      remedy: 'make a new key: xh key make',
    });
  }
  const others = trust.publishers.filter(({ key }) => key !== publisher.key);
  return { ...trust, publishers: [...others, publisher] };
}

/** From now on nobody believes the key, whatever it has signed. @throws XhError E_KEY_UNKNOWN, E_KEY_LAST */
export function revoked(trust: Trust, key: KeyId): Trust {
  const site = trust.site.filter((each) => keyId(each) !== key);
  const publishers = trust.publishers.filter((each) => keyId(each.key) !== key);
  if (site.length === trust.site.length && publishers.length === trust.publishers.length) {
    throw new XhError('E_KEY_UNKNOWN', `the store knows no key ${key}`, {
      exit: EXIT.usage,
      remedy: `known are ${[...trust.site, ...trust.publishers.map((each) => each.key)].map(keyId).join(', ')}`,
    });
  }
  if (site.length === 0) {
    throw new XhError(
      'E_KEY_LAST',
      `${key} is the only key of the site: nobody could sign any more`,
      {
        exit: EXIT.refused,
        remedy: 'add another one first: xh key add-site',
      },
    );
  }
  return { ...trust, site, publishers, revoked: [...new Set([...trust.revoked, key])] };
}

/** Another key of the site, which may sign the next record from now on. */
export function withSiteKey(trust: Trust, key: PublicKey): Trust {
  return trust.site.includes(key) ? trust : { ...trust, site: [...trust.site, key] };
}

/** The publishers whom a name or an id means. */
export function publishersNamed(trust: Trust, word: Bytes): readonly Publisher[] {
  return trust.publishers.filter(({ name, key }) => name === word || keyId(key) === word);
}
