/** Install scripts in tests: packages that have one, runs beside each other, and what the transcripts say. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makePackage, type Files } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import type { Ran } from './xh.ts';

export const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

/** A site that scripts may come to, with a directory `tmp` for what they leave. */
export function scriptedSite(): string {
  const root = freshSite().path;
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o777);
  return root;
}

/** A package with this script for `install`; for `uninstall` it leaves a file `tmp/PACKAGE.uninstall`. */
export function scriptedPackage(
  root: string,
  name: string,
  script: string,
  files: Files = {},
): string {
  const [first = ''] = script.split('\n');
  const text = first.startsWith('#!') ? script : `#!/bin/sh\n${script}`;
  return makePackage(root, name, {
    '.admin/Install': `#!/bin/sh
case $1 in
install) exec "$XH_SOFTWARE/$XH_PACKAGE/bin/.install-script" ;;
*) touch "$XH_ROOT/tmp/$XH_PACKAGE.$1" ;;
esac
`,
    'bin/.install-script': `${text}\n`,
    ...files,
  });
}

/** Runs `xh` beside whatever else goes on. */
export function xhBeside(
  root: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  program: string = XH,
): Promise<Ran> {
  const child = spawn(program, words, {
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (status) => {
      done({ status, stdout, stderr });
    });
  });
}

/** The processes whose command line begins so. */
export function processesLike(command: string): string[] {
  const { stdout } = spawnSync('pgrep', ['-f', `^${command}`], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

/** The newest transcript of each package and action: `tool.install` and its text. */
export function transcripts(root: string): ReadonlyMap<string, string> {
  const log = join(root, '.software/local/.admin/log');
  const names = readdirSync(log).filter((name) => /\.\d{8}T\d{6}\.\d{3}Z/.test(name));
  return new Map(
    names.toSorted().map((name) => {
      const key = name.replace(/\.\d{8}T.*$/, '');
      return [key, readFileSync(join(log, name), 'utf8')];
    }),
  );
}

/** What the script said, in lines, whichever stream they went to. */
export function said(transcript: string | undefined, streams = /^(?:out|err|tty)$/): string[] {
  const lines: string[] = [];
  for (const line of transcript?.split('\n') ?? []) {
    const [, stream = '', sign, text = ''] = /^ *\d+\.\d{3} (\w+) *([|+]) (.*)$/.exec(line) ?? [];
    if (!streams.test(stream)) continue;
    if (sign === '+') lines.push((lines.pop() ?? '') + text);
    else lines.push(text);
  }
  return lines;
}
