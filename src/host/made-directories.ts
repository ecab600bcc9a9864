/** Directories that we made for links and fragments: remembered, so that they go when they are empty again. */
import { b, bytes, toText, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import type { Draft } from './draft.ts';
import { fromJsonText, toJsonText } from './json.ts';

const FILE = b`/.software/local/.admin/directories.json`;

interface Form {
  readonly format: 1;
  readonly directories: readonly { readonly path: Bytes }[];
}

/** Makes `path` with all above it where missing, and remembers what was made. */
export function makeRemembered(draft: Draft, path: Bytes): void {
  const made = draft.makeDir(path);
  if (made.length > 0) write(draft, new Set([...read(draft), ...made]));
}

/** Removes those of our making, from `starts` upwards, that will be empty. */
export function dropEmpty(draft: Draft, starts: Iterable<Bytes>): void {
  const known = read(draft);
  const before = known.size;
  for (const start of new Set(starts)) {
    let at = start;
    while (known.has(at) && draft.list(at).size === 0) {
      draft.removeDir(at);
      known.delete(at);
      at = dirname(at);
    }
  }
  if (known.size !== before) write(draft, known);
}

function read(draft: Draft): Set<Bytes> {
  const file = draft.read(FILE);
  if (file === undefined) return new Set();
  const form = fromJsonText(toText(file.content)) as Form;
  return new Set(form.directories.map(({ path }) => path));
}

function write(draft: Draft, directories: ReadonlySet<Bytes>): void {
  if (directories.size === 0) {
    draft.remove(FILE, { bookkeeping: true });
    return;
  }
  const form: Form = {
    format: 1,
    directories: [...directories].toSorted().map((path) => ({ path })),
  };
  draft.write(FILE, bytes(`${toJsonText(form)}\n`), { bookkeeping: true });
}
