/** `xh rollback`: to any generation and forward again, with what people did kept. */
import {
  chmodSync,
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

let root = '';
let etc = '';
beforeEach(() => {
  root = freshSite().path;
  etc = join(root, 'etc');
  copySystemFiles(root, 'services');
  writeFiles(root, { 'etc/motd': 'stock\n' });
  chmodSync(join(etc, 'motd'), 0o640);
});

function makeClock(): void {
  for (const version of ['1', '2']) {
    makePackage(root, `clock-${version}.0`, {
      '.admin/Options': `version = ${version}.0\n`,
      'bin/clock': command(version),
      [`include/clock/v${version}.h`]: version,
      'export/services': `clock 47${version}1/tcp\n`,
      'export/profile.d/clock.sh': `CLOCK=${version}\n`,
      [`export/replace/etc/${version === '1' ? 'motd' : 'issue'}`]: `clock ${version}\n`,
    });
  }
  makePackage(root, 'other', { 'bin/other': command('o'), 'export/services': 'other 4801/udp\n' });
}

describe('a rollback', () => {
  test('goes to each generation in turn, forward too, and each is as it was then', () => {
    makeClock();
    const states = [host()];
    const commands = [
      ['install', 'clock@1'],
      ['install', 'other'],
      ['use', 'clock@2'],
      ['prefer', 'clock', 'clock'],
      ['uninstall', 'other'],
      ['uninstall', 'clock@2'],
    ];
    xhDone(root, 'make-links');
    states.push(host());
    for (const words of commands) {
      xhDone(root, ...words);
      states.push(host());
    }
    const at = states.length;
    for (const number of [6, 4, 1, 7, 3, 5, 2, 6]) {
      const told = xhDone(root, 'rollback', String(number), '--dry-run', '--json').stdout;
      expect(JSON.parse(told)).toMatchObject({ command: 'rollback', conflicts: [] });
      xhDone(root, 'rollback', String(number));
      expect(host(), `generation ${number}`).toEqual(states[number]);
    }
    expect(xhDone(root, 'history').stdout.trimEnd().split('\n')).toHaveLength(at - 1 + 8);
    // to before the first: the path table too is gone
    xhDone(root, 'rollback', '0');
    expect(existsSync(join(root, '.software/local/.admin/path-table'))).toBe(false);
    expect(readFileSync(join(etc, 'services'))).toEqual(readFileSync('/etc/services'));
    // and what is installed can still be used as before
    xhDone(root, 'rollback');
    expect(host()).toEqual(states[6]);
    expect(xhDone(root, 'install', '--all').stderr).toContain('nothing to do');
  });

  test('without a number takes the last change back, and twice is as if nothing had been', () => {
    makeClock();
    xhDone(root, 'install', 'other');
    const before = host();
    xhDone(root, 'install', 'clock@1');
    const after = host();
    const ran = xhDone(root, 'rollback', '--json', '--message', 'clock is late');
    expect(ran.stderr).toMatch(/rolled back as generation 3: .*\/etc\/services/);
    expect(JSON.parse(ran.stdout)).toEqual({ generation: 3 });
    expect(host()).toEqual(before);
    xhDone(root, 'rollback');
    expect(host()).toEqual(after);
    expect(xhDone(root, 'history').stdout).toContain('(clock is late)');
  });

  test('of what has no generation, or of nothing, says so', () => {
    expect(xh(root, 'rollback')).toMatchObject({
      status: 1,
      stderr: 'xh: nothing has been changed on this host yet\n',
    });
    makePackage(root, 'other');
    xhDone(root, 'install', 'other');
    const none = xh(root, 'rollback', '7');
    expect(none.status).toBe(1);
    expect(none.stderr).toContain('there is no generation 7');
    expect(none.stderr).toContain('generations 1 to 1 are kept');
    expect(xh(root, 'rollback', 'x').status).toBe(2);
    expect(xh(root, 'rollback', '-1').status).toBe(2);
    expect(xhDone(root, 'rollback', '1').stderr).toContain('nothing to roll back');
  });
});

describe('what people did in between', () => {
  const SERVICES = 'ours 9999/tcp # by hand\n';

  test('stays, in a file that is set back around it', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    const file = join(etc, 'services');
    writeFileSync(file, SERVICES + readFileSync(file, 'utf8'));
    chmodSync(file, 0o600);
    xhDone(root, 'rollback', '0');
    expect(readFileSync(file, 'utf8')).toBe(SERVICES + readFileSync('/etc/services', 'utf8'));
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    xhDone(root, 'rollback', '1');
    expect(readFileSync(file, 'utf8')).toContain('\nclock 4711/tcp\n');
    expect(readFileSync(file, 'utf8')).toContain(SERVICES);
  });

  test('a mode that was changed alone stays as well', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    chmodSync(join(etc, 'services'), 0o600);
    xhDone(root, 'rollback', '0');
    expect(statSync(join(etc, 'services')).mode & 0o7777).toBe(0o600);
  });

  test('in the very lines that are set back is a conflict with its line; nothing is touched', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    const file = join(etc, 'services');
    writeFileSync(file, readFileSync(file, 'utf8').replace('clock 4711/tcp', 'clock 4999/tcp'));
    writeFileSync(join(etc, 'profile.d/clock.sh'), 'CLOCK=mine\n');
    const before = snapshot(root);
    for (const words of [
      ['rollback', '0'],
      ['rollback', '0', '--dry-run'],
    ]) {
      const ran = xh(root, ...words);
      expect(ran.status).toBe(3);
      expect(ran.stderr).toMatch(/conflict \/etc\/services:\d+: .*changed by hand/);
      expect(ran.stderr).toMatch(/conflict \/etc\/profile\.d\/clock\.sh:1: .*changed by hand/);
      expect(snapshot(root)).toEqual(before);
    }
  });

  test('a link that somebody has taken away is no matter, one that he has turned is a conflict', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    unlinkSync(bins(root, 'clock'));
    xhDone(root, 'rollback', '0');
    expect(existsSync(bins(root))).toBe(false);
    xhDone(root, 'rollback', '1');
    // what was not there before the rollback is not there after it; make-links knows it
    xhDone(root, 'make-links');
    unlinkSync(bins(root, 'clock'));
    symlinkSync('/bin/date', bins(root, 'clock'));
    const ran = xh(root, 'rollback', '0');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('bins/bin/clock');
    expect(readlinkSync(bins(root, 'clock'))).toBe('/bin/date');
  });

  test('a displaced original comes back with its mode; one that is lost is a conflict', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    expect(readlinkSync(join(etc, 'motd'))).toContain('/software/clock/');
    xhDone(root, 'rollback', '0');
    expect(readFileSync(join(etc, 'motd'), 'utf8')).toBe('stock\n');
    expect(statSync(join(etc, 'motd')).mode & 0o7777).toBe(0o640);
    xhDone(root, 'rollback', '1');
    const kept = join(etc, '.motd.xhier-clock');
    renameSync(kept, join(root, 'lost'));
    const before = snapshot(root);
    const ran = xh(root, 'rollback', '0');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('/etc/.motd.xhier-clock');
    expect(snapshot(root)).toEqual(before);
    renameSync(join(root, 'lost'), kept);
    // somebody has put a file of his own where the link stood
    rmSync(join(etc, 'motd'));
    writeFileSync(join(etc, 'motd'), 'mine\n');
    expect(xh(root, 'rollback', '0').status).toBe(3);
    expect(readFileSync(join(etc, 'motd'), 'utf8')).toBe('mine\n');
  });

  test('between two generations stays too, when both are taken back', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    const file = join(etc, 'services');
    writeFileSync(file, SERVICES + readFileSync(file, 'utf8'));
    chmodSync(file, 0o600);
    xhDone(root, 'install', 'other');
    writeFileSync(file, `${readFileSync(file, 'utf8')}last 9998/tcp\n`);
    xhDone(root, 'rollback', '0');
    const stock = readFileSync('/etc/services', 'utf8');
    expect(readFileSync(file, 'utf8')).toBe(`${SERVICES}${stock}last 9998/tcp\n`);
    expect(statSync(file).mode & 0o7777).toBe(0o600);
  });

  test('to a file that was not there before stays without our lines', () => {
    makePackage(root, 'shell', {
      'bin/sh': command('sh'),
      'export/shells': '/software/shell/bin/sh\n',
    });
    xhDone(root, 'install', 'shell');
    const file = join(etc, 'shells');
    writeFileSync(file, `/bin/mine\n${readFileSync(file, 'utf8')}`);
    xhDone(root, 'rollback', '0');
    expect(readFileSync(file, 'utf8')).toBe('/bin/mine\n');
    xhDone(root, 'install', 'shell');
    writeFileSync(file, readFileSync(file, 'utf8').replace('/software', '/hardware'));
    expect(xh(root, 'rollback', '0').stderr).toMatch(/conflict \/etc\/shells.*changed by hand/);
  });

  test('that cannot be merged is shown with both sides and the way out, and taking that way works', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    const file = join(etc, 'profile.d/clock.sh');
    writeFileSync(file, 'CLOCK=mine\n');
    xhDone(root, 'use', 'clock@1');
    const ran = xh(root, 'rollback', '0');
    expect(ran.stderr).toBe(
      [
        'conflict /etc/profile.d/clock.sh:1: line 1 was changed by hand since, where it would be set back (- as it is, + as it would be)',
        '     @@ -1,1 +0,0 @@',
        '     -CLOCK=mine',
        '    → save a copy of /etc/profile.d/clock.sh, make the lines what they would be, run xh rollback again, and put back from the copy what you still want',
        'xh: refused: 1 conflict; nothing has been changed',
        '',
      ].join('\n'),
    );
    writeFileSync(file, '');
    xhDone(root, 'rollback', '0');
    expect(existsSync(file)).toBe(false);
    // what is not for all to read is not shown
    xhDone(root, 'install', 'clock@1');
    writeFileSync(file, 'SECRET=1\n');
    chmodSync(file, 0o600);
    expect(xh(root, 'rollback', '0').stderr).not.toContain('SECRET');
  });

  test('a file that was changed, and then displaced, comes back as it was before both', () => {
    makePackage(root, 'hello', { 'export/patches/etc/motd.patch': PATCH });
    makePackage(root, 'clock', { 'export/replace/etc/motd': 'clock\n' });
    xhDone(root, 'recover');
    const before = host();
    xhDone(root, 'install', 'hello');
    xhDone(root, 'install', 'clock');
    xhDone(root, 'rollback', '0');
    expect(host()).toEqual(before);
    xhDone(root, 'rollback', '2');
    expect(readlinkSync(join(etc, 'motd'))).toContain('/software/clock/');
    xhDone(root, 'uninstall', 'clock');
    expect(readFileSync(join(etc, 'motd'), 'utf8')).toBe('stock\nhello\n');
  });

  test('a directory that somebody uses stays when what we put there goes', () => {
    makeClock();
    xhDone(root, 'install', 'clock@1');
    writeFiles(root, { 'usr/include/clock/mine.h': 'mine\n' });
    xhDone(root, 'rollback', '0');
    expect(readFileSync(join(root, 'usr/include/clock/mine.h'), 'utf8')).toBe('mine\n');
    expect(existsSync(join(root, 'usr/include/clock/v1.h'))).toBe(false);
  });
});

const PATCH = '--- a/etc/motd\n+++ b/etc/motd\n@@ -1 +1,2 @@\n stock\n+hello\n';

/** The host without what says when: times in receipts. */
function host(): Record<string, string> {
  return Object.fromEntries(
    [...snapshot(root)].map(([path, what]) =>
      path.includes('/receipts/')
        ? [path, readFileSync(join(root, path), 'utf8').replace(/"time":"[^"]*"/, '')]
        : [path, what],
    ),
  );
}
