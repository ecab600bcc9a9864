/**
 * Debian's control file: fields, and the relations in them.
 * Source: deb-control(5), Debian Policy 5 and 7.1.
 */
import { b, bytes, concat, slice, split, trim, type Bytes } from '../../bytes/bytes.ts';
import type { ImportedDependency, ImportedRequirement } from './source.ts';

/** Fields of the first paragraph by their names in small letters; continuation lines keep their newline. */
export type ControlFields = ReadonlyMap<Bytes, Bytes>;

/** The fields of `content`, or what is wrong and in which line (from 1). */
export function parseControl(
  content: Bytes,
): ControlFields | { readonly fault: string; readonly line: number } {
  const fields = new Map<Bytes, Bytes>();
  let last: Bytes | undefined;
  for (const [i, line] of split(content, '\n').entries()) {
    if (trim(line) === '') {
      if (fields.size > 0) break;
      continue;
    }
    if (line.startsWith('#')) continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last === undefined) return { fault: 'a continuation of nothing', line: i + 1 };
      fields.set(last, concat(fields.get(last) ?? b``, b`\n`, trim(line)));
      continue;
    }
    const colon = line.indexOf(':');
    const name = slice(line, 0, Math.max(0, colon)).toLowerCase() as Bytes;
    if (!/^[!-9;-~]+$/.test(name)) {
      return { fault: 'expected a field, `Name: value`', line: i + 1 };
    }
    if (fields.has(name)) return { fault: `a second field '${name}'`, line: i + 1 };
    fields.set(name, trim(slice(line, colon + 1)));
    last = name;
  }
  return fields;
}

/** `Depends`-like relations: `a (>= 1) | b, c`. Undefined when one is malformed. */
export function parseRelations(
  text: Bytes,
  strength: ImportedDependency['strength'],
): ImportedDependency[] | undefined {
  const dependencies: ImportedDependency[] = [];
  for (const part of split(text, ',')) {
    if (trim(part) === '') continue;
    const alternatives = split(part, '|').map(parseRequirement);
    if (alternatives.includes(undefined)) return undefined;
    dependencies.push({ strength, alternatives: alternatives as ImportedRequirement[] });
  }
  return dependencies;
}

/** `name:arch (>= 1.2)`; the architecture is left out: the depot has one name for all of them. */
function parseRequirement(text: Bytes): ImportedRequirement | undefined {
  const [head = b``, relation, ...more] = split(text, '(');
  const name = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?::[a-z0-9-]+)?$/.exec(trim(head))?.[1] as
    Bytes | undefined;
  if (name === undefined || more.length > 0) return undefined;
  if (relation === undefined) return { name };
  const parts = /^(<<|<=|=|>=|>>|<|>)([^<>=]+)\)$/.exec(relation.replace(/[ \t\n]/g, ''));
  const operator = RANGE_OPERATORS[parts?.[1] ?? ''];
  if (parts === null || operator === undefined) return undefined;
  const version = parts[2] as Bytes;
  // `=1.6` would be all of 1.6 in a range; to Debian it is one version
  const short = operator !== '>=' && /^[0-9]+(?:\.[0-9]+)?$/.test(version);
  const zeros = !short || STRICT.has(operator) ? b`` : version.includes('.') ? b`.0` : b`.0.0`;
  return { name, range: concat(operator, version, zeros) };
}

/** `<` and `>` are old spellings of "or equal" (Policy 7.1). */
const RANGE_OPERATORS: Readonly<Record<string, Bytes>> = {
  '<<': b`<<`,
  '<=': b`<=`,
  '=': b`=`,
  '>=': b`>=`,
  '>>': b`>>`,
  '<': b`<=`,
  '>': b`>=`,
};
/** Those that ranges of ours take as Debian does, whatever the version. */
const STRICT: ReadonlySet<Bytes> = new Set([b`<<`, b`>>`]);

/** Licence of the whole in a machine-readable copyright file (DEP-5), where it is one. */
export function copyrightLicence(content: Bytes): Bytes | undefined {
  if (!/^Format(?:-Specification)?:/i.test(content)) return undefined;
  for (const paragraph of split(content, '\n\n')) {
    const fields = parseControl(paragraph);
    if ('fault' in fields || fields.get(b`files`) !== '*') continue;
    const [licence] = split(fields.get(b`license`) ?? b``, '\n');
    if (licence) return licence;
  }
  return undefined;
}

/** Debian's name of an architecture as `xh arch` prints it. Source: dpkg's cputable and ostable. */
export function debianArchitecture(name: Bytes): Bytes {
  if (name === 'all') return name;
  const cut = name.lastIndexOf('-');
  const os = cut < 0 ? 'linux' : name.slice(0, cut).replace('musl-linux', 'linux');
  const cpu = slice(name, cut + 1);
  return concat(bytes(os), b`-`, CPUS[cpu] ?? cpu);
}

const CPUS: Readonly<Record<string, Bytes>> = {
  amd64: b`x86_64`,
  x32: b`x86_64`,
  i386: b`i686`,
  arm64: b`aarch64`,
  armhf: b`armv7l`,
  armel: b`armv5tel`,
  ppc64el: b`ppc64le`,
  powerpc: b`ppc`,
  mips64el: b`mips64`,
  mipsel: b`mips`,
  loong64: b`loongarch64`,
};
