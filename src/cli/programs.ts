/**
 * All programs and their commands with their descriptions, for the manual and for completion. No
 * program reads this: it is for the build alone.
 */
import { GLOBAL_OPTIONS } from './command.ts';
import { COMMANDS } from './commands.ts';
import type { CommandOption, Described } from './description.ts';
import { exitsOf } from './exit-codes.ts';
import { LFCK } from './lfck-options.ts';
import { COMMON_OPTIONS } from './lfu-command.ts';
import { LFU_COMMANDS } from './lfu-commands.ts';
import { LFU } from './lfu-options.ts';
import { SHOWPATH } from './showpath-help.ts';

export interface Program {
  readonly described: Described;
  /** Of the manual. */
  readonly section: 1 | 8;
  readonly commands: readonly ProgramCommand[];
  /** Options that its commands know besides their own. */
  readonly everywhere: readonly CommandOption[];
}

export interface ProgramCommand extends Described {
  /** Heading that it stands under; '' where there are none. */
  readonly group: string;
}

export async function programs(): Promise<readonly Program[]> {
  const xh = COMMANDS.map(async ({ name, group, summary, load }) => {
    const command = await load();
    return { ...command, name: `xh ${name}`, group, summary, exits: exitsOf(command) };
  });
  const lfu = LFU_COMMANDS.map(async ({ name, summary, load }) => {
    return { ...(await load()), name: `lfu ${name}`, group: '', summary };
  });
  return [
    {
      described: XH,
      section: 1,
      commands: await Promise.all(xh),
      everywhere: GLOBAL_OPTIONS,
    },
    { described: LFU, section: 8, commands: await Promise.all(lfu), everywhere: COMMON_OPTIONS },
    { described: LFCK, section: 8, commands: [], everywhere: [] },
    { described: SHOWPATH, section: 1, commands: [], everywhere: [] },
  ];
}

const XH: Described = {
  name: 'xh',
  summary: 'software in packages for many Unix hosts',
  usage: '<command>',
  details: `Packages stand in a depot, each in a directory of its own, sorted into file types by who
shares them. xh makes such packages, installs them on a host, and takes them out again without a trace:
their lines in system files, their links in the farms that PATH and MANPATH lead to, their accounts,
services and jobs.

Whatever changes the host is planned first, refused as a whole when anything is in the way, and then
done in one transaction that survives kill and power failure. Each is a numbered generation that can be
looked at and gone back to. With --dry-run a command shows what it would do, and does nothing.

Everything stands below a site root, so that a user without privileges can have a site of his own:
--root, else the variable XH_ROOT, else /.

A command may be shortened to what no other begins with, and so may a long option.`,
  options: [...GLOBAL_OPTIONS, { flags: '-V, --version', summary: 'print the version' }],
  words: {},
  examples: [
    { command: 'xh import tree_2.1.0-1_amd64.deb', explains: 'a package, made of a Debian one' },
    { command: 'xh install tree --dry-run', explains: 'what would change on this host' },
    { command: 'xh install tree', explains: 'do it' },
    { command: 'xh which tree', explains: 'where the command comes from, and why' },
    { command: 'xh rollback', explains: 'take the last change back' },
    { command: 'xh --root ~/site list', explains: "the packages of one's own site" },
  ],
  exits: exitsOf({}),
};
