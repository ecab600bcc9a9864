/** The command line of `lfu`: what there is, what it means, what is wrong with it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { bytes, fromBuffer, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { parseBytes, parseDeleteLimit } from '../lfu/limits.ts';
import type { DeleteLimit } from '../lfu/options.ts';
import type { ScriptText } from '../lfu/rules/syntax.ts';
import { EXIT, XhError } from '../message/error.ts';
import { version } from '../message/version.ts';
import { rulesHelp } from './lfu-rules-help.ts';
import { rawArgument } from './raw-argument.ts';
import type { ColorWhen } from './terminal.ts';

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
 * Reads a command line; help asked for has been printed when undefined is returned.
 * @throws XhError exit 2
 */
export function parseLfu(argv: readonly string[]): LfuCommandLine | undefined {
  const scripts: ScriptText[] = [];
  const parser = createParser(scripts);
  try {
    parser.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const message = error.message.replace(/^error: /, '');
    throw usage(message, "'lfu --help' lists the options");
  }
  const options = parser.opts<Parsed>();
  if (options.helpRules === true) {
    process.stdout.write(rulesHelp());
    return undefined;
  }
  const [master, slave, ...more] = parser.args.map((word) => rawArgument(word));
  if (more.length > 0 || (!options.check && slave === undefined)) {
    const count = parser.args.length;
    throw usage(
      `MASTER and SLAVE are wanted, ${count === 0 ? 'none' : count} given`,
      "for example: lfu -n /export/local /disk/local; 'lfu --help' says more",
    );
  }
  return {
    master,
    slave,
    scripts,
    netgroupFiles: (options.netgroup ?? []).map((word) => rawArgument(word)),
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
    color: options.color ?? 'auto',
  };
}

interface Parsed {
  readonly netgroup?: readonly string[];
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
  readonly color?: ColorWhen;
  readonly helpRules?: true;
}

/** Adds what rules come from; they go to `scripts` in the order given. */
export function addRuleOptions(command: Command, scripts: ScriptText[]): Command {
  const collect = (word: string, words: readonly string[] = []): string[] => [...words, word];
  let texts = 0;
  return command
    .option('-f <file>', 'rules from a file, - for standard input (may repeat)', (word: string) => {
      scripts.push(readScript(word));
      return word;
    })
    .option(
      '-e <text>',
      'rules as they stand (may repeat; read in the order given)',
      (word: string) => {
        scripts.push({
          file: bytes(++texts === 1 ? '-e' : `-e(${texts})`),
          text: rawArgument(word),
        });
        return word;
      },
    )
    .option('--netgroup <file>', 'netgroups before those of the system (may repeat)', collect);
}

function createParser(scripts: ScriptText[]): Command {
  const command = new Command('lfu')
    .usage('[options] MASTER SLAVE | COMMAND [options] ...')
    .description(
      'Makes the directory SLAVE a faithful copy of MASTER, except where a rule says otherwise.',
    )
    .argument('[directories...]');
  return addRuleOptions(command, scripts)
    .option('-n, --dry-run', 'print what would change, and touch nothing')
    .option('-i, --itemize', 'print a line for each change')
    .option('--json', 'print a JSON object for each change')
    .option('-c, --checksum', 'compare contents, not only size and time')
    .option('--max-delete <n|p%>', 'refuse the whole run when more would be deleted', deleteLimit)
    .option('--one-file-system', 'do not enter other file systems mounted in MASTER')
    .option('--numeric-ids', 'owners by number; those of a mounted MASTER always are')
    .option('--no-owner', 'leave owner and group to whoever runs lfu')
    .option('--keep-going', 'do everything else when an object fails (default)')
    .option('--fail-fast', 'stop at the first object that fails')
    .option('--fsync', 'make each file durable before it gets its name')
    .option('--index <file>', "read what MASTER is from an index ('lfu scan') instead of looking")
    .option(
      '--jobs <n>',
      'threads that look at the trees and copy (default: one a processor, at most 4)',
      positive,
    )
    .option('--bwlimit <rate>', 'bytes a second to copy, or with k, M, G', rate)
    .option('--check', 'read the rules, with every list and netgroup, and run nothing')
    .option('--log <file>', 'append a line for each change; JSON with --json')
    .option('--marker <name>', "refuse when MASTER's .lfu-master does not say NAME")
    .option('--root <dir>', 'the site whose ledgers are kept (default: $XH_ROOT, or /)')
    .option('-v, --verbose', 'a summary, and what to do about each problem')
    .option('-q, --quiet', 'only what is wrong: no warnings, progress or summary')
    .addOption(
      new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'),
    )
    .version(`lfu ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .option('--help-rules', 'print how rules are written')
    .addHelpText('after', HELP)
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError()
    .exitOverride();
}

const HELP = `
Commands ('lfu COMMAND --help' explains each):
  update     the masters of /etc/lfu.toml in their order: what a slave runs every night
  explain    what the rules say of one object, which test decided, what a run would do
  owns       which master supplied an object
  recent     what updates have changed lately
  mark       gives a master a name, which runs can demand
  scan       writes down what a master is, for slaves to read instead of looking

Examples:
  lfu -n /export/local /disk/local
      what would change, a line each; nothing is touched
  lfu -i --max-delete 5% -f /etc/lfu/local.rules --log /var/log/lfu /export/local /disk/local
      the nightly update of a slave, by rules
  lfu -e 'owner=vlsitools { link; source /usr/remote/vlsi }' /export/local /disk/local
      links in the place of what one package owns
  lfu --check -f /etc/lfu/local.rules
      whether the rules are right; 'lfu --help-rules' says how they are written

A line is VERB TYPE WHY PATH, for example 'copy f size,mtime bin/prog'. Verbs: copy make link join
set keep delete. Types: f d l p s b c, as find(1) has them. Standard output has these lines and
nothing else; --json has an object for each change and each problem, and 'summary' at the end.

On a terminal there is a line that says how far the run is, and a summary at its end; elsewhere only
with -v, so that cron has something to mail only when something is wrong. Both are on standard error.

Ctrl-C, a shutdown or a lost terminal ends the run between two objects: nothing is half done, and
running it again does the rest. Commands of exec and exec-once for what has been updated by then are
run before it ends, since the next run has no reason to. A second signal ends it at once, and says
which commands are left; only after SIGKILL, or without power, does nobody say so.

Exit codes: 0 the slave is as the rules want it; 1 some objects failed, each named on standard
error, all others done; 2 the command line, the rules or a directory are wrong, nothing touched;
3 refused by a guard, nothing touched; 130, 143, 129 interrupted, the slave consistent.`;

function readScript(word: string): ScriptText {
  const file = rawArgument(word);
  try {
    return { file, text: fromBuffer(readFileSync(word === '-' ? 0 : toBuffer(file))) };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new XhError('E_LFU_RULES', `the rules ${printable(file)} cannot be read: ${code}`, {
      exit: EXIT.usage,
      place: { file },
      remedy: 'name a file that is there',
    });
  }
}

export function deleteLimit(word: string): DeleteLimit {
  const limit = parseDeleteLimit(word);
  if (limit !== undefined) return limit;
  throw usage(`--max-delete ${word} is no number`, 'write a number of objects, or per cent: 5%');
}

export function positive(word: string): number {
  if (!/^[1-9]\d{0,3}$/.test(word)) throw usage(`--jobs ${word} is no number`, 'write 1 or more');
  return Number(word);
}

export function rate(word: string): number {
  const found = parseBytes(word);
  if (found !== undefined) return found;
  throw usage(`--bwlimit ${word} is no rate`, 'write bytes a second, or with k, M, G: 10M');
}

function usage(message: string, remedy: string): XhError {
  return new XhError('E_USAGE', message, { exit: EXIT.usage, remedy });
}
