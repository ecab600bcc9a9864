/** `xh prefer NAME PKG`: the site's own word on who provides a name that several packages have. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { readFarmState, readPreferences, writePreferences } from '../farm/state.ts';
import { basename } from '../bytes/path.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { XhError } from '../message/error.ts';
import { readPackage } from '../package/read.ts';
import type { Config } from '../site/config.ts';
import { receiptOf, relink } from './activate.ts';
import { finishPlanning, startPlanning } from './context.ts';
import { currentDirectory } from './current.ts';

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
  const preferences = new Map(readPreferences(planning.draft));
  const before = preferences.get(name);
  if (provider === undefined) {
    if (!preferences.delete(name)) {
      throw new XhError('E_NO_PREFERENCE', `nothing is preferred for ${printable(name)}`, {
        remedy: 'xh prefer lists the preferences',
      });
    }
  } else {
    readPackage(host.site, provider);
    preferences.set(name, provider);
  }
  writePreferences(planning.draft, preferences);
  const contested = [...readFarmState(planning.draft).contested];
  const concerned = new Set(
    contested
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
