/**
 * What can be said of a pattern without trying it: the literal text that every match begins with,
 * contains and ends with, or is. A rule whose patterns all have such text is only tried where that text occurs.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { bytesOf } from './characters.ts';

/** Every match begins with `prefix`, has `infix` in it and ends with `suffix`; or all three are the match. */
export interface Shape<Text extends string = string> {
  readonly prefix: Text;
  /** The longest text that is known; it may be the prefix or the suffix, and they may overlap. */
  readonly infix: Text;
  readonly suffix: Text;
  readonly exact: boolean;
}

export const ANYTHING: Shape = { prefix: '', infix: '', suffix: '', exact: false };

export function literal<Text extends string>(text: Text): Shape<Text> {
  return { prefix: text, infix: text, suffix: text, exact: true };
}

export const NOTHING: Shape = literal('');

export function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best), '');
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
export function byteShapes(shapes: readonly Shape[]): readonly Shape<Bytes>[] {
  return shapes.flatMap((shape) => {
    const [prefix, infix, suffix] = [shape.prefix, shape.infix, shape.suffix].map(bytesOf);
    if (prefix === undefined || infix === undefined || suffix === undefined) return [];
    return [{ prefix, infix, suffix, exact: shape.exact }];
  });
}

/** The shape of what matches `a` followed by what matches `c`. */
export function concatShape(a: Shape, c: Shape): Shape {
  if (a.exact && c.exact) return literal(a.prefix + c.prefix);
  return {
    prefix: a.exact ? a.prefix + c.prefix : a.prefix,
    infix: longest([a.infix, a.suffix + c.prefix, c.infix]),
    suffix: c.exact ? a.suffix + c.suffix : c.suffix,
    exact: false,
  };
}

/** A pattern with more alternatives than this is simply tried. */
const MOST = 1000;
