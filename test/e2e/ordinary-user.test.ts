/** Without root: a site of one's own works completely, and root's can be looked at. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { siteThatStays } from '../site.ts';
import { snapshot, xhDone, type Ran } from './xh.ts';

const NOBODY = 65534;
const PROJECT = join(import.meta.dirname, '../..');
const top = siteThatStays();

/** Runs `xh` as nobody, from a copy of the program that everybody may read. */
function asNobody(root: string, ...words: readonly string[]): Ran {
  return spawnSync(process.execPath, [join(top, 'program/dist/xh.cjs'), ...words], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], XH_ROOT: root, NO_COLOR: '1' },
  });
}

function done(root: string, ...words: readonly string[]): Ran {
  const ran = asNobody(root, ...words);
  expect(`${ran.status} ${ran.stderr}`).toMatch(/^0 /);
  return ran;
}

beforeAll(() => {
  chmodSync(top, 0o755);
  for (const name of [
    'package.json',
    'dist',
    'templates',
    'node_modules/koffi',
    'node_modules/@koromix',
  ]) {
    cpSync(join(PROJECT, name), join(top, 'program', name), { recursive: true, dereference: true });
  }
});

describe('in a directory of his own', () => {
  const root = join(top, 'own');

  beforeAll(() => {
    mkdirSync(join(root, 'etc'), { recursive: true });
    copyFileSync('/etc/services', join(root, 'etc/services'));
    for (const path of ['', 'etc', 'etc/services']) chownSync(join(root, path), NOBODY, NOBODY);
  });

  test('a user makes, imports, installs, switches, rolls back and takes out', () => {
    const stage = join(top, 'tool-1.0');
    writeFiles(stage, {
      'bin/tool': command('tool 1'),
      'include/tool.h': 'x',
    });
    done(root, 'mkpkg', 'empty', '--maintainer', 'me@example.org');
    done(root, 'import', stage, '--versioned');
    done(root, 'import', stage, '--version', '2.0', '--versioned');
    writeFiles(join(root, 'software/empty/export'), {
      services: 'tool 4711/tcp\n',
      'replace/etc/motd': 'tool\n',
    });
    spawnSync('chown', ['-R', `${NOBODY}`, join(root, 'software/empty/')]);
    const bare = snapshot(root);
    done(root, 'install', 'empty', 'tool');
    done(root, 'use', 'tool@2');
    const ran = spawnSync(bins(root, 'tool'), { uid: NOBODY, gid: NOBODY, encoding: 'utf8' });
    expect(ran.stdout).toBe('tool 1\n');
    expect(readFileSync(join(root, 'etc/services'), 'utf8')).toContain('\ntool 4711/tcp\n');
    done(root, 'rollback');
    expect(readlinkSync(join(root, 'software/tool'))).toBe('tool-1.0');
    done(root, 'prefer', 'tool', 'tool');
    done(root, 'prefer', '--drop', 'tool');
    done(root, 'make-links');
    done(root, 'uninstall', 'tool', 'empty');
    expect(done(root, 'history').stdout.split('\n').length).toBeGreaterThan(5);
    expect(done(root, 'gc', '--keep', '1').stderr).toMatch(/^collected: /);
    const after = new Map(snapshot(root));
    after.delete('.software/local/.admin/path-table');
    expect(Object.fromEntries(after)).toEqual(Object.fromEntries(bare));
    // all of it is his
    const owners = new Set([...after.keys()].map((path) => lstatSync(join(root, path)).uid));
    expect([...owners]).toEqual([NOBODY]);
  });

  test('his packages’ scripts run as himself, and he cannot be somebody else', () => {
    makePackage(root, 'script', { '.admin/Install': '#!/bin/sh\nid -un > "$XH_ROOT/ran"\n' });
    makePackage(root, 'other', {
      '.admin/Options': 'run-as = root\n',
      '.admin/Install': '#!/bin/sh\nid -un > "$XH_ROOT/ran"\n',
    });
    done(root, 'install', 'script');
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('nobody\n');
    const refused = asNobody(root, 'install', 'other');
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain('runs as root, which only root may choose');
    expect(done(root, 'list', '--installed').stdout).not.toContain('other');
  });
});

describe("on root's site", () => {
  const root = join(top, 'roots');

  beforeAll(() => {
    mkdirSync(join(root, 'etc'), { recursive: true });
    copyFileSync('/etc/services', join(root, 'etc/services'));
    makePackage(root, 'tool', {
      'bin/tool': command('tool'),
      'export/services': 'tool 4711/tcp\n',
    });
    // as root with a strict umask does it
    const ran = spawnSync(
      '/bin/sh',
      ['-c', `umask 077; exec "${join(PROJECT, 'dist/xh.cjs')}" install tool`],
      {
        env: { ...process.env, XH_ROOT: root },
        encoding: 'utf8',
      },
    );
    if (ran.status !== 0) throw new Error(ran.stderr);
  });

  test('everything that only reads works for everybody', () => {
    for (const words of [
      ['list', '--installed'],
      ['info', 'tool'],
      ['files', 'tool'],
      ['files', 'tool', '--links'],
      ['which', 'tool'],
      ['which', '/etc/services'],
      ['history'],
      ['history', '1'],
      ['config'],
      ['prefer'],
      ['install', 'tool', '--dry-run'],
      ['uninstall', 'tool', '--dry-run'],
      ['make-links', '--dry-run'],
      ['gc', '--dry-run'],
      ['verify'],
      ['check', 'tool'],
      ['doctor'],
    ]) {
      expect(done(root, ...words).stderr, words.join(' ')).not.toContain('permission');
    }
    expect(done(root, 'list').stdout).toBe('* tool  -\n');
  });

  test('the history shows everybody what was changed, and not what was in it', () => {
    const { stdout } = done(root, 'history', '1');
    expect(stdout).toContain('\nedit /etc/services\n     (what it had in it is for those to see');
    expect(stdout).not.toContain('4711');
  });

  test('commands of the farm can be run by everybody', () => {
    const ran = spawnSync(bins(root, 'tool'), { uid: NOBODY, gid: NOBODY, encoding: 'utf8' });
    expect(ran.stdout).toBe('tool\n');
  });

  test.each([
    [['install', 'tool']],
    [['uninstall', 'tool']],
    [['make-links']],
    [['mkpkg', 'new']],
    [['rollback']],
    // what files were is not for everybody
    [['rollback', '0', '--dry-run']],
    [['recover']],
    [['gc', '--keep', '1']],
    [['prefer', 'tool', 'tool']],
    [['use', 'tool']],
  ])('%j is exit 4, says who may and what to do, and changes nothing', (words) => {
    const before = snapshot(root);
    const ran = asNobody(root, ...words);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toMatch(/^xh: .*permission denied/);
    if (!words.includes('--dry-run')) {
      expect(ran.stderr).toContain(`you may not change the site ${root}`);
      expect(ran.stderr).toContain('--root DIR');
    }
    expect(ran.stderr).not.toContain('defect');
    expect(snapshot(root)).toEqual(before);
  });

  test('what is not for everybody is not: transcripts, kept contents, the journal', () => {
    const admin = join(root, '.software/local/.admin');
    for (const directory of ['objects', 'log', 'journal']) {
      for (const name of readdirSync(join(admin, directory))) {
        expect(lstatSync(join(admin, directory, name)).mode & 0o077, name).toBe(0);
      }
    }
  });
});

test('a site that nobody has begun, in a directory that is not his, is told as that', () => {
  const root = join(top, 'empty');
  mkdirSync(root);
  const ran = asNobody(root, 'mkpkg', 'x');
  expect(ran.status).toBe(4);
  expect(ran.stderr).toContain(`you may not change the site ${root}: `);
  expect(asNobody(root, 'list').stdout).toBe('');
  expect(xhDone(root, 'list').stdout).toBe('');
});

describe('where he may not look', () => {
  test('what is closed to him is told, and no difference; what is wrong he cannot mend', () => {
    const root = join(top, 'closed');
    mkdirSync(join(root, 'etc'), { recursive: true });
    const tool = makePackage(root, 'tool', { 'bin/tool': command('tool'), 'secret/key': 'x' });
    chmodSync(join(tool, 'secret'), 0o700);
    xhDone(root, 'install', 'tool');
    const ran = asNobody(root, 'verify');
    expect(ran.status).toBe(4);
    expect(ran.stdout).toBe('unreadable  /.software/share/tool/secret  EACCES\n');
    expect(asNobody(root, 'check', 'tool').stdout).toContain('could not be read (EACCES)');
    unlinkSync(bins(root, 'tool'));
    expect(asNobody(root, 'doctor').status).toBe(1);
    const fix = asNobody(root, 'doctor', '--fix');
    expect(fix.status).toBe(4);
    expect(fix.stderr).toContain(`you may not change the site ${root}`);
    xhDone(root, 'doctor', '--fix');
    expect(done(root, 'doctor').stderr).toContain('this host is well');
  });
});
