/** What users wait for: the start of `xh`, beside the bare runtime. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { race, report } from './measure.mjs';

const DIST = resolve(import.meta.dirname, '../../dist');
const PACKAGES = 200;

/** A site with `packages` packages of two commands each. @param {number} packages */
function site(packages) {
  const root = mkdtempSync(join(tmpdir(), 'xhier-bench-'));
  mkdirSync(join(root, 'etc'));
  for (let i = 0; i < packages; i++) {
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

/** Such a site with all of them installed. @param {number} packages */
export function installedSite(packages) {
  const root = site(packages);
  const env = { ...process.env, XH_ROOT: root };
  const xh = join(DIST, 'xh.cjs');
  const names = Array.from({ length: packages }, (_, i) => `pack${i}`);
  for (const words of [['recover'], ['install', ...names]]) {
    const { status, stderr } = spawnSync(xh, words, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
  return { root, env };
}

export function startup() {
  const { root, env } = installedSite(PACKAGES);
  const xh = join(DIST, 'xh.cjs');
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
  rmSync(root, { recursive: true, force: true });
}
