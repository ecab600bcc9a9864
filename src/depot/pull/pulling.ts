/** What the parts of a pull share. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Walker } from '../../files/walk.ts';
import type { Host } from '../../host/transaction.ts';
import type { ShowProgress } from '../../message/progress.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import type { TreeRules } from './rules.ts';
import type { PullSource } from './source.ts';

/** What it looks at. */
export interface Looked {
  readonly site: Site;
  readonly config: Config;
  readonly walker: Walker;
  readonly source: PullSource;
  readonly rules: TreeRules | undefined;
  /** Packages that are links and are to be copies. */
  readonly toCopy: ReadonlySet<Bytes>;
}

/** How it changes the host. */
export interface Changing {
  /** Runs `work` with the site's lock. */
  readonly change: <T>(work: (host: Host) => T | Promise<T>) => Promise<T>;
  readonly progress?: ShowProgress | undefined;
}
