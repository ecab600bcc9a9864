import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import { parseImakefile } from '../../src/make/imakefile/parser.ts';
import { readImakefile, type Imakefile } from '../../src/make/imakefile/read.ts';
import { makefileFor } from '../../src/make/imakefile/makefile.ts';
import { SYNOPSES } from '../../src/make/imakefile/statement.ts';
import { memoryTree } from './memory-tree.ts';

const FILE = bytes('xh-imakefile');

function findings(text: string): string[] {
  return parseImakefile(FILE, bytes(text)).diagnostics.map(
    ({ line, column, message, hint }) =>
      `${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

function read(files: Readonly<Record<string, string>>, architecture = 'linux-x86_64'): Imakefile {
  return readImakefile(memoryTree(files), {
    architecture: bytes(architecture),
    template: (name) =>
      name === 'Common'
        ? { path: bytes('Common'), content: bytes('LDLIBS = -lcommon\n') }
        : undefined,
  });
}

function makefile(files: Readonly<Record<string, string>>): Bytes {
  return makefileFor(read(files), {
    tree: memoryTree(files),
    sources: bytes('../../..'),
    prefix: bytes('/software/foo'),
  });
}

function refusal(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic);
    throw error;
  }
  return [];
}

describe('what an xh-imakefile may say', () => {
  test('the file of the paper: a package named elsewhere, and one program', () => {
    const { package: named, directories } = read({
      'xh-imakefile': '#include "../PackageName"\nProgram(callpat,c,user)\n',
      '../PackageName': 'Package(callpat, 1.2)\n',
    });
    expect(named).toEqual({ name: 'callpat', version: '1.2' });
    expect(directories.map(({ products }) => products.map(({ is }) => is))).toEqual([['program']]);
  });

  test('arguments on several lines, comments of all kinds, continued lines', () => {
    const text =
      '/* a\n comment */ # and this\nProgram( a, // not this\n c,\n user\n)\nCFLAGS = -DA \\\n -DB # no\n';
    const { statements, diagnostics } = parseImakefile(FILE, bytes(text));
    expect(diagnostics).toEqual([]);
    expect(statements).toMatchObject([
      { is: 'program', language: 'c', usedBy: 'user' },
      { is: 'setting', name: 'CFLAGS', value: '-DA -DB' },
    ]);
  });

  test('settings keep their marks, add up, and hold for the architectures that they name', () => {
    const files = {
      'xh-imakefile':
        'CFLAGS = -DNAME="\\"x y\\"" -Wl,-z,now\nCFLAGS[linux-aarch64] += -DARM\nSubdirs(sub)\n#include <Common>\n',
      'sub/xh-imakefile': 'CFLAGS += -DSUB\n',
    };
    const flags = (architecture: string): string[] =>
      read(files, architecture).directories.map(({ settings }) => settings.CFLAGS);
    const own = '-DNAME="\\"x y\\"" -Wl,-z,now';
    expect(flags('linux-x86_64')).toEqual([own, `${own} -DSUB`]);
    expect(flags('linux-aarch64')).toEqual([`${own} -DARM`, `${own} -DARM -DSUB`]);
    expect(read(files).directories[0]?.settings.LDLIBS).toBe('-lcommon');
  });

  test('any text has a reading', () => {
    const marks = '( ) , [ ] = += #include " /* CFLAGS c user \\ <x>'.split(' ');
    const word = fc.constantFrom(...Object.keys(SYNOPSES), ...marks, '\n', ' ');
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(word, { maxLength: 60 }).map((words) => words.join('')),
      fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (content) => {
        const { diagnostics } = parseImakefile(FILE, bytes(content));
        for (const each of diagnostics) {
          expect(each.line).toBeGreaterThan(0);
          expect(each.column).toBeGreaterThan(0);
          expect(formatDiagnostic(each)).toContain(each.message);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what the statements say is read back, whatever the names', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9+._-]{0,12}$/);
    const user = fc.constantFrom('user', 'maintainer', 'program');
    fc.assert(
      fc.property(name, user, fc.array(name, { maxLength: 4 }), (program, usedBy, files) => {
        const text = `Program(${[program, 'c', usedBy, ...files].join(', ')})`;
        const { statements, diagnostics } = parseImakefile(FILE, bytes(text));
        expect(diagnostics).toEqual([]);
        expect(statements).toMatchObject([
          {
            is: 'program',
            name: { text: program },
            usedBy,
            files: files.map((file) => ({ text: file })),
          },
        ]);
      }),
    );
  });
});

describe('what is wrong is told with its place and what to write', () => {
  test('all at once, from the top', () => {
    expect(findings('Progam(x,c,user)\nProgram(y,d,usr)\n#ifdef X\nManual(z)\nSubdirs(\n')).toEqual(
      [
        "1:1 there is no statement 'Progam' (did you mean 'Program'?)",
        `2:11 expected c, c++ or fortran (${SYNOPSES.Program})`,
        "2:13 expected user, maintainer or program (did you mean 'user'?)",
        '3:1 there is no #ifdef here (settings for one architecture are written CFLAGS[linux-x86_64*] += …)',
        `4:1 Manual takes 2 to 3 arguments, and has 1 (${SYNOPSES.Manual})`,
        `5:9 expected ')' to end 'Subdirs(' (${SYNOPSES.Subdirs})`,
      ],
    );
  });

  test.each([
    ['CFLAG = -O', "1:1 there is no setting 'CFLAG' (did you mean 'CFLAGS'?)"],
    ['Program(a,,user)', '1:11 expected a word'],
    [
      'Script(../../bin/sh,user)',
      "1:8 this is no name for an installed file (letters, digits and '+._@-')",
    ],
    [
      'Data(x, ../../etc)',
      "1:9 this is no directory in the package (write for example 'data' or 'doc')",
    ],
    [
      'Data(x, .admin)',
      "1:9 this is no directory in the package (write for example 'data' or 'doc')",
    ],
    ['Program(a,c,user) b', "1:19 expected the end of the line, not 'b'"],
    [
      'Manual(a,x)',
      '1:10 this is no section of the manual (write 1 to 9, letters may follow: 3pm)',
    ],
    ['Package(-x)', "1:9 no name of a package: it begins with '-'"],
    ['/* never', "1:1 this comment has no end: expected '*/'"],
    ['#include "x', "1:10 expected '\"' at the end of this text"],
  ])('%s', (text, expected) => {
    expect(findings(text)[0]).toBe(expected);
  });

  test('a file that is not there, a circle, a directory above', () => {
    expect(refusal(() => read({ 'xh-imakefile': '#include "xh-imakefile"\n' }))[0]).toContain(
      'files include each other in a circle',
    );
    expect(
      refusal(() => read({ 'xh-imakefile': '#include "nix"\nSubdirs(none)\nSubdirs(..)\n' })),
    ).toEqual([
      expect.stringContaining('xh-imakefile:1:10: error: there is no such file to include'),
      expect.stringContaining(
        'xh-imakefile:2:9: error: there is no xh-imakefile in this directory',
      ),
      expect.stringContaining('xh-imakefile:3:9: error: this directory is not below the top'),
    ]);
    expect(
      refusal(() => makefile({ 'xh-imakefile': 'Program(a,c,user)\nProgram(a,c,user)\n' })),
    ).toEqual([
      expect.stringContaining('there is no a.c in the directory'),
      expect.stringContaining('this is to be built already'),
    ]);
  });
});

describe('the makefile that is made of it', () => {
  test('has objects apart from sources, and everything where a package has it', () => {
    const text = makefile({
      'xh-imakefile':
        'Program(foo, c, user, more.c, libfoo.a, -lm)\nLibrary(foo, c, part.c)\nScript(tidy, maintainer)\nManual(foo, 1)\nData(foo.conf)\n',
      'foo.c': '',
      'more.c': '',
      'part.c': '',
      'tidy.sh': '',
      'foo.1': '',
      'foo.conf': '',
    });
    expect(text).toContain('out/foo: obj/foo.c.o obj/more.c.o out/libfoo.a Makefile\n');
    expect(text).toMatch(/^\tcc -O2 -o \$@ obj\/foo\.c\.o obj\/more\.c\.o out\/libfoo\.a -lm$/m);
    expect(text).toContain('obj/part.c.o: ../../../part.c Makefile\n');
    const places = [...text.matchAll(/^\tcp -p \S+ "\$\(DESTDIR\)\$\(PREFIX\)\/([^"]+)"/gm)];
    expect(places.map(([, place]) => place)).toEqual([
      'bin/foo',
      'lib/libfoo.a',
      'maintenance/tidy',
      'man/man1/foo.1',
      'data/foo.conf',
    ]);
  });
});
