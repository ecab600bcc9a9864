/** Why a package cannot have a name in the farms, each kind with its own code and remedy. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { Draft } from '../host/draft.ts';
import type { Conflict } from '../host/plan.ts';
import { stateText } from '../host/state.ts';

/** Who wants which name. */
export interface Wish {
  readonly path: Bytes;
  /** The package, or the file that asks for it. */
  readonly package: Bytes;
  /** What else can be done than moving things away. */
  readonly instead?: string;
}

const LEAVE_OUT = "leave its class out with 'links' in .admin/Options";

/** Something that we did not make has the name. */
export function foreignConflict(draft: Draft, wish: Wish): Conflict {
  const { path, package: wanter, instead = LEAVE_OUT } = wish;
  const adoptable = draft.look(path).type === 'file' && instead === LEAVE_OUT;
  const adopt = adoptable ? ', or let --adopt take it into the package' : '';
  return {
    code: 'E_FARM_FOREIGN',
    path,
    message: `${printable(path)} is ${thing(draft, path)} that xhier did not make, and ${printable(wanter)} wants the name`,
    remedy: `move it away${adopt}, or ${instead}`,
  };
}

/** Something that is no directory of the farms is on the way to the name. */
export function obstacleConflict(draft: Draft, blocked: Bytes, wish: Wish): Conflict {
  return {
    code: 'E_FARM_OBSTACLE',
    path: blocked,
    message: `${printable(blocked)} is ${thing(draft, blocked)} where a directory has to be, for ${printable(wish.path)} of ${printable(wish.package)}`,
    remedy: `move it away, or ${wish.instead ?? LEAVE_OUT}`,
  };
}

/** One package has a file where the other has a directory (or the same one, in another version). */
export function kindConflict(path: Bytes, file: Bytes, directory: Bytes): Conflict {
  const [one, other] = [printable(file), printable(directory)];
  return {
    code: 'E_FARM_KIND',
    path,
    message:
      file === directory
        ? `${printable(path)} was linked as a file of ${one} and is a directory of it now, or the other way round`
        : `${printable(path)} is a file of ${one} and a directory of ${other}: there can be only one`,
    remedy:
      file === directory
        ? `take it out first: xh uninstall ${one}; then xh install ${one}`
        : `leave the class out with 'links' in .admin/Options of one, or uninstall one`,
  };
}

/** A file of a person's that is to be adopted is not what the package has. */
export function differentConflict(path: Bytes, wanter: Bytes, texts: Texts): Conflict {
  return {
    code: 'E_FARM_ADOPT',
    path,
    message: `${printable(path)} is not the same as the file of ${printable(wanter)}`,
    remedy: `--adopt --yes takes its content into the package; or move it away`,
    difference: texts,
  };
}

/** What the package has, and what stands in the farm. */
export interface Texts {
  readonly from: Bytes;
  readonly to: Bytes;
}

function thing(draft: Draft, path: Bytes): string {
  const at = draft.look(path);
  return at.type === 'link' ? `a link to ${printable(at.target)}` : stateText(at);
}
