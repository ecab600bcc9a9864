/** `xh symlinks FILE`. */
import { resolve } from 'node:path';
import { bytes } from '../../bytes/bytes.ts';
import { planSymlinks, USER_DIRECTORY } from '../../depot/link-files.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Command } from '../command.ts';
import { makeLinksOf } from '../link-file.ts';

export const command: Command = {
  usage: '<file>',
  details:
    "Makes the links that a database of links has for this host: 'LINK TARGET' a line, and as a third\n" +
    'word perhaps a host, an architecture or a system. Of the lines for one link that concern this host\n' +
    'the most special one counts. A LINK that is no absolute path stands in the user directory. Links\n' +
    'that the file had the last time and has no more go; what xhier did not make is never touched.',
  options: [
    {
      flags: '--directory <dir>',
      summary: 'the user directory, for links that are no absolute paths (default: /user)',
    },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  examples: [
    { command: 'xh symlinks /etc/symlinks', explains: 'from cron, after the file has arrived' },
    {
      command: 'xh symlinks /etc/symlinks --dry-run -v',
      explains: 'what it would change, each link',
    },
  ],
  run(call) {
    const { directory } = call.options;
    const userDirectory =
      typeof directory === 'string' ? bytes(resolve(directory)) : USER_DIRECTORY;
    return makeLinksOf(call, (host, file) =>
      planSymlinks(host, call.config(), file, { userDirectory }),
    );
  },
};
