#!/usr/bin/env node
/**
 * `xh`: answers `--version` by itself; everything else is in other files, one of them read only then,
 * because reading a program is most of what a short command costs.
 */
import { start } from './start.ts';

/** The commands that are in a file of their own; the build says which. */
declare const XH_HOST_COMMANDS: readonly string[];

start('xh', (argv) => {
  if (isListAlone(argv)) return 'xh-list.cjs';
  return XH_HOST_COMMANDS.includes(argv[0] ?? '') ? 'xh-hosts.cjs' : 'xh-commands.cjs';
});

function isListAlone(argv: readonly string[]): boolean {
  // help knows all commands
  return argv[0] === 'list' && !argv.some((word) => /^(?:--he?l?p?|-\w*h\w*)$/.test(word));
}
