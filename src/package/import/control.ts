/**
 * Debian's control file: fields, and the relations in them.
 * Source: deb-control(5), Debian Policy 5 and 7.1.
 */
import { slice, toText, type Bytes } from '../../bytes/bytes.ts';
import type { ImportedDependency, ImportedRequirement } from './source.ts';

/** Fields of the first paragraph by their names in small letters; continuation lines keep their newline. */
export type ControlFields = ReadonlyMap<string, string>;

/** The fields of `content`, or what is wrong and in which line (from 1). */
export function parseControl(
  content: Bytes,
): ControlFields | { readonly fault: string; readonly line: number } {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const [i, line] of content.split('\n').entries()) {
    if (/^[ \t]*\r?$/.test(line)) {
      if (fields.size > 0) break;
      continue;
    }
    if (line.startsWith('#')) continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last === undefined) return { fault: 'a continuation of nothing', line: i + 1 };
      fields.set(last, `${fields.get(last) ?? ''}\n${toText(line as Bytes).trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || !/^[!-9;-~]+$/.test(name)) {
      return { fault: 'expected a field, `Name: value`', line: i + 1 };
    }
    if (fields.has(name)) return { fault: `a second field '${name}'`, line: i + 1 };
    fields.set(name, toText(slice(line as Bytes, colon + 1)).trim());
    last = name;
  }
  return fields;
}

/** `Depends`-like relations: `a (>= 1) | b, c`. Undefined when one is malformed. */
export function parseRelations(
  text: string,
  strength: ImportedDependency['strength'],
): ImportedDependency[] | undefined {
  const dependencies: ImportedDependency[] = [];
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const alternatives = part.split('|').map(parseRequirement);
    if (alternatives.includes(undefined)) return undefined;
    dependencies.push({ strength, alternatives: alternatives as ImportedRequirement[] });
  }
  return dependencies;
}

/** `name:arch (>= 1.2)`; the architecture is left out: the depot has one name for all of them. */
function parseRequirement(text: string): ImportedRequirement | undefined {
  const [head = '', ...tail] = text.split('(');
  const name = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?::[a-z0-9-]+)?$/.exec(head.trim())?.[1];
  if (name === undefined || tail.length > 1) return undefined;
  if (tail[0] === undefined) return { name };
  const relation = /^(<<|<=|=|>=|>>|<|>)([^\s<>=]+)\)$/.exec(tail[0].replace(/\s/g, ''));
  const operator = RANGE_OPERATORS[relation?.[1] ?? ''];
  if (relation === null || operator === undefined) return undefined;
  return { name, range: `${operator}${relation[2] ?? ''}` };
}

/** `<` and `>` are old spellings of "or equal" (Policy 7.1). */
const RANGE_OPERATORS: Readonly<Record<string, string>> = {
  '<<': '<',
  '<=': '<=',
  '=': '=',
  '>=': '>=',
  '>>': '>',
  '<': '<=',
  '>': '>=',
};

/** Licence of the whole in a machine-readable copyright file (DEP-5), where it is one. */
export function copyrightLicence(content: Bytes): string | undefined {
  if (!/^Format(?:-Specification)?:/i.test(content)) return undefined;
  for (const paragraph of content.split(/\n[ \t]*\n/)) {
    const fields = parseControl(`${paragraph}\n` as Bytes);
    if ('fault' in fields || fields.get('files')?.trim() !== '*') continue;
    const licence = fields.get('license')?.split('\n')[0]?.trim();
    if (licence) return licence;
  }
  return undefined;
}

/** Debian's name of an architecture as `xh arch` prints it. Source: dpkg's cputable and ostable. */
export function debianArchitecture(name: string): string {
  if (name === 'all') return 'all';
  const cut = name.lastIndexOf('-');
  const [os, cpu] = cut < 0 ? ['linux', name] : [name.slice(0, cut), name.slice(cut + 1)];
  return `${os.replace(/^musl-linux$/, 'linux')}-${CPUS[cpu] ?? cpu}`;
}

const CPUS: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  x32: 'x86_64',
  i386: 'i686',
  arm64: 'aarch64',
  armhf: 'armv7l',
  armel: 'armv5tel',
  ppc64el: 'ppc64le',
  powerpc: 'ppc',
  mips64el: 'mips64',
  mipsel: 'mips',
  loong64: 'loongarch64',
};
