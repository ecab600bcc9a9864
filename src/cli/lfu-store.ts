/** Masters that are stores, as the command line of `lfu` opens them: what it takes is read only then. */
import type { LfuOptions } from '../lfu/options.ts';
import type { Site } from '../site/site.ts';
import type { Lines } from './lines.ts';

/** Opens stores with the keys that `site` has; what went wrong on the way is told to `err`. */
export function openStoreOf(
  site: Site,
  dryRun: boolean,
  err: Lines,
): NonNullable<LfuOptions['openStore']> {
  return async (address) => {
    const { openStoreMaster } = await import('../depot/store-master.ts');
    return openStoreMaster(site, address, {
      dryRun,
      warn(message) {
        err.write(`lfu: ${message}`);
      },
    });
  };
}
