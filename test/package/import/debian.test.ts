import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { b, bytes, toBuffer, toText, type Bytes } from '../../../src/bytes/bytes.ts';
import { parseDependencies, printDependencies } from '../../../src/package/dependencies.ts';
import { parseFileTypes, printFileTypes } from '../../../src/package/file-types.ts';
import { planImport } from '../../../src/package/import/import.ts';
import { plannedContents, type ImportPlan } from '../../../src/package/import/plan.ts';
import type { ImportEntry } from '../../../src/package/import/source.ts';
import { openSoftware } from '../../../src/package/import/sources.ts';
import { satisfies } from '../../../src/package/range.ts';
import { debianPackages } from '../../debian.ts';
import { temporaryDirectory } from '../../site.ts';
import { failure, findingsOf, listing, sampleFile } from './sample.ts';
import { arOf, file, program, tarOf } from './tar-writer.ts';

const NAMES = ['tree', 'bc', 'jq', 'libjq1', 'libonig5', 'cowsay', 'figlet', 'at', 'perl-base'];
const paths = new Map<string, string>();

beforeAll(() => {
  for (const [i, path] of debianPackages(NAMES).entries()) paths.set(NAMES[i] ?? '', path);
});

function pathOf(name: string): Bytes {
  return bytes(paths.get(name) ?? '');
}

/** A line as `dpkg-deb -c` prints it. */
function listed(entry: ImportEntry): string {
  const letter = { file: '-', directory: 'd', link: 'l', hardlink: 'h' }[entry.type as 'file'];
  let mode = '';
  for (const [i, shift] of [6, 3, 0].entries()) {
    const bits = (entry.mode >> shift) & 7;
    const special = (entry.mode & (0o4000 >> i)) !== 0;
    const run = (bits & 1) !== 0;
    const last = special ? (['s', 's', 't'][i] ?? '') : 'x';
    mode += `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}`;
    mode += run ? last : special ? last.toUpperCase() : '-';
  }
  const time = new Date(entry.mtime.seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const size = entry.type === 'file' ? entry.size : 0;
  const name = `./${entry.path}${entry.type === 'directory' && entry.path !== '' ? '/' : ''}`;
  const to =
    entry.type === 'link'
      ? ` -> ${entry.target}`
      : entry.type === 'hardlink'
        ? ` link to ./${entry.target}`
        : '';
  return `${letter}${mode} ${entry.user}/${entry.group} ${size} ${time} ${name}${to}`;
}

describe('a real Debian package', () => {
  it.each(NAMES)('%s has the entries that dpkg-deb lists', async (name) => {
    const software = await openSoftware(pathOf(name));
    const printed = execFileSync('dpkg-deb', ['-c', pathOf(name)], {
      encoding: 'latin1',
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
    });
    const expected = printed
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(software.entries.map(listed)).toEqual(expected);
  });

  it.each(NAMES)('%s has the contents whose checksums it brings', async (name) => {
    const plan = await planImport(pathOf(name), { limits: { keepBytes: 0 } });
    const sums = execFileSync('dpkg-deb', ['-I', pathOf(name), 'md5sums'], { encoding: 'latin1' });
    const names = plan.software.entries.map((entry) => ({ target: undefined, ...entry }));
    const found = new Map<string, string>();
    for await (const { files, pieces } of plannedContents(plan)) {
      const [md5, sha256] = [createHash('md5'), createHash('sha256')];
      for await (const piece of pieces) {
        md5.update(piece);
        sha256.update(piece);
      }
      const [first] = files;
      const digest = md5.digest('hex');
      for (const { path, type, target } of names) {
        if (path === first?.entry.path) found.set(path, digest);
        if (type === 'hardlink' && target === first?.entry.path) found.set(path, digest);
      }
      expect(first?.sha256).toBe(sha256.digest('hex'));
    }
    for (const line of sums.trimEnd().split('\n')) {
      const [sum = '', path = ''] = line.split('  ');
      expect([path, found.get(path)]).toEqual([path, sum]);
    }
  });

  it('says what it is', async () => {
    const { software } = await planImport(pathOf('cowsay'));
    expect(software.name).toBe('cowsay');
    expect(software.version).toMatch(/^3\.03\+dfsg2-/);
    expect(software.architecture).toBe('all');
    expect(software.summary).toBe('configurable talking cow');
    expect(software.maintainer).toContain('@');
    expect(software.homepage).toMatch(/^https:/);
    expect(toText((await planImport(pathOf('tree'))).software.licence ?? b``)).toMatch(/^GPL-2/);
    expect((await planImport(pathOf('tree'))).architecture).toMatch(/^linux-/);
  });

  it('goes where the parts of a package go', async () => {
    const plan = await planImport(pathOf('at'));
    const found = listing(plan);
    expect(found).toEqual(
      expect.arrayContaining([
        'bin/at',
        'bin/atq -> at',
        'etc/at.deny',
        'lib/systemd/system/atd.service',
        'maintenance/atd',
        'man/man1/at.1.gz',
        'man/man1/atq.1.gz -> at.1.gz',
        'share/at/batch-job',
      ]),
    );
    expect(findingsOf(plan, 'IMPORT_SET_ID')).toEqual([
      'usr/bin/at: has the mode 06755; its set-id bits are dropped',
    ]);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE').join('\n')).toMatch(
      /usr\/sbin\/atd: names \/var\/spool\/cron\/atjobs \d+ times/,
    );
    expect(findingsOf(plan, 'IMPORT_SCRIPT').join('\n')).toContain('deb-systemd-helper');
    const spool = plan.objects.find(({ path }) => path === 'var/spool/cron/atjobs');
    expect(spool).toMatchObject({ fileType: 'spool', mode: 0o1770 });
  });

  it('names what a script of figlet would have linked', async () => {
    const plan = await planImport(pathOf('figlet'));
    expect(findingsOf(plan, 'IMPORT_ALTERNATIVE').join('\n')).toContain('/usr/bin/figlet ');
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE').join('\n')).toContain(
      'usr/bin/figlet-figlet: names /usr/share/figlet',
    );
  });

  it('has its libraries where libraries are linked from', async () => {
    const found = listing(await planImport(pathOf('libonig5')));
    expect(found.filter((line) => line.startsWith('lib/'))).toEqual([
      expect.stringMatching(/^lib\/libonig\.so\.5 -> libonig\.so\.5\.\d/) as string,
      expect.stringMatching(/^lib\/libonig\.so\.5\.[\d.]+$/) as string,
    ]);
  });

  it('keeps the hard links of perl', async () => {
    const plan = await planImport(pathOf('perl-base'));
    expect(listing(plan).filter((line) => line.includes(' = '))).toHaveLength(1);
  });
});

it('may be left in the middle of its contents', async () => {
  const software = await openSoftware(pathOf('perl-base'), { limits: { keepBytes: 0 } });
  for (const round of [1, 2]) {
    for await (const { entry, pieces } of software.contents()) {
      for await (const piece of pieces) {
        expect([round, entry.path, piece.length > 0]).toEqual([round, 'usr/bin/perl', true]);
        break;
      }
      break;
    }
  }
});

describe('dependencies', () => {
  it('on packages of the depot keep their ranges, the others are for the host', async () => {
    const library = await planImport(pathOf('libjq1'));
    const depot = { has: (name: Bytes) => name === 'libjq1' };
    const plan = await planImport(pathOf('jq'), { depot });
    const text = printDependencies(plan.dependencies);
    expect(text).toMatch(/^libjq1 =1\.6-[^\n]*\nsystem:libc6 >=2\.[0-9]+\n$/);
    expect(parseDependencies(b`Dependencies`, text)).toHaveLength(2);
    const [own] = plan.dependencies;
    expect(own?.range && satisfies(library.version, own.range)).toBe(true);
    expect(own?.range && satisfies(b`1.6-2`, own.range)).toBe(false);
  });

  it.each(NAMES)('of %s can be read back, and its file types', async (name) => {
    const plan = await planImport(pathOf(name));
    const text = printDependencies(plan.dependencies);
    const again = parseDependencies(b`Dependencies`, text);
    expect(printDependencies(again)).toBe(text);
    expect(again.every(({ kind }) => kind === 'system')).toBe(true);
    expect(parseFileTypes(b`file-types`, printFileTypes(plan.fileTypes))).toEqual(plan.fileTypes);
  });
});

describe('a package that has been written out', () => {
  it('runs', async () => {
    const top = temporaryDirectory('written');
    for (const name of ['tree', 'cowsay', 'jq', 'libjq1', 'libonig5']) {
      await write(await planImport(pathOf(name)), join(top, name));
    }
    const run = (command: string): string =>
      execFileSync('/bin/sh', ['-c', command], {
        encoding: 'utf8',
        cwd: top,
        env: { ...process.env, LD_LIBRARY_PATH: `${top}/libjq1/lib:${top}/libonig5/lib` },
      });
    expect(run('tree/bin/tree --version')).toMatch(/^tree v2/);
    expect(run(`echo '{"a":[1,2]}' | jq/bin/jq -c .a`)).toBe('[1,2]\n');
    const cows = readFileSync(join(top, 'cowsay/share/cowsay/cows/tux.cow'), 'latin1');
    expect(cows).toContain('$the_cow');
    expect(readFileSync(join(top, 'cowsay/bin/cowthink'), 'latin1')).toMatch(/^#!.*perl/);
  });
});

/** As the plan says, without file types. */
async function write(plan: ImportPlan, top: string): Promise<void> {
  mkdirSync(top);
  for (const { type, path } of plan.objects) if (type === 'directory') mkdirSync(join(top, path));
  for await (const { files, pieces } of plannedContents(plan)) {
    const [first, ...more] = files;
    const parts: Buffer[] = [];
    for await (const piece of pieces) parts.push(piece);
    const path = join(top, first?.path ?? '');
    writeFileSync(path, Buffer.concat(parts));
    chmodSync(path, first?.mode ?? 0);
    for (const each of more) linkSync(path, join(top, each.path));
  }
  for (const object of plan.objects) {
    if (object.type === 'link') symlinkSync(toBuffer(object.target), join(top, object.path));
  }
}

function compress(command: string, content: Buffer, ...words: string[]): Buffer {
  return execFileSync(command, ['-c', ...words], { input: content });
}

describe('compression', () => {
  const DATA = tarOf([
    program('./usr/bin/sample'),
    file('./usr/share/sample', 'x'.repeat(100_000)),
  ]);
  const CONTROL = tarOf([file('./control', 'Package: sample\nVersion: 1\nArchitecture: all\n')]);
  it.each([
    ['', (content: Buffer) => content],
    ['.gz', (content: Buffer) => gzipSync(content)],
    ['.xz', (content: Buffer) => compress('xz', content)],
    ['.lzma', (content: Buffer) => compress('xz', content, '--format=lzma')],
    ['.zst', (content: Buffer) => compress('zstd', content, '-q')],
    ['.bz2', (content: Buffer) => compress('bzip2', content)],
  ])('by data.tar%s is understood, in a tarball too', async (ending, pack) => {
    const deb = arOf([
      ['debian-binary', Buffer.from('2.0\n')],
      [`control.tar${ending}`, pack(CONTROL)],
      [`data.tar${ending}`, pack(DATA)],
      ['_more', Buffer.from('x')],
    ]);
    expect(listing(await planImport(sampleFile(deb)))).toEqual(['bin/sample', 'share/sample']);
    const tarball = sampleFile(pack(DATA), `sample-1.0.tar${ending}`);
    const plan = await planImport(tarball, { limits: { keepBytes: 1000 } });
    expect([plan.name, plan.version, listing(plan)]).toEqual([
      'sample',
      '1.0',
      ['bin/sample', 'share/sample'],
    ]);
  });

  it.each([
    ['gz', (content: Buffer) => gzipSync(content)],
    ['xz', (content: Buffer) => compress('xz', content)],
    ['zst', (content: Buffer) => compress('zstd', content, '-q')],
  ])('by %s that is cut off or damaged is an error', async (ending, pack) => {
    const whole = pack(DATA);
    const cut = await failure(
      planImport(sampleFile(whole.subarray(0, whole.length - 9), `a.tar.${ending}`)),
    );
    expect([cut.exit, cut.code]).toEqual([2, 'E_COMPRESSED']);
    const damaged = Buffer.from(whole);
    // the check at the end, behind all members
    const at = ending === 'xz' ? damaged.length - 50 : damaged.length - 2;
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    const error = await failure(planImport(sampleFile(damaged, `b.tar.${ending}`)));
    expect([error.exit, error.code]).toEqual([2, 'E_COMPRESSED']);
  });

  it('by a program that is not there names it and its package', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = temporaryDirectory('empty');
    try {
      const error = await failure(planImport(pathOf('tree')));
      expect([error.exit, error.code]).toEqual([1, 'E_PROGRAM_MISSING']);
      expect(error.remedy).toBe('install xz (package xz-utils)');
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('a file that is no sound package', () => {
  it.each([
    ['empty', Buffer.alloc(0), 'E_IMPORT_SOURCE'],
    ['a text', Buffer.from('hello\n'), 'E_IMPORT_SOURCE'],
    ['another ar archive', arOf([['x.o', Buffer.from('x')]]), 'E_IMPORT_SOURCE'],
    ['without data', arOf([['debian-binary', Buffer.from('2.0\n')]]), 'E_DEB'],
    ['of another format', arOf([['debian-binary', Buffer.from('3.0\n')]]), 'E_DEB'],
  ])('is told: %s', async (_, content, code) => {
    const error = await failure(planImport(sampleFile(content)));
    expect([error.exit, error.code]).toEqual([2, code]);
  });

  it('is told when a part is there twice', async () => {
    const whole = readFileSync(pathOf('tree'));
    const twice = Buffer.concat([whole, whole.subarray(8 + 60 + 4)]);
    const error = await failure(planImport(sampleFile(twice)));
    expect([error.code, error.message]).toEqual(['E_DEB', expect.stringContaining('2 times')]);
  });

  it.each([
    ['Package: x\nVersion: 1\n', "no field 'architecture'"],
    ['Package: x\nPackage: y\nVersion: 1\nArchitecture: all\n', "line 2: a second field 'package'"],
    [' more\n', 'line 1: a continuation of nothing'],
    ['Package x\n', 'line 1: expected a field'],
    ['Package: x\nVersion: 1\nArchitecture: all\nDepends: a (1)\n', "'depends' is malformed"],
  ])('is told of its control file: %j', async (control, message) => {
    const deb = arOf([
      ['debian-binary', Buffer.from('2.0\n')],
      ['control.tar', tarOf([file('control', control)])],
      ['data.tar', tarOf([])],
    ]);
    const error = await failure(planImport(sampleFile(deb)));
    expect([error.exit, error.code]).toEqual([2, 'E_CONTROL']);
    expect(error.message).toContain(message);
  });

  it.each([0.1, 0.3, 0.6, 0.9, 0.99, 0.9999])('is told when it ends after %f', async (share) => {
    const whole = readFileSync(pathOf('tree'));
    const cut = whole.subarray(0, Math.floor(whole.length * share));
    const error = await failure(planImport(sampleFile(cut)));
    expect([error.exit, error.code]).toEqual([2, 'E_AR']);
  });

  it('is told when it is not there at all', async () => {
    const error = await failure(planImport(bytes(join(temporaryDirectory('none'), 'x.deb'))));
    expect(error.code).toBe('E_ABSENT');
  });

  it('is told when it changes between two readings', async () => {
    const path = sampleFile(readFileSync(pathOf('tree')), 'tree.deb');
    const software = await openSoftware(path, { limits: { keepBytes: 0 } });
    truncateSync(path, 1000);
    const reading = (async () => {
      for await (const { pieces } of software.contents()) {
        for await (const piece of pieces) expect(piece.length).toBeGreaterThan(0);
      }
    })();
    expect((await failure(reading)).code).toBe('E_IMPORT_CHANGED');
    rmSync(path);
  });
});
