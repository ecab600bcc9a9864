/** `xh history [N]`. */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { generationNumbers, readGeneration, type Generation } from '../../host/generations.ts';
import { toJsonText } from '../../host/json.ts';
import { stateText } from '../../host/state.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { generationArgument } from '../generation-argument.ts';
import type { Terminal } from '../terminal.ts';

export const command: Command = {
  usage: '[generation]',
  details:
    'Every command that changed this host made a numbered generation. Without an argument they are\n' +
    'listed, oldest first; with a number that one is shown: who, when, by which command, and each\n' +
    'file and link that it changed.',
  options: [JSON_OPTION],
  examples: [
    { command: 'xh history', explains: 'all generations, one a line' },
    { command: 'xh history 12', explains: 'what generation 12 changed' },
  ],
  run({ args, options, site, terminal }) {
    const asked = args[0] === undefined ? undefined : generationArgument(args[0]);
    return visitHost(site, ({ walker }) => {
      const numbers = asked === undefined ? generationNumbers(walker) : [asked];
      const generations = numbers.map((number) => readGeneration(walker, number));
      if (options['json'] === true) {
        terminal.print(toJsonText(asked === undefined ? generations : generations[0], 2));
      } else if (asked === undefined) {
        for (const generation of generations) terminal.print(oneLine(generation));
        if (generations.length === 0) terminal.tell('nothing has been changed on this host yet');
      } else {
        for (const generation of generations) printOne(generation, terminal);
      }
      return EXIT.done;
    });
  },
};

function oneLine({ generation, time, user, command: line, reason }: Generation): string {
  const when = time.slice(0, 19).replace('T', ' ');
  const why = reason === undefined ? '' : `  (${printable(bytes(reason))})`;
  return `${String(generation).padStart(4)}  ${when}  ${printable(bytes(user)).padEnd(8)}  ${printable(bytes(line))}${why}`;
}

function printOne(generation: Generation, terminal: Terminal): void {
  terminal.print(oneLine(generation).trim());
  for (const change of generation.changes) {
    if (change.bookkeeping === true && !terminal.verbose) continue;
    const path: Bytes = change.path;
    const to = change.after.type === 'link' ? ` → ${printable(change.after.target)}` : '';
    terminal.print(
      `  ${change.op.padEnd(8)} ${printable(path)}${to}  (before: ${stateText(change.before)})`,
    );
  }
}
