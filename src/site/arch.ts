/**
 * Architectures: what this host is called (`linux-x86_64`), what else it can run, and the longer
 * platform name. The names are directory names below the architecture store, so they never change
 * with the kernel's version; the functions that decide are pure, two small readers ask the host.
 */
import { readFileSync } from 'node:fs';
import { endianness, machine, release, type } from 'node:os';
import { bytes, concat, slice, type Bytes } from '../bytes/bytes.ts';

/** What a host says of itself: `uname -s`, `-r`, `-m`, and what this process was compiled for. */
export interface HostIdentity {
  /** `uname -s`: `Linux`, `Darwin`, `SunOS`. */
  readonly system: string;
  /** `uname -r`: `6.1.0-13-amd64`. */
  readonly release: string;
  /** `uname -m`: `x86_64`, `aarch64`, `arm64`. */
  readonly machine: string;
  /** `process.arch`: tells a 32-bit system on a 64-bit kernel from a 64-bit one. */
  readonly processArch: string;
  readonly endianness: 'BE' | 'LE';
}

/** This host, as Node's `os` has it. */
export function hostIdentity(): HostIdentity {
  return {
    system: type(),
    release: release(),
    machine: machine(),
    processArch: process.arch,
    endianness: endianness(),
  };
}

/** `OS-CPU`: `linux-x86_64`, `linux-aarch64`, `darwin-arm64`. What `xh arch` prints. */
export function architecture(host: HostIdentity = hostIdentity()): Bytes {
  return bytes(`${nameOf(host.system)}-${cpuName(host)}`);
}

/**
 * `linux_6.1.0_x86_64`: system, its release as far as it is numbers, and CPU. What `xh platform`
 * prints, after the `platform` script of "Bootstrapping an Infrastructure" (LISA 1998).
 */
export function platform(host: HostIdentity = hostIdentity()): Bytes {
  const numbers = /^\d+(?:\.\d+)*/.exec(host.release)?.[0] ?? nameOf(host.release);
  return bytes(`${nameOf(host.system)}_${numbers}_${cpuName(host)}`);
}

/**
 * The architectures whose programs a host of architecture `arch` runs, best first: the x86-64
 * levels that the processor has (`linux-x86_64_v3`, `_v2`), then `arch` itself.
 *
 * @param flags the processor's features as `/proc/cpuinfo` names them, see {@link cpuFlags}
 */
export function compatible(arch: Bytes, flags: ReadonlySet<string>): readonly Bytes[] {
  if (!arch.endsWith('-x86_64')) return [arch];
  const levels: Bytes[] = [];
  for (const { suffix, needs } of X86_64_LEVELS) {
    // a level includes the ones below it
    if (!needs.every((flag) => flags.has(flag))) break;
    levels.unshift(concat(arch, suffix));
  }
  return [...levels, arch];
}

/** The architecture to link of those that a package offers, or undefined when none runs here. */
export function bestFit(offered: Iterable<Bytes>, runs: readonly Bytes[]): Bytes | undefined {
  const names = new Set(offered);
  return runs.find((arch) => names.has(arch));
}

/** This processor's features; empty where the system has no `/proc/cpuinfo`. */
export function cpuFlags(): ReadonlySet<string> {
  try {
    return parseCpuFlags(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return new Set();
  }
}

/** The features of the first processor in the text of `/proc/cpuinfo`. */
export function parseCpuFlags(cpuinfo: string): ReadonlySet<string> {
  const line = cpuinfo.split('\n').find((each) => each.startsWith('flags'));
  const colon = line?.indexOf(':') ?? -1;
  if (line === undefined || colon < 0) return new Set();
  return new Set(
    line
      .slice(colon + 1)
      .split(/[ \t]/)
      .filter(Boolean),
  );
}

/**
 * What each level adds (x86-64 psABI, "Micro-Architecture Levels"), in the kernel's spelling:
 * `pni` is SSE3, `abm` is LZCNT, `xsave` shows only where the kernel has enabled it (OSXSAVE).
 */
const X86_64_LEVELS: readonly { readonly suffix: Bytes; readonly needs: readonly string[] }[] = [
  {
    suffix: bytes('_v2'),
    needs: ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3'],
  },
  {
    suffix: bytes('_v3'),
    needs: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
  },
  { suffix: bytes('_v4'), needs: ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'] },
];

function cpuName(host: HostIdentity): string {
  const name = nameOf(host.machine);
  // a 32-bit system may run on a 64-bit kernel, which is what `uname -m` tells of
  if (host.processArch === 'ia32') return /^i[3-6]86$/.test(name) ? name : 'i686';
  if (host.processArch === 'arm' && name === 'aarch64') return 'armv7l';
  if (name === 'amd64') return 'x86_64';
  if (name === 'ppc64' && host.endianness === 'LE') return 'ppc64le';
  return name;
}

/** In lower case, and harmless as part of a directory name. */
function nameOf(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9_.]/g, '') || 'unknown';
}

/** The architecture without its level: `linux-x86_64` for `linux-x86_64_v3`. */
export function baseArchitecture(arch: Bytes): Bytes {
  const level = X86_64_LEVELS.find(({ suffix }) => arch.endsWith(`-x86_64${suffix}`));
  return level === undefined ? arch : slice(arch, 0, -level.suffix.length);
}
