/** `xh install` and `xh uninstall`: what is needed first, scripts, and the exact reverse. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

let root = '';
beforeEach(() => {
  root = freshSite().path;
  // Install scripts of an account that is not root must be able to come here
  chmodSync(root, 0o755);
});

describe('what a package needs', () => {
  test('is installed before it, each once, and told in that order', () => {
    makePackage(root, 'app', { '.admin/Dependencies': 'liba\nlibb >=2\n?extra\nsystem:libc6\n' });
    makePackage(root, 'liba', { '.admin/Dependencies': 'base # of all\n' });
    makePackage(root, 'libb-2.1', {
      '.admin/Options': 'version = 2.1\n',
      '.admin/Dependencies': 'base\n',
    });
    makePackage(root, 'base');
    makePackage(root, 'extra');
    const ran = xhDone(root, 'install', 'app', '--json');
    expect(ran.stderr).toContain('installed base, liba, libb-2.1, app (generation 1)');
    expect(JSON.parse(ran.stdout)).toEqual({
      packages: ['base', 'liba', 'libb-2.1', 'app'],
      generation: 1,
      notes: [],
    });
    expect(xhDone(root, 'list', '--installed', '--json').stdout).not.toContain('extra');
    expect(xhDone(root, 'install', 'app').stderr).toContain('installed already, nothing to do');
    const refused = xh(root, 'uninstall', 'base');
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('base is needed by liba, libb-2.1');
    // together they may go, whatever the order in which they are named
    xhDone(root, 'uninstall', 'base', 'libb', 'app', 'liba');
    expect(xhDone(root, 'list', '--installed').stdout).toBe('');
  });

  test.each([
    [
      'is not there',
      { app: 'liba\n', liba: 'libaa\n' },
      ["app → liba → libaa: there is no package 'libaa'", "did you mean 'liba'?"],
    ],
    [
      'is not there in that version',
      { app: 'liba\n', liba: 'libb ^2\n', libb: '' },
      ["app → liba → libb ^2: no version of 'libb' is in '^2'", 'there is 1.0'],
    ],
    [
      'goes round in a circle',
      { app: 'liba\n', liba: 'libb\n', libb: 'app\n' },
      ['packages need each other: app → liba → libb → app', '?NAME'],
    ],
    ['is itself', { app: 'app\n' }, ['packages need each other: app → app']],
    ['cannot be read', { app: 'liba ><1\n' }, ['.admin/Dependencies:1:7: error:', '1 | liba ><1']],
  ] as const)('when it %s nothing is done, and the chain is shown', (_, packages, says) => {
    for (const [name, dependencies] of Object.entries(packages)) {
      makePackage(root, name, {
        '.admin/Options': 'version = 1.0\n',
        '.admin/Dependencies': dependencies,
        'bin/x': command(name),
      });
    }
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, 'install', 'app');
    expect(ran.status).toBe(says[0].includes('error:') ? 2 : 1);
    for (const text of says) expect(ran.stderr).toContain(text);
    expect(snapshot(root)).toEqual(before);
  });

  test('of the host is looked for, told, and never in the way', () => {
    makePackage(root, 'app', {
      '.admin/Dependencies': 'system:no-such-program-anywhere\nsystem:sh\n',
    });
    const ran = xhDone(root, 'install', 'app');
    expect(ran.stderr).toContain(
      'note: app needs no-such-program-anywhere of the host, which does not seem to have it',
    );
    expect(ran.stderr).not.toContain('needs sh');
  });

  test('another version that stays may take the place of one that goes', () => {
    for (const version of ['1.0', '2.0']) {
      makePackage(root, `lib-${version}`, { '.admin/Options': `version = ${version}\n` });
    }
    makePackage(root, 'app', { '.admin/Dependencies': 'lib\n' });
    makePackage(root, 'strict', { '.admin/Dependencies': 'lib ^1\n' });
    xhDone(root, 'install', 'lib@1', 'lib@2', 'app', 'strict');
    const refused = xh(root, 'uninstall', 'lib@^1');
    expect(refused.stderr).toContain('lib-1.0 is needed by strict\n');
    xhDone(root, 'uninstall', 'strict');
    xhDone(root, 'uninstall', 'lib@^1');
    expect(xh(root, 'uninstall', 'lib').stderr).toContain('lib-2.0 is needed by app');
    expect(xhDone(root, 'uninstall', 'lib', '--force').stderr).toContain('uninstalled lib-2.0');
  });

  test('a name that is not there, is not installed, or is in no such version', () => {
    makePackage(root, 'tool-1.0', { '.admin/Options': 'version = 1.0\n' });
    xhDone(root, 'install', 'tool-1.0');
    expect(xh(root, 'install', 'tol')).toMatchObject({
      status: 1,
      stderr: "xh: there is no package 'tol'\n    → did you mean 'tool'?\n",
    });
    expect(xh(root, 'install', 'tool@>2').stderr).toContain("no version of 'tool' is in '>2'");
    expect(xh(root, 'uninstall', 'tool@2')).toMatchObject({
      status: 1,
      stderr: 'xh: tool@2 is not installed here\n    → installed is tool-1.0\n',
    });
    expect(xh(root, 'uninstall', 'tol').stderr).toContain("did you mean 'tool'?");
    expect(xh(root, 'install', 'a/b').status).toBe(2);
    expect(xh(root, 'install', 'tool@').status).toBe(2);
    expect(xh(root, 'install').status).toBe(2);
    expect(xh(root, 'install', '--all', 'tool').status).toBe(2);
  });
});

describe('a dry run', () => {
  test('is what is then done: its plan applied to a copy of the host gives the same host', () => {
    copySystemFiles(root, 'services');
    makePackage(root, 'tool', {
      'bin/tool': command('tool'),
      'man/man1/tool.1': '.TH\n',
      'export/services': 'tool 4711/tcp\n',
      'export/profile.d/tool.sh': 'TOOL=1\n',
      'export/replace/etc/motd': 'of the tool\n',
    });
    writeFiles(root, { 'etc/motd': 'stock\n' });
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const text = xhDone(root, 'install', 'tool', '--dry-run').stdout;
    const plan = JSON.parse(xhDone(root, 'install', 'tool', '--dry-run', '--json').stdout) as Plan;
    expect(snapshot(root)).toEqual(before);
    const expected = applied(before, plan);
    xhDone(root, 'install', 'tool');
    const after = new Map([...snapshot(root)].map(([path, what]) => [path, contentOf(what)]));
    // the receipt says when
    for (const map of [expected, after]) map.delete('.software/local/.admin/receipts/tool.json');
    expect(after).toEqual(expected);
    expect(text).toBe(
      [
        'edit /etc/services',
        '     @@ -361,1 +361,4 @@',
        `      ${lastLine()}`,
        '     +# BEGIN xhier tool',
        '     +tool 4711/tcp',
        '     +# END xhier tool',
        'take /etc/motd → ' +
          `${root}/software/tool/export/replace/etc/motd (the original is kept as /etc/.motd.xhier-tool)`,
        'new  /etc/profile.d/tool.sh',
        '     +TOOL=1',
        'link /.software/local/.admin/bins/bin/: 1 link',
        'link /.software/local/.admin/man/man1/: 1 link',
        '',
      ].join('\n'),
    );
  });

  test('tells conflicts as the real run does, with its exit code, also as JSON', () => {
    makePackage(root, 'tool', { 'bin/tool': command('tool') });
    writeFiles(root, { '.software/local/.admin/bins/bin/tool': 'mine' });
    const dry = xh(root, 'install', 'tool', '--dry-run');
    const real = xh(root, 'install', 'tool');
    expect([dry.status, real.status]).toEqual([3, 3]);
    expect(real.stderr).toContain(dry.stderr);
    const json = xh(root, 'install', 'tool', '--dry-run', '--json');
    expect(json.status).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      conflicts: [{ code: 'E_FARM_FOREIGN', path: '/.software/local/.admin/bins/bin/tool' }],
    });
  });

  interface Plan {
    readonly changes: readonly {
      readonly op: string;
      readonly path: string;
      readonly content?: string;
      readonly target?: string;
      readonly keptAs?: string;
    }[];
  }

  /** Type and content or target only: modes and owners are the host's affair. */
  function contentOf(what: string): string {
    return what.replace(/^(file|directory) \d+ \d+:\d+/, '$1').trim();
  }

  function applied(before: ReadonlyMap<string, string>, plan: Plan): Map<string, string> {
    const host = new Map([...before].map(([path, what]) => [path, contentOf(what)]));
    for (const { op, path, content = '', target = '', keptAs = '' } of plan.changes) {
      const at = path.slice(1);
      const hash = spawnSync('sha256sum', { input: content, encoding: 'utf8' }).stdout.slice(0, 64);
      if (op === 'mkdir') host.set(at, 'directory');
      else if (op === 'write') host.set(at, `file ${hash}`);
      else if (op === 'link') host.set(at, `link ${target}`);
      else if (op === 'displace') {
        host.set(keptAs.slice(1), host.get(at) ?? '');
        host.set(at, `link ${target}`);
      } else throw new Error(`unexpected ${op}`);
    }
    return new Map([...host].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  function lastLine(): string {
    return readFileSync('/etc/services', 'utf8').trimEnd().split('\n').at(-1) ?? '';
  }
});

describe('installing again', () => {
  test('brings the host up to date with a package that has changed, and only then', () => {
    const top = makePackage(root, 'tool', {
      'bin/a': command('a'),
      'export/services': 'tool 4711/tcp\n',
    });
    copySystemFiles(root, 'services');
    xhDone(root, 'install', 'tool');
    const before = snapshot(root);
    expect(xhDone(root, 'install', '--all').stderr).toContain('nothing to do');
    expect(snapshot(root)).toEqual(before);
    renameSync(join(top, 'bin/a'), join(top, 'bin/b'));
    writeFileSync(join(top, 'export/services'), 'tool 4712/tcp\n');
    xhDone(root, 'install', '--all');
    expect(readdirSync(bins(root))).toEqual(['b']);
    expect(readFileSync(join(root, 'etc/services'), 'utf8')).toContain('\ntool 4712/tcp\n');
    expect(readFileSync(join(root, 'etc/services'), 'utf8')).not.toContain('4711');
    xhDone(root, 'uninstall', 'tool');
    expect(readFileSync(join(root, 'etc/services'))).toEqual(readFileSync('/etc/services'));
  });

  test('a broken package can be taken out, and its neighbours are not in its way', () => {
    const top = makePackage(root, 'tool', {
      'bin/a': command('a'),
      'export/services': 'tool 4711/tcp\n',
    });
    makePackage(root, 'other', { '.admin/Dependencies': '' });
    copySystemFiles(root, 'services');
    xhDone(root, 'install', 'tool', 'other');
    writeFileSync(join(top, '.admin/Options'), 'prioritty = 1\n');
    writeFileSync(join(top, 'export/services'), 'nonsense\n');
    const refused = xh(root, 'install', '--all');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("did you mean 'priority'?");
    xhDone(root, 'uninstall', 'tool');
    expect(readFileSync(join(root, 'etc/services'))).toEqual(readFileSync('/etc/services'));
    expect(existsSync(bins(root))).toBe(false);
  });

  test('every finding of a broken package is told at once, with file, line and column', () => {
    makePackage(root, 'tool', {
      '.admin/Options': 'version = 1/0\nlnks = bin\n',
      '.admin/Dependencies': 'a b c d\n',
      '.admin/Maintainer': 'nobody at all\n',
    });
    const ran = xh(root, 'install', 'tool');
    expect(ran.status).toBe(2);
    for (const place of ['Options:1:11', 'Options:2:1', 'Dependencies:1:', 'Maintainer:1:']) {
      expect(ran.stderr).toContain(`.admin/${place}`);
    }
  });
});

describe('services that read what was changed', () => {
  test('are told once for each command line, on site roots that the site lists, and a failure is a warning', () => {
    copySystemFiles(root, 'services');
    writeFiles(root, {
      'etc/xhier.toml': `refresh-on = ["${root}"]\n[refresh]\n"/etc/services" = "echo services >> $XH_ROOT/told"\n"/etc/profile.d" = "echo no luck >&2; false"\n"/usr/local/lib" = "echo lib >> $XH_ROOT/told"\n`,
    });
    const told = (): string => {
      const text = existsSync(join(root, 'told')) ? readFileSync(join(root, 'told'), 'utf8') : '';
      rmSync(join(root, 'told'), { force: true });
      return text.split('\n').filter(Boolean).toSorted().join(' ');
    };
    makePackage(root, 'a', { 'export/services': 'a 4711/tcp\n' });
    makePackage(root, 'b', {
      'export/services': 'b 4712/tcp\n',
      'export/profile.d/b.sh': 'B=1\n',
      'lib/libb.a': 'x',
    });
    const dry = xhDone(root, 'install', 'a', 'b', '--dry-run').stdout;
    expect(dry).toContain('then echo services >> $XH_ROOT/told\n');
    expect(told()).toBe('');
    const ran = xhDone(root, 'install', 'a', 'b');
    expect(ran.stderr).toContain("warning: 'echo no luck >&2; false' failed: no luck");
    expect(told()).toBe('lib services');
    xhDone(root, 'install', 'a', 'b');
    expect(told()).toBe('');
    rmSync(join(root, 'usr/local/lib/libb.a'));
    xhDone(root, 'make-links');
    expect(told()).toBe('lib');
    xhDone(root, 'rollback', '0');
    expect(told()).toBe('lib services');
    xhDone(root, 'rollback');
    expect(told()).toBe('lib services');
    xhDone(root, 'uninstall', 'a');
    expect(told()).toBe('services');
    writeFiles(root, { 'etc/xhier.toml': '[refresh]\n"/etc/services" = "touch $XH_ROOT/told"\n' });
    xhDone(root, 'uninstall', 'b');
    expect(told()).toBe('');
  });
});
