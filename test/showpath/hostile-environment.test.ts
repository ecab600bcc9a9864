/** The caller's environment is not ours: options, functions, variables, locale, directory. */
import { readFileSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { line, makeCommand, makeFile, makeHost, scratch } from './hosts.ts';
import { command, runScript, SCRIPT_SHELL_NAMES, showpath, SHOWPATH } from './shells.ts';

const host = makeHost();
const standard = [adminPath(host, b`bins/bin`), host.vendor('usr/bin'), host.vendor('bin')];

/** Every variable that the script itself uses. */
const OWN_VARIABLES = new Set(
  [...readFileSync(SHOWPATH, 'utf8').matchAll(/(?:^|[\s({])([a-z_]+)=/gm)].map(([, name]) => name),
);

const gcc = join(host.root, b`software/gcc/bin`);
const asked = { code: 0, out: line(gcc, ...standard), err: '' };

describe.each(SCRIPT_SHELL_NAMES)('under %s', (shell) => {
  const ask = (env: Record<string, string>, cwd = '/') =>
    showpath(shell, [b`--root`, host.root, b`gcc`, b`standard*`], { env, cwd });

  test('variables of the caller that are named as ours do not leak in', () => {
    expect(OWN_VARIABLES.size).toBeGreaterThan(30);
    const env = [...OWN_VARIABLES].map((name): [string, string] => [name ?? '', '1 /tmp *']);
    expect(ask(Object.fromEntries<string>(env))).toEqual(asked);
    expect(ask({ xhier_path_table: 'element standard\nlines 1' })).toEqual(asked);
  });

  test('shell options, modes and variables of the caller do not matter', () => {
    expect(ask({ POSIXLY_CORRECT: '1' })).toEqual(asked);
    expect(
      ask({ IFS: '/:abcs', CDPATH: '/usr:/tmp', OLDPWD: '/tmp', ENV: '/nonexistent' }),
    ).toEqual(asked);
    expect(ask({ GLOBIGNORE: '*', LC_ALL: 'C.UTF-8' })).toEqual(asked);
    expect(
      ask({
        BASH_VERSION: '5',
        ZSH_VERSION: '5',
        KSH_VERSION: 'MIRBSD',
        PS4: '$(echo x)',
      }),
    ).toEqual(asked);
    for (const option of ['errexit', 'nounset', 'noglob', 'noclobber', 'allexport', 'posix']) {
      expect(ask({ SHELLOPTS: option })).toEqual(asked);
    }
    for (const option of ['failglob', 'nullglob', 'nocasematch', 'nocaseglob', 'extglob']) {
      expect(ask({ BASHOPTS: option })).toEqual(asked);
    }
  });

  test('functions that the caller exports are not called', () => {
    const bad = '() { echo bad; }';
    expect(
      ask({
        'BASH_FUNC_cd%%': bad,
        'BASH_FUNC_printf%%': bad,
        'BASH_FUNC_read%%': bad,
        'BASH_FUNC_warn%%': bad,
        'BASH_FUNC_main%%': bad,
      }),
    ).toEqual(asked);
  });

  test('a PATH with nothing or the wrong things on it: no other program is needed', () => {
    const traps = scratch();
    for (const name of ['test', '[', 'printf', 'cat', 'sed', 'ls', 'dirname', 'element', 'x']) {
      makeFile(join(traps, bytes(name)), b`#!/bin/sh\necho trapped\n`, 0o755);
    }
    for (const path of ['', '.', '/nonexistent', traps])
      expect(ask({ PATH: path }, traps)).toEqual(asked);
    expect(ask({ HOME: '' })).toEqual(asked);
  });

  test('files in the working directory are not looked at', () => {
    const here = scratch();
    for (const name of ['a', 'b', '-n', '-f', 'bin user standard', 'element', 'path-table']) {
      makeCommand(join(here, bytes(name)));
    }
    expect(ask({}, here)).toEqual(asked);
    const ran = showpath(shell, [b`--root`, host.root, b`*`], { cwd: here });
    expect(ran).toEqual({ code: 0, out: line(...standard), err: '' });
  });

  test('standard input is not read, and closed files are no reason to fail', () => {
    const show = command(shell, [b`--root`, host.root]);
    const ran = runScript(
      ['/bin/sh'],
      b`printf 'kept\\n' | { ${show}; cat; }\n${show} <&-\n${show} 2>&-\n${show} nosuch 2>&-\n`,
    );
    const out = line(...standard);
    expect(ran).toEqual({ code: 0, out: `${out}kept\n${out}${out}${out}`, err: '' });
  });

  test('output that cannot be written is a failure', () => {
    const show = command(shell, [b`--root`, host.root]);
    expect(runScript(['/bin/sh'], b`${show} > /dev/full\n`).code).toBe(1);
  });

  test('symbolic links to the site root and to the program', () => {
    const link = join(scratch(), b`site`);
    symlinkSync(host.root, link);
    const ran = showpath(shell, [b`--root`, link, b`standard`]);
    expect(ran).toEqual({ code: 0, out: line(...standard), err: '' });
    expect(showpath(shell, [b`--root`, link, b`gcc`]).out).toBe(
      line(join(link, b`software/gcc/bin`)),
    );
  });

  test('a site root that cannot stand on a path leaves the vendor', () => {
    for (const odd of ['a:b', 'a\nb']) {
      const root = join(scratch(), odd as Bytes);
      makeHost([], root);
      const ran = showpath(shell, [b`--root`, root, b`gcc`, b`standard`]);
      expect(ran.code).toBe(0);
      expect(ran.out).not.toContain(odd);
    }
  });
});
