/** What an import has to say about the software: things to know, things to see to, refusals. */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';

export interface ImportFinding {
  /** `refused` stops the import, `warning` wants somebody's attention, `note` is for the record. */
  readonly severity: 'refused' | 'warning' | 'note';
  /** Stable, e.g. `IMPORT_SHEBANG`; refusals begin with `E_`. */
  readonly code: string;
  /** The entry, as in the software. */
  readonly path?: Bytes;
  /** Where it goes in the package. */
  readonly place?: Bytes;
  readonly message: string;
  readonly remedy?: string;
}

/** How many refusals the message of one error lists; `refusals` has them all. */
const MOST_LISTED = 20;

/** The input is not taken at all; every reason is listed, and nothing has been written. */
export class ImportRefused extends XhError {
  override readonly name = 'ImportRefused';
  readonly refusals: readonly ImportFinding[];

  constructor(source: Bytes, refusals: readonly ImportFinding[]) {
    const first = refusals[0];
    const listed = refusals.slice(0, MOST_LISTED).map(findingText);
    const more = refusals.length - listed.length;
    if (more > 0) listed.push(`and ${more} more`);
    super(
      refusals.length === 1 && first ? first.code : 'E_IMPORT_REFUSED',
      refusals.length === 1
        ? `refused: ${listed.join('')}`
        : `refused for ${refusals.length} reasons:\n  ${listed.join('\n  ')}`,
      {
        exit: EXIT.refused,
        place: { file: source },
        ...(first?.remedy !== undefined && { remedy: first.remedy }),
      },
    );
    this.refusals = refusals;
  }
}

/** `usr/bin/at: set-id bits dropped` */
export function findingText(finding: ImportFinding): string {
  const where = finding.path ?? finding.place;
  return where === undefined ? finding.message : `${printable(where) || '.'}: ${finding.message}`;
}

/** The error for input that cannot be read: `what` is wrong in the file `path`. */
export function unreadable(
  code: string,
  path: Bytes,
  what: string,
  remedy = 'it is damaged or not what it seems to be: get it again and compare its checksum',
): XhError {
  return new XhError(code, `${printable(path)}: ${what}`, {
    exit: EXIT.usage,
    place: { file: path },
    remedy,
  });
}

/** The error for input that exceeds a limit. */
export function overLimit(path: Bytes, what: string): XhError {
  return new XhError('E_IMPORT_LIMIT', `${printable(path)}: ${what}`, {
    exit: EXIT.refused,
    place: { file: path },
    remedy: 'if it is to be trusted, unpack it yourself and import the directory',
  });
}
