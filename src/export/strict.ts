/**
 * The strict reading of a fragment file: its lines, and the findings that are collected on the way
 * and thrown together, so that whoever wrote the fragment sees all of them at once.
 */
import type { Bytes } from '../bytes/bytes.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import type { FragmentFile } from './fragment.ts';
import { fragmentLines, lineAt } from './lines.ts';
import { looksLikeMarker } from './markers.ts';

export interface Finding {
  readonly code: string;
  readonly message: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in bytes; 1 unless given. */
  readonly column?: number;
  readonly length?: number;
  readonly hint?: string | undefined;
  readonly severity?: Diagnostic['severity'];
}

const known = new WeakMap<FragmentFile, readonly Bytes[]>();

/** The lines of a fragment file, split once however many findings it has. */
export function linesIn(file: FragmentFile): readonly Bytes[] {
  const lines = known.get(file) ?? fragmentLines(file.content);
  known.set(file, lines);
  return lines;
}

/** A finding with the file and the text of its line. */
export function diagnostic(file: FragmentFile, finding: Finding): Diagnostic {
  const { code, message, line, column = 1, length, hint, severity = 'error' } = finding;
  const source = lineAt(linesIn(file), line - 1);
  return {
    severity,
    code,
    message,
    file: file.path,
    line,
    column,
    source,
    ...(length !== undefined && { length: Math.max(1, length) }),
    ...(hint !== undefined && { hint }),
  };
}

/**
 * Reads a fragment that is made of lines. `read` is given the lines and a function that takes
 * findings; lines that no system file may get from a fragment (NUL bytes, our own markers) are
 * found here for every kind.
 * @throws DiagnosticError with every finding.
 */
export function readStrictly<Entry>(
  file: FragmentFile,
  read: (lines: readonly Bytes[], found: (finding: Finding) => void) => readonly Entry[],
): readonly Entry[] {
  const lines = linesIn(file);
  const findings: Finding[] = [];
  for (const [index, text] of lines.entries()) {
    const nul = text.search(/[\0\r]/);
    if (nul >= 0) {
      findings.push({
        code: 'E_FRAGMENT_BYTE',
        message: `a ${text[nul] === '\0' ? 'NUL byte' : 'carriage return'} in the line`,
        line: index + 1,
        column: nul + 1,
      });
    } else if (looksLikeMarker(text)) {
      findings.push({
        code: 'E_FRAGMENT_MARKER',
        message: 'this line would be taken for a marker of xhier',
        line: index + 1,
        length: text.length,
        hint: 'leave it out: the markers are written at install',
      });
    }
  }
  const entries = read(lines, (finding) => void findings.push(finding));
  if (findings.length > 0) {
    findings.sort((a, c) => a.line - c.line || (a.column ?? 1) - (c.column ?? 1));
    throw new DiagnosticError(findings.map((finding) => diagnostic(file, finding)));
  }
  return entries;
}
