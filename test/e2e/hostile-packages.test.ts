/** Packages and sites made to do harm: refused or contained, and nothing outside the site root is written. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { expectTame, siteWithOutside } from './outside.ts';
import { snapshot, xh, xhDone } from './xh.ts';

const place = siteWithOutside();

describe('fragments', () => {
  test.each<[string, (at: string) => void, number, string]>([
    [
      'a link to a file outside the site',
      (at) => symlinkSync(join(place.outside, 'secret'), join(at, 'services')),
      3,
      'leads outside the site root',
    ],
    [
      'a link to a file of the host',
      (at) => symlinkSync(join(place.root, 'etc/passwd'), join(at, 'services')),
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
      (at) => writeFiles(at, { 'profile.d/x.sh': `→ ${join(place.root, 'etc/shadow')}` }),
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
      (at) => writeFiles(at, { 'replace/etc/motd': `→ ${join(place.outside, 'secret')}` }),
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
    const at = join(makePackage(place.root, 'evil', { 'bin/evil': command('evil') }), 'export');
    makePackage(place.root, 'other', { data: 'x' });
    writeFiles(place.root, { 'etc/shadow': 'root:hidden\n', 'etc/motd': 'stock\n' });
    mkdirSync(at, { recursive: true });
    put(at);
    xhDone(place.root, 'make-links');
    const site = snapshot(place.root);
    const ran = expectTame(xh(place.root, 'install', 'evil'));
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain(says);
    expect(ran.stderr).not.toContain('hidden');
    expect(snapshot(place.root)).toEqual(site);
  });

  test('a link to another file of the package is that file', () => {
    const at = makePackage(place.root, 'good', { 'data/services': 'good 4711/tcp\n' });
    writeFiles(at, { 'export/services': '→ ../data/services' });
    xhDone(place.root, 'install', 'good');
    expect(readFileSync(join(place.root, 'etc/services'), 'utf8')).toContain('\ngood 4711/tcp\n');
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
      (at) => {
        mkdirSync(join(at, 'Options'));
      },
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
    [
      'Install is a directory',
      (at) => {
        mkdirSync(join(at, 'Install'));
      },
      0,
      '',
    ],
    [
      'Install is a link out of the site',
      (at) => symlinkSync(join(place.outside, 'bin/tool'), join(at, 'Install')),
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
    const at = join(makePackage(place.root, 'evil', { 'bin/evil': command('evil') }), '.admin');
    makePackage(place.root, 'good', { 'bin/good': command('good') });
    put(at);
    const ran = expectTame(xh(place.root, 'install', 'evil'));
    expect([ran.status, ran.stderr]).toEqual([status, expect.stringContaining(says) as string]);
    // the others are not hidden by it
    expect(expectTame(xhDone(place.root, 'list')).stdout).toContain('good');
    xhDone(place.root, 'install', 'good');
    xhDone(place.root, 'uninstall', 'good');
  });
});

describe('sites whose parts lead outside', () => {
  test.each<[string, () => void, readonly string[]]>([
    [
      '/etc',
      () => {
        rmSync(join(place.root, 'etc'), { recursive: true });
        symlinkSync(join(place.outside, 'etc'), join(place.root, 'etc'));
      },
      ['install', 'tool'],
    ],
    [
      '/etc/services',
      () => {
        rmSync(join(place.root, 'etc/services'));
        symlinkSync('../../outside/etc/services', join(place.root, 'etc/services'));
      },
      ['install', 'tool'],
    ],
    [
      '/etc/profile.d',
      () => symlinkSync(join(place.outside, 'etc/profile.d'), join(place.root, 'etc/profile.d')),
      ['install', 'tool'],
    ],
    ['/usr', () => symlinkSync(place.outside, join(place.root, 'usr')), ['install', 'tool']],
    [
      'the farm of commands',
      () => {
        mkdirSync(join(place.root, '.software/local/.admin/bins'), { recursive: true });
        symlinkSync(join(place.outside, 'bin'), bins(place.root));
      },
      ['install', 'tool'],
    ],
    [
      '/.software/local',
      () => {
        mkdirSync(join(place.root, '.software'), { recursive: true });
        symlinkSync(place.outside, join(place.root, '.software/local'));
      },
      ['install', 'tool'],
    ],
    [
      '/.software/arch',
      () => symlinkSync(place.outside, join(place.root, '.software/arch')),
      ['mkpkg', 'new'],
    ],
    [
      '/.software/share',
      () => {
        rmSync(join(place.root, '.software/share'), { recursive: true });
        symlinkSync(join(place.outside, 'depot'), join(place.root, '.software/share'));
      },
      ['install', 'tool'],
    ],
    [
      '/.software',
      () => {
        rmSync(join(place.root, '.software'), { recursive: true });
        symlinkSync(place.outside, join(place.root, '.software'));
      },
      ['install', 'tool'],
    ],
    [
      "a package's place for a new version",
      () => symlinkSync(join(place.outside, 'depot/tool'), join(place.root, '.software/share/new')),
      ['mkpkg', 'new'],
    ],
  ])('%s: nothing is written there', (_, put, words) => {
    makePackage(place.root, 'tool', {
      'bin/tool': command('tool'),
      'include/tool.h': 'x',
      'export/services': 'tool 4711/tcp\n',
      'export/profile.d/tool.sh': 'x\n',
    });
    put();
    for (const how of [[...words, '--dry-run'], words]) {
      const ran = expectTame(xh(place.root, ...how));
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
      expect(expectTame(xh(place.root, ...reading)).stderr).not.toContain('defect');
    }
  });
});
