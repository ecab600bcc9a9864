/**
 * Which directories are called like an architecture. Trees that serve several hold a directory for
 * each, and its name is all that tells: `sun4`, `linux-x86_64`, `x86_64-linux-gnu`, `share`.
 */
import { b, type Bytes } from '../bytes/bytes.ts';

/** What does not depend on the architecture, and what nothing says the architecture of. */
export const SHARED = b`share`;

/**
 * Whether `name` is `share` or an architecture's: `OS-CPU` as `xh arch` prints it, with a
 * distribution or release in between (`linux-debian12-x86_64`, `linux_6.1.0_x86_64`), a compiler's
 * triplet, or a machine of the days when one word was enough. A CPU alone, or a system alone, is
 * none: sources are full of directories called so.
 */
export function isArchitectureName(name: Bytes): boolean {
  return name === SHARED || MACHINE.test(name) || SYSTEM_FIRST.test(name) || CPU_FIRST.test(name);
}

const MACHINE = /^(?:sun(?:2|3x?|386i?|4[cdmuv]?)|hp(?:300|700|800|9000)|pmax|decstation|rs6000)$/;

const CPU = [
  'x86_64(?:_v[2-4])?|amd64|i[3-6]86',
  'aarch64|arm64|armv[4-8][a-z]*|armhf|armel',
  'ppc(?:64)?(?:le)?|powerpc(?:64)?(?:le)?',
  'sparc(?:64|v9)?|sun[34][a-z]?|mips(?:64)?(?:el)?|alpha|m68k|hppa|parisc|ia64|vax',
  's390x?|riscv(?:32|64)|loongarch64',
].join('|');

const SYSTEM =
  '(?:aix|cygwin|darwin|dragonfly|freebsd|hpux|irix|linux|netbsd|openbsd|osf|solaris|sunos|ultrix)';

const SYSTEM_FIRST = new RegExp(`^${SYSTEM}[0-9.]*(?:[-_][a-z0-9.]+)?[-_](?:${CPU})$`);
const CPU_FIRST = new RegExp(`^(?:${CPU})(?:-[a-z0-9]+)?-${SYSTEM}[a-z0-9.]*(?:-[a-z0-9]+)?$`);
