/** `xh files PKG`. */
import { printable } from '../../bytes/bytes.ts';
import { packageFiles } from '../../depot/package-files.ts';
import { toJsonText } from '../../host/json.ts';
import type { Walker } from '../../files/walk.ts';
import { readReceipt, type ReceiptLink } from '../../host/receipt.ts';
import { sameState, stateOf, stateText } from '../../host/state.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { findPackage } from '../../package/read.ts';
import { siteFileTypes } from '../../site/config.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';
import type { Terminal } from '../terminal.ts';

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
        printLinks(receipt?.links ?? [], walker, { json: options['json'] === true, terminal });
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

/** A name that another package has won, or that somebody has taken, is told as such. */
function printLinks(
  links: readonly ReceiptLink[],
  walker: Walker,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): void {
  const found = links.map((link) => ({ link, at: stateOf(walker, link.path) }));
  const stands = (each: (typeof found)[number]): boolean =>
    sameState(each.at, { type: 'link', target: each.link.target });
  if (json) {
    const list = found.map((each) => ({ ...each.link, stands: stands(each) }));
    terminal.print(toJsonText(list, 2));
    return;
  }
  for (const each of found) {
    const { path, target } = each.link;
    const what = each.at.type === 'link' ? printable(each.at.target) : undefined;
    if (stands(each)) terminal.print(`${printable(path)} → ${printable(target)}`);
    else if (what !== undefined) {
      terminal.print(`${printable(path)}: not its own here, it leads to ${what}`);
    } else terminal.print(`${printable(path)}: not there, but ${stateText(each.at)}`);
  }
}
