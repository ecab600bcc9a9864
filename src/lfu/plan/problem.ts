/** From an error to a problem of one object: the path is told once, below the tree. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { XhError } from '../../message/error.ts';
import type { LfuProblem } from './change.ts';

export function problemOf(path: Bytes, error: XhError): LfuProblem {
  const { code, place, remedy } = error;
  const prefix = place === undefined ? '' : `${printable(place.file)}: `;
  const message = error.message.startsWith(prefix)
    ? error.message.slice(prefix.length)
    : error.message;
  return { path, code, message, remedy };
}
