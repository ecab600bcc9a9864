#!/usr/bin/env node
/**
 * Makes a depot of real packages from Debian, for tests, benchmarks and demonstrations: fetches them
 * with apt, has `xh import` make packages of them, adds what Debian's scripts would have set up, and
 * settles who has the names that several want. Nothing is installed; repeating it does nothing.
 *
 *     node scripts/make-depot.mjs DIR [--packages FILE] [--offline]
 *
 * DIR is the site root; any user can do it in a directory of his own. FILE has names of Debian
 * packages, one a line, instead of the table of depot-packages.mjs; `NAME=VERSION` is another than
 * apt's choice, `NAME as OTHER` makes it a version of the package OTHER. With --offline only what was
 * fetched before is used. A host in DIR to install them on needs an `etc` there: copy this host's.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { debianCache, debianFiles } from './debian-cache.mjs';
import { completePackage } from './debian-fragments.mjs';
import { DEPOT_PACKAGES } from './depot-packages.mjs';

const XH = join(import.meta.dirname, '../dist/xh.cjs');
/** The key in a package's Options that says that it is complete. */
const MARK = 'x-depot';

/** @typedef {import('./depot-packages.mjs').DepotPackage} DepotPackage */
/** @typedef {import('./debian-fragments.mjs').Finding} Finding */
/**
 * @typedef {object} MadePackage
 * @property {DepotPackage} entry
 * @property {string} directory below /software
 * @property {boolean} isNew false when it was there already
 * @property {readonly string[]} fragments kinds that it has in export/
 */
/**
 * @typedef {object} MadeDepot
 * @property {readonly MadePackage[]} packages in the order of the table
 * @property {readonly string[]} install what `xh install` is to be told: one version of each name
 * @property {ReadonlyMap<string, string>} preferences names that several have, and who got them
 */

/**
 * @param {string} directory the site root, made when it is not there
 * @param {{ packages?: readonly DepotPackage[], offline?: boolean, say?: (line: string) => void }} [options]
 * @returns {MadeDepot}
 * @throws Error when a package cannot be fetched or imported
 */
export function makeDepot(directory, options = {}) {
  const { packages = DEPOT_PACKAGES, offline = false, say = () => undefined } = options;
  if (!existsSync(directory)) mkdirSync(directory);
  const root = realpathSync(directory);
  say(`${packages.length} packages from Debian, kept in ${debianCache()}`);
  const files = debianFiles(
    packages.map(({ name }) => name),
    { offline },
  );
  const before = madeBefore(root);
  const all = packages.map((entry, i) => {
    const file = files[i] ?? '';
    const mark = markOf(entry, file);
    return { entry, file, mark, directory: before.get(mark) };
  });
  const missing = all.filter((each) => each.directory === undefined);
  if (missing.length > 0) say(`importing ${missing.length} of them into ${join(root, 'software')}`);
  const imported = importAll(root, missing);
  // all are there now: some have links into others
  for (const each of missing) complete(root, each, imported);
  const priorities = prioritiesOf(
    root,
    all.map(({ entry, mark, directory: known }) => ({
      entry,
      directory: known ?? imported.get(mark)?.package ?? '',
    })),
  );
  for (const each of missing) {
    const where = imported.get(each.mark)?.package ?? '';
    const priority = priorities.get(where) ?? USUAL;
    addOptions(root, where, [
      ...(priority === USUAL ? [] : [`priority = ${priority}`]),
      `${MARK} = ${each.mark}`,
    ]);
  }
  for (const name of new Set(missing.flatMap(({ entry }) => entry.as ?? []))) {
    xhDone(root, ['use', name]);
  }
  const install = [...new Set(packages.map(({ as, name }) => as ?? bareName(name)))];
  const preferences = missing.length > 0 ? settleNames(root, install, say) : new Map();
  const made = all.map(({ entry, mark, directory: known }) => {
    const where = known ?? imported.get(mark)?.package ?? '';
    return {
      entry,
      directory: where,
      isNew: known === undefined,
      fragments: fragmentsOf(root, where),
    };
  });
  return { packages: made, install, preferences };
}

/** @typedef {{ entry: DepotPackage, file: string, mark: string }} Wanted */
/** @typedef {{ package: string, version?: string, findings: readonly Finding[] }} Imported as `xh import --json` says */

/** What was made here before, complete, by the mark that the last step leaves. @param {string} root */
function madeBefore(root) {
  const software = join(root, 'software');
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const each of existsSync(software) ? readdirSync(software) : []) {
    const options = join(software, each, '.admin/Options');
    // NAME is a link to one of its versions
    if (lstatSync(join(software, each)).isSymbolicLink() || !existsSync(options)) continue;
    const mark = new RegExp(`^${MARK} = (\\S+)$`, 'm').exec(readFileSync(options, 'utf8'))?.[1];
    if (mark !== undefined) found.set(mark, each);
  }
  return found;
}

/** Changes with the package, with what the table says of it, and with what is done here. */
function markOf(/** @type {DepotPackage} */ entry, /** @type {string} */ file) {
  const hash = createHash('sha256').update(JSON.stringify([basename(file), entry]));
  for (const each of ['make-depot.mjs', 'debian-fragments.mjs']) {
    hash.update(readFileSync(join(import.meta.dirname, each)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** @param {string} root @param {readonly Wanted[]} wanted @returns {Map<string, Imported>} by mark */
function importAll(root, wanted) {
  /** @type {Map<string, Imported>} */
  const imported = new Map();
  const run = (/** @type {readonly Wanted[]} */ some, /** @type {readonly string[]} */ words) => {
    if (some.length === 0) return;
    const { stdout } = xhDone(root, [
      'import',
      '--json',
      '--replace',
      ...words,
      // who makes a depot of these asks for set-id programs
      '--allow-set-id',
      ...some.map(({ file }) => file),
    ]);
    const results = stdout.split('\n').filter((line) => line !== '');
    for (const [i, { mark }] of some.entries()) imported.set(mark, JSON.parse(results[i] ?? ''));
  };
  run(
    wanted.filter(({ entry }) => entry.as === undefined),
    [],
  );
  for (const each of wanted) {
    if (each.entry.as !== undefined) run([each], ['--versioned', '--name', each.entry.as]);
  }
  return imported;
}

/** @param {string} root @param {Wanted} wanted @param {Map<string, Imported>} imported */
function complete(root, { entry, mark }, imported) {
  const { package: directory, findings } = imported.get(mark) ?? { package: '', findings: [] };
  completePackage({ entry, root, directory, findings });
}

/** The last step: what has the mark is complete. */
function addOptions(
  /** @type {string} */ root,
  /** @type {string} */ directory,
  /** @type {readonly string[]} */ lines,
) {
  const options = join(root, 'software', directory, '.admin/Options');
  appendFileSync(options, lines.map((line) => `${line}\n`).join(''));
}

/**
 * So that of several packages with one name the first has it, and when that is taken out the next
 * one: each one's priority is below those of all before it that it shares a name with.
 *
 * @param {string} root @param {readonly { entry: DepotPackage, directory: string }[]} packages
 * @returns {Map<string, number>} by directory
 */
function prioritiesOf(root, packages) {
  /** @type {Map<string, number>} the lowest priority of those that have a name */
  const lowest = new Map();
  /** @type {Map<string, number>} */
  const priorities = new Map();
  for (const { entry, directory } of packages) {
    const names = LINKED.flatMap((each) => filesBelow(join(root, 'software', directory), each));
    // versions of one package do not meet: one of them is current
    const others = names.map((name) => lowest.get(name) ?? HIGHEST + 1);
    const priority =
      entry.priority ?? Math.max(0, Math.min(USUAL, ...others.map((each) => each - 1)));
    priorities.set(directory, priority);
    if (entry.as !== undefined) continue;
    for (const name of names) lowest.set(name, Math.min(lowest.get(name) ?? HIGHEST, priority));
  }
  return priorities;
}

const USUAL = 50;
const HIGHEST = 100;
/** Parts of a package that are linked. */
const LINKED = ['bin', 'maintenance', 'servers', 'man', 'info', 'include', 'lib', 'share/locale'];

/** @param {string} top @param {string} below @returns {string[]} */
function filesBelow(top, below) {
  const at = join(top, below);
  if (!existsSync(at)) return [];
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map((each) => join(below, each.parentPath.slice(at.length), each.name));
}

/**
 * A name that several packages have at equal priority gets the first of them; asked for until there
 * is none, since a preference may bring others to light.
 *
 * @param {string} root @param {readonly string[]} install @param {(line: string) => void} say
 * @returns {Map<string, string>}
 */
function settleNames(root, install, say) {
  /** @type {Map<string, string>} */
  const preferences = new Map();
  for (let settled = -1; settled < preferences.size;) {
    settled = preferences.size;
    const { stdout, stderr } = xh(root, ['install', '--dry-run', '--json', ...install]);
    if (stdout === '') say(`they cannot all be installed: ${stderr.trim()}`);
    /** @type {{ conflicts?: { code: string, path: string, message: string }[] }} */
    const { conflicts = [] } = stdout === '' ? {} : JSON.parse(stdout);
    for (const { code, path, message } of conflicts) {
      const [, rivals = ''] = / provided by (?:both )?(.+), at equal priority/.exec(message) ?? [];
      const names = rivals.split(/, (?:and )?| and /);
      const first = install.find((name) => names.includes(name));
      if (code === 'E_FARM_TIE' && first !== undefined) preferences.set(basename(path), first);
    }
    if (preferences.size > settled) {
      const list = [...preferences].map(([name, provider]) => ({ name, package: provider }));
      xhDone(root, ['prefer', '--import', '-'], JSON.stringify(list));
    }
  }
  return preferences;
}

/** Kinds of fragments that a package has. @param {string} root @param {string} directory */
function fragmentsOf(root, directory) {
  const at = join(root, 'software', directory, 'export');
  return existsSync(at) ? readdirSync(at).toSorted() : [];
}

/** @param {string} name `NAME` or `NAME=VERSION` */
function bareName(name) {
  return name.split('=')[0] ?? name;
}

/** @param {string} root @param {readonly string[]} words @param {string} [input] */
function xhDone(root, words, input) {
  const ran = xh(root, words, input);
  if (ran.status === 0) return ran;
  throw new Error(`xh ${words[0]}: ${ran.error?.message ?? ran.stderr.trim()}`);
}

/** @param {string} root @param {readonly string[]} words @param {string} [input] */
function xh(root, words, input = '') {
  return spawnSync(process.execPath, [XH, ...words], {
    input,
    encoding: 'utf8',
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
    maxBuffer: Infinity,
  });
}

/** Packages of a list: `NAME`, `NAME=VERSION` or `NAME as OTHER` a line, `#` begins a comment. */
export function readPackageList(/** @type {string} */ text) {
  return text.split('\n').flatMap((line) => {
    const [name, word, as, ...more] = line
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((each) => each !== '');
    if (name === undefined) return [];
    if (more.length > 0 || (word !== undefined && (word !== 'as' || as === undefined))) {
      throw new UsageError(`'${line.trim()}' is neither NAME nor NAME as OTHER`);
    }
    const known = DEPOT_PACKAGES.find((each) => each.name === name && each.as === as);
    return [known ?? { name, why: '', ...(as !== undefined && { as }) }];
  });
}

function main() {
  const { positionals, values } = commandLine();
  const [directory] = positionals;
  if (values.help || directory === undefined || positionals.length > 1) {
    process.stderr.write('usage: node scripts/make-depot.mjs DIR [--packages FILE] [--offline]\n');
    return values.help ? 0 : 2;
  }
  if (!existsSync(XH)) throw new Error(`there is no ${XH}: npm run build makes it`);
  const list = values.packages && readPackageList(readFileSync(values.packages, 'utf8'));
  const depot = makeDepot(resolve(directory), {
    ...(list && { packages: list }),
    offline: values.offline,
    say: (line) => process.stderr.write(`depot: ${line}\n`),
  });
  summarize(depot);
  spawnSync(process.execPath, [XH, 'list'], {
    env: { ...process.env, XH_ROOT: realpathSync(directory) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const root = realpathSync(directory);
  process.stderr.write(
    `\nto install all of them: xh --root ${root} install ${depot.install.join(' ')}\n`,
  );
  return 0;
}

/** @throws UsageError */
function commandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        packages: { type: 'string' },
        offline: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : '', { cause: error });
  }
}

class UsageError extends Error {}

/** One line for each package: what it is there for, and what it brings to a host. */
function summarize(/** @type {MadeDepot} */ { packages, preferences }) {
  const width = Math.max(...packages.map((each) => each.directory.length));
  for (const { entry, directory, fragments } of packages) {
    const brings = fragments.length === 0 ? '' : ` (${fragments.join(', ')})`;
    process.stderr.write(`  ${directory.padEnd(width)}  ${entry.why}${brings}\n`);
  }
  for (const [name, provider] of preferences) {
    process.stderr.write(`  ${name} is ${provider}'s: xh prefer ${name} ${provider}\n`);
  }
  const fresh = packages.filter(({ isNew }) => isNew).length || 'none';
  process.stderr.write(
    `depot: ${packages.length} packages, ${fresh} of them new; xh list (they are not installed):\n`,
  );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  try {
    process.exitCode = main();
  } catch (error) {
    process.stderr.write(`depot: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
