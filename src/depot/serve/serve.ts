/** What `xh serve` gives to others: a store in a directory, or what this host has pulled. */
import type { Bytes } from '../../bytes/bytes.ts';
import { servedDirectory } from '../../distribute/serve/directory.ts';
import type { Served } from '../../distribute/serve/content.ts';
import type { Site } from '../../site/site.ts';

export interface ServeWhat {
  /** A store; absent: what this host has pulled. */
  readonly directory?: Bytes;
  /** Told of what is going on. */
  readonly tell: (line: string) => void;
}

/** @throws FileError when it cannot be opened; XhError E_SERVE_STORE when there is nothing to serve */
export function servedStore(site: Site, { directory }: ServeWhat): Served {
  if (directory !== undefined) return servedDirectory(directory);
  throw new Error(`not yet: ${site.root}`);
}
