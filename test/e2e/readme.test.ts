/** `xh readme`: the READMEs of all packages in one document. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readmeDocument } from '../../src/depot/readme-document.ts';
import { readmeText } from '../../src/depot/readme.ts';
import { makePackage, type Files } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { xh, xhDone } from './xh.ts';

function depot(packages: Readonly<Record<string, Files>>): string {
  const { path: root } = freshSite();
  for (const [name, files] of Object.entries(packages)) makePackage(root, name, files);
  return root;
}

const OPTIONS =
  'version = 2.1\nsummary = lists directories\nhomepage = https://example.org/tree\nlicence = GPL-2.0\n';

interface Json {
  readonly directory: string;
  readonly readmes: readonly { readonly path: string; readonly text: string }[];
}

function entries(root: string, ...names: readonly string[]): readonly Json[] {
  return JSON.parse(xhDone(root, 'readme', '--json', ...names).stdout) as Json[];
}

describe('the document', () => {
  test('has a list of contents and every package with what it says of itself', () => {
    const root = depot({
      tree: { '.admin/Options': OPTIONS, README: 'Tree shows trees.\n' },
      bare: {},
    });
    const { stdout } = xhDone(root, 'readme');
    expect(stdout).toMatch(/^Software packages\n\n {2}bare\n {2}tree 2\.1 {2}lists directories\n/);
    expect(stdout).toMatch(
      /tree 2\.1\nlists directories\nHomepage: https:\/\/example\.org\/tree\nLicence: GPL-2\.0\nMaintainer: somebody@example\.org\n=+\n\n--- README\n\nTree shows trees\.\n/,
    );
    expect(stdout).toContain('It has no README.');
  });

  test('is written in one step, in the form that the name says', () => {
    const root = depot({ tree: { '.admin/Options': OPTIONS, 'README.md': '# Tree\n' } });
    const directory = temporaryDirectory();
    const html = join(directory, 'all.html');
    writeFileSync(html, 'old');
    chmodSync(html, 0o640);
    expect(xhDone(root, 'readme', '-o', html).stderr).toBe(`${html}: 1 package\n`);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!DOCTYPE html>/);
    const markdown = join(directory, 'all.md');
    xhDone(root, 'readme', '-o', markdown, '--title', 'Ours');
    expect(readFileSync(markdown, 'utf8')).toMatch(/^# Ours\n\n- \[tree 2\\\.1\]\(#pkg-tree\) — /);
    expect(readdirSync(directory).toSorted()).toEqual(['all.html', 'all.md']);
    const nowhere = join(directory, 'no/such/place.html');
    const refused = xh(root, 'readme', '-o', nowhere);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(join(directory, 'no/such'));
    expect(readdirSync(directory)).toHaveLength(2);
  });

  test('takes the place of the file that a link leads to, and of nothing that is no file', () => {
    const root = depot({ tree: {} });
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'real.html'), 'old');
    symlinkSync('real.html', join(directory, 'link.html'));
    xhDone(root, 'readme', '-o', join(directory, 'link.html'));
    expect(lstatSync(join(directory, 'link.html')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(directory, 'real.html'), 'utf8')).toContain('<title>');
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    for (const odd of ['/dev/stdout', '/dev/null', directory, join(directory, 'pipe')]) {
      expect(xh(root, 'readme', '-o', odd).status).toBe(2);
    }
    expect(lstatSync('/dev/stdout').isSymbolicLink()).toBe(true);
  });

  test('of the packages that are named', () => {
    const root = depot({ tree: {}, jq: {}, less: {} });
    expect(entries(root, 'jq', 'tree').map(({ directory }) => directory)).toEqual(['jq', 'tree']);
    expect(xh(root, 'readme', 'jp').stderr).toContain("did you mean 'jq'?");
  });
});

describe('a README', () => {
  test('is found where packages have it, packed or not, each text once', () => {
    const root = depot({
      a: { 'README.md': 'one', README: 'two', 'README.Debian': 'three' },
      b: { 'doc/readme.txt': 'of b' },
      c: { 'doc/c/README': 'of c', 'share/doc/c/README.copy': 'of c' },
      d: { 'share/doc/d/READMEANINGS': 'no', 'share/doc/d/x': 'no' },
    });
    const packed = join(root, 'software/d/share/doc/d/README.gz');
    writeFileSync(packed, gzipSync('of d'));
    const found = entries(root).map(({ readmes }) =>
      readmes.map(({ path, text }) => `${path}: ${text}`),
    );
    expect(found).toEqual([
      ['README: two', 'README.md: one', 'README.Debian: three'],
      ['doc/readme.txt: of b'],
      ['doc/c/README: of c'],
      ['share/doc/d/README.gz: of d'],
    ]);
  });

  test('that is no file, or damaged, is none, and holds nobody up', () => {
    const root = depot({ a: {}, b: {}, c: {}, d: {} });
    execFileSync('mkfifo', [join(root, 'software/a/README')]);
    mkdirSync(join(root, 'software/b/README'));
    symlinkSync('README', join(root, 'software/c/README'));
    writeFileSync(join(root, 'software/d/README.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 0]));
    expect(entries(root).flatMap(({ readmes }) => readmes)).toEqual([]);
  });

  test('that is a link may lead to anywhere in the depot, and to nowhere else', () => {
    const root = depot({ a: { 'doc/notes': 'of a', README: '→ doc/notes' }, b: {}, c: {} });
    const secret = join(temporaryDirectory(), 'secret');
    writeFileSync(secret, 'only for root');
    symlinkSync(secret, join(root, 'software/b/README'));
    symlinkSync(temporaryDirectory(), join(root, 'software/c/doc'));
    const found = entries(root).flatMap(({ readmes }) => readmes.map(({ text }) => text));
    expect(found).toEqual(['of a']);
  });

  test.each([
    ['UTF-8', Buffer.from('größe 日本'), 'größe 日本'],
    ['UTF-8 with a mark', Buffer.from('\ufeffgröße'), 'größe'],
    ['Latin-1', Buffer.from('gr\xf6\xdfe', 'latin1'), 'größe'],
    ['Windows-1252', Buffer.from('\x93quoted\x94 \x80', 'latin1'), '“quoted” €'],
    ['UTF-16', Buffer.from('\ufeffgröße', 'utf16le'), 'größe'],
    ['lines of DOS', Buffer.from('a\r\nb\r\n'), 'a\nb'],
    ['overstruck letters', Buffer.from('B\bBo\bold _\bx'), 'Bold x'],
    [
      'terminal escapes',
      Buffer.from('\u001b[1mbold\u001b[0m \u001b]0;x\u0007y\u009b31mz'),
      'bold 0;xy31mz',
    ],
    ['letters that turn the line around', Buffer.from('a\u202eb'), 'ab'],
  ])('in %s is read', (_, content, text) => {
    expect(readmeText(content)).toBe(text);
  });
});

describe('a hostile README', () => {
  const EVIL =
    '</pre><script>alert(1)</script><img src=x onerror=alert(1)> https://x.example/"onmouseover="a javascript:alert(1) <!-- & ]]>';

  test('is letters in the page, which forbids scripts besides', () => {
    const root = depot({
      evil: {
        '.admin/Options': `summary = </title><script>alert(2)</script>\nlicence = <b>"x"\n`,
        '.admin/Maintainer': '"<i>" <e@example.org>\n',
        README: EVIL,
      },
    });
    const { stdout } = xhDone(root, 'readme', '--format', 'html', '--title', '<script>');
    expect(stdout).not.toMatch(/<script|<img|<i>|<b>"|onmouseover="/);
    expect(stdout).toContain("default-src 'none'");
    expect(stdout).toContain('&#60;/pre&#62;&#60;script&#62;alert(1)');
  });

  test('has no say in the markup, whatever it is', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(
          fc.constantFrom(
            '<',
            '>',
            '"',
            "'",
            '&',
            '`',
            '```',
            '\n',
            'http://a',
            'b',
            '](',
            '#',
            ' ',
          ),
          { maxLength: 60 },
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (evil) => {
        const entry = {
          directory: evil,
          version: evil,
          summary: evil,
          homepage: evil,
          maintainers: [evil],
          readmes: [{ path: evil, text: evil }],
        };
        const html = readmeDocument([entry], 'html', evil);
        const tags = [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag);
        const known =
          /^<(?:!DOCTYPE html|html lang="en"|\/?(?:html|head|body|title|style|nav|h1|h2|h3|p|ol|li|b|span|main|section|dl|dt|dd|pre|a)|meta [^<>]*|nav aria-label="Packages"|section id="pkg-[\w.-]*"|p class="\w+"|a href="#pkg-[\w.-]*"|a href="https?:\/\/[^"<>\s]*" rel="noopener noreferrer")>$/;
        expect(tags.filter((tag) => !known.test(tag))).toEqual([]);
        const markdown = readmeDocument([entry], 'markdown', 'x');
        const fence = /^(`{3,})text$/m.exec(markdown)?.[1] ?? '';
        expect(evil.includes(fence)).toBe(false);
      }),
    );
  });
});
