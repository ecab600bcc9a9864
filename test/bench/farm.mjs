/**
 * Link farms beside stow, on a depot that is made here: nothing to do, all links from nothing, one
 * package more; and how that grows with the depot.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { race, report } from './measure.mjs';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const PACKAGES = 1000;
const MANY = 5000;
/** Commands of a package, and as many manual pages. */
const COMMANDS = 10;
const FARMS = ['bins', 'man'].map((name) => `.software/local/.admin/${name}`);

/**
 * A site whose packages are installed, and for whose farms all is known: none of it has changed for
 * so long that a change could have the same time.
 *
 * @param {number} packages
 */
function site(packages) {
  const root = mkdtempSync(join(tmpdir(), 'xhier-farm-'));
  mkdirSync(join(root, 'etc'));
  const names = Array.from({ length: packages }, (_, i) => `pack${i}`);
  for (const name of [...names, 'more']) makePackage(root, name);
  xh(root, 'recover');
  xh(root, 'install', ...names);
  spawnSync('sleep', ['2.5']);
  xh(root, 'make-links');
  return { root, depot: join(root, '.software/share'), names };
}

/** @param {string} root @param {string} name */
function makePackage(root, name) {
  const directory = join(root, '.software/share', name);
  for (const below of ['.admin', 'bin', 'man/man1']) {
    mkdirSync(join(directory, below), { recursive: true });
  }
  writeFileSync(join(directory, '.admin/Maintainer'), 'root\n');
  writeFileSync(join(directory, '.admin/Options'), `version = 1.0\nsummary = package ${name}\n`);
  for (let i = 0; i < COMMANDS; i++) {
    const command = `${name}-${i}`;
    writeFileSync(join(directory, 'bin', command), `#!/bin/sh\n# ${command}\n`, { mode: 0o755 });
    writeFileSync(join(directory, 'man/man1', `${command}.1`), `.TH ${command} 1\n`);
  }
}

/** @param {string} root @param {readonly string[]} words */
function xh(root, ...words) {
  const { status, stderr } = spawnSync(XH, words, {
    env: { ...process.env, XH_ROOT: root },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`xh ${words[0]}: ${stderr}`);
}

export function farm() {
  const small = site(PACKAGES);
  const env = { ...process.env, XH_ROOT: small.root };
  const node = { name: 'node -e 0', command: 'node -e 0' };
  const noStow = spawnSync('stow', ['--version']).error !== undefined;
  if (noStow) console.log('\nstow is not installed: without it');
  const nothing = race(
    [node, { name: `xh make-links, ${PACKAGES} packages`, command: `${XH} make-links` }],
    { env },
  );
  report('farms: nothing to do', nothing, 'at most 0.5 s');
  report(
    'farms: one package more',
    race(
      [
        node,
        {
          name: 'xh install more',
          before: `${XH} uninstall more >/dev/null 2>&1`,
          command: `${XH} install more`,
        },
        ...(noStow ? [] : [stowMore(small)]),
      ],
      { env, runs: 11 },
    ),
    'at most 1.5 × node -e 0',
  );
  xh(small.root, 'make-links');
  const [scratch] = fromNothing(small, noStow);
  const large = site(MANY);
  const again = race(
    [node, { name: `xh make-links, ${MANY} packages`, command: `${XH} make-links` }],
    {
      env: { ...env, XH_ROOT: large.root },
      runs: 11,
    },
  );
  report('farms: nothing to do, a larger depot', again);
  const [more] = fromNothing(large, true);
  const growth = (/** @type {number | undefined} */ one, /** @type {number | undefined} */ other) =>
    (((other ?? NaN) / (one ?? NaN)) * PACKAGES) / MANY;
  console.log(
    `\n${MANY} packages instead of ${PACKAGES}, time for each package: nothing to do × ${growth(
      nothing[1]?.p50,
      again[1]?.p50,
    ).toFixed(
      2,
    )}, from nothing × ${growth(scratch?.p50, more?.p50).toFixed(2)}\n  goal: at most 1, growth is linear`,
  );
  for (const { root } of [small, large]) rmSync(root, { recursive: true, force: true });
}

/**
 * @param {{ root: string, depot: string, names: readonly string[] }} site
 * @param {boolean} noStow
 */
function fromNothing({ root, depot, names }, noStow) {
  const target = join(root, 'stowed');
  const list = join(root, 'names');
  writeFileSync(list, names.join(' '));
  // moved away, not removed: ext4 looks for free inodes slowly where very many have just been freed
  const gone = join(root, 'gone');
  mkdirSync(gone);
  const away = (/** @type {string} */ path) => `mv ${path} ${gone}/$(date +%s%N) 2>/dev/null`;
  const clear = FARMS.map((path) => away(join(root, path))).join('; ');
  const own = {
    name: `xh make-links, ${names.length} packages`,
    before: clear,
    command: `${XH} make-links`,
  };
  const stow = {
    name: `stow, ${names.length} packages`,
    before: `${away(target)}; mkdir ${target}`,
    command: `stow -d ${depot} -t ${target} --ignore='^\\.admin' $(cat ${list})`,
  };
  const timings = race(noStow ? [own] : [stow, own], {
    env: { ...process.env, XH_ROOT: root },
    runs: noStow ? 3 : 5,
  });
  report('farms: all links from nothing', timings, noStow ? undefined : 'at most 1 × stow');
  return timings.filter(({ name }) => name === own.name);
}

/** One more package into a farm of all the others. @param {{ root: string, depot: string, names: readonly string[] }} site */
function stowMore({ root, depot, names }) {
  const target = join(root, 'stowed');
  mkdirSync(target);
  const stow = ['-d', depot, '-t', target, '--ignore=^\\.admin'];
  spawnSync('stow', [...stow, ...names]);
  const words = `-d ${depot} -t ${target} --ignore='^\\.admin'`;
  return {
    name: 'stow more',
    before: `stow ${words} -D more`,
    command: `stow ${words} more`,
  };
}
