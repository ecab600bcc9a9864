/** Running the built programs as a user would, on a site of the test's own. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const DIST = resolve(import.meta.dirname, '../../dist');

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the built programs with a site root. */
export function program(
  name: 'xh.cjs' | 'lfu.cjs' | 'showpath',
  root: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Ran {
  return spawnSync(join(DIST, name), args, {
    encoding: 'utf8',
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1', ...environment },
    maxBuffer: 1 << 28,
  });
}

/** Runs `xh`. */
export function xh(root: string, ...args: readonly string[]): Ran {
  return program('xh.cjs', root, args);
}

/** Runs `xh`, which must succeed. */
export function xhDone(root: string, ...args: readonly string[]): Ran {
  const ran = xh(root, ...args);
  if (ran.status !== 0) {
    throw new Error(`xh ${args.join(' ')} ended with ${ran.status}:\n${ran.stderr}${ran.stdout}`);
  }
  return ran;
}

/** Records that tell of commands rather than of the host: history, kept contents, the lock's note, logs. */
const OWN_RECORDS = /^\.software\/local\/\.admin\/(?:cache|generations|objects|log|lock)(?:\/|$)/;

/** Everything below `root` but our own records: type, mode, owner, and content or target, by path. */
export function snapshot(root: string, below = ''): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    for (const name of readdirSync(join(root, path), 'latin1').toSorted()) {
      const at = path === '' ? name : `${path}/${name}`;
      if (OWN_RECORDS.test(at)) continue;
      const file = Buffer.from(`${root}/${at}`, 'latin1');
      const stat = lstatSync(file);
      const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
      if (stat.isSymbolicLink()) found.set(at, `link ${readlinkSync(file, 'latin1')}`);
      else if (stat.isDirectory()) {
        found.set(at, `directory ${owner}`);
        visit(at);
      } else if (stat.isFile()) {
        const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
        found.set(at, `file ${owner} ${hash}`);
      } else found.set(at, `special ${owner}`);
    }
  };
  visit(below);
  return found;
}
