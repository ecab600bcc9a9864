/** Which version a name means: the link `NAME` in the share tree, or the directory itself. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { currentLinkTarget } from '../package/layout.ts';
import type { Planning } from './context.ts';

/** The directory that `name` means here, or undefined when it means none that is there. */
export function currentDirectory({ draft }: Planning, name: Bytes): Bytes | undefined {
  const at = draft.look(b`/.software/share/${name}`);
  if (at.type === 'directory') return name;
  if (at.type !== 'link') return undefined;
  // anything but one name is a package that stands elsewhere
  if (at.target.includes('/')) return name;
  return draft.look(b`/.software/share/${at.target}`).type === 'absent' ? undefined : at.target;
}

/** Plans the switch of `name` to `directory`: one link, replaced in one step. */
export function planCurrentLink({ draft }: Planning, name: Bytes, directory: Bytes): void {
  if (name !== directory) draft.link(b`/.software/share/${name}`, currentLinkTarget(directory));
}
