/** `xh prefer NAME PKG`: the site's own word on who provides a name that several packages have. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { contestedIn, preferencesIn } from '../farm/state.ts';
import { basename } from '../bytes/path.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { findPackage, readPackage } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { relink } from './activate.ts';
import { finishPlanning, startPlanning } from './context.ts';
import { currentDirectory } from './current.ts';
import { receiptOf } from './receipts.ts';

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
  const preferences = preferencesIn(planning.draft);
  const before = preferences.get(name);
  if (provider === undefined) {
    if (!preferences.delete(name)) {
      throw new XhError('E_NO_PREFERENCE', `nothing is preferred for ${printable(name)}`, {
        remedy: 'xh prefer lists the preferences',
      });
    }
  } else {
    preferences.set(name, findPackage(host.site, { name: provider }).name);
  }
  const concerned = new Set(
    [...contestedIn(planning.draft)]
      .filter(([path]) => path === name || basename(path) === name)
      .flatMap(([, candidates]) => candidates.map((candidate) => candidate.package)),
  );
  for (const each of [provider, before, ...concerned]) {
    const directory = each === undefined ? undefined : currentDirectory(planning, each);
    const receipt = directory === undefined ? undefined : receiptOf(planning, directory);
    if (receipt?.current !== true) continue;
    relink(planning, readPackage(host.site, receipt.package), receipt);
    break;
  }
  return finishPlanning(planning, 'prefer', provider === undefined ? [] : [provider]);
}
