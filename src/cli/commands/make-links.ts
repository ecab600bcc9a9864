/** `xh make-links [PKG…]`. */
import { planMakeLinks } from '../../depot/make-links.ts';
import { isSettled, rememberSettled } from '../../depot/settled.ts';
import type { Plan } from '../../host/plan.ts';
import type { Host } from '../../host/transaction.ts';
import { EXIT } from '../../message/error.ts';
import { changeHost, commit, dryRun, planSummary, tellServices } from '../carry-out.ts';
import {
  ADOPT_OPTION,
  adoptOption,
  DRY_RUN_OPTION,
  JSON_OPTION,
  REASON_OPTION,
  type Command,
} from '../command.ts';
import { packageArgument } from '../package-arguments.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Makes the link farms equal to what the installed, default packages have, and writes the path\n' +
    'table that showpath reads. Links that nobody wants any more go; what xhier did not make is never\n' +
    'touched. With packages, only theirs.',
  options: [ADOPT_OPTION, DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION],
  examples: [
    { command: 'xh make-links', explains: 'after packages changed under the host, as by lfu' },
    { command: 'xh make-links tree', explains: "only tree's links" },
  ],
  async run(call) {
    const names = call.args.map(packageArgument);
    const plannedFor = (host: Host): { readonly plan: Plan; readonly settled: boolean } => {
      const settled = names.length === 0 && isSettled(host, call.config());
      const how = { adopt: adoptOption(call), settled };
      return { settled, plan: planMakeLinks(host, call.config(), names, how) };
    };
    if (call.options['dryRun'] === true) return dryRun(call, (host) => plannedFor(host).plan);
    const began = Date.now();
    return changeHost(call, (host) => {
      const { plan, settled } = plannedFor(host);
      const generation = commit(call, host, plan);
      call.terminal.tell(
        generation === undefined
          ? 'the farms are right: nothing to do'
          : `farms updated (generation ${generation}): ${planSummary(plan)}`,
      );
      if (call.options['json'] === true) call.terminal.print(JSON.stringify({ generation }));
      const isRight = names.length === 0 && generation === undefined && plan.notes.length === 0;
      if (isRight && !settled) rememberSettled(host, call.config(), began);
      tellServices(call, host, plan);
      return EXIT.done;
    });
  },
};
