/**
 * Records of a store that change, and are therefore signed: JSON objects with their signatures in
 * them, by Ed25519 (RFC 8032). What is signed is the record without its signatures in the canonical
 * form of RFC 8785, after a line that says what kind of record it is, so that no signature of one kind
 * can be passed off as one of another.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { XhError } from '../../message/error.ts';
import { hashOf } from './hash.ts';

/** `ed25519:` and the 32 bytes of the key in base64. */
export type PublicKey = `ed25519:${string}`;

/** The first 16 digits of the SHA-256 of a public key, as it is written. */
export type KeyId = string;

export interface Signature {
  readonly key: KeyId;
  /** Base64. */
  readonly signature: string;
}

/** A record with the signatures that it came with; none of them has been verified. */
export interface Signed<T> {
  readonly record: T;
  readonly signatures: readonly Signature[];
}

/** A private key in memory. */
export interface SigningKey {
  readonly id: KeyId;
  readonly public: PublicKey;
  readonly key: KeyObject;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonRecord = Readonly<Record<string, Json>>;

/** A new key, and how it is kept: PEM (PKCS #8), encrypted when there is a passphrase. */
export function generateKey(passphrase?: string): {
  readonly key: SigningKey;
  readonly pem: string;
} {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({
    format: 'pem',
    type: 'pkcs8',
    ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
  });
  return { key: signingKey(privateKey), pem: pem.toString() };
}

/** @throws XhError E_KEY when it is no key of the kind, or the passphrase is not its own */
export function readSigningKey(pem: string, passphrase?: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    throw new XhError('E_KEY', 'the private key cannot be read', {
      remedy:
        passphrase === undefined
          ? 'is it encrypted? then a passphrase is needed'
          : 'is the passphrase right?',
      cause,
    });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new XhError(
      'E_KEY',
      `the private key is one for ${key.asymmetricKeyType ?? 'something else'}`,
      {
        remedy: 'xh key make NAME makes one for signing (Ed25519)',
      },
    );
  }
  return signingKey(key);
}

function signingKey(key: KeyObject): SigningKey {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const text = `ed25519:${Buffer.from(jwk.x ?? '', 'base64url').toString('base64')}` as const;
  return { id: keyId(text), public: text, key };
}

/** Whether `text` is a public key as they are written here. */
export function isPublicKey(text: unknown): text is PublicKey {
  if (typeof text !== 'string') return false;
  const [, base64] = /^ed25519:([A-Za-z0-9+/]{43}=)$/.exec(text) ?? [];
  // one form for each key
  return base64 !== undefined && Buffer.from(base64, 'base64').toString('base64') === base64;
}

export function keyId(key: PublicKey): KeyId {
  return hashOf(Buffer.from(key)).slice(0, 16);
}

/** `record` with the signatures of `keys` as the text of a file. @param kind `head`, `trust` */
export function signedText(kind: string, record: JsonRecord, keys: readonly SigningKey[]): string {
  const content = contentOf(kind, record);
  const signatures = keys.map(({ id, key }) => ({
    key: id,
    signature: sign(null, content, key).toString('base64'),
  }));
  return `${JSON.stringify({ ...record, signatures }, null, 2)}\n`;
}

/** Whether one of the signatures is `key`'s, and good. */
export function isSignedBy(
  kind: string,
  { record, signatures }: Signed<JsonRecord>,
  key: PublicKey,
): boolean {
  const content = contentOf(kind, record);
  const id = keyId(key);
  const x = Buffer.from(key.slice('ed25519:'.length), 'base64').toString('base64url');
  const known = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return signatures.some(
    (each) =>
      each.key === id && verify(null, content, known, Buffer.from(each.signature, 'base64')),
  );
}

/** @throws XhError E_STORE_RECORD when the text is no record with signatures */
export function parseSigned(text: string): Signed<JsonRecord> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable('it is no JSON, or cut off', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable('it is no JSON object');
  }
  const { signatures, ...record } = value as Record<string, Json>;
  if (!Array.isArray(signatures) || !signatures.every(isSignature)) {
    throw unreadable('it has no signatures');
  }
  return { record, signatures };
}

function isSignature(value: unknown): value is Signature {
  if (typeof value !== 'object' || value === null) return false;
  const { key, signature } = value as Partial<Signature>;
  return typeof key === 'string' && typeof signature === 'string';
}

function contentOf(kind: string, record: JsonRecord): Buffer {
  return Buffer.from(`xhier ${kind}\n${canonical(record)}`);
}

/** RFC 8785, for what records have: keys in the order of their UTF-16 units, numbers as ECMAScript prints them. */
export function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each: Json) => canonical(each)).join(',')}]`;
  const record = value as JsonRecord;
  const members = Object.keys(record)
    .toSorted((one, other) => (one < other ? -1 : 1))
    .map((key) => `${JSON.stringify(key)}:${canonical(record[key] ?? null)}`);
  return `{${members.join(',')}}`;
}

function unreadable(what: string, cause?: unknown): XhError {
  return new XhError('E_STORE_RECORD', `a record of the store cannot be used: ${what}`, {
    remedy: 'fetch it again, or from another store',
    ...(cause !== undefined && { cause }),
  });
}
