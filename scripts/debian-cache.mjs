/**
 * Debian packages as files, fetched once with apt and kept below the system's temporary directory
 * (or in $XHIER_DEBS). They are only unpacked and read, never installed; any user may do that.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Names on one command line of apt-get. */
const AT_ONCE = 100;

/** Where the files are kept. */
export function debianCache() {
  return process.env['XHIER_DEBS'] ?? join(tmpdir(), 'xhier-debs');
}

/**
 * Paths of the `.deb` files of `names` (`NAME` or `NAME=VERSION`), in that order. What is not there is
 * fetched, unless `offline`.
 *
 * @param {readonly string[]} names
 * @param {{ offline?: boolean }} [options]
 * @returns {string[]}
 * @throws Error that names what apt could not get, and what to do
 */
export function debianFiles(names, { offline = false } = {}) {
  const cache = debianCache();
  mkdirSync(cache, { recursive: true });
  const missing = missingOf(names, cache);
  if (missing.length > 0 && offline) {
    throw new Error(`not in ${cache}, and nothing is to be fetched: ${missing.join(' ')}`);
  }
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    fetch(missing.slice(at, at + AT_ONCE), cache);
  }
  const files = filesIn(cache);
  return names.map((name) => {
    const file = files.get(keyOf(name));
    if (file === undefined) throw new Error(`apt-get download has left no file for ${name}`);
    return join(cache, file);
  });
}

/** Into a directory of its own first: others may be looking for the same files. */
function fetch(/** @type {readonly string[]} */ names, /** @type {string} */ cache) {
  const directory = mkdtempSync(join(cache, 'fetch-'));
  try {
    const download = () =>
      spawnSync('apt-get', ['download', '-qq', ...names], {
        cwd: directory,
        encoding: 'utf8',
        timeout: 300_000,
      });
    let { status, stderr, error } = download();
    if (status !== 0 && error === undefined && process.getuid?.() === 0) {
      // a machine whose package lists were never fetched, or are of last month
      spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', timeout: 300_000 });
      ({ status, stderr, error } = download());
    }
    // what did come is kept, also when something did not
    for (const file of readdirSync(directory)) {
      if (file.endsWith('.deb')) renameSync(join(directory, file), join(cache, file));
    }
    if (status === 0) return;
    throw new Error(
      `apt-get download failed (${missingOf(names, cache).join(' ')}): ` +
        `${error?.message ?? stderr.trim()}; this needs Debian's apt and a network ` +
        `(apt-get update), or the .deb files in ${cache}`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} names @param {string} cache */
function missingOf(names, cache) {
  const files = filesIn(cache);
  return names.filter((name) => !files.has(keyOf(name)));
}

/** The newest file of each package, by name and by name and version. @param {string} cache */
function filesIn(cache) {
  /** @type {Map<string, string>} */
  const files = new Map();
  // apt writes a colon of a version as %3a
  for (const file of readdirSync(cache).toSorted()) {
    const [name = '', version = ''] = file.replaceAll('%3a', ':').split('_');
    if (!file.endsWith('.deb')) continue;
    files.set(`${name}_`, file);
    files.set(`${name}_${version}`, file);
  }
  return files;
}

/** @param {string} name `NAME` or `NAME=VERSION` */
function keyOf(name) {
  const [bare = '', version = ''] = name.split('=');
  return `${bare}_${version}`;
}
