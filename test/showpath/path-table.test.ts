/** The path table as text, and that showpath reads from it what was written into it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, concat, slice, split, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { PACKAGE_DIRECTORIES, type PathDirectory } from '../../src/showpath/classes.ts';
import {
  readPathTable,
  renderPathTable,
  standardPathTable,
  unfitDirectories,
  type PathTable,
} from '../../src/showpath/pathTable.ts';
import { makeDirectory, makeFile, scratch, tablePath } from './hosts.ts';
import { command, runScript, SCRIPT_SHELL_NAMES, showpath } from './shells.ts';

const fileName = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((array) => String.fromCharCode(...array)),
    fc
      .array(fc.constantFrom(..."''\\\"$`*?[]{} \t\r!#~()<>|&;".split('')), {
        minLength: 1,
        maxLength: 8,
      })
      .map((list) => list.join('')),
  )
  .map((text) => text.replaceAll(/[/:\n\0]/g, '_') as Bytes)
  .filter((text) => text !== '.' && text !== '..');

const directories = fc.array(
  fc.record<PathDirectory>({
    class: fc.constantFrom('bin', 'man', 'x-1'),
    usedBy: fc.constantFrom('user', 'maintainer', 'program'),
    directory: fileName.map((text) => b`/${text}`),
  }),
  { maxLength: 6 },
);

const tables = fc
  .uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b-1', 'C.d', '9_+', 'standards'), directories }),
    { selector: (element) => element.name },
  )
  .chain((more) =>
    directories.map((standard): PathTable => ({
      elements: [{ name: 'standard', directories: standard }, ...more],
      packages: PACKAGE_DIRECTORIES,
    })),
  );

test('what is written is what is read', () => {
  fc.assert(
    fc.property(tables, (table) => {
      expect(readPathTable(renderPathTable(table))).toEqual(table);
    }),
  );
});

test('a table cut off anywhere is none', () => {
  fc.assert(
    fc.property(tables, fc.nat(), (table, at) => {
      const text = renderPathTable(table);
      expect(readPathTable(slice(text, 0, at % (text.length - 1)))).toBeUndefined();
    }),
  );
});

test('any bytes are a table or none, and never an error', () => {
  const text = renderPathTable(standardPathTable({ root: b`/` }, []));
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string(), (at, cut, put) => {
      const damaged = concat(slice(text, 0, at), bytes(put), slice(text, at + cut));
      expect([undefined, 'object']).toContain(
        readPathTable(damaged) === undefined ? undefined : 'object',
      );
    }),
  );
});

test('the table is text that an administrator can read', () => {
  const site = { root: b`/site` };
  const vendor: PathDirectory[] = [{ class: 'bin', usedBy: 'user', directory: b`/usr/bin` }];
  const lines = split(renderPathTable(standardPathTable(site, vendor)), '\n');
  expect(lines[0]).toBe('# xhier path table 1');
  expect(lines).toContain('bin user standard /site/.software/local/.admin/bins/bin');
  expect(lines).toContain('bin maintainer standard /site/.software/local/.admin/bins/maintenance');
  expect(lines).toContain('man user standard /site/software/.admin/man');
  expect(lines).toContain('bin user standard /usr/bin');
  expect(lines).toContain('package bin user bin');
});

test('directories that cannot stand on a path are left out and told', () => {
  const table: PathTable = {
    elements: [
      {
        name: 'standard',
        directories: [b`/a:b`, b`/c\nd`, b`/e`].map((directory) => ({
          class: 'bin',
          usedBy: 'user',
          directory,
        })),
      },
    ],
    packages: [],
  };
  expect(unfitDirectories(table)).toEqual(['/a:b', '/c\nd']);
  expect(readPathTable(renderPathTable(table))?.elements[0]?.directories).toEqual([
    { class: 'bin', usedBy: 'user', directory: '/e' },
  ]);
});

const element = (word: string): PathTable => ({
  elements: [
    { name: 'standard', directories: [] },
    { name: word, directories: [] },
  ],
  packages: [],
});

test('elements and classes that nobody could ask for are refused', () => {
  for (const word of ['', 'a b', 'a*', '-a', '.a', "a'", 'a/b', 'a\n', 'é']) {
    expect(() => renderPathTable(element(word))).toThrow(
      expect.objectContaining({ code: 'E_PATH_ELEMENT' }),
    );
  }
  for (const word of ['', 'Bin', 'a b', 'element', 'package', 'lines']) {
    const directory: PathDirectory = { class: word, usedBy: 'user', directory: b`/x` };
    expect(() =>
      renderPathTable({ elements: [{ name: 'standard', directories: [directory] }], packages: [] }),
    ).toThrow(expect.objectContaining({ code: 'E_PATH_CLASS' }));
  }
});

describe.each(SCRIPT_SHELL_NAMES)('under %s', (shell) => {
  test('showpath prints the directories of a table whatever their names', () => {
    fc.assert(
      fc.property(fc.array(fileName, { minLength: 40, maxLength: 40 }), (names) => {
        const parent = scratch();
        const made = [...new Set(names)].map((text) => makeDirectory(join(parent, text)));
        const table: PathTable = {
          elements: [
            {
              name: 'standard',
              directories: made.map((directory) => ({ class: 'bin', usedBy: 'user', directory })),
            },
          ],
          packages: [],
        };
        makeFile(tablePath({ root: parent }), renderPathTable(table));
        const ran = runScript(['/bin/sh'], b`${command(shell, [b`--root`, parent])}\n`);
        expect(ran).toEqual({ code: 0, out: `${made.join(':')}\n`, err: '' });
      }),
      { numRuns: 5 },
    );
  });
});

test('showpath by itself knows the farms and packages as the table has them', () => {
  const root = scratch();
  const site = { root };
  const table = standardPathTable(site, []);
  const entries = [
    ...(table.elements[0]?.directories ?? []),
    ...table.packages.map((entry) => ({
      ...entry,
      directory: join(root, b`software/foo/${entry.directory}`),
    })),
  ];
  for (const { directory } of entries) makeDirectory(directory);
  const ask = (name: string) =>
    showpath('dash', [
      b`--root`,
      root,
      b`class=${bytes(name)}`,
      b`usedby=maintainer,program`,
      b`standard`,
      b`foo`,
    ]);
  const inSite = (out: Bytes) => split(out, ':').filter((directory) => directory.startsWith(root));
  for (const name of new Set(entries.map((entry) => entry.class))) {
    const expected = entries.filter((entry) => entry.class === name);
    const ran = ask(name);
    expect(ran.err).toBe('');
    expect(inSite(ran.out.trim() as Bytes).toSorted()).toEqual(
      expected.map(({ directory }) => directory).toSorted(),
    );
  }
});
