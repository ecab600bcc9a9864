/** Values of options of lfu, read and made sure of, and the options that rules come from. */
import { readFileSync } from 'node:fs';
import { bytes, fromBuffer, printable, toBuffer } from '../bytes/bytes.ts';
import { parseBytes, parseDeleteLimit } from '../lfu/limits.ts';
import type { DeleteLimit } from '../lfu/options.ts';
import type { ScriptText } from '../lfu/rules/syntax.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { CommandOption } from './description.ts';
import { usageError } from './lfu-command.ts';
import { rawArgument } from './raw-argument.ts';

/** Where rules come from; their texts are in the order given. */
export const RULE_OPTIONS: readonly CommandOption[] = [
  {
    flags: '-f <file>',
    name: 'scripts',
    summary: 'rules from a file, - for standard input',
    repeats: true,
    read: readScript,
  },
  {
    flags: '-e <text>',
    name: 'scripts',
    summary: 'rules as they stand; they are read in the order given',
    repeats: true,
    read: ruleText,
  },
  {
    flags: '--netgroup <file>',
    summary: 'netgroups before those of the system',
    repeats: true,
  },
];

function ruleText(word: string, before: readonly unknown[]): ScriptText {
  const texts = before.filter((each) => (each as ScriptText).file.startsWith('-e')).length + 1;
  return { file: bytes(texts === 1 ? '-e' : `-e(${texts})`), text: rawArgument(word) };
}

function readScript(word: string): ScriptText {
  const file = rawArgument(word);
  try {
    return { file, text: fromBuffer(readFileSync(word === '-' ? 0 : toBuffer(file))) };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new XhError('E_LFU_RULES', `the rules ${printable(file)} cannot be read: ${code}`, {
      exit: EXIT.usage,
      place: { file },
      remedy: 'name a file that is there',
    });
  }
}

export function deleteLimit(word: string): DeleteLimit {
  const limit = parseDeleteLimit(word);
  if (limit !== undefined) return limit;
  throw usageError(
    `--max-delete ${word} is no number`,
    'write a number of objects, or per cent: 5%',
  );
}

export function positive(word: string): number {
  if (!/^[1-9]\d{0,3}$/.test(word))
    throw usageError(`--jobs ${word} is no number`, 'write 1 or more');
  return Number(word);
}

export function rate(word: string): number {
  const found = parseBytes(word);
  if (found !== undefined) return found;
  throw usageError(`--bwlimit ${word} is no rate`, 'write bytes a second, or with k, M, G: 10M');
}
