/** `xh dist-recurse [PKG…]`. */
import type { Command } from '../command.ts';
import { DISTRIBUTE_OPTIONS, runDistribute } from '../distribute-run.ts';

export const command: Command = {
  usage: '[package-or-host...]',
  details:
    'Distributes as xh distribute does, and each host that has got its packages goes on at once to the\n' +
    'hosts below it, and these to those below them: the whole tree is served in the time of its deepest\n' +
    'branch. A host is below the one that it names with via in /etc/xhier.toml:\n' +
    '\n' +
    '  [hosts."lab1.example.org"]\n' +
    '  via = "lab-server.example.org"\n' +
    '\n' +
    'A host goes on to those of its own /etc/xhier.toml; to those that this one names, too, when its key\n' +
    'runs xh receive --relay: then it is told their name, address, port and account, and uses its own ssh\n' +
    'keys. What becomes of every host is collected here, with the way by which it was reached. Where a\n' +
    'relay cannot be reached, the hosts below it are outstanding, too.',
  options: DISTRIBUTE_OPTIONS,
  words: { 'package-or-host': 'package' },
  exits: [{ code: 1, means: 'some hosts lack something; they are named, the others have all' }],
  examples: [
    { command: 'xh dist-recurse gcc', explains: 'gcc to all hosts, through the relays' },
    {
      command: 'xh dist-recurse lab-server',
      explains: 'everything to this host and all below it',
    },
    { command: 'xh dist-recurse --outstanding', explains: 'who lacks what, anywhere in the tree' },
  ],
  run: (call) => runDistribute(call, true),
};
