#!/usr/bin/env node
/**
 * The quick start: makes a depot of real software below .site/, and shows the main job from end to
 * end, each step with the command that a user would type. Repeating it begins afresh.
 *
 *     npm start
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const HERE = resolve(import.meta.dirname, '..');
const SITE = join(HERE, '.site');
const ROOT = join(SITE, 'host');
const DEBS = join(SITE, 'debs');
const BIN = join(SITE, 'bin');
/** Real programs with a library chain (jq → libjq1 → libonig5). */
const WANTED = ['tree', 'bc', 'jq', 'libjq1', 'libonig5'];

const color = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
const paint = (code, text) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
const environment = { ...process.env, XH_ROOT: ROOT, PATH: `${BIN}:${process.env['PATH']}` };
let step = 0;

/** A heading and a sentence or two. */
function tell(title, text) {
  step += 1;
  console.log(`\n${paint('1;36', `${step}. ${title}`)}`);
  console.log(text);
}

/** Shows and runs a command line; its output is shown, long ones shortened. Stops when it fails. */
function run(command, { lines = 12, cwd = SITE, expect = 0 } = {}) {
  console.log(paint(32, `$ ${command}`));
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    env: environment,
    encoding: 'utf8',
  });
  const output = `${stderr}${stdout}`.trimEnd();
  const shown = output === '' ? [] : output.split('\n');
  for (const line of shown.slice(0, lines)) console.log(`  ${line.replaceAll(SITE, '.site')}`);
  if (shown.length > lines) console.log(paint(2, `  … ${shown.length - lines} lines more`));
  if (status !== expect) {
    console.error(`\nthe command ended with ${status}, and should have with ${expect}`);
    if (shown.length > lines) console.error(output);
    process.exit(1);
  }
  return stdout;
}

const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

function prepare() {
  rmSync(ROOT, { recursive: true, force: true });
  rmSync(join(SITE, 'slave'), { recursive: true, force: true });
  rmSync(join(SITE, 'build'), { recursive: true, force: true });
  rmSync(BIN, { recursive: true, force: true });
  mkdirSync(join(ROOT, 'etc'), { recursive: true });
  mkdirSync(join(SITE, 'slave'), { recursive: true });
  mkdirSync(BIN, { recursive: true });
  for (const [name, file] of Object.entries({
    xh: 'xh.cjs',
    lfu: 'lfu.cjs',
    lfck: 'lfck.cjs',
    showpath: 'showpath',
  })) {
    if (existsSync(join(HERE, 'dist', file)))
      symlinkSync(join(HERE, 'dist', file), join(BIN, name));
  }
  const services = '/etc/services';
  if (existsSync(services)) copyFileSync(services, join(ROOT, 'etc/services'));
  else writeFileSync(join(ROOT, 'etc/services'), 'ssh\t22/tcp\nsmtp\t25/tcp\n');
  const inetd = '/etc/inetd.conf';
  if (existsSync(inetd)) copyFileSync(inetd, join(ROOT, 'etc/inetd.conf'));
  else writeFileSync(join(ROOT, 'etc/inetd.conf'), '# inetd.conf\n');
  chmodSync(join(ROOT, 'etc/services'), 0o644);
  copyFileSync(join(ROOT, 'etc/services'), join(SITE, 'services.before'));
  writeFileSync(
    join(SITE, 'env'),
    `# sourced by a shell, this gives the quick start's site and programs\nexport XH_ROOT='${ROOT}'\nexport PATH='${BIN}':"$PATH"\n`,
  );
}

/** The .deb files: kept from the last time, else fetched. @returns {string[]} */
function debs() {
  mkdirSync(DEBS, { recursive: true });
  const files = () => readdirSync(DEBS).filter((name) => name.endsWith('.deb'));
  const complete = () =>
    WANTED.every((name) => files().some((file) => file.startsWith(`${name}_`)));
  if (!complete() && has('apt-get')) {
    console.log(paint(32, `$ apt-get download ${WANTED.join(' ')}`));
    const download = () =>
      spawnSync('apt-get', ['download', '-qq', ...WANTED], { cwd: DEBS, stdio: 'ignore' });
    download();
    if (!complete() && process.getuid?.() === 0) {
      // a machine whose package lists were never fetched
      spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
      download();
    }
  }
  return complete() ? files() : [];
}

prepare();
console.log(paint(1, 'xhier: a depot of real software in .site/host, from nothing'));

tell(
  'Import software that exists',
  'Debian packages become packages of the depot: files sorted by type, dependencies carried over,\nnothing of them run.',
);
const fetched = debs();
let sample = 'tree';
if (fetched.length > 0) run(`xh import ${fetched.map((name) => `debs/${name}`).join(' ')}`);
else {
  console.log('  There is no apt here: a program that ships with xhier is taken instead.');
  run(`xh import ${join(HERE, 'software/rolllog')} --name rolllog --version 1.0`);
  sample = 'rolllog';
}

tell(
  'Make a package by hand',
  "A server is built from C source, installed into a staging directory, and adopted by 'xh mkpkg'.",
);
cpSync(join(HERE, 'software'), join(SITE, 'build'), { recursive: true });
const compiler = has('cc') && has('make');
if (compiler) {
  run('make -s -C build/timeserv install DESTDIR=$PWD/build/stage');
} else {
  console.log('  There is no C compiler here: the server is a shell script this time.');
  const stage = join(SITE, 'build/stage');
  mkdirSync(join(stage, 'servers'), { recursive: true });
  cpSync(join(SITE, 'build/timeserv/export'), join(stage, 'export'), { recursive: true });
  writeFileSync(join(stage, 'servers/timeserv'), '#!/bin/sh\nexec date -u\n');
  chmodSync(join(stage, 'servers/timeserv'), 0o755);
}
run('xh mkpkg timeserv --version 1.0 --from build/stage');
run('cat host/software/timeserv/export/services host/software/timeserv/export/inetd.conf');

tell('See what is there', 'A star marks what is installed on this host: nothing yet.');
run('xh list');

tell(
  'Install',
  'First what would be done; then it is done, as one transaction: system files, links, path table.',
);
run('xh install timeserv --dry-run', { lines: 20 });
const names = fetched.length > 0 ? 'timeserv jq tree bc' : 'timeserv rolllog';
run(`xh install ${names}`);
run(`xh which ${sample} /etc/services`);

tell(
  'Find the commands',
  "This is what a user's shell rc runs at every login: in sh form, and in csh form.",
);
run("showpath -f sh -v PATH 'standard*'");
run("showpath -f csh -v PATH 'standard*'");
run(
  fetched.length > 0
    ? `eval "$(showpath -f sh -v PATH 'standard*')"; tree --version; echo '{"depot": "works"}' | jq -r .depot`
    : `eval "$(showpath -f sh -v PATH 'standard*')"; echo line > log; rolllog log; cat log.1`,
);

tell(
  'Make a slave',
  `lfu makes one tree a faithful copy of another, except where a rule says otherwise. Here the slave\nkeeps a link instead of its own copy of ${sample}.`,
);
writeFileSync(
  join(SITE, 'slave.rules'),
  `# ${sample} stays on the big server; everything else is copied\npath=${sample} {\n  link;\n  source=/usr/remote/main/share;\n}\n`,
);
run('cat slave.rules');
run('lfu -i -f slave.rules host/.software/share slave/share', { lines: 10 });
run(`ls -l slave/share/${sample}`);

tell(
  'The next night',
  'One file changes on the master. Only that travels; then nothing is left to do.',
);
run('echo "# the administrator was here" >> host/software/timeserv/.admin/Options');
run('lfu -i -f slave.rules host/.software/share slave/share');
run('lfu -i -f slave.rules host/.software/share slave/share');

tell(
  'Take it out again',
  'Uninstalling is the exact reverse: the system file is byte for byte what it was.',
);
run('xh uninstall timeserv');
run('cmp services.before host/etc/services && echo "the same, byte for byte"');
run('xh history');

console.log(`\n${paint('1;36', 'Where everything is, and what to try next')}
  .site/host                 the site: .site/host/software is the depot, .site/host/etc its system files
  . .site/env                gives your shell this site and the programs
  xh help                    all commands; xh install --help and so on show examples
  xh rollback                take the last change back (it is recorded too: xh history)
  xh info jq, xh files tree  what a package says of itself, and where its files are
  rules/                     lfu rule scripts to start from
  README.md                  the tour, and where to read on`);
const left = readFileSync(join(ROOT, 'etc/services'), 'utf8').includes('xhier');
process.exit(left ? 1 : 0);
