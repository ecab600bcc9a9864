#!/usr/bin/env node
/** `lfu`: one tree made faithful to another, by rules. Answers `--version` before it loads the rest. */
import { start } from './start.ts';

start('lfu', () => 'lfu-commands.cjs');
