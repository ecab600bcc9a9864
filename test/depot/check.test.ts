/** Every check of packages: a real package is spoiled in that way, the finding seen, and gone when it is mended. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { bytes, printable } from '../../src/bytes/bytes.ts';
import { checkPackage, type CheckFinding } from '../../src/depot/check/check.ts';
import { directorySubject, packageSubject } from '../../src/depot/check/subject.ts';
import { PACKAGE_CHECKS } from '../../src/depot/check/table.ts';
import { visitHost } from '../../src/host/transaction.ts';
import { findPackage } from '../../src/package/read.ts';
import { loadConfig } from '../../src/site/config.ts';
import type { Site } from '../../src/site/site.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { command, makePackage, writeFiles, type Files } from './packages.ts';

let site: Site & { readonly path: string };
let clock = '';
const PAGE = '.TH CLOCK 1\n.SH NAME\nclock, tick \\- shows the time\n';
const SOUND: Files = {
  '.admin/Options': 'summary = Shows the time\nversion = 1.0\n',
  '.admin/Install': '#!/bin/sh\ncase $1 in install) : ;; uninstall) : ;; esac\n',
  'bin/clock': command('clock'),
  'data/faces/round': 'round\n',
  'data/now': '→ faces/round',
  'man/man1/clock.1': PAGE,
  'export/services': 'clock 4711/tcp\n',
};
beforeEach(() => {
  site = freshSite();
  clock = makePackage(site.path, 'clock', SOUND);
});

function findings(name = 'clock'): readonly CheckFinding[] {
  return visitHost(site, (host) => {
    const entry = findPackage(site, { name: bytes(name) });
    return checkPackage(packageSubject(host, loadConfig(site), entry)).findings;
  });
}

/** `error bin/x: message` of one check. */
function told(check: string, name = 'clock'): readonly string[] {
  return findings(name)
    .filter((each) => each.check === check)
    .map(({ severity, path, message, line }) => {
      const below = printable(path).replace(`/software/${name}/`, '');
      return `${severity} ${below}${line === undefined ? '' : `:${line}`}: ${message}`;
    });
}

function at(path: string): string {
  return join(clock, path);
}

function write(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
  chmodSync(at(path), mode);
}

/** A compiled file. */
function compile(source: string, to: string, ...flags: readonly string[]): void {
  mkdirSync(dirname(to), { recursive: true });
  const ran = spawnSync('cc', ['-x', 'c', '-', '-x', 'none', '-o', to, ...flags], {
    input: source,
  });
  expect(ran.stderr.toString()).toBe('');
}

test('a sound package has nothing to be told of', () => {
  expect(findings()).toEqual([]);
  const ids = PACKAGE_CHECKS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('.admin', () => {
  test('all files at once, each with line and column; what nobody reads', () => {
    write('.admin/Maintainer', 'no address\n');
    write('.admin/Options', 'prioritty = 4\n');
    write('.admin/Optoins', '');
    const found = findings().filter(({ check }) => check === 'admin-files');
    expect(found.map(({ path, line, remedy }) => [printable(path), line, remedy])).toEqual([
      ['/software/clock/.admin/Maintainer', 1, expect.any(String)],
      ['/software/clock/.admin/Options', 1, "did you mean 'priority'?"],
      ['/software/clock/.admin/Optoins', undefined, "did you mean 'Options'?"],
    ]);
    unlinkSync(at('.admin/Maintainer'));
    expect(told('admin-files')).toContain(
      'error .admin/Maintainer: there is no such file: every package has a maintainer',
    );
  });

  test('a package that nobody finds, and accounts that nobody has', () => {
    write('.admin/Options', 'owner = nosuch\nrun-as = root\n');
    write('.admin/Maintainer', 'nobodyhere\n');
    expect(told('described')).toEqual([
      'note .admin/Options: it has no summary',
      'note .admin/Options: it has no version',
    ]);
    expect(told('accounts')).toEqual([
      "note .admin/Maintainer: 'nobodyhere' is an address without a domain, and no account here",
      "warning .admin/Options:1: owner: this host has no account 'nosuch'",
    ]);
    expect(told('install-script')).toEqual(['note .admin/Install: it is run by root']);
    write('export/passwd', 'nosuch:x:::x:/:/usr/sbin/nologin\n');
    expect(told('accounts')).toHaveLength(1);
  });

  test('dependencies that are not there, are in a circle, or are of the host', () => {
    write('.admin/Dependencies', 'quartz >= 2\nsystem:nosuchthing\n');
    expect(told('dependencies')[0]).toContain("there is no package 'quartz'");
    makePackage(site.path, 'quartz', { '.admin/Options': 'version = 1.0\n' });
    expect(told('dependencies')[0]).toContain("no version of 'quartz' is in '>= 2'");
    makePackage(site.path, 'quartz-2.1', { '.admin/Dependencies': 'clock\n' });
    expect(told('dependencies')[0]).toMatch(/^error .*clock/);
    write('.admin/Dependencies', 'quartz\nsystem:nosuchthing\n');
    expect(told('dependencies')).toEqual([
      "note .admin/Dependencies: this host does not seem to have 'nosuchthing'",
    ]);
  });

  test('targets that no host can be', () => {
    write('.admin/Options', 'summary = x\nversion = 1\ndistribute = targets\n');
    expect(told('targets')).toEqual([
      "error .admin/Targets: 'distribute = targets' in Options, and there is no such file",
    ]);
    write('.admin/Targets', 'arch:linux-x68*\nhost:a&host:b\narch:linux-*\n');
    expect(told('targets')).toEqual([
      "warning .admin/Targets: 'arch:linux-x68*' is no architecture that there is",
      'warning .admin/Targets: no host has the name a and the name b',
    ]);
  });

  test('file types that mean nothing, or another tree than the file is in', () => {
    write(
      '.admin/file-types',
      '*.nosuch regional\n/logs/old local\ndata/faces regional\nbin share\n',
    );
    expect(told('file-types')).toEqual([
      "note .admin/file-types: '*.nosuch' matches nothing in the package",
      'warning data/faces/round: it stands in the tree share, and its type is regional',
    ]);
  });

  test('an Install script that cannot be run, or knows one argument only', () => {
    write('.admin/Install', 'echo installing\n', 0o644);
    expect(told('install-script')).toEqual([
      'error .admin/Install: it cannot be executed',
      'error .admin/Install: it does not say what runs it',
    ]);
    write('.admin/Install', '#!/bin/sh\necho "$1"\n', 0o755);
    expect(told('install-script')).toEqual([
      "warning .admin/Install: it never mentions 'uninstall', with which it is called too",
    ]);
  });
});

describe('fragments', () => {
  test('that cannot be read, or that collide on this host, with their lines', () => {
    write('export/services', 'clock 4711/tcp\nclock 99999/tcp\n');
    expect(told('fragments')).toEqual([
      expect.stringMatching(/^error export\/services:2: .*99999/) as string,
    ]);
    write('export/services', 'clock 4711/tcp\n');
    writeFileSync(join(site.path, 'etc/services'), 'other 4711/tcp\n');
    expect(told('fragments')).toEqual([
      expect.stringMatching(/^warning export: on this host: .*other/) as string,
    ]);
    write('export/servises', 'x');
    expect(told('fragments')[0]).toContain("there is no kind of fragment 'servises'");
  });
});

describe('programs', () => {
  test('commands that nobody can execute, and interpreters that are not there', () => {
    chmodSync(at('bin/clock'), 0o644);
    expect(told('commands')).toEqual(['error bin/clock: a command that cannot be executed']);
    chmodSync(at('bin/clock'), 0o750);
    expect(told('commands')).toEqual(['note bin/clock: not everybody may execute it (mode 750)']);
    mkdirSync(at('bin/more'));
    expect(told('commands')).toHaveLength(2);
    for (const [content, message] of [
      ['#!/no/such\n', 'its interpreter /no/such is not on this host'],
      ['#!/bin/sh\r\n', 'its lines end as on DOS'],
      ['#!sh\n', "'#!sh' is no absolute path"],
      ['#!/usr/bin/env nosuchprogram\n', 'there is no nosuchprogram'],
      [`#!/bin/sh ${'x'.repeat(300)}\n`, 'its first line is too long'],
      ['echo hi\n', 'a command that is a text and does not say what runs it'],
      ['', 'a command that is an empty file'],
    ] as const) {
      write('bin/clock', content, 0o755);
      expect(told('interpreters')[0]).toContain(message);
    }
    write('bin/clock', '#!/usr/bin/env -S FOO=1 sh -e\n', 0o755);
    expect(told('interpreters')).toEqual([]);
  });

  test('an interpreter of another package has to be a dependency', () => {
    makePackage(site.path, 'lua', { 'bin/lua': command('lua') });
    write('bin/clock', `#!${site.path}/software/lua/bin/lua\n`, 0o755);
    expect(told('interpreters')).toEqual([
      'warning bin/clock:1: it is run by lua, which is no dependency',
    ]);
    // and the path holds below this site root only
    expect(told('hard-wired')).toHaveLength(1);
    write('.admin/Dependencies', '?lua >= 1 # runs it\n');
    expect(told('interpreters')).toEqual([]);
  });

  test('paths that hold where it was built only; what is for people does not count', () => {
    write('data/conf', 'a\nlib = /home/fred/clock/lib\ntmp = /tmp/x\nurl = http://x/home/fred/y\n');
    write('doc/README', 'in /home/fred/clock\n');
    expect(told('hard-wired')).toEqual(['warning data/conf:2: it names /home/fred/clock/lib']);
    write('lib/blob', Buffer.from('\0\0/build/clock-1.0/lib\0/build/clock-1.0/a.c\0'));
    expect(told('hard-wired')).toContain('note lib/blob: it names /build/clock-1.0/lib');
    expect(told('hard-wired')).toHaveLength(2);
  });
});

describe('compiled files', () => {
  test('in a shared tree, or for another architecture', () => {
    copyFileSync('/bin/true', at('data/true'));
    expect(told('architectures')).toEqual([
      expect.stringMatching(
        /^error data\/true: compiled for .*, in a tree that hosts of every/,
      ) as string,
    ]);
    const arch = join(site.path, '.software/arch/clock/bin');
    mkdirSync(arch, { recursive: true });
    renameSync(at('data/true'), join(arch, 'true'));
    symlinkSync(join(arch, 'true'), at('bin/true'));
    expect(findings()).toEqual([]);
    const other = Buffer.alloc(64);
    other.write('\x7fELF\x02\x01\x01', 'latin1');
    other.writeUInt16LE(22, 18);
    writeFileSync(join(arch, 'true'), other, { mode: 0o755 });
    expect(told('architectures')).toEqual([
      expect.stringMatching(/^warning bin\/true: compiled for linux-s390x; this host is/) as string,
    ]);
  });

  test('libraries that are nowhere, or of a package that is no dependency; run paths; sonames', () => {
    const arch = join(site.path, '.software/arch/clock');
    const lib = join(site.path, '.software/arch/tick/lib');
    compile(
      'int f(void){return 1;}',
      join(lib, 'libtick.so.1'),
      '-shared',
      '-fPIC',
      '-Wl,-soname,libtick.so.1',
    );
    const main = 'int f(void);int main(void){return f();}';
    const use = [join(lib, 'libtick.so.1')];
    compile(main, join(arch, 'bin/tick'), ...use, '-Wl,-rpath,/tmp/lib:relative:$ORIGIN/../nosuch');
    expect(told('needed-libraries')).toEqual([
      'error bin/tick: it needs libtick.so.1, which is nowhere',
    ]);
    expect(told('run-paths').map((line) => line.replace(/.*its run path has /, ''))).toEqual([
      '/tmp/lib, where others may put a library',
      "'relative': libraries are taken from whatever the working directory is",
      '$ORIGIN/../nosuch, which is not there',
    ]);
    const tick = makePackage(site.path, 'tick');
    symlinkSync(lib, join(tick, 'lib'));
    expect(told('needed-libraries')).toEqual([
      'warning bin/tick: it needs libtick.so.1 of tick, which is no dependency',
    ]);
    write('.admin/Dependencies', 'tick\n');
    expect(told('needed-libraries')).toEqual([]);
    // its own, beside it
    mkdirSync(join(arch, 'lib'));
    copyFileSync(join(lib, 'libtick.so.1'), join(arch, 'lib/libtick.so.1.0.0'));
    expect(told('sonames')).toEqual([
      'error lib/libtick.so.1.0.0: its soname is libtick.so.1, and lib has nothing of that name',
    ]);
    symlinkSync('libtick.so.1.0.0', join(arch, 'lib/libtick.so.1'));
    compile(main, join(arch, 'bin/tick'), ...use, '-Wl,-rpath,$ORIGIN/../lib');
    write('.admin/Dependencies', '');
    expect(told('sonames')).toEqual([]);
    expect(told('needed-libraries')).toEqual([]);
    expect(told('run-paths')).toEqual([]);
    compile('int g(void){return 1;}', join(arch, 'lib/libmodule.so'), '-shared', '-fPIC');
    expect(told('sonames')).toEqual([
      'note lib/libmodule.so: a library without a soname: programs remember it by its file name',
    ]);
  });
});

describe('links', () => {
  test('that lead nowhere, out of the package, or by a path that holds here only', () => {
    const made: Readonly<Record<string, string>> = {
      dangling: 'nosuch',
      out: '../../../etc/passwd',
      away: '/no/such',
      host: '/etc/passwd',
      own: join(site.path, 'software/clock/data/now'),
      inside: '../bin/clock',
      tree: join(site.path, '.software/share/quartz/data'),
      other: '/software/quartz/data',
    };
    makePackage(site.path, 'quartz', { 'data/x': 'x' });
    for (const [name, target] of Object.entries(made)) symlinkSync(target, at(`data/${name}`));
    expect(told('links')).toEqual([
      'error data/away: it leads nowhere: /no/such',
      'error data/dangling: it leads nowhere: nosuch',
      'note data/host: it leads out of the depot: /etc/passwd',
      'warning data/other: it leads to quartz, which is no dependency',
      'error data/out: it leads out of the package: ../../../etc/passwd',
      expect.stringMatching(/^warning data\/own: it leads to its own package by an absolute path/),
      expect.stringMatching(/^warning data\/tree: it leads into a tree: /),
    ]);
    write('.admin/Dependencies', 'quartz\n');
    expect(told('links').some((line) => line.includes('data/other'))).toBe(false);
  });
});

describe('modes and types', () => {
  test('rights that endanger a host, and what nobody can read', () => {
    chmodSync(at('bin/clock'), 0o4755);
    chmodSync(at('data/faces'), 0o777);
    chmodSync(at('data/faces/round'), 0o600);
    mkdirSync(at('data/tmp'));
    chmodSync(at('data/tmp'), 0o1777);
    spawnSync('mkfifo', [at('data/pipe')]);
    expect(told('set-id')).toEqual([
      'warning bin/clock: it runs with the rights of its owner (mode 4755)',
    ]);
    expect(told('writable')).toEqual([
      'error data/faces: everybody may write to it (mode 777)',
      'note data/tmp: everybody may write to it (mode 1777)',
    ]);
    expect(told('readable')).toEqual([
      'note data/faces/round: not everybody may read it (mode 600)',
    ]);
    expect(told('special-files')).toEqual([
      'error data/pipe: neither a file, a directory nor a link',
    ]);
    mkdirSync(at('arch'));
    writeFileSync(join(at('arch'), 'x'), 'x');
    expect(told('reserved-names')).toHaveLength(1);
  });
});

describe('manual pages', () => {
  test.each([
    ['man1/clock.5', PAGE, "error .*: its name is no page's of section 1"],
    ['man1/tock.1', PAGE, 'warning .*: its NAME section does not name tock'],
    ['man1/clock.1', 'hello\n', 'error .*: it has neither .TH nor .Dd'],
    ['man1/clock.1', '.TH CLOCK 1\n.SH SYNOPSIS\nx\n', 'warning .*: it has no NAME section'],
    ['man8/clock.8', PAGE, 'warning .*: it says that it is of section 1'],
    ['man1/tick.1', '.so man1/nosuch.1\n', 'error .*: it stands for man1/nosuch.1'],
    ['man1/clock.1.gz', 'no gzip', 'error .*: it cannot be unpacked'],
  ])('%s', (path, content, expected) => {
    write(`man/${path}`, content);
    expect(told('manual-pages').join('\n')).toMatch(new RegExp(`^${expected}`, 'm'));
  });

  test('that are right, whatever their macros, language and compression', () => {
    write('man/man1/tick.1', '.so man1/clock.1\n');
    write('man/de/man1/clock.1.gz', gzipSync(PAGE));
    write('man/man3/Clock_now.3pm', '.Dd x\n.Dt CLOCK 3\n.Sh NAME\n.Nm Clock_now\n.Nd the time\n');
    expect(told('manual-pages')).toEqual([]);
  });
});

describe('names', () => {
  test('that another package has too, at the same priority and with another content', () => {
    const other = { 'bin/clock': command('other'), 'man/man1/clock.1': PAGE };
    makePackage(site.path, 'rival', other);
    expect(told('shared-names')).toEqual([
      'warning bin/clock: rival has clock too, and the same priority (50): they cannot both be installed',
    ]);
    write('.admin/Options', 'summary = x\nversion = 1\npriority = 60\n');
    expect(told('shared-names')).toEqual([]);
  });

  test('that make trouble elsewhere, and what somebody left', () => {
    const name = (text: string): Buffer => Buffer.from(`${at('data')}/${text}`, 'latin1');
    for (const text of ['new\nline', '\xff', '-rf', 'two words', 'Now']) {
      writeFileSync(name(text), 'x');
    }
    expect(told('portable-names')).toEqual([
      'warning data/-rf: its name looks like an option',
      String.raw`error data/new\nline: its name has a control character in it`,
      'note data/now: it differs from Now by upper and lower case alone',
      'note data/two words: its name means something to a shell, or to Windows',
      String.raw`warning data/\xff: its name is no UTF-8`,
    ]);
    for (const text of ['x~', '.git', 'x.o', 'core']) writeFileSync(name(text), 'x');
    expect(told('left-overs')).toHaveLength(4);
    mkdirSync(at('data/empty'));
    mkdirSync(at('servers'));
    truncateSync(at('data/now~'.replace('now~', 'x~')), 600 * 1024 * 1024);
    expect(told('sizes')).toEqual([
      'note data/empty: there is nothing in it',
      'note data/x~: 600 MiB, which every host gets',
    ]);
  });
});

describe('what a maintainer knows better', () => {
  test('is left out by .admin/check-ignore, and told when no longer needed', () => {
    chmodSync(at('bin/clock'), 0o4755);
    write('.admin/check-ignore', 'set-id bin/* # reviewed in 2026\nwritable\n');
    expect(findings().map(({ check, line, message }) => [check, line, message])).toEqual([
      ['check-ignore', 2, "'writable' finds nothing there any more"],
    ]);
    write('.admin/check-ignore', 'setid\nset-id bin/* more\n');
    expect(told('check-ignore')).toEqual([
      "error .admin/check-ignore:1: there is no check 'setid'",
      'error .admin/check-ignore:2: expected one pattern',
    ]);
    expect(told('set-id')).toHaveLength(1);
  });
});

describe('a directory that is to become a package', () => {
  test('is checked where it stands, links and fragments too', () => {
    const top = join(temporaryDirectory(), 'tool-1.2');
    writeFiles(top, {
      '.admin/Maintainer': 'somebody@example.org\n',
      '.admin/Options': 'summary = x\n',
      'bin/tool': `#!/bin/sh\n. ${top}/lib/rc\n`,
      'export/services': 'tool nothing\n',
      'export/shells': '→ ../data/shells',
      'data/shells': '/bin/sh\n',
    });
    writeFiles(site.path, { 'bin/sh': '' });
    const found = visitHost(site, (host) =>
      checkPackage(directorySubject(host, loadConfig(site), bytes(top))).findings.map(
        ({ severity, check, path, line }) => `${severity} ${check} ${printable(path)}:${line ?? 0}`,
      ),
    );
    expect(found).toEqual([
      `warning hard-wired ${top}/bin/tool:2`,
      `error fragments ${top}/export/services:1`,
    ]);
    expect(() =>
      visitHost(site, (host) => directorySubject(host, loadConfig(site), bytes(dirname(top)))),
    ).toThrow(/holds no package: there is no \.admin in it/);
    rmSync(top, { recursive: true });
    expect(() =>
      visitHost(site, (host) => directorySubject(host, loadConfig(site), bytes(top))),
    ).toThrow(/cannot be entered \(ENOENT\)/);
  });
});
