/** `xh thaw PKG…`. */
import { planThaw } from '../../depot/pull/freeze.ts';
import { applyPlan } from '../../host/apply.ts';
import type { Host } from '../../host/transaction.ts';
import type { Plan } from '../../host/plan.ts';
import { bytes } from '../../bytes/bytes.ts';
import { EXIT } from '../../message/error.ts';
import { changeHost, dryRun, namesText } from '../carry-out.ts';
import { DRY_RUN_OPTION, type Command } from '../command.ts';

export const command: Command = {
  usage: '<package...>',
  details:
    'Ends what xh freeze has begun: the next xh pull makes the packages what is published by then.',
  options: [DRY_RUN_OPTION],
  examples: [
    { command: 'xh thaw gcc', explains: 'it is kept up to date again' },
    { command: 'xh thaw gcc && xh pull gcc', explains: 'the same, at once' },
  ],
  run(call) {
    const planOn = (host: Host): Plan => planThaw(host, call.config(), call.args.map(bytes));
    if (call.options['dryRun'] === true) return dryRun(call, planOn);
    return changeHost(call, (host) => {
      const plan = planOn(host);
      applyPlan(host.walker, plan);
      call.terminal.tell(`${namesText(plan.packages)}: no longer frozen`);
      return EXIT.done;
    });
  },
};
