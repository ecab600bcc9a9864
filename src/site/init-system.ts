/** Which program starts a host: the units or scripts of a package have to be made for it. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';

/** How the host is looked at; paths as inside the site. */
export interface InitView {
  isDirectory(path: Bytes): boolean;
  /** Where the link at `path` leads, or undefined when there is none. */
  target(path: Bytes): Bytes | undefined;
}

export type InitSystem = 'systemd' | 'sysv' | 'other';

/**
 * systemd where it runs (sd_booted(3)) or where `/sbin/init` is a link to it, as in the root of a
 * host that is still being made; System V init where there are its scripts.
 */
export function initSystem(view: InitView): InitSystem {
  if (view.isDirectory(b`/run/systemd/system`)) return 'systemd';
  const targets = [b`/sbin/init`, b`/usr/sbin/init`].map((path) => view.target(path));
  if (targets.some((target) => target !== undefined && basename(target) === 'systemd')) {
    return 'systemd';
  }
  return view.isDirectory(b`/etc/init.d`) || view.isDirectory(b`/etc/rc.d`) ? 'sysv' : 'other';
}
