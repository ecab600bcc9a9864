import { describe, expect, it } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { packageLayout } from '../../../src/package/layout.ts';
import { fileTypeSorter } from '../../../src/site/file-types.ts';
import {
  failure,
  findingsOf,
  listing,
  planDeb,
  planTar,
  refusals,
  type Members,
} from './sample.ts';
import { directory, file, hardLink, link, program } from './tar-writer.ts';

/** The first bytes of a program for x86-64. */
const ELF = Buffer.from('7f454c4602010100000000000000000003003e0001000000', 'hex');

const USR: Members = [
  directory('./'),
  directory('./usr/'),
  file('./usr/bin/prog', ELF, 0o755),
  file('./usr/games/game', ELF, 0o755),
  program('./bin/small'),
  program('./usr/sbin/daemon'),
  program('./sbin/tool'),
  program('./usr/libexec/prog/agent'),
  program('./usr/lib/cgi-bin/search'),
  file('./usr/lib/x86_64-linux-gnu/libprog.so.1.2', ELF),
  link('./usr/lib/x86_64-linux-gnu/libprog.so.1', 'libprog.so.1.2'),
  file('./usr/lib/x86_64-linux-gnu/prog/plugin.so', ELF),
  file('./usr/lib/prog/rules'),
  file('./lib/udev/rules.d/60-prog.rules'),
  file('./usr/lib64/libold.so', ELF),
  file('./usr/include/prog.h'),
  file('./usr/share/man/man1/prog.1.gz'),
  file('./usr/share/man/de/man1/prog.1.gz'),
  file('./usr/share/info/prog.info'),
  file('./usr/share/doc/prog/README'),
  file('./usr/share/prog/table'),
  file('./etc/prog.conf'),
  file('./etc/profile.d/prog.sh'),
  file('./etc/cron.d/prog'),
  directory('./var/log/prog'),
  directory('./var/spool/prog', 0o1777),
  file('./srv/prog/index.html'),
];

describe('where the parts go', () => {
  it('sorts a root into the directories of a package', async () => {
    const plan = await planDeb(USR);
    expect(listing(plan)).toEqual([
      'bin/game',
      'bin/prog',
      'bin/small',
      'doc/prog/README',
      'etc/cron.d/prog',
      'etc/prog.conf',
      'export/profile.d/prog.sh',
      'include/prog.h',
      'info/prog.info',
      'lib/libold.so',
      'lib/libprog.so.1 -> libprog.so.1.2',
      'lib/libprog.so.1.2',
      'lib/prog/plugin.so',
      'lib/prog/rules',
      'lib/udev/rules.d/60-prog.rules',
      'maintenance/daemon',
      'maintenance/tool',
      'man/de/man1/prog.1.gz',
      'man/man1/prog.1.gz',
      'servers/prog/agent',
      'servers/search',
      'share/prog/table',
      'srv/prog/index.html',
    ]);
    const directories = plan.objects.filter(({ type }) => type === 'directory');
    expect(directories.map(({ path }) => path)).toEqual(
      'bin doc doc/prog etc etc/cron.d export export/profile.d include info lib lib/prog lib/udev lib/udev/rules.d logs logs/prog maintenance man man/de man/de/man1 man/man1 servers servers/prog share share/prog srv srv/prog var var/spool var/spool/prog'.split(
        ' ',
      ),
    );
  });

  it('gives each part its file type, as the layout of packages has it', async () => {
    const plan = await planDeb(USR);
    const types = new Map(plan.objects.map(({ path, fileType }) => [String(path), fileType]));
    expect(types.get('bin/prog')).toBe('arch');
    expect(types.get('man/man1/prog.1.gz')).toBe('share');
    expect(types.get('logs/prog')).toBe('local');
    expect(types.get('var/spool/prog')).toBe('spool');
    expect(types.get('var')).toBe('share');
    const { directories, files } = packageLayout(
      { root: b`/` },
      b`prog`,
      plan.objects.map(({ path, type }) => ({
        path,
        kind: type === 'directory' ? 'directory' : 'file',
      })),
      fileTypeSorter(plan.fileTypes),
    );
    const expected = [...directories, ...files].map(({ type, path }) => `${type} ${path}`);
    expect(expected).toEqual(
      expect.arrayContaining(plan.objects.map(({ path, fileType }) => `${fileType} ${path}`)),
    );
  });

  it('keeps modes and times, and names the directories above', async () => {
    const plan = await planDeb([
      { ...program('usr/bin/prog'), mode: 0o750, mtime: 1234 },
      directory('usr/share/prog', 0o700),
    ]);
    const found = new Map(plan.objects.map((object) => [String(object.path), object]));
    expect(found.get('bin/prog')).toMatchObject({ mode: 0o750, mtime: { seconds: 1234 } });
    expect(found.get('share/prog')).toMatchObject({ mode: 0o700, type: 'directory' });
    expect(found.get('share')).toEqual({
      type: 'directory',
      path: 'share',
      fileType: 'share',
      mode: 0o755,
    });
  });

  it('takes the directory that a tarball is wrapped in for its name and version', async () => {
    const plan = await planTar([
      directory('tree-2.1.0/'),
      program('tree-2.1.0/bin/tree'),
      program('tree-2.1.0/sbin/treed'),
      file('tree-2.1.0/share/man/man1/tree.1'),
      file('tree-2.1.0/plugins/a.js'),
    ]);
    expect([plan.name, plan.version]).toEqual(['tree', '2.1.0']);
    expect(listing(plan)).toEqual([
      'bin/tree',
      'maintenance/treed',
      'man/man1/tree.1',
      'plugins/a.js',
    ]);
  });

  it.each([
    ['node-v20.1.0-linux-x64', 'node', '20.1.0'],
    ['go1', 'go1', undefined],
    ['foo_1.2', 'foo', '1.2'],
    ['gcc-12-12.2.0', 'gcc-12', '12.2.0'],
    ['jdk-21.0.1+12', 'jdk', '21.0.1+12'],
    ['tool', 'tool', undefined],
  ])('reads %s as %s %s', async (wrapped, name, version) => {
    const plan = await planTar([program(`${wrapped}/bin/x`)]);
    expect([plan.name, plan.version]).toEqual([name, version]);
  });

  it('takes /opt/NAME for a prefix of its own', async () => {
    const plan = await planDeb([
      program('opt/acme/bin/acme'),
      file('opt/acme/share/acme/x'),
      file('opt/acme/README'),
      link('usr/bin/acme', '/opt/acme/bin/acme'),
    ]);
    expect(listing(plan)).toEqual(['bin/acme', 'opt/acme/README', 'share/acme/x']);
    expect(findingsOf(plan, 'IMPORT_LINK_NEEDLESS')).toHaveLength(1);
  });

  it('keeps a tree of its own together where it has compiled files in it', async () => {
    const plan = await planDeb([
      file('opt/google/chrome/chrome', ELF, 0o755),
      file('opt/google/chrome/resources.pak'),
      file('usr/share/foo/x/helper', ELF),
      file('usr/share/foo/text'),
      file('usr/share/doc/foo/example', ELF),
      file('usr/share/doc/foo/README'),
      link('usr/bin/chrome', '/opt/google/chrome/chrome'),
    ]);
    expect(plan.fileTypes).toEqual([
      { glob: '/doc/foo/example', type: 'arch' },
      { glob: '/opt', type: 'arch' },
      { glob: '/share/foo', type: 'arch' },
    ]);
    const types = new Map(plan.objects.map(({ path, fileType }) => [String(path), fileType]));
    expect(types.get('opt/google/chrome/resources.pak')).toBe('arch');
    expect(types.get('share/foo/text')).toBe('arch');
    expect(types.get('doc/foo/README')).toBe('share');
    expect(listing(plan)).toContain('bin/chrome -> ../opt/google/chrome/chrome');
  });

  it('shares software that is for every architecture', async () => {
    const plan = await planDeb({
      architecture: 'all',
      members: [
        program('usr/bin/script'),
        file('usr/lib/script/m.pl'),
        directory('var/log/script'),
      ],
    });
    expect(plan.architecture).toBe('all');
    const types = new Map(plan.objects.map(({ path, fileType }) => [String(path), fileType]));
    expect([
      types.get('bin/script'),
      types.get('lib/script/m.pl'),
      types.get('logs/script'),
    ]).toEqual(['share', 'share', 'local']);
  });

  it('obeys the rules of the administrator before its own', async () => {
    const plan = await planDeb(USR, { fileTypes: [{ glob: b`/etc`, type: b`local` }] });
    const types = new Map(plan.objects.map(({ path, fileType }) => [String(path), fileType]));
    expect(types.get('etc/prog.conf')).toBe('local');
    expect(plan.fileTypes[0]).toEqual({ glob: '/etc', type: 'local' });
  });

  it('reads the architecture of a tarball from its programs, and tells of others', async () => {
    const arm = Buffer.from(ELF);
    arm.writeUInt16LE(183, 18);
    expect((await planTar([file('bin/a', ELF, 0o755)])).architecture).toBe('linux-x86_64');
    const both = await planTar([file('bin/a', ELF, 0o755), file('bin/b', arm, 0o755)]);
    expect(both.architecture).toBeUndefined();
    expect(findingsOf(both, 'IMPORT_ARCHITECTURE')).toHaveLength(2);
    const wrong = await planDeb([file('usr/bin/b', arm, 0o755)]);
    expect(findingsOf(wrong, 'IMPORT_ARCHITECTURE')).toEqual([
      'usr/bin/b: is compiled for linux-aarch64, in linux-x86_64',
    ]);
  });

  it('keeps two parts with one place apart', async () => {
    const plan = await planDeb([
      program('bin/x', 'one'),
      program('usr/bin/x', 'two'),
      file('usr/lib/foo'),
      file('lib/foo/part'),
    ]);
    expect(listing(plan)).toEqual(['bin/x', 'lib/foo/part', 'usr/bin/x', 'usr/lib/foo']);
    expect(findingsOf(plan, 'IMPORT_PLACE_TAKEN')).toEqual([
      'usr/bin/x: stays where it was, since bin/x has its place, bin/x',
      'usr/lib/foo: stays where it was, since a directory has its place, lib/foo',
    ]);
  });

  it('refuses what cannot be kept apart', async () => {
    expect(await refusals(planTar([program('sbin/x'), file('maintenance')]))).toEqual([
      'E_IMPORT_COLLISION maintenance',
    ]);
  });

  it('asks for a name where the software has none that a package may have', async () => {
    const members = [program('bin/x')];
    const error = await failure(planTar(members, { name: b`a b` }));
    expect([error.exit, error.code]).toEqual([2, 'E_PACKAGE_NAME']);
    expect((await planTar(members, { name: b`x`, version: b`2` })).version).toBe('2');
  });

  it('tells source code from software', async () => {
    const plan = await planTar([program('foo-1.0/configure'), file('foo-1.0/src/main.c')]);
    expect(findingsOf(plan, 'IMPORT_SOURCE_CODE')).toHaveLength(1);
  });
});

describe('links', () => {
  it('reach their targets from their new places', async () => {
    const plan = await planDeb([
      program('usr/sbin/daemon'),
      file('usr/share/prog/data/table'),
      file('etc/prog/conf'),
      link('usr/bin/client', '../sbin/daemon'),
      link('usr/lib/prog/data', '../../share/prog/data'),
      link('usr/share/prog/conf', '/etc/prog/conf'),
      link('usr/share/prog/self', '/usr/share/prog'),
      link('etc/prog/sbin', '//usr/./lib/../sbin//daemon'),
      link('usr/share/man/man8/d.8', '../../doc/prog'),
      file('usr/share/doc/prog/x'),
    ]);
    expect(listing(plan).filter((line) => line.includes('->'))).toEqual([
      'bin/client -> ../maintenance/daemon',
      'etc/prog/sbin -> ../../maintenance/daemon',
      'lib/prog/data -> ../../share/prog/data',
      'man/man8/d.8 -> ../../doc/prog',
      'share/prog/conf -> ../../etc/prog/conf',
      'share/prog/self -> .',
    ]);
    const data = plan.objects.find(({ path }) => path === 'lib/prog/data');
    expect(data).toMatchObject({
      fileType: 'arch',
      to: { path: 'share/prog/data', fileType: 'share' },
    });
  });

  it('are followed through directories that are links', async () => {
    const plan = await planDeb([
      file('usr/lib/libx.so.1'),
      link('usr/lib32', 'lib'),
      link('usr/share/x', '../lib32/libx.so.1'),
    ]);
    expect(listing(plan)).toContain('share/x -> ../lib/libx.so.1');
  });

  it('find /bin and /usr/bin to be one, as on the host', async () => {
    const plan = await planDeb([
      program('usr/bin/tool'),
      program('sbin/old'),
      link('usr/share/t', '/bin/tool'),
      link('usr/share/o', '/usr/sbin/old'),
    ]);
    expect(listing(plan)).toEqual(
      expect.arrayContaining(['share/o -> ../maintenance/old', 'share/t -> ../bin/tool']),
    );
  });

  it('to the host stay and are reported', async () => {
    const plan = await planDeb([
      program('usr/bin/x'),
      link('usr/bin/editor', '/etc/alternatives/editor'),
      link('usr/lib/x86_64-linux-gnu/libfoo.so', 'libfoo.so.1'),
    ]);
    expect(listing(plan)).toEqual([
      'bin/editor -> /etc/alternatives/editor',
      'bin/x',
      'lib/libfoo.so -> /usr/lib/x86_64-linux-gnu/libfoo.so.1',
    ]);
    expect(findingsOf(plan, 'IMPORT_LINK_DANGLING').join()).toContain('in one that it depends on');
  });

  it('to nothing stay as they are in software from nowhere', async () => {
    const plan = await planTar([program('bin/x'), link('lib/libfoo.so', 'libfoo.so.1')]);
    expect(listing(plan)).toContain('lib/libfoo.so -> libfoo.so.1');
  });

  it('that are hard stay so within a file type, and are copies across', async () => {
    const plan = await planDeb([
      file('usr/bin/perl', ELF, 0o755),
      hardLink('usr/bin/perl5.36', './usr/bin/perl'),
      hardLink('usr/share/perl/copy', 'usr/bin/perl5.36'),
      link('usr/bin/soft', 'perl'),
      hardLink('usr/share/soft', 'usr/bin/soft'),
    ]);
    expect(listing(plan)).toEqual([
      'bin/perl',
      'bin/perl5.36 = bin/perl',
      'bin/soft -> perl',
      'share/perl/copy',
      'share/soft -> perl',
    ]);
    const files = plan.objects.filter(({ type }) => type === 'file');
    expect(new Set(files.map((each) => each.type === 'file' && each.sha256)).size).toBe(1);
  });
});

describe('modes', () => {
  const setId: Members = [
    { ...program('usr/bin/at'), mode: 0o6755 },
    directory('var/mail', 0o2775),
    directory('var/lib/x', 0o777),
  ];

  it('lose their set-id bits, and the plan says so', async () => {
    const plan = await planDeb(setId);
    expect(plan.objects.find(({ path }) => path === 'bin/at')).toMatchObject({ mode: 0o755 });
    expect(findingsOf(plan, 'IMPORT_SET_ID')).toEqual([
      'usr/bin/at: has the mode 06755; its set-id bits are dropped',
      'var/mail: has the mode 02775; its set-id bits are dropped',
    ]);
    expect(findingsOf(plan, 'IMPORT_WORLD_WRITABLE')).toHaveLength(1);
  });

  it('keep them when that is allowed', async () => {
    const plan = await planDeb(setId, { allowSetId: true });
    expect(plan.objects.find(({ path }) => path === 'bin/at')).toMatchObject({ mode: 0o6755 });
    expect(findingsOf(plan, 'IMPORT_SET_ID')[0]).toContain('are kept');
  });
});

it('plans the same objects in whatever order the members come', async () => {
  const plan = await planDeb(USR);
  const reversed = await planDeb(USR.toReversed());
  const bare = (each: typeof plan): unknown =>
    each.objects.map((object) => ({ ...object, entry: undefined }));
  expect(bare(reversed)).toEqual(bare(plan));
});

it('keeps names that are no text', async () => {
  const name = 'usr/share/\xff\xfe' as Bytes;
  const plan = await planDeb([file(name, 'x')]);
  expect(plan.objects.at(-1)?.path).toBe('share/\xff\xfe');
  expect(bytes('ÿ')).not.toBe('\xff');
});
