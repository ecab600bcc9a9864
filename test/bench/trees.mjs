/** Trees to measure on: like those of software, the same ones every time. */
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PER_DIRECTORY = 18;
const SUBDIRECTORIES = 8;

/**
 * Makes a tree of about so many objects: directories of some eighteen files each, one in twenty a
 * symbolic link, one in a thousand a hard link; with `contents` of mostly some kilobytes, no two of them
 * the same, nor the same as in a tree with another `distinct`; else empty.
 *
 * @param {string} root
 * @param {{ objects: number, contents: boolean, distinct?: string }} options
 * @returns {string[]} paths of its plain files, below it
 */
export function makeTree(root, { objects, contents, distinct = '' }) {
  const random = createRandom(1991);
  const content = Buffer.alloc(1 << 24, 'What is copied has to be read. ');
  /** @type {string[]} */
  const files = [];
  const directories = [''];
  mkdirSync(root);
  let made = 0;
  for (let at = 0; made < objects; at++) {
    const directory = directories[at] ?? '';
    for (let i = 0; i < PER_DIRECTORY && made < objects; i++, made++) {
      const path = join(directory, `${NAMES[i % NAMES.length] ?? 'file'}-${at}-${i}`);
      const kind = random();
      const last = files.at(-1);
      if (kind < 0.05 && last !== undefined) symlinkSync(last, join(root, path));
      else if (kind < 0.051 && last !== undefined) linkSync(join(root, last), join(root, path));
      else {
        const length = contents ? lengthOf(random(), random()) : 0;
        content.write(`${distinct}${made}.`);
        writeFileSync(join(root, path), content.subarray(0, length), {
          mode: random() < 0.1 ? 0o755 : 0o644,
        });
        files.push(path);
      }
    }
    for (let i = 0; i < SUBDIRECTORIES && made < objects; i++, made++) {
      if (directories.length * PER_DIRECTORY > objects) break;
      const path = join(directory, `d${i}`);
      mkdirSync(join(root, path));
      directories.push(path);
    }
  }
  return files;
}

/** How many objects there are below `root`. */
export function countBelow(/** @type {string} */ root) {
  const { stdout } = spawnSync('sh', ['-c', 'find "$1" -mindepth 1 -printf x | wc -c', 'sh', root]);
  return Number(stdout.toString());
}

const NAMES = [
  'libtool',
  'README',
  'module.o',
  'main.c',
  'page.1',
  'data',
  'program',
  'index.html',
];

/** Bytes: most files are small, a few hold most of it. */
function lengthOf(/** @type {number} */ kind, /** @type {number} */ part) {
  const most = kind < 0.7 ? 2048 : kind < 0.95 ? 8192 : kind < 0.999 ? 65_536 : 4 << 20;
  return Math.floor(most * part);
}

/** Numbers from 0 to below 1, the same ones every time (mulberry32). */
function createRandom(/** @type {number} */ seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
