/** `xh list`. */
import { printable } from '../../bytes/bytes.ts';
import { listDepot } from '../../depot/list.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { JSON_OPTION, type Command } from '../command.ts';
import { columns } from '../table.ts';

export const command: Command = {
  usage: '[word...]',
  details:
    'Lists the packages of the depot: name, version, whether it is installed here (a star), and its\n' +
    'summary, and of those that are attached (xh attach) the mount. With words, only packages whose name\n' +
    'contains one of them.',
  options: [{ flags: '--installed', summary: 'only what is installed here' }, JSON_OPTION],
  examples: [
    { command: 'xh list', explains: 'everything' },
    { command: 'xh list --installed --json', explains: 'for a program' },
  ],
  run({ args, options, site, terminal }) {
    const all = listDepot(site);
    const packages = all.filter(
      ({ directory, installed }) =>
        (options['installed'] !== true || installed) &&
        (args.length === 0 || args.some((word) => printable(directory).includes(word))),
    );
    if (options['json'] === true) {
      terminal.print(toJsonText(packages, 2));
      return EXIT.done;
    }
    const rows = packages.map(
      ({ directory, version, current, installed, attached, summary, problem }) => [
        `${installed ? '*' : ' '} ${printable(directory)}`,
        `${version === undefined ? '-' : printable(version)}${current ? '' : ' (not current)'}`,
        problem ?? (summary === undefined ? '' : printable(summary)),
        ...(attached === undefined ? [] : [`attached from ${printable(attached)}`]),
      ],
    );
    for (const line of columns(rows)) terminal.print(line);
    if (all.length === 0) terminal.tell('no packages: make one with xh mkpkg or xh import');
    else if (rows.length === 0) {
      const names = all.map(({ directory }) => printable(directory));
      const [word = ''] = args;
      const near = args.length === 1 ? didYouMean(word, names) : undefined;
      terminal.tell(
        `none of ${all.length} packages is like that${near === undefined ? '' : `; ${near}`}`,
      );
    }
    return EXIT.done;
  },
};
