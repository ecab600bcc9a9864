/** `xh farm`, `xh prefer --import`, `--adopt`, `xh symlinks` and `xh autolink`, and the caches of the farms. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { program, snapshot, xh, xhDone } from './xh.ts';

const ADMIN = '.software/local/.admin';

/** Two packages with a vi, one of them preferred by its priority. */
function twoEditors(): string {
  const { path: root } = freshSite();
  makePackage(root, 'nvi', { 'bin/vi': command('nvi'), 'man/man1/vi.1': '.TH VI 1\n' });
  makePackage(root, 'vim', { '.admin/Options': 'priority = 60\n', 'bin/vi': command('vim') });
  xhDone(root, 'install', 'nvi', 'vim');
  return root;
}

describe('xh farm', () => {
  test('lists every link with its package and who else has the name', () => {
    const root = twoEditors();
    expect(xhDone(root, 'farm').stdout).toBe(
      `/${ADMIN}/bins/bin/vi    vim (also in nvi)\n/${ADMIN}/man/man1/vi.1  nvi\n`,
    );
    expect(xhDone(root, 'farm', '--class', 'man').stdout).toContain('vi.1');
    expect(xhDone(root, 'farm', 'nothing').stdout).toBe('');
    expect(JSON.parse(xhDone(root, 'farm', '--json', '--class=bin').stdout)).toEqual([
      {
        path: `/${ADMIN}/bins/bin/vi`,
        class: 'bin',
        package: 'vim',
        target: join(root, 'software/vim/bin/vi'),
        losers: ['nvi'],
      },
    ]);
  });

  test('--why tells why a link is what it is, or why there is none', () => {
    const root = twoEditors();
    expect(xhDone(root, 'farm', '--why', 'vi').stdout).toContain('priority 60, the highest');
    const top = makePackage(root, 'game', {
      '.admin/Options': 'default = no\n',
      'bin/rogue': command('rogue'),
    });
    writeFiles(top, { 'bin/readme': 'x\n', 'doc/manual': 'x\n' });
    chmodSync(join(top, 'bin/readme'), 0o644);
    xhDone(root, 'install', 'game');
    const why = (name: string): string => {
      const { status, stdout, stderr } = xh(root, 'farm', '--why', name);
      expect(status).toBe(1);
      return stdout + stderr;
    };
    expect(why('rogue')).toContain('game has bin/rogue: it is no default package here');
    expect(why('manual')).toContain('that is no place whose files are linked');
    expect(why('nonsense')).toContain('no installed package has anything called nonsense');
    writeFileSync(join(top, '.admin/Options'), '');
    xhDone(root, 'install', 'game');
    expect(why('readme')).toContain('it cannot be executed');
  });

  test('check is silent when all is right, and tells each thing that is wrong with its remedy', () => {
    const root = twoEditors();
    expect(xhDone(root, 'farm', 'check')).toMatchObject({ stdout: '', stderr: '' });
    rmSync(bins(root, 'vi'));
    symlinkSync(join(root, 'software/gone/bin/x'), bins(root, 'dangling'));
    symlinkSync(join(root, 'software/vim/bin/vi'), bins(root, 'stray'));
    writeFileSync(bins(root, 'foreign'), 'mine\n');
    const page = join(root, ADMIN, 'man/man1/vi.1');
    rmSync(page);
    symlinkSync(join(root, 'software/vim/bin/vi'), page);
    const checked = xh(root, 'farm', 'check', '--json');
    expect(checked.status).toBe(1);
    const findings = JSON.parse(checked.stdout) as { kind: string; path: string; remedy: string }[];
    expect(Object.fromEntries(findings.map(({ kind, path }) => [kind, path]))).toEqual({
      missing: `/${ADMIN}/bins/bin/vi`,
      dangling: `/${ADMIN}/bins/bin/dangling`,
      stray: `/${ADMIN}/bins/bin/stray`,
      foreign: `/${ADMIN}/bins/bin/foreign`,
      wrong: `/${ADMIN}/man/man1/vi.1`,
    });
    expect(findings.every(({ remedy }) => remedy !== '')).toBe(true);
    const before = snapshot(root);
    expect(xh(root, 'farm', 'check').stdout).toContain('leads nowhere');
    expect(snapshot(root)).toEqual(before);
    // what it says will help does
    rmSync(bins(root, 'foreign'));
    rmSync(bins(root, 'stray'));
    xhDone(root, 'make-links');
    expect(xhDone(root, 'farm', 'check').stdout).toBe('');
  });
});

describe('preferences of another host', () => {
  test('are printed by one and set by the other, with the links that follow', () => {
    const one = twoEditors();
    xhDone(one, 'prefer', 'vi', 'nvi');
    const exported = xhDone(one, 'prefer', '--json').stdout;
    const other = twoEditors();
    xhDone(other, 'prefer', 'ls', 'vim');
    const file = join(other, 'etc/preferences');
    writeFileSync(file, exported);
    xhDone(other, 'prefer', '--import', file);
    expect(readlinkSync(bins(other, 'vi'))).toContain('/nvi/');
    expect(xhDone(other, 'prefer').stdout).toBe('ls  vim\nvi  nvi\n');
    // again: nothing
    expect(xhDone(other, 'prefer', '--import', file, '--json').stdout).toBe('{}\n');
    writeFileSync(file, '[{"name":"ex","package":"elvis"}]');
    expect(xhDone(other, 'prefer', '--import', file).stderr).toContain(
      'ex: elvis is not in the depot; it has the name when it comes',
    );
  });

  test.each([
    ['not json', '{', 'standard input'],
    ['not a list', '{}', 'not a list'],
    ['an entry without a package', '[{"name":"vi"}]', 'the entry 1 has no name, or no package'],
    ['a package name that is none', '[{"name":"vi","package":"../x"}]', 'no package name'],
  ])('%s: exit 2, and nothing is set', (_, text, message) => {
    const { path: root } = freshSite();
    const file = join(root, 'etc/list');
    writeFileSync(file, text);
    const refused = xh(root, 'prefer', '--import', file);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(message === 'standard input' ? file : message);
    expect(existsSync(join(root, ADMIN, 'preferences.json'))).toBe(false);
  });
});

test('--adopt shows what differs and changes nothing; with --yes it is taken into the package', () => {
  const { path: root } = freshSite();
  makePackage(root, 'tool', { 'bin/tool': '#!/bin/sh\necho theirs\n', 'bin/own': command('own') });
  mkdirSync(bins(root), { recursive: true });
  writeFileSync(bins(root, 'tool'), '#!/bin/sh\necho mine\n');
  writeFileSync(bins(root, 'own'), command('own'));
  const before = snapshot(root);
  const refused = xh(root, 'install', 'tool', '--adopt');
  expect(refused.status).toBe(3);
  expect(refused.stderr).toContain('-echo theirs');
  expect(refused.stderr).toContain('+echo mine');
  expect(refused.stderr).toContain('--adopt --yes');
  for (const [path, what] of before) expect(snapshot(root).get(path)).toBe(what);
  const shown = xhDone(root, 'install', 'tool', '--adopt', '--yes', '--dry-run').stdout;
  expect(shown).toContain('+echo mine');
  xhDone(root, 'install', 'tool', '--adopt', '--yes');
  expect(readFileSync(join(root, 'software/tool/bin/tool'), 'utf8')).toContain('echo mine');
  expect(readlinkSync(bins(root, 'own'))).toContain('/software/tool/bin/own');
  expect(xhDone(root, 'install', 'tool').stderr).toContain('nothing to do');
});

test('the dry run says exactly what the run does', () => {
  const root = twoEditors();
  makePackage(root, 'elvis', {
    '.admin/Options': 'priority = 90\n',
    'bin/vi': command('elvis'),
    'bin/elvis': command('elvis'),
    'include/elvis/e.h': 'x\n',
  });
  interface Change {
    readonly op: string;
    readonly path: string;
    readonly bookkeeping?: boolean;
  }
  const seen = ({ op, path }: Change): string => `${op} ${path}`;
  const plan = JSON.parse(xhDone(root, 'install', 'elvis', '--dry-run', '--json').stdout) as {
    readonly changes: readonly Change[];
  };
  xhDone(root, 'install', 'elvis');
  const done = JSON.parse(
    readFileSync(join(root, ADMIN, 'generations/2.json'), 'utf8'),
  ) as typeof plan;
  expect(done.changes.map(seen)).toEqual(plan.changes.map(seen));
});

test('xh symlinks and xh autolink make links, show them first, and say where a file is wrong', () => {
  const { path: root } = freshSite();
  const [links, layers] = [join(root, 'etc/symlinks'), join(root, 'etc/autolink')];
  writeFileSync(links, '/eng /n/data5/eng\nfred /homedirs/fred\n');
  const dry = xhDone(root, 'symlinks', links, '--dry-run', '--directory', '/u').stdout;
  expect(dry).toContain(`link /eng → ${root}/n/data5/eng`);
  expect(existsSync(join(root, 'eng'))).toBe(false);
  xhDone(root, 'symlinks', links, '--directory', '/u');
  expect(readlinkSync(join(root, 'u/fred'))).toBe(join(root, 'homedirs/fred'));
  expect(xhDone(root, 'symlinks', links, '--directory', '/u').stderr).toContain('nothing to do');
  writeFileSync(links, '/eng /n/data5/eng extra words\n');
  const wrong = xh(root, 'symlinks', links);
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain(`${links}:1:25`);
  expect(xh(root, 'symlinks', join(root, 'etc/none')).status).toBe(1);
  mkdirSync(join(root, 'apps1/TeX'), { recursive: true });
  writeFileSync(layers, '/apps /${WHERE}\n');
  const ran = program('xh.cjs', root, ['autolink', layers], { WHERE: 'apps1' });
  expect(ran.stderr).toContain('(generation 2)');
  expect(readlinkSync(join(root, 'apps/TeX'))).toBe(join(root, 'apps1/TeX'));
  xhDone(root, 'rollback', '0');
  expect(readdirSync(root).toSorted()).toEqual(['.software', 'apps1', 'etc', 'software']);
});

describe('caches of the farms', () => {
  /** A site on which refresh commands run, with tools of our own that say when they are called. */
  function site(tools: Readonly<Record<string, string>>): { root: string; path: string } {
    const { path: root } = freshSite();
    writeFiles(root, { 'etc/xhier.toml': `refresh-on = ["${root}"]\n` });
    writeFiles(
      root,
      Object.fromEntries(Object.entries(tools).map(([name, text]) => [`bin/${name}`, text])),
    );
    return { root, path: `${root}/bin:/usr/bin:/bin` };
  }
  const log = '#!/bin/sh\necho "$0 $*" >> "$XH_ROOT/called"\n';
  const called = (root: string): string[] =>
    existsSync(join(root, 'called'))
      ? readFileSync(join(root, 'called'), 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.replace(/^\S*\//, ''))
      : [];

  test('are made once a transaction, each only when its links have changed', () => {
    const { root, path } = site({ mandb: log, 'install-info': log, 'update-mime-database': log });
    for (const name of ['a', 'b']) {
      makePackage(root, name, {
        [`man/man1/${name}.1`]: '.TH\n',
        [`share/mime/packages/${name}.xml`]: '<x/>\n',
      });
    }
    makePackage(root, 'c', { 'bin/c': command('c') });
    const done = (...args: string[]): void => {
      rmSync(join(root, 'called'), { force: true });
      const { status, stderr } = program('xh.cjs', root, args, {
        PATH: `${path}:${process.env['PATH'] ?? ''}`,
      });
      expect([status, stderr]).toEqual([0, expect.not.stringContaining('warning')]);
    };
    done('install', 'a', 'b');
    expect(called(root)).toEqual([
      `mandb --quiet --user-db ${root}/${ADMIN}/man`,
      `update-mime-database ${root}/${ADMIN}/share/mime`,
    ]);
    done('install', 'a', 'b');
    expect(called(root)).toEqual([]);
    done('install', 'c');
    expect(called(root)).toEqual([]);
  });

  test('an info directory is made of the documents, and goes with the last of them', () => {
    const tool =
      '#!/bin/sh\nfor w; do case $w in --dir-file=*) d=${w#*=};; *) f=$w;; esac; done\necho "$f" >> "$d"\n';
    const { root, path } = site({ 'install-info': tool });
    makePackage(root, 'a', { 'info/a.info': 'a\n', 'info/dir': 'own\n' });
    makePackage(root, 'b', { 'share/info/b.info.gz': 'b\n' });
    const environment = { PATH: `${path}:${process.env['PATH'] ?? ''}` };
    const done = (...args: string[]): void =>
      expect(program('xh.cjs', root, args, environment)).toMatchObject({ status: 0 });
    done('install', 'a', 'b');
    const info = join(root, ADMIN, 'info');
    expect(readFileSync(join(info, 'dir'), 'utf8')).toBe(`${info}/a.info\n${info}/b.info.gz\n`);
    expect(program('xh.cjs', root, ['farm', 'check'], environment).stdout).toBe('');
    done('uninstall', 'a');
    expect(readFileSync(join(info, 'dir'), 'utf8')).toBe(`${info}/b.info.gz\n`);
    done('uninstall', 'b');
    expect(existsSync(info)).toBe(false);
  });

  test('a tool that fails is a warning with what to do; all else is done', () => {
    const { root, path } = site({ mandb: '#!/bin/sh\necho broken >&2\nexit 3\n' });
    makePackage(root, 'a', { 'man/man1/a.1': '.TH\n' });
    const ran = program('xh.cjs', root, ['install', 'a'], { PATH: path });
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain('failed: broken');
    expect(ran.stderr).toMatch(/run it yourself: XH_ROOT=\S+ sh -c 'd=/);
    expect(existsSync(join(root, ADMIN, 'man/man1/a.1'))).toBe(true);
  });
});
