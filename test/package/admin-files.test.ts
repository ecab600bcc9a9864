import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { parseDependencies, printDependencies } from '../../src/package/dependencies.ts';
import { parseFileTypes, printFileTypes } from '../../src/package/file-types.ts';
import { parseMaintainer, printMaintainer } from '../../src/package/maintainer.ts';
import { packageNameProblem } from '../../src/package/name.ts';
import { parseOptions, printOptions, type PackageOptions } from '../../src/package/options.ts';
import { OPTION_KEYS, type OptionValues } from '../../src/package/option-keys.ts';
import { parseRange } from '../../src/package/range.ts';
import { isTarget, parseTargets, printTargets } from '../../src/package/targets.ts';
import { diagnosed } from './diagnosed.ts';

const FILE = b`.admin/x`;

test('Maintainer: addresses, with and without names', () => {
  const text = '# who\njane@example.org\nJoe Doe <joe@example.org> # the other\n';
  const maintainers = parseMaintainer(FILE, bytes(text));
  expect(maintainers).toEqual([
    { address: 'jane@example.org' },
    { address: 'joe@example.org', name: 'Joe Doe' },
  ]);
  expect(parseMaintainer(FILE, printMaintainer(maintainers))).toEqual(maintainers);
});

test('Maintainer: what is no address, and no address at all', () => {
  expect(
    diagnosed(() => parseMaintainer(FILE, bytes('# x\njane@example.org joe@example.org\nj@\n'))),
  ).toBe(`.admin/x:2:17: error: expected one mail address a line
  2 | jane@example.org joe@example.org
    |                 ^~~~~~~~~~~~~~~~ write for example 'jane@example.org'
.admin/x:3:2: error: not a domain name
  3 | j@
    |  ^ write for example 'jane@example.org'`);
  expect(diagnosed(() => parseMaintainer(FILE, bytes('# nobody\n'))))
    .toBe(`.admin/x:1:1: error: expected a mail address: every package has a maintainer
  1 | # nobody
    | ^ write for example 'jane@example.org'`);
});

test('Dependencies: packages, ranges, optional ones, and what the host has', () => {
  const text = 'gnu\ntex >=3 <4\n?x11 ^11.6\nsystem:libc6:amd64 >=2.36-9\n';
  const dependencies = parseDependencies(FILE, bytes(text));
  expect(dependencies).toMatchObject([
    { kind: 'package', name: 'gnu', optional: false, line: 1 },
    { kind: 'package', name: 'tex', range: { text: '>=3 <4' }, optional: false, line: 2 },
    { kind: 'package', name: 'x11', range: { text: '^11.6' }, optional: true, line: 3 },
    { kind: 'system', name: 'libc6:amd64', range: { text: '>=2.36-9' }, optional: false, line: 4 },
  ]);
  expect(dependencies[0]).not.toHaveProperty('range');
  expect(printDependencies(dependencies)).toBe(text);
});

test('Dependencies: mistakes, with what to write instead', () => {
  const text = [
    'foo@^1.2',
    'foo (>= 1.2)',
    'foo>=1.2',
    'foo, bar',
    'foo bar',
    'foo >=1.2, <2',
    '? foo',
    'system:',
    'gnu',
    '?gnu',
    'tex >=1 \\',
    '  || ^1.2.3.4',
  ].join('\n');
  expect(diagnosed(() => parseDependencies(FILE, bytes(text)))).toBe(
    `.admin/x:1:1: error: expected the name of a package: it contains '@'
  1 | foo@^1.2
    | ^~~~~~~~ write 'foo ^1.2'
.admin/x:2:5: error: expected a range without parentheses
  2 | foo (>= 1.2)
    |     ^~~ write '>=1.2'
.admin/x:3:1: error: expected the name of a package: it contains '>'
  3 | foo>=1.2
    | ^~~~~~~~ write 'foo >=1.2'
.admin/x:4:1: error: expected the name of a package: it contains ','
  4 | foo, bar
    | ^~~~ one package a line
.admin/x:5:5: error: expected a version: it has no number
  5 | foo bar
    |     ^~~ one package a line
.admin/x:6:5: error: expected a blank between comparisons, not ','
  6 | foo >=1.2, <2
    |     ^~~~~~ write '>=1.2 <3'
.admin/x:7:2: error: expected the name of a package: it is empty
  7 | ? foo
    |  ^
.admin/x:8:8: error: expected the name of a package: it is empty
  8 | system:
    |        ^
.admin/x:10:1: error: named before, on line 9
  10 | ?gnu
     | ^~~~ write one line with both ranges
.admin/x:12:7: error: expected a semver version after '^'
  12 |   || ^1.2.3.4
     |       ^~~~~~~ write '>=1.2.3.4', perhaps with an upper bound`,
  );
});

test('Options: every value has its kind, and what is not given its default', () => {
  const text = `version = 1:2.3-4
summary = GNU C # a comment, \\# not this one
licence = GPL-3.0-or-later
homepage = https://www.example.org/#top
default = no
priority = 70
distribute = web* arch:linux-*&domain:example.org !web3
links = bin man
owner = bin
run-as = root
pty = yes
timeout = 10min
x-ours = what we like
`;
  const { values, extra, lines } = parseOptions(FILE, bytes(text));
  expect(values).toEqual({
    version: '1:2.3-4',
    summary: 'GNU C',
    licence: 'GPL-3.0-or-later',
    homepage: 'https://www.example.org/#top',
    default: false,
    priority: 70,
    distribute: {
      to: 'targets',
      targets: [
        { exclude: false, terms: [{ subject: 'any', glob: 'web*' }] },
        {
          exclude: false,
          terms: [
            { subject: 'arch', glob: 'linux-*' },
            { subject: 'domain', glob: 'example.org' },
          ],
        },
        { exclude: true, terms: [{ subject: 'any', glob: 'web3' }] },
      ],
    },
    links: { which: 'some', classes: ['bin', 'man'] },
    owner: 'bin',
    'run-as': 'root',
    pty: true,
    timeout: 600,
  });
  expect([...extra]).toEqual([['x-ours', 'what we like']]);
  expect(lines.get('timeout')).toBe(12);
  expect(parseOptions(FILE, b``).values).toEqual({
    default: true,
    priority: 50,
    distribute: { to: 'all' },
    links: { which: 'all' },
    pty: false,
    timeout: 1800,
  });
});

test('Options: all mistakes at once, with the nearest key', () => {
  const text = [
    'Version = 1',
    'license = MIT',
    'verbose = yes',
    'priority = 101',
    'default = true',
    'default = no',
    'pty = no',
    'pty = yes',
    'summary',
    'summary =',
    '= 1',
    'run as = root',
    'timeout = 10m',
    'homepage = www.example.org',
    'version = 1/2',
    'links = bin, man',
    'distribute = hst:web1',
    'owner = a b',
  ].join('\n');
  expect(diagnosed(() => parseOptions(FILE, bytes(text)))).toBe(
    `.admin/x:1:1: error: unknown option 'Version'
  1 | Version = 1
    | ^~~~~~~ did you mean 'version'?
.admin/x:2:1: error: unknown option 'license'
  2 | license = MIT
    | ^~~~~~~ did you mean 'licence'?
.admin/x:3:1: error: unknown option 'verbose'
  3 | verbose = yes
    | ^~~~~~~ known are version, summary, licence, homepage, default, priority, distribute, links, owner, run-as, pty, timeout; your own begin with 'x-'
.admin/x:4:12: error: expected a number from 0 to 100, not '101'
  4 | priority = 101
    |            ^~~
.admin/x:5:11: error: expected yes or no, not 'true'
  5 | default = true
    |           ^~~~
.admin/x:8:1: error: 'pty' is given before, on line 7
  8 | pty = yes
    | ^~~
.admin/x:9:8: error: expected 'key = value'
  9 | summary
    |        ^
.admin/x:10:9: error: expected text
  10 | summary =
     |         ^ write it, or make the line a comment with '#'
.admin/x:11:1: error: expected a key before '='
  11 | = 1
     | ^
.admin/x:12:5: error: expected '=' after the key
  12 | run as = root
     |     ^
.admin/x:13:11: error: expected a time from 1s to 168h, such as '90s', '10min' or '2h', not '10m'
  13 | timeout = 10m
     |           ^~~
.admin/x:14:12: error: expected an address that begins with 'https://', 'http://' or 'ftp://', not 'www.example.org'
  14 | homepage = www.example.org
     |            ^~~~~~~~~~~~~~~
.admin/x:15:11: error: expected a version, such as '1.2.3', not '1/2'
  15 | version = 1/2
     |           ^~~
.admin/x:16:9: error: expected 'all', 'none', or classes such as 'bin man', not 'bin,'
  16 | links = bin, man
     |         ^~~~~~~~
.admin/x:17:14: error: unknown kind of target 'hst'
  17 | distribute = hst:web1
     |              ^~~ did you mean 'host:'?
.admin/x:18:9: error: expected the name of an account, not 'a b'
  18 | owner = a b
     |         ^~~`,
  );
});

test('every option says what it is for', () => {
  for (const [name, key] of Object.entries(OPTION_KEYS)) {
    expect([name, key.summary]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
    expect(key.expected).not.toBe('');
  }
});

const plain = fc
  .string({ unit: fc.constantFrom(...'ab1 #\\=.\xc3\xa0'.split('')), minLength: 1, maxLength: 12 })
  .map((text) => text.replaceAll(/^ +| +$/g, ''))
  .filter((text) => text !== '')
  .map((text) => text as Bytes);
const globText = fc.constantFrom('web*', 'linux-?', '[ab]c', '{a,b}', '.example.org', 'x');
const target = fc.record({
  exclude: fc.boolean(),
  terms: fc.array(
    fc.record({
      subject: fc.constantFrom('any' as const, 'host' as const, 'arch' as const, 'domain' as const),
      glob: globText.map((text) => bytes(text)),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});
const optionValues: fc.Arbitrary<Partial<OptionValues>> = fc.record(
  {
    version: fc.constantFrom(bytes('1.2'), bytes('1:2~rc1-3+b1')),
    summary: plain,
    licence: plain,
    homepage: fc.webUrl({ validSchemes: ['https', 'ftp'] }).map((url) => bytes(url)),
    default: fc.boolean(),
    priority: fc.integer({ min: 0, max: 100 }),
    distribute: fc.oneof(
      fc.constantFrom(
        { to: 'all' } as const,
        { to: 'none' } as const,
        { to: 'targets-file' } as const,
      ),
      fc.record({
        to: fc.constant('targets' as const),
        targets: fc.array(target, { minLength: 1, maxLength: 3 }),
      }),
    ),
    links: fc.constantFrom(
      { which: 'all' } as const,
      { which: 'none' } as const,
      { which: 'some', classes: [bytes('bin'), bytes('man')] } as const,
    ),
    owner: fc.constantFrom(bytes('bin'), bytes('_www'), bytes('host$')),
    'run-as': fc.constantFrom(bytes('root'), bytes('news')),
    pty: fc.boolean(),
    timeout: fc.integer({ min: 1, max: 168 * 3600 }),
  },
  { requiredKeys: [] },
);

test('Options read back as they were printed', () => {
  const extra = fc.dictionary(fc.constantFrom('x-a', 'x-b.c'), plain);
  fc.assert(
    fc.property(optionValues, extra, (values, others) => {
      const own = new Map(Object.entries(others)) as unknown as PackageOptions['extra'];
      const read = parseOptions(FILE, printOptions(values, own));
      expect(read.values).toEqual({ ...parseOptions(FILE, b``).values, ...values });
      expect(read.extra).toEqual(own);
    }),
    { numRuns: 500 },
  );
});

test('Dependencies, Targets and file-types read back as they were printed', () => {
  const name = fc.constantFrom('gnu', 'g++', 'libfoo2.0-0', 'größe').map((text) => bytes(text));
  const range = fc
    .constantFrom('^1.2', '>=1 <2 || 3.x', '>=1:2~rc1', '1.2 - 1.9')
    .map((text) => parseRange(bytes(text)));
  const dependency = fc.record(
    {
      kind: fc.constantFrom('package' as const, 'system' as const),
      name,
      optional: fc.boolean(),
      line: fc.constant(0),
      range,
    },
    { requiredKeys: ['kind', 'name', 'optional', 'line'] },
  );
  const dependencies = fc.uniqueArray(dependency, { selector: (each) => each.kind + each.name });
  const rule = fc.record({
    glob: fc
      .constantFrom('bin/*', 'a b', '#x', '**/*.so', '\\*', 'caf\xe9')
      .map((text) => text as Bytes),
    type: fc.constantFrom(b`share`, b`spool`),
  });
  fc.assert(
    fc.property(dependencies, fc.array(target), fc.array(rule), (needs, targets, rules) => {
      const numbered = needs.map((each, i) => ({ ...each, line: i + 1 }));
      expect(parseDependencies(FILE, printDependencies(needs))).toEqual(numbered);
      expect(parseTargets(FILE, printTargets(targets))).toEqual(targets);
      expect(parseFileTypes(FILE, printFileTypes(rules))).toEqual(rules);
      for (const each of needs) expect(packageNameProblem(each.name)).toBeUndefined();
    }),
  );
});

test('file-types: mistakes, with the nearest type', () => {
  expect(diagnosed(() => parseFileTypes(FILE, bytes('bin/* Arch\ndata\nlogs campus\n// local\n'))))
    .toBe(`.admin/x:1:7: error: unknown file type 'Arch'
  1 | bin/* Arch
    |       ^~~~ did you mean 'arch'?
.admin/x:2:5: error: expected a type after the pattern: share, arch, regional, admin, local, spool
  2 | data
    |     ^ write for example 'data/*.db local'
.admin/x:3:6: error: unknown file type 'campus'
  3 | logs campus
    |      ^~~~~~ one of share, arch, regional, admin, local, spool
.admin/x:4:1: error: the pattern has '//'
  4 | // local
    | ^~`);
  const types = [{ name: b`campus`, summary: 's', sharedBy: 'the campus' }];
  expect(parseFileTypes(FILE, bytes('my data/* campus'), types)).toEqual([
    { glob: 'my data/*', type: 'campus' },
  ]);
});

test('Targets: mistakes at their places', () => {
  expect(diagnosed(() => parseTargets(FILE, bytes('web1 !\narch:linux-*&host:\nos:linux a/b\n'))))
    .toBe(`.admin/x:1:7: error: expected a host, an architecture or a domain: the pattern is empty
  1 | web1 !
    |       ^ write for example 'web*', 'arch:linux-*' or '.example.org'
.admin/x:2:19: error: expected a host, an architecture or a domain: the pattern is empty
  2 | arch:linux-*&host:
    |                   ^ write for example 'web*', 'arch:linux-*' or '.example.org'
.admin/x:3:1: error: unknown kind of target 'os'
  3 | os:linux a/b
    | ^~ host:, arch: or domain:
.admin/x:3:10: error: expected a host, an architecture or a domain: expected no '/'
  3 | os:linux a/b
    |          ^~~ write for example 'web*', 'arch:linux-*' or '.example.org'`);
});

test.each([
  ['', true],
  ['web*', true],
  ['WEB1', true],
  ['web1.cs.example.org', true],
  ['mail', false],
  ['linux-*', true],
  ['arch:web*', false],
  ['host:linux-*', false],
  ['.example.org', true],
  ['.cs.example.org', true],
  ['.org', true],
  ['.example.com', false],
  ['domain:example.org', true],
  ['domain:*.example.org', true],
  ['web*&arch:linux-*', true],
  ['web*&arch:darwin-*', false],
  ['darwin-* web1', true],
  ['!web1', false],
  ['!mail', true],
  ['.example.org !web1', false],
  ['.example.org\n!web2', true],
])('the targets %j take web1.cs.example.org, linux-x86_64: %s', (text, taken) => {
  const host = { name: b`web1.cs.example.org`, arch: b`linux-x86_64` };
  expect(isTarget(parseTargets(FILE, bytes(text)), host)).toBe(taken);
});
