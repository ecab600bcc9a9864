/** Trees of a test in a store, as a publisher would put them there, and a site that believes in it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { publish } from '../../src/distribute/publish/publish.ts';
import { scanTree, sourceReader } from '../../src/distribute/publish/scan.ts';
import { openDirectoryStore } from '../../src/distribute/store/directory.ts';
import { TRUST_PATH } from '../../src/distribute/store/paths.ts';
import { generateKey } from '../../src/distribute/store/signed.ts';
import { trustText } from '../../src/distribute/store/trust.ts';
import { createWalker } from '../../src/files/walk.ts';
import { readAccounts } from '../../src/site/accounts.ts';

export interface Published {
  /** The directory of the store. */
  readonly store: string;
  /** The root of a site that knows its key. */
  readonly site: string;
  /** Publishes a directory as a tree of package `tool` once more. */
  again(tree: string, name?: string): Promise<void>;
}

/** Publishes `tree` as the tree `name` of package `tool`, into a store below `directory`. */
export async function published(
  directory: string,
  tree: string,
  name = 'share',
): Promise<Published> {
  const [store, site] = [join(directory, 'store'), join(directory, 'site')];
  mkdirSync(store);
  mkdirSync(join(site, 'etc'), { recursive: true });
  const keys = { site: generateKey().key, publisher: generateKey().key };
  writeFileSync(join(site, 'etc/xhier.toml'), `site-keys = ["${keys.site.public}"]\n`);
  const [issued, expires] = ['2020-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z'];
  const trusted = {
    name: 'publisher',
    key: keys.publisher.public,
    packages: [b`*`],
    expires,
  };
  const trust = { version: 1, issued, expires, site: [keys.site.public], publishers: [trusted] };
  writeFileSync(join(store, TRUST_PATH), trustText({ ...trust, revoked: [] }, [keys.site]));
  async function again(from: string, as = name): Promise<void> {
    const walker = createWalker(bytes(dirname(from)));
    const opened = openDirectoryStore(bytes(store));
    try {
      const { dir, name: last, path } = walker.locate(bytes(from.slice(dirname(from).length)));
      const options = { accounts: readAccounts(), known: () => undefined, learn: () => undefined };
      const trees = new Map([[bytes(as), scanTree(dir, last, path, options)]]);
      await publish(
        opened,
        { directory: b`tool`, trees },
        {
          key: keys.publisher,
          now: Date.now(),
          lifetime: 1e10,
          read: sourceReader(walker),
        },
      );
    } finally {
      walker.close();
      opened.close();
    }
  }
  await again(tree);
  return { store, site, again };
}
