/** `xh sdist [PKG…]`. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import {
  digestBuilds,
  digestText,
  isRunning,
  silentMasters,
  type BuildDigest,
} from '../../depot/sdist/digest.ts';
import { mastersOf, type Masters } from '../../depot/sdist/masters.ts';
import { askedBySsh, receiveBuild } from '../../depot/sdist/receive-build.ts';
import { isSetting, isTarget } from '../../depot/sdist/request.ts';
import {
  collectBuilds,
  orderFor,
  sendSources,
  type Jobs,
  type MasterAnswer,
} from '../../depot/sdist/sdist.ts';
import { sdistSources, type SdistSources } from '../../depot/sdist/sources.ts';
import { createWalker } from '../../files/walk.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, type ExitCode } from '../../message/error.ts';
import { letterText, mailerOf, sendLetter } from '../../report/send.ts';
import { parseMailbox } from '../../site/mailbox.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { bytesText, countText } from '../figures.ts';
import { packageArgument } from '../package-arguments.ts';
import { usage } from '../parse-words.ts';

export const command: Command = {
  usage: '[package|setting...]',
  words: { package: 'package', setting: 'any' },
  details: `Sends the source of a package to the architecture masters, one host for each architecture of the
site, where 'xh make' builds it in the background; then --collect tells what became of it: a line for
each architecture, and what failed, the same failure of several architectures once.

The source is 'src' of the package that is named, or what is in this directory (or that of -C), for the
package that 'xh make' finds it to be for. Objects stay at home, and so do the directories of builds and of
version control, and what .admin/sdist-ignore of the package names: patterns as in gitignore(5), a line
each. Words NAME=VALUE are handed on to 'xh make'.

The masters are the hosts of /etc/xhier.toml that are marked so, and those of [sdist] masters:

  [hosts."arm1.example.org"]
  master = true
  user = "builder"

Each is reached by the system's ssh, as 'xh distribute' reaches hosts; nothing is ever asked. There, an
account with a key that is confined to one command is all that is needed; in its authorized_keys:

  command="xh sdist --receive",restrict ssh-ed25519 AAAA… jane@pub

Builds are made by that account. Root builds nothing, unless 'sdist.account' of the master names who builds
for it. An 'install' puts the package into the master's own depot, so the account must have the right to
change it. A build stands below /.software/local/.admin/sdist of the master, may take 'sdist.timeout'
seconds, and is removed after 'sdist.keep-days' days, with its output.`,
  options: [
    { flags: '-m, --make <target>', summary: 'what is made there', default: 'all' },
    { flags: '-C, --directory <dir>', summary: 'where the source is' },
    {
      flags: '--to <host>',
      summary: 'only this master, by its name or architecture',
      repeats: true,
    },
    { flags: '--collect', summary: 'tell how the builds stand, of the packages named, or of all' },
    { flags: '--wait', summary: 'wait until all have ended, and tell' },
    { flags: '--mail <address>', summary: 'mail what is told, instead of printing it' },
    { flags: '--receive', summary: "the far side, for a master's authorized_keys" },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh sdist hello', explains: 'build hello on all masters' },
    {
      command: 'xh sdist -m install',
      explains: 'build and install there what is in this directory',
    },
    {
      command: 'xh sdist hello -m test --wait',
      explains: 'run its tests everywhere, and see them',
    },
    { command: 'xh sdist --collect', explains: 'how all builds stand' },
    {
      command: 'xh sdist --collect hello --mail jane@example.org',
      explains: 'the same of one package, by mail',
    },
    { command: 'xh sdist hello --dry-run', explains: 'which files would go, and where to' },
  ],
  exits: [
    { code: 0, means: 'sent; with --collect and --wait: all builds were good, or still run' },
    { code: 1, means: 'a master did not answer, or a build has failed' },
  ],
  run(call) {
    const { options } = call;
    if (options['receive'] === true) return receive(call);
    if (options['collect'] === true) return collect(call, packagesOf(call.args));
    return send(call);
  },
};

function receive({ site, config, args, terminal }: Call): Promise<ExitCode> {
  return receiveBuild(
    {
      site,
      config: config(),
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      input: process.stdin,
      print: (line) => {
        terminal.print(line);
      },
    },
    args.length > 0 ? args : askedBySsh(process.env['SSH_ORIGINAL_COMMAND']),
  );
}

async function send(call: Call): Promise<ExitCode> {
  const { terminal, options, site, config } = call;
  const target = options['make'] ?? 'all';
  if (!isTarget(target)) throw usage(`--make ${printable(bytes(String(target)))}: no such target`);
  const settings = call.args.filter(isSetting);
  const words = call.args.filter((word) => !isSetting(word));
  const [package_, more] = words;
  if (more !== undefined) {
    throw usage(`one package at a time: '${package_ ?? ''}', or '${more}'?`);
  }
  const directory = options['directory'];
  const sources = sdistSources(site, {
    ...(package_ !== undefined && { wanted: requestOf(package_) }),
    ...(typeof directory === 'string'
      ? { directory: bytes(resolve(directory)) }
      : package_ === undefined && { directory: bytes(process.cwd()) }),
  });
  const masters = mastersOf(site, config(), hostsOf(options['to']));
  const order = orderFor(sources, { target, words: settings });
  if (options['dryRun'] === true) return preview(call, sources, masters);
  terminal.tell(
    `${printable(order.directory)}: ${filesText(sources)} to ${countText(masters.masters.length, 'master')}: make ${[target, ...settings].join(' ')}`,
  );
  const answers = await sendSources(sources, order, masters, {
    target,
    words: settings,
    jobs: config().values['distribute.jobs'],
    timeout: config().values['distribute.timeout'],
    onAnswer({ master, answer }) {
      const name = printable(master.name);
      if (answer.say === 'begun') {
        terminal.tell(`  ${name}  ${terminal.err.dim(`builds for ${answer.architecture}`)}`);
        return;
      }
      terminal.warn(`  ${name}  ${terminal.err.red(answer.message)}`);
      if (answer.remedy !== undefined) {
        terminal.warn(`    ${terminal.err.dim('→')} ${answer.remedy}`);
      }
    },
  });
  const failed = answers.filter(({ answer }) => answer.say !== 'begun').length;
  if (options['wait'] === true) {
    const code = await collect(call, [order.directory], order.id);
    return failed > 0 ? EXIT.failed : code;
  }
  if (options['json'] === true) {
    const plain = answers.map(({ master, answer }) => ({
      host: printable(master.name),
      ...answer,
    }));
    terminal.print(toJsonText({ id: order.id, package: order.directory, masters: plain }, 2));
  }
  if (failed < answers.length) {
    terminal.tell(
      `  ${terminal.err.dim('→')} xh sdist --collect ${printable(order.directory)} tells what becomes of it`,
    );
  }
  return failed > 0 ? EXIT.failed : EXIT.done;
}

function preview(
  { terminal, options }: Call,
  sources: SdistSources,
  { masters }: Masters,
): ExitCode {
  const { source, listing, package: of } = sources;
  const files = [...listing].flatMap(([path, stamp]) => (stamp.startsWith('d') ? [] : [path]));
  const hosts = masters.map(({ name }) => printable(name));
  if (options['json'] === true) {
    terminal.print(
      toJsonText(
        {
          package: of.directory,
          source: printable(source),
          files: files.map(printable),
          masters: hosts,
        },
        2,
      ),
    );
    return EXIT.done;
  }
  for (const path of files) terminal.print(printable(path));
  terminal.tell(
    `would send ${filesText(sources)} of ${printable(source)} for ${printable(of.directory)} to ${hosts.join(', ')}`,
  );
  return EXIT.done;
}

function filesText({ listing, leftOut, size }: SdistSources): string {
  const files = [...listing.values()].filter((stamp) => !stamp.startsWith('d')).length;
  const left = leftOut > 0 ? ` (${countText(leftOut, 'file')} left out)` : '';
  return `${countText(files, 'file')}${left}, ${bytesText(size)},`.replace(/,$/, '');
}

/** @param id the build that is waited for */
async function collect(call: Call, packages: readonly Bytes[], id?: string): Promise<ExitCode> {
  const { site, config, options } = call;
  const masters = mastersOf(site, config(), hostsOf(options['to']));
  const { 'distribute.jobs': jobs, 'distribute.timeout': timeout } = config().values;
  for (let pause = SHORTEST; ; pause = Math.min(2 * pause, LONGEST)) {
    const answers = await collectBuilds(packages, masters, { jobs, timeout });
    const digests = digestBuilds(answers, Date.now());
    if (options['wait'] === true && isRunning(digests)) {
      await sleep(pause);
      continue;
    }
    return tell(call, answers, digests, id);
  }
}

/** Milliseconds between two questions. */
const SHORTEST = 250;
const LONGEST = 10_000;

function tell(
  call: Call,
  answers: readonly MasterAnswer<Jobs>[],
  digests: readonly BuildDigest[],
  id: string | undefined,
): ExitCode {
  const { terminal, options } = call;
  const silent = silentMasters(answers);
  const lines = digests.flatMap((digest, index) => [
    ...(index === 0 ? [] : ['']),
    ...digestText(digest),
  ]);
  if (options['json'] === true) {
    terminal.print(toJsonText({ ...(id !== undefined && { id }), builds: digests, silent }, 2));
  } else if (typeof options['mail'] === 'string') {
    mail(call, options['mail'], digests, lines);
  } else for (const line of lines) terminal.print(line);
  // those with builds of a package stand in its lines; their remedies, and the others, here
  for (const { host, why, remedy } of silent) {
    terminal.warn(`${host}: ${why}`);
    if (remedy !== undefined) terminal.warn(`    ${terminal.err.dim('→')} ${remedy}`);
  }
  if (digests.length === 0 && silent.length < answers.length) {
    terminal.tell('no builds are there: xh sdist PACKAGE begins one');
  }
  const failed = digests.some(({ lines: all }) =>
    all.some(({ state }) => state === 'failed' || state === 'died'),
  );
  return failed || silent.length > 0 ? EXIT.failed : EXIT.done;
}

function mail(
  { site, config, terminal }: Call,
  address: string,
  digests: readonly BuildDigest[],
  lines: readonly string[],
): void {
  const mailbox = parseMailbox(bytes(address));
  if (!('address' in mailbox)) {
    throw usage(`--mail ${printable(bytes(address))}: ${mailbox.problem}`);
  }
  const walker = createWalker(site.root);
  try {
    const letter = {
      to: [mailbox.address],
      subject: digests.map(({ title }) => title).join('; ') || 'no builds',
      body: `${lines.join('\n')}\n`,
    };
    const delivery = sendLetter(walker, mailerOf(site, config()), letter);
    if (delivery.how === 'mailed') {
      terminal.tell(`mailed to ${printable(mailbox.address)}`);
      return;
    }
    if (delivery.why !== undefined) terminal.warn(`xh: not mailed: ${delivery.why}`);
    for (const line of letterText(letter).trimEnd().split('\n')) terminal.print(line);
  } finally {
    walker.close();
  }
}

function packagesOf(words: readonly string[]): readonly Bytes[] {
  return words.map((word) => packageArgument(word).name);
}

function requestOf(word: string): Parameters<typeof sdistSources>[1]['wanted'] & object {
  const { name, range } = packageArgument(word);
  return range === undefined ? { name } : { name, range: range.text };
}

function hostsOf(option: unknown): readonly Bytes[] {
  return Array.isArray(option) ? (option as readonly string[]).map((word) => bytes(word)) : [];
}
