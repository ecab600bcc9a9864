/**
 * lfu beside rsync on the same trees, this host's own /usr and made ones: nothing to do, 1 % changed,
 * a first copy, with an index, with rules, and the memory each takes at most. Makes its trees below the system's temporary directory
 * (`TMPDIR`), some gigabytes of them, and removes them. Caches are dropped where we may: as root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { race, report } from './measure.mjs';
import { countBelow, makeTree } from './trees.mjs';

const LFU = resolve(import.meta.dirname, '../../dist/lfu.cjs');
const SIZES = [10_000, 200_000, 1_000_000];
/** Of the tree whose contents are copied. */
const COPIED = 50_000;
const RULES = [10, 100, 1000];

/** @param {readonly string[]} words sizes of trees, else all */
export function lfu(words) {
  const sizes = words.length === 0 ? SIZES : words.map(Number);
  const work = mkdtempSync(join(tmpdir(), 'xhier-bench-'));
  try {
    // before anything is removed: ext4 makes files slowly where many have just been
    copying(work, 'on disk');
    if (existsSync('/dev/shm')) {
      const memory = mkdtempSync('/dev/shm/xhier-bench-');
      try {
        copying(memory, 'in memory');
      } finally {
        rmSync(memory, { recursive: true, force: true });
      }
    }
    ownSoftware(work);
    for (const size of sizes) madeTree(work, size);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What lfu is for: real software. @param {string} work */
function ownSoftware(work) {
  const master = join(work, 'usr');
  const slave = join(work, 'slave');
  run('rsync', ['-aHx', '/usr/', master]);
  nothingToDo(work, { master, slave, name: 'a copy of /usr' });
  const changed = join(work, 'changed');
  run('sh', ['-c', `cd ${master} && find . -type f | awk 'NR % 100 == 0' > ${changed}`]);
  const before = `(cd ${slave} && xargs -d '\\n' touch -d @1 < ${changed}); sync`;
  report(
    '1 % of a copy of /usr changed',
    race(
      [
        { ...rsyncOf(master, slave), before },
        { name: 'lfu', command: `${LFU} ${master} ${slave}`, before },
      ],
      { runs: 7 },
    ),
    'lfu at most 0.60',
  );
  for (const path of [master, slave]) rmSync(path, { recursive: true });
}

/** @param {string} work @param {number} size */
function madeTree(work, size) {
  const master = join(work, 'master');
  const slave = join(work, 'slave');
  makeTree(master, { objects: size, contents: false });
  nothingToDo(work, { master, slave, name: 'made' });
  for (const path of [master, slave]) rmSync(path, { recursive: true });
}

/** @param {string} master @param {string} slave */
function rsyncOf(master, slave) {
  return { name: 'rsync -aH --delete', command: `rsync -aH --delete ${master}/ ${slave}` };
}

/** @param {string} work @param {{ master: string, slave: string, name: string }} trees */
function nothingToDo(work, { master, slave, name }) {
  run('rsync', ['-aH', '--delete', `${master}/`, slave]);
  run(LFU, [master, slave]);
  const size = countBelow(master);
  const title = `nothing to do, ${name}, ${size.toLocaleString('en')} objects`;
  const runs = size > 500_000 ? 3 : size > 50_000 ? 7 : 15;
  const rsync = rsyncOf(master, slave);
  const plain = { name: 'lfu', command: `${LFU} ${master} ${slave}` };
  const without = { name: 'lfu, no native library', command: `XHIER_NATIVE=no ${plain.command}` };
  const index = join(work, 'index');
  run(LFU, ['scan', master, '-o', index]);
  const indexed = {
    name: 'lfu --index',
    command: `${LFU} --index ${index} ${master} ${slave}`,
  };
  const ruled = RULES.map((count) => {
    const file = join(work, `rules-${count}`);
    writeFileSync(file, rules(count));
    return {
      name: `lfu, ${count} rules`,
      command: `${LFU} -f ${file} ${master} ${slave}`,
    };
  });
  const all = [rsync, plain, indexed, without, ...ruled];
  report(
    `${title}, warm`,
    race(all, { runs }),
    'lfu at most 0.45, with index 0.25; 1,000 rules at most 1.3 × ten',
  );
  if (dropsCaches()) {
    const cold = [rsync, plain, indexed].map((each) => ({ ...each, before: DROP }));
    report(`${title}, cold`, race(cold, { runs: size > 50_000 ? 3 : 5 }));
  }
  console.log(`\nmemory at most, ${title}`);
  for (const each of all) console.log(`  ${peak(each.command).padStart(6)} MB  ${each.name}`);
}

/** @param {string} work @param {string} where */
function copying(work, where) {
  const master = join(work, 'copied');
  const slaveOf = (/** @type {string} */ name) => join(work, `of-${name}-`);
  const files = makeTree(master, { objects: COPIED, contents: true });
  const contenders = [
    {
      name: 'rsync -aH --delete',
      slave: slaveOf('rsync'),
      command: `rsync -aH --delete ${master}/`,
    },
    { name: 'lfu', slave: slaveOf('lfu'), command: `${LFU} ${master}` },
    {
      name: 'lfu, no native library',
      slave: slaveOf('plain'),
      command: `XHIER_NATIVE=no ${LFU} ${master}`,
    },
  ];
  const count = countBelow(master).toLocaleString('en');
  report(
    `first copy, ${count} objects, ${where}`,
    race(
      contenders.map(({ name, slave, command }) => ({
        name,
        command: `${command} ${slave}$((round))`,
        before: 'round=$((round + 1)); sync',
      })),
      { runs: 5 },
    ),
    'lfu at most 0.80',
  );
  for (const { slave, command } of contenders) run('sh', ['-c', `${command} ${slave}`]);
  const changed = join(work, 'changed');
  writeFileSync(changed, `${files.filter((_, i) => i % 100 === 0).join('\n')}\n`);
  report(
    `1 % of ${count} objects changed, ${where}`,
    race(
      contenders.map(({ name, slave, command }) => ({
        name,
        command: `${command} ${slave}`,
        before: `(cd ${slave} && xargs touch -d @1 < ${changed}); sync`,
      })),
      { runs: 9 },
    ),
    'lfu at most 0.60',
  );
}

/** So many rules of the kinds that sites write, none of which leaves anything to do here. */
function rules(/** @type {number} */ count) {
  const kinds = [
    (/** @type {number} */ i) => `name=core.${i} { delete; }`,
    (/** @type {number} */ i) => `name~*.ext${i} { ignore; }`,
    (/** @type {number} */ i) => `path~dir-${i}x/** { link; source=/remote/dir-${i}; }`,
    (/** @type {number} */ i) => `owner=${50_000 + i} { link; }`,
    (/** @type {number} */ i) => `path=d1/program-${i} { keep; exec "restart $F"; }`,
    (/** @type {number} */ i) => `name=".*-${i}[.]bak" { delete; }`,
    (/** @type {number} */ i) => `type=u+s & name=tool-${i} { chmod u-s; }`,
  ];
  return Array.from({ length: count }, (_, i) => kinds[i % kinds.length]?.(i) ?? '').join('\n');
}

const DROP = 'sync; echo 3 > /proc/sys/vm/drop_caches';

function dropsCaches() {
  const { status } = spawnSync('sh', ['-c', DROP], { stdio: 'ignore' });
  if (status !== 0) console.log('\n(cold: not measured, for only root may drop the caches)');
  return status === 0;
}

/** Megabytes. */
function peak(/** @type {string} */ command) {
  const script = `exec /usr/bin/time -f %M sh -c ${JSON.stringify(`exec env ${command}`)}`;
  const { stderr, status } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? (Number(stderr.trim().split('\n').at(-1)) / 1024).toFixed(0) : '?';
}

/** @param {string} command @param {readonly string[]} words */
function run(command, words) {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
