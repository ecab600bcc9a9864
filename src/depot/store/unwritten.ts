/** A store to which nothing is written: it takes all that it is given, so that one can see what that would be. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Store } from '../../distribute/store/store.ts';

export function unwritten(store: Store): Store {
  const added = new Set<Bytes>();
  const replaced = new Map<Bytes, Buffer>();
  return {
    ...store,
    read: async (path, reading) => replaced.get(path) ?? (await store.read(path, reading)),
    async add(path) {
      if (added.has(path) || (await store.has(path))) return false;
      added.add(path);
      return true;
    },
    settle: () => Promise.resolve(),
    replace(path, content) {
      replaced.set(path, Buffer.from(content));
      return Promise.resolve(true);
    },
    remove: () => Promise.resolve(),
  };
}
