/** Modes of imported objects: set-id bits are dropped unless they are asked for. */
import type { ImportFinding } from './findings.ts';
import type { ImportEntry } from './source.ts';

const SET_ID = 0o6000;
const STICKY = 0o1000;
const WORLD_WRITABLE = 0o002;

/** The mode that `entry` gets in the package; what is to be said about it goes to `findings`. */
export function permittedMode(
  entry: ImportEntry,
  allowSetId: boolean,
  findings: ImportFinding[],
): number {
  const { mode, path, type } = entry;
  const octal = `0${mode.toString(8)}`;
  if ((mode & SET_ID) !== 0 && type !== 'link') {
    findings.push({
      severity: 'warning',
      code: 'IMPORT_SET_ID',
      path,
      message: `has the mode ${octal}; its set-id bits are ${allowSetId ? 'kept' : 'dropped'}`,
      ...(!allowSetId && { remedy: 'look at it, then allow it with --allow-set-id' }),
    });
  }
  if ((mode & WORLD_WRITABLE) !== 0 && (mode & STICKY) === 0 && type !== 'link') {
    findings.push({
      severity: 'warning',
      code: 'IMPORT_WORLD_WRITABLE',
      path,
      message: `can be written by everybody (mode ${octal})`,
    });
  }
  return allowSetId ? mode : mode & ~SET_ID;
}
