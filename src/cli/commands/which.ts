/** `xh which FILE|COMMAND…`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { whoOwns, type Ownership } from '../../depot/which.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, type ExitCode } from '../../message/error.ts';
import { JSON_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '<file-or-command...>',
  details:
    'Tells which package a file belongs to, which packages have a part in a system file, or where a\n' +
    'command (or manual page, header, library) comes from, why it is that package and no other, and who\n' +
    'else has the name. Exit 1 when nothing of a depot is called so.',
  options: [JSON_OPTION],
  examples: [
    { command: 'xh which vi', explains: 'the package behind a command' },
    {
      command: 'xh which /etc/services',
      explains: 'the packages that have lines in a system file',
    },
  ],
  run({ args, options, site, terminal, config }) {
    let code: ExitCode = EXIT.done;
    visitHost(site, (host) => {
      for (const word of args) {
        const owners = whoOwns(host, config(), bytes(word));
        if (options['json'] === true) terminal.print(toJsonText(owners, 2));
        else for (const owner of owners) terminal.print(ownerText(owner));
        if (owners.length === 0) {
          terminal.warn(`${word}: belongs to no package`);
          code = EXIT.failed;
        }
      }
    });
    return code;
  },
};

function ownerText(owner: Ownership): string {
  const path = printable(owner.path);
  switch (owner.kind) {
    case 'file':
      return `${path}: ${printable(owner.package)} (${printable(owner.type)})`;
    case 'fragments':
      return `${path}: has parts of ${owner.packages.map(printable).join(', ')}`;
    case 'link': {
      const others =
        owner.losers.length === 0 ? '' : `; also in ${owner.losers.map(printable).join(', ')}`;
      return `${path} → ${printable(owner.target)}\n    from ${printable(owner.package)}: ${owner.why}${others}`;
    }
  }
}
