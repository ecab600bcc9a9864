/** `--version` of a program, before anything else of it is read. */
import { writeSync } from 'node:fs';
import { version } from '../message/version.ts';

/** @returns the exit code: a reader that has gone is no failure, a full disk is one */
export function printVersion(program: string): number {
  try {
    writeSync(1, `${program} ${version}\n`);
    return 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return 0;
    try {
      writeSync(2, `${program}: standard output cannot be written: ${code ?? String(error)}\n`);
    } catch {
      // nobody is left to be told
    }
    return 1;
  }
}
