/** `xh completion SHELL [PROGRAM]`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, printable } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import type { Command } from '../command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
const PROGRAMS = ['xh', 'lfu', 'lfck', 'showpath'] as const;

export const command: Command = {
  usage: '<shell> [program]',
  details:
    'Prints what makes a shell complete the words of xh, lfu, lfck and showpath when Tab is pressed:\n' +
    'commands, options and their values, names and versions of packages, what is installed,\n' +
    'generations, files. The shell finds names by itself: no program is started for them.\n\n' +
    'The same scripts, one for each program, are in dist/completion of the installed package.',
  options: [],
  words: { shell: SHELLS, program: PROGRAMS },
  examples: [
    { command: 'source <(xh completion bash)', explains: 'in this bash; or in a .bashrc' },
    {
      command: 'xh completion bash > /etc/bash_completion.d/xhier',
      explains: 'for every user of bash',
    },
    { command: 'source <(xh completion zsh)', explains: 'in this zsh, after compinit' },
    {
      command: 'xh completion zsh xh > /usr/local/share/zsh/site-functions/_xh',
      explains: 'for every user of zsh; likewise for the other programs',
    },
    {
      command: 'xh completion fish > ~/.config/fish/conf.d/xhier.fish',
      explains: 'in every fish of yours',
    },
  ],
  run({ args: [shell = '', program], terminal }) {
    const known = (word: string, words: readonly string[], what: string): void => {
      if (words.includes(word)) return;
      throw new XhError('E_USAGE', `there is no completion for ${what} '${shown(word)}'`, {
        exit: EXIT.usage,
        remedy: didYouMean(word, words) ?? `there is one for ${words.join(', ')}`,
      });
    };
    known(shell, SHELLS, 'the shell');
    if (program !== undefined) known(program, PROGRAMS, 'the program');
    for (const each of program === undefined ? PROGRAMS : [program]) {
      const file = { bash: each, zsh: `_${each}`, fish: `${each}.fish` }[shell] ?? '';
      terminal.print(readScript(join(import.meta.dirname, 'completion', shell, file)));
    }
    return EXIT.done;
  },
};

function readScript(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch (error) {
    throw new XhError('E_COMPLETION', `${path} cannot be read: it is made when xhier is built`, {
      remedy: 'install xhier again',
      cause: error,
    });
  }
}

function shown(word: string): string {
  return printable(bytes(word));
}
