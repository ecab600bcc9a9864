/**
 * The keys of `/etc/lfu.toml`: validation is made from them. A new option of masters is one entry
 * here and one in {@link MasterOptions}.
 */
import { bytes, slice, type Bytes } from '../../bytes/bytes.ts';
import {
  absolutePath,
  anyText,
  integer,
  isTable,
  list,
  record,
  text,
  type Fields,
  type ValueKind,
} from '../../site/config-values.ts';
import { parseBytes, parseDeleteLimit } from '../limits.ts';
import { NAME_EXPECTED, isMasterName } from '../marker.ts';
import { XhError } from '../../message/error.ts';
import type { DeleteLimit } from '../options.ts';
import { storeAddress } from '../store/address.ts';

/** What a run may be told, as the options of `lfu` are called. */
export interface MasterOptions {
  readonly 'max-delete'?: DeleteLimit;
  readonly checksum?: boolean;
  readonly 'one-file-system'?: boolean;
  readonly 'no-owner'?: boolean;
  readonly 'fail-fast'?: boolean;
  readonly fsync?: boolean;
  readonly jobs?: number;
  /** Bytes a second. */
  readonly bwlimit?: number;
  /** Netgroup files before those of the system. */
  readonly netgroup?: readonly Bytes[];
}

/** Rules as the file gives them. */
export type RuleEntry =
  { readonly kind: 'file'; readonly path: Bytes } | { readonly kind: 'text'; readonly text: Bytes };

/** A `[[master]]`. */
export interface MasterEntry extends MasterOptions {
  readonly name: Bytes;
  readonly path: Bytes;
  readonly slave: Bytes;
  /** Other than true and false, the name that the marker has to have. */
  readonly marker?: boolean | Bytes;
  /** A file of `lfu scan` that is read instead of looking at the master. */
  readonly index?: Bytes;
  readonly rules?: readonly RuleEntry[];
}

/** `[log]`. */
export interface LogEntry {
  readonly format?: 'text' | 'json';
  /** Bytes after which a new file is begun. */
  readonly size?: number;
  /** How many old files are kept. */
  readonly keep?: number;
}

const onOff: ValueKind<boolean> = {
  expected: 'true or false',
  read: (value, path, report) => {
    if (typeof value === 'boolean') return value;
    report({ path, message: `expected ${onOff.expected}` });
    return undefined;
  },
};

/** What people write as a number, or as a number with something behind it. */
function amount<T>(expected: string, parse: (text: string) => T | undefined): ValueKind<T> {
  return {
    expected,
    read(value, path, report) {
      const isText = typeof value === 'string' || typeof value === 'number';
      const found = isText ? parse(String(value)) : undefined;
      if (found === undefined) report({ path, message: `expected ${expected}` });
      return found;
    },
  };
}

const size = amount("a number of bytes, or a text such as '10M'", parseBytes);

const masterName = text(
  `a name: ${NAME_EXPECTED}, not ending in '.toml'`,
  (name) => isMasterName(name) && !name.endsWith('.toml'),
);

const markerName = text(`true, false, or a name: ${NAME_EXPECTED}`, isMasterName);
const marker: ValueKind<boolean | Bytes> = {
  expected: markerName.expected,
  read: (value, path, report) =>
    typeof value === 'boolean' ? value : markerName.read(value, path, report),
};

/** A directory, or a tree of a store by its address. */
const masterPath: ValueKind<Bytes> = {
  ...absolutePath,
  expected: 'an absolute path without .., or a tree of a store: https://HOST/STORE#PACKAGE/TYPE',
  read(value, path, report) {
    const isAddress = typeof value === 'string' && /^(?:store\+|https?:\/\/|s3:\/\/)/.test(value);
    if (!isAddress) return absolutePath.read(value, path, report);
    try {
      return storeAddress(bytes(value))?.name;
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      report({ path, message: `expected ${masterPath.expected}` });
      return undefined;
    }
  },
};

const rule: ValueKind<RuleEntry> = {
  expected: "the name of a file of rules, or a table { text = '…' } with rules",
  read(value, path, report) {
    if (typeof value === 'string' && value !== '' && !value.includes('\0')) {
      return { kind: 'file', path: bytes(value) };
    }
    if (isTable(value) && typeof value['text'] === 'string' && Object.keys(value).length === 1) {
      return { kind: 'text', text: bytes(value['text']) };
    }
    report({ path, message: `expected ${rule.expected}` });
    return undefined;
  },
};

const logFormat: ValueKind<'text' | 'json'> = {
  expected: "'text' or 'json'",
  read(value, path, report) {
    if (value === 'text' || value === 'json') return value;
    report({ path, message: `expected ${logFormat.expected}` });
    return undefined;
  },
};

/** Called as the options of lfu, and mean the same. */
export const OPTION_FIELDS: Fields<MasterOptions> = {
  'max-delete': {
    kind: amount("a number of objects, or a text such as '5%'", parseDeleteLimit),
    required: false,
  },
  checksum: { kind: onOff, required: false },
  'one-file-system': { kind: onOff, required: false },
  'no-owner': { kind: onOff, required: false },
  'fail-fast': { kind: onOff, required: false },
  fsync: { kind: onOff, required: false },
  jobs: { kind: integer('a number of threads, 1 to 9999', 1, 9999), required: false },
  bwlimit: { kind: size, required: false },
  netgroup: { kind: list(anyText, 'a list of names of files'), required: false },
};

export const defaultsKind = record<MasterOptions>('a table of options of masters', OPTION_FIELDS);

export const MASTER_FIELDS: Fields<Omit<MasterEntry, keyof MasterOptions>> = {
  name: {
    kind: masterName,
    required: true,
    summary: 'What the master is called in the log, in the ledger and on command lines.',
  },
  path: {
    kind: masterPath,
    required: true,
    summary:
      'The tree that is copied: a directory, or one of a store, STORE#PACKAGE/TYPE or STORE#PACKAGE/TYPE/ARCHITECTURE.',
  },
  slave: { kind: absolutePath, required: true, summary: 'The tree that it is copied to.' },
  marker: {
    kind: marker,
    required: false,
    summary:
      "Whether the file .lfu-master in the master has to say its name (true), or which name: else the turn is refused, as when it is not mounted. 'lfu mark' writes it.",
  },
  index: {
    kind: absolutePath,
    required: false,
    summary: "A file of 'lfu scan' that is read instead of looking at the master.",
  },
  rules: {
    kind: list(rule, 'a list of rules'),
    required: false,
    summary:
      "Rules, in their order: names of files, beside the configuration where they are relative, and tables { text = '...' } with rules as they stand.",
  },
};

export const masterKind = record<MasterEntry>('a table [[master]]', {
  ...MASTER_FIELDS,
  ...OPTION_FIELDS,
});

export const LOG_FIELDS: Fields<LogEntry> = {
  format: {
    kind: logFormat,
    required: false,
    summary: 'How the log is written: a line of text for each change (default), or of JSON.',
  },
  size: {
    kind: size,
    required: false,
    summary: 'After how many bytes a new file is begun (default: 8M).',
  },
  keep: {
    kind: integer('a number of files, 0 to 999', 0, 999),
    required: false,
    summary: 'How many old files are kept (default: 5).',
  },
};

export const logKind = record<LogEntry>(
  "a table with the keys 'format', 'size' and 'keep'",
  LOG_FIELDS,
);

/** Keys at the top of the file. */
export const TOP_KEYS = ['defaults', 'log', 'master'] as const;

/** `value` where it stands in the file, so that what is found in it is told by its place there. */
export function placedText(content: Bytes, at: number, value: Bytes): Bytes {
  const fence = content.startsWith("'''", at) || content.startsWith('"""', at) ? 3 : 1;
  let start = at + fence;
  // the first line end of a text in several lines is none of it
  const lineEnd = /^\r?\n/.exec(slice(content, start, start + 2))?.[0].length ?? 0;
  if (fence === 3) start += lineEnd;
  const before = slice(content, 0, start);
  return (before.replace(/[^\n]/g, ' ') + value) as Bytes;
}
