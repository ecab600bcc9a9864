/** The shells that people use, and how each evaluates what showpath prints. */
import { b, type Bytes } from '../../src/bytes/bytes.ts';
import { program } from './shells.ts';

export interface UserShell {
  readonly format: string;
  /** Runs a script from standard input. */
  readonly start: () => readonly string[];
  /** Evaluates what `showpath` prints and writes the value of SP_VALUE, ended by a newline, to stdout. */
  readonly line: (showpath: Bytes) => Bytes;
  readonly before?: Bytes;
}

const sourced = (showpath: Bytes) => b`eval "$(${showpath})"; printf '%s\\n' "$SP_VALUE"\n`;
const csh = (showpath: Bytes) => b`eval \`${showpath}\`; printenv SP_VALUE\n`;

export const USER_SHELLS: Readonly<Record<string, UserShell>> = {
  sh: { format: 'sh', start: () => ['/bin/sh'], line: sourced },
  bash: { format: 'sh', start: () => [program('bash'), '--norc'], line: sourced },
  'interactive bash': {
    format: 'sh',
    start: () => [program('bash'), '--norc', '-i'],
    line: sourced,
    before: b`set -o history -o histexpand; PS1= PS2=\n`,
  },
  zsh: { format: 'sh', start: () => [program('zsh'), '-f'], line: sourced },
  'zsh with rc_quotes, ksh_glob, extended_glob and bang_hist': {
    format: 'sh',
    start: () => [program('zsh'), '-f'],
    line: sourced,
    before: b`setopt rc_quotes ksh_glob extended_glob bang_hist glob_subst sh_word_split\n`,
  },
  'BSD csh': { format: 'csh', start: () => [program('bsd-csh'), '-f'], line: csh },
  tcsh: { format: 'csh', start: () => [program('tcsh'), '-f'], line: csh },
  'tcsh with history, noglob and nonomatch': {
    format: 'csh',
    start: () => [program('tcsh'), '-f'],
    line: csh,
    before: b`set history=100 savehist noglob nonomatch\n`,
  },
  fish: {
    format: 'fish',
    start: () => [program('fish'), '--no-config'],
    line: (showpath) => b`eval (${showpath}); printf '%s\\n' $SP_VALUE\n`,
  },
  'fish that sources': {
    format: 'fish',
    start: () => [program('fish'), '--no-config'],
    line: (showpath) => b`${showpath} | source; printf '%s\\n' $SP_VALUE\n`,
  },
};
