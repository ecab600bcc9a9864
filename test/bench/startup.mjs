/** What users wait for: the start of `xh` and of `showpath`, beside the bare runtimes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { race, report } from './measure.mjs';

const DIST = resolve(import.meta.dirname, '../../dist');
const PACKAGES = 200;

/** A site with packages of two commands each, installed. */
function site() {
  const root = mkdtempSync(join(tmpdir(), 'xhier-bench-'));
  mkdirSync(join(root, 'etc'));
  for (let i = 0; i < PACKAGES; i++) {
    const directory = join(root, `.software/share/pack${i}`);
    mkdirSync(join(directory, '.admin'), { recursive: true });
    mkdirSync(join(directory, 'bin'));
    writeFileSync(join(directory, '.admin/Maintainer'), 'root\n');
    writeFileSync(join(directory, '.admin/Options'), `version = 1.${i}\nsummary = package ${i}\n`);
    for (const command of ['one', 'two']) {
      writeFileSync(join(directory, 'bin', `${command}-${i}`), '#!/bin/sh\n', { mode: 0o755 });
    }
  }
  return root;
}

export function startup() {
  const root = site();
  const env = { ...process.env, XH_ROOT: root };
  const xh = join(DIST, 'xh.cjs');
  const names = Array.from({ length: PACKAGES }, (_, i) => `pack${i}`);
  const { status, stderr } = spawnSync(xh, ['recover'], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const installed = spawnSync(xh, ['install', ...names], { env, encoding: 'utf8' });
  if (installed.status !== 0) throw new Error(installed.stderr);
  const node = { name: 'node -e 0', command: 'node -e 0' };
  report(
    'start of xh',
    race(
      [
        node,
        { name: 'xh --version', command: `${xh} --version` },
        { name: 'xh help', command: `${xh} help` },
        { name: `xh list (${PACKAGES} packages)`, command: `${xh} list` },
      ],
      { env },
    ),
    'xh --version at most 1.3 × node -e 0',
  );
  report(
    `showpath, a depot of ${PACKAGES} packages`,
    race(
      [
        { name: 'sh -c :', command: 'sh -c :' },
        { name: 'showpath standard', command: `${join(DIST, 'showpath')} standard` },
        {
          name: 'showpath, as in a .cshrc',
          command: `${join(DIST, 'showpath')} -f csh -v PATH usedby=user ~/bin 'standard*'`,
        },
      ],
      { env, runs: 201 },
    ),
    'p50 at most 4 × sh -c :',
  );
  rmSync(root, { recursive: true, force: true });
}
