/**
 * What stands below a site root: types, modes, owners, contents, link targets. Our own records are
 * there too, with what a repetition makes different taken out: times, and the hashes of texts that
 * have times in them.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** By path below the root; the value is everything that is compared. */
export type Snapshot = ReadonlyMap<string, string>;

const ADMIN = '.software/local/.admin';
const OBJECTS = `${ADMIN}/objects`;
const JOURNAL = `${ADMIN}/journal`;

/** All of the site but transcripts and who had the lock. */
export function snapshot(root: string): Snapshot {
  const hashes = canonicalHashes(root);
  const found = new Map<string, string>();
  const walk = (directory: string): void => {
    for (const name of readdirSync(join(root, directory)).toSorted()) {
      const path = join(directory, name);
      if (path === `${ADMIN}/lock` || path === `${ADMIN}/log`) continue;
      const stat = lstatSync(join(root, path));
      const owner = `${stat.uid}:${stat.gid}`;
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isSymbolicLink()) found.set(path, `link ${owner} ${readlinkSync(join(root, path))}`);
      else if (stat.isDirectory()) {
        found.set(path, `directory ${owner} ${mode}`);
        walk(path);
      } else {
        const content = contentOf(root, path, hashes);
        const shown = directory === OBJECTS ? join(OBJECTS, hashes.get(name) ?? name) : path;
        found.set(shown, `file ${owner} ${mode} ${content}`);
      }
    }
  };
  walk('');
  return found;
}

/** Names that a transaction makes and nobody is to find afterwards. */
export function leftovers(found: Snapshot): string[] {
  return [...found.keys()].filter(
    (path) =>
      /(?:^|\/)\.xhier-/.test(path) ||
      /(?:^|\/)\.[^/]*\.new$/.test(path) ||
      path.startsWith(`${JOURNAL}/`),
  );
}

/** In which lines two snapshots differ, `-` the wanted ones; empty when they are the same. */
export function differences(wanted: Snapshot, found: Snapshot): string[] {
  const paths = [...new Set([...wanted.keys(), ...found.keys()])].toSorted();
  return paths.flatMap((path) => {
    const [was, is] = [wanted.get(path), found.get(path)];
    if (was === is) return [];
    return [
      ...(was === undefined ? [] : [`- ${path}: ${was.slice(0, SHOWN)}`]),
      ...(is === undefined ? [] : [`+ ${path}: ${is.slice(0, SHOWN)}`]),
    ];
  });
}
const SHOWN = 300;

/**
 * What a user could find wrong while nothing has been settled yet: each path is what it is in one of
 * the states before and after, and nothing else is there but names that are ours alone.
 */
export function torn(states: readonly Snapshot[], found: Snapshot): string[] {
  const paths = new Set([...states.flatMap((state) => [...state.keys()]), ...found.keys()]);
  const temporary = leftovers(found);
  const isOurs = (path: string): boolean =>
    /(?:^|\/)\.[^/]*\.xhier-[^/]*$/.test(path) ||
    temporary.some((name) => path === name || path.startsWith(`${name}/`));
  return [...paths]
    .filter((path) => !isOurs(path) && states.every((state) => state.get(path) !== found.get(path)))
    .map((path) => `${path} is ${(found.get(path) ?? 'absent').slice(0, SHOWN)}`);
}

function contentOf(root: string, path: string, hashes: ReadonlyMap<string, string>): string {
  const text = readFileSync(join(root, path), 'latin1');
  if (!path.startsWith(`${ADMIN}/`)) return text;
  return timeless(text).replaceAll(HASH, (hash) => hashes.get(hash) ?? hash);
}

/** The hash of each kept text, by what it would be without times. */
function canonicalHashes(root: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  const directory = join(root, OBJECTS);
  for (const name of namesIn(directory)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const text = timeless(readFileSync(join(directory, name), 'latin1'));
    hashes.set(name, createHash('sha256').update(text).digest('hex'));
  }
  return hashes;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function timeless(text: string): string {
  return text
    .replaceAll(/"time": ?"[^"]*"/g, '"time":""')
    .replaceAll(/\b\d{8}T\d{6}\.\d{3}Z\b/g, 'TIME');
}

const HASH = /\b[0-9a-f]{64}\b/g;
