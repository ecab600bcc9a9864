/**
 * `.admin/Options`: how the package is distributed, linked and installed, `key = value` a line.
 * The keys are one table, which parsing, printing and the man page are made from; `x-…` keys are
 * anybody's and pass unread.
 */
import { b, bytes, concat, printable, slice, toText, type Bytes } from '../bytes/bytes.ts';
import { nearest } from '../message/nearest.ts';
import {
  demand,
  lineAndColumn,
  nextWord,
  parseAdminFile,
  printAdminLine,
  type AdminLine,
  type Parsed,
  type Report,
} from './admin-file.ts';
import { OPTION_KEYS, type OptionKey, type OptionName, type OptionValues } from './option-keys.ts';

export interface PackageOptions {
  readonly values: OptionValues;
  /** `x-…` keys as they stand. */
  readonly extra: ReadonlyMap<Bytes, Bytes>;
  /** The line of each key that is given. */
  readonly lines: ReadonlyMap<string, number>;
}

const OPTION_NAMES = Object.keys(OPTION_KEYS) as OptionName[];

/** @throws DiagnosticError `E_OPTION_KEY`, `E_OPTION_VALUE`, `E_OPTION_SYNTAX` */
export function parseOptions(file: Bytes, content: Bytes): PackageOptions {
  return demand(readOptions(file, content));
}

/** As {@link parseOptions}, with the findings instead of an exception. */
export function readOptions(file: Bytes, content: Bytes): Parsed<PackageOptions> {
  const lines = new Map<string, number>();
  const parsed = parseAdminFile(file, content, (line, report): Entry | undefined => {
    const entry = readEntry(line, report);
    if (entry === undefined) return undefined;
    const before = lines.get(entry.key);
    if (before === undefined) {
      lines.set(entry.key, lineAndColumn(line, 0).line);
      return entry;
    }
    report({
      code: 'E_OPTION_KEY',
      message: `'${printable(entry.key)}' is given before, on line ${before}`,
      at: 0,
      length: entry.key.length,
    });
    return undefined;
  });
  return {
    diagnostics: parsed.diagnostics,
    value: {
      values: valuesOf(parsed.value),
      extra: new Map(
        parsed.value.flatMap(({ key, value, known }) => (known ? [] : [[key, value as Bytes]])),
      ),
      lines,
    },
  };
}

/** The options of a package that has no such file. */
export const DEFAULT_OPTIONS: PackageOptions = {
  values: valuesOf([]),
  extra: new Map(),
  lines: new Map(),
};

/** A file that reads back as `values` and `extra`; what is left out keeps its default. */
export function printOptions(
  values: Partial<OptionValues>,
  extra: ReadonlyMap<Bytes, Bytes> = new Map(),
): Bytes {
  const given = OPTION_NAMES.flatMap((name) => {
    const value: unknown = values[name];
    if (value === undefined) return [];
    return [printAdminLine(b`${bytes(name)} = ${keyOf(name).print(value)}`)];
  });
  const others = [...extra].map(([key, value]) => printAdminLine(b`${key} = ${value}`));
  return concat(...given, ...others);
}

interface Entry {
  readonly key: Bytes;
  readonly value: unknown;
  readonly known: boolean;
}

function keyOf(name: OptionName): OptionKey<unknown> {
  return OPTION_KEYS[name];
}

function valuesOf(entries: readonly Entry[]): OptionValues {
  const given = new Map<string, unknown>(entries.map(({ key, value }) => [key, value]));
  const values = OPTION_NAMES.flatMap((name) => {
    const value = given.get(name) ?? keyOf(name).default;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(values) as unknown as OptionValues;
}

function readEntry(line: AdminLine, report: Report): Entry | undefined {
  const sign = line.text.indexOf('=');
  const first = nextWord(line);
  if (sign < 0 || first === undefined) {
    report({
      code: 'E_OPTION_SYNTAX',
      message: "expected 'key = value'",
      at: line.text.length,
      length: 1,
    });
    return undefined;
  }
  const key = slice(first.text, 0, Math.max(0, Math.min(first.text.length, sign - first.at)));
  if (!checkKey(line, key, sign, report)) return undefined;
  const start = nextWord(line, sign + 1);
  const text = start === undefined ? b`` : slice(line.text, start.at);
  const name = OPTION_NAMES.find((each) => each === key);
  const expected = name === undefined ? 'a value' : keyOf(name).expected;
  if (start === undefined) {
    const hint = `write it, or make the line a comment with '#'`;
    report({ code: 'E_OPTION_VALUE', message: `expected ${expected}`, at: sign, length: 1, hint });
    return undefined;
  }
  if (name === undefined) return { key, value: text, known: false };
  const value = keyOf(name).read(text, {
    line,
    at: start.at,
    report: (finding) => {
      report({ code: 'E_OPTION_VALUE', at: start.at, length: text.length, ...finding });
    },
  });
  return value === undefined ? undefined : { key, value, known: true };
}

/** Whether what stands before the `=` is a key; reports when not. */
function checkKey(line: AdminLine, key: Bytes, sign: number, report: Report): boolean {
  if (key === '') {
    report({ code: 'E_OPTION_SYNTAX', message: "expected a key before '='", at: sign, length: 1 });
    return false;
  }
  const next = nextWord(line, key.length);
  if (next !== undefined && next.at < sign) {
    report({
      code: 'E_OPTION_SYNTAX',
      message: "expected '=' after the key",
      at: next.at,
      length: 1,
    });
    return false;
  }
  if (OPTION_NAMES.some((each) => each === key) || /^x-[A-Za-z0-9._-]+$/.test(key)) return true;
  const near = nearest(toText(key).toLowerCase().replaceAll('_', '-'), OPTION_NAMES);
  report({
    code: 'E_OPTION_KEY',
    message: `unknown option '${printable(key)}'`,
    at: 0,
    length: key.length,
    hint:
      near === undefined
        ? `known are ${OPTION_NAMES.join(', ')}; your own begin with 'x-'`
        : `did you mean '${near}'?`,
  });
  return false;
}
