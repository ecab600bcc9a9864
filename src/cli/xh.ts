#!/usr/bin/env node
/** `xh`: finds the command, loads it alone, parses its options, runs it, and turns errors into words and exit codes. */
import { version } from '../message/version.ts';

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`xh ${version}\n`);
} else {
  void import('./dispatch.ts').then(async ({ dispatch }) => {
    process.exitCode = await dispatch(argv);
  });
}
