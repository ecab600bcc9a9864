/** What the commands of lfu know of a site: its masters and their slaves, by configuration and ledgers. */
import { realpathSync } from 'node:fs';
import { bytes, fromBuffer, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, join, normalize } from '../bytes/path.ts';
import { ledgerHeads } from '../lfu/ledger/store.ts';
import type { ConfiguredPair } from '../lfu/owns.ts';
import { loadUpdateConfig, updateConfigPath, type UpdateConfig } from '../lfu/update/config.ts';
import { realPathOf } from '../lfu/update/update.ts';
import { XhError } from '../message/error.ts';
import type { Site } from '../site/site.ts';

/**
 * The site's configuration, or `file`; undefined when there is none, or it is wrong or not for us to
 * read, as long as nobody named it.
 * @throws XhError when `file` was named and cannot be used
 */
export function configOf(site: Site, file?: Bytes): UpdateConfig | undefined {
  if (file !== undefined) return loadUpdateConfig(file);
  try {
    return loadUpdateConfig(updateConfigPath(site));
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}

/** The masters of a configuration with the real paths of their trees. */
export function pairsOf(config: UpdateConfig | undefined): readonly ConfiguredPair[] {
  return (config?.masters ?? []).map(({ name, path, slave }) => ({
    name,
    path: realPathOf(path),
    slave: realPathOf(slave),
  }));
}

/** The slave of each master, by the configuration, else by the ledgers. */
export function slavesByMaster(site: Site): ReadonlyMap<Bytes, Bytes> {
  const heads = ledgerHeads(site);
  return new Map([
    ...heads.flatMap(({ slave, masters }) => masters.map((name) => [name, slave] as const)),
    ...pairsOf(configOf(site)).map(({ name, slave }) => [name, slave] as const),
  ]);
}

/** `given` from here, absolute and normal. */
export function absolutePath(given: Bytes): Bytes {
  const whole = given.startsWith('/') ? given : join(bytes(process.cwd()), `/${given}` as Bytes);
  return normalize(whole);
}

/** `path` with the links before its last component resolved, as far as there is anything. */
export function realParent(path: Bytes): Bytes {
  if (path === '/') return path;
  const parent = dirname(path);
  try {
    const real = fromBuffer(realpathSync.native(toBuffer(parent), { encoding: 'buffer' }));
    return join(real, basename(path));
  } catch {
    return join(realParent(parent), basename(path));
  }
}
