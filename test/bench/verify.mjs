/**
 * `xh verify` of 300 packages with 40 files each beside what reads the same bytes (`sha256sum -c`), and
 * what Debian has for the same purpose: `dpkg --verify` of as many files, and `debsums` where it is there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { race, report } from './measure.mjs';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const PACKAGES = 300;
const FILES = 40;
/** Bytes: what a file of Debian's has on the average. */
const SIZE = 30_000;

/** @param {string} root */
function fill(root) {
  mkdirSync(join(root, 'etc'));
  for (let i = 0; i < PACKAGES; i++) {
    const top = join(root, `.software/share/pack${i}`);
    mkdirSync(join(top, '.admin'), { recursive: true });
    mkdirSync(join(top, 'data'));
    writeFileSync(join(top, '.admin/Maintainer'), 'root\n');
    for (let file = 0; file < FILES; file++) {
      const content = Buffer.alloc((SIZE * (file + 1) * 2) / FILES, `${i} ${file} and more. `);
      writeFileSync(join(top, `data/file${file}`), content);
    }
  }
  symlinkSync(join(root, '.software/share'), join(root, 'software'));
}

/** Packages of Debian with as many files as ours have together. */
function debianPackages() {
  const { stdout } = spawnSync('sh', ['-c', 'wc -l /var/lib/dpkg/info/*.md5sums | sort -n'], {
    encoding: 'utf8',
  });
  const names = [];
  let files = 0;
  for (const [, count = '', name = ''] of stdout.matchAll(/^ *(\d+) .*\/([^/]+)\.md5sums$/gm)) {
    if (files + Number(count) > PACKAGES * FILES) break;
    files += Number(count);
    names.push(name);
  }
  return { names: names.join(' '), files };
}

export function verify() {
  const root = mkdtempSync(join(tmpdir(), 'xhier-bench-'));
  const env = { ...process.env, XH_ROOT: root };
  try {
    fill(root);
    spawnSync(XH, ['install', ...Array.from({ length: PACKAGES }, (_, i) => `pack${i}`)], { env });
    const sums = join(root, 'sums');
    spawnSync('sh', ['-c', `find ${root}/.software/share -type f -exec sha256sum {} + > ${sums}`]);
    const debian = debianPackages();
    const hasDebsums = spawnSync('debsums', ['--version']).status === 0;
    report(
      `verify, ${PACKAGES} packages with ${FILES} files of ${SIZE / 1000} KB each (dpkg and debsums: ${debian.files} files of its own)`,
      race(
        [
          { name: 'sha256sum -c', command: `sha256sum --quiet -c ${sums}` },
          { name: 'xh verify', command: `${XH} verify` },
          { name: 'xh verify --quick', command: `${XH} verify --quick` },
          { name: 'dpkg --verify', command: `dpkg --verify ${debian.names}` },
          ...(hasDebsums ? [{ name: 'debsums -s', command: `debsums -s ${debian.names}` }] : []),
        ],
        { runs: 5, env },
      ),
      'no slower than sha256sum, which knows no types, modes, owners, links and system files',
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
