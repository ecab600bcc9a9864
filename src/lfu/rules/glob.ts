/**
 * Shell patterns on names and paths: minimatch's, with the leading dot nothing special (a rule for
 * `*` means every file), and `!` and `#` ordinary characters at the beginning.
 */
import { GLOBSTAR, Minimatch, type ParseReturnFiltered } from 'minimatch';
import type { Bytes } from '../../bytes/bytes.ts';
import { characters } from './characters.ts';
import { problem, type Problem } from './finding.ts';
import { literalPattern, reason, type Pattern } from './pattern.ts';
import { ANYTHING, byteShapes, concatShape, literal, longest, type Shape } from './shape.ts';

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
  const { _src: source, _glob: glob = '' } = component;
  if (source === undefined || !/[?[(]/.test(glob)) return component;
  try {
    // in Unicode mode `-` has no escape outside of a class, and needs none
    return new RegExp(`^${source.replaceAll('\\-', '\\x2d')}$`, 'u');
  } catch {
    return component;
  }
}

/** What a path that matches `row`, the components of a pattern, begins with, contains and ends with. */
function rowShape(row: readonly ParseReturnFiltered[]): Shape {
  const parts = row.map((component) =>
    typeof component === 'string' ? literal(component) : componentShape(component),
  );
  const [first = literal(''), ...rest] = parts;
  return rest.reduce((before, part, i) => {
    // two stars may stand for nothing, not even for the slashes beside them
    const joined = row[i] === GLOBSTAR || row[i + 1] === GLOBSTAR ? [] : [literal('/')];
    return [...joined, part].reduce(concatShape, before);
  }, first);
}

/** The plain text of a component with wildcards, where stars and question marks are all it has. */
function componentShape(component: Exclude<ParseReturnFiltered, string>): Shape {
  const { _glob: glob = '' } = component instanceof RegExp ? component : {};
  if (/[[\]()!+@|\\{}]/.test(glob)) return ANYTHING;
  const texts = glob.split(/[*?]+/);
  const [prefix = '', suffix = ''] = [texts[0], texts.at(-1)];
  return { prefix, infix: longest(texts), suffix, exact: false };
}

const MOST_BRACES = 10_000;
const OPTIONS = {
  dot: true,
  nonegate: true,
  nocomment: true,
  platform: 'linux',
  braceExpandMax: MOST_BRACES,
} as const;
