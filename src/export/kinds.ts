/**
 * The one table of fragment kinds, in the order in which they are merged: what names things (a
 * service, an account) before what uses the names. Removal goes the other way round.
 */
import { didYouMean } from '../message/nearest.ts';
import { crontab } from './crontab.ts';
import { dropInKind } from './drop-in.ts';
import type { FragmentKind } from './fragment.ts';
import { inetd } from './inetd.ts';
import { replace } from './replace.ts';
import { services } from './services.ts';

export const KINDS: readonly FragmentKind[] = [
  services,
  replace,
  inetd,
  crontab,
  dropInKind({
    name: 'profile.d',
    summary: 'files for /etc/profile.d, which login shells read: *.sh and *.csh',
    reads: { names: /^[^.].*\.c?sh$/s, rule: 'shells read NAME.sh, csh reads NAME.csh' },
  }),
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
