/**
 * For which architecture a program or library is compiled, told by its first bytes.
 * Sources: elf(5) and the System V ABI's table of machines; mach-o/loader.h.
 */
import { bytes, type Bytes } from '../../bytes/bytes.ts';
import { ELF_MAGIC } from '../elf-file.ts';

/** As `xh arch` prints it, or undefined for what is not compiled; an unknown machine is `linux-elfN`. */
export function executableArchitecture(start: Buffer): Bytes | undefined {
  if (start.length < 20) return undefined;
  const magic = start.readUInt32BE(0);
  if (magic === ELF_MAGIC) return elfArchitecture(start);
  if (magic === MACH_O_64_LITTLE) {
    const cpu = MACH_CPUS[start.readUInt32LE(4)];
    return cpu === undefined ? undefined : bytes(`darwin-${cpu}`);
  }
  return undefined;
}

const MACH_O_64_LITTLE = 0xcffaedfe;

function elfArchitecture(start: Buffer): Bytes {
  const wide = start[4] === 2;
  const little = start[5] === 1;
  const machine = little ? start.readUInt16LE(18) : start.readUInt16BE(18);
  const system = SYSTEMS[start[7] ?? 0] ?? 'linux';
  if (machine === 21) return bytes(`${system}-${little ? 'ppc64le' : 'ppc64'}`);
  if (machine === 243) return bytes(`${system}-${wide ? 'riscv64' : 'riscv32'}`);
  if (machine === 8) return bytes(`${system}-${wide ? 'mips64' : 'mips'}`);
  return bytes(`${system}-${ELF_CPUS[machine] ?? `elf${machine}`}`);
}

const ELF_CPUS: Readonly<Record<number, string>> = {
  3: 'i686',
  20: 'ppc',
  22: 's390x',
  40: 'armv7l',
  62: 'x86_64',
  183: 'aarch64',
  258: 'loongarch64',
};

/** EI_OSABI; 0 (System V) and 3 (GNU) are what Linux has. */
const SYSTEMS: Readonly<Record<number, string>> = {
  2: 'netbsd',
  6: 'sunos',
  9: 'freebsd',
  12: 'openbsd',
};

const MACH_CPUS: Readonly<Record<number, string>> = { 0x0100000c: 'arm64', 0x01000007: 'x86_64' };
