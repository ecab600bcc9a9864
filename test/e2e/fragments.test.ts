/** Packages' lines in the system files of a real Debian: in, out again, and whatever people do between. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

let root = '';
let etc = '';
beforeEach(() => {
  root = freshSite().path;
  etc = join(root, 'etc');
  copySystemFiles(root, 'services', 'inetd.conf', 'passwd');
  makePackage(root, 'timeserv', {
    'servers/timeserv': command('now'),
    'export/services': '# what time it is\ntimeserv 10013/tcp\ntimeserv 10013/udp\n',
    'export/inetd.conf':
      'timeserv stream tcp nowait nobody /software/timeserv/servers/timeserv timeserv\n',
    'export/profile.d/timeserv.sh': 'TIMESERV=1\n',
    'export/crontab': '5 4 * * * /software/timeserv/servers/timeserv\n',
    'export/replace/etc/motd': 'the time\n',
  });
});

const text = (name: string): string => readFileSync(join(etc, name), 'latin1');
const original = (name: string): string => readFileSync(join('/etc', name), 'latin1');

describe('without anybody else', () => {
  test('uninstalling is the exact reverse: contents, modes, owners, attributes, times of nobody', () => {
    writeFiles(root, { 'etc/motd': 'welcome\n' });
    chownSync(join(etc, 'services'), 13, 37);
    chmodSync(join(etc, 'services'), 0o640);
    chmodSync(join(etc, 'motd'), 0o604);
    const set = spawnSync('setfattr', ['-n', 'user.who', '-v', 'me', join(etc, 'services')]);
    expect(set.status).toBe(0);
    xhDone(root, 'make-links');
    const before = snapshot(root);
    xhDone(root, 'install', 'timeserv');
    expect(text('services')).toBe(
      `${original('services')}# BEGIN xhier timeserv\n# what time it is\ntimeserv 10013/tcp\ntimeserv 10013/udp\n# END xhier timeserv\n`,
    );
    expect(readlinkSync(join(etc, 'motd'))).toBe(
      join(root, 'software/timeserv/export/replace/etc/motd'),
    );
    expect(lstatSync(join(etc, 'services'))).toMatchObject({ uid: 13, gid: 37 });
    expect(statSync(join(etc, 'services')).mode & 0o7777).toBe(0o640);
    const got = spawnSync('getfattr', ['--only-values', '-n', 'user.who', join(etc, 'services')]);
    expect(got.stdout.toString()).toBe('me');
    xhDone(root, 'uninstall', 'timeserv');
    expect(snapshot(root)).toEqual(before);
  });

  test('the crontab of an account is his, readable by nobody else, and gone when it is empty', () => {
    const top = makePackage(root, 'nightly', {
      '.admin/Options': 'owner = bin\n',
      'export/crontab': '5 4 * * * /software/nightly/run\n',
    });
    writeFiles(root, { 'var/spool/cron/crontabs/.keep': '' });
    chownSync(join(root, 'var/spool/cron/crontabs'), 0, 37);
    xhDone(root, 'install', 'nightly');
    const crontab = join(root, 'var/spool/cron/crontabs/bin');
    expect(statSync(crontab)).toMatchObject({ uid: 2, gid: 37 });
    expect(statSync(crontab).mode & 0o7777).toBe(0o600);
    expect(readFileSync(crontab, 'utf8')).toContain('5 4 * * * /software/nightly/run\n');
    // another owner: the lines move to his
    writeFiles(top, { '.admin/Options': 'owner = nobody\n' });
    xhDone(root, 'install', 'nightly');
    expect(existsSync(crontab)).toBe(false);
    expect(existsSync(join(root, 'var/spool/cron/crontabs/nobody'))).toBe(true);
    xhDone(root, 'uninstall', 'nightly');
    expect(existsSync(join(root, 'var/spool/cron/crontabs/nobody'))).toBe(false);
  });

  test('files and directories that were made for it go with it', () => {
    for (const name of ['services', 'inetd.conf']) rmSync(join(etc, name));
    xhDone(root, 'make-links');
    const before = snapshot(root);
    xhDone(root, 'install', 'timeserv');
    for (const name of ['services', 'inetd.conf', 'profile.d/timeserv.sh', 'motd']) {
      expect(existsSync(join(etc, name)), name).toBe(true);
    }
    xhDone(root, 'uninstall', 'timeserv');
    expect(snapshot(root)).toEqual(before);
  });

  test.each([
    ['a missing final newline', (was: string): string => was.trimEnd()],
    ['lines that end in CR LF', (was: string): string => was.replaceAll('\n', '\r\n')],
    ['bytes that are no UTF-8', (was: string): string => `# caf\xe9 \xff\n${was}`],
    ['nothing in it at all', (): string => ''],
  ])('%s: in and out again, to the byte', (_, changed) => {
    writeFileSync(join(etc, 'services'), changed(original('services')), 'latin1');
    xhDone(root, 'make-links');
    const before = snapshot(root);
    xhDone(root, 'install', 'timeserv');
    expect(text('services')).toContain('timeserv 10013/udp');
    xhDone(root, 'uninstall', 'timeserv');
    expect(snapshot(root)).toEqual(before);
  });

  test('a file that is a link to another: the other is edited, the link stays', () => {
    writeFiles(root, { 'usr/share/etc/services': original('services') });
    rmSync(join(etc, 'services'));
    symlinkSync('../usr/share/etc/services', join(etc, 'services'));
    xhDone(root, 'make-links');
    const before = snapshot(root);
    xhDone(root, 'install', 'timeserv');
    expect(readlinkSync(join(etc, 'services'))).toBe('../usr/share/etc/services');
    expect(readFileSync(join(root, 'usr/share/etc/services'), 'utf8')).toContain('timeserv');
    expect(xhDone(root, 'which', '/etc/services').stdout).toBe(
      '/etc/services: has parts of timeserv\n',
    );
    xhDone(root, 'uninstall', 'timeserv');
    expect(snapshot(root)).toEqual(before);
  });
});

describe('what people do in between is theirs', () => {
  const MINE = 'mine 9999/tcp # by hand\n';
  const BLOCK = /# BEGIN xhier timeserv\n[^]*# END xhier timeserv\n/;

  function edit(change: (was: string) => string): void {
    writeFileSync(join(etc, 'services'), change(text('services')), 'latin1');
  }

  test.each([
    ['lines above', (was: string): string => MINE + was, MINE + original('services')],
    ['lines below', (was: string): string => was + MINE, original('services') + MINE],
    [
      'lines inside the block',
      (was: string): string => was.replace('timeserv 10013/udp\n', `${MINE}timeserv 10013/udp\n`),
      original('services') + MINE,
    ],
    [
      'a line of the block changed',
      (was: string): string => was.replace('10013/udp\n', '10013/udp # slow\n'),
      `${original('services')}timeserv 10013/udp # slow\n`,
    ],
    [
      'the block moved to the top',
      (was: string): string => (BLOCK.exec(was)?.[0] ?? '') + was.replace(BLOCK, ''),
      original('services'),
    ],
    [
      'the block deleted',
      (was: string): string => was.replace(BLOCK, MINE),
      original('services') + MINE,
    ],
    [
      'all line ends converted',
      (was: string): string => was.replaceAll('\n', '\r\n'),
      original('services').replaceAll('\n', '\r\n'),
    ],
    [
      'the final newline removed',
      (was: string): string => `${was}${MINE.trim()}`,
      original('services') + MINE.trim(),
    ],
    ['everything replaced, as by a vendor', (): string => MINE, MINE],
  ])('%s', (_, change, left) => {
    xhDone(root, 'install', 'timeserv');
    edit(change);
    const edited = text('services');
    // to install again does no harm to it either
    xhDone(root, 'install', '--all');
    if (!/deleted|replaced/.test(_)) expect(text('services')).toBe(edited);
    xhDone(root, 'uninstall', 'timeserv');
    expect(text('services')).toBe(left);
  });

  test('the file has become a link to another file of the site', () => {
    xhDone(root, 'install', 'timeserv');
    writeFiles(root, { 'usr/share/services': text('services') + MINE });
    rmSync(join(etc, 'services'));
    symlinkSync(join(root, 'usr/share/services'), join(etc, 'services'));
    xhDone(root, 'uninstall', 'timeserv');
    expect(readFileSync(join(root, 'usr/share/services'), 'latin1')).toBe(
      original('services') + MINE,
    );
    expect(readlinkSync(join(etc, 'services'))).toBe(join(root, 'usr/share/services'));
  });

  test('a stock entry that the package has disabled comes back where it was, as it was', () => {
    const stock = 'timeserv\tstream\ttcp\tnowait\troot\t/usr/sbin/old\told # stock\n';
    writeFileSync(join(etc, 'inetd.conf'), `${stock}${original('inetd.conf')}`);
    const ran = xhDone(root, 'install', 'timeserv');
    expect(ran.stderr).toMatch(/note: .*\/etc\/inetd\.conf:1/);
    expect(text('inetd.conf')).toMatch(/^#xhier:disabled-by timeserv# timeserv\tstream/);
    writeFileSync(join(etc, 'inetd.conf'), `# mine\n${text('inetd.conf')}`);
    xhDone(root, 'uninstall', 'timeserv');
    expect(text('inetd.conf')).toBe(`# mine\n${stock}${original('inetd.conf')}`);
  });

  test('a drop-in, a replaced file and its original that were edited are left and told of', () => {
    writeFiles(root, { 'etc/motd': 'welcome\n' });
    xhDone(root, 'install', 'timeserv');
    writeFileSync(join(etc, 'profile.d/timeserv.sh'), 'TIMESERV=mine\n');
    rmSync(join(etc, 'motd'));
    writeFileSync(join(etc, 'motd'), 'mine\n');
    const ran = xhDone(root, 'uninstall', 'timeserv');
    expect(ran.stderr).toContain('/etc/profile.d/timeserv.sh was edited since');
    expect(ran.stderr).toContain('/etc/motd was changed since it was linked (it is a file now)');
    expect(ran.stderr).toContain('the original is /etc/.motd.xhier-timeserv');
    expect(text('profile.d/timeserv.sh')).toBe('TIMESERV=mine\n');
    expect([text('motd'), text('.motd.xhier-timeserv')]).toEqual(['mine\n', 'welcome\n']);
  });
});

describe('a conflict', () => {
  test('of every fragment is told at once, with file and line, and nothing is touched', () => {
    const lines = original('services').split('\n').length;
    writeFileSync(
      join(etc, 'services'),
      `${original('services')}other 10013/tcp\ntimeserv 7777/udp\n`,
    );
    writeFiles(root, {
      'etc/profile.d/timeserv.sh': 'of somebody else\n',
      '.software/local/.admin/bins/servers/timeserv': 'foreign',
    });
    const before = snapshot(root);
    for (const words of [
      ['install', 'timeserv'],
      ['install', 'timeserv', '--dry-run'],
    ]) {
      const ran = xh(root, ...words);
      expect(ran.status).toBe(3);
      expect(ran.stderr).toContain(`conflict /etc/services:${lines}: `);
      expect(ran.stderr).toContain(`conflict /etc/services:${lines + 1}: `);
      expect(ran.stderr).toContain('conflict /etc/profile.d/timeserv.sh: ');
      expect(ran.stderr).toContain('conflict /.software/local/.admin/bins/servers/timeserv: ');
      expect(ran.stderr.match(/ {4}→ /g)).toHaveLength(4);
      expect(Object.fromEntries(visible(snapshot(root)))).toEqual(
        Object.fromEntries(visible(before)),
      );
    }
  });

  /** Without the directories that every site has. */
  function visible(host: ReadonlyMap<string, string>): [string, string][] {
    return [...host].filter(([path]) => !/^(?:software$|\.software)/.test(path));
  }

  test('between two packages of one command is found too', () => {
    makePackage(root, 'rival', { 'export/services': 'rival 10013/tcp\n' });
    const ran = xh(root, 'install', 'timeserv', 'rival');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('two names on port 10013/tcp');
    expect(ran.stderr).toContain('timeserv');
    expect(text('services')).toBe(original('services'));
    xhDone(root, 'install', 'timeserv');
    expect(xh(root, 'install', 'rival').status).toBe(3);
  });

  test.each([
    ['one that does not end', '# BEGIN xhier timeserv\nx 1/tcp\n', 1],
    ['one that does not begin', 'x 1/tcp\n# END xhier other\n', 2],
    ['one inside another', '# BEGIN xhier a\n# BEGIN xhier b\n# END xhier b\n# END xhier a\n', 2],
    ['two of one package', '# BEGIN xhier a\n# END xhier a\n# BEGIN xhier a\n# END xhier a\n', 3],
  ])('markers that do not pair (%s) are refused with their lines', (_, block, line) => {
    const lines = original('services').split('\n').length - 1;
    writeFileSync(join(etc, 'services'), original('services') + block);
    const ran = xh(root, 'install', 'timeserv');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain(`conflict /etc/services:${lines + line}: `);
    expect(text('services')).toBe(original('services') + block);
  });

  test.each([
    ['a directory', (at: string): void => writeFiles(at, { x: '' })],
    ['a FIFO', (at: string): void => void spawnSync('mkfifo', [at])],
    ['a link to nowhere', (at: string): void => symlinkSync('gone', at)],
  ])('%s in the place of the system file is refused', (_, put) => {
    rmSync(join(etc, 'services'));
    put(join(etc, 'services'));
    const before = snapshot(root, 'etc');
    const ran = xh(root, 'install', 'timeserv');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('conflict /etc/services: ');
    expect(snapshot(root, 'etc')).toEqual(before);
  });

  test('a fragment that cannot be read is shown with its line, all of them at once', () => {
    writeFiles(join(root, 'software/timeserv/export'), {
      services: 'timeserv 10013\ntimeserv 70000/tcp\n',
      crontab: '5 4 * * /x\n',
    });
    const ran = xh(root, 'install', 'timeserv');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('export/services:1:15: error: no protocol');
    expect(ran.stderr).toContain("export/services:2:10: error: '70000' is no port number");
    expect(ran.stderr).toContain('export/crontab:1:');
    expect(ran.stderr).toContain('  1 | timeserv 10013\n    |               ^ 10013/tcp');
  });
});

describe('several packages', () => {
  test('in one file leave in any order, and each leaves the others as they are', () => {
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      makePackage(root, name, { 'export/services': `${name}serv ${20000 + i}/tcp\n` });
    }
    xhDone(root, 'install', 'a', 'timeserv', 'b');
    xhDone(root, 'install', 'c');
    xhDone(root, 'uninstall', 'b');
    expect(text('services')).toMatch(/aserv[^]*10013\/udp[^]*cserv/);
    expect(text('services')).not.toContain('bserv');
    xhDone(root, 'uninstall', 'a', 'c');
    xhDone(root, 'uninstall', 'timeserv');
    expect(text('services')).toBe(original('services'));
  });
});
