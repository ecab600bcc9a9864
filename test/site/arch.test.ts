import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import {
  architecture,
  baseArchitecture,
  bestFit,
  compatible,
  cpuFlags,
  parseCpuFlags,
  platform,
  type HostIdentity,
} from '../../src/site/arch.ts';

const linux: HostIdentity = {
  system: 'Linux',
  release: '6.1.0-13-amd64',
  machine: 'x86_64',
  processArch: 'x64',
  endianness: 'LE',
};

test.each<[Partial<HostIdentity>, string, string]>([
  [{}, 'linux-x86_64', 'linux_6.1.0_x86_64'],
  [{ machine: 'aarch64', processArch: 'arm64' }, 'linux-aarch64', 'linux_6.1.0_aarch64'],
  [
    { system: 'Darwin', release: '24.1.0', machine: 'arm64', processArch: 'arm64' },
    'darwin-arm64',
    'darwin_24.1.0_arm64',
  ],
  [
    { system: 'FreeBSD', release: '14.1-RELEASE', machine: 'amd64' },
    'freebsd-x86_64',
    'freebsd_14.1_x86_64',
  ],
  [{ processArch: 'ia32' }, 'linux-i686', 'linux_6.1.0_i686'],
  [{ machine: 'aarch64', processArch: 'arm' }, 'linux-armv7l', 'linux_6.1.0_armv7l'],
  [{ machine: 'ppc64' }, 'linux-ppc64le', 'linux_6.1.0_ppc64le'],
  [{ system: 'SunOS', release: '5.11', machine: 'i86pc' }, 'sunos-i86pc', 'sunos_5.11_i86pc'],
  [
    { system: '', release: 'odd release', machine: '../x' },
    'unknown-..x',
    'unknown_oddrelease_..x',
  ],
])('%j is %s, platform %s', (difference, arch, name) => {
  const host = { ...linux, ...difference };
  expect(architecture(host)).toBe(arch);
  expect(platform(host)).toBe(name);
});

test('this host is called what uname calls it', () => {
  const uname = execFileSync('uname', ['-s'], { encoding: 'utf8' }).trim().toLowerCase();
  expect(architecture().startsWith(`${uname}-`)).toBe(true);
  expect(compatible(architecture(), cpuFlags()).at(-1)).toBe(architecture());
});

const V2 = 'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3';
const V3 = `${V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`;
const V4 = `${V3} avx512f avx512bw avx512cd avx512dq avx512vl`;
const base = b`linux-x86_64`;

test.each([
  [V4, ['linux-x86_64_v4', 'linux-x86_64_v3', 'linux-x86_64_v2', 'linux-x86_64']],
  [V3, ['linux-x86_64_v3', 'linux-x86_64_v2', 'linux-x86_64']],
  [V2, ['linux-x86_64_v2', 'linux-x86_64']],
  ['fpu sse2', ['linux-x86_64']],
  // a level without the one below it is none
  [V4.replace('popcnt ', ''), ['linux-x86_64']],
])('a processor with %j runs %j', (flags, runs) => {
  const cpuinfo = `processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t: none\n`;
  expect(compatible(base, parseCpuFlags(cpuinfo))).toEqual(runs);
});

test('other processors have no levels', () => {
  expect(compatible(b`linux-aarch64`, new Set(V4.split(' ')))).toEqual(['linux-aarch64']);
  expect(parseCpuFlags('Features : fp asimd')).toEqual(new Set());
});

test('of several builds the best that runs here is taken', () => {
  const runs = compatible(base, new Set(V3.split(' ')));
  expect(bestFit([base, b`linux-x86_64_v4`, b`linux-x86_64_v2`], runs)).toBe('linux-x86_64_v2');
  expect(bestFit([b`linux-aarch64`], runs)).toBeUndefined();
  expect(baseArchitecture(b`linux-x86_64_v3`)).toBe('linux-x86_64');
  expect(baseArchitecture(b`linux-aarch64`)).toBe('linux-aarch64');
});
