/** xhier.toml(5) and lfu.toml(5), from the tables of their keys. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { LFU } from '../cli/lfu-options.ts';
import { optionNames } from '../cli/description.ts';
import { LOG_FIELDS, MASTER_FIELDS, OPTION_FIELDS } from '../lfu/update/config-keys.ts';
import type { ConfigKey } from '../site/config-key.ts';
import { CONFIG_KEYS } from '../site/config-keys.ts';
import { HOST_FIELDS } from '../site/host-keys.ts';
import type { Page } from './page.ts';
import { bold, list, literal, paragraphs } from './roff.ts';

/** A configuration that is right: a test reads it. */
export const CONFIGURATION_EXAMPLE = `  maintainer = "ops@example.org"
  keep-generations = 50
  id-range = [700, 749]

  [default-packages]
  never = ["xfig"]

  [prefer]
  vi = "nvi"

  [facts]
  room = "DC 1302"

  [refresh]
  "/etc/inetd.conf" = "pkill -HUP -x inetd"

  [file-types.campus]
  summary = "files of one campus"
  shared-by = "that campus"

  [hosts."web1.example.org"]
  arch = "linux-x86_64"
  domains = ["disked.amd64.linux.www.adm"]
  user = "xhier"`;

export function configurationPage(): Page {
  return {
    name: 'xhier.toml',
    section: 5,
    summary: 'configuration of a site of xhier',
    sections: [
      {
        heading: 'Description',
        lines: paragraphs(
          `The file /etc/xhier.toml below the site root says what a site wants otherwise than usual. It
need not be there, and every key has a default. It is written in TOML 1.0; a key that does not exist, or
a value that does not fit, is an error that names the line and what was expected, and then nothing is
done.

'xh config' prints the values in force and where each comes from: the default, the file, the environment
or an option, of which the later one is stronger. A key with a dot in it stands in a table: only in
default-packages.only is a key of the table [default-packages].`,
        ),
      },
      {
        heading: 'Keys',
        lines: list(
          Object.entries<ConfigKey<never>>(CONFIG_KEYS as never).map(([name, key]) => [
            bold(name),
            keyText(key),
          ]),
        ),
      },
      {
        heading: '[hosts."NAME"]',
        lines: [
          ...paragraphs(
            'A table for each host that packages are distributed to; any key may be left out.',
          ),
          ...fieldList(HOST_FIELDS),
        ],
      },
      { heading: 'Examples', lines: paragraphs(CONFIGURATION_EXAMPLE) },
    ],
    seeAlso: ['xh(1)', 'xh-config(1)', 'xh-facts(1)', 'xh-package(5)'],
  };
}

function keyText(key: ConfigKey<unknown>): readonly string[] {
  return [
    key.summary,
    `Expected: ${key.kind.expected}`,
    defaultText(key.default),
    ...(key.environment === undefined ? [] : [`Environment: ${key.environment}`]),
    ...(key.option === undefined ? [] : [`Option: ${key.option}`]),
  ];
}

function defaultText(value: unknown): string {
  if (value instanceof Map) {
    const names = [...value.keys()].map((name) => printable(name as Bytes));
    return names.length === 0 ? 'Default: empty' : `Default: entries for ${names.join(', ')}`;
  }
  if (value === undefined) return 'Default: none';
  if (Array.isArray(value)) {
    return value.length === 0 ? 'Default: empty' : `Default: [${value.map(String).join(', ')}]`;
  }
  return `Default: ${typeof value === 'string' ? printable(value as Bytes) : JSON.stringify(value)}`;
}

/** A configuration that is right: a test reads it. */
export const UPDATE_EXAMPLE = `  [defaults]
  max-delete = "5%"

  [log]
  format = "json"

  [[master]]
  name = "local"
  path = "/net/master/export/local"
  slave = "/disk/local"
  marker = true
  rules = ["lfu/local.rules"]

  [[master]]
  name = "vlsi"
  path = "/net/vlsi/export/local"
  slave = "/disk/local"
  rules = [{ text = 'owner=vlsitools { preserve; }' }]
  max-delete = 100`;

export function updatePage(): Page {
  return {
    name: 'lfu.toml',
    section: 5,
    summary: 'the masters from which a slave is updated every night',
    sections: [
      {
        heading: 'Description',
        lines: paragraphs(
          `The file /etc/lfu.toml below the site root names the masters of this host's slaves, in the
order in which they have their turns. It is read by lfu-update(8), and by the other commands of lfu that
speak of masters by name. It is written in TOML 1.0; 'lfu update --check' reads it with all rules and
runs nothing.`,
        ),
      },
      {
        heading: '[[master]]',
        lines: [
          ...paragraphs('One table for each master:'),
          ...fieldList(MASTER_FIELDS),
          '.PP',
          ...paragraphs('And any of the options that follow.'),
        ],
      },
      {
        heading: '[defaults]',
        lines: [
          ...paragraphs(
            'Options of all masters that do not say otherwise. They are called as the options of lfu(8), and mean the same:',
          ),
          ...fieldList(OPTION_FIELDS),
        ],
      },
      { heading: '[log]', lines: fieldList(LOG_FIELDS) },
      { heading: 'Examples', lines: paragraphs(UPDATE_EXAMPLE) },
    ],
    seeAlso: ['lfu(8)', 'lfu-update(8)', 'lfu-mark(8)', 'lfu-scan(8)', 'lfu-rules(5)'],
  };
}

type FieldTable = Readonly<
  Record<
    string,
    {
      readonly kind: { readonly expected: string };
      readonly required: boolean;
      readonly summary?: string;
    }
  >
>;

function fieldList(fields: FieldTable): string[] {
  return list(
    Object.entries(fields).map(([name, { kind, required, summary }]) => [
      bold(name) + (required ? literal(' (must be given)') : ''),
      [summary ?? optionText(name), `Expected: ${kind.expected}`],
    ]),
  );
}

/** What the option of that name does, as lfu says it. */
function optionText(name: string): string {
  const option = LFU.options.find((each) => optionNames(each).long === `--${name}`);
  if (option === undefined) throw new Error(`the key ${name} of lfu.toml has no summary`);
  const { summary } = option;
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
