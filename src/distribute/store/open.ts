/** From what a user or the configuration calls a store to the store: a directory, a web server, a bucket. */
import { bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { FileError } from '../../files/error.ts';
import { makeDirAt } from '../../files/names.ts';
import { statAt } from '../../files/stat.ts';
import { closeDir, openDir } from '../../files/dir.ts';
import { basename, dirname } from '../../bytes/path.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { openDirectoryStore } from './directory.ts';
import { openHttpStore, type HttpOptions } from './http.ts';
import { isRecord, TRUST_PATH } from './paths.ts';
import { openS3Store, type S3Options } from './s3.ts';
import type { Store, StoreReader } from './store.ts';

export interface OpenOptions extends Pick<S3Options, 'environment' | 'tell'> {
  /** Makes the directory when it is not there; the one above has to be. */
  readonly create?: boolean;
}

/**
 * A store to write to: a directory from / on, or `s3://BUCKET/PREFIX`.
 * @throws XhError E_STORE_ADDRESS (2), E_STORE_READ when there is no such directory; FileError
 */
export function openStore(address: Bytes, options: OpenOptions = {}): Store {
  const kind = kindOf(address);
  switch (kind) {
    case 'directory':
      if (options.create === true) make(address);
      return openDirectory(address);
    case 's3':
      return openS3Store(urlOf(address), options);
    case 'http':
      throw new XhError('E_STORE_ADDRESS', `nothing can be written to ${printable(address)}`, {
        exit: EXIT.usage,
        remedy: 'write the directory that the web server serves, or s3://BUCKET/PREFIX',
      });
  }
}

export interface ReaderOptions extends HttpOptions {
  /** Instead of the variables of the process. */
  readonly environment?: NonNullable<S3Options['environment']>;
}

/**
 * A store to read from; an `http:` or `https:` address, too. A directory need not be there: it is looked
 * for when something is read, and as long as there is no store in it, nothing is known of what it has.
 * @throws XhError E_STORE_ADDRESS (2)
 */
export function openReader(address: Bytes, options: ReaderOptions = {}): StoreReader {
  const kind = kindOf(address);
  switch (kind) {
    case 'directory':
      return directoryReader(address);
    case 's3':
      return openS3Store(urlOf(address), options);
    case 'http':
      return openHttpStore(urlOf(address), { isRecord, ...options });
  }
}

/** Opened at the first reading, and again as long as that fails: it may be mounted later. */
function directoryReader(path: Bytes): StoreReader {
  let store: Store | undefined;
  return {
    name: printable(path),
    // async: what is thrown comes by the promise
    async read(below, reading) {
      try {
        store ??= openDirectory(path);
        const found = await store.read(below, reading);
        if (found === undefined && !(await holdsStore(store))) {
          // what is mounted there later is another directory
          store.close();
          store = undefined;
          throw notThere(path);
        }
        return found;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        throw new XhError('E_STORE_READ', `the store cannot be read: ${error.message}`, {
          remedy: error.remedy ?? 'look after the disk; until then everything stays as it is',
          cause: error,
        });
      }
    },
    close() {
      store?.close();
    },
  };
}

/** An empty directory is no store from which everything has gone: more likely nothing is mounted there. */
async function holdsStore(store: Store): Promise<boolean> {
  if (await store.has(TRUST_PATH)) return true;
  for await (const _ of store.list('heads')) return true;
  return false;
}

function openDirectory(path: Bytes): Store {
  try {
    return openDirectoryStore(path);
  } catch (error) {
    if (!(error instanceof FileError) || !ABSENT.has(error.errno)) throw error;
    throw notThere(path);
  }
}

function notThere(path: Bytes): XhError {
  return new XhError('E_STORE_READ', `there is no store in ${printable(path)}`, {
    remedy: 'is it mounted, and the name right? xh key trust makes one',
  });
}

function make(path: Bytes): void {
  const above = openDir(dirname(path));
  try {
    if (statAt(above, basename(path)) === undefined) makeDirAt(above, basename(path), 0o755);
  } finally {
    closeDir(above);
  }
}

function kindOf(address: Bytes): 'directory' | 'http' | 's3' {
  if (address.startsWith('/')) return 'directory';
  if (/^https?:\/\/[^/]/.test(address)) return 'http';
  if (/^s3:\/\/[^/]/.test(address)) return 's3';
  throw new XhError('E_STORE_ADDRESS', `'${printable(address)}' is no store`, {
    exit: EXIT.usage,
    remedy: 'write a directory from / on, or an address: https://HOST/PATH, s3://BUCKET/PREFIX',
  });
}

function urlOf(address: Bytes): URL {
  try {
    return new URL(toText(address));
  } catch (cause) {
    throw new XhError('E_STORE_ADDRESS', `'${printable(bytes(address))}' is no address`, {
      exit: EXIT.usage,
      remedy: 'write for example https://depot.example.org/store or s3://depot/store',
      cause,
    });
  }
}

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
