/** `xh distribute [PKG…] [HOST…]`. */
import type { Command } from '../command.ts';
import { DISTRIBUTE_OPTIONS, runDistribute } from '../distribute-run.ts';

export const command: Command = {
  usage: '[package-or-host...]',
  details:
    'Sends packages of this host to others over ssh, without a server and without a store. Packages are\n' +
    'named first, then hosts or domains; without packages all are meant, without hosts all of\n' +
    "/etc/xhier.toml but for those that others distribute to ('via'):\n" +
    '\n' +
    '  [hosts."web1.example.org"]\n' +
    '  arch = "linux-x86_64"\n' +
    '  domains = ["disked.amd64.linux.www.adm"]\n' +
    '  user = "xhier"\n' +
    '\n' +
    'Each host is asked once, some at the same time, each with a time limit, and decides itself what it\n' +
    'takes: see xh help receive for the one line that it needs in authorized_keys. Only what it lacks goes\n' +
    'over the line. Shared files go to all, those of an architecture to hosts that say they are of it;\n' +
    'where the files for an architecture are missing, or older than the shared ones, that is told. A host\n' +
    'that is down, slow, or breaks off keeps no other from being served.\n' +
    '\n' +
    'In a domain the special is in front and the general behind: sun4.sunos.cc.adm is in cc.adm, and\n' +
    "'common' stands for any name at its level. A word may be said to be what it is: package:web,\n" +
    'host:web, domain:adm.\n' +
    '\n' +
    'Who could not be served is written down, per package and revision: --outstanding shows who lacks what,\n' +
    'since when and why, and --retry tries just those again.',
  options: DISTRIBUTE_OPTIONS,
  words: { 'package-or-host': 'package' },
  exits: [{ code: 1, means: 'some hosts lack something; they are named, the others have all' }],
  examples: [
    { command: 'xh distribute', explains: 'everything to all hosts that lack it' },
    { command: 'xh distribute gcc tex web1', explains: 'two packages to one host' },
    {
      command: 'xh distribute gcc mipsws.common.adm',
      explains: 'to all hosts in mipsws of whatever group',
    },
    { command: 'xh distribute --to adm --dry-run', explains: 'what the hosts would take' },
    { command: 'xh distribute --retry', explains: 'from cron: those who were down' },
  ],
  run: (call) => runDistribute(call, false),
};
