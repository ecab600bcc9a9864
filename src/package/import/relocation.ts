/** What moving software from the place that it was built for comes to: the words in which it is told. */
import { compareBytes, type Bytes } from '../../bytes/bytes.ts';

/** From where to where one software goes. */
export interface Move {
  /** Where it stood: an absolute path that is not `/`. */
  readonly origin: Bytes;
  /** `/software/NAME` as the host has it. */
  readonly destination: Bytes;
  /** Where in the package the thing is that stood at a path below the origin. */
  readonly placeOf: (path: Bytes) => Bytes;
}

export interface RelocationPlan extends Move {
  /** The file type of a place. */
  readonly typeOf: (place: Bytes) => Bytes;
  /** Software that it may depend on, and that has been moved before. */
  readonly neighbours: readonly Move[];
}

export interface RelocatedFile {
  /** In the package. */
  readonly path: Bytes;
  /**
   * `text` and `interpreter` can be rewritten; so can `library path`, if it fits; `compiled` cannot;
   * `record` is a note that nothing depends on, and stays as it is; `elsewhere` is what leads
   * into other software: into a package of the depot, or, as a problem, to where it has to stay.
   */
  readonly kind: 'text' | 'interpreter' | 'library path' | 'compiled' | 'record' | 'elsewhere';
  /** How often the old place is named in this way. */
  readonly count: number;
  /** Why it cannot be changed, or what remains to be said. */
  readonly problem?: string;
}

export interface Relocated {
  /** Undefined when nothing of it changes. */
  readonly content?: Buffer;
  readonly findings: readonly RelocatedFile[];
}

/** What becomes of all files together. */
export interface RelocationReport {
  readonly origin: Bytes;
  readonly conclusion: 'relocatable' | 'after edits' | 'not relocatable';
  /** Whether the edits have been made. */
  readonly made: boolean;
  /** Sorted by path. */
  readonly files: readonly RelocatedFile[];
}

/** What `files` come to. */
export function relocationReport(
  origin: Bytes,
  files: readonly RelocatedFile[],
  made: boolean,
): RelocationReport {
  const relevant = files.filter(({ kind }) => kind !== 'record' && kind !== 'elsewhere');
  const stuck = relevant.some(
    ({ kind, problem }) =>
      kind === 'compiled' || (kind === 'library path' && problem !== undefined),
  );
  return {
    origin,
    conclusion: stuck ? 'not relocatable' : relevant.length > 0 ? 'after edits' : 'relocatable',
    made,
    files: files.toSorted((one, other) => compareBytes(one.path, other.path)),
  };
}
