/**
 * Where in a shell command one stands: within which quotes and substitutions. It decides only
 * whether a variable needs double quotes of its own, so being wrong in some deep nesting of here
 * documents can split a word, but never lets a value be read as shell text.
 */
import type { Bytes } from '../../bytes/bytes.ts';

/** What is open, innermost last. */
export type ShellState = readonly ('single' | 'double' | 'paren' | 'backquote')[];

/** The state behind `text` that begins in `state`. */
export function advanceShell(state: ShellState, text: Bytes): ShellState {
  const open = [...state];
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    const inner = open.at(-1);
    if (inner === 'single') {
      if (c === "'") open.pop();
    } else if (c === '\\') {
      at++;
    } else if (c === '"') {
      if (inner === 'double') open.pop();
      else open.push('double');
    } else if (c === '`') {
      const start = open.lastIndexOf('backquote');
      if (start >= 0) open.length = start;
      else open.push('backquote');
    } else if (c === '$' && text.charAt(at + 1) === '(') {
      open.push('paren');
      at++;
    } else if (inner !== 'double') {
      if (c === "'") open.push('single');
      else if (c === '(') open.push('paren');
      else if (c === ')' && inner === 'paren') open.pop();
    }
  }
  return open;
}

/** Whether the shell replaces nothing here. */
export function inSingleQuotes(state: ShellState): boolean {
  return state.at(-1) === 'single';
}

/** Whether a variable's value would be split into words here. */
export function splitsWords(state: ShellState): boolean {
  return state.at(-1) !== 'double';
}
