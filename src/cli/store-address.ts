/** Stores as users name them: on the command line, or in the configuration. */
import { resolve } from 'node:path';
import { bytes, type Bytes } from '../bytes/bytes.ts';
import { openStore } from '../distribute/store/open.ts';
import type { Store } from '../distribute/store/store.ts';
import { EXIT, XhError } from '../message/error.ts';
import { configPath } from '../site/config.ts';
import type { Call } from './command.ts';
import type { CommandOption } from './description.ts';

export const STORE_OPTION: CommandOption = {
  flags: '--store <store>',
  summary: "the store: a directory, or s3://BUCKET/PREFIX (default: 'publish.store')",
};

/** As a user writes it: what is no address is a directory, from here if it does not begin with `/`. */
export function storeAddress(word: string): Bytes {
  return bytes(/^[a-z0-9]+:\/\//i.test(word) ? word : resolve(word));
}

/** The store to write to: that of `--store`, else that of the configuration. @throws XhError E_NO_STORE (2) */
export function chosenStore({ options, config, site }: Call): Bytes {
  const { store } = options;
  if (typeof store === 'string') return storeAddress(store);
  const configured = config().values['publish.store'];
  if (configured !== undefined) return configured;
  throw new XhError('E_NO_STORE', 'no store is named', {
    exit: EXIT.usage,
    place: { file: configPath(site) },
    remedy: "name one with --store, or in /etc/xhier.toml: [publish] store = '/srv/store'",
  });
}

/** Opens it, runs `work` with it, and closes it. @throws XhError E_NO_STORE, E_STORE_ADDRESS, E_STORE_READ */
export async function withStore<T>(
  call: Call,
  address: Bytes,
  { create = false }: { readonly create?: boolean },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = openStore(address, {
    create,
    tell: (line) => {
      call.terminal.tell(line);
    },
  });
  try {
    return await work(store);
  } finally {
    store.close();
  }
}
