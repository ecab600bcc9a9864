/** `xh import`: software that exists becomes a package in one step. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bins, command, writeFiles } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

/** An installed prefix of version `version` of `tool`. */
function prefix(version: string): string {
  const stage = join(temporaryDirectory(), `tool-${version}`);
  writeFiles(stage, {
    'bin/tool': command(`tool ${version}`),
    'share/man/man1/tool.1': '.TH TOOL 1\n',
    'share/tool/table': `${version}\n`,
  });
  copyFileSync('/bin/true', join(stage, 'bin/native'));
  return stage;
}

function packed(stage: string): string {
  const archive = `${stage}.tar.gz`;
  const parts = stage.split('/');
  const name = parts.pop() ?? '';
  const ran = spawnSync('tar', ['-czf', archive, '-C', parts.join('/'), name]);
  expect(ran.status).toBe(0);
  return archive;
}

/** A Debian package of a stage. */
function deb(stage: string, control: string): string {
  mkdirSync(join(stage, 'DEBIAN'));
  writeFileSync(join(stage, 'DEBIAN/control'), control);
  const file = `${stage}.deb`;
  const ran = spawnSync('dpkg-deb', ['-b', '--root-owner-group', stage, file], {
    encoding: 'utf8',
  });
  expect(ran.stderr).toBe('');
  return file;
}

describe('where it comes from', () => {
  test('a prefix: its name and version from the directory, or as the user says', () => {
    const { path: root } = freshSite();
    const ran = xhDone(root, 'import', prefix('1.2'), '--maintainer', 'a@example.org');
    expect(ran.stderr).toMatch(/^imported tool 1\.2: \d+ objects in .*\/software\/tool$/m);
    expect(readFileSync(join(root, 'software/tool/.admin/Options'), 'utf8')).toContain(
      'version = 1.2',
    );
    expect(spawnSync(join(root, 'software/tool/bin/tool'), { encoding: 'utf8' }).stdout).toBe(
      'tool 1.2\n',
    );
    xhDone(root, 'import', prefix('1.2'), '--name', 'mine', '--version', '9', '--versioned');
    expect(readlinkSync(join(root, 'software/mine'))).toBe('mine-9');
    xhDone(root, 'install', 'mine', '--quiet');
    expect(xhDone(root, 'list', '--installed').stdout).toContain('mine-9');
  });

  test('a tarball with a prefix in it', () => {
    const { path: root } = freshSite();
    xhDone(root, 'import', packed(prefix('1.3')));
    expect(readFileSync(join(root, 'software/tool/share/tool/table'), 'utf8')).toBe('1.3\n');
    expect(existsSync(join(root, '.software/arch/tool/bin/native'))).toBe(true);
  });

  test('a .deb with what it needs: packages of the depot as such, all else as the host’s', () => {
    const { path: root } = freshSite();
    xhDone(root, 'import', prefix('2.0'));
    const stage = temporaryDirectory();
    writeFiles(join(stage, 'x'), {
      'usr/bin/user': command('user'),
      'usr/share/doc/user/copyright': '',
    });
    const file = deb(
      join(stage, 'x'),
      'Package: user\nVersion: 1:3.1-2\nArchitecture: amd64\nMaintainer: D <d@example.org>\nDepends: tool (>= 1.5), libc6 (>= 2.30)\nDescription: uses größe\n and more\n',
    );
    const ran = xhDone(root, 'import', file, '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({ package: 'user', version: '1:3.1-2' });
    const info = JSON.parse(xhDone(root, 'info', 'user', '--json').stdout) as {
      dependencies: string[];
      options: { summary: string };
    };
    expect(info.dependencies).toEqual(['tool >=1.5', 'system:libc6 >=2.30']);
    expect(info.options.summary).toBe('uses größe');
    expect(xhDone(root, 'list', 'user').stdout).toContain('uses größe');
    expect(JSON.parse(xhDone(root, 'list', 'user', '--json').stdout)).toMatchObject([
      { summary: 'uses größe' },
    ]);
    xhDone(root, 'install', 'user');
    expect(xhDone(root, 'list', '--installed').stdout).toMatch(/\* tool[^]*\* user/);
  });

  test('several at once may need each other', () => {
    const { path: root } = freshSite();
    const stage = temporaryDirectory();
    const files = ['one', 'two'].map((name) => {
      writeFiles(join(stage, name), { [`usr/share/${name}/x`]: name });
      return deb(
        join(stage, name),
        `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: D <d@example.org>\nDescription: x\n${name === 'one' ? 'Depends: two\n' : ''}`,
      );
    });
    xhDone(root, 'import', ...files);
    const info = JSON.parse(xhDone(root, 'info', 'one', 'two', '--json').stdout) as {
      directory: string;
      dependencies: string[];
    }[];
    expect(info.map(({ dependencies }) => dependencies)).toEqual([['two'], []]);
  });

  test.each([
    ['nothing at that path', '/gone.deb', 2],
    ['a file that is no software', join(import.meta.dirname, 'xh.ts'), 2],
  ])('%s is told, and nothing is left', (_, source, status) => {
    const { path: root } = freshSite();
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, 'import', source);
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain(source);
    expect(snapshot(root)).toEqual(before);
  });
});

describe('a name that is taken', () => {
  test('is refused with exit 3, and nothing is changed', () => {
    const { path: root } = freshSite();
    xhDone(root, 'import', prefix('1.0'));
    const before = snapshot(root);
    const ran = xh(root, 'import', prefix('2.0'));
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('there is a package tool already');
    expect(ran.stderr).toContain('--replace');
    expect(snapshot(root)).toEqual(before);
  });

  test('--replace takes its place: what it has no more is gone, what is of this host stays', () => {
    const { path: root } = freshSite();
    const first = prefix('1.0');
    xhDone(root, 'import', first);
    writeFiles(join(root, '.software/local/tool'), { 'logs/log': 'of this host\n' });
    xhDone(root, 'install', 'tool');
    expect(existsSync(join(root, '.software/arch/tool'))).toBe(true);
    const second = join(temporaryDirectory(), 'tool-2.0');
    writeFiles(second, { 'share/tool/table': '2.0\n', 'share/man/man1/tool.1': '.TH TOOL 2\n' });
    const told = xhDone(root, 'import', second, '--replace', '--dry-run').stdout;
    expect(told).toMatch(/^tree \/\.software\/share\/tool /m);
    expect(told).toMatch(/^drop \/\.software\/arch\/tool/m);
    xhDone(root, 'import', second, '--replace');
    expect(existsSync(join(root, '.software/arch/tool'))).toBe(false);
    expect(existsSync(join(root, 'software/tool/bin'))).toBe(false);
    expect(readFileSync(join(root, '.software/local/tool/logs/log'), 'utf8')).toBe(
      'of this host\n',
    );
    // the host follows with the next install
    xhDone(root, 'install', 'tool');
    expect(existsSync(bins(root, 'tool'))).toBe(false);
    expect(xhDone(root, 'files', 'tool').stdout).not.toContain('bin/tool');
  });

  test('--versioned stands beside it, and use switches with all that follows', () => {
    const { path: root } = freshSite();
    for (const version of ['1.0', '2.0']) xhDone(root, 'import', prefix(version), '--versioned');
    expect(readlinkSync(join(root, 'software/tool'))).toBe('tool-1.0');
    xhDone(root, 'use', 'tool@2');
    expect(readFileSync(join(root, 'software/tool/share/tool/table'), 'utf8')).toBe('2.0\n');
  });
});

describe('what may need a look', () => {
  test('old paths and set-id bits are reported, and set-id is dropped unless it is asked for', () => {
    const { path: root } = freshSite();
    const stage = prefix('1.0');
    writeFiles(stage, { 'bin/script': '#!/opt/old/bin/perl\nexit\n' });
    chmodSync(join(stage, 'bin/tool'), 0o4755);
    const first = xhDone(root, 'import', stage, '--origin', '/opt/old');
    expect(first.stderr).toContain('bin/tool: has the mode 04755; its set-id bits are dropped');
    expect(statSync(join(root, 'software/tool/bin/tool')).mode & 0o7777).toBe(0o755);
    const ran = xhDone(
      root,
      'import',
      stage,
      '--origin',
      '/opt/old',
      '--replace',
      '--allow-set-id',
    );
    expect(ran.stderr).toContain('bin/script');
    expect(ran.stderr).toContain('/opt/old');
    expect(statSync(join(root, 'software/tool/bin/tool')).mode & 0o7777).toBe(0o4755);
  });

  test('second names of one file stay one file', () => {
    const { path: root } = freshSite();
    const stage = prefix('1.0');
    linkSync(join(stage, 'bin/tool'), join(stage, 'bin/other'));
    xhDone(root, 'import', stage);
    expect(statSync(join(root, 'software/tool/bin/other')).ino).toBe(
      statSync(join(root, 'software/tool/bin/tool')).ino,
    );
  });
});
