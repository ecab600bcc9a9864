/** `xh verify`: whether the host still has what was installed, and no false alarms. */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone, type Ran } from './xh.ts';

let root = '';
let clock = '';
beforeEach(() => {
  root = freshSite().path;
  chmodSync(root, 0o755);
  copySystemFiles(root, 'services', 'passwd', 'group');
  clock = makePackage(root, 'clock', {
    '.admin/Options': 'version = 1.0\n',
    '.admin/file-types': 'etc/* local\n',
    'bin/clock': command('clock'),
    'data/faces/round': 'round\n',
    'data/faces/square': 'square\n',
    'data/now': '→ faces/round',
    'man/man1/clock.1': '.TH CLOCK 1\n',
    'export/services': 'clock 4711/tcp\n',
    'export/profile.d/clock.sh': 'CLOCK=1\n',
  });
  makePackage(root, 'other', { 'bin/other': command('other') });
  xhDone(root, 'install', 'clock', 'other');
});

function verified(...words: readonly string[]): Ran {
  return xh(root, 'verify', ...words);
}

/** Each line without what is in columns, and its kind apart. */
function found(...words: readonly string[]): readonly (readonly string[])[] {
  return verified(...words)
    .stdout.split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/ {2,}/).slice(0, 2));
}

test('a host as it was installed: silent, exit 0, and nothing is written', () => {
  const before = snapshot(root);
  expect(verified()).toMatchObject({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(/^2 packages, \d+ paths: all as installed\n$/) as string,
  });
  expect(verified('-q', 'clock')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(snapshot(root)).toEqual(before);
});

describe('files of the depot', () => {
  test('missing, changed, extra, of another type, mode or owner: each with its path', () => {
    const share = '/.software/share/clock';
    rmSync(join(clock, 'data/faces'), { recursive: true });
    writeFileSync(join(clock, 'data/new'), 'x');
    mkdirSync(join(clock, 'more'));
    writeFileSync(join(clock, 'more/and'), 'more');
    chmodSync(join(clock, 'bin/clock'), 0o4755);
    unlinkSync(join(clock, 'data/now'));
    symlinkSync('faces/square', join(clock, 'data/now'));
    unlinkSync(join(clock, 'man/man1/clock.1'));
    mkdirSync(join(clock, 'man/man1/clock.1'));
    appendFileSync(join(clock, 'export/profile.d/clock.sh'), 'x\n');
    const ran = verified();
    expect(ran.status).toBe(1);
    expect(found()).toEqual([
      ['mode', `${share}/bin/clock`],
      // of a directory that is gone or new, what is in it is not listed
      ['missing', `${share}/data/faces`],
      ['extra', `${share}/data/new`],
      ['changed', `${share}/data/now`],
      ['changed', `${share}/export/profile.d/clock.sh`],
      ['type', `${share}/man/man1/clock.1`],
      ['extra', `${share}/more`],
    ]);
    expect(ran.stdout).toContain('expected 0755, found 4755');
    expect(ran.stdout).toContain('expected → faces/round, found → faces/square');
    expect(ran.stdout).toContain('expected 8 bytes, found 10 bytes');
    expect(ran.stderr).toContain('7 differences in 1 package');
    expect(found('other')).toEqual([]);
    // what settles each is shown on request, and does
    const told = verified('-v').stdout;
    const chmod = /→ (chmod .*)/.exec(told)?.[1] ?? '';
    expect(chmod).toBe(`chmod 0755 ${root}${share}/bin/clock`);
    chmodSync(join(clock, 'bin/clock'), 0o755);
    mkdirSync(join(clock, 'data/faces'));
    expect(verified('clock').stdout).toContain('expected a file of 12 bytes, found a directory');
    xhDone(root, 'install', 'clock');
    expect(verified().status).toBe(0);
  });

  test('a change that keeps size and time is found by content, and not with --quick', () => {
    const sized = makePackage(root, 'sized', { 'data/face': 'round\n' });
    const file = join(sized, 'data/face');
    const time = new Date(1e12);
    utimesSync(file, time, time);
    xhDone(root, 'install', 'sized');
    writeFileSync(file, 'ROUND\n');
    utimesSync(file, time, time);
    expect(found()).toEqual([['changed', '/.software/share/sized/data/face']]);
    expect(verified().stdout).toMatch(/expected sha256 [0-9a-f]{12}…, found sha256 [0-9a-f]{12}…/);
    expect(verified('--quick').status).toBe(0);
    writeFileSync(file, 'Round\n');
    expect(found('--quick')).toEqual([['changed', '/.software/share/sized/data/face']]);
    // a time alone is no difference
    writeFileSync(file, 'round\n');
    expect(verified().status).toBe(0);
    expect(verified('--quick').status).toBe(0);
  });

  test('another owner is told with the command that gives it back', () => {
    if (process.getuid?.() !== 0) return;
    chownSync(join(clock, 'data/faces/round'), 1234, 1235);
    expect(verified('-v').stdout).toBe(
      'owner       /.software/share/clock/data/faces/round  expected 0:0, found 1234:1235\n' +
        `            → chown -h 0:0 ${root}/.software/share/clock/data/faces/round\n`,
    );
  });

  test('what changes by itself cries no wolf: logs, spool, what is local to the host', () => {
    const local = join(root, '.software/local/clock');
    mkdirSync(join(local, 'logs'), { recursive: true });
    mkdirSync(join(local, 'etc'), { recursive: true });
    writeFileSync(join(local, 'logs/clock.log'), 'started\n');
    writeFileSync(join(local, 'etc/clock.conf'), 'a = 1\n');
    xhDone(root, 'install', 'clock');
    appendFileSync(join(local, 'logs/clock.log'), 'more\n');
    renameSync(join(local, 'logs/clock.log'), join(local, 'logs/clock.log.1'));
    writeFileSync(join(local, 'etc/clock.conf'), 'a = 2\n');
    chmodSync(join(local, 'etc/clock.conf'), 0o600);
    expect(verified()).toMatchObject({ status: 0, stdout: '' });
    // a directory that a program writes to is needed
    rmSync(join(local, 'logs'), { recursive: true });
    expect(found()).toEqual([['missing', '/.software/local/clock/logs']]);
  });

  test('a package that the depot has lost is one line, not one for each file', () => {
    rmSync(clock, { recursive: true });
    const ran = verified('clock');
    expect(ran.stdout.split('\n')[0]).toContain('missing     /software/clock');
    expect(xh(root, 'verify', '-v').stdout).toContain('→ put it back, or: xh uninstall clock');
  });

  test('a package that was updated since says so', () => {
    writeFileSync(join(clock, '.admin/Options'), 'version = 1.1\n');
    expect(verified().stderr).toContain(
      'note: the depot has clock 1.1 now, installed is 1.0: xh install clock',
    );
  });

  test('names that are no text are shown as what they are', () => {
    const name = Buffer.concat([Buffer.from(join(clock, 'data/')), Buffer.from([0xff, 0x0a])]);
    writeFileSync(name, 'x');
    const ran = verified('-v');
    expect(ran.stdout).toContain(String.raw`extra       /.software/share/clock/data/\xff\n`);
    expect(ran.stdout).toContain(String.raw`\xff\x0a'`);
    expect(JSON.parse(verified('--json').stdout)).toMatchObject({
      differences: [{ path: { base64: expect.any(String) as string } }],
    });
  });
});

describe('what stands outside the depot', () => {
  test('links that vanished, were turned, or gave way to a file', () => {
    unlinkSync(bins(root, 'clock'));
    unlinkSync(bins(root, 'other'));
    symlinkSync(join(root, 'software/clock/bin/clock'), bins(root, 'other'));
    expect(found()).toEqual([
      ['missing', '/.software/local/.admin/bins/bin/clock'],
      ['changed', '/.software/local/.admin/bins/bin/other'],
    ]);
    xhDone(root, 'make-links');
    expect(verified().status).toBe(0);
    unlinkSync(bins(root, 'clock'));
    writeFileSync(bins(root, 'clock'), 'mine');
    expect(verified().stdout).toContain('link of clock: expected');
    expect(verified().stdout).toContain('found what xhier did not make');
  });

  test('a name that another package won is as it should be', () => {
    makePackage(root, 'rival', {
      '.admin/Options': 'priority = 90\n',
      'bin/clock': command('rival'),
    });
    xhDone(root, 'install', 'rival');
    expect(readFileSync(bins(root, 'clock'), 'utf8')).toContain('rival');
    expect(verified()).toMatchObject({ status: 0, stdout: '' });
  });

  test('a block that somebody edited, one that is gone, and a file that was deleted', () => {
    const services = join(root, 'etc/services');
    writeFileSync(services, readFileSync(services, 'utf8').replace('clock 4711', 'clock 4712'));
    unlinkSync(join(root, 'etc/profile.d/clock.sh'));
    expect(found()).toEqual([
      ['changed', expect.stringMatching(/^\/etc\/services:\d+$/)],
      ['missing', '/etc/profile.d/clock.sh'],
    ]);
    copySystemFiles(root, 'services');
    expect(found('clock')).toEqual([
      ['missing', '/etc/services'],
      ['missing', '/etc/profile.d/clock.sh'],
    ]);
    expect(verified('-v').stdout).toContain('→ xh install clock');
    xhDone(root, 'install', 'clock');
    expect(verified().status).toBe(0);
    appendFileSync(services, '# END xhier clock\n');
    expect(verified().stdout).toContain('the end of a block of clock that does not begin');
  });

  test('passwords, and units that were disabled, are whose they are', () => {
    writeFileSync(join(root, 'etc/shadow'), 'root:*:::::::\n');
    mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
    makePackage(root, 'daemon', {
      'export/passwd': 'ticker:x:::Ticker:/:/usr/sbin/nologin\n',
      'export/group': 'ticker:x::\n',
      'export/systemd/ticker.service':
        '[Unit]\nDescription=t\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
    });
    mkdirSync(join(root, 'bin'), { recursive: true });
    writeFileSync(join(root, 'bin/true'), '', { mode: 0o755 });
    xhDone(root, 'install', 'daemon');
    const shadow = join(root, 'etc/shadow');
    writeFileSync(shadow, readFileSync(shadow, 'utf8').replace('ticker:!*', 'ticker:$6$x$y'));
    unlinkSync(join(root, 'etc/systemd/system/multi-user.target.wants/ticker.service'));
    expect(verified()).toMatchObject({ status: 0, stdout: '' });
    const passwd = join(root, 'etc/passwd');
    writeFileSync(passwd, readFileSync(passwd, 'utf8').replace(':Ticker:', ':Tocker:'));
    expect(found()).toEqual([['changed', expect.stringMatching(/^\/etc\/passwd:\d+$/)]]);
  });

  test('the path table: gone, cut off, of another time', () => {
    const table = join(root, '.software/local/.admin/path-table');
    const path = '/.software/local/.admin/path-table';
    truncateSync(table, 300);
    expect(found()).toEqual([['changed', path]]);
    expect(verified().stdout).toContain('not whole: showpath does not use it');
    unlinkSync(table);
    expect(found()).toEqual([['missing', path]]);
    // it is the host's, not a package's
    expect(verified('clock').status).toBe(0);
    xhDone(root, 'make-links');
    expect(verified().status).toBe(0);
  });
});

describe('what cannot be looked at', () => {
  test('a damaged receipt is told, and the others are looked at all the same', () => {
    const receipt = join(root, '.software/local/.admin/receipts/clock.json');
    truncateSync(receipt, 100);
    chmodSync(join(root, 'software/other/bin/other'), 0o700);
    expect(found()).toEqual([
      ['unreadable', '/.software/local/.admin/receipts/clock.json'],
      ['mode', '/.software/share/other/bin/other'],
    ]);
  });

  test('unknown packages and a bare site', () => {
    expect(verified('clokc')).toMatchObject({
      status: 1,
      stderr: "xh: clokc is not installed here\n    → did you mean 'clock'?\n",
    });
    const bare = freshSite().path;
    rmSync(join(bare, 'etc'), { recursive: true });
    expect(xh(bare, 'verify')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'nothing is installed here\n',
    });
    expect(existsSync(join(bare, '.software'))).toBe(false);
  });
});
