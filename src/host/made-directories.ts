/** Directories that we made for links and fragments: remembered, so that they go when they are empty again. */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import type { Draft, RecordForm } from './draft.ts';
import { readRecord, toJsonText } from './json.ts';

const FILE = b`/.software/local/.admin/directories.json`;

interface Form {
  readonly format: 1;
  readonly directories: readonly { readonly path: Bytes }[];
}

/** Makes `path` with all above it where missing, and remembers what was made. */
export function makeRemembered(draft: Draft, path: Bytes): void {
  const made = draft.makeDir(path);
  if (made.length === 0) return;
  const known = draft.record(FILE, MADE);
  for (const directory of made) known.add(directory);
}

/** Removes those of our making, from `starts` upwards, that will be empty. */
export function dropEmpty(draft: Draft, starts: Iterable<Bytes>): void {
  const known = draft.record(FILE, MADE);
  for (const start of new Set(starts)) {
    let at = start;
    while (known.has(at) && draft.list(at).size === 0) {
      draft.removeDir(at);
      known.delete(at);
      at = dirname(at);
    }
  }
}

const MADE: RecordForm<Set<Bytes>> = {
  parse(content) {
    if (content === undefined) return new Set();
    const { directories } = readRecord(FILE, content) as Form;
    return new Set(directories.map(({ path }) => path));
  },
  print(known) {
    if (known.size === 0) return undefined;
    const directories = [...known].toSorted().map((path) => ({ path }));
    return bytes(`${toJsonText({ format: 1, directories } satisfies Form)}\n`);
  },
};
