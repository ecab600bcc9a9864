/**
 * The statements of one xh-imakefile: `Program(callpat,c,user)` and the like, `#include`, settings.
 * All that is wrong in it is found at once; nothing is looked up on the disk.
 */
import { printable, slice, type Bytes } from '../../bytes/bytes.ts';
import type { Diagnostic } from '../../message/diagnostic.ts';
import { didYouMean } from '../../message/nearest.ts';
import { globProblem } from '../../site/glob.ts';
import { READERS, written, type Source } from './calls.ts';
import { diagnosticAt, tokensOf, type Finding, type Token } from './lexer.ts';
import {
  SETTINGS,
  SYNOPSES,
  type SettingName,
  type Statement,
  type StatementName,
} from './statement.ts';

export interface ParsedImakefile {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Marks are found before statements; people read from the top. */
function byPlace(one: Diagnostic, other: Diagnostic): number {
  return one.line - other.line || one.column - other.column;
}

/** Beyond so many findings a file is not what it is taken for. */
const MOST_FINDINGS = 20;

/** Reads `content`; `file` is its name for messages. Never throws. */
export function parseImakefile(file: Bytes, content: Bytes): ParsedImakefile {
  const diagnostics: Diagnostic[] = [];
  const report = (finding: Finding): void => {
    if (diagnostics.length < MOST_FINDINGS) {
      diagnostics.push(diagnosticAt(file, content, finding));
    }
  };
  const tokens = tokensOf(content, report);
  const parser: Parser = { file, content, tokens, at: 0, report };
  const statements: Statement[] = [];
  while (parser.at < tokens.length && diagnostics.length < MOST_FINDINGS) {
    const statement = parseStatement(parser);
    if (statement !== undefined) statements.push(statement);
  }
  return { statements, diagnostics: diagnostics.toSorted(byPlace) };
}

interface Parser extends Source {
  readonly tokens: readonly Token[];
  at: number;
}

function parseStatement(parser: Parser): Statement | undefined {
  const token = parser.tokens[parser.at];
  parser.at++;
  if (token === undefined || token.kind === 'newline') return undefined;
  if (token.kind === 'include') return parseInclude(parser, token);
  if (token.kind !== 'word') {
    parser.report({
      message: `expected a statement, and found ${nameOf(token)}`,
      ...token,
      hint: `statements are ${Object.keys(SYNOPSES).join(', ')}`,
    });
    toEndOfLine(parser);
    return undefined;
  }
  const next = parser.tokens[parser.at];
  if (next?.kind === '(') return parseCall(parser, token);
  if (next?.kind === '=' || next?.kind === '+=' || next?.kind === '[') {
    return parseSetting(parser, token);
  }
  parser.report({
    message: `expected '(' or '=' behind '${printable(token.text)}'`,
    at: token.at + token.length,
    hint: synopsisHint(token.text),
  });
  toEndOfLine(parser);
  return undefined;
}

/** `#include "../PackageName"`, or `<NAME>` for what is among the site's templates. */
function parseInclude(parser: Parser, include: Token): Statement | undefined {
  const token = parser.tokens[parser.at];
  const angled = token?.kind === 'word' && /^<[^<>]+>$/.test(token.text);
  if (token === undefined || (token.kind !== 'text' && !angled) || token.text === '') {
    parser.report({
      message: 'expected the name of a file',
      at: include.at + include.length,
      hint: 'write #include "FILE", or #include <NAME> for one of the site\'s templates',
    });
    toEndOfLine(parser);
    return undefined;
  }
  parser.at++;
  endOfStatement(parser);
  const text = angled ? slice(token.text, 1, -1) : token.text;
  return { is: 'include', file: { ...written(parser, token), text }, fromTemplates: angled };
}

function parseSetting(parser: Parser, word: Token): Statement | undefined {
  const name = word.text as string;
  const architectures = parsePattern(parser);
  const sign = parser.tokens[parser.at];
  const isKnown = Object.hasOwn(SETTINGS, name);
  if (!isKnown) {
    parser.report({
      message: `there is no setting '${printable(word.text)}'`,
      ...word,
      hint: didYouMean(name, Object.keys(SETTINGS)) ?? `one of ${Object.keys(SETTINGS).join(', ')}`,
    });
  }
  if (sign?.kind !== '=' && sign?.kind !== '+=') {
    if (architectures !== null) {
      parser.report({ message: "expected '=' or '+='", at: sign?.at ?? parser.content.length });
    }
    toEndOfLine(parser);
    return undefined;
  }
  parser.at++;
  // the text as it stands, up to the end of the line or a comment: flags have all sorts of marks in them
  const parts = toEndOfLine(parser).map(({ at, length }) => slice(parser.content, at, at + length));
  const value = spaced(parser, parts);
  if (!isKnown || architectures === null) return undefined;
  return {
    is: 'setting',
    name: name as SettingName,
    add: sign.kind === '+=',
    value,
    ...(architectures !== undefined && { architectures }),
  };
}

/** `[PATTERN]`; undefined where there is none, null where it is not one. */
function parsePattern(parser: Parser): Bytes | undefined | null {
  const open = parser.tokens[parser.at];
  if (open?.kind !== '[') return undefined;
  const pattern = parser.tokens[parser.at + 1];
  const close = parser.tokens[parser.at + 2];
  const problem = pattern === undefined ? undefined : globProblem(pattern.text);
  if (pattern?.kind === 'word' && close?.kind === ']' && problem === undefined) {
    parser.at += 3;
    return pattern.text;
  }
  parser.report({
    message: problem ?? "expected an architecture and ']'",
    at: pattern?.at ?? open.at,
    hint: 'write for example CFLAGS[linux-aarch64] or CFLAGS[linux-*]',
  });
  return null;
}

/** The parts of a value with one blank where there were some. */
function spaced({ tokens, at }: Parser, parts: readonly Bytes[]): Bytes {
  const first = at - parts.length;
  let text = '';
  for (const [i, part] of parts.entries()) {
    const before = tokens[first + i - 1];
    const here = tokens[first + i];
    const apart = i > 0 && before !== undefined && here !== undefined;
    if (apart && before.at + before.length < here.at) text += ' ';
    text += part;
  }
  return text as Bytes;
}

function parseCall(parser: Parser, word: Token): Statement | undefined {
  const name = word.text as string;
  if (!Object.hasOwn(SYNOPSES, name)) {
    parser.report({
      message: `there is no statement '${printable(word.text)}'`,
      ...word,
      hint:
        didYouMean(name, Object.keys(SYNOPSES)) ??
        `statements are ${Object.keys(SYNOPSES).join(', ')}`,
    });
  }
  const list = parseArguments(parser, word);
  if (list === undefined || !Object.hasOwn(SYNOPSES, name)) return undefined;
  endOfStatement(parser);
  const call = { source: parser, word, list, name: name as StatementName };
  return READERS[call.name](call);
}

/** The words between the brackets, on as many lines as they like; undefined when that is wrong. */
function parseArguments(parser: Parser, word: Token): readonly Token[] | undefined {
  const list: Token[] = [];
  let whole = true;
  parser.at++;
  for (let comma = false; ; parser.at++) {
    const token = parser.tokens[parser.at];
    const isStatement = token?.kind === 'include' || token?.kind === '(';
    if (token === undefined || isStatement) {
      parser.report({
        message: `expected ')' to end '${printable(word.text)}('`,
        at: token?.at ?? Math.max(0, parser.content.length - 1),
        hint: synopsisHint(word.text),
      });
      return undefined;
    }
    if (token.kind === ')') {
      parser.at++;
      return whole ? list : undefined;
    }
    if (token.kind === 'newline') continue;
    if (token.kind === ',') {
      // `Program(a,,c)`: something is missing, rather than empty
      if (comma || list.length === 0) {
        parser.report({ message: 'expected a word', at: token.at });
        whole = false;
      }
      comma = true;
    } else if (token.kind === 'word' || token.kind === 'text') {
      list.push(token);
      comma = false;
    } else {
      parser.report({ message: `expected a word, ',' or ')', not ${nameOf(token)}`, ...token });
      whole = false;
    }
  }
}

/** A `;` may end a statement, as in C; anything else on the line is a mistake. */
function endOfStatement(parser: Parser): void {
  const [first] = toEndOfLine(parser).filter(({ text }) => text !== ';');
  if (first === undefined) return;
  parser.report({ message: `expected the end of the line, not ${nameOf(first)}`, ...first });
}

/** Passes over the rest of the line. @returns what was there */
function toEndOfLine(parser: Parser): readonly Token[] {
  const start = parser.at;
  while (parser.at < parser.tokens.length && parser.tokens[parser.at]?.kind !== 'newline') {
    parser.at++;
  }
  return parser.tokens.slice(start, parser.at);
}

function nameOf(token: Token): string {
  return token.kind === 'newline' ? 'the end of the line' : `'${printable(token.text)}'`;
}

function synopsisHint(word: Bytes): string | undefined {
  return Object.hasOwn(SYNOPSES, word)
    ? SYNOPSES[word as StatementName]
    : didYouMean(word, Object.keys(SYNOPSES));
}
