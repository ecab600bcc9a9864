import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { openElf, sectionsOf } from '../../src/package/elf-file.ts';
import { readRunPaths } from '../../src/package/run-paths.ts';
import { hardWiredIn, type Needle } from '../../src/make/hard-wired.ts';
import { linesElsewhere } from '../../src/make/rehearsal.ts';
import { temporaryDirectory } from '../site.ts';

const NEEDLES: readonly Needle[] = [
  { path: bytes('/src/foo'), what: 'the source directory' },
  { path: bytes('/src/foo/.xh/stage'), what: 'the staging directory' },
  { path: bytes('/usr/local'), what: '/usr/local', fromRoot: true },
];

function found(file: string, content: Buffer | string): string[] {
  return hardWiredIn(bytes(file), Buffer.from(content), NEEDLES).map(
    ({ path, what, kind, line, count, severity }) =>
      `${severity} ${path} ${what} ${kind}${line === undefined ? '' : ` ${line}`} ${count}`,
  );
}

describe('paths that are wired into files', () => {
  test('of a text: its line, what kind of file it is, how often', () => {
    expect(found('lib/x.pc', 'a\nprefix=/usr/local\nlibdir=/usr/local/lib\n')).toEqual([
      'warning /usr/local /usr/local pkg-config file 2 2',
    ]);
    expect(found('bin/x', '#!/src/foo/sh\n/src/foo/.xh/stage/y\n')).toEqual([
      'warning /src/foo/sh the source directory interpreter line 1 1',
      'warning /src/foo/.xh/stage/y the staging directory text 2 1',
    ]);
    expect(found('man/man1/x.1', 'see /usr/local/etc\n')[0]).toMatch(/^note /);
  });

  test('not what only looks like it', () => {
    expect(found('bin/x', '/usr/localhost /mnt/usr/local /src/foobar')).toEqual([]);
  });

  test('of a program: run paths, strings, debug information', () => {
    const directory = temporaryDirectory('elf');
    const source = join(directory, 'x.c');
    const program = join(directory, 'x');
    writeFileSync(
      source,
      '#include <stdio.h>\nint main(void) { puts("/usr/local/etc/x.conf"); return 0; }\n',
    );
    const words = [
      '-g',
      `-ffile-prefix-map=${directory}=/src/foo`,
      '-Wl,-rpath,/src/foo/lib:/ok',
      '-o',
      program,
      source,
    ];
    const ran = spawnSync('cc', words, { encoding: 'utf8', cwd: directory });
    expect(ran.stderr).toBe('');
    const content = readFileSync(program);
    expect(readRunPaths(content)).toMatchObject([{ directories: ['/src/foo/lib', '/ok'] }]);
    const lines = found('bin/x', content);
    expect(lines).toContain('warning /usr/local/etc/x.conf /usr/local string in the program 1');
    expect(
      lines.some((line) =>
        /^warning \/src\/foo\/lib:?.* the source directory R(?:UN)?PATH 1$/.test(line),
      ),
    ).toBe(true);
    expect(
      lines.some((line) => line.startsWith('note /src/foo') && line.includes('debug information')),
    ).toBe(true);
  });

  test('any bytes have a reading, cut and damaged programs too', () => {
    const program = readFileSync(process.execPath).subarray(0, 4096);
    const damaged = fc
      .tuple(fc.nat(4000), fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 30 }))
      .map(([length, changes]) => {
        const content = Buffer.from(program.subarray(0, length));
        for (const [at, byte] of changes) if (at < content.length) content[at] = byte;
        return content;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 500 }), damaged), (content) => {
        const buffer = Buffer.from(content);
        const elf = openElf(buffer);
        const ends =
          elf === undefined ? [] : sectionsOf(elf).map((each) => each.offset + each.size);
        expect(ends.every((end) => end <= buffer.length)).toBe(true);
        expect(found('x', buffer).length).toBeLessThanOrEqual(NEEDLES.length * 4);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what make says that install would do', () => {
  const elsewhere = (output: string): number =>
    linesElsewhere(bytes(output), bytes('/stage'), bytes('/software/foo')).length;

  test.each([
    'install -m 755 /src/foo/x /stage/software/foo/bin/x',
    'mkdir -p /stage/usr/local/bin && cp /usr/share/x /stage/usr/local',
    '/usr/bin/install -c x "/stage/software/foo/bin"',
    'echo /usr/local/bin',
    'cd /src/foo; make install',
  ])('writes into the stage: %s', (output) => {
    expect(elsewhere(output)).toBe(0);
  });

  test.each([
    'install -m 755 x /software/foo/bin/x',
    'test -d /stage || mkdir -p /usr/local/man',
    'install -d /stage/bin /usr/local/bin',
    'cp x \\\n /etc/x.conf',
    "cd src && ln -sf x '/usr/bin/x'",
    'rm -f /software/foo/bin/old',
  ])('writes elsewhere: %s', (output) => {
    expect(elsewhere(output)).toBe(1);
  });
});
