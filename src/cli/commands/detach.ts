/** `xh detach PKG…`. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { planRenew } from '../../depot/attach/attach.ts';
import {
  attachedNamed,
  copiesAmong,
  copyAttached,
  goneError,
  planCopies,
  planDetach,
} from '../../depot/attach/detach.ts';
import { lookOptions } from '../../depot/attach/keep.ts';
import { answerText, lookAtMount } from '../../depot/attach/mount.ts';
import type { AttachedPackage } from '../../depot/attach/record.ts';
import { installedPackages } from '../../host/receipt.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { EXIT, type ExitCode } from '../../message/error.ts';
import { changeHost, commit, showPlan, tellServices } from '../carry-out.ts';
import { changeDepot } from '../change-depot.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';
import { rawArgument } from '../raw-argument.ts';

export const command: Command = {
  usage: '<package...>',
  details:
    'Takes away the links by which packages are attached (xh attach); the mount is not touched, and need\n' +
    'not be there. A package that is installed is not taken away from under its users: with --copy it\n' +
    'becomes a copy instead, faithful in all that lfu keeps. The copy is made beside its place, and takes\n' +
    'it in one step for each file type, so that nobody notices; when that is interrupted the package\n' +
    'stays attached, and the same command goes on with what has been copied.',
  options: [
    { flags: '--copy', summary: 'have copies of the files instead' },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  words: { package: 'package' },
  examples: [
    { command: 'xh detach texlive', explains: 'its links go; so it must not be installed' },
    { command: 'xh detach gcc --copy', explains: 'for a laptop that leaves the network' },
  ],
  async run(call) {
    const { options, args } = call;
    const names = args.map((word) => rawArgument(word));
    if (options['dryRun'] === true) {
      return visitHost(call.site, (host) => {
        const packages = attachedNamed(host.walker, names);
        if (options['copy'] === true) return tellCopies(call, packages);
        return showPlan(call, host, planDetach(host, call.config(), packages));
      });
    }
    return changeHost(call, async (host) => {
      if (options['copy'] === true) return copy(call, host, names);
      const packages = attachedNamed(host.walker, names);
      changeDepot(call, host, planDetach(host, call.config(), packages));
      tell(call, packages, 'is not here any more');
      return EXIT.done;
    });
  },
};

async function copy(call: Call, host: Host, names: readonly Bytes[]): Promise<ExitCode> {
  const { terminal } = call;
  // one that was killed may have left what is installed as it was with the links
  const copies = copiesAmong(host, names);
  const packages = attachedNamed(
    host.walker,
    names.filter((name) => !copies.includes(name)),
  );
  for (const each of packages) {
    const options = lookOptions(call.config(), [each.package]);
    const mount = await lookAtMount(host.site, each.from, options);
    if (typeof mount !== 'object') throw goneError(each.from, answerText(mount));
    await copyAttached(host, each, {
      mount,
      problem({ path, message }) {
        terminal.warn(`${printable(each.package)}/${printable(path)}: ${message}`);
      },
    });
  }
  const plan = planCopies(host, call.config(), packages);
  changeDepot(call, host, plan);
  const installed = new Set(installedPackages(host.walker));
  const renewal = planRenew(
    host,
    call.config(),
    [...plan.packages, ...copies].filter((each) => installed.has(each)),
  );
  const generation = commit(call, host, renewal);
  for (const name of copies) terminal.tell(`${printable(name)} was a copy already`);
  tell(call, packages, 'is a copy now', generation);
  tellServices(call, host, renewal);
  return EXIT.done;
}

function tell(
  { terminal, options }: Call,
  packages: readonly AttachedPackage[],
  is: string,
  generation?: number,
): void {
  for (const { package: directory, from } of packages) {
    terminal.tell(`${printable(directory)} ${is}; it was attached from ${printable(from)}`);
  }
  if (options['json'] === true) {
    const detached = packages.map((each) => printable(each.package));
    terminal.print(JSON.stringify({ detached, copied: options['copy'] === true, generation }));
  }
}

function tellCopies({ terminal, options }: Call, packages: readonly AttachedPackage[]): ExitCode {
  if (options['json'] === true) {
    const copies = packages.map(({ package: directory, trees }) => ({
      package: printable(directory),
      trees: trees.map(({ path }) => printable(path)),
    }));
    terminal.print(JSON.stringify(copies, null, 2));
    return EXIT.done;
  }
  for (const { package: directory, trees } of packages) {
    for (const { type, path } of trees) {
      const name = printable(directory);
      terminal.print(`copy /.software/${type}/${name} from ${printable(path)}`);
    }
  }
  return EXIT.done;
}
