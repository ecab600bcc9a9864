/**
 * Which commands tell the services that their system files have changed. Pure: running them, once
 * per transaction, is the transaction's affair.
 */
import { type Bytes } from '../bytes/bytes.ts';
import { isWithin, normalize } from '../bytes/path.ts';
import type { Config } from './config.ts';
import type { Site } from './site.ts';

export interface RefreshCommand {
  /** For `/bin/sh -c`. */
  readonly command: Bytes;
  /** The changed paths that ask for it. */
  readonly because: readonly Bytes[];
}

/**
 * The commands to run after `changed` (paths inside the site) have changed, each once, in the
 * order of the configuration; none on a site root that `refresh-on` does not list.
 */
export function refreshCommands(
  config: Config,
  site: Site,
  changed: readonly Bytes[],
): readonly RefreshCommand[] {
  if (!config.values['refresh-on'].includes(normalize(site.root))) return [];
  const because = new Map<Bytes, Bytes[]>();
  for (const [path, command] of config.values.refresh) {
    // an empty command turns a default off
    if (command === '') continue;
    const reasons = changed.filter((each) => isWithin(path, each));
    if (reasons.length === 0) continue;
    because.set(command, [...(because.get(command) ?? []), ...reasons]);
  }
  return [...because].map(([command, paths]) => ({ command, because: [...new Set(paths)] }));
}
