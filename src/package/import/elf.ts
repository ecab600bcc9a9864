/**
 * Where an ELF file says that its libraries are (DT_RPATH, DT_RUNPATH), and whether that text may be
 * overwritten: linkers let names share their ends, so that one is in the middle of another.
 * Source: elf(5), the System V ABI, and the GNU extensions for versions of symbols.
 */
import { fromBuffer, split, type Bytes } from '../../bytes/bytes.ts';

export interface RunPath {
  readonly tag: 'RPATH' | 'RUNPATH';
  /** Directories, as written. */
  readonly directories: readonly Bytes[];
  /** Offset and length of the text in the file, without its NUL. */
  readonly offset: number;
  readonly length: number;
  /** Whether nothing else in the file uses a part of the text. */
  readonly own: boolean;
}

/** The run paths of an ELF file; none of what is none, or is not sound. */
export function readRunPaths(content: Buffer): readonly RunPath[] {
  const elf = openElf(content);
  if (elf === undefined) return [];
  const dynamic = elf.sections.find(({ type }) => type === SHT_DYNAMIC);
  const strings = dynamic && elf.sections[dynamic.link];
  if (dynamic === undefined || strings?.type !== SHT_STRTAB) return [];
  const entries = dynamicEntries(elf, dynamic);
  const used = usedNames(elf, dynamic.link, entries);
  return entries.flatMap(({ tag, value }): RunPath[] => {
    if (tag !== DT_RPATH && tag !== DT_RUNPATH) return [];
    const offset = strings.offset + value;
    const end = content.indexOf(0, offset);
    if (value >= strings.size || end < 0 || end > strings.offset + strings.size) return [];
    const text = fromBuffer(content.subarray(offset, end));
    const length = end - offset;
    const shared =
      used === undefined ||
      (value > 0 && content[offset - 1] !== 0) ||
      used.some((name) => name > value && name <= value + length);
    return [
      {
        tag: tag === DT_RPATH ? 'RPATH' : 'RUNPATH',
        directories: split(text, ':'),
        offset,
        length,
        own: !shared,
      },
    ];
  });
}

const [DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH] = [1, 14, 15, 29];
const [SHT_STRTAB, SHT_DYNAMIC, SHT_DYNSYM, SHT_VERDEF, SHT_VERNEED] = [
  3, 6, 11, 0x6ffffffd, 0x6ffffffe,
];

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

interface Elf {
  readonly sections: readonly Section[];
  readonly wide: boolean;
  /** Unsigned numbers of the file's byte order; 0 beyond its end. */
  half(at: number): number;
  word(at: number): number;
  /** Of the file's own width. */
  address(at: number): number;
}

/** No file has more. */
const MOST_SECTIONS = 70_000;

function openElf(content: Buffer): Elf | undefined {
  if (content.length < 64 || content.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const wide = content[4] === 2;
  const little = content[5] === 1;
  const fits = (at: number, size: number): boolean => at >= 0 && at + size <= content.length;
  const half = (at: number): number =>
    fits(at, 2) ? (little ? content.readUInt16LE(at) : content.readUInt16BE(at)) : 0;
  const word = (at: number): number =>
    fits(at, 4) ? (little ? content.readUInt32LE(at) : content.readUInt32BE(at)) : 0;
  const address = (at: number): number => {
    if (!wide) return word(at);
    const [low, high] = little ? [word(at), word(at + 4)] : [word(at + 4), word(at)];
    return high * 2 ** 32 + low;
  };
  const table = address(wide ? 0x28 : 0x20);
  const size = half(wide ? 0x3a : 0x2e);
  const count = half(wide ? 0x3c : 0x30);
  if (table === 0 || size < (wide ? 64 : 40) || count > MOST_SECTIONS) return undefined;
  const sections: Section[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * size;
    if (!fits(at, size)) return undefined;
    const offset = address(at + (wide ? 0x18 : 0x10));
    const length = address(at + (wide ? 0x20 : 0x14));
    const type = word(at + 4);
    // a section without contents (.bss) has none in the file
    const inFile = type !== 8 && fits(offset, length);
    const link = word(at + (wide ? 0x28 : 0x18));
    sections.push(
      inFile ? { type, offset, size: length, link } : { type: 0, offset: 0, size: 0, link },
    );
  }
  return { sections, wide, half, word, address };
}

function dynamicEntries(
  { wide, address }: Elf,
  { offset, size }: Section,
): { readonly tag: number; readonly value: number }[] {
  const found: { readonly tag: number; readonly value: number }[] = [];
  const step = wide ? 16 : 8;
  for (let at = offset; at + step <= offset + size; at += step) {
    const tag = address(at);
    if (tag === 0) break;
    found.push({ tag, value: address(at + step / 2) });
  }
  return found;
}

/** Where names begin in the table of strings; undefined when not all uses of it are understood. */
function usedNames(
  elf: Elf,
  table: number,
  entries: readonly { readonly tag: number; readonly value: number }[],
): readonly number[] | undefined {
  const names = entries
    .filter(({ tag }) => tag === DT_NEEDED || tag === DT_SONAME || NAMES.has(tag))
    .map(({ value }) => value);
  for (const section of elf.sections) {
    if (section.link !== table || section.type === 0) continue;
    switch (section.type) {
      case SHT_DYNAMIC:
        break;
      case SHT_DYNSYM: {
        const step = elf.wide ? 24 : 16;
        for (let at = section.offset; at + step <= section.offset + section.size; at += step) {
          names.push(elf.word(at));
        }
        break;
      }
      case SHT_VERNEED:
        names.push(
          ...versionNames(elf, section, { first: 8, next: 12, name: 8, nextInner: 12, file: 4 }),
        );
        break;
      case SHT_VERDEF:
        names.push(...versionNames(elf, section, { first: 12, next: 16, name: 0, nextInner: 4 }));
        break;
      default:
        return undefined;
    }
  }
  return names;
}

/** DT_CONFIG, DT_DEPAUDIT, DT_AUDIT, DT_AUXILIARY, DT_FILTER: names, too. */
const NAMES: ReadonlySet<number> = new Set([
  0x6ffffefa, 0x6ffffefb, 0x6ffffefc, 0x7ffffffd, 0x7fffffff,
]);

/** Chains of records, each with a chain of its own, as both tables of versions have them. */
function versionNames(
  { word }: Elf,
  { offset, size }: Section,
  at: {
    readonly first: number;
    readonly next: number;
    readonly name: number;
    readonly nextInner: number;
    readonly file?: number;
  },
): number[] {
  const names: number[] = [];
  const end = offset + size;
  for (let outer = offset; outer < end && names.length < size;) {
    if (at.file !== undefined) names.push(word(outer + at.file));
    for (let inner = outer + word(outer + at.first); inner < end && names.length < size;) {
      names.push(word(inner + at.name));
      const step = word(inner + at.nextInner);
      if (step === 0) break;
      inner += step;
    }
    const step = word(outer + at.next);
    if (step === 0) break;
    outer += step;
  }
  return names;
}
