/** `xh search`: packages found by words in names, summaries and manual pages. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { command, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { program, xh, xhDone } from './xh.ts';

/** A package with a summary and pages, each `name.section: description`. */
function pack(root: string, name: string, summary: string, pages: Record<string, string> = {}) {
  const top = makePackage(root, name, {
    '.admin/Options': `version = 1.0\nsummary = ${summary}\n`,
    [`bin/${name}`]: command(name),
  });
  for (const [file, text] of Object.entries(pages)) {
    const section = /\.(\w)/.exec(file)?.[1] ?? '1';
    const [page = ''] = file.split('.');
    const content = `.TH X ${section}\n.SH NAME\n${page} \\- ${text}\n.SH DESCRIPTION\nIt obeys XYZZY_${page}.\n`;
    mkdirSync(join(top, `man/man${section}`), { recursive: true });
    writeFileSync(
      join(top, `man/man${section}`, file),
      file.endsWith('.gz') ? gzipSync(content) : content,
    );
  }
  return top;
}

function someDepot(): string {
  const { path: root } = freshSite();
  pack(root, 'tree', 'lists directories', { 'tree.1': 'list contents in a tree-like format' });
  pack(root, 'treefrog', 'an amphibian');
  pack(root, 'forest', 'grows one tree after another', { 'grow.1': 'grow' });
  pack(root, 'street', 'a road with houses');
  pack(root, 'gzip', 'packs files', {
    'gzip.1.gz': 'compress or expand files',
    'gunzip.1.gz': 'compress or expand files',
  });
  return root;
}

/** Directories of what is found, in order. */
function found(root: string, ...words: readonly string[]): string[] {
  const ran = xh(root, 'search', '--json', ...words);
  return (JSON.parse(ran.stdout) as { package: string }[]).map((each) => each.package);
}

describe('what is found', () => {
  test('a package of that very name first, then beginnings, parts of names, summaries', () => {
    expect(found(someDepot(), 'tree')).toEqual(['tree', 'treefrog', 'street', 'forest']);
  });

  test('the package of a command, by its manual page, compressed or not', () => {
    const root = someDepot();
    expect(found(root, 'gunzip')).toEqual(['gzip']);
    expect(xhDone(root, 'search', 'gunzip').stdout).toMatch(
      /^ {2}gzip {2}1\.0 {2}packs files\n {6}gunzip\(1\) {2}compress or expand files\n$/,
    );
  });

  test('only what has all the words, in one page or in name and summary', () => {
    const root = someDepot();
    expect(found(root, 'LIST', 'Format')).toEqual(['tree']);
    expect(found(root, 'road houses')).toEqual(['street']);
    // one word in one page, the other in another
    expect(found(root, 'gunzip', 'grow')).toEqual([]);
  });

  test('with --full what stands anywhere in a page, with the line', () => {
    const root = someDepot();
    expect(found(root, 'xyzzy_tree')).toEqual([]);
    expect(found(root, 'xyzzy_tree', '--full')).toEqual(['tree']);
    expect(xhDone(root, 'search', '--full', 'xyzzy_tree').stdout).toContain('It obeys XYZZY_tree.');
  });

  test('whether it is installed: a star, and --installed', () => {
    const root = someDepot();
    xhDone(root, 'install', 'forest');
    expect(xhDone(root, 'search', 'tree').stdout).toMatch(/^\* forest/m);
    expect(found(root, 'tree', '--installed')).toEqual(['forest']);
    const ran = xh(root, 'search', 'street', '--installed');
    expect([ran.status, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain('not installed here');
  });

  test('the words are marked on a terminal, and nowhere else', () => {
    const root = someDepot();
    const coloured = program('xh.cjs', root, ['search', '--color', 'always', 'TREE'], {
      NO_COLOR: '',
    });
    expect(coloured.stdout).toContain('s\u001b[1m\u001b[36mtree\u001b[39m\u001b[22mt');
    expect(xhDone(root, 'search', 'TREE').stdout).not.toContain('\u001b');
  });
});

describe('what is not found', () => {
  test('is exit 1 with the nearest name, of a package or a command', () => {
    const root = someDepot();
    for (const [word, near] of [
      ['treefrgo', 'treefrog'],
      ['gunzpi', 'gunzip'],
    ] as const) {
      const ran = xh(root, 'search', word);
      expect([ran.status, ran.stdout]).toEqual([1, '']);
      expect(ran.stderr).toContain(`nothing is found for '${word}'`);
      expect(ran.stderr).toContain(`did you mean '${near}'?`);
    }
    expect(JSON.parse(xh(root, 'search', '--json', 'nowhere').stdout)).toEqual([]);
  });

  test('is nothing at all for blanks', () => {
    expect(xh(someDepot(), 'search', ' ').status).toBe(2);
    expect(xh(someDepot(), 'search').status).toBe(2);
  });

  test('in an empty depot, says that it is empty', () => {
    const { path: root } = freshSite();
    const ran = xh(root, 'search', 'tree');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('no packages yet');
  });
});

describe('a depot that is not well', () => {
  test('still is searched: damaged pages, pipes, directories, links in a circle, broken Options', () => {
    const { path: root } = freshSite();
    const top = pack(root, 'odd', 'has strange pages', { 'good.1': 'a good page' });
    const man = join(top, 'man/man1');
    writeFileSync(join(man, 'damaged.1.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
    writeFileSync(
      join(man, 'bytes.1'),
      Buffer.from('.SH NAME\nbytes \\- caf\xe9\u0007\n', 'latin1'),
    );
    execFileSync('mkfifo', [join(man, 'pipe.1')]);
    mkdirSync(join(man, 'directory.1'));
    symlinkSync('circle.1', join(man, 'circle.1'));
    writeFileSync(join(makePackage(root, 'broken'), '.admin/Options'), 'nonsense\n');
    expect(found(root, 'good')).toEqual(['odd']);
    expect(found(root, 'pipe')).toEqual(['odd']);
    expect(found(root, 'broken')).toEqual(['broken']);
    const { stdout } = xhDone(root, 'search', 'bytes');
    expect(stdout).toContain('caf\\xe9\\x07');
  });

  test('words that are no words of any language are words all the same', () => {
    const { path: root } = freshSite();
    pack(root, 'c++', 'a (strange) [name]* for größe', {});
    for (const word of ['C++', '(strange)', '[name]*', 'GRöße', '\\', '$&']) {
      const ran = program('xh.cjs', root, ['search', '--color', 'always', word], { NO_COLOR: '' });
      const isThere = !['\\', '$&'].includes(word);
      expect([word, ran.status]).toEqual([word, isThere ? 0 : 1]);
      expect(ran.stderr === '').toBe(isThere);
    }
  });
});
