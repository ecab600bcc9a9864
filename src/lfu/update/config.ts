/**
 * `/etc/lfu.toml`: the masters that a slave is updated from, in their order.
 *
 *     [defaults]                        # for every master that does not say otherwise
 *     max-delete = "5%"
 *
 *     [log]                             # /.software/local/.admin/log/lfu.log
 *     size = "8M"
 *
 *     [[master]]
 *     name = "local"
 *     path = "/export/local"
 *     slave = "/disk/local"
 *     marker = true                     # /export/local/.lfu-master has to say 'local'
 *     index = "/export/local.index"     # what 'lfu scan' has written there, instead of looking
 *     rules = ["lfu/local.rules", { text = 'owner=vlsitools { ignore; }' }]
 *
 * Files are looked for beside the configuration. What is in the rules is told by its place.
 */
import { readFileSync } from 'node:fs';
import { b, fromBuffer, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join } from '../../bytes/path.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { readConfigFile, type ConfigFile } from '../../site/config-file.ts';
import { isTable, reportUnknown, type Report } from '../../site/config-values.ts';
import { inSite, type Site } from '../../site/site.ts';
import { tomlPlaces } from '../../site/toml-places.ts';
import type { ScriptText } from '../rules/syntax.ts';
import {
  TOP_KEYS,
  defaultsKind,
  logKind,
  masterKind,
  placedText,
  type LogEntry,
  type MasterEntry,
  type MasterOptions,
  type RuleEntry,
} from './config-keys.ts';

export interface UpdateConfig {
  readonly file: Bytes;
  readonly masters: readonly MasterConfig[];
  readonly log: Required<LogEntry>;
}

export interface MasterConfig {
  readonly name: Bytes;
  readonly path: Bytes;
  readonly slave: Bytes;
  /** What its marker has to say. */
  readonly marker: Bytes | undefined;
  /** What is read instead of looking at it. */
  readonly index: Bytes | undefined;
  /** Its rules, in their order. */
  readonly scripts: readonly ScriptText[];
  /** Paths of files. */
  readonly netgroupFiles: readonly Bytes[];
  readonly options: Omit<MasterOptions, 'netgroup'>;
}

/** Where the configuration stands: `/etc/lfu.toml` under the site root. */
export function updateConfigPath(site: Site): Bytes {
  return inSite(site, b`/etc/lfu.toml`);
}

/**
 * Reads a configuration with all its rules.
 * @throws DiagnosticError with every finding (exit 2); XhError E_CONFIG_READ (exit 2)
 */
export function loadUpdateConfig(file: Bytes): UpdateConfig {
  return readUpdateConfig(file, readText(file), readText);
}

/** As {@link loadUpdateConfig}, of a text; `read` reads the files of rules. */
export function readUpdateConfig(
  file: Bytes,
  content: Bytes,
  read: (path: Bytes) => Bytes,
): UpdateConfig {
  const config = readConfigFile(file, content);
  const { table, report } = config;
  reportUnknown(table, [], TOP_KEYS, report);
  const defaults = readTable(config, 'defaults', (value, path) =>
    defaultsKind.read(value, path, report),
  );
  const log = readTable(config, 'log', (value, path) => logKind.read(value, path, report));
  const masters = readMasters(config, (master, index) =>
    masterOf(master, { defaults: defaults ?? {}, file, content, read, report, index }),
  );
  config.finish();
  return { file, masters, log: { ...LOG_DEFAULTS, ...log } };
}

/**
 * The masters called `names`, in the order of the configuration; all of them when none is named.
 * @throws XhError E_NO_MASTER (exit 2)
 */
export function selectMasters(
  { masters, file }: UpdateConfig,
  names: readonly Bytes[],
): readonly MasterConfig[] {
  for (const name of names) {
    if (masters.some((master) => master.name === name)) continue;
    const known = masters.map((master) => master.name);
    throw new XhError('E_NO_MASTER', `${printable(file)} names no master '${printable(name)}'`, {
      exit: EXIT.usage,
      remedy: didYouMean(name, known) ?? `it names ${known.join(', ')}`,
    });
  }
  return names.length === 0 ? masters : masters.filter(({ name }) => names.includes(name));
}

const LOG_DEFAULTS: Required<LogEntry> = { format: 'text', size: 8 << 20, keep: 5 };

function readTable<T>(
  { table }: ConfigFile,
  key: string,
  read: (value: unknown, path: readonly string[]) => T | undefined,
): T | undefined {
  return Object.hasOwn(table, key) ? read(table[key], [key]) : undefined;
}

function readMasters(
  { table, report }: ConfigFile,
  finish: (master: MasterEntry, index: number) => MasterConfig,
): readonly MasterConfig[] {
  const { master: found } = table;
  if (!Array.isArray(found) || found.length === 0 || !found.every(isTable)) {
    const message = 'expected one [[master]] or more, each with name, path and slave';
    report({ path: ['master'], message, key: true });
    return [];
  }
  const names = new Set<Bytes>();
  return found.flatMap((value, index) => {
    const path = ['master', index];
    const entry = masterKind.read(value, path, report);
    if (entry === undefined) return [];
    const { name } = entry;
    if (names.has(name)) {
      report({ path: [...path, 'name'], message: `'${name}' is the name of another master` });
    }
    if (entry.path === entry.slave) {
      report({ path: [...path, 'slave'], message: 'expected another tree than the master itself' });
    }
    names.add(name);
    return [finish(entry, index)];
  });
}

interface Around {
  readonly defaults: MasterOptions;
  readonly file: Bytes;
  readonly content: Bytes;
  readonly read: (path: Bytes) => Bytes;
  readonly report: Report;
  readonly index: number;
}

function masterOf(entry: MasterEntry, around: Around): MasterConfig {
  const { name, path, slave, marker, index, rules = [], ...own } = entry;
  const { netgroup = [], ...options } = { ...around.defaults, ...own };
  return {
    name,
    path,
    slave,
    marker: marker === true ? name : marker === false ? undefined : marker,
    index,
    scripts: rules.flatMap((rule, number) => scriptOf(rule, number, around) ?? []),
    netgroupFiles: netgroup.map((each) => beside(around.file, each)),
    options,
  };
}

function scriptOf(rule: RuleEntry, number: number, around: Around): ScriptText | undefined {
  const { file, content, read, report, index } = around;
  const path = ['master', index, 'rules', number];
  if (rule.kind === 'text') {
    const at = tomlPlaces(content)([...path, 'text'])?.value?.at ?? 0;
    return { file, text: placedText(content, at, rule.text) };
  }
  const script = beside(file, rule.path);
  try {
    return { file: script, text: read(script) };
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    report({ path, message: error.message });
    return undefined;
  }
}

function beside(file: Bytes, path: Bytes): Bytes {
  return path.startsWith('/') ? path : join(dirname(file), path);
}

/** @throws XhError E_CONFIG_READ */
function readText(path: Bytes): Bytes {
  try {
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new XhError('E_CONFIG_READ', `cannot read ${printable(path)}: ${code ?? String(error)}`, {
      exit: EXIT.usage,
      place: { file: path },
      remedy: 'write it first; the manual has an example',
      cause: error,
    });
  }
}
