import { describe, expect, it } from 'vitest';
import { b, type Bytes } from '../../../src/bytes/bytes.ts';
import {
  copyrightLicence,
  debianArchitecture,
  parseRelations,
} from '../../../src/package/import/control.ts';
import { requirementsOf } from '../../../src/package/import/requirements.ts';
import { printDependencies } from '../../../src/package/dependencies.ts';
import { parseRange, satisfies } from '../../../src/package/range.ts';

function carried(depends: Bytes, own: readonly string[] = [], recommends = b``): string[] {
  const dependencies = [
    ...(parseRelations(depends, 'required') ?? []),
    ...(parseRelations(recommends, 'recommended') ?? []),
  ];
  const depot = { has: (name: Bytes) => own.includes(name) };
  const { dependencies: found } = requirementsOf(dependencies, depot);
  return printDependencies(found).trimEnd().split('\n');
}

describe('dependencies of Debian', () => {
  it.each<[Bytes, string[]]>([
    [b`libc6 (>= 2.34)`, ['system:libc6 >=2.34']],
    [b`libc6(>=2.34)`, ['system:libc6 >=2.34']],
    [b`a (= 1:2.3-4+b1)`, ['system:a =1:2.3-4+b1']],
    [b`a (<< 2.0~)`, ['system:a <<2.0~']],
    [b`a (>> 2)`, ['system:a >>2']],
    [b`a (<= 1.2)`, ['system:a <=1.2.0']],
    [b`a (= 3)`, ['system:a =3.0.0']],
    [b`a (< 2)`, ['system:a <=2.0.0']],
    [b`perl:any, python3:native`, ['system:perl', 'system:python3']],
    [b`a (>= 1), a (<< 3)`, ['system:a >=1 <<3']],
    [b`a, a`, ['system:a']],
    [b`exim4 | mail-transport-agent`, ['system:exim4']],
    [b` , a,`, ['system:a']],
  ])('%s', (text, expected) => {
    expect(carried(text)).toEqual(expected);
  });

  it('take the alternative that the depot has', () => {
    const text = b`exim4 (>= 4) | postfix (>= 3) | mta`;
    expect(carried(text, ['postfix', 'mta'])).toEqual(['postfix >=3']);
    expect(carried(text, ['mta'])).toEqual(['mta']);
  });

  it('take recommendations only of what is in the depot, as optional', () => {
    expect(carried(b`a`, ['c'], b`x, c (>= 2)`)).toEqual(['system:a', '?c >=2']);
    expect(carried(b`c`, ['c'], b`c (>= 2)`)).toEqual(['c >=2']);
  });

  it.each([b`a (>= )`, b`a (1)`, b`(>= 1)`, b`a b`, b`a | `, b`a (>= 1) (<< 2)`, b`a (=> 1)`])(
    'that are malformed are none: %s',
    (text) => {
      expect(parseRelations(text, 'required')).toBeUndefined();
    },
  );

  it('leave versions open that no range can say, and tell so', () => {
    const { dependencies, findings } = requirementsOf(
      [{ strength: 'required', alternatives: [{ name: b`a`, range: b`>=$x` }] }],
      undefined,
    );
    expect(printDependencies(dependencies)).toBe('system:a\n');
    expect(findings[0]?.message).toContain('left open');
  });

  it.each<[Bytes, Bytes, boolean]>([
    [b`a (= 1.6)`, b`1.6.5`, false],
    [b`a (= 1.6)`, b`1.6`, true],
    [b`a (<= 1.2)`, b`1.2.9`, false],
    [b`a (<= 1.2)`, b`1.2`, true],
    [b`a (>> 2)`, b`2.1-1`, true],
    [b`a (<< 2)`, b`2~rc1-1`, true],
    [b`a (>= 1.6-2.1)`, b`1.6-2.1+deb12u1`, true],
    [b`a (>= 1:1)`, b`5.0`, false],
  ])('mean to us what they mean to Debian: %s and %s', (text, version, expected) => {
    const range = parseRelations(text, 'required')?.[0]?.alternatives[0]?.range;
    expect(range && satisfies(version, parseRange(range))).toBe(expected);
  });
});

it('names of architectures', () => {
  const names = [
    'all',
    'amd64',
    'i386',
    'arm64',
    'armhf',
    'kfreebsd-amd64',
    'musl-linux-arm64',
    'sh4',
  ];
  expect(names.map((name) => debianArchitecture(name as Bytes))).toEqual([
    'all',
    'linux-x86_64',
    'linux-i686',
    'linux-aarch64',
    'linux-armv7l',
    'kfreebsd-x86_64',
    'linux-aarch64',
    'linux-sh4',
  ]);
});

it('the licence of the whole from a copyright file', () => {
  const text = b`Format: https://x/\nUpstream-Name: x\n\nFiles: debian/*\nLicense: BSD\n\nFiles: *\nCopyright: me\nLicense: GPL-2+\n On Debian …\n`;
  expect(copyrightLicence(text)).toBe('GPL-2+');
  expect(copyrightLicence(b`This is free software.\nLicense: no\n`)).toBeUndefined();
});
