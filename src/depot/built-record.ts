/**
 * `.admin/Builds/ARCH`: what `xh make install` has put into a package for one architecture. By it the
 * next build takes away what the last one had and this one has no more, and leaves what people made.
 */
import {
  b,
  bytes,
  fromJson,
  split,
  toJson,
  toText,
  type Bytes,
  type JsonBytes,
} from '../bytes/bytes.ts';

export interface BuiltObject {
  readonly path: Bytes;
  /** The file type whose tree it is in. */
  readonly type: Bytes;
  /** SHA-256 of a file, `→ TARGET` of a link, `directory`. */
  readonly is: Bytes;
}

/** Where the records of a package are. */
export const BUILDS = b`.admin/Builds`;

/** The record of an architecture, in the package. */
export function recordPath(architecture: Bytes): Bytes {
  return b`${BUILDS}/${architecture}`;
}

/** A file that reads back as `objects`. */
export function printRecord(architecture: Bytes, objects: readonly BuiltObject[]): Bytes {
  const head = b`# What xh make has installed here for ${architecture}; it is written anew each time.\n`;
  const lines = objects.map(({ path, type, is }) =>
    bytes(`${JSON.stringify([toJson(type), toJson(is), toJson(path)])}\n`),
  );
  return [head, ...lines].join('') as Bytes;
}

/** What a record says; a line that says nothing is passed over: then its object counts as people's. */
export function parseRecord(content: Bytes): readonly BuiltObject[] {
  return split(content, '\n').flatMap((line) => {
    if (!line.startsWith('[')) return [];
    const value = jsonOf(line);
    if (!Array.isArray(value)) return [];
    const [type, is, path] = (value as unknown[]).map(asBytes);
    if (type === undefined || is === undefined || path === undefined) return [];
    return [{ type, is, path }];
  });
}

/** What a link is in a record. */
export function linkIs(target: Bytes): Bytes {
  return b`→ ${target}`;
}

export const DIRECTORY_IS = b`directory`;

function jsonOf(line: Bytes): unknown {
  try {
    return JSON.parse(toText(line));
  } catch {
    return undefined;
  }
}

function asBytes(value: unknown): Bytes | undefined {
  const isText = typeof value === 'string';
  const isEncoded =
    typeof value === 'object' &&
    value !== null &&
    'base64' in value &&
    typeof value.base64 === 'string';
  return isText || isEncoded ? fromJson(value as JsonBytes) : undefined;
}
