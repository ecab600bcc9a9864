/** `xh rollback [N]`. */
import { planRollback } from '../../host/rollback.ts';
import { EXIT } from '../../message/error.ts';
import { changeHost, commit, dryRun, planSummary } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Command } from '../command.ts';
import { generationArgument } from '../generation-argument.ts';

export const command: Command = {
  usage: '[generation]',
  details:
    'Sets system files, links and records back to what they were after the given generation (0: before\n' +
    'the first), or without an argument to the one before the newest. This is itself a new generation,\n' +
    'so it can be rolled back too. What people edited since is merged; what cannot be merged is a\n' +
    'conflict, and nothing is changed. Install scripts are not run.',
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
    if (call.options['dryRun'] === true) return dryRun(call, (host) => planRollback(host, target));
    return changeHost(call, (host) => {
      const plan = planRollback(host, target);
      const generation = commit(call, host, plan);
      if (call.options['json'] === true) call.terminal.print(JSON.stringify({ generation }));
      call.terminal.tell(
        generation === undefined
          ? 'nothing to roll back: the host is as it was then'
          : `rolled back as generation ${generation}: ${planSummary(plan)}`,
      );
      return EXIT.done;
    });
  },
};
