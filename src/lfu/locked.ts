/** Another run is at work on a slave: which one, for whoever wonders why this one does nothing. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { Dir } from '../files/dir.ts';
import { holderOf, type DirHolder } from '../files/lock.ts';
import { EXIT, XhError } from '../message/error.ts';
import { localTime } from './local-time.ts';

/** The error for `slave`, whose lock is on `dir`. */
export function lockedError(dir: Dir, slave: Bytes): XhError {
  const holder = holderOf(dir);
  const who = holder === undefined ? '' : `: ${holderText(holder)}`;
  return new XhError('E_LFU_LOCKED', `another run is at work on ${printable(slave)}${who}`, {
    exit: EXIT.refused,
    place: { file: slave },
    remedy: 'nothing was touched; wait until it has ended',
  });
}

function holderText({ pid, command, since }: DirHolder): string {
  const name = command === undefined ? '' : `'${printable(command)}', `;
  return `${name}pid ${pid}${since === undefined ? '' : `, since ${localTime(since)}`}`;
}
