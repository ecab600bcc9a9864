/** The command line of `lfck`: what there is, what it means, what is wrong with it. */
import { Command, CommanderError, Option } from 'commander';
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import type { PackageSource } from '../lfck/owners.ts';
import type { NamedTree } from '../lfck/trees.ts';
import { EXIT, XhError } from '../message/error.ts';
import { version } from '../message/version.ts';
import { rawArgument } from './raw-argument.ts';
import type { ColorWhen } from './terminal.ts';

export interface LfckCommandLine {
  readonly root: string | undefined;
  readonly trees: readonly NamedTree[];
  readonly exports: readonly NamedTree[];
  readonly architectures: readonly Bytes[];
  readonly packages: readonly PackageSource[];
  readonly accept: readonly Bytes[];
  readonly etc: Bytes | undefined;
  readonly netgroupFiles: readonly Bytes[];
  readonly oneFileSystem: boolean;
  /** What is printed. */
  readonly show: 'all' | 'usage' | 'suspects';
  readonly fix: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly clearSetId: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly color: ColorWhen;
}

/**
 * Reads a command line; help asked for has been printed when undefined is returned.
 * @throws XhError exit 2
 */
export function parseLfck(argv: readonly string[]): LfckCommandLine | undefined {
  const parser = createParser();
  try {
    parser.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const message = error.message.replace(/^error: /, '');
    throw usage(message, "'lfck --help' lists the options");
  }
  const options = parser.opts<Parsed>();
  const raw = (words: readonly string[] = []): readonly Bytes[] =>
    words.map((word) => rawArgument(word));
  const fix = options.fix === true;
  if (options.usage === true && (fix || options.suspects === true)) {
    const other = fix ? '--fix' : '--suspects';
    throw usage(`--usage and ${other} exclude each other`, 'leave one of them out');
  }
  if (!fix) {
    if (options.clearSetId === true) throw onlyWithFix('--clear-set-id');
    if (options.dryRun === true) throw onlyWithFix('--dry-run');
  }
  return {
    root: options.root,
    trees: raw(parser.args).map(treeOf),
    exports: raw(options.export).map(treeOf),
    architectures: raw(options.arch),
    packages: raw(options.packages).map(packageSource),
    accept: raw(options.accept),
    etc: options.etc === undefined ? undefined : rawArgument(options.etc),
    netgroupFiles: raw(options.netgroup),
    oneFileSystem: options.oneFileSystem === true,
    show: options.usage === true ? 'usage' : fix || options.suspects === true ? 'suspects' : 'all',
    fix,
    dryRun: options.dryRun === true,
    yes: options.yes === true,
    clearSetId: options.clearSetId === true,
    json: options.json === true,
    verbose: options.verbose === true,
    quiet: options.quiet === true,
    color: options.color ?? 'auto',
  };
}

interface Parsed {
  readonly root?: string;
  readonly export?: readonly string[];
  readonly arch?: readonly string[];
  readonly packages?: readonly string[];
  readonly accept?: readonly string[];
  readonly etc?: string;
  readonly netgroup?: readonly string[];
  readonly oneFileSystem?: true;
  readonly usage?: true;
  readonly suspects?: true;
  readonly fix?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly clearSetId?: true;
  readonly json?: true;
  readonly verbose?: true;
  readonly quiet?: true;
  readonly color?: ColorWhen;
}

function createParser(): Command {
  const collect = (word: string, words: readonly string[] = []): string[] => [...words, word];
  return new Command('lfck')
    .usage('[options] [[ARCH=]TREE...]')
    .description(
      'Prints the disk usage of packages by architecture, and what is owned by no package.',
    )
    .argument('[trees...]')
    .option(
      '--export <[arch=]path>',
      'what slaves have: the figures in brackets (may repeat)',
      collect,
    )
    .option('--arch <name>', 'directories called so are an architecture too (may repeat)', collect)
    .option('--packages <@netgroup|file|all>', 'which accounts are packages (may repeat)', collect)
    .option('--accept <owner>', 'is no package and may own files (may repeat)', collect)
    .option('-x, --one-file-system', 'do not enter other file systems mounted in a tree')
    .option('--usage', 'print the disk usage only; owners are not looked at')
    .option('--suspects', 'print what is owned by no package only')
    .option('--fix', 'give suspects to the packages suspected, after showing them')
    .option('-n, --dry-run', 'with --fix: show what would be given, and touch nothing')
    .option('-y, --yes', 'with --fix: do not ask')
    .option('--clear-set-id', 'with --fix: give set-id programs too, which lose these bits')
    .option('--json', 'print JSON for programs; sizes are in bytes')
    .option('--root <dir>', 'the site root (default: $XH_ROOT, or /)')
    .option('--etc <dir>', 'where passwd and netgroup are, and nothing else is asked')
    .option('--netgroup <file>', 'netgroups before those of the system (may repeat)', collect)
    .option('-v, --verbose', 'name every suspect, also below one that is named')
    .option('-q, --quiet', 'say only what is wrong')
    .addOption(
      new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'),
    )
    .version(`lfck ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError()
    .exitOverride();
}

const HELP = `
Figures are MB (1,048,576 bytes) of allocated blocks, as du(1) counts them; an object with several
names is counted once. A row is an owner, a column an architecture: ARCH where a tree is given as
ARCH=TREE, else the outermost directory that is called like one (share, sun4, linux-x86_64,
x86_64-linux-gnu), of those above a tree and three levels down from it, or from what is exported;
what no name tells is counted as share.

Without trees, those of the site are looked at: /.software, /obj and the homes of packages; without
--export, slaves have what the site shares: all of /.software but local and spool.

Packages are the accounts that own packages of the depot (owner in .admin/Options, else an account
called like the package) and the users of the netgroup 'packages'; or, with --packages, those of a
netgroup, those of a file (a name or number a line, # begins a comment), or all accounts that exist.
Roots of trees and root's common directories (bin, man1, those with files of several packages) are
nobody's; whom else to pass over --accept says. Who an owner may be is told, in this order, by: the
package's directory, its account's home, its receipt; then by what a directory contains, its
neighbours, and the netgroups nsu_PACKAGE, which must not contradict each other.

--fix shows suspects, asks (without a terminal it wants --yes), and changes owners, nothing else. It
leaves alone what has no clear owner, devices, objects with names outside the trees, and programs
with set-id bits or capabilities: changing the owner would clear them. Nothing is ever given to root.

Examples:
  lfck
      the site
  lfck --export /export/local /packages /obj
      a master of 1991: what slaves copy, what stays at home
  lfck --usage --export sun4=/disk2/local sun4=/disk2/obj
      one architecture, where paths do not tell it
  lfck --suspects --packages @software --accept root
      only what no member of the netgroup owns
  lfck --fix --dry-run; lfck --fix --yes
      see first, then give

Exit codes: 0 all is well; 1 there are suspects, or something could not be read, each named;
2 the command line, a tree, a list or a netgroup is wrong; 4 not permitted.`;

/** `ARCH=PATH`, where no `/` stands before the `=`, or `PATH`. */
function treeOf(word: Bytes): NamedTree {
  const sign = word.indexOf('=');
  const architecture = slice(word, 0, Math.max(sign, 0));
  if (sign < 0 || architecture.includes('/')) return { path: given(word) };
  if (architecture === '') throw usage(`'=' without an architecture`, "write './=NAME' for a path");
  return { architecture, path: given(slice(word, sign + 1)) };
}

function given(path: Bytes): Bytes {
  if (path === '') throw usage('an empty name is no tree', 'name a directory');
  return path;
}

function packageSource(word: Bytes): PackageSource {
  if (word === b`all`) return { from: 'all' };
  if (word.startsWith('@')) return { from: 'netgroup', name: slice(word, 1) };
  return { from: 'file', path: word };
}

function onlyWithFix(option: string): XhError {
  return usage(`${option} is for --fix only`, 'add --fix, or leave it out');
}

function usage(message: string, remedy: string): XhError {
  return new XhError('E_USAGE', message, { exit: EXIT.usage, remedy });
}
