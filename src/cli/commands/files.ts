/** `xh files PKG`. */
import { printable } from '../../bytes/bytes.ts';
import { packageFiles } from '../../depot/package-files.ts';
import { toJsonText } from '../../host/json.ts';
import { readReceipt } from '../../host/receipt.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { findPackage } from '../../package/read.ts';
import { siteFileTypes } from '../../site/config.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';

export const command: Command = {
  usage: '<package>',
  details:
    'Lists every path of a package, over all its file types; with --links the links that it has in the\n' +
    'farms of this host.',
  options: [
    { flags: '--links', summary: 'its links in the farms, with what they point to' },
    { flags: '-l, --long', summary: 'mode, owner, size and hash too' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh files tree', explains: 'where its files stand' },
    { command: 'xh files tree --links', explains: 'what of it is on the paths' },
  ],
  run({ args, options, site, terminal, config }) {
    const { name, range } = packageArgument(args[0] ?? '');
    const found = findPackage(site, range === undefined ? { name } : { name, range: range.text });
    return visitHost(site, ({ walker }) => {
      const receipt = readReceipt(walker, found.directory);
      if (options['links'] === true) {
        const links = receipt?.links ?? [];
        if (options['json'] === true) terminal.print(toJsonText(links, 2));
        else {
          for (const { path, target } of links) {
            terminal.print(`${printable(path)} → ${printable(target)}`);
          }
        }
        return EXIT.done;
      }
      const files = packageFiles(walker, siteFileTypes(config()), found.directory, receipt?.files);
      if (options['json'] === true) terminal.print(toJsonText(files, 2));
      else {
        for (const file of files) {
          const path = printable(file.path);
          const arrow = file.target === undefined ? '' : ` → ${printable(file.target)}`;
          const mark = file.type === 'directory' ? '/' : '';
          const long =
            options['long'] === true
              ? `${file.mode.toString(8).padStart(4, '0')} ${file.uid}:${file.gid} ${String(file.size).padStart(10)} ${file.sha256?.slice(0, 12) ?? '-'.repeat(12)} `
              : '';
          terminal.print(`${long}${path}${mark}${arrow}`);
        }
      }
      return EXIT.done;
    });
  },
};
