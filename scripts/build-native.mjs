/**
 * Builds the native library, where there is a C compiler: `native/pair-scan.so`. Without one nothing
 * is built and nothing fails: lfu then looks at trees, and copies, without it, which takes longer.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = 'native';
const LIBRARY = 'native/pair-scan.so';
const FLAGS = ['-O2', '-std=gnu11', '-shared', '-fPIC', '-pthread'];

/**
 * Builds the library below `root` when it is older than any of its sources.
 *
 * @param {string} root @returns {boolean} whether all is there that could be built
 */
export function buildNative(root) {
  const library = join(root, LIBRARY);
  const sources = sourcesBelow(join(root, SOURCES));
  if (sources.length === 0) return true;
  if (process.platform !== 'linux') return false;
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs));
  if (existsSync(library) && statSync(library).mtimeMs >= newest) return true;
  const made = `${library}.${process.pid}`;
  const compiler = process.env['CC'] ?? 'cc';
  const { status } = spawnSync(compiler, [...FLAGS, '-o', made, ...sources.filter(isCode)], {
    stdio: 'ignore',
  });
  if (status !== 0) {
    rmSync(made, { force: true });
    return false;
  }
  // whoever has the old one loaded keeps it
  renameSync(made, library);
  return true;
}

/** @param {string} directory @returns {string[]} */
function sourcesBelow(directory) {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith('.h') || isCode(name));
  return names.toSorted().map((name) => join(directory, name));
}

/** @param {string} path */
function isCode(path) {
  return path.endsWith('.c');
}
