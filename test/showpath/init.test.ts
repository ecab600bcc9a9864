/** The lines for rc files: `showpath --init SHELL`, evaluated at once or kept in a file. */
import { chmodSync, copyFileSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { b, bytes, concat, split, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { makeDirectory, makeHost, scratch, type Host } from './hosts.ts';
import { program, runScript, SHOWPATH, word, type Ran } from './shells.ts';

interface UserShell {
  readonly start: () => readonly string[];
  readonly evaluate: (showpath: Bytes) => Bytes;
  readonly source: (file: Bytes) => Bytes;
  readonly set: (variable: Bytes, value: Bytes) => Bytes;
  readonly init?: Bytes;
}

const bourne = {
  evaluate: (showpath: Bytes) => b`eval "$(${showpath})"\n`,
  source: (file: Bytes) => b`. ${file}\n`,
  set: (variable: Bytes, value: Bytes) => b`${variable}="${value}"; export ${variable}\n`,
};
const cshell = {
  evaluate: (showpath: Bytes) => b`eval \`${showpath}\`\n`,
  source: (file: Bytes) => b`source ${file}\n`,
  set: (variable: Bytes, value: Bytes) => b`setenv ${variable} "${value}"\n`,
};
const fish = {
  source: (file: Bytes) => b`source ${file}\n`,
  set: (variable: Bytes, value: Bytes) => b`set -gx ${variable} "${value}"\n`,
};

const USER_SHELLS: Readonly<Record<string, UserShell>> = {
  sh: { start: () => ['/bin/sh'], ...bourne },
  'sh -eu': { start: () => ['/bin/sh', '-eu'], init: b`sh`, ...bourne },
  bash: { start: () => [program('bash'), '--norc'], ...bourne },
  'bash with set -euC, an odd IFS and aliases': {
    start: () => [program('bash'), '--norc', '-euC'],
    init: b`bash`,
    ...bourne,
    evaluate: (showpath: Bytes) =>
      b`IFS=/:ash\nshopt -s expand_aliases\nalias test=false printf=false cat=false cd=false sh=false\neval "$(${showpath})"\n`,
  },
  zsh: { start: () => [program('zsh'), '-f'], ...bourne },
  'zsh -eu': { start: () => [program('zsh'), '-feu'], init: b`zsh`, ...bourne },
  'BSD csh': { start: () => [program('bsd-csh'), '-f'], init: b`csh`, ...cshell },
  tcsh: { start: () => [program('tcsh'), '-f'], ...cshell },
  'tcsh with noclobber, noglob, history and aliases': {
    start: () => [program('tcsh'), '-f'],
    init: b`tcsh`,
    ...cshell,
    evaluate: (showpath: Bytes) =>
      b`set noclobber noglob history=100\nalias test false\nalias printf false\nalias cd 'cd \\!*; false'\n${cshell.evaluate(showpath)}`,
  },
  'fish by eval': {
    start: () => [program('fish'), '--no-config'],
    init: b`fish`,
    evaluate: (showpath: Bytes) => b`eval (${showpath})\n`,
    ...fish,
  },
  'fish by source': {
    start: () => [program('fish'), '--no-config'],
    init: b`fish`,
    evaluate: (showpath: Bytes) => b`${showpath} | source\n`,
    ...fish,
  },
};

const host = makeHost();
const installed = join(scratch(), b`showpath`);
copyFileSync(SHOWPATH, installed);
chmodSync(installed, 0o755);

const farm = adminPath(host, b`bins/bin`);
const farms = (at: Host) => [adminPath(at, b`bins/bin`), at.vendor('usr/bin'), at.vendor('bin')];
const manuals = (at: Host) => [join(at.root, b`software/.admin/man`), at.vendor('man')].join(':');

describe.each(Object.entries(USER_SHELLS))('%s', (name, shell) => {
  const kind = shell.init ?? bytes(name);
  const init = (at: Host, ...args: readonly Bytes[]) =>
    [installed, b`--init`, kind, b`--root`, at.root, ...args].map(word).join(' ') as Bytes;
  /** The environment after each of `steps`. */
  const environments = (env: Readonly<Record<string, string>>, ...steps: readonly Bytes[]) => {
    const script = steps.map((step) => b`${step}/usr/bin/env\necho '===='\n`);
    const ran = runScript(shell.start(), concat(...script), { env });
    return { ran, after: split(ran.out, '====\n').slice(0, -1).map(variables) };
  };

  test('evaluated, gives PATH and MANPATH, and leaves nothing else behind', () => {
    const { ran, after } = environments({ PATH: '/own' }, b``, shell.evaluate(init(host)));
    expect(ran).toMatchObject({ code: 0, err: '' });
    const [before = {}, now = {}] = after;
    expect(now).toEqual({
      ...before,
      PATH: ['/own', ...farms(host)].join(':'),
      MANPATH: manuals(host),
      PKG_CONFIG_PATH: adminPath(host, b`pkgconfig`),
      ...('_' in now && { _: now['_'] }),
    });
  });

  test('evaluated twice it is the same as once, and what the user adds stays where it is', () => {
    const path = ['/first', ...farms(host), '/last', '/last/but one'].join(':');
    const again = shell.evaluate(init(host));
    const { ran, after } = environments(
      { PATH: `/first:${host.vendor('bin')}:/last:/last/but one:/last`, MANPATH: ':/own/man' },
      again,
      again,
      concat(shell.set(b`PATH`, b`/new:$PATH`), again),
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(after.map(({ PATH }) => PATH)).toEqual([path, path, `/new:${path}`]);
    expect(after.map(({ MANPATH }) => MANPATH)).toEqual(
      Array.from({ length: 3 }, () => `:/own/man:${manuals(host)}`),
    );
  });

  test('kept in a file, it follows what the host has when it is read', () => {
    const moving = makeHost();
    const rc = join(scratch(), b`rc`);
    const keep = runScript(['/bin/sh'], b`${init(moving)} > ${rc}\n`);
    expect(keep).toMatchObject({ code: 0, err: '' });
    rmSync(moving.vendor('bin'), { recursive: true });
    const { ran, after } = environments({ PATH: '/own' }, shell.source(rc), shell.source(rc));
    expect(ran).toMatchObject({ code: 0, err: '' });
    const path = ['/own', ...farms(moving).slice(0, -1)].join(':');
    expect(after.map(({ PATH }) => PATH)).toEqual([path, path]);
  });

  test('kept in a file, it does no harm where showpath is not', () => {
    const gone = join(scratch(), b`showpath`);
    copyFileSync(installed, gone);
    chmodSync(gone, 0o755);
    const rc = join(scratch(), b`rc`);
    runScript(['/bin/sh'], b`${gone} --init ${kind} > ${rc}\n`);
    rmSync(gone);
    const { ran, after } = environments({ PATH: '/own' }, shell.source(rc));
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(after[0]?.['PATH']).toBe('/own');
  });

  test('without a depot, PATH has the vendor and the user, and nothing else is touched', () => {
    const nowhere = makeDirectory(join(scratch(), b`empty`));
    const { ran, after } = environments(
      { PATH: '/own:/usr/bin:/also' },
      shell.evaluate(init({ ...host, root: nowhere })),
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(after[0]?.['PATH']).toMatch(
      /^\/own:(?:\/usr\/local\/bin:)?\/usr\/bin:(?:\/bin:)?\/also$/,
    );
    expect(after[0]).not.toHaveProperty('MANPATH');
  });

  test('maintainers, packages and directories of ones own', () => {
    const own = makeDirectory(join(scratch(), b`my bin`));
    const { ran, after } = environments(
      { PATH: '/own' },
      shell.evaluate(init(host, b`usedby=maintainer`, own, b`gcc`, b`standard`)),
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    const gcc = join(host.root, b`software/gcc`);
    expect(after[0]).toMatchObject({
      PATH: [
        b`/own`,
        own,
        join(gcc, b`bin`),
        join(gcc, b`maintenance`),
        farm,
        adminPath(host, b`bins/maintenance`),
        host.vendor('sbin'),
        host.vendor('usr/bin'),
        host.vendor('bin'),
      ].join(':'),
      MANPATH: `${join(gcc, b`man`)}:${manuals(host)}`,
    });
  });

  test('a site and directories with names of which nobody has thought', () => {
    const odd = makeHost(
      [],
      makeDirectory(join(scratch(), b`a  b*'"!?[x]{y,z}$HOME\`\\~#&;é\xff`)),
    );
    const own = b`/o w  n'"*?!$PATH\`x\`\\!!`;
    // the odd name reaches the user's shell in a script only: not every shell could have it typed
    const script = join(scratch(), b`ask`);
    runScript(
      ['/bin/sh'],
      b`cat > ${script} <<'END-OF-IT'\nexec ${init(odd)}\nEND-OF-IT\ncat > ${script}.env <<'END-OF-IT'\nPATH=${word(own)}:$PATH; export PATH; exec "$@"\nEND-OF-IT\n`,
    );
    const again = shell.evaluate(b`/bin/sh ${script}`);
    const ran = runScript(
      ['/bin/sh', `${script}.env`, ...shell.start()],
      b`${again}${again}/usr/bin/env\n`,
      { env: { LC_ALL: 'C.UTF-8' } },
    );
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(variables(ran.out)['PATH']).toBe([own, '/usr/bin', '/bin', ...farms(odd)].join(':'));
    expect(variables(ran.out)['MANPATH']).toBe(manuals(odd));
  });
});

const lines = (script: Bytes, cwd = '/'): Ran => runScript(['/bin/sh'], script, { cwd });

test('the lines name showpath as it was called: by a link that stays when versions change', () => {
  const link = join(scratch(), b`bin`);
  makeDirectory(link);
  symlinkSync(installed, join(link, b`showpath`));
  const absolute = lines(b`${link}/showpath --init sh\n`).out;
  expect(absolute).toContain(`'${link}/showpath' '--environment' 'sh'`);
  expect(lines(b`bin/showpath --init sh\n`, join(link, b`..`)).out).toContain(`/bin/showpath'`);
  expect(lines(b`PATH=${link}:$PATH; showpath --init sh\n`).out).toBe(absolute);
  expect(lines(b`sh showpath --init sh\n`, link).out).toBe(absolute);
});

test('an empty PATH becomes the standard one', () => {
  const show = b`${installed} --environment sh --root ${host.root}`;
  const path = b`PATH='${farms(host).join(':') as Bytes}'; export PATH;\n`;
  const ran = runScript(['/bin/sh'], b`PATH= exec ${show}\n`);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out.startsWith(path)).toBe(true);
});

test('a warning is given once, not once a variable', () => {
  const ran = runScript(['/bin/sh'], b`${installed} --environment sh nosuch standard\n`);
  expect(ran.err.match(/nosuch/g)).toHaveLength(1);
});

test('json is no shell', () => {
  expect(runScript(['/bin/sh'], b`${installed} --init bash --json\n`)).toMatchObject({
    code: 2,
    out: '',
  });
});

function variables(text: Bytes): Readonly<Record<string, Bytes>> {
  return Object.fromEntries(
    split(text, '\n')
      .filter((entry) => entry.includes('='))
      .map((entry) => {
        const cut = entry.indexOf('=');
        return [entry.slice(0, cut), entry.slice(cut + 1) as Bytes];
      }),
  );
}
