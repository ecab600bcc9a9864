/** Packages that are held at what they are (`xh freeze`): pulls pass them over until they are thawed, or the day has come. */
import { b, bytes, compareBytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { userName } from '../../host/lock.ts';
import type { Plan } from '../../host/plan.ts';
import type { Host } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { findPackage } from '../../package/read.ts';
import type { Config } from '../../site/config.ts';
import { finishPlanning, startPlanning } from '../context.ts';
import { readRecord, damagedRecord, toJsonText } from '../../host/json.ts';
import type { Draft, RecordForm } from '../../host/draft.ts';

export const FROZEN_FILE = b`/.software/local/.admin/frozen.json`;

export interface Frozen {
  readonly package: Bytes;
  /** ISO 8601. */
  readonly since: string;
  /** ISO 8601; for good when absent. */
  readonly until?: string;
  readonly user: string;
  /** Why. */
  readonly reason?: string;
}

/** All of them by package, to be changed in place by planners. @throws XhError E_RECORD */
export function frozenIn(draft: Draft): Map<Bytes, Frozen> {
  return draft.record(FROZEN_FILE, FORM);
}

/** What holds a package at a time; undefined when nothing does. @param now milliseconds since the epoch */
export function frozenAt(
  frozen: ReadonlyMap<Bytes, Frozen>,
  directory: Bytes,
  now: number,
): Frozen | undefined {
  const found = frozen.get(directory);
  if (found?.until !== undefined && Date.parse(found.until) <= now) return undefined;
  return found;
}

export interface Freezing {
  readonly packages: readonly Bytes[];
  /** Milliseconds since the epoch; for good when absent. */
  readonly until?: number;
  readonly reason?: string;
}

/** Holds packages at what they are; what is held already gets the new day and the new reason. @throws XhError E_NO_PACKAGE */
export function planFreeze(host: Host, config: Config, freezing: Freezing): Plan {
  const planning = startPlanning(host, config);
  const frozen = frozenIn(planning.draft);
  for (const directory of freezing.packages) {
    demandPresent(host, directory);
    const { until, reason } = freezing;
    frozen.set(directory, {
      package: directory,
      since: frozen.get(directory)?.since ?? new Date().toISOString(),
      user: userName(),
      ...(until !== undefined && { until: new Date(until).toISOString() }),
      ...(reason !== undefined && { reason }),
    });
  }
  return finishPlanning(planning, 'freeze', freezing.packages);
}

/** Lets packages be pulled again. @throws XhError E_NOT_FROZEN */
export function planThaw(host: Host, config: Config, packages: readonly Bytes[]): Plan {
  const planning = startPlanning(host, config);
  const frozen = frozenIn(planning.draft);
  for (const directory of packages) {
    if (frozen.delete(directory)) continue;
    throw new XhError('E_NOT_FROZEN', `${printable(directory)} is not frozen`, {
      exit: EXIT.refused,
      remedy: 'xh freeze shows what is',
    });
  }
  return finishPlanning(planning, 'thaw', packages);
}

/** Pulled or not: what is there can be held. */
function demandPresent(host: Host, directory: Bytes): void {
  if (host.walker.stat(b`/.software/share/${directory}`) !== undefined) return;
  findPackage(host.site, { name: directory });
}

const FORM: RecordForm<Map<Bytes, Frozen>> = {
  parse(content) {
    if (content === undefined) return new Map();
    const record = readRecord(FROZEN_FILE, content) as { readonly packages?: unknown };
    const { packages } = record;
    if (!Array.isArray(packages) || !packages.every(isFrozen)) throw damagedRecord(FROZEN_FILE);
    return new Map(packages.map((each) => [each.package, each]));
  },
  print(frozen) {
    if (frozen.size === 0) return undefined;
    const packages = [...frozen.values()].toSorted((one, other) =>
      compareBytes(one.package, other.package),
    );
    return bytes(`${toJsonText({ format: 1, packages }, 1)}\n`);
  },
};

function isFrozen(value: unknown): value is Frozen {
  const { package: directory, since, user, until } = (value ?? {}) as Partial<Frozen>;
  return (
    typeof directory === 'string' &&
    typeof since === 'string' &&
    typeof user === 'string' &&
    (until === undefined || !Number.isNaN(Date.parse(until)))
  );
}
