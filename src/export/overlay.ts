/**
 * The host as it would be after edits that are only planned: what a second fragment or a second
 * package of one transaction has to see.
 */
import { b, bytes, slice, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, isWithin, join, normalize } from '../bytes/path.ts';
import type { Edit, HostObject, HostView } from './fragment.ts';

export interface OverlayHost extends HostView {
  /** Replays planned edits, so that what is looked at afterwards is what they leave. */
  apply(edits: readonly Edit[]): void;
}

const ABSENT: HostObject = { type: 'absent' };
/** As many links in a row as Linux follows. */
const MOST_LINKS = 40;

/**
 * `base` with edits on top; `base` itself is only read. `root` is the site root, which stands at the
 * start of links that the system wrote; paths are as inside the site.
 */
export function overlayHost(base: HostView, root: Bytes = b`/`): OverlayHost {
  const changed = new Map<Bytes, HostObject>();

  const look = (path: Bytes): HostObject => changed.get(path) ?? base.look(path);

  /** Follows links at the end of `path` that are known here; undefined for a loop. */
  const destination = (path: Bytes): Bytes | undefined => {
    let current = path;
    for (let hops = 0; hops <= MOST_LINKS; hops++) {
      const object = look(current);
      if (object.type !== 'link') return current;
      const { target } = object;
      current = target.startsWith('/')
        ? inside(root, normalize(target))
        : normalize(join(dirname(current), target));
    }
    return undefined;
  };

  const read = (path: Bytes): HostObject => {
    const end = destination(path);
    if (end === undefined) return ABSENT;
    // base resolves what is not ours to know, directories that are links among it
    return changed.get(end) ?? base.read(end);
  };

  const write = (path: Bytes, content: Bytes, newMode: number): void => {
    const end = destination(path) ?? path;
    const standing = read(path);
    const mode = standing.type === 'file' ? standing.mode : newMode;
    changed.set(end, { type: 'file', content, mode });
  };

  const apply = (edit: Edit): void => {
    switch (edit.op) {
      case 'write':
        return write(edit.path, edit.content, edit.mode ?? 0o644);
      case 'remove':
        return void changed.set(edit.path, ABSENT);
      case 'displace':
        changed.set(edit.keptAs, look(edit.path));
        return void changed.set(edit.path, { type: 'link', target: edit.target });
      case 'restore':
        changed.set(edit.path, look(edit.keptAs));
        return void changed.set(edit.keptAs, ABSENT);
      case 'link':
        return void changed.set(edit.path, { type: 'link', target: edit.target });
    }
  };

  /** A field of every line that passwd or group would have. */
  const planned = (path: '/etc/passwd' | '/etc/group', field: 0 | 2): ReadonlySet<string> =>
    fields(read(bytes(path)), field);

  return {
    look,
    read,
    list(path) {
      const directory = destination(path) ?? path;
      const names = new Set(base.list(directory));
      for (const [each, object] of changed) {
        if (dirname(each) !== directory) continue;
        if (object.type === 'absent') names.delete(basename(each));
        else names.add(basename(each));
      }
      return [...names].toSorted();
    },
    hasAccount: (name) => base.hasAccount(name) || planned('/etc/passwd', 0).has(name),
    hasNumber: (of, id) =>
      base.hasNumber(of, id) ||
      planned(of === 'account' ? '/etc/passwd' : '/etc/group', 2).has(String(id)),
    othersIn: (path, owner) => base.othersIn(path, owner),
    inDirectory: (of, name) => base.inDirectory(of, name),
    idRange: base.idRange,
    fact: (name) => base.fact(name),
    factNames: base.factNames,
    ask: (question) => base.ask(question),
    apply: (edits) => edits.forEach(apply),
  };
}

function inside(root: Bytes, path: Bytes): Bytes {
  if (root === '/' || !isWithin(root, path)) return path;
  return path === root ? b`/` : slice(path, root.length);
}

function fields(object: HostObject, field: number): ReadonlySet<string> {
  if (object.type !== 'file') return new Set();
  return new Set(object.content.split('\n').map((line) => line.split(':')[field] ?? ''));
}
