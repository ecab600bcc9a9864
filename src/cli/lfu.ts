#!/usr/bin/env node
/** `lfu`: one tree made faithful to another, by rules. Answers `--version` before it loads the rest. */
import { version } from '../message/version.ts';

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`lfu ${version}\n`);
} else {
  void run();
}

async function run(): Promise<void> {
  const { lfu } = await import('./lfu-run.ts');
  process.exitCode = await lfu(argv);
}
