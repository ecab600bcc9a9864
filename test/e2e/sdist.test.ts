/** `xh sdist`: sources to masters by a real sshd, built there in the background, and what became of them. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makePackage } from '../depot/packages.ts';
import { makeSshKey, startSshd, type Sshd } from '../servers/sshd.ts';
import { siteThatStays } from '../site.ts';
import { xh, type Ran } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const isRoot = process.getuid?.() === 0;
/** Whoever builds; root only by its own word. */
const BUILDER = isRoot ? 'nobody' : userInfo().username;

const sites = { sender: siteThatStays(), one: siteThatStays(), other: siteThatStays() };
let directory = '';
let sshd: Sshd;
beforeAll(async () => {
  directory = siteThatStays();
  sshd = await startSshd(join(directory, 'sshd'));
});
afterAll(async () => {
  await sshd.end();
});

beforeEach(() => {
  sshd.allowNobody();
  for (const root of Object.values(sites)) {
    chmodSync(root, 0o755);
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc/xhier.toml'), `[sdist]\naccount = "${BUILDER}"\n`);
    const jobs = join(root, '.software/local/.admin/sdist');
    if (existsSync(jobs)) renameSync(jobs, `${jobs}.${String(Date.now())}`);
  }
  inventory('');
  master('one', sites.one, `${process.execPath} ${XH}`);
  master('other', sites.other, `setarch linux32 ${process.execPath} ${XH}`);
});

/** A master that a key of its own leads to. */
function master(name: string, root: string, program: string): void {
  const file = join(directory, name);
  const key = existsSync(file)
    ? { file, public: readFileSync(`${file}.pub`, 'utf8').trim() }
    : makeSshKey(directory, name);
  sshd.allow(key, `XH_ROOT=${root} ${program} sdist --receive`);
  inventory(
    `[hosts.${name}]\nmaster = true\naddress = "${sshd.address}"\nport = ${sshd.port}\nuser = "${sshd.user}"\noptions = ["IdentityFile=${file}"]\n`,
  );
}

function inventory(text: string): void {
  const file = join(sites.sender, 'etc/xhier.toml');
  if (text !== '') appendFileSync(file, text);
  else {
    const options = [
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      `UserKnownHostsFile=${sshd.knownHosts}`,
    ];
    writeFileSync(
      file,
      `[ssh]\nprogram = "ssh -F none"\noptions = ${JSON.stringify(options)}\n[distribute]\nconnect-timeout = 5\n`,
    );
  }
}

function hello(
  makefile = 'all:\n\tcp hello.in hello\ninstall: all\n\tinstall -D hello $(DESTDIR)$(prefix)/bin/hello\n',
): void {
  makePackage(sites.sender, 'hello', {
    'src/Makefile': `prefix =\n${makefile}`,
    'src/hello.in': '#!/bin/sh\necho hello\n',
    'src/old.o': 'an object',
    'src/notes/private.txt': 'not for everybody',
    '.admin/sdist-ignore': '# what stays here\nnotes/\n',
  });
}

function sdist(...words: readonly string[]): Ran {
  return xh(sites.sender, 'sdist', ...words);
}

function jobOf(root: string): string {
  const jobs = join(root, '.software/local/.admin/sdist');
  const [job = ''] = readdirSync(jobs).filter((name) => /^\d{8}T/.test(name));
  return join(jobs, job);
}

test('a package is built on every master, and the digest has a line for each architecture', () => {
  hello();
  const ran = sdist('hello', '--wait');
  expect(ran.stderr).toContain('hello: 2 files (2 files left out)');
  expect(ran.stdout.replaceAll(/\d+ s/g, 'N s')).toMatch(
    /^hello: make all, sent [-\d: ]{16} by .*\n  linux-i686    other  done in N s\n  linux-\S+ +one    done in N s\n$/,
  );
  expect(ran.status).toBe(0);
  const source = join(jobOf(sites.one), 'source');
  // in the copy that a plain makefile is built in
  expect(readdirSync(source).toSorted()).toEqual(['.xh', 'Makefile', 'hello.in']);
  expect(sdist('--collect', 'hello').stdout).toBe(ran.stdout);
  inventory('[report]\nmailer = ""\n');
  const letter = sdist('--collect', 'hello', '--mail', 'jane@example.org').stdout;
  expect(letter).toMatch(/^To: jane@example.org\nSubject: hello: make all, sent .*\n\n/);
  expect(letter.endsWith(ran.stdout)).toBe(true);
});

test('what fails alike on several architectures is told once', () => {
  hello('all:\n\t@echo "hello.c:12: error: no such thing"; exit 3\n');
  const ran = sdist('hello', '--wait');
  expect(ran.status).toBe(1);
  expect(ran.stdout).toMatch(/\n {2}linux-i686 {4}other {2}failed after \d+ s: exit code 1\n/);
  expect(ran.stdout).toMatch(/\n\nthe same on \S+ \(one\), \S+ \(other\):\n/);
  expect(ran.stdout.match(/error: no such thing/g)?.length).toBe(1);
});

test('a master that does not answer is told with what to do, and the others build', () => {
  hello();
  inventory('[hosts.gone]\nmaster = true\naddress = "127.0.0.1"\nport = 1\n');
  const ran = sdist('hello', '--wait');
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(/gone +no sshd listens there/);
  expect(ran.stdout).toMatch(/ {2}\? +gone +no answer: no sshd listens there/);
  expect(ran.stdout.match(/done in/g)?.length).toBe(2);
});

test('a key that is confined to xh receive builds only where that was said', () => {
  hello();
  const key = { file: join(directory, 'one'), public: '' };
  key.public = readFileSync(`${key.file}.pub`, 'utf8').trim();
  sshd.allowNobody();
  sshd.allow(key, `XH_ROOT=${sites.one} ${process.execPath} ${XH} receive --allow '*'`);
  const refused = sdist('hello', '--to', 'one');
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /one +the key is for xh receive there, and not for building\n.*--build/,
  );
  sshd.allowNobody();
  sshd.allow(key, `XH_ROOT=${sites.one} ${process.execPath} ${XH} receive --allow '*' --build`);
  expect(sdist('hello', '--to', 'one', '--wait').stdout).toMatch(/done in/);
});

test('root builds nothing unless it is told by whom', () => {
  hello();
  writeFileSync(join(sites.one, 'etc/xhier.toml'), '');
  const ran = sdist('hello', '--to', 'one');
  if (isRoot) {
    expect(ran).toMatchObject({ status: 1 });
    expect(ran.stderr).toMatch(
      /built by nobody, until the site says by whom\n.*account = 'builder'/,
    );
    expect(existsSync(join(sites.one, '.software/local/.admin/sdist'))).toBe(false);
  } else expect(ran.status).toBe(0);
});

test('it is built by the account that the master names, which may write to nothing but the sources', () => {
  hello(`all:\n\tid -un\n${isRoot ? '\ttest ! -w ../../../..\n' : ''}`);
  const ran = sdist('hello', '--wait', '--to', 'one');
  expect(ran.stdout).toMatch(/done in/);
  const builds = join(jobOf(sites.one), 'source/.xh');
  const [architecture = ''] = readdirSync(builds);
  expect(readFileSync(join(builds, architecture, 'log'), 'utf8')).toContain(`\n${BUILDER}\n`);
});

test('an install puts it into the depot of the master, when whoever builds may change it', () => {
  hello();
  if (isRoot) {
    const { uid, gid } = nobody();
    mkdirSync(join(sites.one, '.software/local/.admin/sdist'), { recursive: true });
    spawnSync('chown', ['-R', `${uid}:${gid}`, sites.one]);
    chownSync(sites.one, uid, gid);
  }
  const ran = sdist('hello', '-m', 'install', '--wait', '--to', 'one');
  expect(ran.stdout).toMatch(/hello: make install.*\n.*done in/);
  expect(readFileSync(join(sites.one, 'software/hello/bin/hello'), 'utf8')).toContain('echo hello');
  spawnSync('chown', ['-R', `${process.getuid?.() ?? 0}`, sites.one]);
});

test('a build that was killed with its host is told as dead, not as running', async () => {
  hello('all:\n\tsleep 1003.7\n');
  expect(sdist('hello', '--to', 'one').status).toBe(0);
  const id = jobOf(sites.one).split('/').at(-1) ?? '';
  const processes = (pattern: string): number[] =>
    spawnSync('pgrep', ['-f', pattern], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line !== '')
      .map(Number);
  const sleeping = (): number[] => processes('^sleep 1003.7$');
  for (let tries = 0; sleeping().length === 0 && tries < 100; tries++) await sleep(100);
  expect(sdist('--collect', 'hello', '--to', 'one').stdout).toMatch(/running for/);
  for (const pid of [...processes(id), ...sleeping()]) process.kill(pid, 'SIGKILL');
  // a build that has only just been sent may not have begun
  const order = join(jobOf(sites.one), 'order.json');
  spawnSync('touch', ['-d', '-1 hour', order]);
  expect(sdist('--collect', 'hello', '--to', 'one').stdout).toMatch(
    /died: the host was started anew/,
  );
});

test('builds are removed when their days are over', () => {
  hello();
  sdist('hello', '--wait', '--to', 'one');
  const job = jobOf(sites.one);
  renameSync(job, join(job, '../20200101T000000Z-00000000'));
  expect(xh(sites.one, 'maintenance', '--now', 'sdist').stderr).toContain('1 build removed');
  expect(readdirSync(join(job, '..'))).toEqual([]);
});

test('what is no order, and what is no target, is refused', () => {
  hello();
  expect(sdist('hello', '-m', '--jobs').status).toBe(2);
  const far = (input: string, ...words: readonly string[]) =>
    spawnSync(process.execPath, [XH, 'sdist', '--receive', ...words], {
      encoding: 'utf8',
      input,
      env: { ...process.env, XH_ROOT: sites.one },
    });
  expect(far('nonsense\n', 'build')).toMatchObject({
    status: 2,
    stdout: expect.stringContaining('E_SDIST_ORDER') as string,
  });
  expect(far('', 'build').status).toBe(2);
  const order = {
    format: 1,
    id: '20261122T031700Z-1a2b3c4d',
    name: '../etc',
    directory: 'hello',
    target: 'all',
    words: [],
    from: 'x',
    size: 7,
  };
  expect(far(`${JSON.stringify(order)}\n`, 'build').stdout).toContain('not whole');
  expect(
    far(`${JSON.stringify({ ...order, name: 'hello', id: '../../x' })}\n`, 'build').stdout,
  ).toContain('not whole');
  // an archive that is cut off leaves nothing
  const cut = far(`${JSON.stringify({ ...order, name: 'hello' })}\ngarbage`, 'build');
  expect(cut.stdout).toContain('E_SDIST_UNPACK');
  expect(readdirSync(join(sites.one, '.software/local/.admin/sdist'))).toEqual([]);
  expect(far('', 'run', '../x').status).not.toBe(0);
});

function nobody(): { readonly uid: number; readonly gid: number } {
  const [, , uid = '', gid = ''] = spawnSync('getent', ['passwd', 'nobody'], {
    encoding: 'utf8',
  }).stdout.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
