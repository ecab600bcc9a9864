/** Tab in real shells: what is typed becomes what was meant, whatever the names, and no program is started for it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programs } from '../../src/cli/programs.ts';
import { syntaxOf, type ProgramSyntax } from '../../src/completion/syntax.ts';
import { command, makePackage } from '../depot/packages.ts';
import { siteThatStays } from '../site.ts';
import { openShell, SCRIPTS, type Session, type Shell } from './shell-terminal.ts';
import { xh, xhDone } from './xh.ts';

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

const place = siteThatStays();
// a site root that no shell takes as it stands
const root = join(place, `o'root "x" $y`);
const directory = join(place, 'here');
let syntaxes: readonly ProgramSyntax[];

beforeAll(async () => {
  const plain = join(place, 'plain');
  mkdirSync(join(plain, 'etc'), { recursive: true });
  mkdirSync(directory);
  for (const name of ['tree', 'wget', 'libglib2.0-0']) makePackage(plain, name);
  makePackage(plain, 'jq', { 'bin/jq-command': command('jq') });
  for (const version of ['12.1', '13.2']) {
    makePackage(plain, `gcc-${version}`, { '.admin/Options': `version = ${version}\n` });
  }
  mkdirSync(join(plain, '.software/share/no-package'));
  xhDone(plain, 'install', 'jq');
  xhDone(plain, 'install', 'tree');
  renameSync(plain, root);
  xhDone(root, 'recover');
  for (const name of [`my own.deb`, `it's:a.deb`, `q"u$o\\te.deb`, '-dash.deb', 'ünï.deb']) {
    writeFileSync(join(directory, name), '');
  }
  mkdirSync(join(directory, 'sub directory'));
  syntaxes = (await programs()).map(syntaxOf);
});

describe.each(SHELLS)('%s', (shell) => {
  let session: Session;
  beforeAll(async () => {
    session = await openShell(shell, { root, directory });
  });
  afterAll(() => {
    session.close();
  });

  const slash = shell === 'zsh' ? '' : '/';
  test.each<[string, readonly string[]]>([
    ['xh inst\t', ['install']],
    ['xh install wg\t', ['install', 'wget']],
    ['xh install tree wg\t', ['install', 'tree', 'wget']],
    ['xh install libg\t', ['install', 'libglib2.0-0']],
    ['xh use gcc@12\t', ['use', 'gcc@12.1']],
    ['xh install no-\t', ['install', 'no-']],
    ['xh uninstall w\t', ['uninstall', 'w']],
    ['xh uninstall j\t', ['uninstall', 'jq']],
    ['xh inst wg\t', ['inst', 'wget']],
    ['xh --quiet inst\t', ['--quiet', 'install']],
    ['xh --root / install wg\t', ['--root', '/', 'install', 'wg']],
    ['xh --root=/ install wg\t', ['--root=/', 'install', 'wg']],
    ['xh install -- wg\t', ['install', '--', 'wget']],
    ['xh insta --dry\t', ['insta', '--dry-run']],
    ['xh install -m w\t', ['install', '-m', 'w']],
    ['xh list --color=al\t', ['list', '--color=always']],
    ['xh --color nev\t', ['--color', 'never']],
    ['xh farm --class pkg\t', ['farm', '--class', 'pkgconfig']],
    ['xh help exit\t', ['help', 'exit-codes']],
    ['xh config lock\t', ['config', 'lock-timeout']],
    ['xh completion fi\t', ['completion', 'fish']],
    ['xh rollback 2\t', ['rollback', '2']],
    ['xh which jq-\t', ['which', 'jq-command']],
    ["xh import 'my o\t", ['import', 'my own.deb']],
    ['xh import my\t', ['import', 'my own.deb']],
    ['xh import it\t', ['import', "it's:a.deb"]],
    ['xh import q\t', ['import', `q"u$o\\te.deb`]],
    ['xh import ü\t', ['import', 'ünï.deb']],
    ['xh mkpkg new --from su\t', ['mkpkg', 'new', '--from', `sub directory${slash}`]],
    ['lfu up\t', ['update']],
    ['lfu -n su\t', ['-n', `sub directory${slash}`]],
    ['lfu mark --pr\t', ['mark', '--print']],
    ['lfck --packages al\t', ['--packages', 'all']],
    ['lfck --clear\t', ['--clear-set-id']],
    ['showpath usedby=m\t', ['usedby=maintainer']],
    ['showpath wg\t', ['wget']],
    ['showpath --init tc\t', ['--init', 'tcsh']],
  ])('%j', async (keys, words) => {
    expect(await session.run(keys)).toEqual(words);
  });
});

describe.each(['bash', 'zsh'] as const)('%s', (shell) => {
  test('shows what may be meant', async () => {
    const session = await openShell(shell, { root, directory });
    const shown = await session.show('xh in\t\t', /install/, /info/);
    expect(shown).not.toContain('uninstall');
    session.close();
  });
});

test('fish says what it offers, with what it is', () => {
  const offers = (line: string): readonly string[] => {
    const script = `source '${SCRIPTS}/fish/xh.fish'; complete -C ${JSON.stringify(line)}`;
    const ran = spawnSync('fish', ['--no-config', '-c', script], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], XH_ROOT: root, HOME: directory },
    });
    return ran.stdout.trimEnd().split('\n');
  };
  expect(offers('xh in')).toEqual(
    expect.arrayContaining([
      'info\tshow all about a package',
      expect.stringMatching(/^install\tinstall packages/),
    ]),
  );
  expect(offers('xh rollback ')).toEqual(['2', '1']);
  expect(offers('xh rollback 2 ')).toEqual(['']);
});

/** What bash offers for a line, by a call of the function alone. */
function offered(line: string, before = ''): readonly string[] {
  const script = `source '${SCRIPTS}/bash/${line.split(' ')[0] ?? ''}'; ${before}
    COMP_LINE=$1 COMP_POINT=\${#1}; _${line.split(' ')[0] ?? ''}; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync('bash', ['--norc', '-c', script, 'bash', line], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], XH_ROOT: root },
    cwd: directory,
  });
  expect(ran.stderr).toBe('');
  return ran.stdout.split('\n').filter((word) => word !== '');
}

test('every command and every option is offered, of every program', () => {
  for (const { name, options, commands } of syntaxes) {
    expect(offered(`${name} -`).toSorted()).toEqual(
      options.flatMap(({ names }) => names).toSorted(),
    );
    const words = offered(`${name} `);
    for (const each of commands) {
      expect(words).toContain(each.name);
      if (name === 'xh' && each.name.length > 4) continue;
      const own = offered(`${name} ${each.name} -`).toSorted();
      expect(own).toEqual(each.options.flatMap(({ names }) => names).toSorted());
    }
  }
});

test('packages are found whatever the settings of the shell, and only packages', () => {
  const all = ['gcc-12.1', 'gcc-13.2', 'jq', 'libglib2.0-0', 'tree', 'wget'];
  const settings = [
    '',
    'set -f',
    'set -u',
    'shopt -s failglob',
    'shopt -s nullglob dotglob',
    'IFS=/',
  ];
  for (const each of settings) expect(offered('xh info ', each).toSorted()).toEqual(all);
  // readline takes what follows the sign alone
  expect(offered('xh use gcc@').toSorted()).toEqual(['@12.1', '@13.2']);
});

test('no site, or one that may not be read, offers nothing and says nothing', () => {
  expect(offered('xh --root /nonexistent info ')).toEqual([]);
  expect(offered('xh --root /dev/null history ')).toEqual([]);
});

describe('no program is started for names', () => {
  const started = (words: readonly string[]): readonly string[] => {
    const trace = join(place, 'trace');
    const ran = spawnSync('strace', ['-f', '-e', 'trace=execve', '-o', trace, ...words], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], XH_ROOT: root, HOME: directory, TERM: 'dumb' },
    });
    expect(ran.stdout).toContain('wget');
    const calls = readFileSync(trace, 'utf8').matchAll(/execve\("([^"]*)".*\) = 0/g);
    return [...calls].map((call) => call[1] ?? '').map((path) => path.replace(/.*\//, ''));
  };

  test('bash', () => {
    const script = `source '${SCRIPTS}/bash/xh'; COMP_LINE='xh info w' COMP_POINT=9; _xh; echo "\${COMPREPLY[@]}"`;
    expect(started(['bash', '--norc', '-c', script])).toEqual(['bash']);
  });

  test('zsh', () => {
    // the part that finds names, outside of the line editor
    const script = `compdef() :; source '${SCRIPTS}/zsh/_xh'; root=; names=(); _xhier_names 'software/*/.admin' /.admin; echo $names`;
    expect(started(['zsh', '-f', '-c', script])).toEqual(['zsh']);
  });

  test('fish', () => {
    const script = `source '${SCRIPTS}/fish/xh.fish'; complete -C 'xh info w'`;
    expect(started(['fish', '--no-config', '-c', script])).not.toContain('node');
  });
});

describe('xh completion', () => {
  test.each(SHELLS)('%s prints the scripts of all programs, or of one', (shell) => {
    const { stdout } = xhDone(root, 'completion', shell);
    for (const name of ['xh', 'lfu', 'lfck', 'showpath']) {
      const one = xhDone(root, 'completion', shell, name).stdout;
      expect(one).toContain(name);
      expect(stdout).toContain(one);
    }
    const file = join(place, `all.${shell}`);
    writeFileSync(file, stdout);
    const check = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    expect([check.status, check.stderr]).toEqual([0, '']);
  });

  test('what it does not know is exit 2, with what may have been meant', () => {
    expect(xh(root, 'completion', 'bsh')).toMatchObject({ status: 2, stdout: '' });
    expect(xh(root, 'completion', 'bsh').stderr).toContain("did you mean 'bash'?");
    expect(xh(root, 'completion', 'tcsh').stderr).toContain('bash, zsh, fish');
    expect(xh(root, 'completion', 'zsh', 'ls').stderr).toContain("the program 'ls'");
    expect(xh(root, 'completion').stderr).toContain('<shell> is missing');
  });
});
