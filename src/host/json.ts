/** The stable JSON form of plans and records: byte strings as text, or `{"base64": …}` where they are not UTF-8. */
import {
  fromJson,
  isAscii,
  printable,
  toJson,
  toText,
  type Bytes,
  type JsonBytes,
} from '../bytes/bytes.ts';
import { XhError } from '../message/error.ts';

/** Keys whose values are byte strings (or lists of them) wherever they occur. */
const BYTE_KEYS: ReadonlySet<string> = new Set([
  'account',
  'architecture',
  'content',
  'directory',
  'from',
  'hardLinkOf',
  'homepage',
  'keptAs',
  'licence',
  'like',
  'link',
  'lines',
  'losers',
  'made',
  'name',
  'owner',
  'package',
  'packages',
  'path',
  'run-as',
  'summary',
  'target',
  'to',
  'transcript',
  'version',
]);

/** `value` as JSON text; `indent` for people. */
export function toJsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, isPlain(value) ? undefined : encode, indent);
}

/** Whether JSON has the value as it is, which is much quicker to print: no bytes beyond ASCII, no big numbers. */
function isPlain(value: unknown, isBytes = false): boolean {
  switch (typeof value) {
    case 'string':
      return !isBytes || isAscii(value);
    case 'bigint':
      return false;
    case 'object':
      if (value === null) return true;
      if (Array.isArray(value)) return value.every((item) => isPlain(item, isBytes));
      return Object.entries(value).every(([key, item]) => isPlain(item, BYTE_KEYS.has(key)));
    default:
      return true;
  }
}

/** The reverse of {@link toJsonText}. @throws SyntaxError */
export function fromJsonText(text: string): unknown {
  const value: unknown = JSON.parse(text);
  restore(value);
  return value;
}

/** Gives byte strings their form, in place: a reviver would do the same, and take several times as long. */
function restore(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    value.forEach(restore);
    return;
  }
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record)) {
    const item = record[key];
    if (typeof item === 'object') restore(item);
    if (BYTE_KEYS.has(key)) record[key] = decode(item);
  }
}

/**
 * One of our own records from the content of its file.
 * @throws XhError E_RECORD when it is damaged, E_RECORD_FORMAT when a newer version wrote it
 */
export function readRecord(file: Bytes, content: Bytes): unknown {
  const record = parsed(content);
  if (typeof record !== 'object' || record === null || !('format' in record)) {
    throw damagedRecord(file);
  }
  if (record.format === 1) return record;
  throw new XhError(
    'E_RECORD_FORMAT',
    `${printable(file)} was written by a version of xhier that this one does not know`,
    { place: { file }, remedy: 'use the version that wrote it, or a newer one' },
  );
}

/** What is said of a record that cannot be used. */
export function damagedRecord(file: Bytes): XhError {
  return new XhError('E_RECORD', `${printable(file)}, a record of xhier's own, is damaged`, {
    place: { file },
    remedy: 'put it back from a backup; nothing is done without it',
  });
}

function parsed(content: Bytes): unknown {
  try {
    return fromJsonText(toText(content));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function encode(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!BYTE_KEYS.has(key)) return value;
  if (typeof value === 'string') return toJson(value as Bytes);
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (typeof item === 'string' ? toJson(item as Bytes) : item));
  }
  return value;
}

function decode(value: unknown): unknown {
  if (isJsonBytes(value)) return fromJson(value);
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (isJsonBytes(item) ? fromJson(item) : item));
  }
  return value;
}

function isJsonBytes(value: unknown): value is JsonBytes {
  return (
    typeof value === 'string' ||
    (typeof value === 'object' &&
      value !== null &&
      'base64' in value &&
      typeof value.base64 === 'string')
  );
}
