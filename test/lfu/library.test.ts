/**
 * The scripts of rules/, each run by lfu on small trees, with the accounts, netgroups, lists and
 * host names that it speaks of: what it promises in its own words is what the slave has.
 */
import { copyFileSync, lstatSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshHost, objectsOf, plantOwned, type Host, type HostOptions } from './host.ts';
import type { Run } from './trees.ts';

const DIRECTORY = join(import.meta.dirname, '../../rules');

const SITE: HostOptions = {
  users: { tex: 2001, emacs: 2002, vlsitools: 2003, poplog: 2004, interviews: 2005 },
  netgroups: {
    'b-packages': ['interviews', 'poplog'],
    'carried-here': ['tex'],
    'local-packages': ['tex', 'emacs'],
    'vlsi-packages': ['vlsitools', 'poplog'],
    'vlsi-carried': ['poplog'],
    frozen: ['emacs'],
    'under-test': ['tex'],
  },
  programs: { systemctl: 'echo "$*" >> /etc/asked' },
};

/** A host with a copy of every script, and the lists that two of them have beside them. */
function ruledHost(options: HostOptions = {}): Host {
  const host = freshHost({ ...SITE, ...options });
  for (const name of scripts()) copyFileSync(join(DIRECTORY, name), join(host.directory, name));
  writeFileSync(join(host.directory, 'daemons'), 'sbin/named\n');
  writeFileSync(join(host.directory, 'rootfiles'), 'bin/su\n');
  return host;
}

function scripts(): readonly string[] {
  return readdirSync(DIRECTORY).filter((name) => name.endsWith('.rules'));
}

/** Runs it, and once more, when there must be nothing to do. */
function update(host: Host, script: string, master = 'master', slave = 'slave'): Run {
  const run = host.run('-i', '-f', script, master, slave);
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(host.run('-i', '-f', script, master, slave)).toMatchObject({ status: 0, stdout: '' });
  return run;
}

function again(host: Host, script: string): readonly string[] {
  return update(host, script).lines;
}

const FILES = [
  'root:master/bin/',
  'tex:master/bin/tex',
  'emacs:master/bin/emacs',
  'interviews:master/iv/',
  'interviews:master/iv/idraw',
];

test('every script passes --check where what it names is there', () => {
  const host = ruledHost();
  const all = scripts().flatMap((name) => ['-f', name]);
  expect(host.run('--check', ...all)).toMatchObject({ status: 0, stdout: '' });
  for (const name of scripts()) {
    expect(host.run('--check', '-f', name), name).toMatchObject({ status: 0 });
  }
});

test('link-package: one package stays on another server', () => {
  const host = ruledHost();
  plantOwned(host, ['vlsitools:master/cells/', 'vlsitools:master/cells/nand', ...FILES]);
  update(host, 'link-package.rules');
  expect(objectsOf(host)).toEqual([
    'd interviews iv',
    'd root bin',
    'f emacs bin/emacs',
    'f interviews iv/idraw',
    'f tex bin/tex',
    'l vlsitools cells /usr/remote/vlsi/cells',
  ]);
});

test('disjoint: two servers share the packages out, and shared directories are on both', () => {
  const host = ruledHost();
  plantOwned(host, FILES);
  update(host, 'disjoint-a.rules', 'master', 'a');
  update(host, 'disjoint-b.rules', 'master', 'b');
  expect(objectsOf(host, 'a')).toEqual([
    'd root bin',
    'f emacs bin/emacs',
    'f tex bin/tex',
    'l interviews iv /usr/remote/server-b/iv',
  ]);
  expect(objectsOf(host, 'b')).toEqual([
    'd interviews iv',
    'd root bin',
    'f interviews iv/idraw',
    'l emacs bin/emacs /usr/remote/server-a/bin/emacs',
    'l tex bin/tex /usr/remote/server-a/bin/tex',
  ]);
});

test('subset-slave: some packages are here, the rest is a link away, small files excepted', () => {
  const host = ruledHost();
  plantOwned(host, FILES);
  host.on('head -c 9000 /dev/urandom >> master/bin/emacs');
  update(host, 'subset-slave.rules');
  const arch = objectsOf(host).at(-1)?.split('/').at(-2) ?? '';
  expect(arch).toMatch(/^[a-z0-9_-]+$/);
  expect(objectsOf(host)).toEqual([
    'd root bin',
    'f tex bin/tex',
    `l emacs bin/emacs /usr/remote/main/${arch}/bin/emacs`,
    `l interviews iv /usr/remote/main/${arch}/iv`,
  ]);
  host.setNetgroup('carried-here', ['tex', 'emacs']);
  expect(again(host, 'subset-slave.rules')).toEqual(['copy f type bin/emacs']);
  host.setNetgroup('carried-here', ['emacs']);
  // less than 4k: copied all the same
  expect(again(host, 'subset-slave.rules')).toEqual([]);
});

test('two-clusters: a slave is updated from two masters, and a stranger is told of', () => {
  const host = ruledHost();
  plantOwned(host, [
    'tex:local/bin/tex',
    'emacs:local/bin/emacs',
    'root:local/bin/of-root',
    'vlsitools:vlsi/bin/spice',
    'poplog:vlsi/bin/pop',
    'root:vlsi/only/',
    'poplog:vlsi/only/here',
  ]);
  // rules have nothing to say of the roots, which follow whichever master came last
  host.on('touch -d 2020-01-01 local vlsi');
  const both = (): readonly string[] => [
    ...host.run('-i', '-f', 'two-clusters-local.rules', 'local', 'slave').lines,
    ...host.run('-i', '-f', 'two-clusters-remote.rules', 'vlsi', 'slave').lines,
  ];
  both();
  expect(both()).toEqual(['set d mtime bin']);
  expect(both()).toEqual([]);
  const arch = host.on('readlink slave/bin/spice').split('/').at(-3) ?? '';
  expect(objectsOf(host)).toEqual([
    'd root bin',
    'd root only',
    'f emacs bin/emacs',
    'f poplog bin/pop',
    'f poplog only/here',
    'f root bin/of-root',
    'f tex bin/tex',
    `l vlsitools bin/spice /usr/remote/vlsi/${arch}/bin/spice`,
  ]);
  host.on('echo x > vlsi/bin/new; chown interviews: vlsi/bin/new');
  expect(host.run('-i', '-f', 'two-clusters-remote.rules', 'vlsi', 'slave')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining(
      'lfu: bin/new: bin/new: its owner is a package of neither cluster',
    ) as string,
  });
});

test('access-time-migration: what is used is here, what is not is a link', () => {
  const host = ruledHost();
  host.on(`mkdir -p master/lib/old; cd master/lib; for f in used unused old/deep; do
    head -c 100000 /dev/urandom > $f; done; echo small > small
    touch -a -d '20 days ago' unused small old old/deep; touch -a -d '3 days ago' used`);
  update(host, 'access-time-migration.rules');
  expect(objectsOf(host)).toEqual([
    'd root lib',
    'd root lib/old',
    'f root lib/small',
    'f root lib/used',
    'l root lib/old/deep /usr/remote/mainserver/lib/old/deep',
    'l root lib/unused /usr/remote/mainserver/lib/unused',
  ]);
  host.on("cat master/lib/unused > /dev/null; touch -a -d '15 days ago' master/lib/used");
  expect(again(host, 'access-time-migration.rules')).toEqual([
    'copy f type lib/unused',
    'link l type lib/used -> /usr/remote/mainserver/lib/used',
  ]);
});

test('daemons: a listed program is restarted after its update, the old one kept till the next', () => {
  const host = ruledHost();
  host.on('mkdir -p master/sbin; echo one > master/sbin/named; echo one > master/sbin/other');
  const run = () => host.run('-i', '-f', 'daemons.rules', '--log', 'log', 'master', 'slave');
  expect(run()).toMatchObject({ status: 0, stderr: '' });
  host.on('echo second > master/sbin/named; echo second > master/sbin/other');
  expect(run().lines).toEqual(
    ['copy f size,mtime sbin/named', 'copy f size,mtime sbin/other'].flatMap((line) =>
      line.endsWith('named')
        ? ['keep f size,mtime sbin/named -> sbin/named.lfu-keep', line]
        : [line],
    ),
  );
  const asked = join(host.directory, '.etc/asked');
  expect(readFileSync(asked, 'utf8')).toBe('try-restart -- named\n'.repeat(2));
  expect(run().lines).toEqual(['delete f absent sbin/named.lfu-keep']);
  expect(run().lines).toEqual([]);
  expect(readFileSync(asked, 'utf8')).toBe('try-restart -- named\n'.repeat(2));
});

test('root-files: the list is all that there is of root', () => {
  const host = ruledHost();
  plantOwned(host, [
    'root:master/bin/',
    'tex:master/bin/su',
    'root:master/bin/evil',
    'tex:master/bin/tex',
  ]);
  host.on('chmod 775 master/bin/*');
  const run = host.run('-i', '-f', 'root-files.rules', 'master', 'slave');
  expect(run.status).toBe(1);
  expect(run.stderr).toContain(
    'lfu: bin/evil: bin/evil: a file of root on the master that is not in the list rootfiles',
  );
  expect(objectsOf(host)).toEqual(['d root bin', 'f root bin/su', 'f tex bin/tex']);
  expect(lstatSync(join(host.slave, 'bin/su')).mode & 0o7777).toBe(0o4755);
  host.on('rm master/bin/evil');
  host.run('-f', 'root-files.rules', 'master', 'slave');
  expect(again(host, 'root-files.rules')).toEqual([]);
});

test('freeze-by-netgroup: a package in the netgroup stands still, and goes on when it is out', () => {
  const host = ruledHost();
  plantOwned(host, FILES);
  host.setNetgroup('frozen', []);
  update(host, 'freeze-by-netgroup.rules');
  host.setNetgroup('frozen', ['emacs']);
  host.on('echo newer > master/bin/emacs; echo newer > master/bin/tex; rm -r master/iv');
  const frozen = host.run('-i', '-f', 'freeze-by-netgroup.rules', 'master', 'slave');
  expect(frozen.lines).toEqual([
    'copy f size,mtime bin/tex',
    'delete f absent iv/idraw',
    'delete d absent iv',
    'set d mtime .',
  ]);
  expect(frozen.stderr).toMatch(/ examined bin\/emacs\n$/);
  expect(readFileSync(join(host.slave, 'bin/emacs'), 'utf8')).toBe('emacs:master/bin/emacs\n');
  // gone from the master, and still here
  host.on('mv master/bin/emacs master/bin/.was; touch -r slave/bin master/bin');
  expect(host.on('rm master/bin/.was; touch -r slave/bin master/bin; ls slave/bin')).toBe(
    'emacs\ntex\n',
  );
  expect(host.run('-i', '-f', 'freeze-by-netgroup.rules', 'master', 'slave').stdout).toBe('');
  host.setNetgroup('frozen', []);
  expect(again(host, 'freeze-by-netgroup.rules')).toContain('delete f absent bin/emacs');
});

describe('frozen-package', () => {
  const files = ['poplog:master/bin/pop', 'poplog:master/share/doc/pop.txt', 'tex:master/bin/tex'];

  test.each([
    ['lab-12', ['copy f size,mtime bin/tex', 'copy f size,mtime share/doc/pop.txt']],
    [
      'office',
      [
        'copy f size,mtime bin/pop',
        'copy f size,mtime bin/tex',
        'copy f size,mtime share/doc/pop.txt',
      ],
    ],
  ] as const)('on %s', (name, lines) => {
    const host = ruledHost({ name });
    plantOwned(host, files);
    expect(host.run('master', 'slave').status).toBe(0);
    host.on('for f in bin/pop share/doc/pop.txt bin/tex; do echo more >> master/$f; done');
    expect(again(host, 'frozen-package.rules')).toEqual(lines);
  });
});

describe('test-host-from-master', () => {
  test.each([
    ['testbed', 'l tex bin/tex'],
    ['another', 'f tex bin/tex'],
  ])('on %s', (name, found) => {
    const host = ruledHost({ name });
    plantOwned(host, FILES);
    update(host, 'test-host-from-master.rules');
    const link = found.startsWith('l') ? ` ${host.master}/bin/tex` : '';
    expect(objectsOf(host)).toContain(`${found}${link}`);
    expect(objectsOf(host)).toContain('f emacs bin/emacs');
  });
});

test('shadow-tree: directories and links to the sources, and what compiling leaves stays', () => {
  const host = ruledHost();
  host.on('mkdir -p master/src/lib; touch master/src/main.c master/src/lib/a.c master/Makefile');
  update(host, 'shadow-tree.rules');
  host.on('touch slave/src/main.o slave/src/lib/a.o; echo all: > slave/Makefile');
  const run = host.run('-i', '-f', 'shadow-tree.rules', 'master', 'slave');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(objectsOf(host)).toEqual([
    'd root src',
    'd root src/lib',
    'f root Makefile',
    'f root src/lib/a.o',
    'f root src/main.o',
    `l root src/lib/a.c ${host.master}/src/lib/a.c`,
    `l root src/main.c ${host.master}/src/main.c`,
  ]);
  expect(readFileSync(join(host.slave, 'Makefile'), 'utf8')).toBe('all:\n');
});
