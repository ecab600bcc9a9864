/** `xh which FILE|COMMAND…`. */
import { resolve } from 'node:path';
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { whoOwns, type Ownership } from '../../depot/which.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { JSON_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '<file-or-command...>',
  details:
    'Tells which package a file belongs to, which packages have a part in a system file, or where a\n' +
    'command (or manual page, header, library) comes from, why it is that package and no other, and who\n' +
    'else has the name. Exit 1 when nothing of a depot is called so.',
  options: [JSON_OPTION],
  words: { 'file-or-command': 'command' },
  examples: [
    { command: 'xh which vi', explains: 'the package behind a command' },
    {
      command: 'xh which /etc/services',
      explains: 'the packages that have lines in a system file',
    },
  ],
  run({ args, options, site, terminal, config }) {
    return visitHost(site, (host) => {
      const found = args.map((word) => ({ word, owners: whoOwns(host, config(), named(word)) }));
      const all = found.flatMap(({ owners }) => owners);
      if (options['json'] === true) terminal.print(toJsonText(all, 2));
      else for (const owner of all) terminal.print(ownerText(owner));
      const unknown = found.filter(({ owners }) => owners.length === 0);
      for (const { word } of unknown) {
        terminal.warn(`${printable(bytes(word))}: belongs to no package`);
      }
      return unknown.length > 0 ? EXIT.failed : EXIT.done;
    });
  },
};

/** A path is the one that the user means where he stands; a bare word is a name in the farms. */
function named(word: string): Bytes {
  return bytes(word.includes('/') ? resolve(word) : word);
}

/** One owner in words. */
export function ownerText(owner: Ownership): string {
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
