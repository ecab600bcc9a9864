/** The command line of `lfu update`. */
import { bytes, type Bytes } from '../bytes/bytes.ts';
import type { DeleteLimit } from '../lfu/options.ts';
import type { Description } from './description.ts';
import { interruptedExits, usageError, type CommonOptions, type LfuCall } from './lfu-command.ts';
import { deleteLimit, positive, rate } from './lfu-values.ts';
import { rawArgument } from './raw-argument.ts';
import type { ColorWhen } from './terminal.ts';

export interface UpdateLine {
  /** The configuration; that of the site when undefined. */
  readonly config: Bytes | undefined;
  /** Only these masters; all when there is none. */
  readonly names: readonly Bytes[];
  /** A master that is gone for good. */
  readonly forget: Bytes | undefined;
  readonly keepFiles: boolean;
  readonly root: string | undefined;
  readonly check: boolean;
  readonly dryRun: boolean;
  readonly itemize: boolean;
  readonly json: boolean;
  readonly checksum: boolean | undefined;
  readonly maxDelete: DeleteLimit | undefined;
  readonly jobs: number | undefined;
  readonly bandwidth: number | undefined;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: ColorWhen;
}

export const UPDATE: Description = {
  usage: '[CONFIG] [NAME...]',
  details: `Updates slaves from the masters of CONFIG (default: /etc/lfu.toml), one after the other. A
word with a '/', or that ends in '.toml', is the configuration; others are names of masters, which take
their turns in the order of the configuration. lfu.toml(5) says how it is written.

Several masters of one slave: a ledger in /.software/local/.admin/lfu remembers who supplied what. A
master's turn deletes only what it has supplied before and nobody else offers; what no master has
supplied stays. A name that two masters offer is supplied by the first of them in the configuration, and
the other says so, exit 1, unless both objects are alike. When the first has it no more, or its rules
ignore it, the other takes it over at its turn. What a master that was taken out of the configuration
supplied stays until it is forgotten. With one master only, what it lacks is deleted.

Every change is logged in /.software/local/.admin/log/lfu.log; 'lfu recent' shows it. Nobody else updates
the slaves before the last turn has ended: a second update says whose the first is, exit 3.

At the end there is a line for each master and one for all, on a terminal, with -v, and whenever
something is wrong: from cron nothing is said about a night on which all went well.`,
  options: [
    { flags: '-n, --dry-run', summary: 'print what would change, and touch nothing' },
    {
      flags: '-i, --itemize',
      summary: 'print a line for each change, after the name of its master',
    },
    {
      flags: '--check',
      summary: 'read the configuration with all rules, lists and netgroups; run nothing',
    },
    { flags: '-c, --checksum', summary: 'compare contents, not only size and time' },
    {
      flags: '--max-delete <n|p%>',
      summary: 'instead of what the configuration says',
      read: deleteLimit,
    },
    { flags: '--jobs <n>', summary: 'instead of what the configuration says', read: positive },
    { flags: '--bwlimit <rate>', summary: 'instead of what the configuration says', read: rate },
    {
      flags: '--forget <name>',
      summary: 'remove what a master supplied that is in CONFIG no more',
    },
    {
      flags: '--keep-files',
      summary: "with --forget: leave its files; they are nobody's then",
    },
  ],
  words: { CONFIG: 'file', 'n|p%': ['5%'] },
  examples: [
    { command: 'lfu update', explains: 'the nightly update' },
    { command: 'lfu update --check', explains: 'whether the configuration is right' },
    { command: 'lfu update -n', explains: 'what it would do' },
    {
      command: 'lfu update -i local --max-delete 50%',
      explains: 'one master, for once with more deletions than usual',
    },
    {
      command: 'lfu update --forget oldserver -n',
      explains: 'what would go with a master that is no more',
    },
  ],
  sections: [
    {
      heading: 'Configuration',
      parts: [
        `  [defaults]                     options of masters that do not say otherwise
  max-delete = "5%"
  [log]                          format ("text", "json"), size ("8M"), keep (5)
  [[master]]
  name = "local"
  path = "/export/local"
  slave = "/disk/local"
  marker = true                  its .lfu-master has to say 'local' (lfu mark)
  index = "/export/local.index"  what 'lfu scan' has found there
  rules = ["lfu/local.rules", { text = 'owner=vlsitools { ignore; }' }]`,
      ],
    },
  ],
  exits: [
    { code: 0, means: 'the slaves are as the rules want them' },
    { code: 1, means: 'some objects failed, or are offered by two masters' },
    {
      code: 2,
      means: 'the configuration is wrong, and nothing is touched; or a tree is not there',
    },
    { code: 3, means: "refused by a guard; nothing is touched in that master's turn" },
    ...interruptedExits('the slaves are consistent'),
  ],
};

/** What the words of a call mean together. @throws XhError exit 2 */
export function readUpdate({ args, options }: LfuCall<UpdateOptions>): UpdateLine {
  const given = args.map((word) => rawArgument(word));
  const configs = given.filter(isFile);
  const names = given.filter((word) => !isFile(word));
  if (configs.length > 1) throw usageError('two configurations are given', 'name one of them');
  if (options.forget !== undefined && (names.length > 0 || options.check === true)) {
    const other = names.length > 0 ? 'names of masters' : '--check';
    throw usageError(`--forget does not go with ${other}`, 'run two commands');
  }
  if (options.keepFiles === true && options.forget === undefined) {
    throw usageError('--keep-files is for --forget only', 'leave it out');
  }
  return {
    config: configs[0],
    names,
    forget: options.forget === undefined ? undefined : bytes(options.forget),
    keepFiles: options.keepFiles === true,
    root: options.root,
    check: options.check === true,
    dryRun: options.dryRun === true,
    itemize: options.itemize === true || options.dryRun === true,
    json: options.json === true,
    checksum: options.checksum,
    maxDelete: options.maxDelete,
    jobs: options.jobs,
    bandwidth: options.bwlimit,
    verbose: options.verbose === true,
    quiet: options.quiet === true,
    color: options.color,
  };
}

export interface UpdateOptions extends CommonOptions {
  readonly forget?: string;
  readonly keepFiles?: true;
  readonly check?: true;
  readonly dryRun?: true;
  readonly itemize?: true;
  readonly checksum?: true;
  readonly maxDelete?: DeleteLimit;
  readonly jobs?: number;
  readonly bwlimit?: number;
}

/** A name of a master has no slash and does not end so. */
function isFile(word: Bytes): boolean {
  return word.includes('/') || word.endsWith('.toml');
}
