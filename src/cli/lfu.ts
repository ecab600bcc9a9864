#!/usr/bin/env node
/**
 * `lfu`: one tree made faithful to another, by rules.
 * Answers `--version` before it loads the rest.
 */
import { statSync } from 'node:fs';
import { didYouMean } from '../message/nearest.ts';
import { version } from '../message/version.ts';

type Command = (words: readonly string[]) => Promise<number>;

/** Each is loaded when it is called. Any other first word is an option or MASTER. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  explain: async () => (await import('./lfu-explain.ts')).lfuExplain,
  mark: async () => (await import('./lfu-mark.ts')).lfuMark,
  owns: async () => (await import('./lfu-owns.ts')).lfuOwns,
  recent: async () => (await import('./lfu-recent.ts')).lfuRecent,
  scan: async () => (await import('./lfu-scan.ts')).lfuScan,
  update: async () => (await import('./lfu-update.ts')).lfuUpdate,
};

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`lfu ${version}\n`);
} else {
  void run();
}

async function run(): Promise<void> {
  const [first = '', ...words] = argv;
  const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const meant = load === undefined ? commandLike(first) : undefined;
  if (meant !== undefined) {
    process.stderr.write(`lfu: there is no directory and no command '${first}'\n     ${meant}\n`);
    process.exitCode = 2;
  } else if (load === undefined) {
    const { lfu } = await import('./lfu-run.ts');
    process.exitCode = await lfu(argv);
  } else if (isDirectory(first) && words.filter((word) => !word.startsWith('-')).length === 1) {
    process.stderr.write(
      `lfu: '${first}' is a command, and a directory here\n` +
        `     for the directory: lfu ./${first} …; for the command, run it in another directory\n`,
    );
    process.exitCode = 2;
  } else {
    const command = await load();
    process.exitCode = await command(words);
  }
}

/** Which command a word may be meant as that is nothing here. */
function commandLike(word: string): string | undefined {
  if (word.startsWith('-') || word.includes('/') || isThere(word)) return undefined;
  return didYouMean(word, Object.keys(COMMANDS));
}

/** Whether the first word may be meant as a MASTER. */
function isDirectory(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isThere(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false }) !== undefined;
}
