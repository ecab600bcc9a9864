/** `xh autolink FILE`. */
import { planAutolink } from '../../depot/link-files.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Command } from '../command.ts';
import { makeLinksOf } from '../link-file.ts';

export const command: Command = {
  usage: '<file>',
  details:
    "Makes layered farms: 'DIR FROM' a line; each thing in FROM gets a link in DIR, and later lines\n" +
    'override earlier ones, so that a local copy of an application comes before that of a server. A FROM\n' +
    'that is not there adds nothing. ${NAME} is a variable of the environment. What xhier did not make\n' +
    'is never touched.',
  options: [DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION],
  examples: [
    { command: 'xh autolink /etc/autolink', explains: 'after applications have come or gone' },
    { command: 'xh autolink /etc/autolink -n -v', explains: 'each link that would be made' },
  ],
  run(call) {
    return makeLinksOf(call, (host, file) => planAutolink(host, call.config(), file, process.env));
  },
};
