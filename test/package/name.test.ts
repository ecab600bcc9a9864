import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { XhError } from '../../src/message/error.ts';
import {
  packageDirectory,
  packageNameProblem,
  parsePackageDirectory,
  parseRequest,
  printRequest,
  validatePackageName,
  validateVersion,
  versionProblem,
} from '../../src/package/name.ts';

test.each([
  ['foo', 'foo', undefined],
  ['foo-1.2', 'foo', '1.2'],
  ['foo-bar-1.2.3', 'foo-bar', '1.2.3'],
  ['bash-5.2.15-2+b2', 'bash', '5.2.15-2+b2'],
  ['gcc-12', 'gcc', '12'],
  ['gcc-12-12.2.0-14', 'gcc-12', '12.2.0-14'],
  ['linux-image-6.1.0-13-amd64', 'linux-image', '6.1.0-13-amd64'],
  ['font-7x14-1.0', 'font-7x14', '1.0'],
  ['foo-1.0.0-rc1', 'foo', '1.0.0-rc1'],
  ['foo-20240101', 'foo', '20240101'],
  ['g++', 'g++', undefined],
  ['g++-12', 'g++', '12'],
  ['x11', 'x11', undefined],
  ['foo-', 'foo-', undefined],
  ['foo-bar', 'foo-bar', undefined],
  ['foo-v1', 'foo-v1', undefined],
])('the directory %s is package %s, version %s', (directory, name, version) => {
  expect(parsePackageDirectory(bytes(directory))).toEqual(
    version === undefined ? { name } : { name, version },
  );
});

test.each([
  ['libglib2.0-0', '2.74.6-2', 'libglib2.0-0'],
  ['libglib2.0-0-2.74.6-2', '2.74.6-2', 'libglib2.0-0'],
  ['gcc-12', '12.2.0', 'gcc-12'],
  ['bash-5.2', '1:5.2', 'bash'],
  ['-1.0', '1.0', '-1.0'],
])(
  'with Options that say so, the directory %s in version %s is package %s',
  (directory, version, name) => {
    expect(parsePackageDirectory(bytes(directory), bytes(version))).toEqual({ name, version });
  },
);

test.each([
  ['', 'it is empty'],
  ['.', "it begins with '.'"],
  ['..', "it begins with '.'"],
  ['.admin', "it begins with '.'"],
  ['-rf', "it begins with '-'"],
  ['~root', "it begins with '~'"],
  ['a/b', "it contains '/'"],
  ['a\0b', "it contains '\\x00'"],
  ['a\nb', "it contains '\\n'"],
  ['a b', "it contains ' '"],
  ['a:b', "it contains ':'"],
  ['a@b', "it contains '@'"],
  ['a=b', "it contains '='"],
  ["a'b", "it contains '''"],
  ['a*', "it contains '*'"],
  ['a'.repeat(256), 'it has more than 255 bytes'],
])('%j is no package name: %s', (name, problem) => {
  expect(packageNameProblem(name as Bytes)).toBe(problem);
  expect(() => {
    validatePackageName(name as Bytes);
  }).toThrow(XhError);
});

test('names may have letters of any script, digits, and + - . _ ~ inside', () => {
  for (const name of ['foo', 'g++', 'libstdc++6', 'x.y_z~1-2', '7zip', 'größe', '_']) {
    expect([name, packageNameProblem(bytes(name))]).toEqual([name, undefined]);
  }
});

test('a version may have an epoch, which its directory leaves out', () => {
  expect(versionProblem(bytes('1:2.3-4'))).toBeUndefined();
  expect(versionProblem(bytes('a:1'))).toBe("it contains ':'");
  expect(versionProblem(bytes('1:'))).toBe("it contains ':'");
  expect(packageDirectory(bytes('foo'), bytes('1:2.3-4'))).toBe('foo-2.3-4');
  expect(() => {
    validateVersion(bytes('1/2'));
  }).toThrow("'1/2' is no version: it contains '/'");
});

test('a request is NAME or NAME@RANGE', () => {
  expect(parseRequest(bytes('foo'))).toEqual({ name: 'foo' });
  expect(parseRequest(bytes('foo-1.2'))).toEqual({ name: 'foo-1.2' });
  expect(parseRequest(bytes('foo@>=1 <2'))).toEqual({ name: 'foo', range: '>=1 <2' });
  expect(() => parseRequest(bytes('foo@'))).toThrow("expected a version range after '@'");
  expect(() => parseRequest(bytes('@1'))).toThrow('it is empty');
  expect(() => parseRequest(bytes('../foo'))).toThrow("it begins with '.'");
});

const names = fc
  .string({ unit: fc.constantFrom(...'ab1+._~-'.split('')), minLength: 1, maxLength: 10 })
  .filter((name) => packageNameProblem(bytes(name)) === undefined)
  .map((name) => bytes(name));
const versions = fc
  .string({ unit: fc.constantFrom(...'012a.+~:-'.split('')), minLength: 1, maxLength: 10 })
  .filter((version) => versionProblem(bytes(version)) === undefined)
  .map((version) => bytes(version));

test('a directory made of a name and a version comes apart into them, knowing the version', () => {
  fc.assert(
    fc.property(names, versions, (name, version) => {
      const directory = packageDirectory(name, version);
      expect(packageNameProblem(directory)).toBeUndefined();
      expect(parsePackageDirectory(directory, version)).toEqual({ name, version });
    }),
  );
});

test('a request reads back as it was printed', () => {
  fc.assert(
    fc.property(names, fc.option(versions), (name, range) => {
      const request = range === null ? { name } : { name, range };
      expect(parseRequest(printRequest(request))).toEqual(request);
    }),
  );
});
