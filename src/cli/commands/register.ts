/** `xh register [PKG…]`. */
import { toText, type Bytes } from '../../bytes/bytes.ts';
import { planRegister, type RegisterRequest, type RegisterResult } from '../../depot/register.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { changeHost, commit, dryRun, namesText, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Command } from '../command.ts';
import { packageArgument } from '../package-arguments.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Adds packages to the manual page software(i), which lists every registered package with its\n' +
    "version, summary and maintainer: 'man software' tells people what there is. What the page says of\n" +
    'the others is brought up to date with it, and those that the depot has lost are taken off; without\n' +
    'packages that is all that is done.\n' +
    '\n' +
    'The page stands in a package of its own, /software/software, so that it reaches every host as\n' +
    'other packages do. Registering twice changes nothing.',
  options: [
    { flags: '--all', summary: 'every package of the depot' },
    { flags: '--remove', summary: 'take the packages off the page' },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  examples: [
    { command: 'xh register tree', explains: 'tree is on the page' },
    { command: 'xh register --all', explains: 'a page of everything that the depot has' },
    { command: 'xh register --remove tree', explains: 'tree is not to be found there any more' },
    { command: 'xh register', explains: 'bring the page up to date' },
  ],
  async run(call) {
    const { options, terminal } = call;
    const request: RegisterRequest = {
      packages: call.args.map(packageArgument),
      all: options['all'] === true,
      remove: options['remove'] === true,
    };
    demandSense(request);
    if (options['dryRun'] === true) {
      return dryRun(call, (host) => planRegister(host, call.config(), request).plan);
    }
    return changeHost(call, (host) => {
      const result = planRegister(host, call.config(), request);
      const generation = commit(call, host, result.plan);
      if (options['json'] === true) {
        terminal.print(JSON.stringify({ generation, ...asJson(result) }));
      }
      terminal.tell(outcome(result, generation));
      tellServices(call, host, result.plan);
      return EXIT.done;
    });
  },
};

function demandSense({ packages, all, remove }: RegisterRequest): void {
  const wrong =
    all && packages.length > 0
      ? '--all is all packages: none can be named with it'
      : remove && !all && packages.length === 0
        ? '--remove needs the packages to take off the page'
        : undefined;
  if (wrong === undefined) return;
  throw new XhError('E_USAGE', wrong, {
    exit: EXIT.usage,
    remedy: remove
      ? "name them, or write 'xh register --remove --all'"
      : 'leave out one or the other',
  });
}

function outcome(result: RegisterResult, generation: number | undefined): string {
  const { added, removed, lost, registered } = result;
  if (generation === undefined) {
    return `software(i) is right: nothing to do (${count(registered)})`;
  }
  const gone = removed.filter((name) => !lost.includes(name));
  const parts = [
    ...(added.length > 0 ? [`registered ${namesText(added)}`] : []),
    ...(gone.length > 0 ? [`took off ${namesText(gone)}`] : []),
    ...(lost.length > 0 ? [`took off ${namesText(lost)}, which the depot has no more`] : []),
  ];
  const what = parts.length === 0 ? 'brought software(i) up to date' : parts.join('; ');
  return `${what} (generation ${generation}): software(i) lists ${count(registered)}`;
}

function count(names: readonly Bytes[]): string {
  return `${names.length} package${names.length === 1 ? '' : 's'}`;
}

function asJson({ added, removed, registered }: RegisterResult): Readonly<Record<string, unknown>> {
  const texts = (names: readonly Bytes[]): string[] => names.map(toText);
  return { added: texts(added), removed: texts(removed), registered: texts(registered) };
}
