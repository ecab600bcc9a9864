/** What other installers leave beside the software about it: small files that are read before all else. */
import { fromBuffer, toText, type Bytes } from '../../bytes/bytes.ts';
import { beginningOf } from '../../files/forgiving.ts';

/** No such file is longer. */
const MOST_BYTES = 16 * 2 ** 20;

/** The content of a regular file, or undefined when there is none that can be read. */
export function sideFile(path: Bytes): Bytes | undefined {
  const found = beginningOf(path, MOST_BYTES);
  return found?.whole === true ? fromBuffer(found.content) : undefined;
}

/** JSON of anybody's, looked into step by step; nothing is taken for granted. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** What a JSON text says; undefined when it is none. */
export function parseJson(content: Bytes): Json | undefined {
  try {
    return JSON.parse(toText(content).replace(/^\ufeff/, '')) as Json;
  } catch {
    return undefined;
  }
}

export function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** A text that says something, in one line. */
export function textOf(value: Json | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return line === '' ? undefined : line;
}
