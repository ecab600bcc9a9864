/**
 * The syntax tree of a rule script: what was written, where, and nothing about whether the words in
 * it mean anything. Every node knows its span, so that later findings can point at it.
 */
import { slice, type Bytes } from '../../bytes/bytes.ts';

/** A script as it was given: a file, or the text of an `-e` (whose `file` is what messages call it). */
export interface ScriptText {
  readonly file: Bytes;
  readonly text: Bytes;
}

/** A stretch of a script, in bytes from its start; `end` is exclusive. */
export interface Span {
  readonly script: ScriptText;
  readonly start: number;
  readonly end: number;
}

export interface Word {
  readonly text: Bytes;
  readonly span: Span;
}

export type Part =
  | { readonly kind: 'text'; readonly text: Bytes }
  | { readonly kind: 'variable'; readonly name: string; readonly span: Span };

/**
 * How a value was written. `words` are several on one line, taken as they stand: the command of an
 * `exec`, the sentence of an `error`.
 */
export type Quote = 'bare' | 'double' | 'single' | 'words';

export interface Value {
  readonly quote: Quote;
  /** Written with a leading `@`: the name of a list or a netgroup. */
  readonly list: boolean;
  readonly parts: readonly Part[];
  readonly span: Span;
}

export const OPERATORS = ['=', '!=', '~', '!~', '<', '<=', '>', '>='] as const;
export type Operator = (typeof OPERATORS)[number];

export interface TestNode {
  readonly kind: 'test';
  readonly key: Word;
  readonly operator: Operator;
  readonly value: Value;
  readonly span: Span;
}

export type Condition =
  | TestNode
  | { readonly kind: 'not'; readonly operand: Condition; readonly span: Span }
  | {
      readonly kind: 'and' | 'or';
      /** Two or more. */
      readonly operands: readonly Condition[];
      readonly span: Span;
    };

export interface ActionNode {
  readonly word: Word;
  readonly value?: Value;
  readonly span: Span;
}

/** One `condition { actions }` of a chain; the last one may be an `else { actions }` without a condition. */
export interface ArmNode {
  readonly condition?: Condition;
  readonly actions: readonly ActionNode[];
  readonly span: Span;
}

/** A rule with all its `else`: the first arm that matches applies. */
export interface ChainNode {
  readonly kind: 'chain';
  readonly arms: readonly ArmNode[];
  readonly span: Span;
}

export interface IncludeNode {
  readonly kind: 'include';
  readonly path: Value;
  readonly span: Span;
}

export interface SetNode {
  readonly kind: 'set';
  readonly name: Word;
  readonly value: Value;
  readonly span: Span;
}

export type Item = ChainNode | IncludeNode | SetNode;

/** What was written at `span`. */
export function spanText(span: Span): Bytes {
  return slice(span.script.text, span.start, span.end);
}
