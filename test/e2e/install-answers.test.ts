/** Install scripts that ask: recognised without an answer, and answered from a file. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePackage } from '../depot/packages.ts';
import { copyProgram } from '../faults/fixture.ts';
import { temporaryDirectory } from '../site.ts';
import { said, scriptedPackage, scriptedSite, transcripts, xhBeside } from './scripted.ts';
import { program, xh, xhDone, type Ran } from './xh.ts';

const TERMINAL = { '.admin/Options': 'pty = yes\n' };

/** What asks, by whatever means; each as people have seen it in installers. */
const ASKING: Readonly<Record<string, { readonly script: string; readonly asks: string }>> = {
  sh: {
    script: 'echo Welcome; printf "Where to? [/opt] "; read a; echo "to $a"',
    asks: 'Where to? [/opt]',
  },
  'sh, without echo': {
    script: 'printf "Password: "; stty -echo; read a; stty echo; echo; echo "${#a}"',
    asks: 'Password:',
  },
  'sh, from /dev/tty': {
    script: 'echo "Proceed (y/N)?" >/dev/tty; read a </dev/tty',
    asks: 'Proceed (y/N)?',
  },
  perl: {
    script: '#!/usr/bin/perl\n$| = 1; print "Licence key: "; my $key = <STDIN>; print "thanks\\n"',
    asks: 'Licence key:',
  },
  'python, a password': {
    script: '#!/usr/bin/env python3\nimport getpass\ngetpass.getpass("Secret word: ")',
    asks: 'Secret word:',
  },
  'bash, with editing': {
    script: '#!/bin/bash\nread -e -p "Name of the host> " a; echo "$a"',
    asks: 'Name of the host>',
  },
  'node, which polls': {
    script: `#!/usr/bin/env node
const lines = require('readline').createInterface({ input: process.stdin, output: process.stdout });
lines.question('Which port? ', () => lines.close());`,
    asks: 'Which port?',
  },
  whiptail: {
    script: 'TERM=xterm whiptail --title Licence --yesno "Do you accept it?" 10 50',
    asks: 'Do you accept it?',
  },
  dialog: {
    script:
      'TERM=xterm dialog --menu "Choose one of them" 15 50 2 a first b second 2>/dev/null </dev/tty >/dev/tty',
    asks: 'Choose one of them',
  },
  'passwd-like, in red': {
    script: String.raw`printf '\033[31mNew password:\033[0m '; read a`,
    asks: 'New password:',
  },
  'cat, without a word': { script: 'cat', asks: '' },
};

describe('an Install script on a terminal', () => {
  test('that asks is ended and told of, with the lines that would answer it, and these do', async () => {
    const sites = Object.entries(ASKING).map(([name, { script, asks }]) => {
      const root = scriptedSite();
      scriptedPackage(root, 'first', 'true');
      scriptedPackage(root, 'tool', script, { ...TERMINAL, '.admin/Dependencies': 'first\n' });
      return { name, asks, root };
    });
    await Promise.all(
      sites.map(async ({ name, asks, root }) => {
        const ran = await xhBeside(root, ['install', 'tool']);
        expect(ran.status, name).toBe(1);
        const [headline = ''] = ran.stderr.split('\n');
        const asked = asks === '' ? 'without a word' : `'${asks}'`;
        expect(headline, name).toBe(
          `xh: tool: .admin/Install install waits for an answer (${asked}) and was ended; nothing else was done`,
        );
        expect(ran.stderr, name).toContain('the whole transcript is in /.software/local');
        // what came before is taken back
        expect(readdirSync(join(root, 'tmp')), name).toEqual(['first.uninstall']);
        if (asks === '') return;
        const [, heading, line = ''] = /^ +(\[tool\])\n +(".*)$/m.exec(ran.stderr) ?? [];
        const file = join(root, 'tmp/answers');
        writeFileSync(file, `${heading}\n${line.replace(/ANSWER$/, 'an answer')}\n`);
        const answered = await xhBeside(root, ['install', '--answer', file, 'tool']);
        expect(answered, name).toMatchObject({ status: 0, stdout: '' });
      }),
    );
  }, 60_000);

  test('has a terminal of its own, and streams that it may open again', () => {
    const root = scriptedSite();
    makePackage(root, 'tool', {
      ...TERMINAL,
      '.admin/Install':
        '#!/bin/sh\nstty size\necho "$TERM"\nid -un\nid -G\nstat -c %U "$(tty)"\necho opened >/dev/tty\necho again >/dev/stderr\n',
    });
    xhDone(root, 'install', 'tool');
    expect(said(transcripts(root).get('tool.install'))).toEqual([
      '24 80',
      'dumb',
      'nobody',
      '65534',
      'nobody',
      'opened',
      'again',
    ]);
  });

  test.each([
    ['is not executable', 0o644, '#!/bin/sh\n', 'chmod +x'],
    ['has no interpreter', 0o755, '#!/no/such/shell\n', 'look at its first line'],
  ])('that %s is told as that', (_, mode, text, says) => {
    const root = scriptedSite();
    const top = makePackage(root, 'tool', { ...TERMINAL, '.admin/Install': text });
    chmodSync(join(top, '.admin/Install'), mode);
    const ran = xh(root, 'install', 'tool');
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ran.stderr).toContain(says);
  });

  test('is refused before anything is run where terminals cannot be had', async () => {
    const root = scriptedSite();
    const copy = copyProgram(temporaryDirectory());
    scriptedPackage(root, 'first', 'touch "$XH_ROOT/tmp/first"');
    scriptedPackage(root, 'tool', 'true', { ...TERMINAL, '.admin/Dependencies': 'first\n' });
    const ran = await xhBeside(root, ['install', 'tool'], {}, copy);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/^xh: a terminal .* cannot be had[^]*npm install @lydell\/node-pty/);
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
    // with it there the same program does
    const project = resolve(import.meta.dirname, '../..');
    const modules = join(copy, '../../node_modules/@lydell');
    cpSync(join(project, 'node_modules/@lydell'), modules, { recursive: true, dereference: true });
    expect((await xhBeside(root, ['install', 'tool'], {}, copy)).status).toBe(0);
  });
});

describe('a file of answers', () => {
  const CONVERSATION = `#!/bin/bash
read -p "Accept the licence? [y/n] " a
test "$a" = y || exit 4
read -s -p "Password of the administrator: " p; echo; echo "\${#p} letters"
echo "it was $p"
read -p "Repeat it: " q
test "$q" = "$p" && echo same
read -p "Host *name*: " h
read -n 1 -p "Press a key " k; echo
read -p "Anything else? " r; echo "'$h' '$k' '$r'"
read -t 20 -p "Quick? " t && echo "quick: $t"
`;

  test('answers in order, on a terminal, and keeps secrets out of all that is written down', () => {
    const root = scriptedSite();
    scriptedPackage(root, 'tool', CONVERSATION);
    mkdirSync(join(root, 'tmp/secrets'));
    writeFileSync(join(root, 'tmp/secrets/pw'), 'correct horse\n');
    writeFileSync(
      join(root, 'tmp/answers'),
      String.raw`# for the only package on the command line
"Accept * [y/n]"            y
/PASS\w+ of (the|an) \w+:/i @secrets/pw
optional "Port?"            80
"Repeat it"                 $ADMIN_WORD
"Host \*name\*:"            "www.example.org"   # no comment of the answer
"Press a key"               keys "x"
"Anything else?"            ""
"Quick?"                    secret yes indeed
`,
    );
    const file = join(root, 'tmp/answers');
    const words = ['install', '--verbose', '--answer', file, 'tool'];
    const ran = program('xh.cjs', root, words, { ADMIN_WORD: 'correct horse' });
    expect(ran.status).toBe(0);
    const text = transcripts(root).get('tool.install') ?? '';
    expect(said(text)).toEqual([
      'Accept the licence? [y/n] y',
      'Password of the administrator: ',
      '13 letters',
      'it was ******',
      'Repeat it: ******',
      'same',
      'Host *name*: www.example.org',
      'Press a key x',
      'Anything else? ',
      "'www.example.org' 'x' ''",
      'Quick? ******',
      'quick: ******',
    ]);
    expect(said(text, /^in$/)).toEqual([
      'y',
      '******',
      '******',
      'www.example.org',
      'x',
      '',
      '******',
    ]);
    expect(text).toContain('\n# terminal     80x24, TERM=dumb\n');
    expect(text + ran.stderr + ran.stdout).not.toMatch(/correct horse|yes indeed/);
    expect(xhDone(root, 'list', '--installed').stdout).toContain('tool');
  });

  test('is for each package its own, for uninstall too, and gives only those a terminal', () => {
    const root = scriptedSite();
    const asks = '#!/bin/sh\nprintf "%s of %s? " "$1" "$XH_PACKAGE"; read a; echo "<$a>"\ntty\n';
    makePackage(root, 'one', { '.admin/Install': asks });
    makePackage(root, 'two-1.0', { '.admin/Install': asks });
    makePackage(root, 'three', { '.admin/Install': asks, '.admin/Dependencies': 'one\n' });
    const file = join(root, 'tmp/answers');
    writeFileSync(
      file,
      '[one]\n"install of one?" 1\n[two]\n"install of two-1.0?" 2\n[one uninstall]\n"uninstall of one?" gone\n',
    );
    // three's has no input at all, and takes that for an answer; tty fails
    const ran = xh(root, 'install', '--answer', file, 'three', 'two');
    expect(ran.stderr).toMatch(
      /three: .* ended with 1;[^]*\| install of three\? <>\n +\| not a tty/,
    );
    expect(said(transcripts(root).get('one.install'))[0]).toBe('install of one? 1');
    // taken back with what the file has for that
    expect(said(transcripts(root).get('one.uninstall'))[0]).toBe('uninstall of one? gone');
    xhDone(root, 'install', '--answer', file, 'one', 'two');
    expect(said(transcripts(root).get('two-1.0.install'))[1]).toBe('<2>');
    xhDone(root, 'uninstall', '--answer', file, 'one');
    expect(said(transcripts(root).get('one.uninstall'))[1]).toBe('<gone>');
  });

  test('that does not fit the questions fails the script, which is undone, and says where', async () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [
        'another question comes',
        '"Port?" 80\n"Host?" a\n',
        /waits for an answer \('Host\?'\) and was ended; the next answer is for "Port\?" \(.*answers:1:1\)[^]*write its answer into .*answers:\n +\[tool\]\n +"Host\?" ANSWER/,
      ],
      [
        'there is no answer left',
        '"Host?" a\n',
        /waits for an answer \('Port\?'\) and was ended; nothing else[^]*"Port\?" ANSWER/,
      ],
      [
        'one is not asked for',
        '"Host?" a\n"Port?" 80\noptional "Mail?" no\n"Name?" b\n',
        /ended without having asked for an answer, of which the first is "Name\?" \(.*answers:4:1\)/,
      ],
      [
        'a pattern takes for ever',
        '/^(a?){64}(a+)+b$/ x\n',
        /answers:1:1: error: this pattern takes too long on what the script says/,
      ],
    ];
    await Promise.all(
      cases.map(async ([name, answers, says]) => {
        const root = scriptedSite();
        scriptedPackage(root, 'first', 'true');
        scriptedPackage(
          root,
          'tool',
          `printf '${name.startsWith('a pattern') ? 'a'.repeat(60) : ''}Host? '; read a; printf 'Port? '; read b`,
          { '.admin/Dependencies': 'first\n' },
        );
        const file = join(root, 'tmp/answers');
        writeFileSync(file, answers);
        const ran = await xhBeside(root, ['install', 'tool', '--answer', file]);
        expect(ran.status, name).toBe(1);
        expect(ran.stderr, name).toMatch(says);
        expect(readdirSync(join(root, 'tmp')), name).toEqual(['answers', 'first.uninstall']);
        expect(xhDone(root, 'list', '--installed').stdout, name).toBe('');
      }),
    );
  }, 30_000);

  test('that cannot be read is told of with its places before anything is run', () => {
    const root = scriptedSite();
    scriptedPackage(root, 'tool', 'touch "$XH_ROOT/tmp/run"');
    const file = join(root, 'tmp/answers');
    writeFileSync(
      file,
      '[toll]\n"a" b\n[tool]\n"Port? 80\n"Key" @nowhere\n"Word" $NO_SUCH_VARIABLE\n',
    );
    for (const words of [['--dry-run'], []]) {
      const ran = xh(root, 'install', 'tool', '--answer', file, ...words);
      expect(ran.status).toBe(2);
      expect(ran.stderr).toContain(`${file}:1:1: error: there is no package 'toll'`);
      expect(ran.stderr).toContain("did you mean 'tool'?");
      expect(ran.stderr).toContain(`${file}:4:10: error: expected '"' at the end of the text`);
      expect(ran.stderr).toContain(`${file}:5:7: error: ${root}/tmp/nowhere: no such file`);
      expect(ran.stderr).toContain(`${file}:6:8: error: there is no variable NO_SUCH_VARIABLE`);
    }
    expect(xh(root, 'install', 'tool', '--answer', join(root, 'none')).status).toBe(2);
    expect(xh(root, 'install', 'tool', '--answer', join(root, 'tmp')).status).toBe(2);
    writeFileSync(file, '"a" b\n');
    const several = xh(root, 'install', '--all', '--answer', file);
    expect(several.stderr).toContain(':1:1: error: for which package is this answer?');
    expect(xhDone(root, 'install', 'tool', '--answer', file, '--dry-run').stdout).toMatch(/^run /);
    expect(readdirSync(join(root, 'tmp'))).toEqual(['answers']);
    expect(xhDone(root, 'help', 'answers').stdout).toContain('[PACKAGE]');
  });
});

test('an ordinary user has scripts run as himself, asked and answered, by set-id programs too', () => {
  const root = scriptedSite();
  const copy = copyProgram(temporaryDirectory(), 'xh.cjs', true);
  chmodSync(join(copy, '../../..'), 0o755);
  scriptedPackage(root, 'tool', 'id -un; echo $HOME; read a; su root -c true; echo "su: $?"');
  scriptedPackage(root, 'other', 'true', { '.admin/Options': 'run-as = root\n' });
  const file = join(root, 'tmp/answers');
  writeFileSync(file, '"/" ""\n"assword:" secret not the right one\n');
  expect(spawnSync('chown', ['-R', 'daemon:daemon', root]).status).toBe(0);
  const asDaemon = (...words: readonly string[]): Ran =>
    spawnSync(process.execPath, [copy, ...words], {
      uid: 1,
      gid: 1,
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], XH_ROOT: root, NO_COLOR: '1' },
    });
  const ran = asDaemon('install', '--answer', file, 'tool');
  expect(`${ran.status} ${ran.stderr}`).toMatch(/^0 /);
  const text = transcripts(root).get('tool.install') ?? '';
  expect(said(text)).toEqual([
    'daemon',
    '/usr/sbin',
    '',
    'Password: ',
    'su: Authentication failure',
    'su: 1',
  ]);
  expect(text).not.toContain('not the right one');
  const refused = asDaemon('install', 'other');
  expect(refused.status).toBe(4);
  expect(refused.stderr).toContain('runs as root, which only root may choose');
}, 30_000);

test('transcripts are for their owner, are named by info and history, and as many are kept as configured', () => {
  const root = scriptedSite();
  writeFileSync(join(root, 'etc/xhier.toml'), 'keep-transcripts = 2\n');
  scriptedPackage(root, 'tool', 'echo to out; echo to err >&2');
  scriptedPackage(root, 'tool.install', 'true');
  xhDone(root, 'install', 'tool.install');
  for (let i = 0; i < 3; i++) {
    xhDone(root, 'install', 'tool');
    xhDone(root, 'uninstall', 'tool');
  }
  const log = join(root, '.software/local/.admin/log');
  const names = readdirSync(log).filter((name) => name.includes('Z'));
  const counts = names.map((name) => name.replace(/\.\d{8}T.*/, '')).toSorted();
  expect(counts).toEqual([
    'tool.install',
    'tool.install',
    'tool.install.install',
    'tool.uninstall',
    'tool.uninstall',
  ]);
  for (const name of names) expect(statSync(join(log, name)).mode & 0o777).toBe(0o600);
  const newest =
    names
      .filter((name) => name.startsWith('tool.uninstall'))
      .toSorted()
      .at(-1) ?? '';
  expect(xhDone(root, 'info', 'tool').stdout).toContain(`log/${newest}\n`);
  expect(JSON.parse(xhDone(root, 'info', 'tool', '--json').stdout)).toMatchObject({
    transcript: `/.software/local/.admin/log/${newest}`,
  });
  expect(xhDone(root, 'history', '7').stdout).toContain(
    `tool/.admin/Install uninstall, transcript /.software/local/.admin/log/${newest}\n`,
  );
  const text = transcripts(root).get('tool.install') ?? '';
  expect(said(text, /^out$/)).toEqual(['to out']);
  expect(said(text, /^err$/)).toEqual(['to err']);
  expect(text).toMatch(
    /^# package {6}tool\n# command {6}\S+\/tool\/\.admin\/Install install\n# started {6}\d{4}-\d\d-\d\dT[\d:.]+Z\n# directory {4}\S+\/tool\n# account {6}nobody \(user 65534, group 65534, groups 65534\)\n# terminal {5}none\n# time limit {3}1800 s\n# environment {2}PATH=/,
  );
  expect(text).toMatch(/\n# ended {8}with 0 after \d+\.\d{3} s\n$/);
});
