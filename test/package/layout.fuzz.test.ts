import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { dirname, join, normalize } from '../../src/bytes/path.ts';
import {
  SKELETON,
  currentLinkTarget,
  linkTarget,
  packageLayout,
  placePath,
  publicPath,
  type LayoutEntry,
} from '../../src/package/layout.ts';
import { fileTypeSorter } from '../../src/site/file-types.ts';

const site = { root: b`/tmp/site` };

function place(text: string): { type: Bytes; directory: Bytes; path: Bytes } {
  const [type = '', directory = '', ...path] = text.split('/');
  return { type: bytes(type), directory: bytes(directory), path: bytes(path.join('/')) };
}

test.each([
  // inside one package and one type: relative
  ['share/foo/man/man1/bar.1', 'share/foo/man/man1/foo.1', 'foo.1'],
  ['share/foo/man/de/man1/foo.1', 'share/foo/man/man1/foo.1', '../../man1/foo.1'],
  ['share/foo/x', 'share/foo/data/x', 'data/x'],
  ['arch/foo/lib/libfoo.so', 'arch/foo/lib/libfoo.so.1', 'libfoo.so.1'],
  // from one type to another: absolute through the type
  ['share/foo/bin', 'arch/foo/bin', '/tmp/site/.software/arch/foo/bin'],
  ['share/foo/logs', 'local/foo/logs', '/tmp/site/.software/local/foo/logs'],
  ['arch/foo/bin/run', 'share/foo/data/run', '/tmp/site/.software/share/foo/data/run'],
  // from outside, another package included: absolute through /software
  ['outside', 'arch/foo/bin/foo', '/tmp/site/software/foo/bin/foo'],
  ['outside', 'share/foo-1.2/man/man1/foo.1', '/tmp/site/software/foo-1.2/man/man1/foo.1'],
  ['share/bar/data/x', 'share/foo/data/x', '/tmp/site/software/foo/data/x'],
  ['outside', 'share/foo/', '/tmp/site/software/foo'],
])('a link at %s to %s says %s', (from, to, target) => {
  const at = from === 'outside' ? 'outside' : place(from);
  expect(linkTarget(site, at, place(to))).toBe(target);
});

test('at the site root / links carry nothing in front', () => {
  const root = { root: b`/` };
  expect(linkTarget(root, 'outside', place('arch/foo/bin/foo'))).toBe('/software/foo/bin/foo');
  expect(linkTarget(root, place('share/foo/bin'), place('arch/foo/bin'))).toBe(
    '/.software/arch/foo/bin',
  );
});

test('the current version is a neighbour', () => {
  expect(currentLinkTarget(b`foo-1.2`)).toBe('foo-1.2');
});

test('a relative link leads where it should, wherever the tree stands', () => {
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
    .map((parts) => bytes(parts.join('/')));
  fc.assert(
    fc.property(path, path, (from, to) => {
      const at = { ...place('arch/foo/'), path: from };
      const target = linkTarget(site, at, { ...at, path: to });
      const tree = b`/somewhere/else`;
      expect(normalize(join(dirname(join(tree, from)), target))).toBe(join(tree, to));
    }),
  );
});

function laidOut(
  entries: readonly LayoutEntry[],
  rules: readonly [string, string][] = [],
): string[] {
  const typeOf = fileTypeSorter(
    rules.map(([glob, type]) => ({ glob: bytes(glob), type: bytes(type) })),
  );
  const layout = packageLayout(site, b`foo`, entries, typeOf);
  return [
    ...layout.directories.map(({ type, path }) => `${type} ${path}/`),
    ...layout.files.map(({ type, path }) => `${type} ${path}`),
    ...layout.links.map(({ path, target }) => `${path} -> ${target.replace('/tmp/site', '')}`),
  ];
}

const file = (path: string): LayoutEntry => ({ path: bytes(path), kind: 'file' });

test('a new package has its directories in the trees of their types, and links to them', () => {
  expect(laidOut(SKELETON)).toEqual([
    'share /',
    'share .admin/',
    'arch /',
    'arch bin/',
    'share data/',
    'share doc/',
    'share export/',
    'share include/',
    'arch lib/',
    'local /',
    'local logs/',
    'arch maintenance/',
    'share man/',
    'share man/man1/',
    'arch servers/',
    'bin -> /.software/arch/foo/bin',
    'lib -> /.software/arch/foo/lib',
    'logs -> /.software/local/foo/logs',
    'maintenance -> /.software/arch/foo/maintenance',
    'servers -> /.software/arch/foo/servers',
  ]);
});

test('a package for all architectures has real directories but for its logs', () => {
  const rules = ['/bin', '/lib', '/maintenance', '/servers'].map(
    (glob) => [glob, 'share'] as [string, string],
  );
  expect(laidOut(SKELETON, rules).filter((line) => !line.startsWith('share'))).toEqual([
    'local /',
    'local logs/',
    'logs -> /.software/local/foo/logs',
  ]);
});

test('a directory of mixed types is real, with a link for each thing that is not shared', () => {
  expect(laidOut([file('bin/tool'), file('bin/script.sh')], [['*.sh', 'share']])).toEqual([
    'share /',
    'share bin/',
    'arch /',
    'arch bin/',
    'share bin/script.sh',
    'arch bin/tool',
    'bin/tool -> /.software/arch/foo/bin/tool',
  ]);
  expect(laidOut([file('data/x/y.db'), file('data/readme')], [['*.db', 'spool']])).toContain(
    'data/x/y.db -> /.software/spool/foo/data/x/y.db',
  );
});

test('a directory inside a tree of another type needs no link of its own', () => {
  expect(
    laidOut([file('lib/foo/a.so'), file('lib/b.so')]).filter((line) => line.includes('->')),
  ).toEqual(['lib -> /.software/arch/foo/lib']);
});

test('every file can be reached by its own path through the links', () => {
  const path = fc
    .array(fc.constantFrom('bin', 'lib', 'data', 'x', 'y.so', 'logs'), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.join('/'));
  const rules = fc.array(
    fc.tuple(
      fc.constantFrom('*.so', 'x', '/data', 'bin/*', '**/lib'),
      fc.constantFrom('arch', 'share', 'spool'),
    ),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 8 }), rules, (paths, given) => {
      const files = paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`)));
      const typeOf = fileTypeSorter(
        given.map(([glob, type]) => ({ glob: bytes(glob), type: bytes(type) })),
      );
      const layout = packageLayout(site, b`foo`, files.map(file), typeOf);
      const links = new Map(layout.links.map((link) => [placePath(site, link), link.target]));
      const real = new Set(layout.files.map((each) => placePath(site, each)));
      for (const each of layout.files) {
        expect(each.type).toBe(typeOf(each.path));
        let at = placePath(site, { ...each, type: b`share`, path: b`` });
        for (const part of each.path.split('/')) {
          at = join(at, bytes(part));
          at = links.get(at) ?? at;
        }
        expect(real.has(at)).toBe(true);
        expect(layout.directories.map((made) => placePath(site, made))).toContain(dirname(at));
      }
      expect(layout.files.map((each) => each.path).toSorted()).toEqual(files.toSorted());
    }),
    { numRuns: 3000 },
  );
});

test('places have a path of their own and a public one', () => {
  const at = place('arch/foo/bin/x');
  expect([placePath(site, at), publicPath(site, at)]).toEqual([
    '/tmp/site/.software/arch/foo/bin/x',
    '/tmp/site/software/foo/bin/x',
  ]);
});
