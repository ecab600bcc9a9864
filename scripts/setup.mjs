#!/usr/bin/env node
/**
 * Makes a fresh clone ready: what package-lock.json lists, then dist/. `npm start` and `npm test`
 * run it first, so it imports nothing from node_modules and does nothing when nothing is to do.
 *
 *     node scripts/setup.mjs [--tests] [DIR]
 *
 * `--tests` adds what the tests need from Debian, as far as that is possible here; what is missing
 * is named and never fails the set-up. All output is on standard error, one line for each thing done.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from './build.mjs';
import { TEST_PACKAGES } from './debian-packages.mjs';

const OLDEST_NODE = [20, 19];

/** @typedef {import('./debian-packages.mjs').DebianPackage} DebianPackage */

async function setUp() {
  const words = process.argv.slice(2);
  const root = resolve(
    words.find((word) => !word.startsWith('-')) ?? join(import.meta.dirname, '..'),
  );
  if (!isNodeRecent()) return false;
  if (!installDependencies(root)) return false;
  if (words.includes('--tests')) installTestPackages(root);
  return build({ root });
}

function isNodeRecent() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return true;
  say(`this is Node ${process.versions.node}; ${OLDEST_NODE.join('.')} or newer is needed`);
  return false;
}

/** node_modules as package-lock.json says. @param {string} root */
function installDependencies(root) {
  const stamp = join(root, 'node_modules/.xhier-setup');
  if (readIfThere(stamp) === lockDigest(root)) return true;
  if (!isInstalled(root)) {
    say('installing what package-lock.json lists (npm ci)');
    // Development dependencies even where NODE_ENV says production: they build and test.
    const { status, output } = runNpm(root, ['ci', '--include=dev', '--loglevel=error']);
    if (status !== 0) {
      process.stderr.write(output);
      say('npm ci failed (above); once its cause is gone, run `npm run setup`');
      return false;
    }
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lockDigest(root));
  return true;
}

/**
 * Whether somebody has installed the right packages already, with `npm install` say: npm's own
 * record of what it put into node_modules, written last, then agrees with package-lock.json.
 *
 * @param {string} root
 */
function isInstalled(root) {
  const installed = lockedPackages(join(root, 'node_modules/.package-lock.json'));
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  if (installed === undefined || wanted === undefined) return false;
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, entry]) => {
      const found = installed[path];
      if (path === '') return true;
      if (found === undefined) return entry.optional === true && !isMadeForHere(entry);
      return found.version === entry.version && found.integrity === entry.integrity;
    })
  );
}

/** Nothing for a file that is not there or damaged: npm will say what is wrong with it. @param {string} path */
function lockedPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether an optional package names this machine; only npm can tell where it names a libc too. */
function isMadeForHere(/** @type {{ os?: string[], cpu?: string[], libc?: string[] }} */ entry) {
  const { os = [], cpu = [], libc } = entry;
  return os.includes(process.platform) && cpu.includes(process.arch) && libc === undefined;
}

/** What the lock file says, what npm did last, and for which machine. @param {string} root */
function lockDigest(root) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  hash.update(readIfThere(join(root, 'package-lock.json')));
  hash.update(readIfThere(join(root, 'node_modules/.package-lock.json')));
  return hash.digest('hex');
}

/** @param {string} root @param {readonly string[]} words */
function runNpm(root, words) {
  // Under `npm test`, the npm that runs it: another may not be on PATH at all.
  const npm = process.env['npm_execpath'] ?? '';
  const isNpm = basename(npm) === 'npm-cli.js' && existsSync(npm);
  return isNpm ? run(process.execPath, [npm, ...words], root) : run('npm', words, root);
}

/** As far as possible here; what stays missing is named with what it costs. @param {string} root */
function installTestPackages(root) {
  let missing = TEST_PACKAGES.filter((entry) => !isThere(entry.provides));
  if (missing.length === 0) return;

  // What apt could not do it cannot do at the next `npm test` either, and trying takes long.
  const tried = join(root, 'node_modules/.xhier-apt-tried');
  const mayInstall = process.getuid?.() === 0 && isThere('apt-get');
  if (mayInstall && readIfThere(tried) !== namesOf(missing)) {
    say(`installing for the tests: ${namesOf(missing)} (apt-get)`);
    installFromDebian(missing.map((entry) => entry.name));
    missing = missing.filter((entry) => !isThere(entry.provides));
    writeFileSync(tried, namesOf(missing));
  }
  for (const { name, why } of missing) say(`no ${name}: tests will fail that need it (${why})`);
  if (missing.length > 0) say(`to have them: apt-get install ${namesOf(missing)}`);
}

/** @param {readonly DebianPackage[]} entries */
function namesOf(entries) {
  return entries.map((entry) => entry.name).join(' ');
}

/** @param {readonly string[]} names */
function installFromDebian(names) {
  const install = (/** @type {readonly string[]} */ some) =>
    run('apt-get', [
      'install',
      '-y',
      '--no-install-recommends',
      '-o',
      'DPkg::Lock::Timeout=120',
      ...some,
    ]);
  run('apt-get', ['update']);
  if (install(names).status === 0) return;
  // One name that this release does not know must not cost the others.
  for (const name of names) {
    const { status, output } = install([name]);
    if (status !== 0) say(`apt-get install ${name} failed: ${output.trim().split('\n').at(-1)}`);
  }
}

/** @param {string} provided a command, or an absolute path */
function isThere(provided) {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  if (provided.startsWith('/')) return existsSync(provided);
  return directories.some((directory) => directory !== '' && existsSync(join(directory, provided)));
}

/** @param {string} command @param {readonly string[]} words @param {string} [cwd] */
function run(command, words, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  return { status, output: error === undefined ? stdout + stderr : `${error.message}\n` };
}

/** The text, empty when there is no such file. @param {string} path */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

if (!(await setUp())) process.exitCode = 1;
