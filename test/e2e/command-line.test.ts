/** The command line itself: help, spelling, exit codes, streams. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS as EVERY } from '../../src/cli/commands.ts';
import { TOPICS } from '../../src/cli/topics.ts';
import { command, makePackage } from '../depot/packages.ts';
import { siteThatStays } from '../site.ts';
import { program, xh, xhDone } from './xh.ts';

const XH = join(import.meta.dirname, '../../dist/xh.cjs');
const COMMANDS = EVERY.map(({ name }) => name);

const root = siteThatStays();
beforeAll(() => {
  for (let i = 0; i < 300; i++) makePackage(root, `package-number-${i}`);
  makePackage(root, 'tool', { 'bin/tool': command('tool') });
});

describe('help', () => {
  test('names every command, on standard output; without any word it is a usage error', () => {
    const help = xhDone(root, 'help');
    for (const { name } of [...EVERY, ...TOPICS]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect(help.stderr).toBe('');
    expect(xhDone(root, '--help').stdout).toBe(help.stdout);
    expect(xh(root)).toMatchObject({ status: 2, stdout: help.stdout });
  });

  test.each(COMMANDS)('of %s has usage, examples that name it, and its options', (name) => {
    const { stdout } = xhDone(root, 'help', name);
    expect(stdout).toMatch(new RegExp(`^xh ${name}: `));
    expect(stdout).toMatch(new RegExp(`^usage: xh ${name} .*\\[options\\]$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^Examples\n  .*xh ${name}`, 'm'));
    for (const option of ['--root <dir>', '--quiet', '--color <when>']) {
      expect(stdout).toContain(option);
    }
  });

  test('is the same by whatever way it is asked for, and never runs the command', () => {
    const { stdout } = xhDone(root, 'help', 'install');
    for (const words of [
      ['install', '--help'],
      ['install', '-h'],
      ['install', 'nothing', '--help'],
      ['help', 'insta'],
      ['--root', root, 'install', '--help'],
    ]) {
      expect(xhDone(root, ...words).stdout).toBe(stdout);
    }
  });

  test.each(TOPICS.map(({ name }) => name))('of the topic %s', (name) => {
    const { stdout, stderr } = xhDone(root, 'help', name);
    expect(stdout).toMatch(new RegExp(`^xh help ${name}: `));
    expect(stdout.split('\n').length).toBeGreaterThan(6);
    expect(stderr).toBe('');
    // what cannot be broken is as long as it is
    const long = stdout.split('\n').filter((line) => line.length > 80 && / \S{1,50}$/.test(line));
    expect(long).toEqual([]);
  });

  test('is filled to the width of the terminal, within what can be read well', () => {
    const shown = (columns: number): readonly string[] =>
      spawnSync('script', ['-qec', `stty cols ${columns}; "${XH}" help install`, '/dev/null'], {
        env: { PATH: process.env['PATH'], XH_ROOT: root, TERM: 'xterm', NO_COLOR: '1' },
        encoding: 'utf8',
      }).stdout.split('\r\n');
    const longest = (columns: number): number =>
      Math.max(...shown(columns).map((line) => line.length));
    expect(longest(60)).toBeLessThanOrEqual(60);
    expect(longest(90)).toBeGreaterThan(80);
    expect(longest(200)).toBeLessThanOrEqual(100);
  });

  test('exit-codes lists every code', () => {
    const { stdout } = xhDone(root, 'help', 'exit-codes');
    for (const code of [0, 1, 2, 3, 4, 5, 130]) {
      expect(stdout).toMatch(new RegExp(`^ +${code}  \\w`, 'm'));
    }
  });

  test('--version is one line', () => {
    for (const words of [['--version'], ['-V'], ['--root', '/', '--version']]) {
      expect(xhDone(root, ...words).stdout).toMatch(/^xh \d+\.\d+\.\d+\S*\n$/);
    }
  });
});

describe('words that are wrong are exit 2, with what may have been meant', () => {
  test.each([
    [['instal1', 'x'], "there is no command 'instal1'", "did you mean 'xh install'?"],
    [['frobnicate'], "there is no command 'frobnicate'", 'xh help lists the commands'],
    [['in', 'x'], "'in' may be install, info", 'write more of the name'],
    [['help', 'exit-cods'], "no topic 'exit-cods'", "did you mean 'xh help exit-codes'?"],
    [['help', 'in'], "'in' may be install, info", 'write more'],
    [['list', '--instaled'], "unknown option '--instaled'", "did you mean '--installed'?"],
    [['farm', '--class', 'bni'], "'bni' is invalid", "did you mean 'bin'?"],
    [['import', 'x', '--allow', 'y'], "'--allow' may be --allow-set-id, --allow-outside-links", ''],
    [['import'], '<source> is missing', 'usage: xh import <source...> [options]'],
    [['config', 'lock-timout'], "no key 'lock-timout'", "did you mean 'lock-timeout'?"],
    [['facts', 'hostnam'], "no fact 'hostnam'", "did you mean 'hostname'?"],
    [['install', 'x', '--dry-rum'], "unknown option '--dry-rum'", '--dry-run'],
    [['list', '--lock-timeout'], 'argument missing', 'xh list --help'],
    [['list', '--color', 'blue'], 'auto, always, never', ''],
    [['use'], '<package> is missing', 'xh use --help'],
    [['use', 'a', 'b'], 'more words than it takes', 'xh use --help'],
    [['make-links', '--lock-timeout', 'soon'], '--lock-timeout', '0 to 86400'],
    [['make-links', '--lock-timeout', '-1'], '--lock-timeout', ''],
  ])('%j', (words, message, remedy) => {
    const ran = xh(root, ...words);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).toContain(remedy);
  });

  test.each([
    'install',
    'uninstall',
    'info',
    'files',
    'use',
    'make-links',
    'deps',
    'verify',
    'check',
    'register',
    'readme',
    'prefer vi',
  ])('xh %s names the package that is nearest to one that is not there', (words) => {
    xhDone(root, 'install', 'tool', '-q');
    const ran = xh(root, ...words.split(' '), 'tol');
    expect([1, 2]).toContain(ran.status);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain("did you mean 'tool'?");
    xhDone(root, 'uninstall', 'tool', '-q');
  });
});

describe('words that are right', () => {
  test('a prefix that only one command has is enough', () => {
    expect(xhDone(root, 'l', 'tool').stdout).toBe('  tool  -\n');
    expect(xhDone(root, 'plat').stdout).toBe(xhDone(root, 'platform').stdout);
  });

  test('an option may be shortened to what no other begins with', () => {
    expect(xhDone(root, 'list', '--inst', '--col=never').stdout).toBe('');
    expect(JSON.parse(xhDone(root, 'config', 'lock-timeout', '--js').stdout)).toMatchObject({
      value: 60,
    });
    // what is the value of an option, or stands after --, is none
    expect(xh(root, 'which', '--json', '--', '--js').stdout).toBe('[]\n');
  });

  test('global options stand before or after the command', () => {
    expect(xhDone(root, '--quiet', '--root', root, 'list', 'tool').stdout).toBe('  tool  -\n');
    expect(xhDone('/', 'list', 'tool', '-q', '--root', root).stdout).toBe('  tool  -\n');
  });

  test('what looks like an option is a word after --', () => {
    const ran = xh(root, 'which', '--', '--weird');
    expect([ran.status, ran.stderr]).toEqual([1, '--weird: belongs to no package\n']);
    expect(xh(root, 'which', '--', '--help').stderr).toBe('--help: belongs to no package\n');
  });

  test('a message may say anything', () => {
    xhDone(root, 'install', 'tool', '--message', '--help');
    expect(xhDone(root, 'history').stdout).toContain('(--help)');
    xhDone(root, 'uninstall', 'tool', '-m', 'list');
  });
});

describe('streams', () => {
  test('--quiet says nothing but what is wrong, and data as ever', () => {
    expect(xhDone(root, 'install', 'tool', '--quiet')).toMatchObject({ stdout: '', stderr: '' });
    expect(xh(root, 'install', 'nothing', '--quiet').stderr).toContain('there is no package');
    expect(xhDone(root, 'list', 'tool', '--quiet').stdout).toBe('* tool  -\n');
    expect(xhDone(root, 'uninstall', 'tool', '-q')).toMatchObject({ stdout: '', stderr: '' });
  });

  test.each(['list', 'list --json', 'help', 'config', 'files tool'])(
    'a reader that goes away (xh %s | head -1) does no harm',
    (words) => {
      const ran = spawnSync(
        '/bin/bash',
        ['-c', `set -o pipefail; "${XH}" ${words} | head -1 > /dev/null; echo "\${PIPESTATUS[0]}"`],
        { env: { ...process.env, XH_ROOT: root }, encoding: 'utf8' },
      );
      expect(ran).toMatchObject({ stdout: '0\n', stderr: '' });
    },
  );

  test.each(['--version', 'list', 'help', 'help install', 'completion fish'])(
    'a disk that is full is a failure of xh %s, in words',
    (words) => {
      const ran = spawnSync('/bin/sh', ['-c', `"${XH}" ${words} > /dev/full`], {
        env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
        encoding: 'utf8',
      });
      expect(ran.status).toBe(1);
      expect(ran.stderr).toMatch(/^xh: standard output/);
      expect(ran.stderr).not.toMatch(/^ {4}at /m);
    },
  );

  test('output that is closed, or errors that nobody reads, are no reason to fail', () => {
    for (const closed of ['>&-', '2>&-', '>&- 2>&-', '2>/dev/full', '</dev/null >&-', '<&-']) {
      const ran = spawnSync('/bin/sh', ['-c', `"${XH}" list tool -v ${closed}`], {
        env: { ...process.env, XH_ROOT: root },
      });
      expect([closed, ran.status]).toEqual([closed, 0]);
    }
  });

  test('services are told of a change, and it stays, when the output cannot be written', () => {
    mkdirSync(join(root, 'etc'), { recursive: true });
    const settings = `refresh-on = ["/", ${JSON.stringify(root)}]
[refresh]
"/.software/local/.admin/bins/bin" = 'touch "$XH_ROOT/told"'
`;
    writeFileSync(join(root, 'etc/xhier.toml'), settings);
    xhDone(root, 'install', 'tool');
    rmSync(join(root, 'told'));
    const ran = spawnSync('/bin/sh', ['-c', `"${XH}" uninstall tool --json > /dev/full`], {
      env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
      encoding: 'utf8',
    });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('standard output');
    expect(existsSync(join(root, 'told'))).toBe(true);
    expect(xhDone(root, 'list', 'tool').stdout).toBe('  tool  -\n');
    rmSync(join(root, 'etc/xhier.toml'));
  });

  test('a change goes on when nobody listens to what is told of it', () => {
    for (const words of ['install tool', 'uninstall tool --json']) {
      const ran = spawnSync(
        '/bin/bash',
        ['-c', `"${XH}" ${words} 2>&1 | true; echo "\${PIPESTATUS[0]}"`],
        { env: { ...process.env, XH_ROOT: root }, encoding: 'utf8' },
      );
      expect(ran.stdout).toBe('0\n');
    }
    expect(xhDone(root, 'list', 'tool').stdout).toBe('  tool  -\n');
    expect(xhDone(root, 'recover').stderr).toBe('nothing to recover\n');
  });

  test('colours are for terminals, for --color always, and never for NO_COLOR', () => {
    const colour = /\u001b\[/;
    const shown = (words: readonly string[], environment: NodeJS.ProcessEnv = {}): string => {
      const { stdout, stderr } = program('xh.cjs', root, words, {
        NO_COLOR: undefined,
        ...environment,
      });
      return stdout + stderr;
    };
    expect(shown(['config'])).not.toMatch(colour);
    expect(shown(['config', '--color', 'always'])).toMatch(colour);
    expect(shown(['--color=always', 'install', 'nothing'])).toMatch(colour);
    expect(shown(['--color=always', 'instal1'])).toMatch(colour);
    expect(shown(['help', '--color', 'always'])).toMatch(colour);
    const onTerminal = (environment: string, words: string): string =>
      spawnSync('script', ['-qec', `${environment} "${XH}" ${words}`, '/dev/null'], {
        env: { PATH: process.env['PATH'], XH_ROOT: root, TERM: 'xterm' },
        encoding: 'utf8',
      }).stdout;
    expect(onTerminal('', 'config')).toMatch(colour);
    expect(onTerminal('NO_COLOR=1', 'config')).not.toMatch(colour);
    expect(onTerminal('TERM=dumb', 'config')).not.toMatch(colour);
    expect(onTerminal('', 'config --color never')).not.toMatch(colour);
    expect(onTerminal('NO_COLOR=1', 'config --color always')).toMatch(colour);
  });
});

describe('a second command', () => {
  test('waits for the first, says for whom, and gives up with exit 5', () => {
    const holder = spawnSync(
      '/bin/bash',
      [
        '-c',
        `exec 9<>"${root}/.software/local/.admin/lock"; flock 9; printf '{"pid":1,"user":"jane","command":"xh in\\\\u001b[31mstall x","since":"2026-01-01T00:00:00Z"}\n' >&9
         "${XH}" make-links --lock-timeout 0; echo "status $?"`,
      ],
      { env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' }, encoding: 'utf8' },
    );
    expect(holder.stdout).toBe('status 5\n');
    expect(holder.stderr).toContain(String.raw`waiting for 'xh in\e[31mstall x' (pid 1, user jane`);
    expect(holder.stderr).toContain('--lock-timeout SECONDS');
    expect(holder.stderr).not.toContain('\u001b');
    // reading never waits
    expect(xhDone(root, 'list', 'tool').stdout).toBe('  tool  -\n');
  });
});
