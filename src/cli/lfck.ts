#!/usr/bin/env node
/** `lfck`: disk usage of packages, and files that are nobody's. Answers `--version` before it loads the rest. */
import { start } from './start.ts';

start('lfck', () => 'lfck-commands.cjs');
