/** What is read of manual pages, in both macro packages. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { debianPackages } from '../debian.ts';
import { temporaryDirectory } from '../site.ts';
import { bytes, fromBuffer, toText, type Bytes } from '../../src/bytes/bytes.ts';
import { pageDescription, pageName, pageText } from '../../src/package/man-page.ts';

function said(...lines: readonly string[]): string | undefined {
  const found = pageDescription(bytes(lines.join('\n')));
  return found === undefined ? undefined : toText(found);
}

describe('the description of a page', () => {
  test.each([
    ['man(7)', ['.TH TAR 1', '.SH NAME', 'tar \\- an archiving utility', '.SH SYNOPSIS', 'x - y']],
    ['a heading in quotes', ['.SH "NAME"', 'tar \\- an archiving utility']],
    ['words in fonts', ['.SH NAME', '\\fBtar\\fR \\- an \\fIarchiving\\fP utility']],
    ['a macro for the name', ['.SH NAME', '.B tar', '\\- an archiving', 'utility', '.SH X']],
    ['a comment in it', ['.SH NAME', '.\\" not this - one', 'tar \\- an archiving utility\\" no']],
    ['mdoc(7)', ['.Dd x', '.Sh NAME', '.Nm tar', '.Nd an archiving utility', '.Sh X']],
    ['a long dash', ['.SH NAME', 'tar \\(em an archiving utility']],
    ['an en dash of UTF-8', ['.SH NAME', 'tar – an archiving utility']],
  ])('is found with %s', (_, lines) => {
    expect(said(...lines)).toBe('an archiving utility');
  });

  test.each([
    ['nothing', []],
    ['no NAME section', ['.SH SYNOPSIS', 'tar - x']],
    ['a link to another page', ['.so man1/tar.1']],
    ['a name alone', ['.SH NAME', 'tar']],
    ['nothing behind the dash', ['.SH NAME', 'tar \\-']],
  ])('is undefined for %s', (_, lines) => {
    expect(said(...lines)).toBeUndefined();
  });

  test('is what man-db reads in real pages', () => {
    const directory = temporaryDirectory();
    for (const file of debianPackages(['manpages', 'moreutils', 'screen', 'gawk'])) {
      expect(spawnSync('dpkg-deb', ['-x', file, directory]).status).toBe(0);
    }
    const files = ['man1', 'man5', 'man7'].flatMap((section) => {
      const at = join(directory, 'usr/share/man', section);
      return readdirSync(at, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => join(at, name));
    });
    expect(files.length).toBeGreaterThan(150);
    const judged = spawnSync('lexgrog', files, { encoding: 'utf8' }).stdout.split('\n');
    const known = new Map<string, string>();
    for (const line of judged) {
      const [, file, text] = /^(\S+): "\S+ - (.*)"$/.exec(line) ?? [];
      if (file !== undefined && text !== undefined && !known.has(file)) known.set(file, text);
    }
    expect(known.size).toBeGreaterThan(150);
    const letters = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '');
    const different = [...known].flatMap(([file, text]) => {
      const ours = pageDescription(fromBuffer(gunzipSync(readFileSync(file))));
      const read = ours === undefined ? 'nothing' : toText(ours);
      return letters(read).startsWith(letters(text)) ? [] : [`${file}: '${read}', not '${text}'`];
    });
    expect(different).toEqual([]);
  });

  test('never fails, whatever a page holds', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '.SH NAME',
        '.Sh NAME',
        '.Nm x',
        '.Nd y',
        'a \\- b',
        '\\',
        '.',
        "'",
        '\\f',
        '\\[',
        '.SH "',
      ),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const page = bytes(lines.join('\n'));
        const found = pageDescription(page);
        expect(found === undefined || found.length > 0).toBe(true);
        expect(typeof pageText(page)).toBe('string');
      }),
    );
  });

  test('is found at once in a page that was made to keep us busy', () => {
    const page = `.SH NAME\n${'\\f'.repeat(200_000)}${'\\['.repeat(200_000)}${' -'.repeat(200_000)}`;
    expect(pageDescription(page as Bytes)).toBeDefined();
  });
});

test.each([
  ['tar.1', 'tar', '1'],
  ['tar.1.gz', 'tar', '1'],
  ['git-log.1', 'git-log', '1'],
  ['systemd.unit.5.xz', 'systemd.unit', '5'],
  ['curses.3ncurses.gz', 'curses', '3ncurses'],
])('%s is the page %s of section %s', (file, name, section) => {
  expect(pageName(bytes(file))).toEqual({ name, section });
});

test('the words of a page are without what is for the formatter', () => {
  const page = [
    '.TH X 1',
    '.SH OPTIONS',
    '.TP',
    '.B \\-v, \\-\\-verbose',
    'Say \\fImore\\fR.',
    '.br',
  ];
  expect(pageText(bytes(page.join('\n')))).toBe('OPTIONS\n-v, --verbose\nSay more.');
});
