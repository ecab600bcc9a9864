/**
 * Whom a store may be believed: the publishers' keys and the packages that each may sign for, signed by
 * the site's own key, which is kept offline. A host knows the site's key, and goes on from each record
 * to the next one that a key of the last has signed, so that keys can be changed; never back.
 */
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { compileGlob, globProblem } from '../../site/glob.ts';
import { isCount, isTime, type Head } from './head.ts';
import {
  isPublicKey,
  isSignedBy,
  keyId,
  parseSigned,
  signedText,
  type JsonRecord,
  type KeyId,
  type PublicKey,
  type Signed,
  type SigningKey,
} from './signed.ts';

export interface Publisher {
  /** For people. */
  readonly name: string;
  readonly key: PublicKey;
  /** Globs over the directories of packages. */
  readonly packages: readonly Bytes[];
  readonly expires: string;
}

export interface Trust {
  /** From 1; each time it is changed one more. */
  readonly version: number;
  readonly issued: string;
  readonly expires: string;
  /** Any of these may sign the next one. */
  readonly site: readonly PublicKey[];
  readonly publishers: readonly Publisher[];
  /** Keys that are believed no more, whatever else is said of them. */
  readonly revoked: readonly KeyId[];
}

const FORMAT = 1;

export function trustText(trust: Trust, keys: readonly SigningKey[]): string {
  return signedText('trust', recordOf(trust), keys);
}

/** What a record of trust says; who has signed it is not looked at. @throws XhError E_STORE_RECORD */
export function readTrust(text: string): Trust {
  return trustIn(parseSigned(text).record);
}

/** What is believed already. */
export interface Belief {
  /** Keys of the site: those of the last record of trust, or of the configuration. */
  readonly site: readonly PublicKey[];
  /** Of the last record of trust. */
  readonly version?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The record of trust in `text`, when it may be believed.
 * @throws XhError E_STORE_RECORD, E_TRUST_SIGNATURE, E_TRUST_OLD, E_TRUST_EXPIRED
 */
export function acceptTrust(text: string, belief: Belief): Trust {
  const signed = parseSigned(text);
  if (!belief.site.some((key) => isSignedBy('trust', signed, key))) {
    throw refused('E_TRUST_SIGNATURE', 'its record of trust is not signed by a key of this site', {
      remedy: `known are ${belief.site.map(keyId).join(', ') || 'none'} ('site-keys' in /etc/xhier.toml); is it the right store?`,
    });
  }
  const trust = trustIn(signed.record);
  if (belief.version !== undefined && trust.version < belief.version) {
    throw refused(
      'E_TRUST_OLD',
      `its record of trust is number ${trust.version}, and number ${belief.version} has been seen`,
      { remedy: 'an old copy is served: have it brought up to date, or use another store' },
    );
  }
  if (Date.parse(trust.expires) <= belief.now) {
    throw refused('E_TRUST_EXPIRED', `its record of trust was good until ${trust.expires}`, {
      remedy: 'is the clock right? else the site has to sign a new one: xh key trust',
    });
  }
  return trust;
}

/**
 * That a head may be believed for `directory`.
 * @param seen the last revision that was believed
 * @throws XhError E_HEAD_PACKAGE, E_HEAD_SIGNATURE, E_HEAD_DELEGATION, E_HEAD_OLD, E_HEAD_EXPIRED
 */
export function demandHead(
  directory: Bytes,
  { head, signed }: { readonly head: Head; readonly signed: Signed<JsonRecord> },
  { trust, seen, now }: { readonly trust: Trust; readonly seen?: number; readonly now: number },
): void {
  const shown = printable(directory);
  if (head.package !== directory) {
    throw refused('E_HEAD_PACKAGE', `its head of ${shown} is one of ${printable(head.package)}`, {
      remedy: 'use another store, and look who can write to this one',
    });
  }
  const signers = trust.publishers.filter(
    ({ key }) => !trust.revoked.includes(keyId(key)) && isSignedBy('head', signed, key),
  );
  if (signers.length === 0) {
    throw refused('E_HEAD_SIGNATURE', `its head of ${shown} is not signed by a publisher`, {
      remedy: `signed by ${signed.signatures.map(({ key }) => key).join(', ') || 'nobody'}; the publishers are ${trust.publishers.map(({ name, key }) => `${name} (${keyId(key)})`).join(', ') || 'none'}`,
    });
  }
  const able = signers.filter((publisher) => mayPublish(publisher, directory, now));
  if (able.length === 0) {
    const names = signers.map(({ name }) => name).join(', ');
    throw refused(
      'E_HEAD_DELEGATION',
      `its head of ${shown} is signed by ${names}, who may not sign for it now`,
      {
        remedy: `xh key delegate ${names} says which packages, and until when`,
      },
    );
  }
  if (seen !== undefined && head.revision < seen) {
    throw refused(
      'E_HEAD_OLD',
      `its head of ${shown} is revision ${head.revision}, and revision ${seen} has been seen`,
      { remedy: 'an old copy is served: have it brought up to date, or use another store' },
    );
  }
  if (Date.parse(head.expires) <= now) {
    throw refused('E_HEAD_EXPIRED', `its head of ${shown} was good until ${head.expires}`, {
      remedy: 'is the clock right? else publish the package again, or with --refresh',
    });
  }
}

/** Whether a publisher is to be believed for a package at a time. */
export function mayPublish(publisher: Publisher, directory: Bytes, now: number): boolean {
  if (Date.parse(publisher.expires) <= now) return false;
  return publisher.packages.some((glob) => compileGlob(glob).matches(directory));
}

function recordOf(trust: Trust): JsonRecord {
  const { version, issued, expires, site, revoked } = trust;
  const publishers = trust.publishers.map((each) => ({
    name: each.name,
    key: each.key,
    packages: each.packages.map(toText),
    expires: each.expires,
  }));
  return { format: FORMAT, version, issued, expires, site, publishers, revoked };
}

function trustIn(record: JsonRecord): Trust {
  const { format, version, issued, expires, site, publishers, revoked } = record;
  if (format !== FORMAT) throw unusable(`it is of another version (${JSON.stringify(format)})`);
  if (!isCount(version) || version === 0) throw unusable('it has no version');
  if (!isTime(issued) || !isTime(expires)) throw unusable('its times are none');
  if (!Array.isArray(site) || site.length === 0 || !site.every(isPublicKey)) {
    throw unusable('it has no keys of the site');
  }
  if (!Array.isArray(publishers)) throw unusable('it has no list of publishers');
  if (!Array.isArray(revoked) || !revoked.every((each) => typeof each === 'string')) {
    throw unusable('it has no list of revoked keys');
  }
  return { version, issued, expires, site, publishers: publishers.map(publisherIn), revoked };
}

function publisherIn(value: unknown): Publisher {
  const { name, key, packages, expires } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !isPublicKey(key)) throw unusable('a publisher has no key');
  if (!isTime(expires)) throw unusable(`publisher ${JSON.stringify(name)} has no time of expiry`);
  if (!Array.isArray(packages)) throw unusable(`publisher ${JSON.stringify(name)} has no packages`);
  const globs = packages.map((each: unknown) => {
    const glob = typeof each === 'string' ? bytes(each) : ('' as Bytes);
    if (globProblem(glob) !== undefined) throw unusable(`${JSON.stringify(each)} is no pattern`);
    return glob;
  });
  return { name, key, packages: globs, expires };
}

function refused(code: string, what: string, { remedy }: { readonly remedy: string }): XhError {
  return new XhError(code, `the store is not believed: ${what}`, { exit: EXIT.refused, remedy });
}

function unusable(what: string): XhError {
  return new XhError('E_STORE_RECORD', `the store's record of trust cannot be used: ${what}`, {
    remedy: 'fetch it from another store, or have the site sign a new one: xh key trust',
  });
}
