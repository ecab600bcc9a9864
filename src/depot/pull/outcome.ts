/** What became of a package in a pull. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { XhError } from '../../message/error.ts';
import type { Fetched } from './prepare.ts';

/** What would become of an object, by its path inside the site. */
export interface FileChange {
  readonly path: Bytes;
  readonly change: 'new' | 'changed' | 'gone';
}

export interface PullOutcome {
  readonly package: Bytes;
  readonly version?: Bytes;
  /** That is here now, where that is known. */
  readonly revision?: number;
  /** That was here before. */
  readonly before?: number;
  /**
   * `current`: nothing to do. `new`, `updated`: it is what it should be now, or would be. `frozen`,
   * `attached`: left alone. `gone`: no store offers it any more, what is here stays. `refused`: what
   * is offered is not believed, or not wanted here. `failed`, `unreachable`: all is as it was.
   */
  readonly result:
    | 'current'
    | 'new'
    | 'updated'
    | 'frozen'
    | 'attached'
    | 'gone'
    | 'refused'
    | 'failed'
    | 'unreachable';
  readonly message?: string;
  /** Of what is frozen, when it ends: ISO 8601. */
  readonly frozenUntil?: string;
  readonly remedy?: string;
  readonly fetched?: Fetched;
  /** In a preview. */
  readonly changes?: readonly FileChange[];
  /** Whether it is installed, when it came anew or has changed; else why not. */
  readonly installed?: boolean;
}

/** What an error makes of a package. */
export function outcomeOf(
  error: XhError,
  about: Pick<PullOutcome, 'package'> & Partial<PullOutcome>,
): PullOutcome {
  const result =
    error.code === 'E_STORE_READ' ? 'unreachable' : error.exit === 3 ? 'refused' : 'failed';
  return {
    ...about,
    result,
    message: error.message,
    ...(error.remedy !== undefined && { remedy: error.remedy }),
  };
}
