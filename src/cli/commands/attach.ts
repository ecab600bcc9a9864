/** `xh attach PKG… --from MOUNT`. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import {
  mountInside,
  offeredAs,
  planAttach,
  planRenew,
  type Attachment,
} from '../../depot/attach/attach.ts';
import { lookOptions } from '../../depot/attach/keep.ts';
import { answerText, lookAtMount } from '../../depot/attach/mount.ts';
import { goneError } from '../../depot/attach/detach.ts';
import { installedPackages } from '../../host/receipt.ts';
import type { Plan } from '../../host/plan.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { changeHost, commit, namesText, showPlan, tellServices } from '../carry-out.ts';
import { changeDepot } from '../change-depot.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';
import { absolutePath } from '../lfu-site.ts';
import { rawArgument } from '../raw-argument.ts';

export const command: Command = {
  usage: '<package...>',
  details:
    "Makes packages present through another host's site that is mounted here, instead of copying them:\n" +
    'a link for each file type below /.software, under the same paths as ever. After that a package is\n' +
    'installed and linked like any other; one that is installed already goes on as it was, with the\n' +
    'files from the mount, each tree exchanged in one step. Logs and spool stay on this host.\n' +
    '\n' +
    'MOUNT is where the other site is mounted: its root, or its /.software, or a directory in which\n' +
    'packages stand whole (PKG/.admin …). It has to be below the site root. Where the other site has a\n' +
    "tree for each architecture, this host's own is taken; a site of another root is no hindrance.\n" +
    'Without --from the mounts of the configuration (attach.mounts) are tried in their order.\n' +
    '\n' +
    'A mount that is gone is told of and not waited for; what is attached from it is there again when it\n' +
    "is. xh list shows where a package is attached from, xh doctor mounts that are gone. 'xh detach'\n" +
    "takes the links away, or turns them into a copy. With 'attach.packages' in the configuration\n" +
    "'xh pull' attaches packages by itself, with 'attach.local' it turns them into copies.",
  options: [
    { flags: '--from <mount>', summary: 'where the other site is mounted' },
    {
      flags: '--replace',
      summary: 'even where files of this host give way that came from no store',
    },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  words: { mount: 'directory', package: 'any' },
  examples: [
    {
      command: 'xh attach gcc texlive --from /net/depot',
      explains: 'two packages by links into the site that is mounted there',
    },
    { command: 'xh attach gcc && xh install gcc', explains: 'from the first mount that has it' },
    { command: 'xh attach gcc --from /net/depot -n', explains: 'what would become a link' },
  ],
  async run(call) {
    const { options, args, terminal } = call;
    const names = args.map((word) => rawArgument(word));
    const replace = options['replace'] === true;
    const plans = (host: Host, found: readonly Attachment[]): Plan =>
      planAttach(host, call.config(), found, { by: 'hand', replace });
    if (options['dryRun'] === true) {
      return visitHost(call.site, async (host) =>
        showPlan(call, host, plans(host, await find(call, host, names))),
      );
    }
    return changeHost(call, async (host) => {
      const found = await find(call, host, names);
      const plan = plans(host, found);
      const isNew = plan.changes.length > 0;
      changeDepot(call, host, plan);
      const { packages } = plan;
      const installed = new Set(installedPackages(host.walker));
      const renewed = packages.filter((each) => installed.has(each));
      const renewal = planRenew(host, call.config(), renewed);
      const generation = commit(call, host, renewal);
      for (const { offered, mount } of found) {
        const from = printable(mount.path);
        const is = isNew ? 'is attached' : 'was attached already';
        terminal.tell(`${printable(offered.directory)} ${is}, from ${from}`);
      }
      const rest = packages.filter((each) => !installed.has(each));
      if (rest.length > 0)
        terminal.tell(`to have their commands: xh install ${rest.map(printable).join(' ')}`);
      if (options['json'] === true) {
        terminal.print(
          JSON.stringify({
            attached: found.map(({ offered, mount }) => ({
              package: printable(offered.directory),
              from: printable(mount.path),
            })),
            generation,
          }),
        );
      }
      tellServices(call, host, renewal);
      return EXIT.done;
    });
  },
};

/** Each package on the first mount that has it. @throws XhError */
async function find(
  call: Call,
  host: Host,
  names: readonly Bytes[],
): Promise<readonly Attachment[]> {
  const { options, terminal } = call;
  const { from } = options;
  const paths =
    typeof from === 'string'
      ? [mountInside(host, absolutePath(rawArgument(from)))]
      : call.config().values['attach.mounts'];
  if (paths.length === 0) {
    throw new XhError('E_USAGE', 'where the packages are mounted is missing', {
      exit: EXIT.usage,
      remedy: 'name it: --from MOUNT; or write attach.mounts = ["/net/…"] into /etc/xhier.toml',
    });
  }
  const found = new Map<Bytes, Attachment>();
  const errors: XhError[] = [];
  for (const path of paths) {
    const rest = names.filter((name) => !found.has(name));
    if (rest.length === 0) break;
    const mount = await lookAtMount(host.site, path, lookOptions(call.config(), rest));
    if (typeof mount !== 'object') {
      errors.push(goneError(path, answerText(mount)));
      continue;
    }
    for (const name of rest) {
      try {
        found.set(name, offeredAs(mount, name));
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        errors.push(error);
      }
    }
  }
  const [first] = errors;
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0 && first !== undefined) {
    if (errors.length === 1) throw first;
    for (const { message } of errors.slice(1)) terminal.warn(message);
    throw first;
  }
  if (missing.length > 0) throw new Error(`not found: ${namesText(missing)}`);
  return [...found.values()];
}
