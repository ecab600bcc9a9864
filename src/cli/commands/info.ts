/** `xh info PKG`. */
import { printable, toJson, toText, type Bytes } from '../../bytes/bytes.ts';
import { readReceipt, type Receipt } from '../../host/receipt.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { dependencyText } from '../../package/dependencies.ts';
import { transcriptsOf } from '../../depot/script/transcript.ts';
import { findPackage, readPackage, type PackageMetadata } from '../../package/read.ts';
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
  examples: [
    { command: 'xh info jq', explains: 'everything about jq' },
    { command: 'xh info jq tree --json', explains: 'of both, for a program' },
  ],
  run({ args, options, site, terminal, config }) {
    const types = siteFileTypes(config());
    const shown = args.map((word) => {
      const { name, range } = packageArgument(word);
      const found = findPackage(site, range === undefined ? { name } : { name, range: range.text });
      const pack = readPackage(site, found.directory, { fileTypes: types });
      const { receipt, transcript } = visitHost(site, ({ walker }) => ({
        receipt: readReceipt<{ readonly path: Bytes }>(walker, found.directory),
        transcript: transcriptsOf(walker, found.directory).at(-1),
      }));
      return { pack, receipt, transcript };
    });
    if (options['json'] === true) {
      const list = shown.map(asJson);
      terminal.print(toJsonText(list.length === 1 ? list[0] : list, 2));
      return EXIT.done;
    }
    for (const [i, one] of shown.entries()) {
      if (i > 0) terminal.print('');
      for (const line of asText(one)) terminal.print(line);
    }
    return EXIT.done;
  },
};

interface Shown {
  readonly pack: PackageMetadata;
  readonly receipt: Receipt<{ readonly path: Bytes }> | undefined;
  /** The newest of its script, as far as the log is ours to look into. */
  readonly transcript: Bytes | undefined;
}

function asJson({ pack, receipt, transcript }: Shown): unknown {
  return {
    name: pack.name,
    directory: pack.directory,
    version: pack.version,
    path: pack.path,
    current: pack.current,
    maintainers: pack.maintainers.map((mailbox) => toText(printMailbox(mailbox))),
    dependencies: pack.dependencies.map((each) => toText(dependencyText(each))),
    options: pack.options.values,
    transcript,
    installed: receipt && {
      time: receipt.time,
      user: receipt.user,
      files: receipt.files.length,
      links: receipt.links.length,
      fragments: receipt.fragments.map((fragment) => toJson(fragment.path)),
    },
  };
}

function asText({ pack, receipt, transcript }: Shown): string[] {
  const { values } = pack.options;
  const text = (value: Bytes | undefined): string => (value === undefined ? '' : printable(value));
  const fragments = new Set(receipt?.fragments.map((fragment) => text(fragment.path)));
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
    ['in', [...fragments].join(', ')],
    ['transcript', text(transcript)],
  ];
  return columns(rows.filter(([, value]) => value !== ''));
}
