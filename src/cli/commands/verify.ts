/** `xh verify [PKG…]`. */
import { printable } from '../../bytes/bytes.ts';
import type { Difference } from '../../depot/verify/difference.ts';
import { verifyPackages, type Verification } from '../../depot/verify/verify.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, type ExitCode } from '../../message/error.ts';
import { progressOf } from '../call-progress.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { countText } from '../figures.ts';
import { packageArgument } from '../package-arguments.ts';
import type { Terminal } from '../terminal.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Compares this host with the receipts of the packages that are installed on it: every file of the\n' +
    'package by content, type, owner and mode; its links; its part of system files; the path table. With\n' +
    'names, only those packages. What changes by itself is left out: logs, spool, and whatever a package\n' +
    'has declared to be of this host alone (local in .admin/file-types).\n\n' +
    'One line for each difference: what it is (missing, changed, extra, type, mode, owner, unreadable),\n' +
    'where, what the receipt says and what is there; with -v, what settles it. Nothing is printed, and\n' +
    'the exit code is 0, when all is as it was installed; 1 says that there are differences. Nothing is\n' +
    'changed.',
  options: [
    {
      flags: '--quick',
      summary: 'do not read files of the same size and time of change',
    },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh verify', explains: 'everything that is installed here' },
    { command: 'xh verify -v gcc jq', explains: 'two packages, with what settles each difference' },
    { command: 'xh verify --quick -q', explains: 'from cron: silent when all is right' },
    {
      command: "xh verify --json | jq -r '.differences[].path'",
      explains: 'the paths alone',
    },
  ],
  run(call) {
    const { args, options, terminal } = call;
    const wanted = args.map(packageArgument);
    const quick = options['quick'] === true;
    const progress = progressOf(call);
    const found = visitHost(call.site, (host) =>
      verifyPackages(host, call.config(), wanted, {
        quick,
        onPackage: (_, done, total) =>
          progress?.({ doing: 'verifying', unit: 'packages', done, total }),
      }),
    );
    if (options['json'] === true) terminal.print(toJsonText(found, 2));
    else show(call, found);
    return exitFor(found.differences);
  },
};

function show({ terminal }: Call, { packages, paths, differences, notes }: Verification): void {
  for (const difference of differences) {
    for (const line of differenceText(difference, terminal)) terminal.print(line);
  }
  for (const note of notes) terminal.tell(`note: ${note}`);
  const looked = `${countText(packages, 'package')}, ${countText(paths, 'path')}`;
  if (packages === 0) terminal.tell('nothing is installed here');
  else if (differences.length === 0) terminal.tell(`${looked}: all as installed`);
  else {
    const names = new Set(differences.flatMap((each) => each.package ?? []));
    const where = names.size === 0 ? '' : ` in ${countText(names.size, 'package')}`;
    const more = terminal.verbose ? '' : '; -v shows what settles each';
    terminal.tell(`${looked}: ${countText(differences.length, 'difference')}${where}${more}`);
  }
}

/** `changed  /etc/services:12  (foo) what was expected, what is there`. */
function differenceText(difference: Difference, { out, verbose }: Terminal): string[] {
  const { kind, path, line, expected, found, remedy, of } = difference;
  const paint = kind === 'extra' || kind === 'unreadable' ? out.yellow : out.red;
  const at = line === undefined ? printable(path) : `${printable(path)}:${line}`;
  const whose =
    of === 'file' || difference.package === undefined ? '' : ` of ${printable(difference.package)}`;
  const what = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [found]),
  ].join(', found ');
  const plain = expected === undefined && found !== undefined ? found : what;
  const rest =
    plain === ''
      ? ''
      : out.dim(`  ${of === 'file' ? '' : of}${whose}${of === 'file' ? '' : ': '}${plain}`);
  return [
    `${paint(kind.padEnd(10))}  ${at}${rest}`,
    ...(verbose ? [`            ${out.dim('→')} ${remedy}`] : []),
  ];
}

/** What only another user may read is no difference yet. */
function exitFor(differences: readonly Difference[]): ExitCode {
  if (differences.length === 0) return EXIT.done;
  const refused = differences.every(({ found }) => found === 'EACCES' || found === 'EPERM');
  return refused ? EXIT.notPermitted : EXIT.failed;
}
