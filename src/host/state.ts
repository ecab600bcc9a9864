/** What stands at a path of the host now, in the form that plans remember. */
import type { Bytes } from '../bytes/bytes.ts';
import { sha256At } from '../files/content.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { Located, Walker } from '../files/walk.ts';
import type { Before } from './plan.ts';

/** The state of `path`; `follow` for system files, whose link is kept and whose file is meant. */
export function stateOf(
  walker: Walker,
  path: Bytes,
  options?: { readonly follow?: boolean },
): Before {
  const place = walker.tryLocate(path, options);
  return place === undefined ? { type: 'absent' } : stateAt(place);
}

/** The state of a located name. */
export function stateAt(place: Located): Before {
  const found = statAt(place.dir, place.name);
  switch (found?.type) {
    case undefined:
      return { type: 'absent' };
    case 'f':
      return {
        type: 'file',
        sha256: sha256At(place.dir, place.name),
        mode: found.mode,
        uid: found.uid,
        gid: found.gid,
      };
    case 'l':
      return { type: 'link', target: readLinkAt(place.dir, place.name) };
    case 'd':
      return { type: 'directory', mode: found.mode, uid: found.uid, gid: found.gid };
    default:
      return { type: 'special' };
  }
}

/** Whether what is there is still what the planner saw: contents, targets and types. */
export function sameState(one: Before, other: Before): boolean {
  if (one.type === 'file' && other.type === 'file') return one.sha256 === other.sha256;
  if (one.type === 'link' && other.type === 'link') return one.target === other.target;
  return one.type === other.type;
}

/** `a file`, `a link to X`: for messages. */
export function stateText(state: Before): string {
  switch (state.type) {
    case 'absent':
      return 'nothing';
    case 'link':
      return 'a link';
    case 'special':
      return 'a special file';
    case 'file':
    case 'directory':
      return `a ${state.type}`;
  }
}
