/** The command line of `lfck`: what there is, what it means, what is wrong with it. */
import { b, slice, type Bytes } from '../bytes/bytes.ts';
import type { PackageSource } from '../lfck/owners.ts';
import type { NamedTree } from '../lfck/trees.ts';
import { EXIT, XhError } from '../message/error.ts';
import { version } from '../message/version.ts';
import { HELP_OPTION, type Described } from './description.ts';
import { helpFor } from './help-text.ts';
import type { Lines } from './lines.ts';
import { asksForHelp, parseWords } from './parse-words.ts';
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
 * Reads a command line; help asked for has been written to `out` when undefined is returned.
 * @throws XhError exit 2
 */
export function parseLfck(argv: readonly string[], out: Lines): LfckCommandLine | undefined {
  if (asksForHelp(LFCK, argv, [])) {
    out.write(helpFor(LFCK, argv, []));
    return undefined;
  }
  const { args, options } = parseWords<Parsed>(LFCK, argv, { everywhere: [], free: true });
  if (options.version === true) {
    out.write(`lfck ${version}`);
    return undefined;
  }
  const raw = (words: readonly string[]): readonly Bytes[] =>
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
    trees: raw(args).map(treeOf),
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
    color: options.color,
  };
}

interface Parsed {
  readonly root?: string;
  readonly export: readonly string[];
  readonly arch: readonly string[];
  readonly packages: readonly string[];
  readonly accept: readonly string[];
  readonly etc?: string;
  readonly netgroup: readonly string[];
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
  readonly color: ColorWhen;
  readonly version?: true;
}

/** `lfck` itself. */
export const LFCK: Described = {
  name: 'lfck',
  summary: 'disk usage of packages by architecture, and what is owned by no package',
  usage: '[[ARCH=]TREE...]',
  details: `Prints the disk usage of packages by architecture, and what is owned by no package. Figures
are MB (1,048,576 bytes) of allocated blocks, as du(1) counts them; an object with several names is
counted once. A row is an owner, a column an architecture: ARCH where a tree is given as ARCH=TREE, else
the outermost directory that is called like one (share, sun4, linux-x86_64, x86_64-linux-gnu), of those
above a tree and three levels down from it, or from what is exported; what no name tells is counted as
share.

Without trees, those of the site are looked at: /.software, /obj and the homes of packages; without
--export, slaves have what the site shares: all of /.software but local and spool.`,
  options: [
    {
      flags: '--export <[arch=]path>',
      summary: 'what slaves have: the figures in brackets',
      repeats: true,
    },
    {
      flags: '--arch <name>',
      summary: 'directories called so are an architecture too',
      repeats: true,
    },
    {
      flags: '--packages <@netgroup|file|all>',
      summary: 'which accounts are packages',
      repeats: true,
    },
    { flags: '--accept <owner>', summary: 'is no package and may own files', repeats: true },
    {
      flags: '-x, --one-file-system',
      summary: 'do not enter other file systems mounted in a tree',
    },
    { flags: '--usage', summary: 'print the disk usage only; owners are not looked at' },
    { flags: '--suspects', summary: 'print what is owned by no package only' },
    { flags: '--fix', summary: 'give suspects to the packages suspected, after showing them' },
    {
      flags: '-n, --dry-run',
      summary: 'with --fix: show what would be given, and touch nothing',
    },
    { flags: '-y, --yes', summary: 'with --fix: do not ask' },
    {
      flags: '--clear-set-id',
      summary: 'with --fix: give set-id programs too, which lose these bits',
    },
    { flags: '--json', summary: 'print JSON for programs; sizes are in bytes' },
    { flags: '--root <dir>', summary: 'the site root (default: $XH_ROOT, or /)' },
    { flags: '--etc <dir>', summary: 'where passwd and netgroup are, and nothing else is asked' },
    {
      flags: '--netgroup <file>',
      summary: 'netgroups before those of the system',
      repeats: true,
    },
    { flags: '-v, --verbose', summary: 'name every suspect, also below one that is named' },
    { flags: '-q, --quiet', summary: 'say only what is wrong' },
    {
      flags: '--color <when>',
      summary: 'colours',
      choices: ['auto', 'always', 'never'],
      default: 'auto',
    },
    { flags: '-V, --version', summary: 'print the version' },
    HELP_OPTION,
  ],
  words: {
    'ARCH=]TREE': 'directory',
    '[arch=]path': 'directory',
    '@netgroup|file|all': ['all', '@packages'],
    owner: 'user',
  },
  examples: [
    { command: 'lfck', explains: 'the site' },
    {
      command: 'lfck --export /export/local /packages /obj',
      explains: 'a master of 1991: what slaves copy, what stays at home',
    },
    {
      command: 'lfck --usage --export sun4=/disk2/local sun4=/disk2/obj',
      explains: 'one architecture, where paths do not tell it',
    },
    {
      command: 'lfck --suspects --packages @software --accept root',
      explains: 'only what no member of the netgroup owns',
    },
    { command: 'lfck --fix --dry-run', explains: 'see first what would be given' },
    { command: 'lfck --fix --yes', explains: 'then give' },
  ],
  sections: [
    {
      heading: 'Who owns',
      parts: [
        `Packages are the accounts that own packages of the depot (owner in .admin/Options, else an
account called like the package) and the users of the netgroup 'packages'; or, with --packages, those
of a netgroup, those of a file (a name or number a line, # begins a comment), or all accounts that
exist. Roots of trees and root's common directories (bin, man1, those with files of several packages)
are nobody's; whom else to pass over --accept says. Who an owner may be is told, in this order, by: the
package's directory, its account's home, its receipt; then by what a directory contains, its neighbours,
and the netgroups nsu_PACKAGE, which must not contradict each other.

--fix shows suspects, asks (without a terminal it wants --yes), and changes owners, nothing else. It
leaves alone what has no clear owner, devices, objects with names outside the trees, and programs with
set-id bits or capabilities: changing the owner would clear them. Nothing is ever given to root.`,
      ],
    },
  ],
  exits: [
    { code: 0, means: 'all is well' },
    { code: 1, means: 'there are suspects, or something could not be read, each named' },
    { code: 2, means: 'the command line, a tree, a list or a netgroup is wrong' },
    { code: 4, means: 'not permitted' },
  ],
};

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
