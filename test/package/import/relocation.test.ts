/** Whether software can live at another place, judged with what a compiler really makes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { b, bytes, fromBuffer, type Bytes } from '../../../src/bytes/bytes.ts';
import { readRunPaths } from '../../../src/package/run-paths.ts';
import { relocate } from '../../../src/package/import/relocate.ts';
import {
  relocationReport,
  type Relocated,
  type RelocationPlan,
} from '../../../src/package/import/relocation.ts';
import { fileTypeSorter } from '../../../src/site/file-types.ts';
import { temporaryDirectory } from '../../site.ts';

const OLD =
  '/spack/opt/linux-debian12-skylake/gcc-12.2.0/hello-1.0-abcdefghijklmnopqrstuvwxyz234567';

function planFor(origin: string, destination: string): RelocationPlan {
  return {
    origin: bytes(origin),
    destination: bytes(destination),
    // as packages are laid out: two of them have other names there
    placeOf: (path) =>
      path.replace(/^sbin(?=\/|$)/, 'maintenance').replace(/^share\/man(?=\/|$)/, 'man') as Bytes,
    typeOf: fileTypeSorter([]),
    neighbours: [],
  };
}

const PLAN = planFor(OLD, '/software/hello');

function text(
  content: string,
  path = 'share/x',
  mode = 0o644,
): Relocated & { readonly said: string } {
  const relocated = relocate(bytes(path), Buffer.from(content, 'latin1'), mode, PLAN);
  return { ...relocated, said: fromBuffer(relocated.content ?? Buffer.from(content, 'latin1')) };
}

describe('a text', () => {
  it.each([
    ['a path', `cat ${OLD}/share/hello/x`, 'cat /software/hello/share/hello/x'],
    [
      'a directory that has another name',
      `${OLD}/sbin/x:${OLD}/share/man`,
      '/software/hello/maintenance/x:/software/hello/man',
    ],
    ['the prefix itself', `prefix=${OLD}\n`, 'prefix=/software/hello\n'],
    ['a slash at its end', `${OLD}/ ${OLD}/lib/`, '/software/hello/ /software/hello/lib/'],
    ['a sentence that ends', `It is in ${OLD}.`, 'It is in /software/hello.'],
    [
      'an option',
      `-I${OLD}/include -L${OLD}/lib`,
      '-I/software/hello/include -L/software/hello/lib',
    ],
    ['a variable', `"${OLD}/lib/$name"`, '"/software/hello/lib/$name"'],
    ['bytes that are no text', `${OLD}/caf\xe9`, '/software/hello/caf\xe9'],
  ])('with %s is rewritten', (_, before, after) => {
    expect(text(before).said).toBe(after);
  });

  it.each([
    ['a longer name', `${OLD}0/lib ${OLD}-x ${OLD}.old`],
    ['the end of another path', `/mnt${OLD}/lib`],
    ['nothing of the kind', 'hello'],
  ])('with %s is left alone', (_, content) => {
    expect(text(content)).toEqual({ findings: [], said: content });
  });

  it('that is an installer’s record is left as it is, and does not count', () => {
    for (const path of ['.spack/spec.json', 'lib/python3/__pycache__/x.cpython-311.pyc']) {
      const { findings, content } = text(`\0${OLD}/lib`, path);
      expect([findings[0]?.kind, content]).toEqual(['record', undefined]);
      expect(relocationReport(bytes(OLD), findings, false).conclusion).toBe('relocatable');
    }
  });
});

describe('software beside it', () => {
  const near = (origin: string, destination: string): RelocationPlan['neighbours'] => [
    { ...planFor(origin, destination), placeOf: (path) => path },
  ];
  const moved = (content: string, neighbours: RelocationPlan['neighbours']): string => {
    const plan = { ...planFor('/opt/hello', '/opt/site/software/hello'), neighbours };
    const { content: now } = relocate(b`share/x`, Buffer.from(content), 0o644, plan);
    return now?.toString() ?? content;
  };

  it.each([
    [
      'beside it',
      '/opt/zlib',
      '/opt/zlib/lib /opt/hello/lib',
      '/z/lib /opt/site/software/hello/lib',
    ],
    ['above it', '/opt', '/opt/lib /opt/hello/lib', '/z/lib /opt/site/software/hello/lib'],
    [
      'below it',
      '/opt/hello/z',
      '/opt/hello/z/lib /opt/hello/lib',
      '/z/lib /opt/site/software/hello/lib',
    ],
  ])('that stood %s is named where it is now, each once', (_, origin, before, after) => {
    expect(moved(before, near(origin, '/z'))).toBe(after);
  });
});

describe('an interpreter', () => {
  it('at the old place is rewritten', () => {
    const { said, findings } = text(`#!${OLD}/bin/python3 -I\nprint()\n`, 'bin/x', 0o755);
    expect(said).toBe('#!/software/hello/bin/python3 -I\nprint()\n');
    expect(findings).toEqual([{ path: 'bin/x', kind: 'interpreter', count: 1 }]);
  });

  it.each([
    ['#!', `#!${OLD}/bin/perl -w`, '#!/software/hello/bin/perl -w'],
    ['--!', `--!${OLD}/bin/lua`, '#!/software/hello/bin/lua'],
    ['//!', `//!${OLD}/bin/node`, '#!/software/hello/bin/node'],
    ['<?php', `<?php #!${OLD}/bin/php ?>`, '#!/software/hello/bin/php'],
  ])('behind sbang, after %s, is its own again where it is short enough', (_, second, first) => {
    const script = `#!/bin/sh /spack/bin/sbang\n${second}\nrest\n`;
    expect(text(script, 'bin/x', 0o755).said).toBe(`${first}\nrest\n`);
  });

  it('that is still too long stays behind sbang, and one without sbang is told', () => {
    const far = `/far/${'x'.repeat(130)}/perl`;
    const script = `#!/bin/sh /spack/bin/sbang\n#!${far}\n`;
    const kept = text(script, 'bin/x', 0o755);
    expect(kept.said).toBe(script);
    expect(kept.findings[0]?.problem).toContain('sbang');
    const plan = planFor('/o', `/software/${'y'.repeat(130)}`);
    const long = relocate(b`bin/x`, Buffer.from('#!/o/bin/sh\n'), 0o755, plan);
    expect(long.findings[0]?.problem).toMatch(/first line has \d+ bytes/);
  });
});

/** Compiles a library and a program that need each other at `top`. */
function build(top: string, defines: readonly string[] = []): { program: string; library: string } {
  const source = temporaryDirectory('source');
  for (const directory of ['bin', 'lib']) mkdirSync(join(top, directory), { recursive: true });
  writeFileSync(join(source, 'lib.c'), 'const char *greet(void) { return "library"; }\n');
  writeFileSync(
    join(source, 'main.c'),
    '#include <stdio.h>\nconst char *greet(void);\nint main(void) {\n  puts(greet());\n#ifdef PREFIX\n  puts(PREFIX);\n#endif\n  return 0;\n}\n',
  );
  const library = join(top, 'lib/libhello.so');
  const program = join(top, 'bin/hello');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, join(source, 'lib.c')]);
  const run = `-Wl,-rpath,${top}/lib:/other/prefix/lib:/usr/lib`;
  execFileSync('gcc', [
    '-o',
    program,
    join(source, 'main.c'),
    `-L${top}/lib`,
    '-lhello',
    run,
    ...defines,
  ]);
  return { program, library };
}

describe('a compiled program', () => {
  it('finds its library from wherever the package stands, and works', () => {
    const top = join(temporaryDirectory('spack'), 'opt/hello-1.0-abcdefghijklmnopqrstuvwxyz234567');
    const { program } = build(top);
    const moved = `${top}-moved`;
    const result = relocate(b`bin/hello`, readFileSync(program), 0o755, planFor(top, moved));
    expect(result.findings.map(({ kind, problem }) => [kind, problem])).toEqual([
      ['elsewhere', '/other/prefix/lib'],
      ['library path', undefined],
    ]);
    renameSync(top, moved);
    const at = join(moved, 'bin/hello');
    expect(spawnSync(at).status).toBe(127);
    writeFileSync(at, result.content ?? '');
    expect(execFileSync(at, { encoding: 'utf8' })).toBe('library\n');
    const told = execFileSync('readelf', ['-d', at], { encoding: 'utf8' });
    expect(told).toContain('[$ORIGIN/../lib:/other/prefix/lib:/usr/lib]');
    expect(relocationReport(bytes(top), result.findings, true).conclusion).toBe('after edits');
  });

  it('with set-id bits gets the whole path, which the loader believes', () => {
    const top = join(temporaryDirectory('spack'), 'a-long-name-of-a-prefix-of-others');
    const { program } = build(top);
    const result = relocate(
      b`bin/hello`,
      readFileSync(program),
      0o4755,
      planFor(top, '/software/h'),
    );
    const [paths] = readRunPaths(result.content ?? Buffer.alloc(0));
    expect(paths?.directories).toEqual(['/software/h/lib', '/other/prefix/lib', '/usr/lib']);
  });

  it('whose new path is longer is not changed, and told', () => {
    const top = join(temporaryDirectory('s'), 'x');
    const { program } = build(top);
    const content = readFileSync(program);
    const far = planFor(top, `/software/${'far/'.repeat(30)}hello`);
    const result = relocate(b`bin/hello`, content, 0o4755, far);
    expect(result.content).toBeUndefined();
    expect(result.findings.at(-1)?.problem).toContain('is longer than what is there');
    expect(relocationReport(bytes(top), result.findings, true).conclusion).toBe('not relocatable');
  });

  it('that has the old place compiled in is not relocatable', () => {
    const top = join(temporaryDirectory('spack'), 'hello');
    const { program } = build(top, [`-DPREFIX="${join(top, 'share')}"`]);
    const { findings } = relocate(
      b`bin/hello`,
      readFileSync(program),
      0o755,
      planFor(top, '/software/hello'),
    );
    expect(findings.map(({ kind, count }) => [kind, count])).toContainEqual(['compiled', 1]);
    expect(relocationReport(bytes(top), findings, false).conclusion).toBe('not relocatable');
  });

  it('whose path is also the end of another name in the file is not touched', () => {
    const top = join(temporaryDirectory('spack'), 'hello');
    const source = join(temporaryDirectory('source'), 'x.c');
    writeFileSync(source, 'int lib(void) { return 1; }\n');
    const library = join(temporaryDirectory('out'), 'x.so');
    // the linker lets the name `lib` of the function be the end of the path
    execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source, `-Wl,-rpath,${top}/lib`]);
    const [runPath] = readRunPaths(readFileSync(library));
    expect(runPath?.own).toBe(false);
    const { content, findings } = relocate(
      b`lib/x.so`,
      readFileSync(library),
      0o755,
      planFor(top, '/s'),
    );
    expect(content).toBeUndefined();
    expect(findings[0]?.problem).toContain('shares its text');
  });

  it('is the same but for its library path', () => {
    const top = join(temporaryDirectory('spack'), 'hello-with-a-long-name');
    const { program } = build(top);
    const before = readFileSync(program);
    const { content = Buffer.alloc(0) } = relocate(
      b`bin/hello`,
      before,
      0o755,
      planFor(top, '/s/h'),
    );
    const [path] = readRunPaths(before);
    expect(content.length).toBe(before.length);
    const different = [...content.keys()].filter((at) => content[at] !== before[at]);
    const end = (path?.offset ?? 0) + (path?.length ?? 0);
    expect(different.every((at) => at >= (path?.offset ?? 0) && at < end)).toBe(true);
  });
});

describe('anything at all', () => {
  it('is judged without failing, and no file grows by what cannot be read', () => {
    const top = join(temporaryDirectory('spack'), 'hello');
    const { program } = build(top);
    chmodSync(program, 0o644);
    const real = readFileSync(program);
    const plan = planFor(top, '/software/hello');
    const damage = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 40 });
    fc.assert(
      fc.property(damage, fc.nat(real.length), fc.boolean(), (bytesAt, cut, isHeader) => {
        const damaged = Buffer.from(real.subarray(0, cut > 64 ? cut : real.length));
        for (const [at, byte] of bytesAt) damaged[isHeader ? at % 64 : at % damaged.length] = byte;
        const { content } = relocate(b`bin/x`, damaged, 0o755, plan);
        if (damaged.readUInt32BE(0) === 0x7f454c46 && content !== undefined) {
          expect(content.length).toBe(damaged.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
