/** What `xh symlinks` and `xh autolink` share: one file, whose links are planned and made. */
import { resolve } from 'node:path';
import { bytes, printable, type Bytes } from '../bytes/bytes.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, type ExitCode } from '../message/error.ts';
import { changeHost, commit, dryRun, planSummary, tellServices } from './carry-out.ts';
import type { Call } from './command.ts';

/** Plans with `planOn`, which gets the file's absolute path, and shows the plan or carries it out. */
export async function makeLinksOf(
  call: Call,
  planOn: (host: Host, file: Bytes) => Plan,
): Promise<ExitCode> {
  const { args, options, terminal } = call;
  const file = bytes(resolve(args[0] ?? ''));
  if (options['dryRun'] === true) return dryRun(call, (host) => planOn(host, file));
  return changeHost(call, (host) => {
    const plan = planOn(host, file);
    const generation = commit(call, host, plan);
    terminal.tell(
      generation === undefined
        ? `the links of ${printable(file)} are right: nothing to do`
        : `links of ${printable(file)} made (generation ${generation}): ${planSummary(plan)}`,
    );
    if (options['json'] === true) terminal.print(JSON.stringify({ generation }));
    tellServices(call, host, plan);
    return EXIT.done;
  });
}
