/** `xh gc [--keep N]`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { applyPlan } from '../../host/apply.ts';
import { planCollect, type Collection, type CollectLimits } from '../../host/collect.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { changeHost } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { bytesText, countText } from '../figures.ts';

export const command: Command = {
  usage: '',
  details:
    'Frees what is kept for going back to old generations: their contents of system files, what no\n' +
    'generation refers to, and transcripts of Install scripts that are older. What a rollback to a kept\n' +
    'generation needs stays, and so does what an uninstall needs, such as a stock file that a package\n' +
    'displaced. History still tells who did what, when and why, and to which system files.\n' +
    '\n' +
    "Without --keep the newest 'keep-generations' (20) are kept, and all that are not 'keep-days' (30)\n" +
    'days old. What is beyond both, commands that change the host collect by themselves, unless the\n' +
    "configuration says gc = 'manual'.",
  options: [
    { flags: '--keep <count>', summary: 'keep just so many of the newest generations' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh gc', explains: 'collect what is neither recent nor among the newest' },
    { command: 'xh gc --dry-run', explains: 'what that would free, and how far back one could go' },
    { command: 'xh gc --keep 5', explains: 'only the last five generations can be gone back to' },
  ],
  run(call) {
    const limits = limitsOf(call);
    if (call.options['dryRun'] === true) {
      return visitHost(call.site, (host) => {
        tell(call, planCollect(host, limits), 'would be ');
        return EXIT.done;
      });
    }
    return changeHost(call, (host) => {
      const collection = planCollect(host, limits);
      applyPlan(host.walker, collection.plan);
      tell(call, collection, '');
      return EXIT.done;
    });
  },
};

/** @throws XhError E_USAGE */
function limitsOf({ options, config }: Call): CollectLimits {
  const { values } = config();
  const { keep } = options;
  if (typeof keep !== 'string') {
    return { keep: values['keep-generations'], days: values['keep-days'] };
  }
  if (/^[1-9]\d{0,8}$/.test(keep)) return { keep: Number(keep), days: 0 };
  throw new XhError('E_USAGE', `--keep ${printable(bytes(keep))}: expected a number, 1 or more`, {
    exit: EXIT.usage,
    remedy: 'the newest generation is always kept: it is what the host is now',
  });
}

function tell({ terminal, options }: Call, collection: Collection, would: string): void {
  const { plan, generations, oldest, contents, transcripts, bytes: size } = collection;
  if (options['json'] === true) {
    terminal.print(toJsonText({ generations, oldest, contents, transcripts, bytes: size }, 2));
  }
  if (plan.changes.length === 0) {
    terminal.tell('nothing to collect');
  } else {
    const parts = [
      ...counted(generations.length, 'generation'),
      ...counted(contents, 'kept file'),
      ...counted(transcripts, 'transcript'),
    ];
    const freed = `${bytesText(size)} ${would === '' ? 'freed' : 'would be free'}`;
    terminal.tell(`${would}collected: ${parts.join(', ')}; ${freed}`);
  }
  if (oldest !== undefined) {
    const to = oldest === 1 ? 'to before the first generation' : `to generation ${oldest - 1}`;
    terminal.tell(`one can go back ${to}: see xh history`);
  }
  for (const number of generations) terminal.detail(`  generation ${number}`);
}

function counted(count: number, noun: string): string[] {
  return count === 0 ? [] : [countText(count, noun)];
}
