/**
 * `xh pull`: what is offered, what of that is not here, its trees made beside their places without the
 * site's lock, then all of them switched in one transaction, then installed. What one package has
 * against it keeps no other from coming.
 */
import { b, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { createWalker, makeDirs, type Walker } from '../../files/walk.ts';
import { takeLock } from '../../host/lock.ts';
import type { Plan } from '../../host/plan.ts';
import { createDraft } from '../../host/draft.ts';
import type { Host } from '../../host/transaction.ts';
import { thisHost } from '../../distribute/hosts/this-host.ts';
import type { ShowProgress } from '../../message/progress.ts';
import { architecture, compatible, cpuFlags } from '../../site/arch.ts';
import { siteFileTypes, type Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { attachedPackages } from '../attach/record.ts';
import { keepAttachments } from './attachments.ts';
import { frozenIn } from './freeze.ts';
import { installPulled, type InstallPulled } from './install-pulled.ts';
import { servedArchitectures } from './local.ts';
import { offersOf } from './offers.ts';
import type { PullOutcome } from './outcome.ts';
import { PULLED } from '../pulled.ts';
import { pullRules } from './rules.ts';
import type { Subscription, Taker } from './select.ts';
import type { PullSource } from './source.ts';
import { preview } from './preview.ts';
import { preparePackages } from './stage.ts';
import { switchPackages } from './switch.ts';

export interface PullOptions extends InstallPulled {
  /** Directories of packages, or all that the host subscribes to. */
  readonly packages: readonly Bytes[] | 'subscribed';
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The command line, for those who wait. */
  readonly command: string;
  /** Seconds to wait for another pull. */
  readonly lockTimeout: number;
  /** Whether what has come is installed. */
  readonly install: boolean;
  readonly progress?: ShowProgress | undefined;
  /** Told what went wrong and was got over. */
  readonly warn: (message: string) => void;
  /** Runs `work` with the site's lock. */
  readonly change: <T>(work: (host: Host) => T | Promise<T>) => Promise<T>;
  /** Commits the plan of an installation, and tells of it. */
  readonly commit: (host: Host, plan: Plan) => void;
}

export interface PullResult {
  /** In the order of their names. */
  readonly outcomes: readonly PullOutcome[];
}

/**
 * Makes the packages of this host what the source has.
 * @throws XhError when nothing can be known of any; E_LOCKED (5) while another pull runs
 */
export async function pull(
  site: Site,
  config: Config,
  source: PullSource,
  options: PullOptions,
): Promise<PullResult> {
  // what every site has is made, and what was killed is settled, before anything is looked at
  await options.change(() => undefined);
  const walker = createWalker(site.root);
  try {
    makeDirs(walker, PULLED);
    const lock = takeLock(walker, {
      timeout: options.lockTimeout,
      command: options.command,
      of: { file: b`${PULLED}/.lock`, what: 'pulling' },
    });
    try {
      const only = options.packages === 'subscribed' ? undefined : options.packages;
      const { attached, toCopy, made } = await keepAttachments({ config, ...options }, only);
      walker.forget();
      const { offers, outcomes } = await offersFor(site, config, {
        walker,
        source,
        attached,
        options,
      });
      const rules = pullRules(site, config);
      const pulling = { site, config, walker, source, rules, toCopy, ...options };
      const known = [...outcomes];
      for (let rest = offers; rest.length > 0;) {
        const staged = await preparePackages(rest, pulling);
        known.push(...staged.outcomes, ...(await switchPackages(staged.packages, pulling)));
        rest = staged.rest;
      }
      const done = options.install ? await installPulled(known, made, pulling) : known;
      return { outcomes: sorted(done) };
    } finally {
      lock.release();
    }
  } finally {
    walker.close();
  }
}

/** What {@link pull} would do; nothing is made and nothing locked. */
export async function previewPull(
  site: Site,
  config: Config,
  source: PullSource,
  options: Pick<PullOptions, 'packages' | 'now'>,
): Promise<PullResult> {
  const walker = createWalker(site.root);
  try {
    const attached = new Set(attachedPackages(walker).keys());
    const about = { walker, source, attached, options };
    const { offers, outcomes } = await offersFor(site, config, about);
    const rules = pullRules(site, config);
    const seen = await preview(offers, {
      site,
      config,
      walker,
      source,
      rules,
      toCopy: new Set(),
    });
    return { outcomes: sorted([...outcomes, ...seen]) };
  } finally {
    walker.close();
  }
}

function offersFor(
  site: Site,
  config: Config,
  about: {
    readonly walker: Walker;
    readonly source: PullSource;
    readonly attached: ReadonlySet<Bytes>;
    readonly options: Pick<PullOptions, 'packages' | 'now'>;
  },
): ReturnType<typeof offersOf> {
  const { walker, source, attached, options } = about;
  const subscription: Subscription = {
    only: config.values['subscribe.only'],
    never: config.values['subscribe.never'],
    types: config.values['subscribe.types'],
  };
  const arch = architecture();
  const taker: Taker = {
    types: siteFileTypes(config),
    subscription,
    runs: compatible(arch, cpuFlags()),
    serves: servedArchitectures(walker, config),
  };
  return offersOf(options.packages, {
    walker,
    source,
    host: thisHost(site, config),
    taker,
    subscription,
    attached,
    frozen: frozenIn(createDraft(walker)),
    now: options.now,
  });
}

function sorted(outcomes: readonly PullOutcome[]): PullOutcome[] {
  return outcomes.toSorted((one, other) => compareBytes(one.package, other.package));
}

/** The exit code's cause: whether any package is not as it should be. */
export function hasFailed({ outcomes }: PullResult): boolean {
  return outcomes.some(
    ({ result, installed }) =>
      ['failed', 'unreachable', 'refused'].includes(result) || installed === false,
  );
}
