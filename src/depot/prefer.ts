/** `xh prefer NAME PKG`: the site's own word on who provides a name that several packages have. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { contestedIn, preferencesIn } from '../farm/state.ts';
import { basename } from '../bytes/path.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { findPackage, readPackage } from '../package/read.ts';
import { listPackages } from '../package/entries.ts';
import type { Config } from '../site/config.ts';
import { relink } from './activate.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { currentDirectory } from './current.ts';
import { receiptOf } from './receipts.ts';

/** A name, and who provides it; undefined when priorities are to decide again. */
export interface Preference {
  readonly name: Bytes;
  readonly package: Bytes | undefined;
}

/**
 * Plans a preference, and the links that follow from it when the packages are installed. Without a
 * package the preference is dropped.
 * @throws XhError E_NO_PREFERENCE when there is none to drop; E_NO_PACKAGE
 */
export function planPrefer(
  host: Host,
  config: Config,
  name: Bytes,
  provider: Bytes | undefined,
): Plan {
  const planning = startPlanning(host, config);
  if (provider === undefined && !preferencesIn(planning.draft).has(name)) {
    throw new XhError('E_NO_PREFERENCE', `nothing is preferred for ${printable(name)}`, {
      remedy: 'xh prefer lists the preferences',
    });
  }
  const known = provider && findPackage(host.site, { name: provider }).name;
  prefer(planning, { name, package: known });
  return finishPlanning(planning, 'prefer', provider === undefined ? [] : [provider]);
}

/**
 * Plans preferences that another host has, as `xh prefer --json` prints them; names that are not
 * among them keep theirs. A package that is not here yet is told of, and has the name when it comes.
 */
export function planPreferences(
  host: Host,
  config: Config,
  preferences: readonly Preference[],
): Plan {
  const planning = startPlanning(host, config);
  const there = new Set(listPackages(host.site).map(({ name }) => name));
  for (const each of preferences) {
    prefer(planning, each);
    if (each.package !== undefined && !there.has(each.package)) {
      planning.notes.push(
        `${printable(each.name)}: ${printable(each.package)} is not in the depot; it has the name when it comes`,
      );
    }
  }
  return finishPlanning(planning, 'prefer', []);
}

/** Sets one preference and has the links that it is about settled again. */
function prefer(planning: Planning, { name, package: provider }: Preference): void {
  const preferences = preferencesIn(planning.draft);
  const before = preferences.get(name);
  if (provider === undefined) preferences.delete(name);
  else preferences.set(name, provider);
  if (before === provider) return;
  const contested = [...contestedIn(planning.draft)]
    .filter(([path]) => path === name || basename(path) === name)
    .map(([, candidates]) => candidates.map((candidate) => candidate.package));
  // any one of those that want a name has it settled
  const relinked = new Set<Bytes>();
  for (const names of contested) {
    if (names.some((each) => relinked.has(each))) continue;
    const found = names.find((each) => relinkCurrent(planning, each));
    if (found !== undefined) relinked.add(found);
  }
}

/** @returns whether the package is installed, and current */
function relinkCurrent(planning: Planning, name: Bytes): boolean {
  const directory = currentDirectory(planning, name);
  const receipt = directory === undefined ? undefined : receiptOf(planning, directory);
  if (receipt?.current !== true) return false;
  relink(planning, readPackage(planning.host.site, receipt.package), receipt);
  return true;
}
