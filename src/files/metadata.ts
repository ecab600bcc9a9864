/** Owner, attributes, mode and times of an object, in the order in which none undoes another. */
import { isCarried, setAttributesHeld, setAttributesOf, type Attributes } from './attributes.ts';
import { chmodHeld, chownHeld, setTimesHeld, type Held } from './held.ts';
import { statOf, type ObjectStat, type Time } from './stat.ts';

/** What an object is to have. */
export interface Metadata {
  /** Undefined for links, which have none. */
  readonly mode: number | undefined;
  /** -1 leaves it as it is. */
  readonly uid: number;
  readonly gid: number;
  /** Undefined leaves the object its own. */
  readonly mtime: Time | undefined;
  readonly attributes: Attributes;
}

/**
 * Gives the object that is held what it is to have; `found` is what it has. Chown takes set-id bits
 * and capabilities away, and an access list changes the mode: so they come in this order.
 * @param privileged whether all attributes may be set, and not only users' own
 * @throws FileError
 */
export function giveMetadata(
  held: Held,
  found: ObjectStat,
  want: Metadata,
  privileged: boolean,
): void {
  const uid = want.uid === found.uid ? -1 : want.uid;
  const gid = want.gid === found.gid ? -1 : want.gid;
  const isChowned = uid !== -1 || gid !== -1;
  if (isChowned) {
    narrow(held, found, want);
    chownHeld(held, uid, gid);
  }
  if (found.type !== 'l' || privileged) {
    const set = held.isOpen === true ? setAttributesOf : setAttributesHeld;
    set(held.fd, held.path, want.attributes, (name) => isCarried(name, privileged));
  }
  if (want.mode !== undefined) {
    const now = isChowned || want.attributes.size > 0 ? statOf(held.fd, held.path) : found;
    if (now.mode !== want.mode) chmodHeld(held, want.mode);
  }
  if (want.mtime !== undefined) setTimesHeld(held, { mtime: want.mtime });
}

/** What one group was allowed to do is not for the next one, not even for a moment. */
function narrow(held: Held, found: ObjectStat, { mode }: Metadata): void {
  if (mode === undefined || found.type === 'l' || (found.mode & ~mode & OTHERS) === 0) return;
  chmodHeld(held, found.mode & (mode | 0o700));
}

/** Bits that give rights to others than the owner, who can give himself all of them. */
const OTHERS = 0o7077;
