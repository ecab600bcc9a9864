/**
 * Reading a TOML file that people write: its values, findings at their line and column, and the
 * line that each value comes from. All findings are collected before any is thrown.
 */
import { TomlError, parse } from 'smol-toml';
import { bytes, split, toBuffer, utf8, type Bytes } from '../bytes/bytes.ts';
import { DiagnosticError, positionAt, type Diagnostic } from '../message/diagnostic.ts';
import type { Report } from './config-values.ts';
import { tomlPlaces, type KeyPath, type Span } from './toml-places.ts';

export interface ConfigFile {
  readonly table: Readonly<Record<string, unknown>>;
  readonly report: Report;
  /** Where the value at `path` stands. */
  origin(path: KeyPath): { readonly from: 'file'; readonly file: Bytes; readonly line: number };
  /** @throws DiagnosticError with everything reported, when anything was */
  finish(): void;
}

/** @throws DiagnosticError `E_CONFIG_SYNTAX` when `content` is not TOML */
export function readConfigFile(file: Bytes, content: Bytes): ConfigFile {
  const table = parseToml(file, content);
  const find = tomlPlaces(content);
  const diagnostics: Diagnostic[] = [];
  return {
    table,
    report({ path, message, hint, key }) {
      const place = find(path);
      const span = (key === true ? place?.key : (place?.value ?? place?.key)) ?? {
        at: 0,
        length: 1,
      };
      const code = key === true ? 'E_CONFIG_KEY' : 'E_CONFIG_VALUE';
      diagnostics.push(diagnosticAt(file, content, span, code, withKey(path, message), hint));
    },
    origin(path) {
      return { from: 'file', file, line: positionAt(content, find(path)?.key.at ?? 0).line };
    },
    finish() {
      if (diagnostics.length === 0) return;
      throw new DiagnosticError(
        diagnostics.toSorted((a, c) => a.line - c.line || a.column - c.column),
      );
    },
  };
}

/** Messages name the key, so that they can be read without the file. */
function withKey(path: KeyPath, message: string): string {
  const name = path.filter((part) => typeof part === 'string').join('.');
  return message.startsWith('unknown key') || name === '' ? message : `${name}: ${message}`;
}

function parseToml(file: Bytes, content: Bytes): Readonly<Record<string, unknown>> {
  const text = utf8(content);
  if (text === undefined) {
    const span = { at: validPrefix(content), length: 1 };
    const message = 'not UTF-8 text, which TOML has to be';
    throw new DiagnosticError([diagnosticAt(file, content, span, 'E_CONFIG_SYNTAX', message)]);
  }
  const mark = text.startsWith('\ufeff') ? 1 : 0;
  try {
    return parse(text.slice(mark));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = /^(?:Invalid TOML document: )?([^\n]*)/.exec(error.message)?.[1] ?? 'not TOML';
    const span = {
      at: offsetOf(text, error.line, error.column + (error.line === 1 ? mark : 0)),
      length: 1,
    };
    throw new DiagnosticError([diagnosticAt(file, content, span, 'E_CONFIG_SYNTAX', message)]);
  }
}

function diagnosticAt(
  file: Bytes,
  content: Bytes,
  span: Span,
  code: string,
  message: string,
  hint?: string,
): Diagnostic {
  const { line, column, source } = positionAt(content, span.at);
  const length = Math.max(1, Math.min(span.length, source.length - column + 1));
  return {
    severity: 'error',
    code,
    message,
    file,
    line,
    column,
    length,
    source,
    ...(hint !== undefined && { hint }),
  };
}

/** The byte offset of a line and a column that count UTF-16 units. */
function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n');
  const before = lines
    .slice(0, line - 1)
    .map((each) => `${each}\n`)
    .join('');
  return bytes(before + (lines[line - 1] ?? '').slice(0, column - 1)).length;
}

/** Where `content`, which is not UTF-8, stops being it. */
function validPrefix(content: Bytes): number {
  const lines = split(content, '\n');
  const bad = lines.findIndex((line) => utf8(line) === undefined);
  const before = lines.slice(0, bad).reduce((sum, line) => sum + line.length + 1, 0);
  // the replacement character stands where decoding first failed
  const good =
    toBuffer(lines[bad] ?? content)
      .toString('utf8')
      .split('\ufffd')[0] ?? '';
  return before + bytes(good).length;
}
