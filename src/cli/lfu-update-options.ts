/** The command line of `lfu update`. */
import type { Command } from 'commander';
import { bytes, type Bytes } from '../bytes/bytes.ts';
import type { DeleteLimit } from '../lfu/options.ts';
import {
  addCommonOptions,
  createCommand,
  parseWords,
  usageError,
  type CommonOptions,
} from './lfu-command.ts';
import { deleteLimit, positive, rate } from './lfu-options.ts';
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

/** @returns undefined when help was asked for and printed. @throws XhError exit 2 */
export function parseUpdate(words: readonly string[]): UpdateLine | undefined {
  const parser = createParser();
  if (!parseWords(parser, words)) return undefined;
  const options = parser.opts<Parsed>();
  const given = parser.args.map((word) => rawArgument(word));
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
    color: options.color ?? 'auto',
  };
}

interface Parsed extends CommonOptions {
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

function createParser(): Command {
  const command = createCommand('update', {
    usage: '[options] [CONFIG] [NAME...]',
    description:
      'Updates slaves from the masters of CONFIG (default: /etc/lfu.toml), one after the other.',
    help: HELP,
  })
    .option('-n, --dry-run', 'print what would change, and touch nothing')
    .option('-i, --itemize', 'print a line for each change, after the name of its master')
    .option('--check', 'read the configuration with all rules, lists and netgroups; run nothing')
    .option('-c, --checksum', 'compare contents, not only size and time')
    .option('--max-delete <n|p%>', 'instead of what the configuration says', deleteLimit)
    .option('--jobs <n>', 'instead of what the configuration says', positive)
    .option('--bwlimit <rate>', 'instead of what the configuration says', rate)
    .option('--forget <name>', 'remove what a master supplied that is in CONFIG no more')
    .option('--keep-files', 'with --forget: leave its files; they are nobody’s then');
  return addCommonOptions(command);
}

const HELP = `
A word with a '/', or that ends in '.toml', is the configuration; others are names of masters, which
take their turns in the order of the configuration.

  [defaults]                     options of all masters that do not say otherwise
  max-delete = "5%"
  [log]                          format ("text", "json"), size ("8M"), keep (5 old files)
  [[master]]
  name = "local"
  path = "/export/local"
  slave = "/disk/local"
  marker = true                  /export/local/.lfu-master has to say 'local' (lfu mark)
  index = "/export/local.index"  what 'lfu scan' has found there, read instead of looking
  rules = ["lfu/local.rules", { text = 'owner=vlsitools { ignore; }' }]
Options of a master: max-delete checksum one-file-system no-owner fail-fast fsync jobs bwlimit netgroup.

Several masters of one slave: a ledger in /.software/local/.admin/lfu remembers who supplied what. A
master's turn deletes only what it has supplied before and nobody else offers; what no master has
supplied stays. A name that two masters offer is supplied by the first of them in the configuration,
and the other says so, exit 1, unless both objects are alike. When the first has it no more, or its
rules ignore it, the other takes it over at its turn. What a master that was taken out of the
configuration supplied stays until it is forgotten. With one master only, what it lacks is deleted.

Every change is logged in /.software/local/.admin/log/lfu.log; 'lfu recent' shows it. Nobody else
updates the slaves before the last turn has ended: a second update says whose the first is, exit 3.

At the end there is a line for each master and one for all, on a terminal, with -v, and whenever
something is wrong: from cron nothing is said about a night on which all went well.

Examples:
  lfu update
      the nightly update
  lfu update --check; lfu update -n
      whether the configuration is right, and what it would do
  lfu update -i local --max-delete 50%
      one master, for once with more deletions than usual
  lfu update --forget oldserver -n
      what would go with a master that is no more

Exit codes: the worst of all masters: 0 the slaves are as the rules want them; 1 some objects failed
or are offered by two masters; 2 the configuration is wrong, nothing touched, or a tree is not there;
3 refused by a guard, nothing touched in that master's turn; 129, 130, 143 interrupted.`;
