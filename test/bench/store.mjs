/**
 * A store behind a real nginx on the loopback, beside what else brings a set of files from there: curl,
 * several at a time, and rsync, both of which verify nothing. First one tree of small files, then a
 * depot of packages with the commands themselves: first publish and pull, nothing changed, 1 % changed.
 * In memory, where there is /dev/shm, for this is about programs and not about disks.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { race, report } from './measure.mjs';
import { countBelow, makeTree } from './trees.mjs';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const HERE = import.meta.dirname;
/** Objects of the tree, and of the depot. */
const SIZES = [20_000, 200_000];
/** Objects of a package of the depot. */
const PACKAGE_SIZE = 1000;
const DIGITS = 2;

/** @param {readonly (number | string)[]} words how many objects the tree and the depot have; 0 for none */
export async function benchStore(words) {
  const given = words.map(Number);
  const [treeSize = 0, depotSize = 0] = SIZES.map((size, i) => given[i] ?? size);
  const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const work = mkdtempSync(join(place, 'xhier-bench-'));
  /** @type {(() => unknown)[]} */
  const ending = [];
  try {
    const { startNginx } = await bundled(work, resolve(HERE, '../servers/nginx.ts'), 'esm');
    const nginx = await startNginx(join(work, 'nginx'), work);
    ending.push(() => nginx.end());
    if (treeSize > 0) {
      const rsync = await startRsync(work);
      ending.push(() => rsync.kill());
      const squid = await startCache(work, nginx);
      if (squid !== undefined) ending.push(() => squid.end('SIGKILL'));
      await oneTree(work, { nginx, squid, rsync, size: treeSize });
    }
    if (depotSize > 0) depot(work, { nginx, size: depotSize });
  } finally {
    for (const end of ending) await end();
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} work @param {{ nginx: { url: string }, squid: { url: string } | undefined, rsync: { url: string }, size: number }} servers */
async function oneTree(work, { nginx, squid, rsync, size }) {
  const tree = join(work, 'tree');
  const files = makeTree(tree, { objects: size, contents: true });
  const bytes = files.reduce((sum, file) => sum + statSync(join(tree, file)).size, 0);
  const library = join(work, 'library.cjs');
  await bundled(work, join(HERE, 'store-library.ts'), 'cjs', library);
  mkdirSync(join(work, 'store'));
  run('node', [library, 'publish', tree, join(work, 'store')]);
  const urlsAt = (/** @type {{ url: string }} */ { url }) => {
    const list = join(work, `urls-${url.split(':').at(-1)}`);
    const lines = files.map(
      (file) => `url = "${url}/tree/${file}"\noutput = "${work}/to/${file}"\n`,
    );
    writeFileSync(list, lines.join(''));
    return list;
  };
  const to = join(work, 'to');
  const before = `rm -rf ${to}; mkdir ${to}`;
  const contenders = [
    {
      name: 'curl --parallel, 8 at a time',
      command: `curl -sS --parallel --parallel-max 8 --create-dirs -K ${urlsAt(nginx)}`,
      before,
    },
    ...(squid === undefined
      ? []
      : [
          {
            name: 'curl, of a squid that has it',
            command: `curl -sS --parallel --parallel-max 8 --create-dirs -K ${urlsAt(squid)}`,
            before,
          },
        ]),
    { name: 'rsync -aH rsync://', command: `rsync -aH ${rsync.url}/tree/ ${to}`, before },
    {
      name: 'store, fetched and verified',
      command: `node ${library} pull ${nginx.url}/store/ ${to}`,
      before,
    },
  ];
  const timings = race(contenders, { runs: 7 });
  report(`${files.length} small files, ${megabytes(bytes)} MB, over the loopback`, timings);
  console.log('');
  for (const { name, p50 } of timings) {
    const rate = (/** @type {number} */ amount) => ((amount / p50) * 1000).toFixed(0).padStart(7);
    console.log(`  ${rate(files.length)} files/s ${rate(bytes / 1e6)} MB/s  ${name}`);
  }
  for (const each of contenders) peak(each.name, `${each.before}; ${each.command}`);
  execFileSync('rm', ['-rf', tree, to, join(work, 'store')]);
}

/** @param {string} work @param {{ nginx: { url: string, accessLog: string }, size: number }} options */
function depot(work, { nginx, size }) {
  const publisher = site(work, 'publisher');
  const host = site(work, 'host');
  const store = join(work, 'store');
  mkdirSync(store);
  const packages = Array.from({ length: Math.ceil(size / PACKAGE_SIZE) }, (_, i) => `pack${i}`);
  const trees = new Map(
    packages.map((name) => {
      const root = join(publisher, '.software/share', name);
      const files = makeTree(root, {
        objects: PACKAGE_SIZE - 2,
        contents: true,
        distinct: name,
      });
      mkdirSync(join(root, '.admin'));
      writeFileSync(join(root, '.admin/Maintainer'), 'root\n');
      return /** @type {const} */ ([root, files]);
    }),
  );
  const xh = (/** @type {string} */ root, /** @type {string} */ words) =>
    `XH_ROOT=${root} ${XH} ${words}`;
  configure(publisher, `publish.store = "${store}"`);
  for (const words of ['make site publisher', 'trust', "delegate publisher --packages '*'"]) {
    shell(xh(publisher, `key ${words} --quiet`));
  }
  const key = readFileSync(join(publisher, 'etc/xhier/keys/site.pub'), 'utf8').trim();
  configure(host, `stores = ["${nginx.url}/store"]\nsite-keys = ["${key}"]`);

  const objects = countBelow(join(publisher, '.software/share'));
  const title = `a depot of ${packages.length} packages, ${objects.toLocaleString('en')} objects`;
  console.log(`\n${title}`);
  const publish = xh(publisher, 'publish --quiet');
  const pull = xh(host, 'pull --quiet');
  const pulled = (/** @type {string} */ name) => {
    truncateSync(nginx.accessLog);
    peak(name, pull);
    const lines = readFileSync(nginx.accessLog, 'utf8').trim().split('\n');
    const bytes = lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
    console.log(
      `          ${lines.length.toLocaleString('en')} requests, ${megabytes(bytes)} MB from the server`,
    );
  };
  peak('first publish', publish);
  pulled('first pull');
  peak('publish, nothing changed', publish);
  pulled('pull, nothing changed');
  let at = 0;
  for (const [root, files] of trees) {
    for (const file of files) {
      if (at++ % 100 === 0) writeFileSync(join(root, file), `changed ${at} ${file}`);
    }
  }
  peak('publish, 1 % of the files changed, in every package', publish);
  pulled('pull of that');
  for (const [root, files] of [...trees].slice(0, Math.ceil(packages.length / 100))) {
    for (const file of files) {
      const content = readFileSync(join(root, file));
      content.write('changed');
      writeFileSync(join(root, file), content);
    }
  }
  peak('publish, 1 % of the packages changed, every file', publish);
  pulled('pull of that');
  report(
    `${title}: nothing changed`,
    race(
      [
        {
          name: 'rsync -aH --delete --dry-run of the same',
          command: `rsync -aHn --delete ${publisher}/.software/ ${host}/.software`,
        },
        { name: 'xh publish', command: publish },
        { name: 'xh pull', command: pull },
      ],
      { runs: 5 },
    ),
  );
}

/** @param {string} work @param {string} name */
function site(work, name) {
  const root = join(work, name);
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, '.software/share'), { recursive: true });
  symlinkSync('.software/share', join(root, 'software'));
  return root;
}

/** @param {string} root @param {string} text */
function configure(root, text) {
  writeFileSync(join(root, 'etc/xhier.toml'), `${text}\n`);
}

/** Time and memory of one run. @param {string} name @param {string} command */
function peak(name, command) {
  const { stderr, status } = spawnSync(
    '/usr/bin/time',
    ['-f', '%e %M', 'sh', '-c', `${command} >/dev/null`],
    { encoding: 'utf8' },
  );
  const [seconds = '?', kilobytes = '?'] = stderr.trim().split('\n').at(-1)?.split(' ') ?? [];
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  const memory = (Number(kilobytes) / 1024).toFixed(0);
  console.log(`  ${Number(seconds).toFixed(2).padStart(7)} s ${memory.padStart(5)} MB  ${name}`);
}

/** A squid before the server, where there is one. @param {string} work @param {unknown} origin */
async function startCache(work, origin) {
  if (spawnSync('squid', ['-v']).status !== 0) return undefined;
  const { startSquid } = await bundled(work, resolve(HERE, '../servers/squid.ts'), 'esm');
  return startSquid(join(work, 'squid'), origin);
}

/** A daemon that shares everything below `work`. @param {string} work */
async function startRsync(work) {
  const { freePort } = await bundled(work, resolve(HERE, '../servers/server.ts'), 'esm');
  const port = await freePort();
  const file = join(work, 'rsyncd.conf');
  const account = process.getuid?.() === 0 ? 'uid = 0\ngid = 0\n' : '';
  writeFileSync(file, `use chroot = no\n${account}[set]\npath = ${work}\n`);
  const words = ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`];
  const server = spawn('rsync', [...words, `--config=${file}`], { stdio: 'ignore' });
  const url = `rsync://127.0.0.1:${port}/set`;
  for (let i = 0; i < 100 && spawnSync('rsync', [url]).status !== 0; i++) {
    spawnSync('sleep', ['0.05']);
  }
  return { url, kill: () => server.kill() };
}

/** A module of TypeScript as this version of Node can run it. @param {string} work @param {string} source @param {'esm' | 'cjs'} format @param {string} [output] */
async function bundled(work, source, format, output = join(work, 'module.mjs')) {
  await build({
    entryPoints: [source],
    outfile: output,
    bundle: true,
    platform: 'node',
    format,
    external: ['koffi'],
    define: format === 'cjs' ? { 'import.meta.url': '__filename' } : {},
    logLevel: 'error',
  });
  if (format === 'cjs') {
    const modules = join(work, 'node_modules');
    if (!existsSync(modules)) symlinkSync(resolve(HERE, '../../node_modules'), modules);
    return undefined;
  }
  // a name of its own: modules are loaded once
  const name = join(work, `${Math.random()}.mjs`);
  renameSync(output, name);
  return import(pathToFileURL(name).href);
}

/** @param {number} bytes */
function megabytes(bytes) {
  return (bytes / 1e6).toFixed(DIGITS);
}

/** @param {string} command */
function shell(command) {
  run('sh', ['-c', command]);
}

/** @param {string} command @param {readonly string[]} words */
function run(command, words) {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
