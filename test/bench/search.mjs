/**
 * `xh search` of a depot of 1,000 packages with five compressed manual pages each, which has no index,
 * beside `apropos` with its index of the same pages and `apt-cache search` with that of Debian's.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { race, report } from './measure.mjs';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const PACKAGES = 1000;
const PAGES = 5;
const WORDS = 'tables disk fast print window color shell archive network index'.split(' ');

/** @param {string} root */
function fill(root) {
  // as long as pages are, and no easier to unpack
  const body = Array.from(
    { length: 2500 },
    (_, i) => `${WORDS[(i * i * 31) % 10]}${(i * 7919) % 97}`,
  ).join(' ');
  for (let i = 0; i < PACKAGES; i++) {
    const top = join(root, `.software/share/pack${i}`);
    mkdirSync(join(top, '.admin'), { recursive: true });
    mkdirSync(join(top, 'man/man1'), { recursive: true });
    writeFileSync(join(top, '.admin/Maintainer'), 'root\n');
    const summary = `the ${WORDS[i % 10]} of package ${i}`;
    writeFileSync(join(top, '.admin/Options'), `version = 1.${i}\nsummary = ${summary}\n`);
    for (let page = 0; page < PAGES; page++) {
      const name = `tool-${i}-${page}`;
      const description = `makes ${WORDS[(i + page) % 10]} number ${page}`;
      const text = `.TH X 1\n.SH NAME\n${name} \\- ${description}\n.SH DESCRIPTION\n${body}\n`;
      writeFileSync(join(top, `man/man1/${name}.1.gz`), gzipSync(text));
    }
  }
  symlinkSync(join(root, '.software/share'), join(root, 'software'));
}

export function search() {
  const root = mkdtempSync(join(tmpdir(), 'xhier-bench-'));
  try {
    fill(root);
    const man = join(root, 'man');
    mkdirSync(join(man, 'man1'), { recursive: true });
    spawnSync('bash', ['-c', `ln -s ${root}/software/*/man/man1/* ${man}/man1/`]);
    spawnSync('mandb', ['-q', man]);
    report(
      `search, ${PACKAGES} packages with ${PAGES} pages each`,
      race(
        [
          { name: 'node -e 0', command: 'node -e 0' },
          { name: 'xh list', command: `${XH} list` },
          { name: 'xh search', command: `${XH} search network archive` },
          { name: 'xh search --full', command: `${XH} search --full network archive` },
          { name: 'apropos', command: `apropos -M ${man} -a network archive` },
          { name: 'apt-cache search', command: 'apt-cache search network archive' },
        ],
        { runs: 9, env: { ...process.env, XH_ROOT: root } },
      ),
      'well under a second',
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
