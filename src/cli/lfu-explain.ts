/** `lfu explain`: what the rules say of one object, which test decided, what a run would do with it. */
import { lstatSync } from 'node:fs';
import { hostname } from 'node:os';
import { bytes, printable, toBuffer, toJson, type Bytes } from '../bytes/bytes.ts';
import { join, normalize } from '../bytes/path.ts';
import { belowTree, explainObject, type ExplainOptions } from '../lfu/explain.ts';
import { configuredFor, prepareMasters, realPathOf } from '../lfu/update/update.ts';
import { loadUpdateConfig, updateConfigPath, type UpdateConfig } from '../lfu/update/config.ts';
import { innermost } from '../lfu/owns.ts';
import { compileRules } from '../lfu/rules/evaluator.ts';
import { systemSources } from '../lfu/rules/sources.ts';
import type { ScriptText } from '../lfu/rules/syntax.ts';
import { EXIT, XhError } from '../message/error.ts';
import { readAccounts } from '../site/accounts.ts';
import { architecture } from '../site/arch.ts';
import { openSite } from '../site/open.ts';
import type { Site } from '../site/site.ts';
import { usageError, type CommonOptions, type LfuCommand, type Streams } from './lfu-command.ts';
import { explanationLines, explanationRecord } from './lfu-explain-text.ts';
import { absolutePath, pairsOf, realParent } from './lfu-site.ts';
import { RULE_OPTIONS } from './lfu-values.ts';
import { rawArgument } from './raw-argument.ts';

export const command: LfuCommand<Parsed> = {
  usage: 'PATH [MASTER SLAVE]',
  details: `Prints what the rules say of one object, which test decided, and what a run would do. With
MASTER and SLAVE, PATH is below the two trees (or absolute, in one of them), and the rules are those of
-f and -e. Without, PATH is an object of a slave, or of a master, of /etc/lfu.toml, and each master of
that slave is asked. The object need not be there. Nothing is touched.

For each chain of rules that applies there is its place, the tests that decided, and its actions; then
what all of them come to, and what a run would do with the object now.`,
  options: [
    ...RULE_OPTIONS,
    { flags: '--config <file>', summary: 'instead of /etc/lfu.toml' },
    { flags: '-a, --all', summary: 'also the rules that do not apply' },
    { flags: '-c, --checksum', summary: 'compare contents, not only size and time' },
    { flags: '--no-owner', summary: 'leave owner and group to whoever runs lfu' },
  ],
  examples: [
    {
      command: 'lfu explain /usr/local/bin/prog',
      explains: 'by the configuration of the nightly update',
    },
    {
      command: 'lfu explain bin/prog -f my.rules /export/local /disk/local',
      explains: 'by rules that are being written',
    },
    {
      command: 'lfu explain --all --json /usr/local/bin/prog',
      explains: 'every chain, for a program',
    },
  ],
  exits: [
    { code: 0, means: 'done' },
    { code: 1, means: 'something could not be looked at' },
    { code: 2, means: 'usage, rules or configuration' },
    { code: 3, means: 'a guard refuses runs at present' },
  ],
  async run({ args, options, ...streams }) {
    const [path, master, slave, ...more] = args.map((word) => rawArgument(word));
    if (path === undefined || more.length > 0 || (master !== undefined && slave === undefined)) {
      throw usageError(
        'PATH is wanted, and perhaps MASTER and SLAVE',
        'for example: lfu explain bin/prog -f my.rules /export/local /disk/local',
      );
    }
    const call = { site: openSite(options.root), options, scripts: options.scripts, ...streams };
    return master === undefined || slave === undefined
      ? explainByConfig(call, path)
      : explainTrees(call, path, { master, slave });
  },
};

interface Parsed extends CommonOptions {
  readonly config?: string;
  readonly all?: true;
  readonly checksum?: true;
  readonly owner: boolean;
  readonly netgroup: readonly string[];
  readonly scripts: readonly ScriptText[];
}

interface Call extends Streams {
  readonly site: Site;
  readonly options: Parsed;
  readonly scripts: readonly ScriptText[];
}

async function explainTrees(
  call: Call,
  given: Bytes,
  trees: { readonly master: Bytes; readonly slave: Bytes },
): Promise<number> {
  const { site, options, scripts } = call;
  const [master, slave] = [absolutePath(trees.master), absolutePath(trees.slave)];
  const sources = systemSources({
    arch: architecture(),
    netgroupFiles: options.netgroup.map((word) => rawArgument(word)),
    host: bytes(hostname()),
  });
  return explain(call, {
    run: {
      master,
      slave,
      checksum: options.checksum === true,
      noOwner: !options.owner,
      ledger: { site },
    },
    rules: scripts.length === 0 ? undefined : compileRules(scripts, sources),
    path: pathIn(given, [slave, realPathOf(slave), master, realPathOf(master)]),
    slave: realPathOf(slave),
    configured: [],
  });
}

/** For each master of the slave that `given` is in. */
async function explainByConfig(call: Call, given: Bytes): Promise<number> {
  const { site, options, scripts, out } = call;
  if (scripts.length > 0 || options.netgroup.length > 0) {
    throw usageError('rules are given, and no trees', 'name MASTER and SLAVE after PATH');
  }
  const file = options.config === undefined ? undefined : rawArgument(options.config);
  const config = loadUpdateConfig(file ?? updateConfigPath(site));
  const { slave, path } = locate(given, config);
  const chosen = config.masters.filter((master) => realPathOf(master.slave) === slave);
  const prepared = prepareMasters(chosen, { arch: architecture(), host: bytes(hostname()) });
  let worst: number = EXIT.done;
  for (const [turn, { master, rules }] of prepared.entries()) {
    if (options.json !== true) {
      if (turn > 0) out.write('');
      const [from, to] = [printable(master.path), printable(master.slave)];
      out.write(`${printable(master.name)}: ${from} -> ${to}`);
    }
    try {
      await explain(call, {
        run: {
          master: master.path,
          slave: master.slave,
          marker: master.marker,
          checksum: options.checksum === true || master.options.checksum === true,
          noOwner: !options.owner || master.options['no-owner'] === true,
          oneFileSystem: master.options['one-file-system'] === true,
          ledger: {
            site,
            master: master.name,
            configured: configuredFor(config, slave),
            otherSlaves: config.masters.map((each) => realPathOf(each.slave)),
          },
        },
        rules,
        path,
        slave,
        configured: pairsOf(config),
        name: master.name,
      });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      call.err.write(`lfu: ${printable(master.name)}: ${error.message}`);
      worst = Math.max(worst, error.exit === EXIT.refused ? EXIT.refused : EXIT.failed);
    }
  }
  return worst;
}

async function explain(
  { options, out }: Call,
  what: ExplainOptions & { readonly name?: Bytes },
): Promise<number> {
  const explanation = await explainObject(what);
  if (options.json === true) {
    const { name } = what;
    const record = explanationRecord(explanation);
    out.write(JSON.stringify({ ...(name !== undefined && { master: toJson(name) }), ...record }));
  } else {
    const how = { all: options.all === true, accounts: readAccounts() };
    for (const line of explanationLines(explanation, how)) out.write(line);
  }
  return EXIT.done;
}

/** `given` below one of `roots`: it is taken from there, else from here, where it is in one of them. */
function pathIn(given: Bytes, roots: readonly Bytes[]): Bytes {
  const isRelative = !given.startsWith('/');
  const below = normalize(`/${given}` as Bytes).slice(1) as Bytes;
  if (isRelative && roots.some((root) => isThere(join(root, below)))) return below;
  const path = absolutePath(given);
  for (const each of [path, realParent(path)]) {
    for (const root of roots) {
      const found = belowTree(root, each);
      if (found !== undefined) return found;
    }
  }
  if (isRelative) return below;
  throw usageError(`${printable(given)} is in neither tree`, 'write the path below the trees');
}

function isThere(path: Bytes): boolean {
  try {
    lstatSync(toBuffer(path));
    return true;
  } catch {
    return false;
  }
}

/** In which slave `given` is, or in which master of which slave, and where. */
function locate(
  given: Bytes,
  config: UpdateConfig,
): { readonly slave: Bytes; readonly path: Bytes } {
  const path = realParent(absolutePath(given));
  const pairs = pairsOf(config);
  for (const each of [path, realPathOf(path)]) {
    const slave = innermost(
      each,
      pairs.map((pair) => pair.slave),
    );
    if (slave !== undefined) return { slave, path: belowTree(slave, each) ?? ('' as Bytes) };
    const master = innermost(
      each,
      pairs.map((pair) => pair.path),
    );
    const pair = pairs.find((other) => other.path === master);
    if (pair !== undefined) {
      return { slave: pair.slave, path: belowTree(pair.path, each) ?? ('' as Bytes) };
    }
  }
  throw usageError(
    `${printable(given)} is in no tree of ${printable(config.file)}`,
    'name a path in a slave, or MASTER and SLAVE after it',
  );
}
