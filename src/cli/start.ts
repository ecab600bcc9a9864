/** Starting a program: `--version` is answered at once, anything else by the part that is loaded for it. */
import { join } from 'node:path';
import { printVersion } from './print-version.ts';

/** What a part exports. @returns the exit code */
export type Dispatch = (argv: readonly string[]) => Promise<number>;

/** @param partFor the file beside this program that a command line needs */
export function start(name: string, partFor: (argv: readonly string[]) => string): void {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.exitCode = printVersion(name);
  } else {
    void run(partFor(argv), argv);
  }
}

async function run(part: string, argv: readonly string[]): Promise<void> {
  const { loadCompiled } = await import('./compiled.ts');
  const { dispatch } = loadCompiled(join(import.meta.dirname, part)) as { dispatch: Dispatch };
  process.exitCode = await dispatch(argv);
}
