/** `xh install PKG…`. */
import { install, planInstall } from '../../depot/install.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { changeHost, commit, dryRun, namesText, planSummary, tellServices } from '../carry-out.ts';
import {
  ADOPT_OPTION,
  adoptOption,
  DRY_RUN_OPTION,
  JSON_OPTION,
  REASON_OPTION,
  type Command,
} from '../command.ts';
import { parsePackageDirectory } from '../../package/name.ts';
import { packageArgument } from '../package-arguments.ts';
import { ANSWER_OPTION, scriptingFor } from '../scripting.ts';
import { noteInstalled, shareStatus } from '../share-status.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    "Makes packages of the depot available on this host: what they need first, then each package's\n" +
    '.admin/Install, its fragments in system files, its links in the farms, the path table and a\n' +
    'receipt, all in one transaction. A conflict is refused before anything is touched, and every\n' +
    'conflict is listed. Installing what is installed and unchanged does nothing. A file of yours that\n' +
    'stands where a link belongs is such a conflict; --adopt lets it give way when it is the same as the\n' +
    'file of the package, and with --yes takes its content into the package when it is not.\n\n' +
    'An Install script runs as the account that the package names, never as root unless it says so,\n' +
    'with a clean environment and without standard input, or on a terminal of its own (pty = yes).\n' +
    'What it says is kept in a transcript, which xh info and xh history name. It fails when it takes\n' +
    'longer than its time limit, and when it asks something that --answer has no answer for; then it\n' +
    'is ended with everything that it has started, and nothing is installed. When it succeeds, only\n' +
    'what has made a session of its own, as daemons do, goes on.',
  options: [
    { flags: '--all', summary: 'everything that is installed, brought up to date' },
    ANSWER_OPTION,
    ADOPT_OPTION,
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  examples: [
    { command: 'xh install tree', explains: 'the package, and what it needs' },
    {
      command: 'xh install jq@^1.6 --dry-run',
      explains: 'a version of a range; only show what would change',
    },
    {
      command: 'xh install --answer answers oracle',
      explains: 'what its Install script asks is answered from a file: xh help answers',
    },
    { command: 'xh install --all', explains: 'what the weekly maintenance runs' },
  ],
  async run(call) {
    const { args, options, terminal } = call;
    const all = options['all'] === true;
    if (all === args.length > 0) {
      throw new XhError('E_USAGE', all ? '--all takes no packages' : 'which packages?', {
        exit: EXIT.usage,
        remedy: 'xh list shows those that are there',
      });
    }
    const wanted = all ? 'installed' : args.map(packageArgument);
    const how = { adopt: adoptOption(call) };
    const scripting = scriptingFor(call, 'install', wanted);
    if (options['dryRun'] === true) {
      return dryRun(call, (host) => planInstall(host, call.config(), wanted, how).plan);
    }
    const done = await changeHost(call, async (host) => {
      let generation: number | undefined;
      const { order, plan } = await install(
        host,
        call.config(),
        wanted,
        (last) => {
          generation = commit(call, host, last);
          const names = namesText(last.packages);
          terminal.tell(
            generation === undefined
              ? `${names || 'nothing'}: installed already, nothing to do`
              : `installed ${names} (generation ${generation}): ${planSummary(last)}`,
          );
          tellServices(call, host, last);
        },
        { ...how, scripting },
      );
      if (options['json'] === true) {
        terminal.print(toJsonText({ packages: order, generation, notes: plan.notes }));
      }
      noteInstalled(call, {
        installed: plan.packages.map((directory) => {
          const { version } = parsePackageDirectory(directory);
          return { package: directory, ...(version !== undefined && { version }) };
        }),
      });
      return EXIT.done;
    });
    await shareStatus(call);
    return done;
  },
};
