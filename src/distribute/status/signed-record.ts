/**
 * Records that a host has signed with a key of its own, for places where others could write in its name:
 * a directory that everybody's root may write to, a server that is not the site's.
 */
import { printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { unlessRefused } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { signingKeyNamed } from '../keys.ts';
import {
  isPublicKey,
  isSignedBy,
  parseSigned,
  signedText,
  type JsonRecord,
  type PublicKey,
} from '../store/signed.ts';
import { recordText, type HostRecord } from './host-record.ts';

const KIND = 'status';

/**
 * The text of a record for others: signed when the configuration names a key (`status-key`).
 * @throws XhError E_KEY_UNKNOWN, E_KEY; FileError when the key may not be read
 */
export function textForOthers(site: Site, config: Config, record: HostRecord): string {
  const key = config.values['status-key'];
  const text = recordText(record);
  if (key === undefined) return text;
  return signedText(KIND, JSON.parse(text) as JsonRecord, [signingKeyNamed(site, key)]);
}

/** Whether the record in `text` bears a good signature of `key`. Never throws. */
export function bearsSignature(text: string, key: PublicKey): boolean {
  const signed = unlessRefused(() => parseSigned(text));
  try {
    return signed !== undefined && isSignedBy(KIND, signed, key);
  } catch {
    // what cannot be brought to the canonical form was never signed
    return false;
  }
}

/** The keys of hosts that the configuration knows, by their names. */
export function knownHostKeys(config: Config): ReadonlyMap<string, PublicKey> {
  return new Map(
    [...config.values['status-keys']].flatMap(([host, key]) =>
      isPublicKey(key) ? [[printable(host), toText(key as Bytes) as PublicKey] as const] : [],
    ),
  );
}
