/** What the first word of `lfu` means: one of its commands, or MASTER. Each command is loaded when it is called. */
import { statSync } from 'node:fs';
import { printable, bytes } from '../bytes/bytes.ts';
import { nearest } from '../message/nearest.ts';
import { runLfuCommand, usageError, withStreams } from './lfu-command.ts';
import { LFU_COMMANDS } from './lfu-commands.ts';

/** Runs one command line. @returns the exit code */
export async function dispatch(argv: readonly string[]): Promise<number> {
  const [first = '', ...words] = argv;
  const entry = LFU_COMMANDS.find(({ name }) => name === first);
  if (entry === undefined) {
    const meant = commandLike(first);
    if (meant !== undefined) {
      return refuse(`there is no directory and no command '${printable(bytes(first))}'`, meant);
    }
    const { lfu } = await import('./lfu-run.ts');
    return lfu(argv);
  }
  if (isDirectory(first) && words.filter((word) => !word.startsWith('-')).length === 1) {
    return refuse(
      `'${first}' is a command, and a directory here`,
      `for the directory: lfu ./${first} …; for the command, run it in another directory`,
    );
  }
  return runLfuCommand(entry, await entry.load(), words);
}

function refuse(message: string, remedy: string): Promise<number> {
  return withStreams(() => {
    throw usageError(message, remedy);
  });
}

/** Which command a word may be meant as that is nothing here. */
function commandLike(word: string): string | undefined {
  if (word.startsWith('-') || word.includes('/') || isThere(word)) return undefined;
  const near = nearest(
    word,
    LFU_COMMANDS.map(({ name }) => name),
  );
  return near === undefined ? undefined : `did you mean 'lfu ${near}'?`;
}

/** Whether the first word may be meant as a MASTER. */
function isDirectory(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isThere(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false }) !== undefined;
}
