/**
 * Globs that somebody wrote in a file: over byte strings, case-sensitive unless asked, bounded in
 * what they may cost. Braces, `**` and character classes are minimatch's; extended globs are off,
 * because nested they take exponential time.
 */
import { Minimatch } from 'minimatch';
import { type Bytes } from '../bytes/bytes.ts';

export interface Glob {
  readonly text: Bytes;
  matches(path: Bytes): boolean;
}

/** A glob longer than this is a mistake. */
export const MAX_GLOB_LENGTH = 1024;
/** `{a,b}{c,d}…` may stand for so many patterns. */
const MAX_ALTERNATIVES = 200;

/**
 * What is wrong with `text` as a glob, or undefined: it is empty, too long, or has a `/` too many.
 */
export function globProblem(text: Bytes): string | undefined {
  if (text === '') return 'the pattern is empty';
  if (text.length > MAX_GLOB_LENGTH) return `the pattern is longer than ${MAX_GLOB_LENGTH} bytes`;
  if (text.includes('//')) return "the pattern has '//'";
  return undefined;
}

/** `text`, in which {@link globProblem} finds nothing wrong, ready to match. */
export function compileGlob(text: Bytes, options: { readonly ignoreCase?: boolean } = {}): Glob {
  const matcher = new Minimatch(text, {
    dot: true,
    nocase: options.ignoreCase ?? false,
    noext: true,
    nonegate: true,
    nocomment: true,
    platform: 'linux',
    optimizationLevel: 1,
    braceExpandMax: MAX_ALTERNATIVES,
  });
  return { text, matches: (path) => matcher.match(path) };
}
