/**
 * What can be said of a pattern without trying it: the literal text that every match begins and ends
 * with, or is. A rule whose patterns all have such text is only tried where that text occurs.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { bytesOf } from './characters.ts';

/** Every match begins with `prefix` and ends with `suffix` (they may overlap), or is exactly `prefix`. */
export interface Shape {
  readonly prefix: string;
  readonly suffix: string;
  readonly exact: boolean;
}

/** The same for byte strings. */
export interface ByteShape {
  readonly prefix: Bytes;
  readonly suffix: Bytes;
  readonly exact: boolean;
}

export const ANYTHING: Shape = { prefix: '', suffix: '', exact: false };
export const NOTHING: Shape = { prefix: '', suffix: '', exact: true };

export function literal(text: string): Shape {
  return { prefix: text, suffix: text, exact: true };
}

/** The shapes of what matches one of `first` followed by one of `second`. */
export function concatShapes(first: readonly Shape[], second: readonly Shape[]): readonly Shape[] {
  if (first.length * second.length > MOST) return [ANYTHING];
  return first.flatMap((a) => second.map((c) => concatShape(a, c)));
}

/** The shapes of what matches one of `first` or one of `second`. */
export function eitherShape(first: readonly Shape[], second: readonly Shape[]): readonly Shape[] {
  return first.length + second.length > MOST ? [ANYTHING] : [...first, ...second];
}

/** `shapes` of texts as shapes of names; what no name can match goes. */
export function byteShapes(shapes: readonly Shape[]): readonly ByteShape[] {
  return shapes.flatMap((shape) => {
    const prefix = bytesOf(shape.prefix);
    const suffix = bytesOf(shape.suffix);
    if (prefix === undefined || suffix === undefined) return [];
    return [{ prefix, suffix, exact: shape.exact }];
  });
}

function concatShape(a: Shape, c: Shape): Shape {
  if (a.exact && c.exact) return literal(a.prefix + c.prefix);
  return {
    prefix: a.exact ? a.prefix + c.prefix : a.prefix,
    suffix: c.exact ? a.suffix + c.suffix : c.suffix,
    exact: false,
  };
}

/** A pattern with more alternatives than this is simply tried. */
const MOST = 1000;
