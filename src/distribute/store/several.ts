/**
 * Several stores as one, the nearest first. One that fails, or gives something else than what was asked
 * for, is passed over, and asked last from then on; that something is not there is believed only when
 * every store says so.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { damagedObject } from './reach.ts';
import { CutOffError, type Reading, type StoreReader } from './store.ts';

/** @param told of each store that fails, once for each time that it has worked before */
export function severalStores(
  stores: readonly StoreReader[],
  told: (store: StoreReader, error: XhError) => void = () => undefined,
): StoreReader {
  if (stores.length === 1 && stores[0] !== undefined) return stores[0];
  const failed = new Set<StoreReader>();

  function fail(store: StoreReader, error: XhError): void {
    if (failed.has(store)) return;
    failed.add(store);
    told(store, error);
  }

  return {
    name: stores.map(({ name }) => name).join(', '),
    async read(path: Bytes, reading: Reading = {}) {
      const errors: XhError[] = [];
      const order = [...stores].toSorted((one, other) => rank(one) - rank(other));
      for (const store of order) {
        try {
          const content = await store.read(path, reading);
          if (content === undefined) continue;
          if (reading.isRight?.(content) !== false) {
            failed.delete(store);
            return content;
          }
          throw damagedObject(store, path);
        } catch (error) {
          if (!(error instanceof XhError)) throw error;
          errors.push(error);
          fail(store, error);
        }
      }
      const [first] = errors;
      if (first === undefined) return undefined;
      if (errors.length === 1) throw first;
      const all = new XhError(first.code, errors.map(({ message }) => message).join('\n'), {
        remedy: `no store could give ${printable(path)}; until one can, everything stays as it is`,
      });
      const parts = errors.filter((error) => error instanceof CutOffError);
      const [longest] = parts.toSorted((one, other) => other.content.length - one.content.length);
      throw longest === undefined ? all : new CutOffError(all, longest.content);
    },
    close() {
      for (const store of stores) store.close();
    },
  };

  function rank(store: StoreReader): number {
    return failed.has(store) ? 1 : 0;
  }
}
