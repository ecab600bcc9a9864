/** `xh facts`. */
import { printable, bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { factsOf, factText, type Facts } from '../../site/facts.ts';
import { JSON_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '[fact...]',
  details:
    'Prints what is known of this host, and what [facts] in /etc/xhier.toml adds. With names, the\n' +
    'values alone, one a line. A fragment whose name ends in .in is a template: @hostname@ in it\n' +
    'becomes the name of the host, @@ a single @; @package@ and @directory@ are those of its package.',
  options: [JSON_OPTION],
  examples: [
    { command: 'xh facts', explains: 'everything' },
    { command: 'xh facts os-version', explains: 'one value, for scripts' },
    { command: 'xh facts --json', explains: 'numbers, lists and texts with their types' },
  ],
  run({ args, options, site, config, terminal }) {
    const facts = factsOf(site, config());
    for (const name of args) demand(facts, name);
    const shown = (args.length === 0 ? facts.names : args).flatMap((name) => {
      const value = facts.get(name);
      return value === undefined ? [] : [{ name, value }];
    });
    if (options['json'] === true) {
      const object = Object.fromEntries(shown.map(({ name, value }) => [name, value]));
      terminal.print(JSON.stringify(object, null, 2));
    } else if (args.length > 0) {
      for (const { value } of shown) terminal.print(printable(bytes(factText(value))));
    } else {
      const { bold, dim } = terminal.out;
      const width = Math.max(...shown.map(({ name }) => name.length)) + 2;
      for (const { name, value } of shown) {
        const text = printable(bytes(factText(value)));
        terminal.print(
          `${bold(name.padEnd(width))}${text}  ${dim(`(${facts.summary(name) ?? ''})`)}`,
        );
      }
    }
    return shown.length < args.length ? EXIT.failed : EXIT.done;
  },
};

function demand(facts: Facts, name: string): void {
  if (facts.names.includes(name)) return;
  throw new XhError('E_NO_FACT', `there is no fact '${printable(bytes(name))}'`, {
    exit: EXIT.usage,
    remedy: didYouMean(name, facts.names) ?? 'xh facts lists them',
  });
}
