/** `xh arch`. */
import { printable } from '../../bytes/bytes.ts';
import { architecture, compatible, cpuFlags } from '../../site/arch.ts';
import { EXIT } from '../../message/error.ts';
import { JSON_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '',
  details:
    'Prints OS-CPU, e.g. linux-x86_64. With --compatible every architecture that this host can run,\n' +
    'best first, one a line, with the x86-64 levels that the processor has.',
  options: [
    { flags: '--compatible', summary: 'all that this host can run, best first' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh arch', explains: 'linux-x86_64' },
    { command: 'xh arch --compatible', explains: 'linux-x86_64_v3, linux-x86_64_v2, linux-x86_64' },
  ],
  run({ options, terminal }) {
    const own = architecture();
    const all = options['compatible'] === true ? compatible(own, cpuFlags()) : [own];
    const names = all.map(printable);
    if (options['json'] === true) {
      terminal.print(JSON.stringify(options['compatible'] === true ? names : names[0]));
    } else for (const name of names) terminal.print(name);
    return EXIT.done;
  },
};
