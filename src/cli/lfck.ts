#!/usr/bin/env node
/** `lfck`: disk usage of packages, and files that are nobody's. Answers `--version` before it loads the rest. */
import { version } from '../message/version.ts';

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`lfck ${version}\n`);
} else {
  void run();
}

async function run(): Promise<void> {
  const { lfck } = await import('./lfck-run.ts');
  process.exitCode = await lfck(argv);
}
