/** Packages' own scripts: whom they run as, what they are given, and what happens when they fail. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { said, transcripts } from './scripted.ts';
import { program, snapshot, xh, xhDone } from './xh.ts';

let root = '';
beforeEach(() => {
  root = freshSite().path;
  // Install scripts of an account that is not root must be able to come here
  chmodSync(root, 0o755);
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
    return transcripts(root).get(`tool-1.2.${action}`) ?? '';
  }

  test('runs as nobody in its directory with a clean environment, and its output is kept', () => {
    makePackage(root, 'tool-1.2', {
      '.admin/Options': 'version = 1.2\n',
      '.admin/Install': SCRIPT,
    });
    copySystemFiles(root, 'passwd');
    const ran = program('xh.cjs', root, ['install', 'tool'], { SECRET: 'x', LD_PRELOAD: '' });
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    const lines = said(transcript('install'));
    const variables = Object.fromEntries(
      lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2)),
    ) as Record<string, string>;
    // what a shell sets itself
    for (const name of ['PWD', 'OLDPWD', 'SHLVL', '_']) delete variables[name];
    expect(variables).toEqual({
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      LOGNAME: 'nobody',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      XH_ACTION: 'install',
      XH_ARCH: xhDone(root, 'arch').stdout.trim(),
      XH_PACKAGE: 'tool-1.2',
      SHELL: '/bin/sh',
      TMPDIR: '/tmp',
      USER: 'nobody',
      XH_ROOT: root,
      XH_SCRIPT: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
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
    expect([...transcripts(root)].map(([name, text]) => [name[0], said(text)])).toEqual([
      ['a', ['0']],
      ['b', ['2', '2']],
      ['r', ['nobody']],
    ]);
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
    const ended = once(child, 'exit');
    while (!existsSync(join(root, 'tmp/begun'))) {
      await setTimeout(20);
    }
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
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
