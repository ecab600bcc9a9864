/** Pieces of the commands that build systems have in common. */
import { toText, type Bytes } from '../bytes/bytes.ts';
import type { BuildRequest, Step } from './build-system.ts';

/** A step in the build directory, with the compilers in its environment. */
export function step(
  { build, toolchain }: Pick<BuildRequest, 'build' | 'toolchain'>,
  what: Step['what'],
  argv: Step['argv'],
  env: Readonly<Record<string, string>> = {},
): Step {
  return { what, argv, cwd: build, env: { ...toolchain.variables, ...env } };
}

/** `-j4`; nothing for one, so that the words of make stay the usual ones. */
export function parallel(jobs: number): string[] {
  return jobs > 1 ? [`-j${jobs}`] : [];
}

/** `NAME=VALUE`. */
export function assignment(name: Bytes | string, value: Bytes): string {
  return `${name}=${toText(value)}`;
}

/** What is `NAME=VALUE` becomes an option of the kind that CMake and Meson take; options stay. */
export function definitions(extra: readonly string[]): string[] {
  return extra.map((word) => (word.startsWith('-') ? word : `-D${word}`));
}
