/** A real shell on a terminal: what it makes of keys that are typed. */
import { spawn } from '@lydell/node-pty';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export type Shell = 'bash' | 'zsh' | 'fish';

export const SCRIPTS = resolve(import.meta.dirname, '../../dist/completion');

/** What stands in for a program: it says with which words it was called. */
const PROGRAMS = ['xh', 'lfu', 'lfck', 'showpath'] as const;

export interface Session {
  /** Types `keys` and Return. @returns the words that the program got */
  run(keys: string): Promise<readonly string[]>;
  /** Types `keys`, waits until all of `signs` have been shown, and takes the line back. @returns what was shown */
  show(keys: string, ...signs: readonly RegExp[]): Promise<string>;
  close(): void;
}

/** Starts `shell` with our completion, and without anybody's settings. */
export async function openShell(
  shell: Shell,
  { root, directory }: { readonly root: string; readonly directory: string },
): Promise<Session> {
  const { command, words, setUp } = START[shell];
  const terminal = spawn(command, [...words], {
    cols: 200,
    rows: 50,
    cwd: directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      XH_ROOT: root,
      TERM: 'dumb',
      LC_ALL: 'C.UTF-8',
    },
  });
  let output = '';
  terminal.onData((text) => {
    output += text;
  });
  const until = async (sign: RegExp, seconds = 20): Promise<RegExpExecArray> => {
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      const found = sign.exec(output);
      if (found !== null) return found;
      await setTimeout(10);
    }
    throw new Error(`${shell} has not said ${String(sign)}, but:\n${output}`);
  };
  for (const line of setUp) terminal.write(`${line}\r`);
  terminal.write('echo rea""dy\r');
  await until(/ready/);
  return {
    async run(keys) {
      output = '';
      // nothing is typed meanwhile: the terminal would echo it into what is printed
      terminal.write(`${keys}\r`);
      const [, called = ''] = await until(/called:((?:<[^>]*>)+):/);
      return called.split(/^<|><|>$/).slice(1, -1);
    },
    async show(keys, ...signs) {
      output = '';
      terminal.write(keys);
      for (const sign of signs) await until(sign);
      terminal.write('\u0015');
      return output;
    },
    close() {
      terminal.kill('SIGKILL');
    },
  };
}

interface Start {
  readonly command: string;
  readonly words: readonly string[];
  readonly setUp: readonly string[];
}

const SAY = `printf called:; printf '<%s>' "$@"; echo :`;
const START: Readonly<Record<Shell, Start>> = {
  bash: {
    command: 'bash',
    words: ['--norc', '--noprofile', '-i'],
    setUp: [
      "PS1='$ '; bind 'set show-all-if-ambiguous on'; bind 'set completion-query-items 0'; bind 'set page-completions off'",
      ...PROGRAMS.map((name) => `source '${SCRIPTS}/bash/${name}'; ${name}() { ${SAY}; }`),
    ],
  },
  zsh: {
    command: 'zsh',
    words: ['-f', '-i'],
    setUp: [
      "PS1='$ '; unset zle_bracketed_paste; setopt no_auto_menu; LISTMAX=0; autoload -U compinit; compinit -D -u",
      ...PROGRAMS.map((name) => `source '${SCRIPTS}/zsh/_${name}'; ${name}() { ${SAY}; }`),
    ],
  },
  fish: {
    command: 'fish',
    words: ['--no-config', '-i'],
    setUp: [
      "function fish_prompt; echo '$ '; end",
      ...PROGRAMS.map(
        (name) =>
          `source '${SCRIPTS}/fish/${name}.fish'; function ${name}; printf called:; printf '<%s>' $argv; echo :; end`,
      ),
    ],
  },
};
