/** Which directories count as the vendor's, on hosts of several kinds and on this one. */
import { describe, expect, test } from 'vitest';
import { b, type Bytes } from '../../src/bytes/bytes.ts';
import { vendorDirectories, type VendorHost } from '../../src/showpath/vendor.ts';

const site = { root: b`/` };

/** A host of these files; directories exist when named in `directories` (`=` gives the real one). */
function hostOf(
  files: Readonly<Record<string, string>>,
  directories: Readonly<Record<string, string>> = {},
): VendorHost {
  return {
    read: (path) => files[path] as Bytes | undefined,
    list: (path) =>
      Object.keys(files)
        .filter((file) => file.startsWith(`${path}/`))
        .map((file) => file.slice(path.length + 1) as Bytes),
    real: (path) => directories[path] as Bytes | undefined,
  };
}

const bins = (host: VendorHost, at = site) =>
  vendorDirectories(at, host)
    .filter((entry) => entry.class === 'bin')
    .map(({ usedBy, directory }) => `${usedBy} ${directory}`);

const same = (...names: string[]) => Object.fromEntries(names.map((name) => [name, name]));

const ofClass = (host: VendorHost, name: string) =>
  vendorDirectories(site, host)
    .filter((entry) => entry.class === name)
    .map(({ directory }) => directory);

describe('commands', () => {
  test('Debian: login.defs says what users and what root get', () => {
    const host = hostOf({
      '/etc/login.defs':
        '#ENV_PATH no\nENV_SUPATH\tPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nENV_PATH\tPATH=/usr/local/bin:/usr/bin:/bin:/usr/games\n',
    });
    expect(bins(host)).toEqual([
      'maintainer /usr/local/sbin',
      'user /usr/local/bin',
      'maintainer /usr/sbin',
      'user /usr/bin',
      'maintainer /sbin',
      'user /bin',
      'user /usr/games',
    ]);
  });

  test('Ubuntu: /etc/environment wins, in quotes, with what it gives to users', () => {
    const host = hostOf({
      '/etc/environment': 'LANG=C\nPATH="/usr/local/sbin:/usr/bin:/bin:/snap/bin/"\n',
      '/etc/login.defs': 'ENV_PATH /usr/bin\n',
    });
    expect(bins(host)).toContain('user /usr/local/sbin');
    expect(bins(host)).toContain('user /snap/bin');
    expect(bins(host)).toContain('maintainer /usr/sbin');
  });

  test('macOS: /etc/paths and /etc/paths.d', () => {
    const host = hostOf({
      '/etc/paths': '/usr/local/bin\n/usr/bin\n/bin\n',
      '/etc/paths.d/10-tex': '/Library/TeX/texbin\n',
    });
    expect(bins(host).filter((entry) => entry.startsWith('user'))).toEqual([
      'user /usr/local/bin',
      'user /usr/bin',
      'user /bin',
      'user /Library/TeX/texbin',
    ]);
  });

  test('a host that says nothing has what every host has', () => {
    expect(bins(hostOf({})).filter((entry) => entry.startsWith('user'))).toEqual([
      'user /usr/local/bin',
      'user /usr/bin',
      'user /bin',
    ]);
  });

  test('what is the site’s own, relative or empty is not the vendor’s', () => {
    const host = hostOf({
      '/etc/environment':
        'PATH=:.:bin:/s/.software/local/.admin/bins/bin:/s/software/x:/usr/bin:\n',
    });
    const users = bins(host, { root: b`/s` }).filter((entry) => entry.startsWith('user'));
    expect(users).toEqual(['user /usr/bin']);
  });
});

describe('other classes', () => {
  test('only directories that exist, each once though it has two names', () => {
    const host = hostOf(
      { '/etc/manpath.config': '# x\nMANDATORY_MANPATH\t/usr/man\nMANDATORY_MANPATH /opt/man\n' },
      {
        '/usr/local/share/man': '/usr/local/share/man',
        '/usr/local/man': '/usr/local/share/man',
        '/usr/share/man': '/usr/share/man',
        '/opt/man': '/opt/man',
      },
    );
    expect(ofClass(host, 'man')).toEqual(['/usr/local/share/man', '/usr/share/man', '/opt/man']);
  });

  test('libraries are where the loader looks, headers and pkg-config follow', () => {
    const host = hostOf(
      {
        '/etc/ld.so.conf': 'include ld.so.conf.d/*.conf # all\n/opt/lib\n',
        '/etc/ld.so.conf.d/libc.conf': '/usr/local/lib\n',
        '/etc/ld.so.conf.d/arch.conf': '/usr/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n',
        '/etc/ld.so.conf.d/notes.txt': '/not/this\n',
        '/etc/ld.so.conf.d/loop.conf': 'include /etc/ld.so.conf\n',
      },
      {
        ...same('/usr/local/lib', '/opt/lib', '/usr/lib', '/usr/lib/x86_64-linux-gnu', '/not/this'),
        ...same('/usr/include', '/usr/include/x86_64-linux-gnu'),
        ...same('/usr/lib/x86_64-linux-gnu/pkgconfig', '/usr/share/pkgconfig'),
        '/lib/x86_64-linux-gnu': '/usr/lib/x86_64-linux-gnu',
        '/lib': '/usr/lib',
      },
    );
    expect(ofClass(host, 'lib')).toEqual([
      '/usr/local/lib',
      '/usr/lib/x86_64-linux-gnu',
      '/opt/lib',
      '/usr/lib',
    ]);
    expect(ofClass(host, 'include')).toEqual(['/usr/include/x86_64-linux-gnu', '/usr/include']);
    expect(ofClass(host, 'pkgconfig')).toEqual([
      '/usr/lib/x86_64-linux-gnu/pkgconfig',
      '/usr/share/pkgconfig',
    ]);
  });
});

test('this host has the commands and manual pages that every host has', () => {
  const here = vendorDirectories(site);
  expect(here).toContainEqual({ class: 'bin', usedBy: 'user', directory: '/usr/bin' });
  expect(here.filter((entry) => entry.class === 'lib').length).toBeGreaterThan(0);
  expect(here.every(({ directory }) => directory.startsWith('/'))).toBe(true);
});
