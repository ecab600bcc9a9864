/**
 * Shell patterns on names and paths: minimatch's, with the leading dot nothing special (a rule for
 * `*` means every file), and `!` and `#` ordinary characters at the beginning.
 */
import { GLOBSTAR, Minimatch, type ParseReturnFiltered } from 'minimatch';
import type { Bytes } from '../../bytes/bytes.ts';
import { characters } from './characters.ts';
import { problem, type Problem } from './finding.ts';
import { literalPattern, reason, type Pattern } from './pattern.ts';
import { ANYTHING, byteShapes, literal, type Shape } from './shape.ts';

/** The pattern that matches when `glob` matches the whole of a text. */
export function compileGlob(glob: Bytes): Pattern | Problem {
  let matcher: Minimatch;
  try {
    matcher = new Minimatch(characters(glob), OPTIONS);
  } catch (error) {
    // too long, or one that minimatch takes and RegExp does not
    const text = `the pattern cannot be used: ${reason(error)}`;
    return problem('E_RULE_PATTERN', text, "write a regular expression, with '='");
  }
  if (matcher.set.length >= MOST_BRACES) {
    return problem('E_RULE_PATTERN', `the braces make more than ${MOST_BRACES} patterns`);
  }
  const shapes = byteShapes(matcher.set.map(rowShape));
  if (shapes.every((shape) => shape.exact)) return literalPattern(shapes);
  matcher.set = matcher.set.map((row) => row.map(wholeCharacters));
  return { matches: (text) => matcher.match(characters(text)), shapes };
}

/** Minimatch counts UTF-16 units, so that `?` would not match every character. */
function wholeCharacters(component: ParseReturnFiltered): ParseReturnFiltered {
  if (!(component instanceof RegExp) || component.flags.includes('u')) return component;
  if (component._src === undefined || !/[?[(]/.test(component._glob ?? '')) return component;
  try {
    // in Unicode mode `-` has no escape outside of a class, and needs none
    return new RegExp(`^${component._src.replaceAll('\\-', '\\x2d')}$`, 'u');
  } catch {
    return component;
  }
}

/** What a path that matches `row`, the components of a pattern, begins and ends with. */
function rowShape(row: readonly ParseReturnFiltered[]): Shape {
  if (row.every((component) => typeof component === 'string')) return literal(row.join('/'));
  const firstMagic = row.findIndex((component) => typeof component !== 'string');
  const lastMagic = row.findLastIndex((component) => typeof component !== 'string');
  const before = row.slice(0, firstMagic).join('/');
  const after = row.slice(lastMagic + 1).join('/');
  const starts = componentEnds(row[firstMagic]);
  const ends = componentEnds(row[lastMagic]);
  return {
    ...ANYTHING,
    // `lib/**` and `**/lib` may have nothing, not even the slash, in place of the stars
    prefix:
      firstMagic === 0 ? starts.prefix : before + (starts.optional ? '' : `/${starts.prefix}`),
    suffix: after === '' ? ends.suffix : after,
  };
}

/** The plain text that a component with wildcards begins and ends with. */
function componentEnds(component: ParseReturnFiltered | undefined): {
  readonly prefix: string;
  readonly suffix: string;
  readonly optional: boolean;
} {
  if (component === GLOBSTAR) return { prefix: '', suffix: '', optional: true };
  const glob = component instanceof RegExp ? (component._glob ?? '') : '';
  // only where stars and question marks are all that is special
  const plain = /^([^*?[\]()!+@|\\{}]*)[*?].*?([^*?[\]()!+@|\\{}]*)$/su.exec(glob);
  const simple = plain !== null && !/[[\]()!+@|\\{}]/.test(glob);
  return {
    prefix: simple ? (plain[1] ?? '') : '',
    suffix: simple ? (plain[2] ?? '') : '',
    optional: false,
  };
}

const MOST_BRACES = 10_000;
const OPTIONS = {
  dot: true,
  nonegate: true,
  nocomment: true,
  platform: 'linux',
  braceExpandMax: MOST_BRACES,
} as const;
