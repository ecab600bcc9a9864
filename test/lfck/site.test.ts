import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { architecture } from '../../src/site/arch.ts';
import { xhDone } from '../e2e/xh.ts';
import { freshMaster, lfck, report, UID, type Account, type Master, type Row } from './master.ts';

const HERE: string = architecture();

/** A site whose packages have accounts, but for one. */
function depot(): Master {
  const site = freshMaster('nsu_tex (,jane,)\n');
  const make = (directory: string, owner: Account, options = ''): void => {
    const share = `.software/share/${directory}`;
    const arch = `.software/arch/${directory}`;
    site.plant({
      [`${share}/.admin/Maintainer`]: { content: 'ann@example.org\n' },
      [`${share}/.admin/Options`]: { content: options },
      [`${share}/doc/manual`]: { size: 100_000 },
      [`${share}/bin`]: { target: site.at(`${arch}/bin`) },
      [`${arch}/bin/prog`]: { size: 50_000, mode: 0o755 },
      [`${arch}/lib/libprog.so`]: { size: 20_000 },
      [`.software/local/${directory}/logs/log`]: { size: 9_000 },
    });
    own(site, directory, UID[owner]);
  };
  make('tex', 'tex', 'version = 3.14\n');
  make('emacs-29.1', 'emacs', 'version = 29.1\n');
  make('xterm', 'x11', 'owner = x11\n');
  make('tools', 'root');
  mkdirSync(site.at('.software/local/.admin'));
  site.plant({
    software: { target: site.at('.software/share') },
    '.software/share/emacs': { target: 'emacs-29.1' },
    '.software/share/.admin': { target: site.at('.software/local/.admin') },
  });
  return site;
}

/** Gives all of a package to an account. */
function own(site: Master, directory: string, uid: number): void {
  for (const type of readdirSync(site.at('.software'))) {
    const path = site.at(`.software/${type}/${directory}`);
    if (existsSync(path)) execFileSync('chown', ['-Rh', String(uid), path]);
  }
  execFileSync('sync', ['-f', site.path]);
}

function look(site: Master, ...words: readonly string[]): ReturnType<typeof report> {
  return report(['--root', site.path, ...words]);
}

/** Own and exported bytes of a row, by architecture. */
function cells(rows: readonly Row[], owner: string): Record<string, readonly [number, number]> {
  const row = rows.find((each) => each.owner === owner);
  return Object.fromEntries(
    (row?.architectures ?? []).map((each) => [each.architecture, [each.own, each.exported]]),
  );
}

function du(site: Master, ...paths: readonly string[]): number {
  const text = execFileSync('du', ['-sc', '-B512', ...paths.map((path) => site.at(path))]);
  return Number(/^(\d+)\ttotal$/m.exec(text.toString())?.[1]) * 512;
}

/** What each suspect is said to be, by its path below the site. */
function said(site: Master, ...words: readonly string[]): Record<string, readonly string[]> {
  const { suspects = [] } = look(site, ...words);
  return Object.fromEntries(
    suspects.map(({ path, suspected, evidence }) => [
      path.slice(site.path.length + 1),
      [suspected?.owner ?? '?', ...evidence.map(({ text }) => text)],
    ]),
  );
}

describe('lfck without arguments', () => {
  test('looks at the site: what hosts share is exported, what is local is not', () => {
    const site = depot();
    const { owners } = look(site).usage;
    expect(cells(owners, 'tex')).toEqual({
      share: [du(site, '.software/local/tex'), du(site, '.software/share/tex')],
      [HERE]: [0, du(site, '.software/arch/tex')],
    });
    expect(cells(owners, 'x11')[HERE]).toEqual([0, du(site, '.software/arch/xterm')]);
    const { totals } = look(site, '--usage').usage;
    const types = readdirSync(site.at('.software')).map((type) => `.software/${type}`);
    expect(totals.total).toBe(du(site, ...types));
  });

  test('looks at homes of packages, objects, and packages that stand elsewhere', () => {
    const site = depot();
    site.plant({
      'home/tex': { owner: 'tex', directory: true },
      'home/tex/tex.web': { owner: 'tex', size: 300_000 },
      'obj/sun4/tex.o': { owner: 'tex', size: 70_000 },
      // nobody's, and nobody's concern
      'home/jane': { owner: 'jane', directory: true },
      'home/jane/thesis': { owner: 'jane', size: 400_000 },
    });
    mkdirSync(site.at('disk2'));
    renameSync(site.at('.software/share/xterm'), site.at('disk2/xterm'));
    symlinkSync(site.at('disk2/xterm'), site.at('.software/share/xterm'));
    const { owners } = look(site).usage;
    expect(cells(owners, 'tex')).toEqual({
      share: [du(site, '.software/local/tex', 'home/tex'), du(site, '.software/share/tex')],
      [HERE]: [0, du(site, '.software/arch/tex')],
      sun4: [du(site, 'obj/sun4/tex.o'), 0],
    });
    expect(cells(owners, 'x11')['share']).toEqual([
      du(site, '.software/local/xterm'),
      du(site, 'disk2/xterm'),
    ]);
    expect(owners.map(({ owner }) => owner)).not.toContain('jane');
    expect(said(site)).toEqual({});
  });

  test('has a column for each architecture that is stored', () => {
    const site = depot();
    writeFileSync(site.at('etc/xhier.toml'), 'arch-store = "/export/arch"\n');
    mkdirSync(site.at('export/arch'), { recursive: true });
    renameSync(site.at('.software/arch'), site.at(`export/arch/${HERE}`));
    symlinkSync(site.at(`export/arch/${HERE}`), site.at('.software/arch'));
    site.plant({ 'export/arch/our-own-cpu/tex/bin/tex': { owner: 'tex', size: 60_000 } });
    const { owners } = look(site).usage;
    expect(cells(owners, 'tex')).toMatchObject({
      [HERE]: [0, du(site, `export/arch/${HERE}/tex`)],
      'our-own-cpu': [0, du(site, 'export/arch/our-own-cpu/tex/bin/tex')],
    });
    // the same from above, by its real name
    expect(cells(look(site, site.at('export')).usage.owners, 'tex')).toHaveProperty('our-own-cpu');
  });

  test('does the same for one part of the site, and for other trees that are named', () => {
    const site = depot();
    const { owners } = look(site, site.at('software/tex')).usage;
    expect(cells(owners, 'tex')).toEqual({ share: [0, du(site, 'software/tex/')] });
    // who names what is exported has named all of it
    const named = look(site, '--export', site.at('.software/arch'), site.at('.software/share'));
    expect(cells(named.usage.owners, 'tex')).toEqual({
      share: [du(site, '.software/share/tex'), 0],
      [HERE]: [0, du(site, '.software/arch/tex')],
    });
  });

  test('does not look at owners where no package has an account', () => {
    const site = depot();
    for (const each of ['tex', 'emacs-29.1', 'xterm']) own(site, each, 0);
    writeFileSync(site.at('etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
    const { status, stdout, stderr } = lfck(['--root', site.path]);
    expect(stdout).toMatch(/^root +\|/m);
    expect(stderr).toContain('owners were not looked at');
    expect(status).toBe(0);
  });
});

describe("a package's file in the depot", () => {
  test("is the package's: by its Options, its directory or its name", () => {
    const site = depot();
    site.plant({
      '.software/share/tex/doc/new': 'jane',
      '.software/share/emacs-29.1/doc/new': 'root',
      '.software/arch/xterm/bin/new': { owner: 1234 },
    });
    expect(said(site)).toEqual({
      '.software/share/tex/doc/new': [
        'tex',
        'it stands in package tex',
        'jane maintains tex (netgroup nsu_tex)',
      ],
      '.software/share/emacs-29.1/doc/new': ['emacs', 'it stands in package emacs-29.1'],
      '.software/arch/xterm/bin/new': ['x11', 'it stands in package xterm'],
    });
    expect(lfck(['--root', site.path, '--fix', '--yes']).status).toBe(0);
    expect(statSync(site.at('.software/share/emacs-29.1/doc/new')).uid).toBe(UID.emacs);
    expect(said(site)).toEqual({});
  });

  test("is root's where the package has no account, and nobody else's", () => {
    const site = depot();
    site.plant({ '.software/share/tools/doc/new': 'jane' });
    expect(said(site)).toEqual({
      '.software/share/tools/doc/new': [
        '?',
        'it stands in package tools, which has no account of its own',
      ],
    });
  });

  test('stays what the package is, its directories too', () => {
    const site = depot();
    execFileSync('chown', ['0', site.at('.software/arch/tex'), site.at('.software/arch/tex/bin')]);
    expect(Object.keys(said(site))).toEqual(['.software/arch/tex', '.software/arch/tex/bin']);
  });
});

describe('what a package has put on the host', () => {
  /** Packages of xh's own making, installed. */
  function installed(...names: readonly string[]): Master {
    const site = freshMaster();
    for (const name of names) {
      mkdirSync(site.at(`stage/${name}/lib`), { recursive: true });
      writeFileSync(site.at(`stage/${name}/lib/lib${name}.so`), '');
      xhDone(site.path, 'mkpkg', name, '--from', site.at(`stage/${name}`));
    }
    rmSync(site.at('stage'), { recursive: true });
    for (const name of names) own(site, name, name === 'tex' ? UID.tex : UID.emacs);
    xhDone(site.path, 'install', ...names);
    return site;
  }

  test('is told by its receipt; links that xh has made are in order, and so are its records', () => {
    const site = installed('tex');
    const link = 'usr/local/lib/libtex.so';
    expect(existsSync(site.at(link))).toBe(true);
    expect(said(site, site.at('usr'))).toEqual({});
    expect(said(site)).toEqual({});
    // where `..` leads only the file system knows: from a link to where that leads
    expect(said(site, `${site.path}/software/..`)).toEqual({});
    lchownSync(site.at(link), UID.joe, 0);
    expect(said(site, site.at('usr'))).toEqual({ [link]: ['tex', 'it is in the receipt of tex'] });
  });

  test('by a receipt that is damaged is told, and the others count', () => {
    const site = installed('tex', 'emacs');
    const links = ['usr/local/lib/libemacs.so', 'usr/local/lib/libtex.so'];
    for (const each of links) lchownSync(site.at(each), 1234, 0);
    writeFileSync(site.at('.software/local/.admin/receipts/emacs.json'), '{"format":');
    const { suspects = [], problems } = look(site, site.at('usr/local'));
    expect(suspects.map(({ suspected }) => suspected?.owner)).toEqual([undefined, 'tex']);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('the receipt of emacs cannot be read'),
    ]);
  });
});
