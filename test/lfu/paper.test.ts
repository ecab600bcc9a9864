/**
 * The scripts of the paper in which lfu was described (LISA V, 1991), as they stand there, on trees
 * and accounts like those that it tells of: each does what the paper says, and a second run nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freshHost, objectsOf, plantOwned, type Host } from './host.ts';

const PACKAGES = {
  local: 2000,
  vlsitools: 2001,
  emacs: 2002,
  tex: 2003,
  poplog: 2004,
  'package-A': 2010,
  'package-B': 2011,
  'package-C': 2012,
};

function saysNothing(host: Host, ...words: readonly string[]): void {
  expect(host.run('-i', ...words)).toEqual({ status: 0, stdout: '', stderr: '', lines: [] });
}

test('accounts and netgroups of these tests are those that the system tells of', () => {
  const host = freshHost({ users: PACKAGES, netgroups: { bfiles: ['emacs', 'tex'] } });
  expect(host.on('getent passwd vlsitools | cut -d: -f1,3')).toBe('vlsitools:2001\n');
  expect(host.on('getent netgroup bfiles')).toMatch(/\( *,emacs,\) *\( *,tex,\)/);
});

test('files and directories of one package become links into its cluster', () => {
  const script = `owner=vlsitools {
  link;
  source=/usr/remote/vlsi;
}
`;
  const host = freshHost({ users: PACKAGES });
  plantOwned(host, [
    'local:master/bin/',
    'local:master/lib/',
    'vlsitools:master/bin/spice',
    'vlsitools:master/lib/cells/',
    'vlsitools:master/lib/cells/nand',
    'emacs:master/bin/emacs',
  ]);
  expect(host.run('-e', script, 'master', 'slave')).toMatchObject({ status: 0, stderr: '' });
  expect(objectsOf(host)).toEqual([
    'd local bin',
    'd local lib',
    'f emacs bin/emacs',
    'l vlsitools bin/spice /usr/remote/vlsi/bin/spice',
    'l vlsitools lib/cells /usr/remote/vlsi/lib/cells',
  ]);
  saysNothing(host, '-e', script, 'master', 'slave');
  // that file's contents are the master's, and what was copied before becomes a link now
  expect(readFileSync(join(host.slave, 'bin/emacs'), 'utf8')).toBe('emacs:master/bin/emacs\n');
  host.on('chown -R vlsitools: master/bin/emacs');
  expect(host.run('-i', '-e', script, 'master', 'slave').lines).toEqual([
    'link l type bin/emacs -> /usr/remote/vlsi/bin/emacs',
  ]);
});

describe('two servers with a netgroup between them', () => {
  const scriptA = `owner=@bfiles {
  link;
  source=/usr/remote/server-B;
}
`;
  const scriptB = `owner!=@bfiles {
  link;
  source=/usr/remote/server-A;
}
`;

  function update(host: Host): void {
    for (const [script, slave] of [
      [scriptA, 'server-A'],
      [scriptB, 'server-B'],
    ] as const) {
      expect(host.run('-e', script, 'master', slave)).toMatchObject({ status: 0, stderr: '' });
      saysNothing(host, '-e', script, 'master', slave);
    }
  }

  test('hold disjoint sets of packages, and a package migrates with its name', () => {
    const host = freshHost({ users: PACKAGES, netgroups: { bfiles: ['emacs'] } });
    plantOwned(host, [
      'emacs:master/emacs/',
      'emacs:master/emacs/lisp',
      'tex:master/tex/',
      'tex:master/tex/plain',
      'local:master/README',
    ]);
    update(host);
    expect(objectsOf(host, 'server-A')).toEqual([
      'd tex tex',
      'f local README',
      'f tex tex/plain',
      'l emacs emacs /usr/remote/server-B/emacs',
    ]);
    expect(objectsOf(host, 'server-B')).toEqual([
      'd emacs emacs',
      'f emacs emacs/lisp',
      'l local README /usr/remote/server-A/README',
      'l tex tex /usr/remote/server-A/tex',
    ]);
    host.setNetgroup('bfiles', ['emacs', 'tex']);
    update(host);
    expect(objectsOf(host, 'server-A')).toEqual([
      'f local README',
      'l emacs emacs /usr/remote/server-B/emacs',
      'l tex tex /usr/remote/server-B/tex',
    ]);
    expect(objectsOf(host, 'server-B')).toContain('f tex tex/plain');
  });

  test('a directory that packages share belongs to one side, with all in it', () => {
    const host = freshHost({ users: PACKAGES, netgroups: { bfiles: ['emacs'] } });
    plantOwned(host, ['local:master/bin/', 'emacs:master/bin/emacs', 'tex:master/bin/tex']);
    update(host);
    expect(objectsOf(host, 'server-A')).toContain('f tex bin/tex');
    expect(objectsOf(host, 'server-B')).toEqual(['l local bin /usr/remote/server-A/bin']);
  });
});

test('what was not read for two weeks is linked, and comes back when it is', () => {
  const script = `access > 2wks {
  link;
  source=/usr/remote/mainserver;
}
`;
  const host = freshHost({ users: PACKAGES });
  plantOwned(host, ['tex:master/lib/used', 'tex:master/lib/unused', 'tex:master/old/f']);
  host.on(`touch -a -d '15 days ago' master/lib/unused master/old
    touch -a -d '13 days ago' master/lib/used master/lib`);
  expect(host.run('-e', script, 'master', 'slave')).toMatchObject({ status: 0, stderr: '' });
  expect(objectsOf(host)).toEqual([
    'd root lib',
    'f tex lib/used',
    'l root old /usr/remote/mainserver/old',
    'l tex lib/unused /usr/remote/mainserver/lib/unused',
  ]);
  // looking at the master is not reading it
  saysNothing(host, '-e', script, 'master', 'slave');
  host.on('touch -a master/lib/unused');
  expect(host.run('-i', '-e', script, 'master', 'slave').lines).toEqual(['copy f type lib/unused']);
});

describe('daemons', () => {
  const script = `path=@daemons {
  exec restart $F;
  keep;
}
`;
  /** A host whose `restart` writes down what it was given. */
  function daemonHost(): Host {
    const host = freshHost({
      users: PACKAGES,
      programs: { restart: 'echo "$1" >> /etc/restarted' },
    });
    writeFileSync(join(host.directory, 'daemons'), 'etc/named\netc/ftpd\n');
    host.on('mkdir -p master/etc; for f in named ftpd other; do cp /bin/sleep master/etc/$f; done');
    expect(host.run('-e', script, 'master', 'slave')).toMatchObject({ status: 0, stderr: '' });
    return host;
  }
  const restarted = (host: Host): readonly string[] =>
    readFileSync(join(host.directory, '.etc/restarted'), 'utf8').trimEnd().split('\n');

  test('are restarted by name, and the old program is renamed and later removed', () => {
    const host = daemonHost();
    expect(restarted(host)).toEqual([join(host.slave, 'etc/ftpd'), join(host.slave, 'etc/named')]);
    saysNothing(host, '-e', script, 'master', 'slave');
    const { ino } = statSync(join(host.slave, 'etc/named'));
    host.on('echo new > master/etc/named; echo new > master/etc/other');
    expect(host.run('-e', script, 'master', 'slave')).toMatchObject({ status: 0, stderr: '' });
    expect(objectsOf(host)).toEqual([
      'd root etc',
      'f root etc/ftpd',
      'f root etc/named',
      'f root etc/named.lfu-keep',
      'f root etc/other',
    ]);
    expect(statSync(join(host.slave, 'etc/named.lfu-keep')).ino).toBe(ino);
    expect(restarted(host).slice(2)).toEqual([join(host.slave, 'etc/named')]);
    // "would be deleted automatically next time", which is no update of the program
    expect(host.run('-i', '-e', script, 'master', 'slave').lines).toEqual([
      'delete f absent etc/named.lfu-keep',
    ]);
    expect(restarted(host)).toHaveLength(3);
    saysNothing(host, '-e', script, 'master', 'slave');
  });

  test('go on running from the old program, which stays as long as they do', async () => {
    const host = daemonHost();
    const daemon = spawn(join(host.slave, 'etc/named'), ['1000'], { stdio: 'ignore' });
    onTestFinished(() => {
      daemon.kill('SIGKILL');
    });
    await once(daemon, 'spawn');
    host.on('echo new > master/etc/named');
    expect(host.run('-e', script, 'master', 'slave')).toMatchObject({ status: 0, stderr: '' });
    saysNothing(host, '-e', script, 'master', 'slave');
    expect(statSync(`/proc/${daemon.pid ?? 0}/exe`).ino).toBe(
      statSync(join(host.slave, 'etc/named.lfu-keep')).ino,
    );
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    expect(host.run('-i', '-e', script, 'master', 'slave').lines).toEqual([
      'delete f absent etc/named.lfu-keep',
    ]);
  });
});

test('programs of root are those of a list, and any other is an error and not copied', () => {
  const script = `path=@rootfiles {
  chown root; chmod u+s;
}
else owner=root {
  error "Root file on master";
}
`;
  const host = freshHost({ users: PACKAGES });
  writeFileSync(join(host.directory, 'rootfiles'), 'bin/su\nbin/passwd\n');
  plantOwned(host, [
    'local:master/bin/',
    'local:master/bin/su',
    'root:master/bin/passwd',
    'root:master/bin/intruder',
    'tex:master/bin/tex',
  ]);
  host.on('chmod 755 master/bin/*; chmod 4755 master/bin/intruder');
  const run = host.run('-e', script, 'master', 'slave');
  expect(run).toMatchObject({
    status: 1,
    stderr: 'lfu: bin/intruder: Root file on master\nlfu: 1 failed; everything else is done\n',
  });
  expect(objectsOf(host)).toEqual([
    'd local bin',
    'f root bin/passwd',
    'f root bin/su',
    'f tex bin/tex',
  ]);
  const modes = ['passwd', 'su', 'tex'].map((name) =>
    (lstatSync(join(host.slave, 'bin', name)).mode & 0o7777).toString(8),
  );
  expect(modes).toEqual(['4755', '4755', '755']);
  expect(host.run('-i', '-e', script, 'master', 'slave')).toMatchObject({ status: 1, stdout: '' });
  host.on('chown tex: master/bin/intruder; chmod 755 master/bin/intruder');
  expect(host.run('-i', '-e', script, 'master', 'slave').lines).toEqual([
    'copy f new bin/intruder',
  ]);
  saysNothing(host, '-e', script, 'master', 'slave');
});

test('a slave of two masters: neither run disturbs what the other brings', () => {
  const fromLocal = `owner=package-C {
  ignore;
}
`;
  const fromVlsi = `owner=package-A |
owner=package-B {
  ignore;
}
else owner=package-C {
  link;
  source=/usr/remote/vlsi/sun4;
}
`;
  const host = freshHost({ users: PACKAGES });
  plantOwned(host, [
    'package-A:local/bin/a',
    'package-B:local/bin/b',
    'package-B:local/b/',
    'package-B:local/b/doc',
    'package-C:vlsi/bin/c',
    'package-C:vlsi/lib/c/',
    'package-C:vlsi/lib/c/cells',
  ]);
  // directories that both have are of the same age, and so are the trees
  host.on('mkdir local/lib vlsi/b; rmdir vlsi/b; touch -d 2020-01-01 local vlsi */bin */lib');
  const update = (): readonly string[] => {
    const first = host.run('-i', '-e', fromLocal, 'local', 'slave');
    const second = host.run('-i', '-e', fromVlsi, 'vlsi', 'slave');
    for (const run of [first, second]) expect(run).toMatchObject({ status: 0, stderr: '' });
    return [...first.lines, ...second.lines];
  };
  update();
  const whole = [
    'd package-B b',
    'd root bin',
    'd root lib',
    'f package-A bin/a',
    'f package-B b/doc',
    'f package-B bin/b',
    'l package-C bin/c /usr/remote/vlsi/sun4/bin/c',
    'l package-C lib/c /usr/remote/vlsi/sun4/lib/c',
  ];
  expect(objectsOf(host)).toEqual(whole);
  expect(update()).toEqual([]);
  // each goes on to follow its own master
  host.on(
    'echo newer > local/bin/a; rm local/bin/b; rm -r vlsi/lib/c; touch -d 2020-01-01 */bin */lib',
  );
  expect(update()).toEqual([
    'copy f size,mtime bin/a',
    'delete f absent bin/b',
    'delete l absent lib/c',
  ]);
  expect(update()).toEqual([]);
  expect(existsSync(join(host.slave, 'b/doc'))).toBe(true);
});

test('the names of the appendix are all understood', () => {
  const host = freshHost({ users: PACKAGES, netgroups: { bfiles: ['emacs'] } });
  plantOwned(host, ['tex:master/f']);
  for (const name of ['names', 'paths']) writeFileSync(join(host.directory, name), 'f\n');
  const conditions = [
    'name=.*[.]o',
    'name=@names',
    'path=lib/.*',
    'path=@paths',
    'owner=tex',
    'owner=@bfiles',
    'group=tex',
    'type=u+s',
    'age>2wks',
    'age<3days',
    'age=1yr',
    'access>2wks',
    'access<90s',
    'access=1mon',
  ];
  const actions = [
    'update',
    'ignore',
    'delete',
    'preserve',
    'chmod 755',
    'chown tex',
    'chgrp tex',
    'link',
    'shadow',
    'link; source /usr/remote/vlsi',
    'log',
    'logall',
    'error "message"',
    'exec true',
    'keep',
    'fill',
    'newtime',
    'force',
    'follow',
  ];
  const script = [
    ...conditions.map((condition) => `${condition} { log; }`),
    ...actions.map((action) => `name=never { ${action}; }`),
  ].join('\n');
  expect(host.run('-e', script, '--check')).toMatchObject({ status: 0, stdout: '' });
});
