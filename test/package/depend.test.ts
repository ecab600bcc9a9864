import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { XhError } from '../../src/message/error.ts';
import { bestCandidate } from '../../src/package/candidate.ts';
import { dependents, installOrder, type Dependent } from '../../src/package/depend.ts';
import { nameIndex } from '../../src/package/newest.ts';
import { parseDependencies } from '../../src/package/dependencies.ts';
import { parsePackageDirectory } from '../../src/package/name.ts';
import { parseRange } from '../../src/package/range.ts';

/** `foo-1.2*: bar ^2, ?baz`: a package; `*` makes it current. */
function depot(...descriptions: readonly string[]): readonly Dependent[] {
  return descriptions.map((description) => {
    const [head = '', needs = ''] = description.split(':');
    const directory = bytes(head.replace('*', ''));
    const parsed = parsePackageDirectory(directory);
    return {
      directory,
      ...parsed,
      current: head.endsWith('*') || parsed.name === directory,
      dependencies: parseDependencies(
        b`Dependencies`,
        bytes(needs.replaceAll(',', '\n').replaceAll('/', ':')),
      ),
    };
  });
}

function order(packages: readonly Dependent[], ...wanted: readonly string[]): string {
  const requests = wanted.map((text) => {
    const [name = '', range] = text.split('@');
    return { name: bytes(name), ...(range !== undefined && { range: parseRange(bytes(range)) }) };
  });
  try {
    return installOrder(nameIndex(packages), requests)
      .order.map(({ directory }) => directory)
      .join(' ');
  } catch (error) {
    if (error instanceof XhError) return `${error.code}: ${error.message} (${error.remedy ?? ''})`;
    throw error;
  }
}

test('what a package needs comes before it, in the order of its file', () => {
  const packages = depot('tex: gnu, x11', 'x11: libs', 'gnu: libs', 'libs', 'other');
  expect(order(packages, 'tex')).toBe('libs gnu x11 tex');
  expect(order(packages, 'other', 'x11', 'x11')).toBe('other libs x11');
});

test('of several versions the chosen one, then the current, then the newest that fits is taken', () => {
  const packages = depot(
    'lib-1.0*',
    'lib-1.5',
    'lib-2.0',
    'lib-3.0-rc1',
    'a: lib',
    'c: lib ^1.2',
    'd: lib >=2',
    'e: lib ^3.0.0-rc',
  );
  expect(order(packages, 'a')).toBe('lib-1.0 a');
  expect(order(packages, 'c')).toBe('lib-1.5 c');
  expect(order(packages, 'd')).toBe('lib-2.0 d');
  expect(order(packages, 'lib-1.5', 'a')).toBe('lib-1.5 a');
  // side by side where it must be
  expect(order(packages, 'c', 'd')).toBe('lib-1.5 c lib-2.0 d');
  expect(order(packages, 'lib@>1')).toBe('lib-2.0');
  expect(order(packages, 'lib-2.0', 'lib')).toBe('lib-2.0 lib-1.0');
});

test('a prerelease is taken only when there is no release', () => {
  expect(bestCandidate(depot('a-1.0', 'a-2.0-rc1', 'a-1.1'), { name: b`a` })?.directory).toBe(
    'a-1.1',
  );
  expect(bestCandidate(depot('a-2.0-rc1', 'a-2.0-rc2'), { name: b`a` })?.directory).toBe(
    'a-2.0-rc2',
  );
  expect(bestCandidate(depot('a-1.0~dfsg', 'a-0.9'), { name: b`a` })?.directory).toBe('a-1.0~dfsg');
});

test('an optional package brings nothing in, but goes first when it is there', () => {
  const packages = depot('a: ?z, ?gone, ?old ^9', 'z', 'old-1.0');
  expect(order(packages, 'a')).toBe('a');
  expect(order(packages, 'a', 'z', 'old')).toBe('z a old-1.0');
});

test('an optional package never makes a cycle', () => {
  expect(order(depot('a: ?c', 'c: a'), 'a', 'c')).toBe('a c');
  expect(order(depot('a: ?c', 'c: ?a'), 'a', 'c')).toBe('c a');
});

test("the host's own things are told, and never in the way", () => {
  const packages = depot('a: system/libc6 >=2.36, c', 'c: ?system/perl');
  const { system } = installOrder(nameIndex(packages), [{ name: b`a` }]);
  expect(
    system.map((need) => [need.package, need.dependency.name, need.dependency.optional]),
  ).toEqual([
    ['c', 'perl', true],
    ['a', 'libc6', false],
  ]);
});

test('a cycle is told as a chain', () => {
  expect(order(depot('a: c', 'c: d', 'd: c'), 'a')).toBe(
    "E_DEPENDENCY_CYCLE: packages need each other: c → d → c (make one of these dependencies optional ('?NAME'), or take one out)",
  );
  expect(order(depot('a: a'), 'a')).toContain('a → a');
});

test('what is missing is told with the chain that leads there, and the nearest name', () => {
  expect(order(depot('a: c', 'c: gnu ^1', 'gnue'), 'a')).toBe(
    "E_DEPENDENCY_MISSING: a → c → gnu ^1: there is no package 'gnu' (did you mean 'gnue'?)",
  );
  expect(order(depot('a: libc6'), 'a')).toBe(
    "E_DEPENDENCY_MISSING: a → libc6: there is no package 'libc6' (add the package, or write 'system:libc6' in a/.admin/Dependencies when the host has it)",
  );
});

test('a version that is not there is told with those that are', () => {
  expect(order(depot('a: lib ^3', 'lib-1.0', 'lib-2.0'), 'a')).toBe(
    "E_DEPENDENCY_VERSION: a → lib ^3: no version of 'lib' is in '^3' (there is 2.0, 1.0)",
  );
  expect(order(depot('lib-1.0', 'lib-2.0'), 'lib@^3')).toBe(
    "E_NO_VERSION: no version of 'lib' is in '^3' (there is 2.0, 1.0)",
  );
  expect(order(depot('a: lib ^3', 'lib'), 'a')).toContain('there is lib (without a version)');
});

test('everything that is wrong is told at once', () => {
  expect(order(depot('a: c, d', 'e: f'), 'a', 'e', 'nix')).toBe(
    "E_NO_PACKAGE: there is no package 'nix'\na → c: there is no package 'c'\na → d: there is no package 'd'\ne → f: there is no package 'f' ('xh list' names those that are there\nadd the package, or write 'system:c' in a/.admin/Dependencies when the host has it\nadd the package, or write 'system:d' in a/.admin/Dependencies when the host has it\nadd the package, or write 'system:f' in e/.admin/Dependencies when the host has it)",
  );
});

test('a chain of ten thousand packages is no trouble', () => {
  const packages = depot(
    ...Array.from({ length: 10_000 }, (_, i) => (i === 9999 ? `p${i}` : `p${i}: p${i + 1}`)),
  );
  const names = order(packages, 'p0').split(' ');
  expect([names.length, names[0], names.at(-1)]).toEqual([10_000, 'p9999', 'p0']);
});

test('who needs a package', () => {
  const packages = depot('a: lib', 'c: lib ^2', 'd: ?lib', 'e: lib-1.0', 'lib-1.0');
  const lib = packages.at(-1);
  expect(lib && dependents(packages, lib).map(({ directory }) => directory)).toEqual(['a', 'e']);
});

test('any depot has an order that keeps every dependency, or a reason why not', () => {
  const names = ['a', 'c', 'd', 'e', 'f'];
  const needs = fc.uniqueArray(fc.constantFrom(...names, '?a', '?d', '?gone'), {
    maxLength: 3,
    selector: (each) => each.replace('?', ''),
  });
  fc.assert(
    fc.property(fc.tuple(needs, needs, needs, needs, needs), (all) => {
      const packages = depot(...names.map((name, i) => `${name}: ${(all[i] ?? []).join(',')}`));
      const result = order(packages, ...names);
      const placed = result.split(' ');
      const inOrder = packages.every(({ directory, dependencies }) =>
        dependencies.every(
          ({ name, optional }) =>
            optional || (placed.includes(name) && placed.indexOf(name) < placed.indexOf(directory)),
        ),
      );
      const isWhole =
        placed.length === names.length && names.every((name) => placed.includes(name));
      expect(/^E_DEPENDENCY_CYCLE: .* → /.test(result) || (isWhole && inOrder)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
