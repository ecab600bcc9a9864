/**
 * The table of tests: one object each, all of one shape. A new test is a new entry here.
 *
 * Besides its answer a test says, where it can, which keys an object must have for it to be true;
 * candidates.ts uses them to try only the rules that may apply.
 */
import { slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { lookUp } from './account.ts';
import { isProblem, problem, quoted, type Problem } from './finding.ts';
import { compileGlob } from './glob.ts';
import { globLike, meantType } from './habits.ts';
import { applyMode, parseMode } from './mode.ts';
import type { ObjectType, RuleObject, RuleSources } from './object.ts';
import { compileRegexp, literalPattern, type Pattern } from './pattern.ts';
import { literal } from './shape.ts';
import { parseAge, parseCount, parseSize, type Amount } from './quantity.ts';

/** Something that an object has and that rules are found by. */
export type IndexKey =
  | {
      readonly on: 'name' | 'path' | 'namePrefix' | 'nameSuffix' | 'pathPrefix' | 'pathSuffix';
      readonly text: Bytes;
    }
  /** The text is somewhere in it. */
  | { readonly on: 'nameInfix' | 'pathInfix'; readonly text: Bytes }
  | { readonly on: 'uid' | 'gid'; readonly id: number }
  | { readonly on: 'type'; readonly type: ObjectType }
  /** Nothing but type and permission bits is looked at. */
  | { readonly on: 'mode'; readonly matches: (object: ModeOf) => boolean }
  /** A number from `from` to `to`, both among them. */
  | { readonly on: AmountKey; readonly from: number; readonly to: number };

export type AmountKey = 'size' | 'links' | 'mtime' | 'atime';
export type ModeOf = Pick<RuleObject, 'type' | 'mode'>;

export interface CompiledTest {
  matches(object: RuleObject): boolean;
  /** When it is true the object has one of these; undefined when nothing can be said. */
  readonly keys?: readonly IndexKey[] | undefined;
  /** Known without looking at any object. */
  readonly constant?: boolean;
}

/** An operator without its negation: `!=` is the negation of `=`. */
export type PositiveOperator = '=' | '~' | '<' | '<=' | '>' | '>=';

export interface TestInput {
  readonly operator: PositiveOperator;
  /** Without the `@` of a list. */
  readonly text: Bytes;
  /** Written with `@`. */
  readonly list: boolean;
  readonly sources: RuleSources;
  /** The lines of a list, its path taken as relative to the script. */
  readList(path: Bytes): readonly Bytes[] | Problem;
  /** Something that is no reason to stop. */
  warn(found: Problem): void;
}

export interface TestKind {
  readonly key: string;
  /** One line for people who ask what it does. */
  readonly summary: string;
  readonly operators: readonly PositiveOperator[];
  /** Whether `@…` is understood. */
  readonly lists: boolean;
  compile(input: TestInput): CompiledTest | Problem;
  /** What the object has, for explanations. */
  actual(object: RuleObject, sources: RuleSources): string;
}

/** In the order in which they are explained. */
export const TESTS: readonly TestKind[] = [
  textTest('name', 'the whole name matches'),
  textTest('path', 'the whole path below the tree matches'),
  {
    key: 'owner',
    summary: "the object's owner, by name, number or @NETGROUP",
    operators: ['='],
    lists: true,
    compile: (input) => (input.list ? netgroupTest(input) : accountTest('user', input)),
    actual: (object) => `owner ${object.uid}`,
  },
  {
    key: 'group',
    summary: "the object's group, by name or number",
    operators: ['='],
    lists: false,
    compile: (input) => accountTest('group', input),
    actual: (object) => `group ${object.gid}`,
  },
  {
    key: 'type',
    summary: 'type letters (fdlpsbc), or permissions: u+s, 4755 (exactly), /222 (any), -111 (all)',
    operators: ['='],
    lists: false,
    compile: typeTest,
    actual: (object) => `type ${object.type}, mode ${octal(object.mode & 0o7777)}`,
  },
  {
    key: 'age',
    summary: 'the time since the last change of contents',
    operators: ['=', '<', '<=', '>', '>='],
    lists: false,
    compile: (input) => ageTest(input, 'mtime'),
    actual: (object, sources) => `age ${duration(sources.now - object.mtime)}`,
  },
  {
    key: 'access',
    summary: 'the time since the last access',
    operators: ['=', '<', '<=', '>', '>='],
    lists: false,
    compile: (input) => ageTest(input, 'atime'),
    actual: (object, sources) => `access ${duration(sources.now - object.atime)} ago`,
  },
  {
    key: 'size',
    summary: 'the size in bytes, or with k, M, G, T',
    operators: ['=', '<', '<=', '>', '>='],
    lists: false,
    compile: (input) => countTest(input, parseSize(input.text), 'size'),
    actual: (object) => `size ${object.size}`,
  },
  {
    key: 'links',
    summary: 'the number of hard links',
    operators: ['=', '<', '<=', '>', '>='],
    lists: false,
    compile: (input) => countTest(input, parseCount(input.text), 'links'),
    actual: (object) => `links ${object.links}`,
  },
  siteTest('host', 'the name of the host that runs lfu'),
  siteTest('arch', 'its architecture'),
];

export function findTest(key: string): TestKind | undefined {
  return BY_KEY.get(key);
}

function textTest(key: 'name' | 'path', summary: string): TestKind {
  return {
    key,
    summary: `${summary} a regular expression (=), a glob (~) or a line of a @FILE`,
    operators: ['=', '~'],
    lists: true,
    compile(input) {
      const pattern = input.list
        ? listPattern(key, input)
        : input.operator === '~'
          ? compileGlob(input.text)
          : compileRegexp(input.text);
      const repeated = input.list || input.operator === '~' ? undefined : globLike(input.text);
      if (isProblem(pattern)) {
        return repeated === undefined ? pattern : { ...pattern, hint: writeGlob(key, input.text) };
      }
      if (repeated !== undefined) {
        const message = `'*' in a regular expression repeats what stands before it, ${quoted(repeated as Bytes)}`;
        input.warn(problem('W_RULE_PATTERN', message, writeGlob(key, input.text)));
      }
      return (
        (input.list ? undefined : neverMatches(key, pattern)) ?? {
          matches:
            key === 'name'
              ? (object) => pattern.matches(object.name)
              : (object) => pattern.matches(object.path),
          keys: textKeys(key, pattern),
        }
      );
    },
    actual: (object) => `${key} ${quoted(object[key])}`,
  };
}

function writeGlob(key: string, text: Bytes): string {
  return `for a shell pattern write ${key}~${/[(){}|&;\s]/.test(text) ? `'${text}'` : text}`;
}

function listPattern(key: 'name' | 'path', input: TestInput): Pattern | Problem {
  if (input.operator === '~') {
    return problem('E_RULE_OPERATOR', "a list is read with '='", `write ${key}=@…`);
  }
  const lines = input.readList(input.text);
  if (isProblem(lines)) return lines;
  // what find(1) prints is a list too
  const texts = key === 'path' ? lines.map(belowTree) : lines;
  if (key === 'name' && lines.some((line) => line.includes('/'))) {
    const message = `the list ${quoted(input.text)} has paths, and no name has a '/'`;
    input.warn(problem('W_RULE_LIST', message, 'write path=@…'));
  }
  return literalPattern(texts.filter((text) => text !== '').map(literal));
}

/** `path` without what stands before the first name and behind the last. */
function belowTree(path: Bytes): Bytes {
  let start = 0;
  while (path.startsWith('/', start) || path.startsWith('./', start)) {
    start += path.startsWith('/', start) ? 1 : 2;
  }
  let end = path.length;
  while (end > start && path.endsWith('/', end)) end--;
  return slice(path, start, end);
}

/** Patterns that people write in earnest, and no object can match. */
function neverMatches(key: 'name' | 'path', pattern: Pattern): Problem | undefined {
  const { shapes } = pattern;
  if (shapes.length === 0) return undefined;
  if (key === 'path' && shapes.every((shape) => shape.prefix.startsWith('/'))) {
    const message = "no path begins with '/': paths are those below the tree";
    return problem('E_RULE_PATTERN', message, "leave the '/' out");
  }
  if (key === 'name' && shapes.every(({ infix }) => infix.includes('/'))) {
    return problem('E_RULE_PATTERN', "no name has a '/'", 'test the path: path=…');
  }
  return undefined;
}

function textKeys(key: 'name' | 'path', pattern: Pattern): readonly IndexKey[] | undefined {
  const keys: IndexKey[] = [];
  for (const { prefix, infix, suffix, exact } of pattern.shapes) {
    // the longer the text, the fewer objects have it; the beginning is found fastest
    if (exact) keys.push({ on: key, text: prefix });
    else if (infix === '') return undefined;
    else if (prefix.length >= infix.length) keys.push({ on: `${key}Prefix`, text: prefix });
    else if (suffix.length >= infix.length) keys.push({ on: `${key}Suffix`, text: suffix });
    else keys.push({ on: `${key}Infix`, text: infix });
  }
  return keys;
}

function accountTest(kind: 'user' | 'group', input: TestInput): CompiledTest | Problem {
  const id = lookUp(kind, input.text, input.sources);
  if (typeof id !== 'number') return id;
  return kind === 'user'
    ? { matches: (object) => object.uid === id, keys: [{ on: 'uid', id }] }
    : { matches: (object) => object.gid === id, keys: [{ on: 'gid', id }] };
}

function netgroupTest(input: TestInput): CompiledTest | Problem {
  const { sources, text } = input;
  const members = sources.netgroup(text);
  if (members === undefined) {
    return problem(
      'E_RULE_NETGROUP',
      `no netgroup ${quoted(text)}`,
      'define it in /etc/netgroup, or in a file given with --netgroup',
    );
  }
  const ids = new Set<number>();
  const strangers: Bytes[] = [];
  for (const member of members) {
    const id = sources.user(member);
    if (id === undefined) strangers.push(member);
    else ids.add(id);
  }
  if (strangers.length > 0) {
    const named = strangers.slice(0, 5).map(quoted).join(', ');
    const more = strangers.length > 5 ? ` and ${strangers.length - 5} more` : '';
    const message = `netgroup ${quoted(text)}: no user ${named}${more} on this host`;
    input.warn(problem('W_RULE_NETGROUP', message));
  }
  return {
    matches: (object) => ids.has(object.uid),
    keys: [...ids].map((id) => ({ on: 'uid', id })),
  };
}

/** Letters are types; everything else is a mode, true of what that mode would not change. */
function typeTest({ text }: TestInput): CompiledTest | Problem {
  if (/^[a-z]+$/.test(text)) {
    const types = TYPES.filter((type) => text.includes(type));
    const unknown = Array.from(text).find((letter) => !TYPES.some((type) => type === letter));
    if (unknown !== undefined) {
      const meant = meantType(text);
      const hint = meant === undefined ? `the types are ${TYPES.join(' ')}` : `write type=${meant}`;
      const message = meant === undefined ? `no type '${unknown}'` : `no type ${quoted(text)}`;
      return problem('E_RULE_TYPE', message, hint);
    }
    return {
      matches: (object) => text.includes(object.type),
      keys: types.map((type) => ({ on: 'type', type })),
    };
  }
  const sign = /^[-/]/.test(text) ? text.charAt(0) : '';
  const mode = parseMode(slice(text, sign.length));
  if (isProblem(mode)) {
    const hint = 'write type letters (fd), or permissions: u+s, 4755, /222 (any of), -111 (all of)';
    return problem('E_RULE_TYPE', `${quoted(text)} is neither types nor a mode`, hint);
  }
  const bits = applyMode(mode, 0, false);
  if (sign === '/') return modeTest((object) => (object.mode & bits) !== 0);
  if (sign === '-') return modeTest((object) => (object.mode & bits) === bits);
  if (/^[0-7]+$/.test(text)) return modeTest((object) => (object.mode & 0o7777) === bits);
  return modeTest((object) => {
    const permissions = object.mode & 0o7777;
    return applyMode(mode, permissions, object.type === 'd') === permissions;
  });
}

function modeTest(matches: (object: ModeOf) => boolean): CompiledTest {
  return { matches, keys: [{ on: 'mode', matches }] };
}

/** A test of the time that has gone by since `on`. */
function ageTest(input: TestInput, on: 'mtime' | 'atime'): CompiledTest | Problem {
  const { now } = input.sources;
  const age = parseAge(input.text, now);
  if (isProblem(age)) return age;
  const matches = comparison(input.operator, age);
  const { from, to } = rangeOf(input.operator, age);
  // the greater the age the smaller the time; a little more, since fractions are rounded
  const keys: IndexKey[] = [{ on, from: now - to - 1, to: now - from + 1 }];
  return { matches: (object) => matches(now - object[on]), keys };
}

function countTest(
  { operator }: TestInput,
  amount: Amount | Problem,
  on: 'size' | 'links',
): CompiledTest | Problem {
  if (isProblem(amount)) return amount;
  const matches = comparison(operator, amount);
  return {
    matches: (object) => matches(object[on]),
    keys: [{ on, ...rangeOf(operator, amount) }],
  };
}

function comparison(operator: PositiveOperator, amount: Amount): (actual: number) => boolean {
  const { value } = amount;
  switch (operator) {
    case '<':
      return (actual) => actual < value;
    case '<=':
      return (actual) => actual <= value;
    case '>':
      return (actual) => actual > value;
    case '>=':
      return (actual) => actual >= value;
    default:
      return (actual) => amount.equals(actual);
  }
}

/** Where all lies that the comparison is true of. */
function rangeOf(
  operator: PositiveOperator,
  { value, least, most }: Amount,
): { readonly from: number; readonly to: number } {
  switch (operator) {
    case '<':
    case '<=':
      return { from: -Infinity, to: value };
    case '>':
    case '>=':
      return { from: value, to: Infinity };
    default:
      return { from: least, to: most };
  }
}

function siteTest(key: 'host' | 'arch', summary: string): TestKind {
  return {
    key,
    summary: `${summary} matches a glob`,
    operators: ['='],
    lists: false,
    compile({ text, sources }) {
      const pattern = compileGlob(text);
      if (isProblem(pattern)) return pattern;
      const constant = pattern.matches(sources[key]);
      return { matches: () => constant, constant };
    },
    actual: (_object, sources) => `${key} ${toText(sources[key])}`,
  };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function duration(seconds: number): string {
  const ago = Math.abs(seconds);
  const [unit, word] = (
    [
      [86_400, 'days'],
      [3600, 'hrs'],
      [60, 'min'],
    ] as const
  ).find(([length]) => ago >= 2 * length) ?? [1, 's'];
  return `${Math.trunc(seconds / unit)}${word}`;
}

const TYPES: readonly ObjectType[] = ['f', 'd', 'l', 'p', 's', 'b', 'c'];
const BY_KEY: ReadonlyMap<string, TestKind> = new Map(TESTS.map((test) => [test.key, test]));
