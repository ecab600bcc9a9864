/** `xh pull [PKG…]`. */
import { bytes } from '../../bytes/bytes.ts';
import type { PullOutcome } from '../../depot/pull/outcome.ts';
import { hasFailed, previewPull, pull, type PullResult } from '../../depot/pull/pull.ts';
import {
  emptySource,
  isUnreachable,
  storeSource,
  type PullSource,
} from '../../depot/pull/source.ts';
import { listen } from '../../distribute/status/listen.ts';
import { recordOutcomes } from '../../distribute/status/record.ts';
import { createWalker } from '../../files/walk.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { packageNameProblem } from '../../package/name.ts';
import { progressOf } from '../call-progress.ts';
import { changeHost, commit, namesText, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { tellPull } from '../pull-text.ts';
import { scriptingFor } from '../scripting.ts';
import { shareStatus } from '../share-status.ts';
import { reportError } from '../report.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Makes the packages of this host what a store has, and installs them. The stores of\n' +
    '/etc/xhier.toml are asked, the nearest first; one that fails, or serves something else than it\n' +
    'should, is passed over. A head is believed only when a publisher has signed it whom the site lets\n' +
    'sign for that package, as long as it is good, and never one older than has been seen.\n\n' +
    'Of what is believed comes what this host subscribes to (subscribe.only, subscribe.never), what is\n' +
    'meant for it (.admin/Targets of the package), and what its architecture runs. Only data that are\n' +
    'not here are fetched, each verified; a pull that was cut off is gone on with. All trees are made\n' +
    'beside their places, with the rules of pull-rules, if there are some, and then switched in one\n' +
    'step. What is new is installed, what is installed and has changed too; what somebody has taken out\n' +
    'stays out. A package that cannot be had, or not be installed, keeps no other from coming: exit 1.\n' +
    'With every store out of reach the host goes on with what it has, and that is exit 1, too.',
  options: [
    { flags: '--store <address>', summary: 'this store instead of the configured ones' },
    {
      flags: '--anew',
      summary: 'forget which keys and revisions were seen: the site has begun anew with other keys',
    },
    { flags: '--no-install', summary: 'put the trees in place, and install nothing' },
    {
      flags: '--listen',
      summary: 'go on, and pull when something is published (nats in xhier.toml)',
    },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh pull', explains: 'everything that this host subscribes to' },
    {
      command: 'xh pull gcc-13 --dry-run',
      explains: 'what would come, and how much; -v: each file',
    },
    {
      command: 'xh pull --store /mnt/usb/store',
      explains: 'from a disk that somebody has carried here',
    },
  ],
  async run(call) {
    const { options } = call;
    const packages = call.args.length === 0 ? ('subscribed' as const) : call.args.map(demandName);
    if (options['listen'] !== true) return pullOnce(call, packages);
    if (options['dryRun'] === true || packages !== 'subscribed') {
      throw new XhError('E_USAGE', '--listen pulls what the host subscribes to, for good', {
        exit: EXIT.usage,
        remedy: 'leave out the packages, and --dry-run',
      });
    }
    const tell = (line: string): void => {
      call.terminal.tell(line);
    };
    // what a notice names is pulled with all the rest: whether it is for this host, the head says
    const onNews = async (): Promise<boolean> => (await pullOnce(call, 'subscribed')) === EXIT.done;
    await listen(call.site, call.config(), onNews, { tell });
    return EXIT.done;
  },
};

type Packages = Parameters<typeof pull>[3]['packages'];

async function pullOnce(call: Call, packages: Packages): Promise<ExitCode> {
  const { options, terminal, site } = call;
  const preview = options['dryRun'] === true;
  const walker = createWalker(site.root);
  let source: PullSource | undefined;
  try {
    source = sourceOf(call, walker, preview);
    const result = preview
      ? await previewPull(site, call.config(), source, { packages, now: Date.now() })
      : await carryOut(call, packages, source);
    if (options['json'] === true) terminal.print(toJsonText(result, 2));
    tellPull(result.outcomes, terminal, { preview });
    return exitOf(result);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    if (!preview && error.code !== 'E_LOCKED') await note(call, [], { error });
    if (!isUnreachable(error)) throw error;
    reportError(error, terminal);
    terminal.warn('this host goes on with what it has');
    return EXIT.failed;
  } finally {
    source?.close();
    walker.close();
  }
}

function sourceOf(
  { site, config, options, terminal }: Call,
  walker: ReturnType<typeof createWalker>,
  preview: boolean,
): PullSource {
  const store = options['store'];
  const { stores, 'attach.packages': attached } = config().values;
  if (store === undefined && stores.length === 0 && attached.length > 0) return emptySource();
  return storeSource(site, config(), {
    walker,
    now: Date.now(),
    remember: !preview,
    anew: options['anew'] === true,
    warn: (message) => {
      terminal.warn(`warning: ${message}`);
    },
    ...(typeof store === 'string' && { stores: [bytes(store)] }),
  });
}

async function carryOut(call: Call, packages: Packages, source: PullSource): Promise<PullResult> {
  const { site, terminal, options } = call;
  const result = await pull(site, call.config(), source, {
    packages,
    now: Date.now(),
    command: call.commandLine,
    lockTimeout: call.config().values['lock-timeout'],
    install: options['install'] !== false,
    progress: progressOf(call),
    warn: (message) => {
      terminal.warn(`warning: ${message}`);
    },
    change: (work) => changeHost(call, work),
    commit: (host, plan) => {
      const generation = commit(call, host, plan);
      if (generation !== undefined) {
        terminal.tell(`installed ${namesText(plan.packages)} (generation ${generation})`);
      }
      tellServices(call, host, plan);
    },
    scripting: scriptingFor(call, 'install', 'installed'),
  });
  await note(call, result.outcomes, { all: packages === 'subscribed' });
  return result;
}

/** Writes down what became of each package; the pull is as good without. */
async function note(
  call: Call,
  outcomes: readonly PullOutcome[],
  { all = false, error }: { readonly all?: boolean; readonly error?: XhError },
): Promise<void> {
  try {
    await changeHost(call, () =>
      recordOutcomes(call.site, outcomes, {
        config: call.config(),
        reached: error === undefined || !isUnreachable(error),
        all,
        ...(error !== undefined && { message: error.message }),
      }),
    );
  } catch (cause) {
    if (!(cause instanceof XhError)) throw cause;
    call.terminal.warn(`warning: the status could not be written down: ${cause.message}`);
  }
  await shareStatus(call);
}

/** Refusals are told from failures where nothing else is wrong. */
function exitOf(result: PullResult): ExitCode {
  if (!hasFailed(result)) return EXIT.done;
  const wrong = result.outcomes.filter(({ result: what }) =>
    ['failed', 'unreachable', 'refused'].includes(what),
  );
  return wrong.length > 0 && wrong.every(({ result: what }) => what === 'refused')
    ? EXIT.refused
    : EXIT.failed;
}

function demandName(word: string): ReturnType<typeof bytes> {
  const name = bytes(word);
  const problem = packageNameProblem(name);
  if (problem === undefined) return name;
  throw new XhError('E_PACKAGE_NAME', `'${word}' is no package: ${problem}`, {
    exit: EXIT.usage,
    remedy: 'write the directory of a package as it is published: gcc, gcc-13.2.0',
  });
}
