/** `xh info PKG`. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { readReceipt } from '../../host/receipt.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { dependencyText } from '../../package/dependencies.ts';
import { findPackage, readPackage } from '../../package/read.ts';
import { siteFileTypes } from '../../site/config.ts';
import { printMailbox } from '../../site/mailbox.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';
import { columns } from '../table.ts';

export const command: Command = {
  usage: '<package...>',
  details:
    "Shows what a package says of itself (.admin), and what this host's receipt says of it: when and by\n" +
    'whom it was installed, its links, and the system files that it has a part in.',
  options: [JSON_OPTION],
  examples: [{ command: 'xh info jq', explains: 'everything about jq' }],
  run({ args, options, site, terminal, config }) {
    const types = siteFileTypes(config());
    for (const word of args) {
      const { name, range } = packageArgument(word);
      const found = findPackage(site, range === undefined ? { name } : { name, range: range.text });
      const pack = readPackage(site, found.directory, { fileTypes: types });
      const receipt = visitHost(site, ({ walker }) =>
        readReceipt<{ readonly path: Bytes }>(walker, found.directory),
      );
      if (options['json'] === true) {
        const { values } = pack.options;
        terminal.print(
          toJsonText(
            {
              name: pack.name,
              directory: pack.directory,
              version: pack.version,
              path: pack.path,
              current: pack.current,
              maintainers: pack.maintainers.map((mailbox) => printable(printMailbox(mailbox))),
              dependencies: pack.dependencies.map((each) => printable(dependencyText(each))),
              options: values,
              installed: receipt && {
                time: receipt.time,
                user: receipt.user,
                files: receipt.files.length,
                links: receipt.links.length,
                fragments: receipt.fragments.map((fragment) => printable(fragment.path)),
              },
            },
            2,
          ),
        );
        continue;
      }
      const { values } = pack.options;
      const text = (value: Bytes | undefined): string =>
        value === undefined ? '' : printable(value);
      const rows: [string, string][] = [
        ['package', text(pack.directory)],
        ['version', text(pack.version)],
        ['summary', text(values.summary)],
        ['homepage', text(values.homepage)],
        ['licence', text(values.licence)],
        ['maintainer', pack.maintainers.map((mailbox) => text(printMailbox(mailbox))).join(', ')],
        ['needs', pack.dependencies.map((each) => text(dependencyText(each))).join(', ')],
        ['priority', String(values.priority)],
        ['default', values.default ? 'yes' : 'no'],
        ['path', text(pack.path)],
        ['installed', receipt === undefined ? 'no' : `${receipt.time} by ${receipt.user}`],
        ['links', receipt === undefined ? '' : String(receipt.links.length)],
        [
          'in',
          [...new Set(receipt?.fragments.map((fragment) => text(fragment.path)) ?? [])].join(', '),
        ],
      ];
      const shown = rows.filter(([, value]) => value !== '');
      for (const line of columns(shown)) terminal.print(line);
      if (args.length > 1) terminal.print('');
    }
    return EXIT.done;
  },
};
