/** `--answer`, and what commands that run packages' scripts tell of them. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { readAnswerBook } from '../depot/script/answer-book.ts';
import { plainText } from '../depot/script/plain-text.ts';
import type { OnRunning } from '../depot/scripts.ts';
import type { Scripting } from '../depot/with-scripts.ts';
import type { ScriptRun } from '../host/plan.ts';
import { EXIT, XhError } from '../message/error.ts';
import type { Wanted } from '../package/candidate.ts';
import type { Call } from './command.ts';
import type { CommandOption } from './description.ts';
import { clockText } from './figures.ts';
import { isWatched } from './progress.ts';
import { rawArgument } from './raw-argument.ts';
import type { Terminal } from './terminal.ts';

export const ANSWER_OPTION: CommandOption = {
  flags: '--answer <file>',
  summary: 'what is answered when Install scripts ask (xh help answers)',
};

/**
 * How the scripts of a command are run; a file of answers is read, and checked, at once.
 * @param wanted what the command names: answers that name no package are for the only one
 */
export function scriptingFor(
  { options, site, terminal }: Call,
  action: ScriptRun['action'],
  wanted: readonly Wanted[] | 'installed',
): Scripting {
  const file = options['answer'];
  const only = wanted === 'installed' || wanted.length > 1 ? undefined : wanted[0]?.name;
  return {
    onRunning: terminal.quiet || !isWatched() ? undefined : showRunning(terminal),
    onUndoFailure: (error) => {
      terminal.warn(`while it was taken back: ${error.message}`);
    },
    ...(typeof file === 'string' && {
      answers: readAnswerBook(fileName(file), {
        site,
        only,
        action,
        environment: process.env,
      }),
    }),
  };
}

/** One line that is drawn over and over: `tool: .admin/Install install  0:12  making the database`. */
function showRunning(terminal: Terminal): OnRunning {
  return ({ package: directory, action }, seconds, line) => {
    const script = `${printable(directory)}: .admin/Install ${action}  ${clockText(seconds)}`;
    const text = `${script}  ${printable(plainText(line))}`;
    terminal.passing(text.slice(0, Math.max(script.length, process.stderr.columns - 1)));
  };
}

function fileName(file: string): Bytes {
  if (file !== '') return rawArgument(file);
  throw new XhError('E_USAGE', '--answer needs the name of a file', {
    exit: EXIT.usage,
    remedy: 'xh help answers shows what such a file has in it',
  });
}
