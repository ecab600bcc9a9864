/** `xh install` and `xh uninstall`: what is needed first, scripts, and the exact reverse. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { program, snapshot, xh, xhDone } from './xh.ts';

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
    const ran = xhDone(root, 'install', 'app');
    expect(ran.stderr).toContain('installed base, liba, libb-2.1, app (generation 1)');
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

describe('the Install script of a package', () => {
  const SCRIPT = `#!/bin/sh
echo "action $1 $#"
env | sort
pwd
id -un
if read line; then echo "standard input: $line"; else echo "no standard input"; fi
test -t 0 || test -t 1 || test -t 2 || echo "no terminal"
`;

  function transcript(action: string): string {
    const log = join(root, '.software/local/.admin/log');
    const name = readdirSync(log).find((each) => each.includes(`.${action}.`));
    return readFileSync(join(log, name ?? ''), 'utf8');
  }

  test('runs as nobody in its directory with a clean environment, and its output is kept', () => {
    makePackage(root, 'tool-1.2', {
      '.admin/Options': 'version = 1.2\n',
      '.admin/Install': SCRIPT,
    });
    copySystemFiles(root, 'passwd');
    const ran = program('xh.cjs', root, ['install', 'tool'], { SECRET: 'x', LD_PRELOAD: '' });
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    const lines = transcript('install').trimEnd().split('\n');
    const variables = Object.fromEntries(
      lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2)),
    ) as Record<string, string>;
    // what a shell sets itself
    for (const name of ['PWD', 'OLDPWD', 'SHLVL', '_']) delete variables[name];
    expect(variables).toEqual({
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      XH_ACTION: 'install',
      XH_ARCH: xhDone(root, 'arch').stdout.trim(),
      XH_PACKAGE: 'tool-1.2',
      XH_ROOT: root,
      XH_SOFTWARE: join(root, 'software'),
      XH_VERSION: '1.2',
    });
    expect(lines[0]).toBe('action install 1');
    expect(lines).toContain(join(root, '.software/share/tool-1.2'));
    expect(lines).toContain('nobody');
    expect(lines.slice(-2)).toEqual(['no standard input', 'no terminal']);
    xhDone(root, 'uninstall', 'tool');
    expect(transcript('uninstall')).toContain('XH_ACTION=uninstall');
  });

  test('runs as whom the package names, root too when it says so', () => {
    copySystemFiles(root, 'passwd');
    makePackage(root, 'a', {
      '.admin/Options': 'run-as = root\n',
      '.admin/Install': '#!/bin/sh\nid -u\n',
    });
    makePackage(root, 'b', {
      '.admin/Options': 'owner = bin\n',
      '.admin/Install': '#!/bin/sh\nid -u; id -G\n',
    });
    // whose files they are is no reason to run as root
    makePackage(root, 'r', {
      '.admin/Options': 'owner = root\n',
      '.admin/Install': '#!/bin/sh\nid -un\n',
    });
    xhDone(root, 'install', 'a', 'b', 'r');
    const log = join(root, '.software/local/.admin/log');
    const said = readdirSync(log).map((name) => [name[0], readFileSync(join(log, name), 'utf8')]);
    expect(Object.fromEntries(said)).toEqual({ a: '0\n', b: '2\n2\n', r: 'nobody\n' });
    expect(statSync(join(log, readdirSync(log)[0] ?? '')).mode & 0o777).toBe(0o600);
    makePackage(root, 'c', {
      '.admin/Options': 'run-as = no-such-user\n',
      '.admin/Install': '#!/bin/sh\n',
    });
    const refused = xh(root, 'install', 'c');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("there is no account 'no-such-user'");
  });

  test('runs on a terminal of its own when the package asks for one', () => {
    makePackage(root, 'tool', {
      '.admin/Options': 'pty = yes\n',
      '.admin/Install':
        '#!/bin/sh\ntest -t 0 && test -t 1 && echo on $(tty) as $(id -un)\nexit 3\n',
    });
    const ran = xh(root, 'install', 'tool');
    expect(ran.stderr).toMatch(/ended with 3[^]*\| on \/dev\/pts\/\d+ as nobody/);
  });

  test('that is interrupted ends with what it started, and those before it are taken back', async () => {
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o777);
    makePackage(root, 'first', { '.admin/Install': '#!/bin/sh\ntouch "$XH_ROOT/tmp/$1"\n' });
    makePackage(root, 'slow', {
      '.admin/Dependencies': 'first\n',
      '.admin/Install': '#!/bin/sh\ntouch "$XH_ROOT/tmp/begun"\nsleep 97535\n',
    });
    const child = spawn(join(import.meta.dirname, '../../dist/xh.cjs'), ['install', 'slow'], {
      env: { ...process.env, XH_ROOT: root },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) =>
      child.once('exit', (code) => {
        resolve(code);
      }),
    );
    while (!existsSync(join(root, 'tmp/begun'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(join(root, 'tmp')).toSorted()).toEqual(['begun', 'install', 'uninstall']);
    expect(spawnSync('pgrep', ['-f', '^sleep 97535'], { encoding: 'utf8' }).stdout).toBe('');
    expect(xhDone(root, 'list', '--installed').stdout).toBe('');
  });

  test('that fails stops everything, exit 1, with the end of what it said', () => {
    makePackage(root, 'first', { '.admin/Install': '#!/bin/sh\ntouch "$XH_ROOT/tmp/first.$1"\n' });
    makePackage(root, 'tool', {
      '.admin/Dependencies': 'first\n',
      '.admin/Install': '#!/bin/sh\nseq 30\nprintf "no \\033[31mluck\\n" >&2\nexit 7\n',
      'bin/tool': command('tool'),
      'export/services': 'tool 4711/tcp\n',
    });
    copySystemFiles(root, 'services');
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o777);
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, 'install', 'tool');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain(
      'tool: .admin/Install install ended with 7; nothing else was done',
    );
    expect(ran.stderr).toContain(String.raw`    | no \e[31mluck`);
    expect(ran.stderr).toContain('    | 30\n');
    expect(ran.stderr).not.toContain('    | 10\n');
    expect(ran.stderr).toMatch(
      /the whole transcript is in \/\.software\/local\/\.admin\/log\/tool\.install\./,
    );
    // the one that had succeeded is taken back
    expect(readdirSync(join(root, 'tmp')).toSorted()).toEqual(['first.install', 'first.uninstall']);
    rmSync(join(root, 'tmp'), { recursive: true });
    const after = new Map(before);
    after.delete('tmp');
    expect(snapshot(root)).toEqual(after);
    expect(xhDone(root, 'history').stdout.split('\n')).toHaveLength(2);
  });

  test('that takes too long is killed with all that it has started', () => {
    makePackage(root, 'slow', {
      '.admin/Options': 'timeout = 1s\n',
      '.admin/Install':
        '#!/bin/sh\n(sleep 97531) &\nsetsid -w sleep 97532 &\necho begun\nsleep 97533\n',
    });
    const ran = xh(root, 'install', 'slow');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('did not end within 1 s and was killed');
    expect(ran.stderr).toContain('| begun');
    expect(spawnSync('pgrep', ['-f', '^sleep 9753[123]'], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('that leaves something running behind does not keep the install waiting', () => {
    makePackage(root, 'tool', { '.admin/Install': '#!/bin/sh\nsleep 97534 &\necho done\n' });
    xhDone(root, 'install', 'tool');
    expect(spawnSync('pgrep', ['-f', '^sleep 97534'], { encoding: 'utf8' }).stdout).toBe('');
  });

  test.each([
    ['is not executable', 0o644, '#!/bin/sh\n', 'chmod +x'],
    ['has no interpreter', 0o755, '#!/no/such/shell\n', 'could not be run'],
  ])('that %s is told as that', (_, mode, text, says) => {
    const top = makePackage(root, 'tool', { '.admin/Install': text });
    chmodSync(join(top, '.admin/Install'), mode);
    const ran = xh(root, 'install', 'tool');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain(says);
  });

  test('does not run for a dry run, for a plan with conflicts, or when there is nothing to do', () => {
    makePackage(root, 'tool', {
      '.admin/Install': '#!/bin/sh\ntouch "$XH_ROOT/tmp/$1"\n',
      'bin/tool': command('tool'),
    });
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o777);
    expect(xhDone(root, 'install', 'tool', '--dry-run').stdout).toMatch(
      /^run {2}tool\/\.admin\/Install install\n/,
    );
    writeFiles(root, { '.software/local/.admin/bins/bin/tool': 'mine' });
    expect(xh(root, 'install', 'tool').status).toBe(3);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
    rmSync(bins(root, 'tool'));
    xhDone(root, 'install', 'tool');
    rmSync(join(root, 'tmp/install'));
    xhDone(root, 'install', 'tool');
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  test('that changes its own package is seen by the rest of the install', () => {
    const top = makePackage(root, 'tool', {
      '.admin/Options': 'run-as = root\n',
      '.admin/Install': '#!/bin/sh\nmkdir -p bin; cp "$0" bin/made; chmod 755 bin/made\n',
    });
    xhDone(root, 'install', 'tool');
    expect(existsSync(join(top, 'bin/made'))).toBe(true);
    expect(readdirSync(bins(root))).toEqual(['made']);
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
