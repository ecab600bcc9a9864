/**
 * What a user can cause, and what he is told: a stable code, what happened, where, what to do.
 * Every other exception is a bug and shows its stack.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';

/** Exit codes of every program (`xh help exit-codes`). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  notPermitted: 4,
  locked: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A place in a file; line and column count from 1, the column in bytes. */
export interface Place {
  readonly file: Bytes;
  readonly line?: number;
  readonly column?: number;
}

export interface ErrorDetails {
  readonly exit?: ExitCode;
  /** The file or path it is about. */
  readonly place?: Place;
  /** What to do about it: a sentence, or the command to type. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The one error type for what a user can cause. `code` is stable, e.g. `E_NO_PACKAGE`. */
export class XhError extends Error {
  override readonly name: string = 'XhError';
  readonly code: string;
  readonly exit: ExitCode;
  readonly place: Place | undefined;
  readonly remedy: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.exit = details.exit ?? EXIT.failed;
    this.place = details.place;
    this.remedy = details.remedy;
  }
}

/** What `read` returns, or undefined where it throws what a user can cause: somebody else tells of that. */
export function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}

/** `file:line:column`, as far as known. */
export function placeText(place: Place): string {
  let text = printable(place.file);
  if (place.line !== undefined) text += `:${place.line}`;
  if (place.line !== undefined && place.column !== undefined) text += `:${place.column}`;
  return text;
}
