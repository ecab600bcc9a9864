/**
 * What no import takes, from wherever it comes: names that leave the software, members that go
 * through links, devices, links to elsewhere. All reasons are found, before anything is planned.
 *
 * Names are compared by their bytes, so what makes two names one on some file systems (letter case,
 * Unicode forms, backslashes) deceives nobody here; it is noted for those who copy to such systems.
 */
import { b, printable, slice, utf8, type Bytes } from '../../bytes/bytes.ts';
import { components, dirname } from '../../bytes/path.ts';
import { ImportRefused, type ImportFinding } from './findings.ts';
import { placesFor, type Places } from './places.ts';
import type { ImportEntry, ImportedSoftware } from './source.ts';
import { belowBase, followLink, treeOf, type SoftwareTree } from './tree.ts';

/** A software whose entries are sound, and what can be told from their names alone. */
export interface CheckedSoftware {
  readonly software: ImportedSoftware;
  readonly tree: SoftwareTree;
  readonly places: Places;
  /** Notes and warnings. */
  readonly findings: readonly ImportFinding[];
}

export interface CheckOptions {
  /** Symbolic links to absolute paths are taken from software of unknown origin, too. */
  readonly allowOutsideLinks?: boolean;
}

/** @throws ImportRefused (exit 3) with every reason there is */
export function checkSoftware(
  software: ImportedSoftware,
  options: CheckOptions = {},
): CheckedSoftware {
  const { entries, base, origin } = software;
  let findings: readonly ImportFinding[] = [...checkNames(entries), ...checkStructure(entries)];
  const refused = new Set(findings.filter(isRefusal).map(({ path }) => path));
  // the rest is looked at even so, that all reasons are told at once
  const sound = refused.size === 0 ? entries : entries.filter(({ path }) => !refused.has(path));
  if (!findings.some(({ code }) => code === 'E_IMPORT_LIMIT')) {
    const tree = treeOf(sound, base, origin);
    const places = placesFor(tree);
    findings = [
      ...findings,
      ...checkLinks(sound, base, tree, options.allowOutsideLinks ?? false),
      ...checkReserved(sound, base, places),
    ];
    if (!findings.some(isRefusal)) return { software, tree, places, findings };
  }
  throw new ImportRefused(software.path, findings.filter(isRefusal));
}

function isRefusal({ severity }: ImportFinding): boolean {
  return severity === 'refused';
}

/** NAME_MAX and PATH_MAX of Linux, in bytes. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4095;

function checkNames(entries: readonly ImportEntry[]): ImportFinding[] {
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
  const pairs: (readonly [Bytes, Bytes])[] = [];
  for (const { path } of entries) {
    const key = (utf8(path) ?? path).normalize('NFC').toLowerCase();
    const other = first.get(key);
    if (other === undefined) first.set(key, path);
    else if (other !== path) pairs.push([other, path]);
  }
  const [pair] = pairs;
  if (pair === undefined) return [];
  const more = pairs.length > 1 ? `; so do ${pairs.length - 1} more pairs` : '';
  return [
    {
      severity: 'note',
      code: 'IMPORT_LIKE_NAMES',
      path: pair[1],
      message: `differs from ${printable(pair[0])} in letter case or Unicode form only${more}`,
    },
  ];
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

/** How entries stand to each other. */
function checkStructure(entries: readonly ImportEntry[]): ImportFinding[] {
  const findings: ImportFinding[] = [];
  const refuse = (path: Bytes, code: string, message: string): void => {
    findings.push({ severity: 'refused', code, path, message });
  };
  const types = new Map<Bytes, ImportEntry['type']>();
  for (const entry of entries) {
    const { path, type } = entry;
    const before = types.get(path);
    if (before !== undefined && before !== type) {
      refuse(path, 'E_IMPORT_TYPE_CHANGE', `is there twice, as ${before} and as ${type}`);
    } else if (before !== undefined && type === 'hardlink') {
      refuse(path, 'E_IMPORT_HARD_LINK', 'a hard link that is there twice');
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
  return [...findings, ...checkParents(entries, types)];
}

/** More directories than any software has; beyond it the names are an attack on those who read them. */
const MOST_DIRECTORIES = 250_000;

/** Every directory on the way to an entry is one. Order is no defence: later links count as well. */
function checkParents(
  entries: readonly ImportEntry[],
  types: ReadonlyMap<Bytes, ImportEntry['type']>,
): ImportFinding[] {
  const findings: ImportFinding[] = [];
  const sound = new Set<Bytes>();
  for (const { path } of entries) {
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      const above = slice(path, 0, cut);
      if (sound.has(above)) break;
      const type = types.get(above) ?? 'directory';
      if (type !== 'directory') {
        const what = type === 'link' ? 'through the symbolic link' : `below the ${type}`;
        const message = `goes ${what} ${printable(above)}`;
        findings.push({ severity: 'refused', code: 'E_IMPORT_THROUGH_LINK', path, message });
        break;
      }
      sound.add(above);
      if (sound.size > MOST_DIRECTORIES) {
        const message = `more than ${MOST_DIRECTORIES} directories`;
        return [{ severity: 'refused', code: 'E_IMPORT_LIMIT', path, message }];
      }
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

/** Symbolic links that lead out of the software. */
function checkLinks(
  entries: readonly ImportEntry[],
  base: Bytes,
  tree: SoftwareTree,
  allowOutsideLinks: boolean,
): ImportFinding[] {
  const findings: ImportFinding[] = [];
  for (const entry of entries) {
    if (entry.type !== 'link') continue;
    const path = belowBase(entry.path, base) ?? b``;
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
        remedy:
          'if it is meant to, allow it (--allow-outside-links), or say where the software stood (--origin)',
      });
    }
  }
  return findings;
}

/** Names that would get among the package's own files, whose Install is run and whose export merged. */
function checkReserved(
  entries: readonly ImportEntry[],
  base: Bytes,
  places: Places,
): ImportFinding[] {
  return entries
    .filter(({ path }) => places.isReserved(belowBase(path, base) ?? b``))
    .map(({ path }) => ({
      severity: 'refused',
      code: 'E_IMPORT_RESERVED',
      path,
      message: "a name among the package's own files",
      remedy: 'what has .admin or export is a package already: copy it to the depot',
    }));
}
