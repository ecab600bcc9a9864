/** The command line of `lfu`: what there is, what it means, what is wrong with it. */
import type { Bytes } from '../bytes/bytes.ts';
import type { DeleteLimit } from '../lfu/options.ts';
import type { ScriptText } from '../lfu/rules/syntax.ts';
import { version } from '../message/version.ts';
import { HELP_OPTION, type CommandOption, type Described } from './description.ts';
import { outputWidth } from './fill.ts';
import { helpFor } from './help-text.ts';
import { COLOR_OPTION, interruptedExits, usageError } from './lfu-command.ts';
import { LFU_COMMANDS } from './lfu-commands.ts';
import { rulesHelp } from './lfu-rules-help.ts';
import { RULE_OPTIONS, deleteLimit, positive, rate } from './lfu-values.ts';
import type { Lines } from './lines.ts';
import { asksForHelp, parseWords } from './parse-words.ts';
import { rawArgument } from './raw-argument.ts';
import { outputStyles, type ColorWhen } from './terminal.ts';

export interface LfuCommandLine {
  /** MASTER and SLAVE; only `--check` does without. */
  readonly master: Bytes | undefined;
  readonly slave: Bytes | undefined;
  /** Rules, in the order given. */
  readonly scripts: readonly ScriptText[];
  readonly netgroupFiles: readonly Bytes[];
  readonly check: boolean;
  readonly dryRun: boolean;
  readonly itemize: boolean;
  readonly json: boolean;
  readonly checksum: boolean;
  readonly maxDelete: DeleteLimit | undefined;
  readonly oneFileSystem: boolean;
  readonly noOwner: boolean;
  /** What was looked at instead of the master. */
  readonly index: Bytes | undefined;
  readonly failFast: boolean;
  readonly fsync: boolean;
  readonly jobs: number | undefined;
  readonly bandwidth: number | undefined;
  readonly log: Bytes | undefined;
  /** What the master's marker has to say. */
  readonly marker: Bytes | undefined;
  /** The site whose ledgers are kept. */
  readonly root: string | undefined;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: ColorWhen;
}

/**
 * Reads a command line; help asked for has been written to `out` when undefined is returned.
 * @throws XhError exit 2
 */
export function parseLfu(argv: readonly string[], out: Lines): LfuCommandLine | undefined {
  if (asksForHelp(LFU, argv, [])) {
    out.write(helpFor(LFU, argv, []));
    return undefined;
  }
  const { args, options } = parseWords<Parsed>(LFU, argv, { everywhere: [], free: true });
  const { scripts } = options;
  if (options.version === true || options.helpRules === true) {
    out.write(
      options.version === true
        ? `lfu ${version}`
        : rulesHelp(outputStyles(options.color), outputWidth()),
    );
    return undefined;
  }
  const [master, slave, ...more] = args.map((word) => rawArgument(word));
  if (more.length > 0 || (!options.check && slave === undefined)) {
    const count = args.length;
    throw usageError(
      `MASTER and SLAVE are wanted, ${count === 0 ? 'none' : count} given`,
      "for example: lfu -n /export/local /disk/local; 'lfu --help' says more",
    );
  }
  return {
    master,
    slave,
    scripts,
    netgroupFiles: options.netgroup.map((word) => rawArgument(word)),
    check: options.check === true,
    dryRun: options.dryRun === true,
    itemize: options.itemize === true || options.dryRun === true || options.json === true,
    json: options.json === true,
    checksum: options.checksum === true,
    maxDelete: options.maxDelete,
    oneFileSystem: options.oneFileSystem === true,
    noOwner: !options.owner,
    index: options.index === undefined ? undefined : rawArgument(options.index),
    failFast: options.failFast === true,
    fsync: options.fsync === true,
    jobs: options.jobs,
    bandwidth: options.bwlimit,
    log: options.log === undefined ? undefined : rawArgument(options.log),
    marker: options.marker === undefined ? undefined : rawArgument(options.marker),
    root: options.root,
    verbose: options.verbose === true,
    quiet: options.quiet === true,
    color: options.color,
  };
}

interface Parsed {
  readonly scripts: readonly ScriptText[];
  readonly version?: true;
  readonly netgroup: readonly string[];
  readonly check?: true;
  readonly dryRun?: true;
  readonly itemize?: true;
  readonly json?: true;
  readonly checksum?: true;
  readonly maxDelete?: DeleteLimit;
  readonly oneFileSystem?: true;
  readonly owner: boolean;
  readonly index?: string;
  readonly failFast?: true;
  readonly fsync?: true;
  readonly jobs?: number;
  readonly bwlimit?: number;
  readonly log?: string;
  readonly marker?: string;
  readonly root?: string;
  readonly verbose?: true;
  readonly quiet?: true;
  readonly color: ColorWhen;
  readonly helpRules?: true;
}

const OPTIONS: readonly CommandOption[] = [
  ...RULE_OPTIONS,
  { flags: '-n, --dry-run', summary: 'print what would change, and touch nothing' },
  { flags: '-i, --itemize', summary: 'print a line for each change' },
  { flags: '--json', summary: 'print a JSON object for each change' },
  { flags: '-c, --checksum', summary: 'compare contents, not only size and time' },
  {
    flags: '--max-delete <n|p%>',
    summary: 'refuse the whole run when more would be deleted',
    read: deleteLimit,
  },
  { flags: '--one-file-system', summary: 'do not enter other file systems mounted in MASTER' },
  { flags: '--numeric-ids', summary: 'owners by number; those of a mounted MASTER always are' },
  { flags: '--no-owner', summary: 'leave owner and group to whoever runs lfu' },
  { flags: '--keep-going', summary: 'do everything else when an object fails (default)' },
  { flags: '--fail-fast', summary: 'stop at the first object that fails' },
  { flags: '--fsync', summary: 'make each file durable before it gets its name' },
  {
    flags: '--index <file>',
    summary: "read what MASTER is from an index ('lfu scan') instead of looking",
  },
  {
    flags: '--jobs <n>',
    summary: 'threads that look at the trees and copy (default: one a processor, at most 4)',
    read: positive,
  },
  {
    flags: '--bwlimit <rate>',
    summary: 'bytes a second to copy, or with k, M, G',
    read: rate,
  },
  { flags: '--check', summary: 'read the rules, with every list and netgroup, and run nothing' },
  { flags: '--log <file>', summary: 'append a line for each change; JSON with --json' },
  { flags: '--marker <name>', summary: "refuse when MASTER's .lfu-master does not say NAME" },
  { flags: '--root <dir>', summary: 'the site whose ledgers are kept (default: $XH_ROOT, or /)' },
  { flags: '-v, --verbose', summary: 'a summary, and what to do about each problem' },
  { flags: '-q, --quiet', summary: 'only what is wrong: no warnings, progress or summary' },
  COLOR_OPTION,
  { flags: '--help-rules', summary: 'print how rules are written' },
  { flags: '-V, --version', summary: 'print the version' },
  HELP_OPTION,
];

/** `lfu` itself; its commands describe themselves. */
export const LFU: Described = {
  name: 'lfu',
  summary: 'makes one tree a faithful copy of another, by rules',
  usage: 'MASTER SLAVE',
  details: `Makes the directory SLAVE a faithful copy of MASTER, except where a rule says otherwise.
SLAVE is made when its parent is there. MASTER may also be a tree of a store. Rules apply to what is below the two roots, never to the roots
themselves.

A line is VERB TYPE WHY PATH, for example 'copy f size,mtime bin/prog'. Verbs: copy make link join set
keep delete. Types: f d l p s b c, as find(1) has them. Standard output has these lines and nothing
else; --json has an object for each change and each problem, and 'summary' at the end.`,
  options: OPTIONS,
  words: { name: 'any', 'n|p%': ['5%'] },
  examples: [
    {
      command: 'lfu -n /export/local /disk/local',
      explains: 'what would change, a line each; nothing is touched',
    },
    {
      command:
        'lfu -i --max-delete 5% -f /etc/lfu/local.rules --log /var/log/lfu /export/local /disk/local',
      explains: 'the nightly update of a slave, by rules',
    },
    {
      command:
        "lfu -e 'owner=vlsitools { link; source /usr/remote/vlsi }' /export/local /disk/local",
      explains: 'links in the place of what one package owns',
    },
    {
      command: 'lfu https://depot.example.org/store#gcc/share /disk/gcc',
      explains: 'from a store: verified, and only what differs is fetched',
    },
    {
      command: 'lfu --check -f /etc/lfu/local.rules',
      explains: "whether the rules are right; 'lfu --help-rules' says how they are written",
    },
  ],
  sections: [
    {
      heading: 'A store as MASTER',
      parts: [
        `MASTER may be a tree of a package in a store, as xh publish has put it there. STORE is a
directory or an address, and what stands behind # says which tree:`,
        [
          ['STORE#PACKAGE/TYPE', 'for example /srv/store#gcc/share'],
          [
            'STORE#PACKAGE/TYPE/ARCHITECTURE',
            'of files that differ: https://depot.example.org/store#gcc/arch/linux-x86_64',
          ],
        ],
        `A directory that is really called so is that directory; store+ before the name says that it is
a store all the same. A store is believed as by xh pull: its records have to be signed with the keys of
'site-keys' in /etc/xhier.toml, and nothing older than what has been seen is believed.

Rules, --max-delete, ledgers and everything else mean the same as for a directory. -n fetches listings
only. A run fetches what it is going to copy before it touches the slave, and keeps it beside the slave
until it is done: when it is interrupted, the next one goes on from there. Owners go by their names
where these are known here. An object was last read when it was last changed, as far as anybody knows; a
'link' has to say its 'source'; --checksum compares with what the store calls the contents; --jobs is
how many requests there are at the same time.`,
      ],
    },
    {
      heading: 'Commands',
      parts: [
        LFU_COMMANDS.map(({ name, summary }) => [name, summary] as const),
        "'lfu COMMAND --help' explains each. Any other first word is an option or MASTER.",
      ],
    },
    {
      heading: 'Progress and interruption',
      parts: [
        `On a terminal there is a line that says how far the run is, and a summary at its end;
elsewhere only with -v, so that cron has something to mail only when something is wrong. Both are on
standard error.

Ctrl-C, a shutdown or a lost terminal ends the run between two objects: nothing is half done, and
running it again does the rest. Commands of exec and exec-once for what has been updated by then are
run before it ends, since the next run has no reason to. A second signal ends it at once, and says
which commands are left; only after SIGKILL, or without power, does nobody say so.`,
      ],
    },
  ],
  exits: [
    { code: 0, means: 'the slave is as the rules want it' },
    { code: 1, means: 'some objects failed, each named on standard error; all others are done' },
    { code: 2, means: 'the command line, the rules or a directory are wrong; nothing is touched' },
    { code: 3, means: 'refused by a guard; nothing is touched' },
    ...interruptedExits('the slave is consistent'),
  ],
};
