/** What a server that speaks S3 answers when it is asked for the names in a bucket: XML of a fixed form. */
import { bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import type { StoredName } from './store.ts';

export interface BucketListing {
  /** With the whole key as their path. */
  readonly objects: readonly StoredName[];
  /** What the next page is asked for with. */
  readonly next: string | undefined;
}

/** @throws XhError E_STORE_READ */
export function parseListing(store: string, content: Buffer): BucketListing {
  const text = content.toString();
  if (!text.includes('<ListBucketResult')) {
    throw new XhError('E_STORE_READ', `${store} does not answer as S3 does`, {
      remedy: 'is AWS_ENDPOINT_URL the address of an object store that speaks S3?',
    });
  }
  const objects = text
    .split('<Contents>')
    .slice(1)
    .map((part) => ({
      path: bytes(unquoted((valueOf(part, 'Key') ?? '').replaceAll('+', ' '))),
      size: Number(valueOf(part, 'Size') ?? 0),
      written: Date.parse(valueOf(part, 'LastModified') ?? ''),
    }));
  const isMore = valueOf(text, 'IsTruncated') === 'true';
  return { objects, next: isMore ? valueOf(text, 'NextContinuationToken') : undefined };
}

/** As it is where it is no quoting: nothing of ours has such a name. */
function unquoted(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function valueOf(text: string, name: string): string | undefined {
  const start = text.indexOf(`<${name}>`);
  if (start === -1) return undefined;
  const from = start + name.length + 2;
  const end = text.indexOf(`</${name}>`, from);
  return end === -1 ? undefined : unescaped(text.slice(from, end));
}

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos|#x?[0-9a-fA-F]{1,6});/g, (whole, name: string) => {
    const letter = ENTITIES[name];
    if (letter !== undefined) return letter;
    const code = name.startsWith('#x') ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return Number.isInteger(code) && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};
