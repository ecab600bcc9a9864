/** The stable JSON form of plans and records: byte strings as text, or `{"base64": …}` where they are not UTF-8. */
import { fromJson, toJson, type Bytes, type JsonBytes } from '../bytes/bytes.ts';

/** Keys whose values are byte strings (or lists of them) wherever they occur. */
const BYTE_KEYS: ReadonlySet<string> = new Set([
  'account',
  'architecture',
  'content',
  'directory',
  'from',
  'hardLinkOf',
  'keptAs',
  'link',
  'lines',
  'losers',
  'name',
  'owner',
  'package',
  'packages',
  'path',
  'target',
  'to',
  'version',
]);

/** `value` as JSON text; `indent` for people. */
export function toJsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, encode, indent);
}

/** The reverse of {@link toJsonText}. @throws SyntaxError */
export function fromJsonText(text: string): unknown {
  return JSON.parse(text, decode);
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

function decode(key: string, value: unknown): unknown {
  if (!BYTE_KEYS.has(key)) return value;
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
