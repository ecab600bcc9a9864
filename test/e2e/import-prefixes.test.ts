/** `xh import` of what Spack and EasyBuild have built: told whether it can move, and moved. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFiles } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { snapshot, xhDone } from './xh.ts';

const HASH = 'abcdefghijklmnopqrstuvwxyz234567';

/** Compiles into `top` a library and a program that looks for it there. */
function compile(top: string, defines: readonly string[] = []): void {
  const source = temporaryDirectory('source');
  writeFileSync(join(source, 'lib.c'), 'const char *greet(void) { return "hello"; }\n');
  writeFileSync(
    join(source, 'main.c'),
    '#include <stdio.h>\nconst char *greet(void);\nint main(void) {\n  puts(greet());\n#ifdef SHARE\n  puts(SHARE);\n#endif\n  return 0;\n}\n',
  );
  const lib = join(top, 'lib');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(lib, 'libhello.so'), join(source, 'lib.c')]);
  const program = ['-o', join(top, 'bin/hello'), join(source, 'main.c'), ...defines];
  execFileSync('gcc', [...program, `-L${lib}`, '-lhello', `-Wl,-rpath,${lib}`]);
}

/** A prefix as Spack lays it out and builds it. */
function spackPrefix(defines: (top: string) => readonly string[] = () => []): string {
  const top = join(
    temporaryDirectory('spack'),
    `opt/spack/linux-debian12-x86_64/gcc-12.2.0/hello-1.0-${HASH}`,
  );
  writeFiles(top, {
    'bin/where': `#!/bin/sh /spack/bin/sbang\n#!${top}/libexec/hello/interpreter\nexec cat ${top}/share/hello/text\n`,
    'libexec/hello/interpreter': '#!/bin/sh\nexec /bin/sh "$@"\n',
    'lib/pkgconfig/hello.pc': `prefix=${top}\nLibs: -L${top}/lib -lhello\n`,
    'share/hello/text': 'found\n',
    'share/man/man1/hello.1': `.TH HELLO 1\n.SH NAME\nhello \\- greet\n.SH FILES\n${top}/share/hello\n`,
    '.spack/install_manifest.json': JSON.stringify({ [top]: {}, [`${top}/bin`]: {} }),
    '.spack/spec.json': JSON.stringify({
      spec: {
        nodes: [
          {
            name: 'hello',
            version: '1.0',
            arch: { platform: 'linux', target: 'x86_64' },
            compiler: { name: 'gcc', version: '12.2.0' },
            dependencies: [{ name: 'zlib', hash: 'z', parameters: { deptypes: ['link'] } }],
            hash: HASH,
          },
          { name: 'zlib', version: '1.3.1', hash: 'z' },
        ],
      },
    }),
  });
  for (const script of ['bin/where', 'libexec/hello/interpreter'])
    chmodSync(join(top, script), 0o755);
  compile(top, defines(top));
  return top;
}

interface Imported {
  readonly relocation: {
    readonly origin: string;
    readonly conclusion: string;
    readonly files: readonly { readonly path: string; readonly kind: string }[];
  };
}

/** What the package's own program and script say, and pkg-config's file. */
function speaks(root: string): string[] {
  const top = join(root, 'software/hello');
  return ['bin/hello', 'bin/where'].map((name) => {
    const { stdout, stderr, error } = spawnSync(join(top, name), { encoding: 'utf8' });
    return error === undefined ? stdout + stderr : error.message;
  });
}

describe('a prefix of Spack', () => {
  test('is told to be relocatable after edits, which are made when asked for, and works elsewhere', () => {
    const { path: root } = freshSite();
    const top = spackPrefix();
    const first = xhDone(root, 'import', top, '--json');
    expect(first.stderr).toContain(
      `relocatable after edits, which --relocate makes: 3 texts, 1 interpreter, 1 library path name ${top}\n`,
    );
    const { relocation } = JSON.parse(first.stdout) as Imported;
    expect([relocation.origin, relocation.conclusion]).toEqual([top, 'after edits']);
    expect(relocation.files.map(({ path, kind }) => `${path}: ${kind}`)).toEqual([
      '.spack/install_manifest.json: record',
      'bin/hello: library path',
      'bin/where: interpreter',
      'bin/where: text',
      'lib/pkgconfig/hello.pc: text',
      'man/man1/hello.1: text',
    ]);
    // nothing has been changed yet
    expect(readFileSync(join(root, 'software/hello/lib/pkgconfig/hello.pc'), 'utf8')).toContain(
      top,
    );
    const ran = xhDone(root, 'import', '--replace', '--relocate', top);
    expect(ran.stderr).toContain(
      `relocated from ${top}: 3 texts, 1 interpreter, 1 library path changed`,
    );
    expect(ran.stderr).not.toContain('warning');
    renameSync(top, `${top}.gone`);
    expect(speaks(root)).toEqual(['hello\n', 'found\n']);
    const pc = readFileSync(join(root, 'software/hello/lib/pkgconfig/hello.pc'), 'utf8');
    expect(pc).toBe(`prefix=${root}/software/hello\nLibs: -L${root}/software/hello/lib -lhello\n`);
    const options = readFileSync(join(root, 'software/hello/.admin/Options'), 'utf8');
    expect(options).toContain('built by Spack with gcc 12.2.0');
    expect(options).toContain('version = 1.0');
    expect(readFileSync(join(root, 'software/hello/.admin/Dependencies'), 'utf8')).toBe(
      'system:zlib >=1.3.1\n',
    );
  });

  test('with its place compiled in works by a link at the old place, as it is told', () => {
    const { path: root } = freshSite();
    const top = spackPrefix((prefix) => [`-DSHARE="${prefix}/share/hello/text"`]);
    const { stderr } = xhDone(root, 'import', '--relocate', top);
    expect(stderr).toContain(
      `not relocatable: 3 texts, 1 interpreter, 1 library path, 1 compiled file name ${top}; what could be changed is\n`,
    );
    expect(stderr).toContain(
      `→ keep a link at the old place: ln -s ${root}/software/hello ${top}\n`,
    );
    renameSync(top, `${top}.gone`);
    symlinkSync(join(root, 'software/hello'), top);
    const [, place] = (speaks(root)[0] ?? '').split('\n');
    expect(readFileSync(place ?? '', 'utf8')).toBe('found\n');
  });

  test('finds what it needs in a prefix that has been moved before', () => {
    const { path: root } = freshSite();
    const opt = join(temporaryDirectory('spack'), 'opt');
    const spec = (name: string): string =>
      JSON.stringify({ spec: { nodes: [{ name, version: '1.0', hash: HASH }] } });
    const [inner, outer] = [join(opt, `inner-1.0-${HASH}`), join(opt, `outer-1.0-${HASH}`)];
    writeFiles(inner, { '.spack/spec.json': spec('inner'), 'bin/x': '', 'lib/x': '' });
    writeFiles(outer, {
      '.spack/spec.json': spec('outer'),
      'bin/x': '',
      'lib/pkgconfig/outer.pc': `Libs: -L${inner}/lib64 -L${outer}/lib\n`,
    });
    compile(inner);
    renameSync(join(inner, 'bin/hello'), join(outer, 'bin/hello'));
    xhDone(root, 'import', '--relocate', inner);
    const ran = xhDone(root, 'import', '--relocate', outer, '-v');
    expect(ran.stderr).not.toContain('have to stay');
    expect(ran.stderr).toContain('names other software, which is a package of the depot');
    renameSync(opt, `${opt}.gone`);
    const { stdout } = spawnSync(join(root, 'software/outer/bin/hello'), { encoding: 'utf8' });
    expect(stdout).toBe('hello\n');
    const pc = readFileSync(join(root, 'software/outer/lib/pkgconfig/outer.pc'), 'utf8');
    expect(pc).toBe(`Libs: -L${root}/software/inner/lib -L${root}/software/outer/lib\n`);
  });

  test('that names no place of its own is relocatable as it is', () => {
    const { path: root } = freshSite();
    const top = join(temporaryDirectory(), 'tool-1.0');
    writeFiles(top, { 'bin/tool': '#!/bin/sh\necho tool\n', 'share/x': 'y' });
    expect(xhDone(root, 'import', top).stderr).toContain(`relocatable: nothing in it names ${top}`);
  });

  test('that is tried first changes nothing, and says the same', () => {
    const { path: root } = freshSite();
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xhDone(root, 'import', '--dry-run', '--relocate', spackPrefix());
    expect(ran.stderr).toContain('1 library path changed');
    expect(snapshot(root)).toEqual(before);
  });
});

describe('a prefix of EasyBuild', () => {
  test('that was copied from where it was built is moved from there', () => {
    const { path: root } = freshSite();
    const built = join(temporaryDirectory('apps'), 'hello/1.0-GCCcore-12.3.0');
    writeFiles(built, {
      'bin/where': `#!/bin/sh\nexec cat ${built}/share/hello/text\n`,
      'lib/x': '',
      'share/hello/text': 'found\n',
      'easybuild/hello-1.0-GCCcore-12.3.0.eb':
        "name = 'hello'\nversion = '1.0'\ndescription = \"Greets. And more.\"\nhomepage = 'https://example.org/'\ntoolchain = {'name': 'GCCcore', 'version': '12.3.0'}\ndependencies = [('zlib', '1.2.13')]\n",
      'easybuild/hello-1.0-GCCcore-12.3.0-easybuild-devel': `#%Module\nset root ${built}\n`,
    });
    compile(built);
    const copy = join(temporaryDirectory('copy'), 'x');
    renameSync(built, copy);
    const { stderr } = xhDone(root, 'import', '--relocate', copy);
    expect(stderr).toContain(`relocated from ${built}: 1 text, 1 library path changed`);
    expect(existsSync(built)).toBe(false);
    expect(speaks(root)).toEqual(['hello\n', 'found\n']);
    expect(readFileSync(join(root, 'software/hello/.admin/Options'), 'utf8')).toBe(
      '# Imported from x, built by EasyBuild with GCCcore 12.3.0.\nversion = 1.0\nsummary = Greets\nhomepage = https://example.org/\n' +
        `x-origin = ${built}\n`,
    );
  });
});
