/** A site with masters and a slave for a test, and `lfu` run on it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { census, lfuCommand, type Run } from '../trees.ts';

export interface TestSite {
  /** Where everything stands: root, the masters by their names, slave. */
  readonly directory: string;
  readonly root: string;
  readonly slave: string;
  /** Writes the configuration: a table for each of `masters`, with what is said of it besides. */
  configure(masters: Readonly<Record<string, string>>, more?: string): void;
  /** Runs lfu with these words, from the directory. */
  lfu(...words: readonly string[]): Run;
  /** `lfu update -i WORDS`. */
  update(...words: readonly string[]): Run;
  /** A shell script, in the directory. */
  sh(script: string): string;
  /** Makes a file below the directory. */
  write(path: string, content: string): void;
  /** What it says; undefined when there is none. */
  read(path: string): string | undefined;
  /** All paths in the slave, sorted, directories with a slash. */
  paths(): readonly string[];
  /** The file of the slave's ledger. */
  ledger(): string;
}

export function freshSite(): TestSite {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lfu-update-')));
  onTestFinished(() => {
    execFileSync('rm', ['-rf', directory]);
  });
  const [root, slave] = [join(directory, 'root'), join(directory, 'slave')];
  mkdirSync(join(root, 'etc'), { recursive: true });
  const environment = { ...process.env, LC_ALL: 'C', NO_COLOR: '1', XH_ROOT: root };
  const lfu = (...words: readonly string[]): Run => {
    const [node, ...rest] = lfuCommand(...words);
    const options = { cwd: directory, encoding: 'latin1', env: environment } as const;
    const { status, stdout, stderr } = spawnSync(node, rest, options);
    return { status, stdout, stderr, lines: stdout.split('\n').slice(0, -1) };
  };
  return {
    directory,
    root,
    slave,
    configure(masters, more = '') {
      const tables = Object.entries(masters).map(([name, rest]) => {
        mkdirSync(join(directory, name), { recursive: true });
        const paths = `path = "${directory}/${name}"\nslave = "${slave}"`;
        return `[[master]]\nname = "${name}"\n${paths}\n${rest}\n`;
      });
      const parts = more === '' ? tables : [more, ...tables];
      writeFileSync(join(root, 'etc/lfu.toml'), parts.join('\n'));
    },
    lfu,
    update: (...words) => lfu('update', '-i', ...words),
    sh: (script) =>
      execFileSync('sh', ['-euc', script], {
        cwd: directory,
        encoding: 'latin1',
        env: environment,
      }),
    write(path, content) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    },
    read(path) {
      const file = join(directory, path);
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    },
    paths: () =>
      census(slave)
        .flatMap((line) => {
          const path = line
            .split(' ')
            .slice(line.startsWith('d') ? 6 : 8)
            .join(' ');
          return path === '' ? [] : [line.startsWith('d') ? `${path}/` : path];
        })
        .toSorted(),
    ledger: () =>
      execFileSync('find', [join(root, '.software'), '-name', 'ledger'], {
        encoding: 'utf8',
      }).trim(),
  };
}

/** Two masters that have updated a slave, on which somebody has put something of his own. */
export function updatedSite(): TestSite {
  const site = freshSite();
  site.configure({ alpha: '', beta: '' });
  site.sh(`mkdir -p alpha/bin alpha/a beta/bin beta/b
    for f in alpha/bin/x alpha/a/f beta/bin/y beta/b/f; do echo $f > $f; touch -d 2002-02-02 $f; done`);
  expect(site.update().status).toBe(0);
  site.sh('touch slave/own slave/bin/own');
  return site;
}
