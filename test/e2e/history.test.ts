/** `xh history`: who changed the host, when, why, and what of it. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { program, xh, xhDone } from './xh.ts';

let root = '';
let etc = '';
beforeEach(() => {
  root = freshSite().path;
  etc = join(root, 'etc');
  copySystemFiles(root, 'services');
  writeFiles(root, { 'etc/motd': 'stock\n' });
});

function makeClock(): void {
  makePackage(root, 'clock-1.0', {
    '.admin/Options': 'version = 1.0\n',
    'bin/clock': command('1'),
    'export/services': 'clock 4711/tcp\n',
    'export/profile.d/clock.sh': 'CLOCK=1\n',
    'export/replace/etc/motd': 'clock\n',
  });
  makePackage(root, 'other', { 'bin/other': command('o'), 'export/services': 'other 4801/udp\n' });
}

describe('the history', () => {
  test('tells who did what, when and why, and what each change was before', () => {
    makeClock();
    program('xh.cjs', root, ['install', 'clock@1', '-m', 'asked for by jane'], {
      SUDO_USER: 'jane',
    });
    expect(xhDone(root, 'history').stdout).toMatch(
      /^ {3}1 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}jane {6}xh install clock@1 -m asked for by jane {2}\(asked for by jane\)\n$/,
    );
    const one = xhDone(root, 'history', '1').stdout;
    expect(one).toMatch(
      /^generation 1, \d{4}-\d\d-\d\d .*\nwho {7}jane\ncommand {3}xh install .*\nwhy {7}asked for by jane\npackages {2}clock-1.0\n\n/,
    );
    expect(one).toContain('\nlink /.software/local/.admin/bins/bin/: 1 link\n');
    expect(one).not.toContain('receipts');
    expect(xhDone(root, 'history', '1', '--verbose').stdout).toContain('receipts/clock-1.0.json');
    const all = JSON.parse(xhDone(root, 'history', '--json').stdout) as unknown[];
    expect(all).toMatchObject([
      { generation: 1, user: 'jane', reason: 'asked for by jane', packages: ['clock-1.0'] },
    ]);
    expect(xh(root, 'history', '2').status).toBe(1);
  });

  test('shows what was changed in each system file, and a program the same', () => {
    makeClock();
    xhDone(root, 'install', 'clock');
    xhDone(root, 'uninstall', 'clock');
    const there = xhDone(root, 'history', '1').stdout;
    expect(there).toMatch(
      /\nedit \/etc\/services\n {5}@@ .* @@\n(?: {6}.*\n){3} {5}\+# BEGIN xhier clock\n {5}\+clock 4711\/tcp\n {5}\+# END xhier clock\n/,
    );
    expect(there).toContain('\nnew  /etc/profile.d/clock.sh\n     +CLOCK=1\n');
    expect(there).toMatch(/\ntake \/etc\/motd → .*\(the original is kept as \/etc\/\.motd/);
    const back = xhDone(root, 'history', '2').stdout;
    expect(back).toContain('\n     -clock 4711/tcp\n');
    expect(back).toContain('\ndrop /etc/profile.d/clock.sh\n     -CLOCK=1\n');
    expect(back).toMatch(/\nback \/etc\/motd \(the original, from \/etc\/\.motd/);
    expect(xhDone(root, 'history', '1', '--color', 'always').stdout).toContain(
      '\u001b[32m     +clock 4711/tcp\u001b[39m',
    );
    const { changes } = JSON.parse(xhDone(root, 'history', '1', '--json').stdout) as {
      readonly changes: readonly { readonly path: string; readonly difference?: string }[];
    };
    const found = changes.find(({ path }) => path === '/etc/services')?.difference;
    expect(found).toMatch(/^@@ .*\n\+clock 4711\/tcp\n/s);
  });

  test('of one file is who changed it, and how', () => {
    makeClock();
    xhDone(root, 'install', 'clock');
    xhDone(root, 'install', 'other');
    xhDone(root, 'uninstall', 'clock');
    const numbers = (...words: readonly string[]): (string | undefined)[] =>
      [...xhDone(root, 'history', ...words).stdout.matchAll(/^ +(\d+) {2}\d{4}-/gm)].map(
        (match) => match[1],
      );
    expect(numbers()).toEqual(['1', '2', '3']);
    expect(numbers('--file', '/etc/services')).toEqual(['1', '2', '3']);
    expect(numbers('--file', join(etc, 'motd'))).toEqual(['1', '3']);
    expect(numbers('--file', '/etc/profile.d')).toEqual(['1', '3']);
    expect(numbers('--last', '2')).toEqual(['2', '3']);
    expect(numbers('-n', '1', '--file', '/etc/services')).toEqual(['3']);
    const patch = xhDone(root, 'history', '-p', '--file', '/etc/services').stdout;
    expect(patch.match(/^edit \/etc\/services$/gm)).toHaveLength(3);
    expect(patch).not.toContain('motd');
    const none = xhDone(root, 'history', '--file', '/etc/passwd');
    expect(none).toMatchObject({ stdout: '', stderr: 'no generation has changed /etc/passwd\n' });
    expect(xh(root, 'history', '-n', '0').status).toBe(2);
    expect(xh(root, 'history', '-n', 'x').status).toBe(2);
  });

  test('says so of contents that are not kept any more', () => {
    makeClock();
    xhDone(root, 'install', 'clock');
    const objects = join(root, '.software/local/.admin/objects');
    for (const name of readdirSync(objects)) rmSync(join(objects, name));
    expect(xhDone(root, 'history', '1').stdout).toContain(
      '\nedit /etc/services\n     (what it had in it is not kept any more)\n',
    );
    expect(xh(root, 'rollback', '0').status).toBe(1);
  });

  test('has one generation of what is done twice: the second time there is nothing to do', () => {
    makeClock();
    makePackage(root, 'rival', { 'bin/clock': command('2'), '.admin/Options': 'priority = 40\n' });
    writeFiles(root, {
      'etc/links': '/etc/issue motd\n',
      'etc/layers': `/usr/farm ${join(root, '.software/share/clock-1.0/bin')}\n`,
    });
    const count = (): number => xhDone(root, 'history').stdout.split('\n').length - 1;
    for (const words of [
      ['install', 'clock', 'other'],
      ['install', '--all'],
      ['use', 'clock@1.0'],
      ['prefer', 'clock', 'rival'],
      ['prefer', '--drop', 'clock'],
      ['make-links'],
      ['symlinks', join(etc, 'links')],
      ['autolink', join(etc, 'layers')],
      ['rollback', '1'],
      ['uninstall', 'other'],
    ]) {
      xhDone(root, ...words);
      const once = count();
      xh(root, ...words);
      expect(count(), words.join(' ')).toBe(once);
    }
    const { length } = JSON.parse(xhDone(root, 'history', '--json').stdout) as readonly unknown[];
    expect(xhDone(root, 'rollback', String(length)).stderr).toMatch(/nothing to roll back/);
    for (const words of [['gc', '--keep', '1'], ['gc'], ['recover']]) xhDone(root, ...words);
    expect(count()).toBe(length);
  });

  test('of a host that was never changed is empty, as JSON too', () => {
    expect(xhDone(root, 'history').stderr).toContain('nothing has been changed');
    expect(JSON.parse(xhDone(root, 'history', '--json').stdout)).toEqual([]);
  });

  test('that is damaged is told as that', () => {
    makePackage(root, 'other');
    xhDone(root, 'install', 'other');
    const admin = join(root, '.software/local/.admin');
    writeFileSync(join(admin, 'generations/1.json'), '{"format":1,"gen');
    expect(xh(root, 'history')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('generations/1.json, a record of xhier') as string,
    });
    writeFileSync(join(admin, 'receipts/other.json'), '{"format":2}');
    expect(xh(root, 'info', 'other').stderr).toContain('this one does not know');
    writeFileSync(join(admin, 'receipts/other.json'), '');
    expect(xh(root, 'uninstall', 'other').stderr).toContain('receipts/other.json');
  });
});
