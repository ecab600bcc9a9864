/** `xh uninstall PKG…`. */
import { toJsonText } from '../../host/json.ts';
import { planUninstall, uninstall } from '../../depot/uninstall.ts';
import { EXIT } from '../../message/error.ts';
import { changeHost, commit, dryRun, namesText, planSummary, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';
import { ANSWER_OPTION, scriptingFor } from '../scripting.ts';
import { noteInstalled, shareStatus } from '../share-status.ts';

export const command: Command = {
  usage: '<package...>',
  details:
    "The exact reverse of install on this host: the package's lines leave the system files, its links\n" +
    'the farms, what it displaced comes back, and files are byte for byte what they were. What people\n' +
    'edited in between stays theirs. The package itself stays in the depot.',
  options: [
    { flags: '--force', summary: 'even when an installed package needs it' },
    ANSWER_OPTION,
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  words: { package: 'installed' },
  examples: [
    { command: 'xh uninstall tree', explains: 'take tree out of this host' },
    { command: 'xh uninstall jq --dry-run', explains: 'only show what would change' },
  ],
  async run(call) {
    const { options, terminal } = call;
    const names = call.args.map(packageArgument);
    const how = { force: options['force'] === true };
    const scripting = scriptingFor(call, 'uninstall', names);
    if (options['dryRun'] === true) {
      return dryRun(call, (host) => planUninstall(host, call.config(), names, how));
    }
    const done = await changeHost(call, async (host) => {
      await uninstall(host, call.config(), names, { ...how, scripting }, (plan) => {
        const generation = commit(call, host, plan);
        const list = namesText(plan.packages);
        terminal.tell(
          `uninstalled ${list} (generation ${generation ?? '-'}): ${planSummary(plan)}`,
        );
        if (options['json'] === true) {
          terminal.print(toJsonText({ packages: plan.packages, generation }));
        }
        tellServices(call, host, plan);
        noteInstalled(call, { removed: plan.packages });
      });
      return EXIT.done;
    });
    await shareStatus(call);
    return done;
  },
};
