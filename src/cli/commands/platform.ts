/** `xh platform`. */
import { printable } from '../../bytes/bytes.ts';
import { platform } from '../../site/arch.ts';
import { EXIT } from '../../message/error.ts';
import { JSON_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '',
  details: 'Prints the longer form of the architecture, with the release: linux_6.1.0_x86_64.',
  options: [JSON_OPTION],
  examples: [
    { command: 'xh platform', explains: 'linux_6.1.0_x86_64' },
    { command: 'xh platform --json', explains: 'the same for a program' },
  ],
  run({ options, terminal }) {
    const name = printable(platform());
    terminal.print(options['json'] === true ? JSON.stringify(name) : name);
    return EXIT.done;
  },
};
