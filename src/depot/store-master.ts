/** A tree of a store as lfu's master, believed as `xh pull` believes: signed by a publisher whom a key of the site delegates. */
import { accessSync, constants } from 'node:fs';
import { printable, toBuffer } from '../bytes/bytes.ts';
import { siteLinks } from '../distribute/site-links.ts';
import { createWalker } from '../files/walk.ts';
import type { StoreAddress } from '../lfu/store/address.ts';
import type { StoreMaster } from '../lfu/store/master.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';
import { readAccounts } from '../site/accounts.ts';
import { loadConfig } from '../site/config.ts';
import { adminPath, type Site } from '../site/site.ts';
import { storeSource } from './pull/source.ts';

export interface StoreMasterOptions {
  readonly dryRun: boolean;
  /** Told what went wrong and was got over. */
  readonly warn: (message: string) => void;
}

/**
 * Opens the tree that `address` names, with the keys of `site`.
 * @throws XhError E_NO_SITE_KEY, E_LFU_STORE (2), E_TRUST_*, E_HEAD_* (3), E_STORE_READ
 */
export async function openStoreMaster(
  site: Site,
  address: StoreAddress,
  { dryRun, warn }: StoreMasterOptions,
): Promise<StoreMaster> {
  const walker = createWalker(site.root);
  const source = storeSource(site, loadConfig(site), {
    walker,
    now: Date.now(),
    stores: [address.store],
    remember: !dryRun && isOurs(site),
    warn,
  });
  const close = (): void => {
    source.close();
    walker.close();
  };
  try {
    const name = printable(address.package);
    const believed = await source.head(address.package);
    if (believed === undefined) {
      const known = (await source.packages()).map(printable);
      throw wrong(
        `${printable(address.store)} has no package ${name}`,
        didYouMean(name, known) ?? `it has ${known.length} packages`,
      );
    }
    const { trees, packs } = believed.head;
    const root = trees.get(address.tree);
    if (root === undefined) {
      const offered = [...trees.keys()].map((tree) => `${name}/${printable(tree)}`);
      throw wrong(
        `${printable(address.store)} has no tree ${name}/${printable(address.tree)}`,
        `it has ${offered.join(', ')}`,
      );
    }
    return {
      name: address.name,
      directory: address.store.startsWith('/') ? address.store : undefined,
      store: source.store,
      root,
      packs,
      accounts: readAccounts(),
      links: siteLinks(site.root),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Whether we may write down what is believed; who may not goes by what the site has seen. */
function isOurs(site: Site): boolean {
  try {
    accessSync(toBuffer(adminPath(site, '.' as typeof site.root)), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function wrong(message: string, remedy: string): XhError {
  return new XhError('E_LFU_STORE', message, { exit: EXIT.usage, remedy });
}
