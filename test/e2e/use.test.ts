/** `xh use`: versions side by side, one of them the current one, with all that follows from it. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

let root = '';
beforeEach(() => {
  root = freshSite().path;
  chmodSync(root, 0o755);
  copySystemFiles(root, 'services');
});

function clock(version: string, files: Readonly<Record<string, string>> = {}): string {
  return makePackage(root, `clock-${version}`, {
    '.admin/Options': `version = ${version}\n`,
    'bin/clock': command(`clock ${version}`),
    [`bin/only-${version.slice(0, 1)}`]: command('x'),
    'export/services': `clock 47${version.slice(0, 1)}1/tcp\n`,
    ...files,
  });
}

function services(): string {
  return readFileSync(join(root, 'etc/services'), 'utf8');
}

/** Everything but receipts, which say when. */
function host(): Record<string, string> {
  return Object.fromEntries([...snapshot(root)].filter(([path]) => !path.includes('/receipts/')));
}

describe('switching', () => {
  test('changes commands, fragments and the name in one step, and back, to the byte', () => {
    clock('1.0');
    clock('2.0');
    xhDone(root, 'install', 'clock@1');
    const first = host();
    expect(services()).toContain('\nclock 4711/tcp\n');
    const told = xhDone(root, 'use', 'clock@2', '--dry-run').stdout;
    expect(told).toContain('link /.software/share/clock → clock-2.0');
    expect(told).toContain('+clock 4721/tcp');
    const ran = xhDone(root, 'use', 'clock@2', '--json');
    expect(ran.stderr).toContain('clock-2.0 is current, in place of clock-1.0 (generation 2)');
    expect(JSON.parse(ran.stdout)).toEqual({ current: 'clock-2.0', generation: 2 });
    expect(readlinkSync(join(root, 'software/clock'))).toBe('clock-2.0');
    expect(readdirSync(bins(root)).toSorted()).toEqual(['clock', 'only-2']);
    // the link itself never changes: no command is absent for an instant
    expect(readlinkSync(bins(root, 'clock'))).toBe(join(root, 'software/clock/bin/clock'));
    expect(services().match(/clock/g)).toHaveLength(3);
    expect(services()).toContain('\nclock 4721/tcp\n');
    expect(xhDone(root, 'list').stdout).toBe('* clock-1.0  1.0 (not current)\n* clock-2.0  2.0\n');
    xhDone(root, 'use', 'clock@1');
    expect(host()).toEqual(first);
    expect(xhDone(root, 'use', 'clock@1').stderr).toContain('clock-1.0 is current already');
    xhDone(root, 'uninstall', 'clock@1', 'clock-2.0');
    expect(services()).toBe(readFileSync('/etc/services', 'utf8'));
    expect(existsSync(bins(root))).toBe(false);
  });

  test('takes the newest that fits, and only what is there', () => {
    for (const version of ['1.0', '1.9', '1.10', '2.0-rc1']) clock(version);
    xhDone(root, 'use', 'clock@1.x');
    expect(readlinkSync(join(root, 'software/clock'))).toBe('clock-1.10');
    xhDone(root, 'use', 'clock-1.9');
    expect(readlinkSync(join(root, 'software/clock'))).toBe('clock-1.9');
    const missing = xh(root, 'use', 'clock@3');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('there is 1.10, 1.9, 1.0, 2.0-rc1');
    expect(xh(root, 'use', 'clokc@1').stderr).toContain("did you mean 'clock'?");
    makePackage(root, 'plain');
    const plain = xh(root, 'use', 'plain');
    expect(plain.status).toBe(1);
    expect(plain.stderr).toContain('plain has no versions side by side');
  });

  test('of what is not installed changes the name only', () => {
    clock('1.0');
    clock('2.0');
    xhDone(root, 'use', 'clock@2');
    expect(readlinkSync(join(root, 'software/clock'))).toBe('clock-2.0');
    expect(existsSync(bins(root))).toBe(false);
    expect(xhDone(root, 'list', '--installed').stdout).toBe('');
  });

  test('to a version that was not installed installs it with what it needs, its script too', () => {
    clock('1.0');
    clock('2.0', {
      '.admin/Dependencies': 'base\n',
      '.admin/Options': 'version = 2.0\nrun-as = root\n',
      '.admin/Install': '#!/bin/sh\necho "$XH_PACKAGE" "$1" >> "$XH_ROOT/ran"\n',
    });
    makePackage(root, 'base', { 'bin/base': command('base') });
    xhDone(root, 'install', 'clock@1');
    xhDone(root, 'use', 'clock@2');
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('clock-2.0 install\n');
    expect(readdirSync(bins(root)).toSorted()).toEqual(['base', 'clock', 'only-2']);
    // there and back again: it is installed already
    xhDone(root, 'use', 'clock@1');
    xhDone(root, 'use', 'clock@2');
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('clock-2.0 install\n');
  });

  test('that would collide is refused, and the version that was stays', () => {
    clock('1.0');
    clock('2.0', { 'bin/taken': command('taken') });
    makePackage(root, 'other', { 'bin/taken': command('other') });
    xhDone(root, 'install', 'clock@1', 'other');
    const before = snapshot(root);
    const refused = xh(root, 'use', 'clock@2');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('taken is provided by both');
    expect(snapshot(root)).toEqual(before);
  });
});

describe('priorities and preferences follow the name', () => {
  test('a versioned package has the priority that its Options say', () => {
    clock('1.0', { '.admin/Options': 'version = 1.0\npriority = 70\n' });
    makePackage(root, 'other', { '.admin/Options': 'priority = 60\n', 'bin/clock': command('o') });
    xhDone(root, 'install', 'clock');
    expect(xhDone(root, 'install', 'other').stderr).toContain(
      'stays with clock (priority 70), which wins over other',
    );
    xhDone(root, 'prefer', 'clock', 'other');
    expect(readlinkSync(bins(root, 'clock'))).toContain('/other/');
    xhDone(root, 'prefer', 'clock', 'clock-1.0');
    expect(xhDone(root, 'prefer').stdout).toBe('clock  clock\n');
    expect(readlinkSync(bins(root, 'clock'))).toContain('/clock/');
  });
});

describe('a name that was switched behind our back', () => {
  test('as by a shared tree: the next install follows, whichever version it meets first', () => {
    clock('1.0');
    clock('2.0');
    xhDone(root, 'install', 'clock@1', 'clock@2');
    const name = join(root, '.software/share/clock');
    for (const [version, command_, port] of [
      ['2.0', 'only-2', 4721],
      ['1.0', 'only-1', 4711],
    ] as const) {
      unlinkSync(name);
      symlinkSync(`clock-${version}`, name);
      xhDone(root, 'install', '--all');
      expect(readdirSync(bins(root)).toSorted()).toEqual(['clock', command_]);
      expect(services()).toContain(`\nclock ${port}/tcp\n`);
      expect(services().match(/BEGIN xhier/g)).toHaveLength(1);
    }
    xhDone(root, 'uninstall', 'clock-1.0', 'clock-2.0');
    expect(services()).toBe(readFileSync('/etc/services', 'utf8'));
  });

  test('a name that leads to a version that is gone means the newest that is there', () => {
    const first = clock('1.0');
    xhDone(root, 'install', 'clock');
    clock('2.0');
    rmSync(first, { recursive: true });
    xhDone(root, 'install', 'clock');
    expect(readlinkSync(join(root, 'software/clock'))).toBe('clock-2.0');
    expect(readdirSync(bins(root)).toSorted()).toEqual(['clock', 'only-2']);
  });

  test('a package that stands elsewhere in the site is a package like any other', () => {
    const top = makePackage(root, 'clock', { 'bin/clock': command('clock') });
    const elsewhere = join(root, 'elsewhere');
    makePackage(elsewhere, 'clock', { 'bin/clock': command('clock') });
    rmSync(top, { recursive: true });
    symlinkSync(join(elsewhere, '.software/share/clock'), top);
    xhDone(root, 'install', 'clock');
    expect(readlinkSync(bins(root, 'clock'))).toBe(join(root, 'software/clock/bin/clock'));
  });
});
