/**
 * A tree of a package in a store as MASTER: `STORE#PACKAGE/TYPE`, or `STORE#PACKAGE/TYPE/ARCHITECTURE`,
 * where STORE is what `xh pull` calls a store: a directory, or an address. What stands behind the last `#`
 * is never a part of an address on the web, and a directory that is really called so is that directory;
 * `store+` before it says that it is a store all the same.
 */
import { statSync } from 'node:fs';
import { bytes, printable, slice, split, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { join, normalize } from '../../bytes/path.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { packageNameProblem } from '../../package/name.ts';

export interface StoreAddress {
  /** An absolute directory, or an address. */
  readonly store: Bytes;
  /** The package's directory. */
  readonly package: Bytes;
  /** `TYPE`, or `TYPE/ARCHITECTURE`. */
  readonly tree: Bytes;
  /** All of it, in the one form that names the master in ledgers and logs. */
  readonly name: Bytes;
}

/**
 * What `master` means; undefined when it is a directory.
 * @throws XhError E_LFU_STORE (2) for an address that names no tree
 */
export function storeAddress(master: Bytes): StoreAddress | undefined {
  const forced = master.startsWith(FORCED);
  const address = forced ? slice(master, FORCED.length) : master;
  const remote = REMOTE.test(address);
  const cut = address.lastIndexOf('#');
  if (!forced && !remote && (cut < 0 || !isTreeName(slice(address, cut + 1)) || isThere(master))) {
    return undefined;
  }
  const store = cut < 0 ? address : slice(address, 0, cut);
  const words = cut < 0 ? [] : split(slice(address, cut + 1), '/');
  const [name, ...tree] = words;
  if (store === '' || name === undefined || !isTreeName(slice(address, cut + 1))) {
    throw new XhError('E_LFU_STORE', `'${printable(master)}' names no tree of a store`, {
      exit: EXIT.usage,
      remedy:
        'write STORE#PACKAGE/TYPE, or STORE#PACKAGE/TYPE/ARCHITECTURE: https://depot.example.org/store#gcc/arch/linux-x86_64',
    });
  }
  const whole =
    remote || store.startsWith('/') ? store : join(bytes(process.cwd()), `/${store}` as Bytes);
  const clean = remote ? whole : normalize(whole);
  const below = tree.join('/') as Bytes;
  return { store: clean, package: name, tree: below, name: `${clean}#${name}/${below}` as Bytes };
}

/** Whether it is `PACKAGE/TYPE` or `PACKAGE/TYPE/ARCHITECTURE`. */
function isTreeName(text: Bytes): boolean {
  const [name, ...tree] = split(text, '/');
  return (
    name !== undefined &&
    packageNameProblem(name) === undefined &&
    (tree.length === 1 || tree.length === 2) &&
    tree.every((word) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(word))
  );
}

function isThere(path: Bytes): boolean {
  try {
    return statSync(toBuffer(path), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

const FORCED = 'store+';
const REMOTE = /^(?:https?|s3):\/\/[^/]/;
