/** What the source offers of each package, and whether it is for this host. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { compareBytes } from '../../bytes/bytes.ts';
import type { Walker } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import { targetText, type TargetHost } from '../../package/targets.ts';
import { frozenAt, type Frozen } from './freeze.ts';
import { outcomeOf, type PullOutcome } from './outcome.ts';
import { pulledPackage, pulledPackages, type Pulled } from '../pulled.ts';
import {
  isMeant,
  isSubscribed,
  select,
  type Subscription,
  type Taker,
  type WantedTree,
} from './select.ts';
import type { Believed, PullSource } from './source.ts';

/** A package that this host is to have, as it is offered. */
export interface Offer {
  readonly directory: Bytes;
  readonly believed: Believed;
  readonly trees: readonly WantedTree[];
  readonly pulled: Pulled | undefined;
}

export interface Offering {
  readonly walker: Walker;
  readonly source: PullSource;
  readonly host: TargetHost;
  readonly taker: Taker;
  readonly subscription: Subscription;
  /** Packages that are here by links. */
  readonly attached: ReadonlySet<Bytes>;
  readonly frozen: ReadonlyMap<Bytes, Frozen>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Offers {
  readonly offers: readonly Offer[];
  readonly outcomes: readonly PullOutcome[];
}

/**
 * @param packages directories, or all that the host subscribes to
 * @throws XhError when the source tells nothing at all
 */
export async function offersOf(
  packages: readonly Bytes[] | 'subscribed',
  offering: Offering,
): Promise<Offers> {
  const named = packages !== 'subscribed';
  const directories = named ? packages : await subscribed(offering);
  const offers: Offer[] = [];
  const outcomes: PullOutcome[] = [];
  const rest = [...new Set(directories)];
  const next = async (): Promise<void> => {
    for (let directory = rest.shift(); directory !== undefined; directory = rest.shift()) {
      const found = await offerOf(directory, named, offering);
      if (found === undefined) continue;
      if ('result' in found) outcomes.push(found);
      else offers.push(found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  const inOrder = <T>(list: T[], name: (each: T) => Bytes): T[] =>
    list.toSorted((one, other) => compareBytes(name(one), name(other)));
  return {
    offers: inOrder(offers, ({ directory }) => directory),
    outcomes: inOrder(outcomes, (each) => each.package),
  };
}

/** What is offered, and what has come from there before. */
async function subscribed({ walker, source, subscription, attached }: Offering): Promise<Bytes[]> {
  const offered = await source.packages();
  const names = new Set([...offered, ...pulledPackages(walker), ...attached]);
  return [...names].filter((name) => isSubscribed(subscription, name));
}

async function offerOf(
  directory: Bytes,
  named: boolean,
  offering: Offering,
): Promise<Offer | PullOutcome | undefined> {
  let pulled: Pulled | undefined;
  try {
    pulled = pulledPackage(offering.walker, directory);
    const before = pulled && { before: pulled.revision, revision: pulled.revision };
    if (offering.attached.has(directory)) return { package: directory, result: 'attached' };
    const held = frozenAt(offering.frozen, directory, offering.now);
    if (held !== undefined) {
      return { package: directory, ...before, result: 'frozen', ...frozenBy(held) };
    }
    const believed = await offering.source.head(directory);
    if (believed === undefined) {
      if (pulled === undefined && !named) return undefined;
      return {
        package: directory,
        ...before,
        result: pulled === undefined ? 'failed' : 'gone',
        message:
          pulled === undefined
            ? `${offering.source.name} has no package ${printable(directory)}`
            : 'no store offers it any more; what is here stays',
        ...(pulled === undefined && { remedy: 'is the name right? xh status shows what there is' }),
      };
    }
    return forThisHost(directory, { believed, pulled, named }, offering);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    const known = pulled && { before: pulled.revision, revision: pulled.revision };
    return outcomeOf(error, { package: directory, ...known });
  }
}

function forThisHost(
  directory: Bytes,
  { believed, pulled, named }: Pick<Offer, 'believed' | 'pulled'> & { readonly named: boolean },
  { host, taker }: Offering,
): Offer | PullOutcome | undefined {
  const { head } = believed;
  if (!isMeant(head.targets, host)) {
    if (pulled === undefined && !named) return undefined;
    return {
      package: directory,
      ...(pulled !== undefined && { before: pulled.revision, revision: pulled.revision }),
      result: 'refused',
      message: `it is not meant for ${printable(host.name)} (${printable(host.arch)}), but for ${(head.targets ?? []).map((each) => printable(targetText(each))).join(' ')}`,
      remedy: 'its .admin/Targets say so where it is published',
    };
  }
  const { trees, lacking } = select(head, taker);
  const [type] = lacking.keys();
  if (type !== undefined) {
    const offered = [...(lacking.get(type) ?? [])].map(printable).join(', ');
    return {
      package: directory,
      ...(pulled !== undefined && { before: pulled.revision, revision: pulled.revision }),
      result: 'refused',
      message: `its ${printable(type)} files are there for ${offered}, not for ${taker.runs.map(printable).join(', ')}`,
      remedy: 'publish it from a host of this architecture; until then everything stays as it is',
    };
  }
  return { directory, believed, trees, pulled };
}

function frozenBy({ until, reason, user }: Frozen): Pick<PullOutcome, 'message' | 'frozenUntil'> {
  return {
    message: reason ?? `by ${user}`,
    ...(until !== undefined && { frozenUntil: until }),
  };
}

/** Heads that are asked for at the same time. */
const AT_ONCE = 8;
