/** Every kind of fragment through the command, on Debian's own files below a site root. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { beforeEach, describe, expect, test } from 'vitest';
import { KINDS } from '../../src/export/kinds.ts';
import { command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

const STOCK = 'services protocols rpc shells passwd group shadow gshadow inetd.conf profile'.split(
  ' ',
);
const PATCH =
  '--- a\n+++ b\n@@ -1,3 +1,4 @@\n # /etc/profile: system-wide .profile file for the Bourne shell (sh(1))\n+# site\n # and Bourne compatible shells (bash(1), ksh(1), ash(1), ...).\n \n';

/** One of each kind that goes to a file of its name. */
const EXPORT: Readonly<Record<string, string>> = {
  services: 'food 5999/tcp\n',
  protocols: 'xproto 253 XP\n',
  rpc: 'food 536870912\n',
  'inetd.conf': 'food stream tcp nowait foo /software/foo/servers/food food\n',
  crontab: '5 4 * * * /software/foo/servers/food\n',
  shells: '/software/foo/bin/foosh\n',
  group: 'foo:x::\n',
  passwd: 'foo:x:::Foo:/nonexistent:/software/foo/bin/foosh\n',
  aliases: 'foo-master: root\n',
  inittab: 'fo:2:respawn:/software/foo/servers/food\n',
  boottime: '/software/foo/servers/food -d\n',
  'profile.d/foo.sh': 'FOO=1\n',
  'sysusers.d/foo.conf': 'u foo2 -\n',
  'tmpfiles.d/foo.conf': 'd /run/foo 0755 root root -\n',
  'ld.so.conf.d/foo.conf': '/software/foo/lib\n',
  'logrotate.d/foo': '/var/log/foo {\n  weekly\n}\n',
  'sudoers.d/foo': 'foo ALL = NOPASSWD: /software/foo/servers/food\n',
  'cron.d/foo': '@daily foo /software/foo/servers/food\n',
  'xinetd.d/foo':
    'service food\n{\n\tsocket_type = stream\n\twait = no\n\tuser = foo\n\tserver = /software/foo/servers/food\n}\n',
  'systemd/foo.service':
    '[Service]\nExecStart=/software/foo/servers/food\n[Install]\nWantedBy=multi-user.target\n',
  'patches/etc/profile.patch': PATCH,
  'replace/etc/motd': 'hello\n',
};

let root = '';
const text = (name: string): string => readFileSync(join(root, name), 'latin1');
const original = (name: string): string => readFileSync(join('/etc', name), 'latin1');

beforeEach(() => {
  root = freshSite().path;
  writeFiles(root, { 'etc/aliases': 'postmaster: root\n' });
  spawnSync('cp', ['-p', ...STOCK.map((name) => `/etc/${name}`), join(root, 'etc')]);
  makePackage(root, 'foo', {
    'servers/food': command('food'),
    'bin/foosh': command('foosh'),
    'lib/libfoo': '',
    ...Object.fromEntries(
      Object.entries(EXPORT).map(([name, content]) => [`export/${name}`, content]),
    ),
  });
});

describe('a package with a fragment of every kind', () => {
  test('has one of each kind of the table', () => {
    const names = Object.keys(EXPORT).map((name) => name.split('/')[0]);
    expect(new Set(names)).toEqual(new Set(KINDS.map(({ name }) => name)));
  });

  test('is installed in one generation, and uninstalling is the exact reverse', () => {
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xhDone(root, 'install', 'foo');
    expect(ran.stderr).toMatch(/^installed foo \(generation \d+\): .*\/etc\/passwd/m);
    expect(ran.stderr).not.toContain('not checked');
    for (const name of Object.keys(EXPORT)) {
      if (name.includes('/') && !/^(?:systemd|patches|replace)/.test(name)) {
        expect(text(`etc/${name}`), name).toBe(EXPORT[name]);
      }
    }
    expect(text('etc/passwd')).toBe(
      `${original('passwd')}foo:x:600:600:Foo:/nonexistent:/software/foo/bin/foosh\n`,
    );
    expect(text('etc/shadow')).toBe(`${original('shadow')}foo:!*:::::::\n`);
    expect(statSync(join(root, 'etc/shadow')).mode).toBe(statSync('/etc/shadow').mode);
    expect(statSync(join(root, 'etc/shadow')).gid).toBe(statSync('/etc/shadow').gid);
    expect(statSync(join(root, 'etc/sudoers.d/foo')).mode & 0o7777).toBe(0o440);
    expect(readlinkSync(join(root, 'etc/systemd/system/multi-user.target.wants/foo.service'))).toBe(
      '../foo.service',
    );
    expect(text('etc/profile')).toContain('\n# site\n');
    expect(statSync(join(root, 'etc/rc.local')).mode & 0o7777).toBe(0o755);
    expect(xhDone(root, 'install', 'foo').stderr).toContain('nothing to do');
    xhDone(root, 'uninstall', 'foo');
    expect(snapshot(root)).toEqual(before);
  });

  test('is taken back by rollback, and brought again', () => {
    xhDone(root, 'make-links');
    const before = snapshot(root, 'etc');
    xhDone(root, 'install', 'foo');
    const after = snapshot(root, 'etc');
    xhDone(root, 'rollback');
    expect(snapshot(root, 'etc')).toEqual(before);
    xhDone(root, 'install', 'foo');
    expect(snapshot(root, 'etc')).toEqual(after);
  });

  test('shows everything beforehand and touches nothing with --dry-run', () => {
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xhDone(root, 'install', 'foo', '--dry-run');
    for (const path of ['/etc/passwd', '/etc/gshadow', '/etc/sudoers.d/foo', '/etc/rc.local']) {
      expect(ran.stdout).toContain(path);
    }
    expect(snapshot(root)).toEqual(before);
  });

  test('never shows passwords of others, which stand around its own', () => {
    const secret = '$y$j9T$secret';
    writeFileSync(join(root, 'etc/shadow'), `root:${secret}:20000:0:99999:7:::\n`);
    for (const words of [['--dry-run'], ['--verbose']]) {
      const ran = xhDone(root, 'install', 'foo', ...words);
      expect(ran.stdout + ran.stderr).toContain('+foo:!*:::::::');
      expect(ran.stdout + ran.stderr).not.toContain(secret);
    }
    const readable = spawnSync('grep', ['-rl', '--', secret, root], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((path) => path !== '' && (statSync(path).mode & 0o077) !== 0);
    expect(readable).toEqual([join(root, 'etc/shadow')]);
  });

  test('has a unit for its boottime where systemd starts the host', () => {
    mkdirSync(join(root, 'sbin'));
    symlinkSync('/lib/systemd/systemd', join(root, 'sbin/init'));
    xhDone(root, 'install', 'foo');
    expect(existsSync(join(root, 'etc/rc.local'))).toBe(false);
    expect(text('etc/systemd/system/xhier-foo.service')).toContain('/etc/xhier/boottime/foo');
    expect(
      lstatSync(join(root, 'etc/systemd/system/multi-user.target.wants/xhier-foo.service')),
    ).toSatisfy((stat: { isSymbolicLink(): boolean }) => stat.isSymbolicLink());
    xhDone(root, 'uninstall', 'foo');
    expect(existsSync(join(root, 'etc/xhier'))).toBe(false);
    expect(existsSync(join(root, 'etc/systemd'))).toBe(false);
  });
});

describe('what an owning program refuses', () => {
  test('is shown with file, line and column, and nothing is touched', () => {
    writeFiles(join(root, 'software/foo/export'), { 'sudoers.d/foo': '# x\nfoo ALL=\n' });
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, 'install', 'foo');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('export/sudoers.d/foo:2:9: error: visudo: syntax error');
    expect(ran.stderr).toContain('  2 | foo ALL=');
    expect(snapshot(root)).toEqual(before);
  });
});

describe('conflicts', () => {
  test('of every kind are told at once, with both sides, and nothing is touched', () => {
    const put = (name: string, more: string): void => {
      writeFileSync(join(root, 'etc', name), `${original(name)}${more}`);
    };
    put('protocols', 'other 253\n');
    put('rpc', 'food 7\n');
    writeFiles(root, { 'etc/aliases': 'foo-master: somebody\n' });
    put('passwd', 'foo:x:4711:1::/:/bin/sh\n');
    writeFiles(root, {
      'software/foo/export/passwd': 'foo:x:600:1:Foo:/:\n',
      'etc/systemd/system/foo.service': '[Service]\nExecStart=/bin/true\n',
      'etc/xinetd.d/other': 'service food\n{\n}\n',
      'etc/inittab': 'fo:3:once:/x\n',
      'etc/sudoers.d/foo': '# theirs\n',
    });
    writeFileSync(join(root, 'etc/profile'), '# rewritten\n');
    const before = snapshot(root, 'etc');
    const ran = xh(root, 'install', 'foo');
    expect(ran.status).toBe(3);
    const places = [...ran.stderr.matchAll(/^conflict (\/etc\/[^:]+):/gm)].map(([, path]) => path);
    expect(new Set(places)).toEqual(
      new Set(
        [
          'aliases',
          'inittab',
          'passwd',
          'profile',
          'protocols',
          'rpc',
          'sudoers.d/foo',
          'systemd/system/foo.service',
          'xinetd.d/other',
        ].map((name) => `/etc/${name}`),
      ),
    );
    expect(places).toHaveLength(9);
    expect(ran.stderr).toContain("'foo:x:4711:1::/:/bin/sh' (/etc/passwd:");
    expect(ran.stderr).toContain('and 600 (/software/foo/export/passwd:1)');
    expect(snapshot(root, 'etc')).toEqual(before);
  });

  test('between packages of one command are found, and an account that both bring is none', () => {
    makePackage(root, 'bar', {
      'export/group': 'foo:x::\n',
      'export/rpc': 'bard 536870912\n',
    });
    const ran = xh(root, 'install', 'foo', 'bar');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('two names for program 536870912');
    expect(ran.stderr.match(/^conflict /gm)).toHaveLength(1);
    writeFiles(root, { 'software/bar/export/rpc': 'bard 536870913\n' });
    xhDone(root, 'install', 'foo', 'bar');
    xhDone(root, 'uninstall', 'foo');
    expect(text('etc/group')).toBe(`${original('group')}foo:x:600:\n`);
    xhDone(root, 'uninstall', 'bar');
    expect(text('etc/group')).toBe(original('group'));
  });
});

test('the numbers are those of id-range in the configuration', () => {
  writeFiles(root, { 'etc/xhier.toml': 'id-range = [4242, 4243]\n' });
  xhDone(root, 'install', 'foo');
  expect(text('etc/passwd')).toContain('\nfoo:x:4242:4242:');
});

describe('facts of the host', () => {
  test('are shown, alone and with their types, and fill templates', () => {
    writeFiles(root, {
      'etc/xhier.toml': 'facts = { room = "DC 2101" }\n',
      'software/foo/export/profile.d/room.sh.in': "ROOM='@room@' OF=@@@package@\n",
    });
    expect(xhDone(root, 'facts').stdout).toMatch(/^room +DC 2101 {2}\(of \/etc\/xhier\.toml\)$/m);
    expect(xhDone(root, 'facts', 'room', 'root').stdout).toBe(`DC 2101\n${root}\n`);
    const json = JSON.parse(xhDone(root, 'facts', '--json').stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ room: 'DC 2101', processors: expect.any(Number) as number });
    const ran = xh(root, 'facts', 'rom');
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("did you mean 'room'?")]);
    xhDone(root, 'install', 'foo');
    expect(text('etc/profile.d/room.sh')).toBe("ROOM='DC 2101' OF=@foo\n");
    xhDone(root, 'uninstall', 'foo');
    expect(existsSync(join(root, 'etc/profile.d/room.sh'))).toBe(false);
  });
});

test('xh help fragments says of every kind what it is for', () => {
  const { stdout } = xhDone(root, 'help', 'fragments');
  // lines are filled to the width of the terminal
  const filled = stdout.replaceAll(/\s+/g, ' ');
  for (const { name, summary } of KINDS) {
    expect(stdout).toContain(`  ${name}`);
    expect(filled).toContain(summary);
  }
});

test('a skeleton lists every kind', () => {
  xhDone(root, 'mkpkg', 'new');
  const readme = text('software/new/README');
  for (const { name } of KINDS) expect(readme).toContain(`\`${name}`);
});

test('a crontab belongs to the account that the package brings', () => {
  writeFiles(root, { 'software/foo/.admin/Options': 'owner = foo\n' });
  mkdirSync(join(root, 'var/spool/cron/crontabs'), { recursive: true });
  xhDone(root, 'install', 'foo');
  expect(statSync(join(root, 'var/spool/cron/crontabs/foo'))).toMatchObject({ uid: 600 });
});
