/**
 * The names of the packages that a store has, for those who cannot list it: a hint, which nobody has
 * signed. What it names is believed by its head alone; what it leaves out, hosts that know it still ask for.
 */
import { bytes, compareBytes, toText, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { packageNameProblem } from '../../package/name.ts';
import { CATALOGUE_PATH } from './paths.ts';
import type { Store, StoreReader } from './store.ts';

const FORMAT = 1;

/** In the order of their bytes; what can be no package's is passed over. @throws XhError E_STORE_RECORD, E_STORE_READ */
export async function packagesOf(store: StoreReader): Promise<readonly Bytes[]> {
  return namesIn(await store.read(CATALOGUE_PATH));
}

/** Sees to it that `name` is in the catalogue. @throws XhError E_STORE_RECORD, E_PUBLISH_BUSY */
export async function enterPackage(store: Store, name: Bytes): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await store.read(CATALOGUE_PATH);
    const names = namesIn(before);
    if (names.includes(name)) return;
    const packages = [...names, name].toSorted(compareBytes).map(toText);
    const text = `${JSON.stringify({ format: FORMAT, packages }, null, 1)}\n`;
    if (await store.replace(CATALOGUE_PATH, Buffer.from(text), before)) return;
  }
  throw new XhError('E_PUBLISH_BUSY', 'the catalogue of the store is being changed all the time', {
    exit: EXIT.locked,
    remedy: 'publish again when the other publishers are done',
  });
}

function namesIn(content: Buffer | undefined): Bytes[] {
  if (content === undefined) return [];
  let record: unknown;
  try {
    record = JSON.parse(content.toString());
  } catch (cause) {
    throw unusable('it is no JSON, or cut off', cause);
  }
  const { format, packages } = (record ?? {}) as Readonly<Record<string, unknown>>;
  if (format !== FORMAT || !Array.isArray(packages)) throw unusable('it is of another version');
  return packages
    .filter((each) => typeof each === 'string')
    .map(bytes)
    .filter((each) => packageNameProblem(each) === undefined);
}

function unusable(what: string, cause?: unknown): XhError {
  return new XhError('E_STORE_RECORD', `the store's list of packages cannot be used: ${what}`, {
    remedy: 'publish a package again, or use another store',
    ...(cause !== undefined && { cause }),
  });
}

const ATTEMPTS = 20;
