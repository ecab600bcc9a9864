/** `xh config`. */
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { CONFIG_KEYS } from '../../site/config-keys.ts';
import type { Origin, Setting } from '../../site/config.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { nearest } from '../../message/nearest.ts';
import { JSON_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '[key]',
  details:
    'Prints every key of /etc/xhier.toml with the value in force and where it comes from: the default,\n' +
    'the file and line, the environment or an option. With a key, that value alone.',
  options: [JSON_OPTION],
  words: { key: Object.keys(CONFIG_KEYS) },
  examples: [
    { command: 'xh config', explains: 'everything' },
    { command: 'xh config lock-timeout', explains: 'one value, for scripts' },
  ],
  run({ args, options, config, terminal }) {
    const { settings } = config();
    const [key] = args;
    const shown = key === undefined ? settings : settings.filter(({ name }) => name === key);
    if (key !== undefined && shown.length === 0) throw noKey(key, settings);
    if (options['json'] === true) {
      const list = shown.map(({ name, value, origin }) => ({
        name,
        value,
        origin: originText(origin),
      }));
      terminal.print(JSON.stringify(key === undefined ? list : list[0], null, 2));
    } else if (key !== undefined) {
      for (const { value } of shown) terminal.print(valueText(value));
    } else {
      const width = Math.max(...shown.map(({ name }) => name.length)) + 2;
      for (const { name, value, origin } of shown) {
        const { bold, dim } = terminal.out;
        terminal.print(
          `${bold(name.padEnd(width))}${valueText(value)}  ${dim(`(${originText(origin)})`)}`,
        );
      }
    }
    return EXIT.done;
  },
};

function valueText(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? printable(value as Bytes) : JSON.stringify(value);
}

function originText(origin: Origin): string {
  switch (origin.from) {
    case 'default':
      return 'default';
    case 'file':
      return `${toText(origin.file)}:${origin.line}`;
    case 'environment':
      return `$${origin.name}`;
    case 'option':
      return `--${origin.name}`;
  }
}

function noKey(key: string, settings: readonly Setting[]): XhError {
  const near = nearest(
    key,
    settings.map(({ name }) => name),
  );
  return new XhError('E_CONFIG_KEY', `there is no key '${printable(bytes(key))}'`, {
    exit: EXIT.usage,
    remedy: near === undefined ? 'xh config lists the keys' : `did you mean '${near}'?`,
  });
}
