/** `xh make`: sources of every kind, from their directory to a command that answers. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { writeFiles, type Files } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { snapshot, xh, xhDone, type Ran } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const NOBODY = 65534;

/** A site that ordinary accounts may enter, and sources beside it. */
function workplace(name: string, files: Files): { readonly root: string; readonly source: string } {
  const { path: root } = freshSite();
  chmodSync(root, 0o755);
  const source = join(temporaryDirectory('make'), name);
  mkdirSync(source);
  writeFiles(source, files);
  return { root, source };
}

function make(root: string, source: string, ...words: readonly string[]): Ran {
  return xh(root, 'make', '-C', source, ...words);
}

function done(root: string, source: string, ...words: readonly string[]): Ran {
  return xhDone(root, 'make', '-C', source, ...words);
}

function says(program: string): string {
  return spawnSync(program, { encoding: 'utf8' }).stdout;
}

const C_SAYS = (word: string): string =>
  `#include <stdio.h>\nint main(void) { puts("${word}"); return 0; }\n`;

/** A makefile as many are: objects beside sources, DESTDIR, PREFIX. */
const MAKEFILE = `PREFIX = /usr/local
MANDIR = $(PREFIX)/share/man
CC = cc
all: hello
hello: hello.o part.o
	$(CC) -o $@ hello.o part.o
hello.o: hello.c part.h
part.o: part.c part.h
install: all
	mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1
	cp hello $(DESTDIR)$(PREFIX)/bin/hello
	cp hello.1 $(DESTDIR)$(MANDIR)/man1/hello.1
check: all
	test "$$(./hello)" = "part 1"
clean:
	rm -f hello *.o
docs:
	echo documented > docs.txt
`;
const HELLO: Files = {
  Makefile: MAKEFILE,
  'hello.c': '#include <stdio.h>\n#include "part.h"\nint main(void) { puts(part()); return 0; }\n',
  'part.c': '#include "part.h"\nconst char *part(void) { return PART; }\n',
  'part.h': '#define PART "part 1"\nconst char *part(void);\n',
  'hello.1': '.TH HELLO 1\n.SH NAME\nhello \\- says part\n',
};

/** A process that has ended may wait for somebody to ask how: proc(5). */
function isRunning(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'));
}

/** A second later than whatever was built meanwhile. */
function touchLater(path: string): void {
  const later = Date.now() / 1000 + 2;
  utimesSync(path, later, later);
}

describe('a makefile', () => {
  test('is built in a copy, staged, and becomes a package whose command answers and whose page is found', () => {
    const { root, source } = workplace('hello-2.12', HELLO);
    const before = snapshot(source);
    const ran = done(root, source, 'install');
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain('hello 2.12 for linux-');
    expect(ran.stderr).toContain(`made ${root}/software/hello: 5 objects`);
    for (const [path, what] of before) expect(snapshot(source).get(path)).toBe(what);
    expect(readFileSync(join(root, 'software/hello/.admin/Options'), 'utf8')).toContain(
      'version = 2.12',
    );
    expect(existsSync(join(root, 'software/hello/man/man1/hello.1'))).toBe(true);
    xhDone(root, 'install', 'hello');
    expect(says(join(root, '.software/local/.admin/bins/bin/hello'))).toBe('part 1\n');
    const page = spawnSync('man', ['-M', join(root, '.software/local/.admin/man'), '-w', 'hello'], {
      encoding: 'utf8',
    });
    expect(page.stdout).toContain('man/man1/hello.1');
    expect(done(root, source, 'install').stderr).toContain(
      `${root}/software/hello has all this already`,
    );
  });

  test('builds again what changed, and what the build no longer has goes, but nothing that people made', () => {
    const { root, source } = workplace('hello', HELLO);
    done(root, source, 'install');
    const top = join(root, 'software/hello');
    writeFiles(top, {
      'export/profile.d/hello.sh': 'x=1\n',
      README: 'mine\n',
      'bin/mine': '#!/bin/sh\n',
    });
    writeFileSync(join(top, '.admin/Options'), 'version = 7\nsummary = says part\n');
    writeFileSync(join(source, 'part.h'), '#define PART "part 2"\nconst char *part(void);\n');
    touchLater(join(source, 'part.h'));
    writeFileSync(join(source, 'Makefile'), MAKEFILE.replace(/\tcp hello\.1.*\n/, ''));
    const ran = done(root, source, 'install');
    expect(ran.stderr).toContain('1 file of the last build went');
    expect(says(join(top, 'bin/hello'))).toBe('part 2\n');
    expect(existsSync(join(top, 'man/man1/hello.1'))).toBe(false);
    for (const name of ['export/profile.d/hello.sh', 'README', 'bin/mine']) {
      expect(existsSync(join(top, name)), name).toBe(true);
    }
    expect(readFileSync(join(top, '.admin/Options'), 'utf8')).toContain('summary = says part');
  });

  test('gives way to what people made or changed, unless told otherwise', () => {
    const { root, source } = workplace('hello', HELLO);
    done(root, source, 'install');
    const page = join(root, 'software/hello/man/man1/hello.1');
    writeFileSync(page, 'edited\n');
    const all = snapshot(root);
    writeFileSync(join(source, 'hello.1'), '.TH HELLO 1\nnew\n');
    const refused = make(root, source, 'install');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain(
      'conflict /software/hello/man/man1/hello.1: somebody has changed it',
    );
    expect(snapshot(root)).toEqual(all);
    done(root, source, 'install', '--replace');
    expect(readFileSync(page, 'utf8')).toContain('new');
  });

  test('runs its tests, is handed other targets and words, and is cleaned', () => {
    const { root, source } = workplace('hello', HELLO);
    done(root, source, 'check');
    done(root, source, 'docs');
    const [arch = ''] = readdirSync(join(source, '.xh'));
    const copy = join(source, '.xh', arch, 'source');
    expect(readFileSync(join(copy, 'docs.txt'), 'utf8')).toBe('documented\n');
    const before = snapshot(source);
    // the same words, however many at once: what is there stays
    expect(done(root, source, '-j', '1', '-v').stderr).not.toContain('hello.c');
    done(root, source, '-j2', 'CC=cc -DOTHER');
    expect(readFileSync(join(source, '.xh', arch, 'log'), 'utf8')).toContain('cc -DOTHER');
    expect(before.size).toBeGreaterThan(0);
    done(root, source, 'clean');
    expect(readdirSync(join(source, '.xh'))).toEqual([]);
    expect(existsSync(join(root, 'software/hello'))).toBe(false);
  });

  test('that would write outside of its stage is not run', () => {
    const { root, source } = workplace('bad-1', {
      Makefile: `PREFIX = /usr/local\nall:\n\ttrue\ninstall:\n\tmkdir -p $(DESTDIR)$(PREFIX)\n\tcp Makefile /usr/local/share/xh-make-was-here\n`,
    });
    const ran = make(root, source, 'install');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('| cp Makefile /usr/local/share/xh-make-was-here');
    expect(existsSync('/usr/local/share/xh-make-was-here')).toBe(false);
    expect(existsSync(join(root, 'software/bad'))).toBe(false);
  });
});

test('links that a makefile without DESTDIR has led into its stage lead into the package', () => {
  const { root, source } = workplace('linked', {
    Makefile:
      'PREFIX = /usr/local\nall:\ninstall:\n\tmkdir -p $(PREFIX)/bin\n\tcp say $(PREFIX)/bin/say\n\tln -s $(PREFIX)/bin/say $(PREFIX)/bin/speak\n',
    say: '#!/bin/sh\necho said\n',
  });
  chmodSync(join(source, 'say'), 0o755);
  done(root, source, 'install', '--strict');
  rmSync(join(source, '.xh'), { recursive: true });
  expect(says(join(root, 'software/linked/bin/speak'))).toBe('said\n');
});

describe('an xh-imakefile', () => {
  test('of the paper, with directories below it, for two kinds of users', () => {
    const { root, source } = workplace('src', {
      '../PackageName': 'Package(callpat, 1.2)\n',
      'xh-imakefile':
        '#include "../PackageName"\nProgram(callpat,c,user)\nScript(tidy,maintainer)\nManual(callpat,1)\nLibrary(pat,c,pat.c)\nData(callpat.conf)\nSubdirs(daemon)\n',
      'callpat.c': C_SAYS('calls'),
      'tidy.sh': '#!/bin/sh\necho tidy\n',
      'callpat.1': '.TH CALLPAT 1\n',
      'pat.c': 'int pat(void) { return 0; }\n',
      'callpat.conf': 'x\n',
      'daemon/xh-imakefile': 'Program(patd,c,program,libpat.a)\n',
      'daemon/patd.c': 'int pat(void);\nint main(void) { return pat(); }\n',
    });
    const ran = done(root, source, 'install', '--strict', '--json');
    const told = JSON.parse(ran.stdout) as Record<string, unknown>;
    expect(told).toMatchObject({ package: 'callpat', version: '1.2', hardWired: [], outside: [] });
    const top = join(root, 'software/callpat');
    expect(says(join(top, 'bin/callpat'))).toBe('calls\n');
    expect(says(join(top, 'maintenance/tidy'))).toBe('tidy\n');
    expect(spawnSync(join(top, 'servers/patd')).status).toBe(0);
    for (const name of ['lib/libpat.a', 'man/man1/callpat.1', 'data/callpat.conf']) {
      expect(existsSync(join(top, name)), name).toBe(true);
    }
    expect(lstatSync(join(root, '.software/share/callpat/bin')).isSymbolicLink()).toBe(true);
  });

  test('that is wrong builds nothing and shows where', () => {
    const { root, source } = workplace('foo', { 'xh-imakefile': 'Program(foo,c,usr)\n' });
    const ran = make(root, source);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('xh-imakefile:1:15: error: expected user, maintainer or program');
    expect(ran.stderr).toContain("^~~ did you mean 'user'?");
    expect(existsSync(join(source, '.xh'))).toBe(false);
  });

  test("takes a site's own standard settings", () => {
    const { root, source } = workplace('foo', {
      'xh-imakefile': 'Program(foo,c,user)\n',
      'foo.c': '#include <stdio.h>\nint main(void) { puts(SITE); return 0; }\n',
    });
    writeFiles(root, { 'etc/xhier/templates/make/Defaults': 'CFLAGS = -DSITE="\\"ours\\""\n' });
    done(root, source, 'install');
    expect(says(join(root, 'software/foo/bin/foo'))).toBe('ours\n');
  });
});

/** As autoconf's behave, as far as it matters here, and in no time. */
const CONFIGURE = `#!/bin/sh
# --bindir --mandir --sbindir
srcdir=$(dirname "$0")
for word; do case $word in --bindir=*) bindir=\${word#*=} ;; --mandir=*) mandir=\${word#*=} ;; esac; done
echo configured >>runs
sed -e "s:@CC@:\${CC-cc}:" -e "s:@srcdir@:$srcdir:" -e "s:@bindir@:$bindir:" -e "s:@mandir@:$mandir:" "$srcdir/Makefile.in" >Makefile
`;
const CONFIGURED: Files = {
  configure: CONFIGURE,
  'Makefile.in':
    'VPATH = @srcdir@\nCC = @CC@\nall: level\nlevel: level.c\n\t$(CC) -o $@ $<\ninstall: all\n\tmkdir -p $(DESTDIR)@bindir@ $(DESTDIR)@mandir@/man1\n\tcp level $(DESTDIR)@bindir@/level\n\tcp @srcdir@/level.1 $(DESTDIR)@mandir@/man1\n\techo "$(CC)" >$(DESTDIR)@mandir@/man1/made-with.1\n',
  'level.c':
    '#include <stdio.h>\nint main(void) {\n#ifdef __SSE4_2__\n puts("v2");\n#else\n puts("plain");\n#endif\n return 0;\n}\n',
  'level.1': '.TH LEVEL 1\n',
};

describe('a configure script', () => {
  test('runs once for all that is built with the same words', () => {
    const { root, source } = workplace('level-1', CONFIGURED);
    chmodSync(join(source, 'configure'), 0o755);
    done(root, source);
    done(root, source, 'install');
    const [arch = ''] = readdirSync(join(source, '.xh'));
    const runs = join(source, '.xh', arch, 'build/runs');
    expect(readFileSync(runs, 'utf8')).toBe('configured\n');
    expect(existsSync(join(root, 'software/level/man/man1/level.1'))).toBe(true);
    // other words: nothing of before is left
    done(root, source, '--', '--disable-nls');
    expect(readFileSync(runs, 'utf8')).toBe('configured\n');
    expect(readFileSync(join(source, '.xh', arch, 'log'), 'utf8')).toContain('--disable-nls');
  });

  test('two architectures at the same time from one directory: neither sees the other', async () => {
    const { root, source } = workplace('level-1', CONFIGURED);
    chmodSync(join(source, 'configure'), 0o755);
    writeFileSync(join(root, 'etc/xhier.toml'), 'arch-store = "/export/software/arch"\n');
    const own = xhDone(root, 'arch').stdout.trim();
    const other = own === 'linux-x86_64' ? 'linux-x86_64_v2' : own;
    const run = (arch: string): Promise<string> =>
      new Promise((resolved) => {
        const child = spawn(XH, ['make', 'install', '-C', source, '--arch', arch], {
          env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        let text = '';
        child.stderr.on('data', (piece: Buffer) => (text += piece.toString()));
        child.on('close', (status) => {
          resolved(`${status} ${text}`);
        });
      });
    const both = await Promise.all([run(own), run(other)]);
    for (const said of both) expect(said).toMatch(/^0 /);
    if (own !== other) {
      expect(both.join('')).toContain("man/man1/made-with.1: another architecture's build has it");
    }
    const store = join(root, 'export/software/arch');
    expect(readdirSync(store).toSorted()).toEqual([own, other].toSorted());
    expect(says(join(store, own, 'level/bin/level'))).toBe('plain\n');
    expect(says(join(store, other, 'level/bin/level'))).toBe(own === other ? 'plain\n' : 'v2\n');
    expect(readdirSync(join(root, 'software/level/.admin/Builds')).toSorted()).toEqual(
      [own, other].toSorted(),
    );
    // one of them anew: the other one stays as it is
    const before = lstatSync(join(store, own, 'level/bin/level')).ino;
    writeFileSync(join(source, 'level.1'), '.TH LEVEL 1\nnew\n');
    done(root, source, 'install', '--arch', other);
    expect(lstatSync(join(store, own, 'level/bin/level')).ino).toBe(before);
    const pages = join(root, 'software/level/man/man1');
    expect(readFileSync(join(pages, 'level.1'), 'utf8')).toContain('new');
    // what all of them share goes when none of them has it any more
    const makefile = join(source, 'Makefile.in');
    writeFileSync(makefile, readFileSync(makefile, 'utf8').replace(/\tcp @srcdir@.*\n/, ''));
    for (const arch of [own, other]) done(root, source, 'clean', '--arch', arch);
    done(root, source, 'install', '--arch', other);
    expect(existsSync(join(pages, 'level.1'))).toBe(own !== other);
    done(root, source, 'install', '--arch', own);
    expect(existsSync(join(pages, 'level.1'))).toBe(false);
    expect(existsSync(join(pages, 'made-with.1'))).toBe(true);
  });

  test('for another architecture, where the depot keeps one only, is built but not installed', () => {
    const { root, source } = workplace('level-1', CONFIGURED);
    chmodSync(join(source, 'configure'), 0o755);
    const ran = make(root, source, 'install', '--arch', 'linux-x86_64_v2');
    expect([ran.status, ran.stderr]).toEqual([3, expect.stringContaining('arch-store = ')]);
  });
});

test('CMake: what it builds finds its own library', () => {
  const { root, source } = workplace('cm-3.1', {
    'CMakeLists.txt':
      'cmake_minimum_required(VERSION 3.13)\nproject(cm C)\ninclude(GNUInstallDirs)\nadd_library(part SHARED part.c)\nadd_executable(cm cm.c)\ntarget_link_libraries(cm part)\ninstall(TARGETS cm part)\ninstall(FILES cm.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)\n',
    'cm.c': 'int part(void);\nint main(void) { return part(); }\n',
    'part.c': 'int part(void) { return 7; }\n',
    'cm.1': '.TH CM 1\n',
  });
  done(root, source, 'install', '--strict');
  expect(spawnSync(join(root, 'software/cm/bin/cm')).status).toBe(7);
  expect(existsSync(join(root, 'software/cm/man/man1/cm.1'))).toBe(true);
});

test('Meson: what it builds finds its own library, options are handed on', () => {
  const { root, source } = workplace('me-0.9', {
    'meson.build':
      "project('me', 'c')\npart = shared_library('part', 'part.c', c_args: '-DPART=' + get_option('part').to_string(), install: true)\nexecutable('me', 'me.c', link_with: part, install: true)\ninstall_man('me.1')\n",
    'meson_options.txt': "option('part', type: 'integer', value: 1)\n",
    'me.c': 'int part(void);\nint main(void) { return part(); }\n',
    'part.c': 'int part(void) { return PART; }\n',
    'me.1': '.TH ME 1\n',
  });
  done(root, source, 'install', '--strict', 'part=9');
  expect(spawnSync(join(root, 'software/me/bin/me')).status).toBe(9);
  expect(existsSync(join(root, 'software/me/man/man1/me.1'))).toBe(true);
});

describe('which package it is', () => {
  test('the one in whose directory the sources stand; versions beside each other', () => {
    const { root } = workplace('unused', {});
    xhDone(root, 'mkpkg', 'tool', '--version', '2.0', '--versioned');
    const source = join(root, 'software/tool-2.0/src');
    writeFiles(source, { 'xh-imakefile': 'Program(tool,c,user)\n', 'tool.c': C_SAYS('tool 2') });
    const ran = done(root, source, 'install', '-v');
    expect(ran.stderr).toContain('package tool-2.0: the sources stand in it');
    expect(says(join(root, 'software/tool/bin/tool'))).toBe('tool 2\n');
    expect(existsSync(join(root, 'software/tool-2.0/src/tool.c'))).toBe(true);
    // builds are no part of the package
    expect(existsSync(join(source, '.xh'))).toBe(false);
    expect(readdirSync(join(root, '.software/spool/tool-2.0/make/src'))).toHaveLength(1);
    expect(done(root, source, 'install').stderr).toContain('has all this already');
    const other = join(temporaryDirectory('make'), 'tool-3.0');
    writeFiles(other, { 'xh-imakefile': 'Program(tool,c,user)\n', 'tool.c': C_SAYS('tool 3') });
    // versions stand side by side already, so this one does
    done(root, other, 'install');
    expect(says(join(root, 'software/tool-3.0/bin/tool'))).toBe('tool 3\n');
    expect(says(join(root, 'software/tool/bin/tool'))).toBe('tool 2\n');
  });

  test('the one that is named; a directory without a name for one asks for it', () => {
    const { root, source } = workplace('.hidden', HELLO);
    const refused = make(root, source);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining('--package NAME[@VERSION]'),
    ]);
    done(root, source, 'install', '--package', 'greeting@1.5', '--versioned');
    expect(says(join(root, 'software/greeting-1.5/bin/hello'))).toBe('part 1\n');
  });
});

describe('what is wired in', () => {
  const WIRED: Files = {
    'xh-imakefile':
      'Program(wired,c,user)\nData(wired.pc, lib/pkgconfig)\nCFLAGS += -DTOP="\\"/usr/local/etc/wired\\""\n',
    'wired.c': '#include <stdio.h>\nint main(void) { puts(TOP); return 0; }\n',
    'wired.pc': 'prefix=/export/wired\n',
  };

  test('is told with its place, and refused with --strict', () => {
    const { root, source } = workplace('wired', WIRED);
    const all = snapshot(root);
    const strict = make(root, source, 'install', '--strict');
    expect(strict.status).toBe(3);
    expect(strict.stderr).toMatch(
      /bin\/wired: names \/usr\/local\/etc\/wired \(string in the program, byte \d+\)/,
    );
    expect(strict.stderr).toContain(
      'lib/pkgconfig/wired.pc: names /export/wired (pkg-config file, line 1)',
    );
    expect([...snapshot(root).keys()].filter((path) => path.includes('wired'))).toEqual([]);
    expect(all.size).toBeGreaterThan(0);
    done(root, source, 'install');
    expect(says(join(root, 'software/wired/bin/wired'))).toBe('/usr/local/etc/wired\n');
  });

  test('sources that the build changes are told of, and left alone with --copy', () => {
    const files: Files = {
      configure:
        '#!/bin/sh\n# VPATH\necho made >"$(dirname "$0")/config.made"\nprintf \'all:\\n\\ttrue\\n\' >Makefile\n',
    };
    const { root, source } = workplace('dirty', files);
    chmodSync(join(source, 'configure'), 0o755);
    expect(done(root, source).stderr).toContain(
      'the build changed its own sources: config.made; with --copy',
    );
    rmSync(join(source, 'config.made'));
    done(root, source, 'clean');
    expect(done(root, source, '--copy').stderr).not.toContain('changed its own sources');
    expect(existsSync(join(source, 'config.made'))).toBe(false);
  });
});

describe('a build that does not work out', () => {
  test('ends with 1, the last lines and the log; the package is as it was; mended, it goes on', () => {
    const { root, source } = workplace('hello', HELLO);
    done(root, source, 'install');
    const all = snapshot(root);
    writeFileSync(join(source, 'part.c'), 'this is no C\n');
    touchLater(join(source, 'part.c'));
    const ran = make(root, source, 'install');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/xh: make .* ended with 2; the package is as it was\n.*\| /);
    expect(ran.stderr).toContain('part.c:1:1: error');
    expect(ran.stderr).toMatch(/→ the whole log is in \S+\/\.xh\/[^/]+\/log/);
    expect(snapshot(root)).toEqual(all);
    writeFileSync(join(source, 'part.c'), HELLO['part.c'] ?? '');
    done(root, source, 'install');
  });

  test('that is interrupted ends with all that it started, and leaves everything as it was', async () => {
    const { root, source } = workplace('slow', {
      Makefile:
        'PREFIX = /usr/local\nall:\n\techo $$PPID $$$$ >pids; sleep 300 & sleep 300\ninstall: all\n\tcp x $(DESTDIR)$(PREFIX)\n',
    });
    const child = spawn(XH, ['make', 'install', '-C', source], {
      env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr.on('data', (piece: Buffer) => (text += piece.toString()));
    const arch = xhDone(root, 'arch').stdout.trim();
    const pids = join(source, '.xh', arch, 'source/pids');
    for (
      let i = 0;
      i < 600 && !(existsSync(pids) && readFileSync(pids, 'utf8').endsWith('\n'));
      i++
    ) {
      await setTimeout(50);
    }
    const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    child.kill('SIGINT');
    const [status] = (await once(child, 'close')) as [number | null];
    expect([status, text]).toEqual([
      130,
      expect.stringContaining('interrupted; the package is as it was'),
    ]);
    expect(started.filter(isRunning)).toEqual([]);
    expect(existsSync(join(root, 'software'))).toBe(false);
  });

  test('is told of early: no tool, an odd directory, two targets, a wrong word', () => {
    const { root, source } = workplace('a b', HELLO);
    const odd = make(root, source, '--package', 'ab');
    expect([odd.status, odd.stderr]).toEqual([
      2,
      expect.stringContaining('characters in its name'),
    ]);
    expect(make(root, source, 'all', 'install').status).toBe(2);
    expect(make(root, source, '--jobs', '0').status).toBe(2);
    expect(make(root, source, '--arch', '../x').status).toBe(2);
    expect(make(root, join(source, 'nowhere')).status).toBe(1);
    const empty = make(root, temporaryDirectory('empty'));
    expect([empty.status, empty.stderr]).toEqual([2, expect.stringContaining('nothing in ')]);
    const { source: other } = workplace('foo', { 'meson.build': "project('x')\n" });
    const ran = make(root, other, '--env', 'PATH=/nonexistent');
    expect([ran.status, ran.stderr]).toEqual([
      1,
      expect.stringContaining('meson could not be run (ENOENT)'),
    ]);
  });
});

describe('the environment of a build', () => {
  const SHOW: Files = { Makefile: 'all:\n\tenv | sort >env.txt\n' };

  test('is the same for everybody, but for compilers and what is handed over', () => {
    const { root, source } = workplace('env', SHOW);
    const ran = spawnSync(XH, ['make', '-C', source, '--env', 'MINE', '--env', 'GIVEN=x=y'], {
      encoding: 'utf8',
      env: {
        ...process.env,
        XH_ROOT: root,
        NO_COLOR: '1',
        LD_LIBRARY_PATH: '/x',
        SECRET: 'x',
        MINE: 'mine',
        CFLAGS: '-O1',
      },
    });
    expect(ran.stderr).toContain('not handed over from your environment: LD_LIBRARY_PATH');
    const [arch = ''] = readdirSync(join(source, '.xh'));
    const text = readFileSync(join(source, '.xh', arch, 'source/env.txt'), 'utf8');
    expect(text).toMatch(/^CFLAGS=-O1$/m);
    expect(text).toMatch(/^GIVEN=x=y$/m);
    expect(text).toMatch(/^MINE=mine$/m);
    expect(text).toMatch(/^LC_ALL=C\.UTF-8$/m);
    expect(text).not.toMatch(/^(?:SECRET|LD_LIBRARY_PATH|XH_ROOT)=/m);
  });

  test('--dry-run shows commands that can be typed, and writes nothing', () => {
    const { root, source } = workplace('hello', HELLO);
    const before = [snapshot(source), snapshot(root)];
    const ran = done(root, source, '--dry-run', 'install');
    expect([snapshot(source), snapshot(root)]).toEqual(before);
    expect(ran.stdout).toMatch(
      /^cd \S+\/source && make .*PREFIX=\S+\/software\/hello MANDIR=\S+\/software\/hello\/man$/m,
    );
    const told = JSON.parse(done(root, source, '-n', '--json', 'install').stdout) as {
      readonly steps: readonly { readonly what: string }[];
    };
    expect(told.steps.map(({ what }) => what)).toEqual(['build', 'install', 'install']);
  });
});

test('everybody may build; to install takes the right to change the depot', () => {
  const { root, source } = workplace('hello', HELLO);
  const program = temporaryDirectory('program');
  chmodSync(program, 0o755);
  for (const name of [
    'package.json',
    'dist',
    'templates',
    'node_modules/koffi',
    'node_modules/@koromix',
  ]) {
    cpSync(resolve(import.meta.dirname, '../..', name), join(program, name), {
      recursive: true,
      dereference: true,
    });
  }
  chmodSync(join(source, '..'), 0o755);
  chownSync(source, NOBODY, NOBODY);
  const asNobody = (...words: readonly string[]): Ran =>
    spawnSync(process.execPath, [join(program, 'dist/xh.cjs'), 'make', ...words], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: source,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], XH_ROOT: root, NO_COLOR: '1' },
    });
  expect(asNobody('test').status).toBe(0);
  const refused = asNobody('install');
  expect([refused.status, refused.stderr]).toEqual([
    4,
    expect.stringContaining('you may not change the site'),
  ]);
  expect(existsSync(join(root, 'software'))).toBe(false);
  // sources that are not his: where he says
  rmSync(join(source, '.xh'), { recursive: true });
  chownSync(source, 0, 0);
  const closed = asNobody('test');
  expect([closed.status, closed.stderr]).toEqual([4, expect.stringContaining('--build-dir DIR')]);
  const own = temporaryDirectory('own');
  chownSync(own, NOBODY, NOBODY);
  expect(asNobody('test', '--build-dir', own).status).toBe(0);
  expect(readdirSync(source).toSorted()).toEqual(Object.keys(HELLO).toSorted());
});
