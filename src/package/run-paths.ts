/**
 * Where an ELF file says that its libraries are (DT_RPATH, DT_RUNPATH), and whether that text may be
 * overwritten: linkers let names share their ends, so that one is in the middle of another.
 * Source: elf(5), the System V ABI, and the GNU extensions for versions of symbols.
 */
import { fromBuffer, split, type Bytes } from '../bytes/bytes.ts';
import {
  DT,
  dynamicEntries,
  openElf,
  sectionsOf,
  type DynamicEntry,
  type ElfFile,
  type ElfSection,
} from './elf-file.ts';

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
  const sections = sectionsOf(elf);
  const dynamic = sections.find(({ type }) => type === SHT_DYNAMIC);
  const strings = dynamic && sections[dynamic.link];
  if (dynamic === undefined || strings?.type !== SHT_STRTAB) return [];
  const entries = dynamicEntries(elf, dynamic);
  const used = usedNames({ elf, sections, entries }, dynamic.link);
  return entries.flatMap(({ tag, value }): RunPath[] => {
    if (tag !== DT.rpath && tag !== DT.runpath) return [];
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
        tag: tag === DT.rpath ? 'RPATH' : 'RUNPATH',
        directories: split(text, ':'),
        offset,
        length,
        own: !shared,
      },
    ];
  });
}

const [SHT_STRTAB, SHT_DYNAMIC, SHT_DYNSYM, SHT_VERDEF, SHT_VERNEED] = [
  3, 6, 11, 0x6ffffffd, 0x6ffffffe,
];

/** Where names begin in the table of strings; undefined when not all uses of it are understood. */
function usedNames(
  {
    elf,
    sections,
    entries,
  }: {
    readonly elf: ElfFile;
    readonly sections: readonly ElfSection[];
    readonly entries: readonly DynamicEntry[];
  },
  table: number,
): readonly number[] | undefined {
  const names = entries
    .filter(({ tag }) => tag === DT.needed || tag === DT.soname || NAMES.has(tag))
    .map(({ value }) => value);
  for (const section of sections) {
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
  { word }: ElfFile,
  { offset, size }: ElfSection,
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
