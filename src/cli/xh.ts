#!/usr/bin/env node
/**
 * `xh`: answers `--version` by itself; everything else is in a second file, which is read only then,
 * because reading a program is most of what a short command costs.
 */
import { createRequire } from 'node:module';
import type { dispatch as dispatchCommand } from './dispatch.ts';
import { version } from '../message/version.ts';

/** Built from dispatch.ts. */
interface Commands {
  readonly dispatch: typeof dispatchCommand;
}

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`xh ${version}\n`);
} else {
  void run();
}

async function run(): Promise<void> {
  const require = createRequire(import.meta.url);
  const { dispatch } = require('./xh-commands.cjs') as Commands;
  process.exitCode = await dispatch(argv);
}
