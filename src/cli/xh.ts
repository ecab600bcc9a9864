#!/usr/bin/env node
/**
 * `xh`: answers `--version` by itself; everything else is in a second file, which is read only then,
 * because reading a program is most of what a short command costs.
 */
import { createRequire } from 'node:module';
import { version } from '../message/version.ts';

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`xh ${version}\n`);
} else {
  const require = createRequire(import.meta.url);
  // built from dispatch.ts
  const { dispatch } = require('./xh-commands.cjs') as typeof import('./dispatch.ts');
  void dispatch(argv).then((code) => {
    process.exitCode = code;
  });
}
