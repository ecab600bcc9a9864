#!/usr/bin/env node
/**
 * `xh`: answers `--version` by itself; everything else is in other files, one of them read only then,
 * because reading a program is most of what a short command costs.
 */
import { join } from 'node:path';
import type { dispatch as dispatchCommand } from './dispatch.ts';
import { version } from '../message/version.ts';

/** Built from dispatch.ts, or list-alone.ts. */
interface Commands {
  readonly dispatch: typeof dispatchCommand;
}

const argv = process.argv.slice(2);
// help knows all commands
const isListAlone = argv[0] === 'list' && !argv.some((word) => word === '--help' || word === '-h');
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`xh ${version}\n`);
} else {
  void run();
}

async function run(): Promise<void> {
  const { loadCompiled } = await import('./compiled.ts');
  const part = isListAlone ? 'xh-list.cjs' : 'xh-commands.cjs';
  const { dispatch } = loadCompiled(join(import.meta.dirname, part)) as Commands;
  process.exitCode = await dispatch(argv);
}
