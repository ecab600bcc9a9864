/** What showpath prints for what it is asked, under every shell that may be a host's sh. */
import { describe, expect, test } from 'vitest';
import { b, bytes, concat, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { line, makeDirectory, makeFile, makeHost, scratch } from './hosts.ts';
import { SCRIPT_SHELL_NAMES, showpath } from './shells.ts';

const local = makeDirectory(join(scratch(), b`local/bin`));
const x11 = makeDirectory(join(scratch(), b`X11/bin`));
const host = makeHost([
  { name: 'local', directories: [{ class: 'bin', usedBy: 'user', directory: local }] },
  { name: 'standard-x11', directories: [{ class: 'bin', usedBy: 'user', directory: x11 }] },
]);
const farm = adminPath(host, b`bins/bin`);
const vendorBins = [host.vendor('usr/bin'), host.vendor('bin')];
const standard = [farm, ...vendorBins];
const inPackage = (name: string) => join(host.root, b`software/${bytes(name)}`);

const prints = (...directories: readonly Bytes[]) => ({
  code: 0,
  out: line(...directories),
  err: '',
});

describe.each(SCRIPT_SHELL_NAMES)('under %s', (shell) => {
  const run = (...args: readonly (string | Bytes)[]) =>
    showpath(shell, ['--root', host.root, ...args].map(asBytes), {
      cwd: host.root,
      env: { HOME: `${host.root}/home` },
    });
  const home = makeDirectory(join(host.root, b`home/bin`));

  test('standard is the link farm, then the vendor, without what does not exist', () => {
    expect(run('standard')).toEqual(prints(...standard));
  });

  test('nothing asked for is standard', () => {
    expect(run()).toEqual(prints(...standard));
    expect(run('usedby=maintainer')).toEqual(prints(...maintainers));
  });

  test('directories come in the order asked for, and each once', () => {
    expect(run('local', host.vendor('bin'), 'standard', 'local')).toEqual(
      prints(local, host.vendor('bin'), farm, host.vendor('usr/bin')),
    );
    expect(run(`${local}//`, local)).toEqual(prints(local));
  });

  test('a pattern means the elements that match, in table order', () => {
    expect(run('standard*')).toEqual(prints(...standard, x11));
    expect(run('*')).toEqual(prints(...standard, local, x11));
    expect(run('[kl]*')).toEqual(prints(local));
    expect(run('?ocal')).toEqual(prints(local));
  });

  const maintainers = [
    farm,
    adminPath(host, b`bins/maintenance`),
    host.vendor('sbin'),
    ...vendorBins,
  ];

  test('maintainers get the commands for maintenance, programs those for programs', () => {
    expect(run('usedby=user', 'standard')).toEqual(prints(...standard));
    expect(run('usedby=maintainer', 'standard')).toEqual(prints(...maintainers));
    expect(run('usedby=program', 'standard')).toEqual(
      prints(farm, adminPath(host, b`bins/servers`), ...vendorBins),
    );
    expect(run('standard', 'usedby=program,maintainer')).toEqual(
      prints(
        farm,
        adminPath(host, b`bins/maintenance`),
        adminPath(host, b`bins/servers`),
        host.vendor('sbin'),
        ...vendorBins,
      ),
    );
  });

  test('other classes have their own directories', () => {
    expect(run('class=man')).toEqual(
      prints(join(host.root, b`software/.admin/man`), host.vendor('man')),
    );
    expect(run('class=pkgconfig', 'standard')).toEqual(prints(adminPath(host, b`pkgconfig`)));
    expect(run('class=include', 'local')).toEqual(prints());
  });

  test('a package is its own directory of the class', () => {
    expect(run('gcc')).toEqual(prints(inPackage('gcc/bin')));
    expect(run('gcc-9', 'standard')).toEqual(prints(inPackage('gcc-9/bin'), ...standard));
    expect(run('gcc@9')).toEqual(prints(inPackage('gcc-9/bin')));
    expect(run('class=man', 'gcc')).toEqual(prints(inPackage('gcc/man')));
    expect(run('usedby=maintainer', 'gcc')).toEqual(
      prints(inPackage('gcc/bin'), inPackage('gcc/maintenance')),
    );
    expect(run('class=man', 'gcc-9')).toEqual(prints());
  });

  test('directories by path: absolute, at home, here, with and without a slash at the end', () => {
    expect(run(x11)).toEqual(prints(x11));
    expect(run('~/bin', 'standard')).toEqual(prints(home, ...standard));
    expect(run('~/bin/', '~')).toEqual(prints(home, join(host.root, b`home`)));
    expect(run('home/', './home/bin', '././home')).toEqual(prints(join(host.root, b`home`), home));
    expect(run('/nonexistent', '~/nonexistent', 'nonexistent/')).toEqual(prints());
    expect(run('/')).toEqual(prints(b`/`));
    expect(run('--', x11, 'local')).toEqual(prints(x11, local));
  });

  test('what names nothing is skipped with a warning, and never fails', () => {
    const skipped = (args: readonly string[], word: string, ...directories: readonly Bytes[]) => {
      const ran = run(...args);
      expect(ran.err).toContain(`'${word}'`);
      expect(ran).toMatchObject({ code: 0, out: line(...directories) });
      expect(run('-q', ...args)).toEqual(prints(...directories));
    };
    skipped(['local', 'nosuch'], 'nosuch', local);
    skipped(['local', 'nosuch*'], 'nosuch*', local);
    skipped(['local', '.admin'], '.admin', local);
    skipped(['local', '..'], '..', local);
    skipped(['local', 'colour=red'], 'colour=red', local);
    skipped(['local', '--frobnicate'], '--frobnicate', local);
    skipped(['local', 'usedby=root'], 'root', local);
    skipped(['local', 'class=bim'], 'bim', local);
    skipped(['local', 'class=package'], 'package', local);
    skipped(['local', 'class=bin user'], 'bin user', local);
    skipped(['local', '~nosuchuser/bin'], '~nosuchuser', local);
    skipped(['local', `${x11}:${x11}`], `${x11}:${x11}`, local);
    expect(run('local', '', '').out).toBe(line(local));
    expect(run('').err).toContain('empty');
    expect(run('').out).toBe(line(...standard));
  });

  test('when nothing that was asked for is understood, it is as if nothing had been asked for', () => {
    expect(run('nosuch', 'nor-this').out).toBe(line(...standard));
  });

  test('a name with a newline cannot stand on a path', () => {
    makeDirectory(join(host.root, b`new\nline`));
    const ran = run(join(host.root, b`new\nline`), 'local');
    expect(ran).toMatchObject({ code: 0, out: line(local) });
    expect(ran.err.split('\n').length).toBe(2);
    expect(ran.err).toContain('newline');
  });

  test('a warning does not drive the terminal', () => {
    expect(run('local', '\u001b[31mred\u0007').err).toContain("'?[31mred?'");
  });

  test('an unquoted pattern that became the name of a file here still means the elements', () => {
    const here = scratch();
    makeFile(join(here, b`standards`));
    makeFile(join(here, b`standard notes.txt`));
    const ran = showpath(
      shell,
      ['--root', host.root, local, 'standard notes.txt', 'standards'].map(asBytes),
      { cwd: here },
    );
    expect(ran).toMatchObject({ code: 0, out: line(local, ...standard, x11) });
    expect(ran.err).toContain("'standards' is a file here");
    expect(ran.err).toContain("'standard*'");
  });

  test('a name in the path of which nobody has thought: no expansion, no command', () => {
    const odd = join(host.root, b`a b/*?[c]'"$(echo x)\`echo y\`\\\\!#~;&|<>{}`);
    makeDirectory(odd);
    expect(run(odd)).toEqual(prints(odd));
    expect(run('-f', 'sh', '-v', 'X', odd)).toEqual(
      prints(concat(b`X='`, odd.replace("'", `'"'"'`) as Bytes, b`'; export X;`)),
    );
  });

  test('names that are no UTF-8, and every single byte', () => {
    const every = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).filter(
      (byte) => !'/:\n'.includes(byte),
    );
    const odd = join(host.root, every.join('') as Bytes);
    makeDirectory(odd);
    expect(run(odd)).toEqual(prints(odd));
  });

  test('home directories of users and of nobody', () => {
    const ran = showpath(shell, [b`~/bin`, b`local`, b`--root`, host.root], { env: { HOME: '' } });
    expect(ran).toMatchObject({ code: 0, out: line(local) });
    expect(ran.err).toContain('home directory');
    expect(run('~root/').out).toMatch(/^\/\S*\n$/);
  });

  test('an assignment that cannot be made is an error that prints nothing', () => {
    for (const args of [
      ['-f', 'perl'],
      ['-v', '1x'],
      ['-v', 'a;b'],
      ['-v', ''],
      ['-f'],
      ['--init', 'vms'],
    ]) {
      const ran = run(...args);
      expect(ran).toMatchObject({ code: 2, out: '' });
      expect(ran.err).toContain('--help');
    }
  });

  test('the variable to assign is the usual one of the class, or the given one', () => {
    const list = standard.join(':');
    expect(run('-f', 'sh').out).toBe(`PATH='${list}'; export PATH;\n`);
    expect(run('-fsh', '-vP').out).toBe(`P='${list}'; export P;\n`);
    expect(run('-v', 'P').out).toBe(`P='${list}'; export P;\n`);
    expect(run('-f', 'csh', 'class=pkgconfig').out).toBe(
      `setenv PKG_CONFIG_PATH '${adminPath(host, b`pkgconfig`)}';\n`,
    );
    expect(run('-f', 'fish', '-v', 'P').out).toBe(`set -gx P '${list}';\n`);
  });

  test('help and version are for people', () => {
    const help = run('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const part of ['usedby=', 'class=', 'findfirst=', '--init', 'standard']) {
      expect(help.out).toContain(part);
    }
    expect(run('--version').out).toMatch(/^showpath \(xhier\) /);
  });
});

const at = (args: readonly string[], env: Record<string, string>, cwd = '/') =>
  showpath('dash', args.map(asBytes), { env, cwd }).out;

test('the site root is --root, then XH_ROOT, then /', () => {
  expect(at(['local'], { XH_ROOT: host.root })).toBe(line(local));
  expect(at(['--root=/nonexistent', 'standard'], { XH_ROOT: host.root })).not.toContain(host.root);
  expect(at(['--root', `${host.root}//`, 'gcc'], {})).toBe(line(inPackage('gcc/bin')));
  expect(at(['--root', '.', 'local'], {}, host.root)).toBe(line(local));
  expect(at([], { XH_ROOT: '' })).toBe(at([], {}));
});

function asBytes(text: string | Bytes): Bytes {
  return /[^\0-\x7f]/.test(text) ? (text as Bytes) : bytes(text);
}
