/** `xh recover`. */
import { EXIT } from '../../message/error.ts';
import { changeHost } from '../carry-out.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: '',
  details:
    'Finishes or takes back what a command left that was killed, or lost its power or its disk. Every\n' +
    'changing command does the same before it begins; this one does nothing else.',
  options: [],
  examples: [
    { command: 'xh recover', explains: 'settle what is left; says what it did' },
    {
      command: 'xh recover --quiet',
      explains: 'at the start of the host: silent when all is well',
    },
  ],
  async run(call) {
    let settled = false;
    await changeHost(
      {
        ...call,
        terminal: {
          ...call.terminal,
          warn: (line) => {
            settled = true;
            call.terminal.warn(line);
          },
        },
      },
      () => undefined,
    );
    if (!settled) call.terminal.tell('nothing to recover');
    return EXIT.done;
  },
};
