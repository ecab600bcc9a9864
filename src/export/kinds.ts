/**
 * The one table of fragment kinds, in the order in which they are merged: what names things (a
 * service, an account) before what uses the names. Removal goes the other way round.
 */
import { didYouMean } from '../message/nearest.ts';
import { aliases } from './aliases.ts';
import { boottime } from './boottime.ts';
import { crontab } from './crontab.ts';
import { dropIns, sysusers } from './drop-ins.ts';
import type { FragmentKind } from './fragment.ts';
import { group } from './group.ts';
import { inetd } from './inetd.ts';
import { inittab } from './inittab.ts';
import { numberedKind } from './numbered.ts';
import { passwd } from './passwd.ts';
import { patches } from './patches.ts';
import { replace } from './replace.ts';
import { services } from './services.ts';
import { shells } from './shells.ts';
import { systemd } from './systemd.ts';

export const KINDS: readonly FragmentKind[] = [
  // of what the vendor wrote, before others add to it
  patches,
  numberedKind({ name: 'protocols', what: 'protocol', highest: 0xffff }),
  numberedKind({ name: 'rpc', what: 'program', highest: 0xffff_ffff }),
  services,
  replace,
  shells,
  group,
  passwd,
  aliases,
  inetd,
  sysusers,
  crontab,
  ...dropIns,
  systemd,
  inittab,
  boottime,
];

/** The kind of that name under `export/`, or undefined. */
export function kindNamed(name: string): FragmentKind | undefined {
  return KINDS.find((kind) => kind.name === name);
}

/** `did you mean 'services'?`, for a name that is no kind. */
export function nearestKind(name: string): string | undefined {
  return didYouMean(
    name,
    KINDS.map((kind) => kind.name),
  );
}
