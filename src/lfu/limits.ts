/** Limits in the words in which people write them, on a command line or in a configuration. */
import type { DeleteLimit } from './options.ts';

/** `100` objects, or `5%` of what the slave has; undefined when it is neither. */
export function parseDeleteLimit(text: string): DeleteLimit | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(%?)$/.exec(text);
  const value = Number(match?.[1]);
  if (match === null || (match[2] === '' && !Number.isInteger(value))) return undefined;
  return { value, unit: match[2] === '%' ? 'percent' : 'objects' };
}

/** Bytes, or with k, M, G (powers of 1024); undefined when it is no such thing, or nothing. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,12})([kKmMgG]?)$/.exec(text);
  const value = Number(match?.[1] ?? 0) * 1024 ** ' kmg'.indexOf((match?.[2] || ' ').toLowerCase());
  return match === null || value === 0 ? undefined : value;
}
