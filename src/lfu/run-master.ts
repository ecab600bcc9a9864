/** The master of a run: a directory, or a tree of a store of which only the listings are here. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { Dir } from '../files/dir.ts';
import { openTree, type Tree } from '../files/tree.ts';
import { EXIT, XhError } from '../message/error.ts';
import { demandMarker } from './marker.ts';
import type { LfuOptions } from './options.ts';
import { openMaster, type Root } from './roots.ts';
import { storeAddress, type StoreAddress } from './store/address.ts';
import { NO_TREE, readStoreTree, type StoreTree } from './store/master.ts';

export interface RunMaster {
  /** What links and commands are told. */
  readonly name: Bytes;
  /** Real path of a directory; of a store its address. */
  readonly path: Bytes;
  readonly tree: Tree;
  /** The directory that it is; undefined for a store. */
  readonly root: Root | undefined;
  /** What the slave may not stand in, nor the other way round. */
  readonly stands: Root | undefined;
  readonly stored: StoreTree | undefined;
}

/** What has to be closed when the run is over. */
export interface Closing {
  readonly handles: Dir[];
  readonly ends: (() => void)[];
}

/**
 * Opens what `options.master` names; a master that has left is not looked at, and the slave stands for it.
 * @throws XhError exit 2 for what is no master, exit 3 when it is another one, or not believed
 */
export async function openRunMaster(options: LfuOptions, closing: Closing): Promise<RunMaster> {
  const hasLeft = options.hasLeft === true;
  const address = hasLeft ? undefined : storeAddress(options.master);
  if (address !== undefined) return openStored(options, address, closing);
  const root = openMaster(hasLeft ? options.slave : options.master);
  closing.handles.push(root.dir);
  if (options.marker !== undefined) demandMarker(root, options.marker);
  const { name, path } = root;
  return {
    name,
    path,
    root,
    stands: root,
    stored: undefined,
    tree: openTree(root.dir, { quiet: true }),
  };
}

async function openStored(
  options: LfuOptions,
  address: StoreAddress,
  { handles, ends }: Closing,
): Promise<RunMaster> {
  const { name } = address;
  if (options.marker !== undefined)
    throw useless(name, 'a marker', 'its signatures tell which it is');
  if (options.index !== undefined) throw useless(name, 'an index', 'its listings are one');
  if (options.openStore === undefined) {
    throw new XhError(
      'E_LFU_STORE',
      `${printable(name)} is a tree of a store, which this command does not look at`,
      {
        exit: EXIT.usage,
        remedy: 'lfu -n MASTER SLAVE shows what would change',
      },
    );
  }
  const found = await options.openStore(address);
  ends.push(() => {
    found.close();
  });
  const stands = found.directory === undefined ? undefined : openMaster(found.directory);
  if (stands !== undefined) handles.push(stands.dir);
  const stored = await readStoreTree(found, { privileged: isPrivileged() });
  return { name, path: name, root: undefined, stands, stored, tree: NO_TREE };
}

/** What says that a directory is the right one, or stands for it, is not for a store. */
function useless(name: Bytes, what: string, why: string): XhError {
  return new XhError('E_LFU_STORE', `${printable(name)} is a store, and has no use for ${what}`, {
    exit: EXIT.usage,
    remedy: `leave it out: ${why}`,
  });
}

/** Whether we are root, whom no permission stops. */
export function isPrivileged(): boolean {
  return process.geteuid?.() === 0;
}
