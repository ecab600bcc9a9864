/** Between the fragment kinds, which are pure, and the host: reading `export/`, looking, and turning edits into a draft. */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import type {
  Edit,
  FragmentFile,
  FragmentOwner,
  HostObject,
  HostView,
} from '../export/fragment.ts';
import { readAt } from '../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../files/dir.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import type { Draft } from '../host/draft.ts';
import type { Conflict } from '../host/plan.ts';
import { stateText } from '../host/state.ts';
import { dropEmpty, makeRemembered } from '../host/made-directories.ts';
import { findAccount } from '../site/site-accounts.ts';
import type { Site } from '../site/site.ts';

/** Every file below a package's `export/`, links as links. */
export function exportFiles(walker: Walker, directory: Bytes): FragmentFile[] {
  const top = b`/software/${directory}/export`;
  const place = walker.tryLocate(top, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  const dir = openDirAt(place.dir, place.name);
  try {
    return [...filesIn(dir, b``, top)];
  } finally {
    closeDir(dir);
  }
}

function* filesIn(dir: Dir, prefix: Bytes, top: Bytes): Generator<FragmentFile> {
  for (const name of listDir(dir).toSorted()) {
    const stat = statAt(dir, name);
    const path = prefix === '' ? name : b`${prefix}/${name}`;
    if (stat?.type === 'd') {
      const below = openDirAt(dir, name);
      try {
        yield* filesIn(below, path, top);
      } finally {
        closeDir(below);
      }
    } else if (stat?.type === 'f') {
      const { mode } = stat;
      yield { name: path, path: b`${top}/${path}`, content: readAt(dir, name), mode };
    } else if (stat?.type === 'l') {
      const link = readLinkAt(dir, name);
      yield { name: path, path: b`${top}/${path}`, content: b``, mode: stat.mode, link };
    }
  }
}

/** The host as fragments see it, with what the draft has decided already. */
export function viewOf(draft: Draft, site: Site): HostView {
  const asFile = (path: Bytes): HostObject => {
    const file = draft.read(path);
    return file === undefined ? { type: 'absent' } : { type: 'file', ...file };
  };
  return {
    look(path) {
      const state = draft.look(path);
      if (state.type === 'link') return { type: 'link', target: state.target };
      return state.type === 'file' ? asFile(path) : { type: state.type };
    },
    read(path) {
      const file = draft.read(path);
      if (file !== undefined) return { type: 'file', ...file };
      const state = draft.look(draft.follow(path));
      // a link that leads nowhere is as good as nothing
      return {
        type: state.type === 'directory' || state.type === 'special' ? state.type : 'absent',
      };
    },
    hasAccount: (name) => findAccount(site, name) !== undefined,
  };
}

/** Puts edits into the draft. @returns what stands in the way of those that cannot be made */
export function draftEdits(draft: Draft, site: Site, edits: readonly Edit[]): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const edit of edits) {
    const blocked = draft.obstacle(dirname(edit.path));
    if (blocked !== undefined) {
      conflicts.push(obstacle(draft, blocked, edit.path));
      continue;
    }
    switch (edit.op) {
      case 'write':
        makeRemembered(draft, dirname(edit.path));
        draft.write(edit.path, edit.content, metadataFor(draft, site, edit));
        break;
      case 'remove':
        draft.remove(edit.path);
        break;
      case 'link':
        makeRemembered(draft, dirname(edit.path));
        draft.link(edit.path, edit.target);
        break;
      case 'displace':
        draft.displace(edit.path, edit.keptAs, edit.target);
        break;
      case 'restore':
        draft.restore(edit.path, edit.keptAs);
        break;
    }
  }
  const gone = edits.filter((edit) => edit.op === 'remove').map((edit) => dirname(edit.path));
  dropEmpty(draft, gone);
  return conflicts;
}

function obstacle(draft: Draft, blocked: Bytes, path: Bytes): Conflict {
  return {
    code: 'E_FRAGMENT_OBSTACLE',
    path: blocked,
    message: `${printable(blocked)} is ${stateText(draft.look(blocked))} where a directory has to be, for ${printable(path)}`,
    remedy: 'move it away',
  };
}

/** Mode and owner of a file that is new; one that was there keeps its own. */
function metadataFor(
  draft: Draft,
  site: Site,
  edit: Extract<Edit, { op: 'write' }>,
): { readonly mode?: number; readonly uid?: number; readonly gid?: number } {
  if (draft.read(edit.path) !== undefined) return {};
  const mode = edit.mode === undefined ? {} : { mode: edit.mode };
  if (edit.account === undefined || process.geteuid?.() !== 0) return mode;
  const account = findAccount(site, edit.account);
  if (account === undefined) return mode;
  // a crontab belongs to its user and to the group of the spool (crontab, on Debian)
  const spool = draft.walker.stat(dirname(edit.path), { follow: true });
  return { ...mode, uid: account.uid, gid: spool?.gid ?? account.gid };
}

/** The owner of fragments: the name that stays when versions change. */
export function fragmentOwner(site: Site, name: Bytes, account: Bytes | undefined): FragmentOwner {
  return {
    package: name,
    directory: site.root === '/' ? b`/software/${name}` : b`${site.root}/software/${name}`,
    ...(account !== undefined && { account }),
  };
}
