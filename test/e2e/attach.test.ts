/** `xh attach` and `xh detach`: packages by links into another host's site that is mounted here. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freshSite, temporaryDirectory } from '../site.ts';
import { publisher, subscriber } from './stores.ts';
import { snapshot, xh, xhDone } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

/** Makes a package on a site, with a program that says `says`. */
function makePackage(root: string, name: string, says = name): void {
  xhDone(root, 'mkpkg', name);
  const program = join(root, 'software', name, 'bin', name);
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, `#!/bin/sh\necho ${says}\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(root, 'software', name, 'data/table'), `${says}\n`);
}

/** A site with another one mounted in it, or what looks like that. */
function mounted(...packages: readonly string[]): {
  readonly root: string;
  readonly mount: string;
} {
  const { path: root } = freshSite();
  const mount = join(root, 'net/other');
  addMount(mount, ...packages);
  return { root, mount };
}

function addMount(mount: string, ...packages: readonly string[]): void {
  const other = temporaryDirectory('other');
  mkdirSync(join(other, 'etc'));
  for (const each of packages) makePackage(other, each, `${each} of ${mount.split('/').pop()}`);
  mkdirSync(dirname(mount), { recursive: true });
  execFileSync('cp', ['-a', other, mount]);
}

function run(root: string, name: string): string {
  return execFileSync(join(root, '.software/local/.admin/bins/bin', name), { encoding: 'utf8' });
}

function typesOf(root: string, name: string): string[] {
  return ['share', 'arch'].map((type) => {
    const path = join(root, '.software', type, name);
    if (!existsSync(path)) return 'nothing';
    return lstatSync(join(path, type === 'share' ? 'data' : 'bin')).isSymbolicLink()
      ? 'links'
      : 'files';
  });
}

test('an attached package is installed, used, listed, verified and taken away like any other', () => {
  const { root, mount } = mounted('tool', 'other');
  const before = snapshot(mount);
  expect(xhDone(root, 'attach', 'tool', '--from', mount, '--dry-run').stdout).toMatch(
    /\/\.software\/arch\/tool/,
  );
  expect(existsSync(join(root, '.software/share/tool'))).toBe(false);
  const attached = xhDone(root, 'attach', 'tool', '--from', mount);
  expect(attached.stderr).toBe(
    'tool is attached, from /net/other\nto have their commands: xh install tool\n',
  );
  expect(xhDone(root, 'attach', 'tool', '--from', mount).stderr).toMatch(/was attached already/);
  xhDone(root, 'install', 'tool');
  expect(run(root, 'tool')).toBe('tool of other\n');
  // one of its own, for what is this host's
  expect(statSync(join(root, 'software/tool/logs')).isDirectory()).toBe(true);
  writeFileSync(join(root, 'software/tool/logs/log'), 'x');
  expect(xhDone(root, 'list').stdout).toMatch(/^\* tool .* attached from \/net\/other$/m);
  const [listed] = JSON.parse(xhDone(root, 'list', '--json').stdout) as [{ attached: string }];
  expect(listed.attached).toBe('/net/other');
  expect(xhDone(root, 'verify').stderr).toMatch(/all as installed/);
  expect(xhDone(root, 'doctor').stdout).not.toMatch(/problem/);
  const refused = xh(root, 'detach', 'tool');
  expect(refused.status).toBe(3);
  expect(refused.stderr).toMatch(
    /tool is installed here, and would be gone\n.*xh detach tool --copy/,
  );
  xhDone(root, 'uninstall', 'tool');
  rmSync(join(root, 'software/tool/logs/log'));
  xhDone(root, 'detach', 'tool');
  expect(xhDone(root, 'list').stdout).toBe('');
  expect(existsSync(join(root, '.software/local/tool'))).toBe(false);
  expect(snapshot(mount)).toEqual(before);
});

test('it becomes a copy and is attached again in single steps, while somebody uses it all the time', async () => {
  const { root, mount } = mounted('tool');
  xhDone(root, 'attach', 'tool', '--from', mount);
  xhDone(root, 'install', 'tool');
  const user = spawn('sh', [
    '-c',
    'while :; do "$1" >/dev/null && cat "$2" "$3" >/dev/null || { echo gone; exit; }; done',
    'sh',
    join(root, '.software/local/.admin/bins/bin/tool'),
    join(root, 'software/tool/data/table'),
    join(root, 'software/tool/bin/tool'),
  ]);
  let said = '';
  user.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  user.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  try {
    for (let i = 0; i < 3; i++) {
      xhDone(root, 'detach', 'tool', '--copy');
      expect(typesOf(root, 'tool')).toEqual(['files', 'files']);
      expect(xhDone(root, 'verify').stderr).toMatch(/all as installed/);
      const refused = xh(root, 'attach', 'tool', '--from', mount);
      expect(refused.stderr).toMatch(/files that nobody else is known to have\n.*--replace/);
      expect(refused.status).toBe(3);
      xhDone(root, 'attach', 'tool', '--from', mount, '--replace');
      expect(typesOf(root, 'tool')).toEqual(['links', 'links']);
      expect(xhDone(root, 'verify').stderr).toMatch(/all as installed/);
    }
    await setTimeout(50);
    expect(said).toBe('');
  } finally {
    user.kill('SIGKILL');
  }
  xhDone(root, 'detach', 'tool', '--copy');
  rmSync(mount, { recursive: true });
  expect(run(root, 'tool')).toBe('tool of other\n');
  expect(xhDone(root, 'doctor').stdout).not.toMatch(/problem/);
});

test('sites are mounted in several ways: a root, a /.software, packages as a whole, other architectures', () => {
  const { root, mount } = mounted('tool');
  const arch = xhDone(root, 'arch').stdout.trim();
  // a site with a tree for each architecture, whose links are for its own root
  const store = join(mount, 'export/arch');
  mkdirSync(store, { recursive: true });
  renameSync(join(mount, '.software/arch'), join(store, arch));
  mkdirSync(join(store, 'vax-ultrix/tool'), { recursive: true });
  const itsRoot = dirname(dirname(dirname(readlinkSync(join(mount, '.software/share/.admin')))));
  symlinkSync(join(itsRoot, 'export/arch/vax-ultrix'), join(mount, '.software/arch'));
  xhDone(root, 'attach', 'tool', '--from', mount);
  xhDone(root, 'install', 'tool');
  expect(run(root, 'tool')).toBe('tool of other\n');
  xhDone(root, 'uninstall', 'tool');
  xhDone(root, 'detach', 'tool');
  rmSync(join(mount, '.software/arch'));
  renameSync(join(store, arch), join(mount, '.software/arch'));
  xhDone(root, 'attach', 'tool', '--from', join(mount, '.software'));
  xhDone(root, 'install', 'tool');
  expect(run(root, 'tool')).toBe('tool of other\n');
  const whole = join(root, 'net/whole');
  mkdirSync(join(whole, 'apart/.admin'), { recursive: true });
  mkdirSync(join(whole, 'apart/bin'));
  writeFileSync(join(whole, 'apart/.admin/Maintainer'), 'ops@example.org\n');
  writeFileSync(join(whole, 'apart/bin/apart'), '#!/bin/sh\necho apart\n', { mode: 0o755 });
  xhDone(root, 'attach', 'apart', '--from', whole);
  xhDone(root, 'install', 'apart');
  expect(run(root, 'apart')).toBe('apart\n');
});

test('a mount that is gone is told of; its packages stay what they are, and are there again with it', () => {
  const { root, mount } = mounted('tool');
  xhDone(root, 'attach', 'tool', '--from', mount);
  xhDone(root, 'install', 'tool');
  renameSync(mount, `${mount}.away`);
  mkdirSync(mount);
  expect(xhDone(root, 'list').stdout).toMatch(/tool .*\/net\/other is not mounted .*attached from/);
  const doctor = xh(root, 'doctor');
  expect(doctor.status).toBe(1);
  expect(doctor.stdout).toMatch(
    /problem +\/net\/other is not mounted, from which a package is attached: tool/,
  );
  expect(doctor.stdout.match(/problem/g)).toHaveLength(1);
  expect(xhDone(root, 'make-links').stderr).toMatch(/its mount is not there: its links stay/);
  expect(xh(root, 'attach', 'tool', '--from', mount).stderr).toMatch(
    /\/net\/other has no packages/,
  );
  expect(xh(root, 'detach', 'tool', '--copy').status).toBe(1);
  rmSync(mount, { recursive: true });
  renameSync(`${mount}.away`, mount);
  expect(run(root, 'tool')).toBe('tool of other\n');
  expect(xhDone(root, 'doctor').stdout).not.toMatch(/problem/);
});

test('a server that does not answer keeps nobody waiting', () => {
  const { root, mount } = mounted('tool');
  xhDone(root, 'attach', 'tool', '--from', mount);
  xhDone(root, 'install', 'tool');
  const out = join(root, 'out');
  const commands = ['list', 'doctor', 'verify', 'make-links', `attach tool --from ${mount}`];
  // a FUSE file system whose server never says a word
  const script = `exec 9<>/dev/fuse
    mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 dead ${mount} || exit 77
    ( ${commands
      .map(
        (each, i) =>
          `timeout -s KILL 60 ${XH} --root ${root} ${each} > ${out}${i} 2>&1; echo $? > ${out}${i}.code`,
      )
      .join('\n')} ) 9>&- < /dev/null
    umount -f -l ${mount}`;
  const ran = spawnSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
  expect(ran.status).toBe(0);
  const [list, doctor, verify, links, attach] = commands.map((_, i) => ({
    code: Number(readFileSync(`${out}${i}.code`, 'utf8')),
    said: readFileSync(`${out}${i}`, 'utf8'),
  }));
  expect(list?.said).toMatch(/tool .*\/net\/other does not answer/);
  expect(doctor?.said).toMatch(/problem +\/net\/other does not answer, from which a package is/);
  expect(verify?.said).toMatch(/1 difference/);
  expect(links).toMatchObject({ code: 0, said: expect.stringMatching(/its links stay/) as string });
  expect(attach).toMatchObject({
    code: 1,
    said: expect.stringMatching(/\/net\/other does not answer/) as string,
  });
});

test('the configuration says what is attached, from where first, and what is local; pull keeps it so', () => {
  const site = publisher();
  for (const name of ['one', 'two', 'three']) makePackage(site.root, name, `${name} of the store`);
  site.publish();
  const root = subscriber(site.store, site.siteKey);
  const near = join(root, 'net/near');
  const far = join(root, 'net/far');
  addMount(near, 'one');
  addMount(far, 'one', 'two', 'four');
  const configure = (lines: string): void => {
    const file = join(root, 'etc/xhier.toml');
    const rest = readFileSync(file, 'utf8').split('\n[attach]')[0] ?? '';
    writeFileSync(file, `${rest.trimEnd()}\n[attach]\n${lines}\n`);
  };
  configure(`mounts = ["/net/near", "/net/far"]\npackages = ["*"]\nlocal = ["two"]`);
  xhDone(root, 'pull');
  const said = (): string => xhDone(root, 'list').stdout;
  expect(said()).toMatch(/one .*attached from \/net\/near/);
  expect(said()).toMatch(/four .*attached from \/net\/far/);
  expect(typesOf(root, 'two')).toEqual(['files', 'files']);
  expect(run(root, 'two')).toBe('two of the store\n');
  expect(run(root, 'three')).toBe('three of the store\n');
  xhDone(root, 'install', 'one');
  expect(run(root, 'one')).toBe('one of near\n');
  configure(`mounts = ["/net/far", "/net/near"]\npackages = ["*"]`);
  xhDone(root, 'pull');
  expect(run(root, 'one')).toBe('one of far\n');
  expect(run(root, 'two')).toBe('two of far\n');
  configure(`mounts = ["/net/far", "/net/near"]\npackages = ["four"]`);
  xhDone(root, 'pull');
  expect(typesOf(root, 'one')).toEqual(['files', 'files']);
  expect(run(root, 'one')).toBe('one of the store\n');
  expect(said()).toMatch(/four .*attached from \/net\/far/);
  expect(said().match(/attached/g)).toHaveLength(1);
  expect(xhDone(root, 'verify').stderr).toMatch(/all as installed/);
});

test('an ordinary user attaches packages to a site of his own', () => {
  const { root, mount } = mounted('tool');
  execFileSync('chmod', ['-R', 'a+rX', root]);
  for (const path of [root, join(root, 'etc'), join(root, 'net')])
    execFileSync('chown', ['65534', path]);
  const as = (...words: readonly string[]) =>
    spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', XH, '--root', root, ...words],
      { encoding: 'utf8', cwd: '/' },
    );
  for (const words of [
    ['attach', 'tool', '--from', mount],
    ['install', 'tool'],
    ['detach', 'tool', '--copy'],
  ]) {
    expect(as(...words)).toMatchObject({ status: 0 });
    if (words[0] !== 'attach') expect(run(root, 'tool')).toBe('tool of other\n');
  }
});

test.each([
  [['attach', 'nothing', '--from', 'MOUNT'], /no package nothing below \/net\/other/, 1],
  [['attach', 'tol', '--from', 'MOUNT'], /did you mean 'tool'/, 1],
  [['attach', 'tool', '--from', '/tmp'], /\/tmp is not below the site root/, 3],
  [['attach', 'tool', '--from', 'MOUNT/nowhere'], /\/net\/other\/nowhere is not there/, 1],
  [['attach', 'tool'], /where the packages are mounted is missing\n.*--from/, 2],
  [['attach'], /<package> is missing/, 2],
  [['detach', 'tool'], /tool is not attached here/, 1],
])('xh %j is refused', (words, said, status) => {
  const { root, mount } = mounted('tool');
  const before = snapshot(root, 'net');
  const ran = xh(root, ...words.map((word) => word.replace('MOUNT', mount)));
  expect(ran.stderr).toMatch(said);
  expect(ran.status).toBe(status);
  expect(snapshot(root, 'net')).toEqual(before);
});
