/**
 * The kinds of values that configuration keys have. Each says in words what it expects (for
 * messages and man pages), turns a parsed TOML value into ours, and reports what does not fit.
 */
import { bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { normalize } from '../bytes/path.ts';
import { nearest } from '../message/nearest.ts';
import { parseMailbox } from './mailbox.ts';
import type { KeyPath } from './toml-places.ts';

/** What is wrong with the value (or, with `key`, the name) at `path`. */
export interface ValueFinding {
  readonly path: KeyPath;
  readonly message: string;
  readonly hint?: string;
  readonly key?: true;
}

export type Report = (finding: ValueFinding) => void;

export interface ValueKind<T> {
  /** `a number of seconds, 0 or more`. */
  readonly expected: string;
  /** Our value, or undefined after a report. */
  read(value: unknown, path: KeyPath, report: Report): T | undefined;
  /** From an environment variable or an option; kinds without it are for the file only. */
  readonly fromText?: (text: string) => unknown;
}

/** A whole number from `min` to `max`. */
export function integer(expected: string, min: number, max: number): ValueKind<number> {
  return kind(
    expected,
    (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
        ? value
        : undefined,
    (given) => (/^-?\d{1,15}$/.test(given) ? Number(given) : given),
  );
}

/** true or false. */
export const trueOrFalse: ValueKind<boolean> = kind(
  'true or false',
  (value) => (typeof value === 'boolean' ? value : undefined),
  (given) => (given === 'true' ? true : given === 'false' ? false : given),
);

/** Text on one line for which `accepts` holds. */
export function text(expected: string, accepts: (value: Bytes) => boolean): ValueKind<Bytes> {
  return kind(
    expected,
    (value) => {
      if (typeof value !== 'string' || hasControl(value)) return undefined;
      return accepts(bytes(value)) ? bytes(value) : undefined;
    },
    (value) => value,
  );
}

/** Some text on one line. */
export const anyText = text('text on one line', (value) => value !== '');

/** A path inside the site, in normal form. */
export const absolutePath: ValueKind<Bytes> = {
  expected: 'an absolute path without ..',
  read(value, path, report) {
    const found = plainPath.read(value, path, report);
    return found === undefined ? undefined : normalize(found);
  },
  fromText: (value) => value,
};
const plainPath = text(
  absolutePath.expected,
  (value) => value.startsWith('/') && !value.split('/').includes('..'),
);

/** A mail address, or a local mailbox. */
export const mailAddress = text("a mail address, such as 'ops@example.org'", (value) => {
  return 'address' in parseMailbox(value);
});

/** The name of a package or of a command: one path component. */
export const componentName = text(
  "a name without '/'",
  (value) => value !== '' && value !== '.' && value !== '..' && !value.includes('/'),
);

/** An array of one kind. */
export function list<T>(
  item: ValueKind<T>,
  expected = `a list, each ${item.expected}`,
): ValueKind<readonly T[]> {
  return {
    expected,
    read(value, path, report) {
      if (!Array.isArray(value)) return mismatch(expected, value, path, report);
      const items = value.map((each: unknown, i) => item.read(each, [...path, i], report));
      return items.includes(undefined) ? undefined : (items as T[]);
    },
  };
}

/** A table whose keys are free, as long as `keys` takes them. */
export function map<T>(
  keys: ValueKind<Bytes>,
  item: ValueKind<T>,
): ValueKind<ReadonlyMap<Bytes, T>> {
  const expected = `a table; keys: ${keys.expected}; values: ${item.expected}`;
  return {
    expected,
    read(value, path, report) {
      if (!isTable(value)) return mismatch(expected, value, path, report);
      const result = new Map<Bytes, T>();
      for (const [name, each] of Object.entries(value)) {
        const at = [...path, name];
        const key = keys.read(name, at, ({ message }) => {
          report({ path: at, message, key: true });
        });
        const found = item.read(each, at, report);
        if (key !== undefined && found !== undefined) result.set(key, found);
      }
      return result;
    },
  };
}

/** The fields of a {@link record}: each a kind, required or not. */
export type Fields<T> = {
  readonly [K in keyof T]-?: {
    readonly kind: ValueKind<Exclude<T[K], undefined>>;
    readonly required: boolean;
    /** One line, for whoever reads about it. */
    readonly summary?: string;
  };
};

/** A table with fixed keys. */
export function record<T extends object>(expected: string, fields: Fields<T>): ValueKind<T> {
  const known = Object.entries<Fields<T>[keyof T]>(fields);
  return {
    expected,
    read(value, path, report) {
      if (!isTable(value)) return mismatch(expected, value, path, report);
      let complete = true;
      const result: Record<string, unknown> = {};
      for (const [name, field] of known) {
        if (!Object.hasOwn(value, name)) {
          if (!field.required) continue;
          const message = `expected the key '${name}' too: ${field.kind.expected}`;
          report({ path, message, key: true });
        } else {
          result[name] = field.kind.read(value[name], [...path, name], report);
          if (result[name] !== undefined) continue;
        }
        complete = false;
      }
      reportUnknown(value, path, Object.keys(fields), report);
      if (!complete) return undefined;
      return result as T;
    },
  };
}

/** Reports each key of `table` that is none of `known`, with the nearest that is. */
export function reportUnknown(
  table: object,
  path: KeyPath,
  known: readonly string[],
  report: Report,
): void {
  for (const name of Object.keys(table)) {
    if (known.includes(name)) continue;
    const near = nearest(name.toLowerCase().replaceAll('_', '-'), known);
    report({
      path: [...path, name],
      message: `unknown key '${printable(bytes(name))}'`,
      hint: near === undefined ? `known here: ${known.join(', ')}` : `did you mean '${near}'?`,
      key: true,
    });
  }
}

export function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function kind<T>(
  expected: string,
  accept: (value: unknown) => T | undefined,
  fromText: (text: string) => unknown,
): ValueKind<T> {
  return {
    expected,
    fromText,
    read(value, path, report) {
      return accept(value) ?? mismatch(expected, value, path, report);
    },
  };
}

function mismatch(expected: string, value: unknown, path: KeyPath, report: Report): undefined {
  report({ path, message: `expected ${expected}, not ${described(value)}` });
  return undefined;
}

function described(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  if (typeof value === 'string') {
    return `'${printable(bytes(value.length > 60 ? `${value.slice(0, 60)}…` : value))}'`;
  }
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}` : 'nothing';
}

function hasControl(value: string): boolean {
  return /[\0-\x1f\x7f]/.test(value);
}

export const packagePatterns = list(componentName, 'a list of package names, * and ? allowed');
