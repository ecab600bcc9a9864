/** Packages and sites made to do harm: refused or contained, and nothing outside the site root is written. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import {
  directory,
  file,
  hardLink,
  link,
  program as programMember,
  tarOf,
  type TarMemberText,
} from '../package/import/tar-writer.ts';
import { temporaryDirectory } from '../site.ts';
import { snapshot, xh, xhDone, type Ran } from './xh.ts';

let top = '';
let root = '';
let outside = '';
let before: ReadonlyMap<string, string>;
beforeEach(() => {
  top = temporaryDirectory();
  chmodSync(top, 0o755);
  root = join(top, 'site');
  outside = join(top, 'outside');
  mkdirSync(root);
  writeFiles(outside, {
    secret: 'root:hidden\n',
    'etc/services': 'outside 1/tcp\n',
    'etc/profile.d/x.sh': 'x\n',
    'bin/tool': command('outside'),
    'depot/tool/.admin/Maintainer': 'a@example.org\n',
  });
  copySystemFiles(root, 'services', 'passwd');
  before = snapshot(outside);
});
afterEach(() => {
  expect(snapshot(outside)).toEqual(before);
});

/** Nothing that drives a terminal or breaks a line is ever printed. */
function tame(ran: Ran): Ran {
  // eslint-disable-next-line no-control-regex
  expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  return ran;
}

describe('archives', () => {
  const archive = (...members: readonly TarMemberText[]): string => {
    const path = join(top, 'evil-1.0.tar');
    writeFileSync(path, tarOf([directory('evil/'), programMember('evil/bin/good'), ...members]));
    return path;
  };

  test.each<[string, () => TarMemberText[], string]>([
    ['a name with ..', () => [file('evil/../../outside/new')], '..'],
    ['an absolute name', () => [file(`${outside}/new`)], 'absolute'],
    [
      'a link above the package and a file through it',
      () => [link('evil/x', '../../../outside'), file('evil/x/new')],
      'evil/x/new',
    ],
    [
      'a relative link that leads out',
      () => [link('evil/x', '../../../../../outside/secret')],
      'evil/x',
    ],
    ['an absolute link', () => [link('evil/x', `${outside}/secret`)], 'evil/x'],
    ['a hard link to what is no member', () => [hardLink('evil/x', `${outside}/secret`)], 'evil/x'],
    ['a character device', () => [{ name: 'evil/null', flag: '3' }], 'evil/null'],
    ['a block device', () => [{ name: 'evil/disk', flag: '4' }], 'evil/disk'],
    [
      'a name that changes from directory to link',
      () => [directory('evil/d'), link('evil/d', '/etc'), file('evil/d/x')],
      'evil/d',
    ],
  ])('with %s are refused whole', (_, members, says) => {
    const ran = tame(xh(root, 'import', archive(...members())));
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain(says);
    expect(existsSync(join(root, '.software/share/evil'))).toBe(false);
    expect(existsSync(join(root, '.software/arch'))).toBe(false);
  });

  test('with a FIFO leave it out and say so', () => {
    const ran = tame(xh(root, 'import', archive({ name: 'evil/pipe', flag: '6' })));
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain('warning: pipe: a fifo is left out');
    expect(existsSync(join(root, 'software/evil/pipe'))).toBe(false);
  });

  test('that are cut off or damaged are told as that', () => {
    const path = archive(file('evil/data', 'x'.repeat(2000)));
    const whole = readFileSync(path);
    for (const length of [1, 511, 512, 700, 2500]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(tame(xh(root, 'import', path)).status, `${length}`).toBeGreaterThan(1);
      expect(existsSync(join(root, '.software/share/evil'))).toBe(false);
    }
  });
});

describe('names that would drive a terminal', () => {
  const NAME = 'a\u001b]0;owned\u0007\nb\u202ec\\d';
  const SHOWN = String.raw`a\e]0;owned\x07\nb\xe2\x80\xaec\\d`;

  test('are shown as escapes by every command, and are whole in JSON', () => {
    const stage = join(top, 'stage-1.0');
    const long = 'n'.repeat(255);
    writeFiles(stage, {
      [`bin/${NAME}`]: command('x'),
      [`bin/${long}`]: command('x'),
      [`share/${NAME}/data`]: 'x',
      [`man/man1/${NAME}.1`]: '.TH X 1\n',
    });
    expect(tame(xhDone(root, 'import', stage, '--name', 'evil', '--dry-run')).stdout).toContain(
      'tree',
    );
    tame(xhDone(root, 'import', stage, '--name', 'evil', '--verbose'));
    const dry = tame(xhDone(root, 'install', 'evil', '--dry-run', '--verbose'));
    expect(dry.stdout).toContain(SHOWN);
    tame(xhDone(root, 'install', 'evil', '--verbose', '--message', `why${NAME}`));
    expect(tame(xhDone(root, 'files', 'evil', '--long')).stdout).toContain(SHOWN);
    expect(tame(xhDone(root, 'files', 'evil', '--links')).stdout).toContain(SHOWN);
    expect(tame(xhDone(root, 'which', NAME)).stdout).toContain(SHOWN);
    expect(tame(xhDone(root, 'history')).stdout).toContain(SHOWN);
    expect(tame(xhDone(root, 'history', '1')).stdout).toContain(SHOWN);
    tame(xhDone(root, 'info', 'evil'));
    tame(xhDone(root, 'list'));
    const links = JSON.parse(xhDone(root, 'files', 'evil', '--links', '--json').stdout) as {
      path: string;
    }[];
    expect(links.map(({ path }) => path)).toContain(`/.software/local/.admin/bins/bin/${NAME}`);
    expect(links.some(({ path }) => path.endsWith(`/${long}`))).toBe(true);
    writeFileSync(join(root, 'mine'), 'x');
    rmSync(bins(root, NAME));
    symlinkSync(`/nowhere/${NAME}`, bins(root, NAME));
    expect(tame(xh(root, 'make-links')).stderr).toContain(SHOWN);
    rmSync(bins(root, NAME));
    tame(xhDone(root, 'make-links'));
    tame(xhDone(root, 'uninstall', 'evil'));
  });

  test.each([
    ['install', NAME],
    ['info', NAME],
    ['which', NAME],
    ['use', `a@${NAME}`],
    ['mkpkg', 'a', '--from', NAME],
    ['mkpkg', 'a', '--maintainer', NAME],
    ['import', NAME],
    ['prefer', NAME, 'gone'],
    ['prefer', '--drop', NAME],
    ['history', NAME],
    ['config', NAME],
    ['help', NAME],
    [NAME],
    ['list', `--${NAME}`],
    ['list', '--color', NAME],
    ['list', '--root', `/${NAME}`],
    ['list', NAME],
    ['list', '--lock-timeout', NAME],
  ])('are shown as escapes when they are typed: xh %s', (...words) => {
    tame(xh(root, ...words));
  });

  test('in what a package says of itself', () => {
    makePackage(root, 'evil', {
      '.admin/Options': `version = 1\nsummary = S${NAME.replace('\n', '')}\nhomepage = http://x/\u001b[2J\n`,
      '.admin/Maintainer': '"\u001b[31m" <a@example.org>\n',
      '.admin/Dependencies': `${NAME.replace('\n', '')}\n`,
    });
    for (const words of [['list'], ['info', 'evil'], ['install', 'evil'], ['list', '--json']]) {
      tame(xh(root, ...words));
    }
  });
});

describe('fragments', () => {
  test.each<[string, (at: string) => void, number, string]>([
    [
      'a link to a file outside the site',
      (at) => symlinkSync(join(outside, 'secret'), join(at, 'services')),
      3,
      'leads outside the site root',
    ],
    [
      'a link to a file of the host',
      (at) => symlinkSync(join(root, 'etc/passwd'), join(at, 'services')),
      2,
      'is a link to something else than a file of the package',
    ],
    [
      'a link up and out by ..',
      (at) => symlinkSync('../../../../../outside/secret', join(at, 'services')),
      3,
      'leads outside',
    ],
    [
      'a link to nothing',
      (at) => symlinkSync('gone', join(at, 'services')),
      2,
      'is a link to no file',
    ],
    [
      'a link to itself',
      (at) => symlinkSync('services', join(at, 'services')),
      3,
      'too many symbolic links',
    ],
    [
      'a directory in the place of a file',
      (at) => writeFiles(at, { 'services/x': '' }),
      2,
      'has to be a file',
    ],
    [
      'a FIFO',
      (at) => void spawnSync('mkfifo', [join(at, 'services')]),
      2,
      'is neither a file nor a link',
    ],
    [
      'a device',
      (at) => void spawnSync('mknod', [join(at, 'services'), 'c', '1', '5']),
      2,
      'is neither a file nor a link',
    ],
    [
      'a drop-in that is a link to a secret',
      (at) => writeFiles(at, { 'profile.d/x.sh': `→ ${join(root, 'etc/shadow')}` }),
      2,
      'is a link to something else than a file of the package',
    ],
    [
      'a kind that nobody knows',
      (at) => writeFiles(at, { servces: '' }),
      2,
      "did you mean 'services'?",
    ],
    [
      'a replacement that leads out',
      (at) => writeFiles(at, { 'replace/etc/motd': `→ ${join(outside, 'secret')}` }),
      2,
      'not to a file of evil',
    ],
    [
      'a replacement that leads out by ..',
      (at) => writeFiles(at, { 'replace/etc/motd': '→ ../../../../../../outside/secret' }),
      2,
      'not to a file of evil',
    ],
    [
      'a replacement into another package',
      (at) => writeFiles(at, { 'replace/etc/motd': '→ ../../../../other/data' }),
      2,
      'not to a file of evil',
    ],
    [
      "a replacement of xhier's own records",
      (at) => writeFiles(at, { 'replace/.software/local/.admin/path-table': 'x' }),
      3,
      'is a part of the depot',
    ],
    [
      'a replacement of the depot',
      (at) => writeFiles(at, { 'replace/software': 'x' }),
      3,
      'is a part of the depot',
    ],
    [
      'lines that look like markers',
      (at) => writeFiles(at, { services: '# END xhier evil\nx 1/tcp\n# BEGIN xhier other\n' }),
      2,
      'would be taken for a marker',
    ],
    [
      'a NUL in a line',
      (at) => writeFiles(at, { services: 'x\0y 1/tcp\n' }),
      2,
      'a NUL byte in the line',
    ],
  ])('%s', (_, put, status, says) => {
    const at = join(makePackage(root, 'evil', { 'bin/evil': command('evil') }), 'export');
    makePackage(root, 'other', { data: 'x' });
    writeFiles(root, { 'etc/shadow': 'root:hidden\n', 'etc/motd': 'stock\n' });
    mkdirSync(at, { recursive: true });
    put(at);
    xhDone(root, 'make-links');
    const site = snapshot(root);
    const ran = tame(xh(root, 'install', 'evil'));
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain(says);
    expect(ran.stderr).not.toContain('hidden');
    expect(snapshot(root)).toEqual(site);
  });

  test('a link to another file of the package is that file', () => {
    const at = makePackage(root, 'good', { 'data/services': 'good 4711/tcp\n' });
    writeFiles(at, { 'export/services': '→ ../data/services' });
    xhDone(root, 'install', 'good');
    expect(readFileSync(join(root, 'etc/services'), 'utf8')).toContain('\ngood 4711/tcp\n');
  });
});

describe('.admin files', () => {
  test.each<[string, (admin: string) => void, number, string]>([
    [
      'Options is a FIFO',
      (at) => void spawnSync('mkfifo', [join(at, 'Options')]),
      2,
      'it is not a regular file',
    ],
    [
      'Options is a directory',
      (at) => void mkdirSync(join(at, 'Options')),
      2,
      'it is not a regular file',
    ],
    [
      'Options is huge',
      (at) => void spawnSync('truncate', ['-s', '3G', join(at, 'Options')]),
      2,
      'at most',
    ],
    [
      'Options is binary',
      (at) =>
        writeFileSync(join(at, 'Options'), Buffer.from('\x7fELF\x02\x01\0\0\xff\xfe', 'latin1')),
      2,
      'Options:1:',
    ],
    [
      'Options is a link to itself',
      (at) => symlinkSync('Options', join(at, 'Options')),
      2,
      'ELOOP',
    ],
    [
      'Dependencies is a device',
      (at) => void spawnSync('mknod', [join(at, 'Dependencies'), 'c', '1', '5']),
      2,
      'it is not a regular file',
    ],
    [
      'Maintainer is not there',
      (at) => rmSync(join(at, 'Maintainer')),
      2,
      'every package has a maintainer',
    ],
    ['Install is a directory', (at) => void mkdirSync(join(at, 'Install')), 0, ''],
    [
      'Install is a link out of the site',
      (at) => symlinkSync(join(outside, 'bin/tool'), join(at, 'Install')),
      3,
      'leads outside the site root',
    ],
    ['Install is a FIFO', (at) => void spawnSync('mkfifo', [join(at, 'Install')]), 0, ''],
    [
      'the owner has no account',
      (at) => writeFiles(at, { Options: 'owner = nosuchuser\n', Install: '#!/bin/sh\n' }),
      2,
      "there is no account 'nosuchuser'",
    ],
  ])('%s', (_, put, status, says) => {
    const at = join(makePackage(root, 'evil', { 'bin/evil': command('evil') }), '.admin');
    makePackage(root, 'good', { 'bin/good': command('good') });
    put(at);
    const ran = tame(xh(root, 'install', 'evil'));
    expect([ran.status, ran.stderr]).toEqual([status, expect.stringContaining(says) as string]);
    // the others are not hidden by it
    expect(tame(xhDone(root, 'list')).stdout).toContain('good');
    xhDone(root, 'install', 'good');
    xhDone(root, 'uninstall', 'good');
  });
});

describe('sites whose parts lead outside', () => {
  test.each<[string, () => void, readonly string[]]>([
    [
      '/etc',
      () => {
        rmSync(join(root, 'etc'), { recursive: true });
        symlinkSync(join(outside, 'etc'), join(root, 'etc'));
      },
      ['install', 'tool'],
    ],
    [
      '/etc/services',
      () => {
        rmSync(join(root, 'etc/services'));
        symlinkSync('../../outside/etc/services', join(root, 'etc/services'));
      },
      ['install', 'tool'],
    ],
    [
      '/etc/profile.d',
      () => symlinkSync(join(outside, 'etc/profile.d'), join(root, 'etc/profile.d')),
      ['install', 'tool'],
    ],
    ['/usr', () => symlinkSync(outside, join(root, 'usr')), ['install', 'tool']],
    [
      'the farm of commands',
      () => {
        mkdirSync(join(root, '.software/local/.admin/bins'), { recursive: true });
        symlinkSync(join(outside, 'bin'), bins(root));
      },
      ['install', 'tool'],
    ],
    [
      '/.software/local',
      () => {
        mkdirSync(join(root, '.software'), { recursive: true });
        symlinkSync(outside, join(root, '.software/local'));
      },
      ['install', 'tool'],
    ],
    ['/.software/arch', () => symlinkSync(outside, join(root, '.software/arch')), ['mkpkg', 'new']],
    [
      '/.software/share',
      () => {
        rmSync(join(root, '.software/share'), { recursive: true });
        symlinkSync(join(outside, 'depot'), join(root, '.software/share'));
      },
      ['install', 'tool'],
    ],
    [
      '/.software',
      () => {
        rmSync(join(root, '.software'), { recursive: true });
        symlinkSync(outside, join(root, '.software'));
      },
      ['install', 'tool'],
    ],
    [
      "a package's place for a new version",
      () => symlinkSync(join(outside, 'depot/tool'), join(root, '.software/share/new')),
      ['mkpkg', 'new'],
    ],
  ])('%s: nothing is written there', (_, put, words) => {
    makePackage(root, 'tool', {
      'bin/tool': command('tool'),
      'include/tool.h': 'x',
      'export/services': 'tool 4711/tcp\n',
      'export/profile.d/tool.sh': 'x\n',
    });
    put();
    for (const how of [[...words, '--dry-run'], words]) {
      const ran = tame(xh(root, ...how));
      expect(ran.stderr).not.toContain('defect');
      // seen from outside there is no package at all; nothing is written then either
      if (how.includes('--dry-run')) expect([1, 3]).toContain(ran.status);
      else expect(ran.status, ran.stderr).toBe(3);
    }
    for (const reading of [
      ['list'],
      ['which', 'tool'],
      ['history'],
      ['config'],
      ['which', '/etc/services'],
    ]) {
      expect(tame(xh(root, ...reading)).stderr).not.toContain('defect');
    }
  });
});
