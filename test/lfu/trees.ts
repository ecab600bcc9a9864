/**
 * Two trees for a test, the program run on them, and judges that know nothing of it: find(1) for what
 * the objects are, rsync for what is in them and for everything that hangs on them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

const LFU = resolve(import.meta.dirname, '../../dist/lfu.cjs');

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of standard output. */
  readonly lines: readonly string[];
}

export interface Trees {
  /** Where both stand, and what else a test needs. */
  readonly directory: string;
  readonly master: string;
  readonly slave: string;
  /** `lfu OPTIONS MASTER SLAVE`. */
  lfu(...options: readonly string[]): Run;
  /** The same as another user. */
  lfuAs(uid: number, ...options: readonly string[]): Run;
  /** Runs a shell script in `directory`. */
  sh(script: string): string;
  /** Makes a file of the master with its directories. */
  write(path: string, content: string): void;
  /** In what the slave differs from the master, as find and rsync see it: empty when in nothing. */
  difference(): string;
}

/** Two directories of this test's own; the slave is not there yet. */
export function freshTrees(): Trees {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lfu-test-')));
  onTestFinished(() => {
    // rm(1) manages paths that are too long for a path
    execFileSync('rm', ['-rf', directory]);
  });
  const master = join(directory, 'master');
  const slave = join(directory, 'slave');
  mkdirSync(master);
  return {
    directory,
    master,
    slave,
    lfu: (...options) => runLfu([...options, master, slave], directory),
    lfuAs: (uid, ...options) =>
      toRun(
        spawnSync(
          'setpriv',
          [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'].concat(
            [process.execPath, LFU],
            options,
            [master, slave],
          ),
          { cwd: '/', encoding: 'latin1' },
        ),
      ),
    sh: (script) =>
      execFileSync('sh', ['-euc', script], {
        cwd: directory,
        encoding: 'latin1',
        env: ENVIRONMENT,
      }),
    write(path, content) {
      mkdirSync(dirname(join(master, path)), { recursive: true });
      writeFileSync(join(master, path), content);
    },
    difference: () => difference(master, slave),
  };
}

/** `lfu` with any words. */
export function runLfu(words: readonly string[], cwd = '/'): Run {
  return toRun(
    spawnSync(process.execPath, [LFU, ...words], { cwd, encoding: 'latin1', env: ENVIRONMENT }),
  );
}

/** The command line to start it with by other means. */
export function lfuCommand(...words: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, LFU, ...words];
}

export function difference(master: string, slave: string): string {
  const differing = diffLines(census(master), census(slave));
  return differing + rsyncDifference(master, slave);
}

/** What find(1) sees: works for paths of any length and names of any bytes. */
export function census(tree: string): readonly string[] {
  const format = '%y %m %U %G %T@ %n %s %l %P\\0';
  const found = execFileSync('find', [tree, '-printf', format], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  });
  // the size of a directory is the file system's affair, and so is its number of links
  return found
    .split('\0')
    .map((line) => line.replace(/^(d(?: \S+){4}) \S+ \S+/, '$1'))
    .toSorted();
}

/** What only one of two has. */
export function diffLines(one: readonly string[], other: readonly string[]): string {
  const inOne = new Set(one);
  const inOther = new Set(other);
  return [
    ...one.filter((line) => !inOther.has(line)).map((line) => `- ${line}\n`),
    ...other.filter((line) => !inOne.has(line)).map((line) => `+ ${line}\n`),
  ].join('');
}

/** Contents, hard links, access lists, attributes and devices, by rsync's account. */
function rsyncDifference(master: string, slave: string): string {
  return execFileSync(
    'rsync',
    ['-aHAXnci', '--delete', '--modify-window=-1', `${master}/`, `${slave}/`],
    { encoding: 'latin1', maxBuffer: 1 << 28 },
  );
}

export function toRun(result: {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}): Run {
  const { status, stdout, stderr } = result;
  return { status, stdout, stderr, lines: stdout.split('\n').slice(0, -1) };
}

const ENVIRONMENT = { ...process.env, LC_ALL: 'C', NO_COLOR: '1' };
