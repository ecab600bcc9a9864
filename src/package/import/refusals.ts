/**
 * What no import takes, from wherever it comes: names that leave the software, members that go
 * through links, devices, links to elsewhere. All reasons are found, before anything is planned.
 *
 * Names are compared by their bytes, so what makes two names one on some file systems (letter case,
 * Unicode forms, backslashes) deceives nobody here; it is noted for those who copy to such systems.
 */
import { b, printable, utf8, type Bytes } from '../../bytes/bytes.ts';
import { components, dirname } from '../../bytes/path.ts';
import type { ImportFinding } from './findings.ts';
import type { ImportEntry, ImportedSoftware } from './source.ts';
import { belowBase, followLink, type SoftwareTree } from './tree.ts';

/** NAME_MAX and PATH_MAX of Linux, in bytes. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;

/** Refusals and notes that need the names of the entries only; a tree may be made when none is refused. */
export function checkNames(entries: readonly ImportEntry[]): ImportFinding[] {
  const findings: ImportFinding[] = [];
  const refuse = (path: Bytes, code: string, message: string): void => {
    findings.push({ severity: 'refused', code, path, message });
  };
  for (const { path, type } of entries) {
    const fault = nameFault(path);
    if (fault !== undefined) refuse(path, ...fault);
    else if (path === '' && type !== 'directory') {
      refuse(path, 'E_IMPORT_NAME', `a ${type} without a name`);
    }
  }
  return [...findings, ...likeNames(entries), ...oddNames(entries)];
}

function nameFault(path: Bytes): [code: string, message: string] | undefined {
  if (path.startsWith('/')) return ['E_IMPORT_ABSOLUTE', 'an absolute name'];
  if (path.includes('\0')) return ['E_IMPORT_NAME', 'a NUL in the name'];
  if (path.length > LONGEST_PATH) return ['E_IMPORT_LONG', `a path of ${path.length} bytes`];
  for (const name of components(path)) {
    if (name === '..') return ['E_IMPORT_PARENT', "a name with '..' in it"];
    if (name.length > LONGEST_NAME) {
      return ['E_IMPORT_LONG', `a name of ${name.length} bytes (at most ${LONGEST_NAME})`];
    }
  }
  return undefined;
}

/** Names that differ in letter case or Unicode form only. */
function likeNames(entries: readonly ImportEntry[]): ImportFinding[] {
  const first = new Map<string, Bytes>();
  const findings: ImportFinding[] = [];
  for (const { path } of entries) {
    const key = (utf8(path) ?? path).normalize('NFC').toLowerCase();
    const other = first.get(key);
    if (other === undefined) first.set(key, path);
    else if (other !== path) {
      findings.push({
        severity: 'note',
        code: 'IMPORT_LIKE_NAMES',
        path,
        message: `differs from ${printable(other)} in letter case or Unicode form only`,
      });
    }
  }
  return findings;
}

/** Names that a terminal or a line-based tool would misread. */
function oddNames(entries: readonly ImportEntry[]): ImportFinding[] {
  return entries
    .filter(({ path }) => /[\0-\x1f\x7f]/.test(path))
    .map(({ path }) => ({
      severity: 'warning',
      code: 'IMPORT_CONTROL_CHARACTERS',
      path,
      message: 'control characters in the name',
    }));
}

/** Refusals about how entries stand to each other; their names are sound. */
export function checkStructure(software: ImportedSoftware): ImportFinding[] {
  const findings: ImportFinding[] = [];
  const refuse = (path: Bytes, code: string, message: string): void => {
    findings.push({ severity: 'refused', code, path, message });
  };
  const types = new Map<Bytes, ImportEntry['type']>();
  for (const entry of software.entries) {
    const { path, type } = entry;
    const before = types.get(path);
    if (before !== undefined && before !== type) {
      refuse(path, 'E_IMPORT_TYPE_CHANGE', `is there twice, as ${before} and as ${type}`);
    } else if (before !== undefined && type !== 'directory') {
      findings.push({
        severity: 'warning',
        code: 'IMPORT_TWICE',
        path,
        message: 'is there more than once; the last one counts',
      });
    }
    if (type === 'hardlink' && !LINKABLE.has(types.get(entry.target) ?? 'directory')) {
      const target = printable(entry.target);
      refuse(path, 'E_IMPORT_HARD_LINK', `a hard link to ${target}, which is no file before it`);
    }
    if (type === 'block-device' || type === 'character-device') {
      refuse(path, 'E_IMPORT_DEVICE', `a ${type.replace('-', ' ')}`);
    }
    if (type === 'link') {
      const fault = targetFault(entry.target);
      if (fault !== undefined) refuse(path, 'E_IMPORT_LINK', fault);
    }
    types.set(path, type);
  }
  // links count wherever in the archive they stand: order is no defence
  for (const { path } of software.entries) {
    for (let above = dirname(path); above !== '.' && above !== '/'; above = dirname(above)) {
      const type = types.get(above) ?? 'directory';
      if (type === 'directory') continue;
      const what = type === 'link' ? 'through the symbolic link' : `below the ${type}`;
      refuse(path, 'E_IMPORT_THROUGH_LINK', `goes ${what} ${printable(above)}`);
      break;
    }
  }
  return findings;
}

const LINKABLE: ReadonlySet<ImportEntry['type']> = new Set(['file', 'hardlink', 'link']);

function targetFault(target: Bytes): string | undefined {
  if (target === '') return 'a symbolic link without a target';
  if (target.includes('\0')) return 'a symbolic link with a NUL in its target';
  if (target.length > LONGEST_PATH) return `a symbolic link with ${target.length} bytes of target`;
  return undefined;
}

/** Refusals of symbolic links that lead out of the software. */
export function checkLinks(
  software: ImportedSoftware,
  tree: SoftwareTree,
  allowOutsideLinks: boolean,
): ImportFinding[] {
  const findings: ImportFinding[] = [];
  for (const entry of software.entries) {
    if (entry.type !== 'link') continue;
    const path = belowBase(entry.path, software.base) ?? b``;
    const lead = followLink(tree, dirname(path), entry.target);
    const target = printable(entry.target);
    if (lead.to === 'escape') {
      findings.push({
        severity: 'refused',
        code: 'E_IMPORT_LINK_ESCAPES',
        path: entry.path,
        message: `a symbolic link to ${target}, above the software`,
      });
    }
    // where the software is of a known place, its links to the host mean what they say
    if (lead.to === 'outside' && tree.origin === undefined && !allowOutsideLinks) {
      findings.push({
        severity: 'refused',
        code: 'E_IMPORT_LINK_ABSOLUTE',
        path: entry.path,
        message: `a symbolic link to ${target}, outside of the software`,
        remedy: 'if it is meant to, allow it (--allow-outside-links), or say where the software stood (--origin)',
      });
    }
  }
  return findings;
}
