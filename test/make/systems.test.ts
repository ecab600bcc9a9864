import { describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { findSystem } from '../../src/make/systems.ts';
import { cmake } from '../../src/make/systems/cmake.ts';
import { configure } from '../../src/make/systems/configure.ts';
import { makefile } from '../../src/make/systems/makefile.ts';
import { meson } from '../../src/make/systems/meson.ts';
import { toolchainFor } from '../../src/make/toolchain.ts';
import { XhError } from '../../src/message/error.ts';
import { line, memoryTree, request } from './memory-tree.ts';

const AUTOCONF =
  'prefix bindir sbindir libexecdir libdir includedir mandir infodir docdir sysconfdir localstatedir'
    .split(' ')
    .map((name) => `  --${name}=DIR`)
    .join('\n');

describe('how sources are built is told by what is there', () => {
  test.each([
    [['xh-imakefile', 'configure', 'Makefile'], 'xh-imakefile'],
    [['configure', 'CMakeLists.txt', 'Makefile'], 'configure'],
    [['CMakeLists.txt', 'meson.build'], 'cmake'],
    [['meson.build', 'Makefile'], 'meson'],
    [['makefile'], 'make'],
  ])('%j: %s', (files, expected) => {
    const tree = memoryTree(Object.fromEntries(files.map((name) => [name, ''])));
    const { system, others } = findSystem(tree);
    expect(system.name).toBe(expected);
    expect(others).toHaveLength(files.length - 1);
  });

  test.each([
    [['autogen.sh', 'configure.ac'], 'run ./autogen.sh there'],
    [['configure.ac'], 'run autoreconf -fi there'],
    [['README'], 'write an xh-imakefile'],
  ])('%j: what to do first', (files, remedy) => {
    const tree = memoryTree(Object.fromEntries(files.map((name) => [name, ''])));
    const error = caught(() => findSystem(tree));
    expect([error.code, error.exit]).toEqual(['E_NO_BUILD_SYSTEM', 2]);
    expect(error.remedy).toContain(remedy);
  });

  test('one that is asked for, that there is not, and that nobody knows', () => {
    const tree = memoryTree({ configure: '', 'CMakeLists.txt': '' });
    expect(findSystem(tree, 'cmake').system.name).toBe('cmake');
    expect(caught(() => findSystem(tree, 'meson')).remedy).toBe(
      'it has files for configure, cmake',
    );
    expect(caught(() => findSystem(tree, 'mesn')).remedy).toBe("did you mean 'meson'?");
  });
});

test.each([
  [configure, 'configure', "PACKAGE_NAME='x'\nPACKAGE_VERSION='2.10'\n", '2.10'],
  [configure, 'configure', 'version=3\n', undefined],
  [
    cmake,
    'CMakeLists.txt',
    'cmake_minimum_required(VERSION 3.5)\nproject(x\n  VERSION 1.7.15\n  LANGUAGES C)\n',
    '1.7.15',
  ],
  [cmake, 'CMakeLists.txt', 'cmake_minimum_required(VERSION 3.5)\nproject(x C)\n', undefined],
  [
    meson,
    'meson.build',
    "project('x', 'c',\n  version : '1.8.1',\n  meson_version : '>=0.47')\n",
    '1.8.1',
  ],
  [meson, 'meson.build', "project('x', 'c', meson_version: '>=0.47')\n", undefined],
])('the version that the sources say, %#', (system, file, text, expected) => {
  expect(system.version?.(memoryTree({ [file]: text }))).toBe(expected);
});

describe('each build system is handed the places of the package', () => {
  test('configure by autoconf gets all, from a relative path', () => {
    const plan = configure.plan(request({ configure: AUTOCONF }));
    expect(line(plan.configure ?? { argv: [] })).toBe(
      '../../../configure --prefix=/software/foo --bindir=/software/foo/bin --sbindir=/software/foo/maintenance ' +
        '--libexecdir=/software/foo/servers --libdir=/software/foo/lib --includedir=/software/foo/include ' +
        '--mandir=/software/foo/man --infodir=/software/foo/info --docdir=/software/foo/doc ' +
        '--sysconfdir=/software/foo/etc --localstatedir=/software/foo/var',
    );
    expect(line(plan.install())).toBe('make install DESTDIR=/stage');
  });

  test('configure that somebody wrote by hand gets the options that it knows', () => {
    const plan = configure.plan(
      request({ configure: '--libdir=*) libdir=$2;;' }, { extra: ['--static'] }),
    );
    expect(line(plan.configure ?? { argv: [] })).toBe(
      '../../../configure --prefix=/software/foo --libdir=/software/foo/lib --static',
    );
  });

  test('configure without srcdir or VPATH builds in a copy', () => {
    expect(configure.apart(memoryTree({ configure: 'echo' }))).toBe(false);
    expect(configure.apart(memoryTree({ configure: 'srcdir=.' }))).toBe(true);
  });

  test('CMake and Meson take NAME=VALUE as their options, download nothing, and set a run path', () => {
    const asked = { extra: ['tests=false', '-Dx=y'] };
    const forCmake = line(
      cmake.plan(request({ 'CMakeLists.txt': '' }, asked)).configure ?? { argv: [] },
    );
    expect(forCmake).toContain('-DCMAKE_INSTALL_MANDIR=man ');
    expect(forCmake).toContain('-DCMAKE_INSTALL_RPATH=/software/foo/lib ');
    expect(forCmake).toContain('FULLY_DISCONNECTED=ON');
    expect(forCmake).toMatch(/ -Dtests=false -Dx=y$/);
    const { configure: setup } = meson.plan(request({ 'meson.build': '' }, asked));
    expect(line(setup ?? { argv: [] })).toContain('--wrap-mode=nodownload --prefix=/software/foo ');
    expect(line(setup ?? { argv: [] })).toMatch(/ -Dtests=false -Dx=y$/);
    expect(setup?.env['LDFLAGS']).toBe('-Wl,-rpath,/software/foo/lib');
  });

  test.each([
    [
      'DESTDIR that is as others have it',
      'PREFIX=/usr/local\nMANDIR=$(PREFIX)/share/man\ninstall:\n\tcp x $(DESTDIR)$(PREFIX)/bin\n',
      'make install DESTDIR=/stage PREFIX=/software/foo MANDIR=/software/foo/man',
    ],
    [
      'DESTDIR with another meaning',
      'PREFIX=/usr/local\nDESTDIR=${PREFIX}/bin\nMANDIR=${PREFIX}/man\n#MANDIR=${prefix}/share/man\ninstall:\n\tcp x $(DESTDIR)\n',
      'make install PREFIX=/stage/software/foo',
    ],
    [
      'a prefix by another name',
      'INSTALL_TOP= /usr/local\nINSTALL_BIN= $(INSTALL_TOP)/sbin\n',
      'make install INSTALL_TOP=/stage/software/foo INSTALL_BIN=/stage/software/foo/maintenance',
    ],
    [
      'a prefix that nobody sets',
      'install:\n\tcp x $(DESTDIR)$(prefix)/bin\n',
      'make install DESTDIR=/stage prefix=/software/foo',
    ],
  ])('a makefile with %s', (_, text, expected) => {
    expect(line(makefile.plan(request({ Makefile: text })).install())).toBe(expected);
  });

  test('a makefile that calls others: what the nearer ones say counts', () => {
    const plan = makefile.plan(
      request({
        Makefile: 'install:\n\t$(MAKE) -C lib install\n',
        'contrib/dos/Makefile': 'DESTDIR ?= /opt/local\nprefix=/dos\n',
        'lib/Makefile': 'DESTDIR ?=\nprefix ?= /usr/local\ninstall:\n\tcp x $(DESTDIR)$(prefix)\n',
      }),
    );
    expect(line(plan.install())).toBe('make install DESTDIR=/stage prefix=/software/foo');
  });

  test('a makefile that cannot be staged is not installed, but built', () => {
    const plan = makefile.plan(request({ Makefile: 'install:\n\tcp x /usr/local/bin\n' }));
    expect(line(plan.build)).toBe('make -j4');
    const error = caught(() => plan.install());
    expect([error.code, error.exit]).toEqual(['E_MAKE_STAGING', 3]);
  });

  test("the words behind the makefile's own compiler stay", () => {
    const toolchain = {
      architecture: bytes('linux-x86_64_v3'),
      variables: { CC: 'cc -march=x86-64-v3' },
    };
    const plan = makefile.plan(
      request({ Makefile: 'CC= gcc -std=gnu99\n' }, { toolchain, jobs: 1 }),
    );
    expect(plan.build.argv).toEqual(['make', 'CC=cc -march=x86-64-v3 -std=gnu99']);
  });
});

describe('compilers for an architecture', () => {
  const options = { host: bytes('linux-x86_64'), environment: {}, hasCommand: () => false };

  test('a level of this processor is a flag of its compilers', () => {
    const { variables, triple } = toolchainFor(bytes('linux-x86_64_v3'), {
      ...options,
      environment: { CC: 'clang', LD_PRELOAD: 'x' },
    });
    expect(variables).toEqual({
      CC: 'clang -march=x86-64-v3',
      CXX: 'c++ -march=x86-64-v3',
      FC: 'gfortran -march=x86-64-v3',
    });
    expect(triple).toBeUndefined();
  });

  test('another machine takes a cross compiler, which has to be there', () => {
    const error = caught(() => toolchainFor(bytes('linux-aarch64'), options));
    expect(error.code).toBe('E_NO_COMPILER');
    expect(error.message).toContain('aarch64-linux-gnu-gcc');
    const toolchain = toolchainFor(bytes('linux-aarch64'), { ...options, hasCommand: () => true });
    expect(toolchain.variables['CC']).toBe('aarch64-linux-gnu-gcc');
    expect(
      line(
        configure.plan(request({ configure: `${AUTOCONF} --host` }, { toolchain })).configure ?? {
          argv: [],
        },
      ),
    ).toContain(' --host=aarch64-linux-gnu');
    expect(meson.plan(request({ 'meson.build': '' }, { toolchain })).files[0]?.content).toContain(
      "c = ['aarch64-linux-gnu-gcc']\n",
    );
    expect(caught(() => toolchainFor(bytes('sunos-sparc'), options)).exit).toBe(2);
  });
});

function caught(work: () => unknown): XhError {
  try {
    work();
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
