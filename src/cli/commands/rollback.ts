/** `xh rollback [N]`. */
import { toText } from '../../bytes/bytes.ts';
import type { Plan } from '../../host/plan.ts';
import { planRollback } from '../../host/rollback.ts';
import type { Host } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { refreshCommands } from '../../site/refresh.ts';
import { changeHost, commit, dryRun, planSummary, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';
import { generationArgument } from '../generation-argument.ts';

export const command: Command = {
  usage: '[generation]',
  details:
    'Sets system files, links and records back to what they were after the given generation (0: before\n' +
    'the first), or without an argument to the one before the newest; xh gc --dry-run tells how far\n' +
    'back one can go. This is itself a new generation, so it can be rolled back too.\n' +
    '\n' +
    'What people have edited at any time stays, merged into what is set back. Where both are about the\n' +
    'same lines, or about a file or link as a whole, that is a conflict: each is shown with both sides\n' +
    'and the way out, and nothing is changed. Install scripts are not run.',
  options: [DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION],
  examples: [
    { command: 'xh rollback', explains: 'take the last change back' },
    {
      command: 'xh rollback 12 --dry-run',
      explains: 'what going back to generation 12 would change',
    },
  ],
  async run(call) {
    const target = call.args[0] === undefined ? undefined : generationArgument(call.args[0]);
    const planned = (host: Host): Plan => withRefresh(call, planRollback(host, target));
    if (call.options['dryRun'] === true) return dryRun(call, planned);
    return changeHost(call, (host) => {
      const plan = planned(host);
      const generation = commit(call, host, plan);
      if (call.options['json'] === true) call.terminal.print(JSON.stringify({ generation }));
      call.terminal.tell(
        generation === undefined
          ? 'nothing to roll back: the host is as it was then'
          : `rolled back as generation ${generation}: ${planSummary(plan)}`,
      );
      tellServices(call, host, plan);
      return EXIT.done;
    });
  },
};

/** With the commands that tell the services of the files that are set back. */
function withRefresh({ config, site }: Call, plan: Plan): Plan {
  const changed = plan.changes.map(({ path }) => path);
  const commands = refreshCommands(config(), site, changed);
  return { ...plan, refresh: commands.map(({ command: line }) => toText(line)) };
}
