/**
 * Keys of this host, in `/etc/xhier/keys`: `NAME.key` is the private key (PEM, for its owner alone),
 * `NAME.pub` the public one, a line.
 */
import { b, bytes, printable, toText, trim, type Bytes } from '../bytes/bytes.ts';
import { readAt, writeFileDurably } from '../files/content.ts';
import { listDir, openDirAt, withDir } from '../files/dir.ts';
import { statAt } from '../files/stat.ts';
import { createWalker, makeDirs, type Walker } from '../files/walk.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Site } from '../site/site.ts';
import {
  generateKey,
  isPublicKey,
  readSigningKey,
  type PublicKey,
  type SigningKey,
} from './store/signed.ts';

const KEYS = b`/etc/xhier/keys`;

export interface KnownKey {
  readonly name: Bytes;
  readonly public: PublicKey;
  /** Whether the private key is here, too. */
  readonly private: boolean;
}

/**
 * Makes a key. @param passphrase encrypts the private key on the disk
 * @throws XhError E_KEY_EXISTS, E_KEY_NAME; FileError
 */
export function makeKey(site: Site, name: Bytes, passphrase?: string): PublicKey {
  demandName(name);
  return within(site, (walker) => {
    makeDirs(walker, KEYS);
    const { dir, name: last } = walker.locate(KEYS, { follow: true });
    return withDir(openDirAt(dir, last), (keys) => {
      if (
        statAt(keys, b`${name}.key`) !== undefined ||
        statAt(keys, b`${name}.pub`) !== undefined
      ) {
        throw new XhError('E_KEY_EXISTS', `there is a key ${printable(name)} already`, {
          exit: EXIT.refused,
          place: { file: b`${KEYS}/${name}.key` },
          remedy: 'give it another name; a key is never overwritten',
        });
      }
      const { key, pem } = generateKey(passphrase);
      writeFileDurably(keys, b`${name}.key`, bytes(pem), 0o600);
      writeFileDurably(keys, b`${name}.pub`, bytes(`${key.public}\n`), 0o644);
      return key.public;
    });
  });
}

/** In the order of their names. */
export function knownKeys(site: Site): readonly KnownKey[] {
  return within(site, (walker) => {
    const place = walker.tryLocate(KEYS, { follow: true });
    if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
    return withDir(openDirAt(place.dir, place.name), (dir) => {
      const names = new Set(listDir(dir));
      return [...names]
        .filter((each) => each.endsWith('.pub'))
        .toSorted()
        .map((file) => {
          const name = file.slice(0, -'.pub'.length) as Bytes;
          const key = publicKeyIn(b`${KEYS}/${file}`, readAt(dir, file));
          return { name, public: key, private: names.has(b`${name}.key`) };
        });
    });
  });
}

/**
 * The private key to sign with.
 * @throws XhError E_KEY_UNKNOWN (2) when there is none, E_KEY when it cannot be read; FileError
 */
export function signingKeyNamed(site: Site, name: Bytes, passphrase?: string): SigningKey {
  demandName(name);
  return within(site, (walker) => {
    const file = b`${KEYS}/${name}.key`;
    const place = walker.tryLocate(file);
    if (place === undefined || statAt(place.dir, place.name) === undefined) {
      throw new XhError('E_KEY_UNKNOWN', `there is no private key ${printable(name)} here`, {
        exit: EXIT.usage,
        place: { file },
        remedy: `xh key make ${printable(name)} makes one; xh key list shows those that there are`,
      });
    }
    return readSigningKey(toText(readAt(place.dir, place.name)), passphrase);
  });
}

/** Whether a private key of this host has a passphrase; not when there is no such key. @throws FileError */
export function isEncrypted(site: Site, name: Bytes): boolean {
  demandName(name);
  return within(site, (walker) => {
    const place = walker.tryLocate(b`${KEYS}/${name}.key`);
    if (place === undefined || statAt(place.dir, place.name) === undefined) return false;
    return readAt(place.dir, place.name).includes('ENCRYPTED');
  });
}

/** A public key that a user names: one of this host by its name, or as it is written. @throws XhError E_KEY_UNKNOWN */
export function publicKeyNamed(site: Site, word: Bytes): PublicKey {
  if (isPublicKey(word)) return word;
  const known = knownKeys(site);
  const found = known.find(({ name }) => name === word);
  if (found !== undefined) return found.public;
  throw new XhError('E_KEY_UNKNOWN', `'${printable(word)}' is no key that is known here`, {
    exit: EXIT.usage,
    remedy: `write a public key (ed25519:…), or one of ${known.map(({ name }) => printable(name)).join(', ') || 'those that xh key make makes'}`,
  });
}

function publicKeyIn(file: Bytes, content: Bytes): PublicKey {
  const text = trim(content);
  if (isPublicKey(text)) return text;
  throw new XhError('E_KEY', `${printable(file)} is no public key`, {
    place: { file },
    remedy: 'expected one line: ed25519: and 44 characters of base64',
  });
}

function demandName(name: Bytes): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/.test(name)) return;
  throw new XhError('E_KEY_NAME', `'${printable(name)}' cannot be the name of a key`, {
    exit: EXIT.usage,
    remedy: 'use letters, digits, and . _ + -',
  });
}

function within<T>(site: Site, work: (walker: Walker) => T): T {
  const walker = createWalker(site.root);
  try {
    return work(walker);
  } finally {
    walker.close();
  }
}
