/** What whoever is let in by a key that is confined to `xh receive` has asked for: one of two things. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';

/**
 * @param asked SSH_ORIGINAL_COMMAND; absent when nothing was asked for, or nobody is confined
 * @throws XhError E_FAR_WORDS (3) for anything else: it is never run, and nothing in it is looked at
 */
export function farWords(asked: string | undefined): 'receive' | 'status' {
  if (asked === undefined || asked === '') return 'receive';
  const words = asked.slice(0, LONGEST).split(' ').filter(Boolean);
  const [program = '', ...rest] = words;
  const isXh = /^(?:\/[A-Za-z0-9_./-]*\/)?xh$/.test(program);
  if (isXh && rest.join(' ') === 'receive') return 'receive';
  if (isXh && rest.join(' ') === 'status --print') return 'status';
  throw new XhError(
    'E_FAR_WORDS',
    `this key is for xh receive alone, and not for: ${printable(bytes(asked.slice(0, 100)))}`,
    {
      exit: EXIT.refused,
      remedy: 'use another key for other commands; xh distribute runs what it is to run',
    },
  );
}

const LONGEST = 1000;
