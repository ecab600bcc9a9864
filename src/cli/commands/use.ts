/** `xh use PKG@RANGE`. */
import { printable } from '../../bytes/bytes.ts';
import { planUse, use } from '../../depot/use.ts';
import type { Plan } from '../../host/plan.ts';
import { EXIT } from '../../message/error.ts';
import { changeHost, commit, dryRun, planSummary, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';
import { ANSWER_OPTION, scriptingFor } from '../scripting.ts';

export const command: Command = {
  usage: '<package>',
  details:
    'Several versions of a package stand side by side as NAME-VERSION. This makes the newest that fits\n' +
    'the range the one that NAME means on this host: one link is switched, and fragments and links\n' +
    'follow in the same transaction.',
  options: [ANSWER_OPTION, DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION],
  examples: [
    { command: 'xh use gcc@12', explains: 'the newest 12.x that is there' },
    { command: 'xh use gcc@13.2.0', explains: 'exactly that one' },
  ],
  async run(call) {
    const { options, terminal } = call;
    const wanted = packageArgument(call.args[0] ?? '');
    const scripting = scriptingFor(call, 'install', [wanted]);
    if (options['dryRun'] === true) {
      return dryRun(call, (host) => planUse(host, call.config(), wanted));
    }
    return changeHost(call, async (host) => {
      const done = (plan: Plan): void => {
        const generation = commit(call, host, plan);
        const [now, before] = plan.packages.map(printable);
        terminal.tell(
          generation === undefined
            ? `${now ?? ''} is current already`
            : `${now ?? ''} is current${before === undefined ? '' : `, in place of ${before}`} (generation ${generation}): ${planSummary(plan)}`,
        );
        if (options['json'] === true) terminal.print(JSON.stringify({ current: now, generation }));
        tellServices(call, host, plan);
      };
      await use(host, call.config(), wanted, done, scripting);
      return EXIT.done;
    });
  },
};
