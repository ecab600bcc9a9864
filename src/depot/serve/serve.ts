/** What `xh serve` gives to others: a store in a directory, or what this host has pulled. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Served } from '../../distribute/serve/content.ts';
import { servedDirectory } from '../../distribute/serve/directory.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { servedHolding } from './held.ts';

export interface ServeWhat {
  /** A store; absent: what this host has pulled. */
  readonly directory?: Bytes;
  /** Told of what is going on. */
  readonly tell: (line: string) => void;
}

/**
 * @throws FileError when it cannot be opened; XhError E_SERVE_STORE, E_SERVE_NOTHING when there is
 *   nothing to serve
 */
export function servedStore(
  site: Site,
  config: () => Config,
  { directory, tell }: ServeWhat,
): Served {
  if (directory !== undefined) return servedDirectory(directory);
  return servedHolding(site, config(), { tell });
}
