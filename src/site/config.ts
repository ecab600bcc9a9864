/**
 * The site's configuration: `/etc/xhier.toml` over the defaults, the environment and options over
 * both. Every value knows where it comes from, which is what `xh config` shows. What the keys are
 * stands in `config-keys.ts`, how the file is read in `config-file.ts`.
 */
import { readFileSync, statSync } from 'node:fs';
import { b, bytes, fromBuffer, printable, toBuffer, toText, type Bytes } from '../bytes/bytes.ts';
import { normalize } from '../bytes/path.ts';
import { EXIT, XhError } from '../message/error.ts';
import { readConfigFile, type ConfigFile } from './config-file.ts';
import type { ConfigKey } from './config-key.ts';
import { CONFIG_KEYS, type ConfigName, type ConfigValues } from './config-keys.ts';
import { isTable, reportUnknown } from './config-values.ts';
import { STANDARD_FILE_TYPES, type FileType } from './file-types.ts';
import { compileGlob } from './glob.ts';
import { inSite, type Site } from './site.ts';

/** Where a value comes from. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly file: Bytes; readonly line: number }
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'option'; readonly name: string };

/** One value in force, a table's entries each by itself. */
export interface Setting {
  /** The key as it is written in the file: `lock-timeout`, `refresh."/etc/aliases"`. */
  readonly name: string;
  /** As JSON would have it; undefined when nothing is set. */
  readonly value: unknown;
  readonly origin: Origin;
  readonly summary: string;
}

export interface Config {
  readonly values: ConfigValues;
  readonly settings: readonly Setting[];
}

/** What overrides the file. */
export interface Overrides {
  /** Environment variables; nothing is taken from the process by itself. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Texts of options, by the key that they override: `{ 'lock-timeout': '5' }`. */
  readonly options?: { readonly [K in ConfigName]?: string | undefined };
}

/** Where the configuration stands: `/etc/xhier.toml` under the site root. */
export function configPath(site: Site): Bytes {
  return inSite(site, b`/etc/xhier.toml`);
}

/**
 * The configuration in force. A file that does not exist is an empty one.
 *
 * @throws DiagnosticError with every finding in the file (`E_CONFIG_SYNTAX`, `E_CONFIG_KEY`,
 *   `E_CONFIG_VALUE`); XhError `E_CONFIG_OVERRIDE` for a bad variable or option, `E_CONFIG_READ`
 *   when the file cannot be read
 */
export function loadConfig(site: Site, overrides: Overrides = {}): Config {
  const path = configPath(site);
  return parseConfig(path, readIfThere(path), overrides);
}

/** As {@link loadConfig}, of a text; `file` is for messages. */
export function parseConfig(file: Bytes, content: Bytes, overrides: Overrides = {}): Config {
  const read = readConfigFile(file, content);
  const found = CONFIG_NAMES.map((name) => inForce(name, read, overrides));
  reportUnknownKeys(read, read.table, []);
  read.finish();
  return {
    values: Object.fromEntries(found.map(({ name, value }) => [name, value])) as ConfigValues,
    settings: found.flatMap(({ settings }) => settings),
  };
}

/** The file types of this site: the standard ones and those that the configuration adds. */
export function siteFileTypes(config: Config): readonly FileType[] {
  const added = [...config.values['file-types']].map(([name, type]) => ({
    name,
    summary: toText(type.summary),
    sharedBy: toText(type['shared-by']),
    ...(type.root !== undefined && { root: type.root }),
  }));
  return [...STANDARD_FILE_TYPES, ...added];
}

/**
 * Whether a package's commands enter this host's link farms: `never`, then `also`, then `only`,
 * then what the package itself says. Patterns are matched against the name and the directory name.
 */
export function isDefaultPackage(
  config: Config,
  names: readonly Bytes[],
  packageSays: boolean,
): boolean {
  const listed = (patterns: readonly Bytes[]): boolean =>
    patterns.some((pattern) => {
      const glob = compileGlob(pattern);
      return names.some((name) => glob.matches(name));
    });
  if (listed(config.values['default-packages.never'])) return false;
  if (listed(config.values['default-packages.also'])) return true;
  const only = config.values['default-packages.only'];
  return only === undefined ? packageSays : listed(only);
}

const CONFIG_NAMES = Object.keys(CONFIG_KEYS) as ConfigName[];

interface InForce {
  readonly name: ConfigName;
  readonly value: unknown;
  readonly settings: readonly Setting[];
}

function inForce(name: ConfigName, read: ConfigFile, overrides: Overrides): InForce {
  const key = CONFIG_KEYS[name] as ConfigKey<unknown>;
  const given = lookUp(read.table, name);
  const fromFile =
    given === undefined ? undefined : key.kind.read(given, name.split('.'), read.report);
  if (key.default instanceof Map) {
    const added =
      fromFile instanceof Map ? (fromFile as Map<Bytes, unknown>) : new Map<Bytes, unknown>();
    return table(name, key, added, given, read);
  }
  const setting = (value: unknown, origin: Origin): InForce => ({
    name,
    value,
    settings: [{ name, value: toPlain(value), origin, summary: key.summary }],
  });
  const over = override(name, key, overrides);
  if (over !== undefined) return setting(over.value, over.origin);
  if (fromFile !== undefined) return setting(fromFile, read.origin(name.split('.')));
  return setting(key.default, { from: 'default' });
}

/** A table in the file over the default's, entry by entry. */
function table(
  name: ConfigName,
  key: ConfigKey<unknown>,
  added: ReadonlyMap<Bytes, unknown>,
  given: unknown,
  read: ConfigFile,
): InForce {
  const value = new Map([...(key.default as ReadonlyMap<Bytes, unknown>), ...added]);
  // keys that are paths have been brought to normal form
  const written = new Map(
    Object.keys(isTable(given) ? given : {}).flatMap((raw) => [
      [normalize(bytes(raw)), raw],
      [bytes(raw), raw],
    ]),
  );
  const settings = [...value].map(([entry, each]): Setting => {
    const raw = written.get(entry);
    return {
      name: `${name}.${tomlKey(entry)}`,
      value: toPlain(each),
      origin:
        added.has(entry) && raw !== undefined ? read.origin([name, raw]) : { from: 'default' },
      summary: key.summary,
    };
  });
  if (settings.length > 0) return { name, value, settings };
  const none = { name, value: {}, origin: { from: 'default' }, summary: key.summary } as const;
  return { name, value, settings: [none] };
}

function override(
  name: ConfigName,
  key: ConfigKey<unknown>,
  overrides: Overrides,
): { readonly value: unknown; readonly origin: Origin } | undefined {
  const option = overrides.options?.[name];
  const variable =
    key.environment === undefined ? undefined : overrides.environment?.[key.environment];
  const origin: Origin | undefined =
    option !== undefined
      ? { from: 'option', name: key.option ?? `--${name}` }
      : variable !== undefined && variable !== ''
        ? { from: 'environment', name: key.environment ?? '' }
        : undefined;
  const text = option ?? variable;
  if (origin === undefined || text === undefined) return undefined;
  const value = key.kind.read(key.kind.fromText?.(text) ?? text, [], ({ message }) => {
    const where = origin.from === 'option' ? `option ${origin.name}` : `variable ${origin.name}`;
    throw new XhError('E_CONFIG_OVERRIDE', `${where}: ${message}`, {
      exit: EXIT.usage,
      remedy: `give ${key.kind.expected}, or leave it out`,
    });
  });
  return { value, origin };
}

function lookUp(values: Readonly<Record<string, unknown>>, name: ConfigName): unknown {
  let at: unknown = values;
  for (const part of name.split('.')) {
    if (!isTable(at) || !Object.hasOwn(at, part)) return undefined;
    at = at[part];
  }
  return at;
}

/** Keys with a dot in their name make tables; everything else below the top is the kinds' affair. */
function reportUnknownKeys(
  read: ConfigFile,
  values: Readonly<Record<string, unknown>>,
  path: readonly string[],
): void {
  const prefix = path.length === 0 ? '' : `${path.join('.')}.`;
  const below = CONFIG_NAMES.filter((name) => name.startsWith(prefix)).map((name) =>
    name.slice(prefix.length),
  );
  const known = [...new Set(below.map((name) => name.split('.')[0] ?? name))];
  reportUnknown(values, path, known, read.report);
  for (const name of known.filter((each) => !below.includes(each))) {
    const inner = values[name];
    if (!Object.hasOwn(values, name)) continue;
    if (isTable(inner)) reportUnknownKeys(read, inner, [...path, name]);
    else {
      const keys = below.filter((each) => each.startsWith(`${name}.`));
      read.report({ path: [...path, name], message: `expected a table, with ${keys.join(', ')}` });
    }
  }
}

function tomlKey(name: Bytes): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(toText(name));
}

/** Values as JSON has them; all bytes in a configuration are UTF-8. */
function toPlain(value: unknown): unknown {
  if (typeof value === 'string') return toText(value as Bytes);
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  const entries =
    value instanceof Map ? [...(value as Map<string, unknown>)] : Object.entries(value);
  return Object.fromEntries(entries.map(([name, each]) => [name, toPlain(each)]));
}

function readIfThere(path: Bytes): Bytes {
  try {
    refuseOther(path);
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch (error) {
    if (error instanceof XhError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return b``;
    throw new XhError('E_CONFIG_READ', `cannot read ${printable(path)}: ${code ?? String(error)}`, {
      exit: code === 'EACCES' || code === 'EPERM' ? EXIT.notPermitted : EXIT.usage,
      place: { file: path },
      remedy: 'make it a file that you may read, or remove it: every key has a default',
      cause: error,
    });
  }
}

/** What would be waited for (a pipe), or has no end, is no configuration. */
function refuseOther(path: Bytes): void {
  const stat = statSync(toBuffer(path), { throwIfNoEntry: false });
  if (stat === undefined || !(stat.isFIFO() || stat.isSocket() || stat.isBlockDevice())) return;
  throw new XhError('E_CONFIG_READ', `cannot read ${printable(path)}: it is no file`, {
    exit: EXIT.usage,
    place: { file: path },
    remedy: 'make it a file, or remove it: every key has a default',
  });
}
