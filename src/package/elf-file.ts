/**
 * Numbers and sections of an ELF file, of either width and byte order. Everything in the file is
 * untrusted: what is beyond its end reads as 0. Source: elf(5).
 */
import { fromBuffer, type Bytes } from '../bytes/bytes.ts';

export interface ElfFile {
  readonly content: Buffer;
  /** 64 bits. */
  readonly wide: boolean;
  /** Unsigned numbers in the file's byte order, of 2 and 4 bytes, and of the file's own width. */
  half(at: number): number;
  word(at: number): number;
  address(at: number): number;
}

export interface ElfSection {
  readonly name: Bytes;
  /** 0 for one whose contents are not in the file. */
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** A tag of the dynamic section, and what it says. */
export interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
}

/** Tags of the dynamic section, System V ABI chapter 5. */
export const DT = { needed: 1, strtab: 5, strsz: 10, soname: 14, rpath: 15, runpath: 29 } as const;

/** `content` as an ELF file, or undefined when it is none. */
export function openElf(content: Buffer): ElfFile | undefined {
  if (content.length < 52 || content.readUInt32BE(0) !== ELF_MAGIC) return undefined;
  const wide = content[4] === 2;
  const little = content[5] === 1;
  if ((!wide && content[4] !== 1) || (!little && content[5] !== 2)) return undefined;
  const fits = (at: number, size: number): boolean =>
    Number.isSafeInteger(at) && at >= 0 && at + size <= content.length;
  const half = (at: number): number =>
    fits(at, 2) ? (little ? content.readUInt16LE(at) : content.readUInt16BE(at)) : 0;
  const word = (at: number): number =>
    fits(at, 4) ? (little ? content.readUInt32LE(at) : content.readUInt32BE(at)) : 0;
  const address = (at: number): number => {
    if (!wide) return word(at);
    const [low, high] = little ? [word(at), word(at + 4)] : [word(at + 4), word(at)];
    return high * 2 ** 32 + low;
  };
  return { content, wide, half, word, address };
}

/** The sections; none where there is no table of them, or it is cut off. */
export function sectionsOf({ content, wide, half, word, address }: ElfFile): ElfSection[] {
  const table = address(wide ? 0x28 : 0x20);
  const step = half(wide ? 0x3a : 0x2e);
  const count = half(wide ? 0x3c : 0x30);
  if (table === 0 || step < (wide ? 64 : 40) || table + count * step > content.length) return [];
  const bare = Array.from({ length: count }, (_, i) => {
    const at = table + i * step;
    const offset = address(at + (wide ? 0x18 : 0x10));
    const size = address(at + (wide ? 0x20 : 0x14));
    const link = word(at + (wide ? 0x28 : 0x18));
    const type = word(at + 4);
    const inFile = type !== NOBITS && offset + size <= content.length;
    const place = inFile ? { type, offset, size } : { type: 0, offset: 0, size: 0 };
    return { nameAt: word(at), link, ...place };
  });
  const names = bare[half(wide ? 0x3e : 0x32)];
  return bare.map(({ nameAt, ...section }) => ({
    ...section,
    name: (names && elfText(content, names.offset + nameAt, names.size - nameAt)) ?? ('' as Bytes),
  }));
}

/** The entries of a dynamic section, up to its end. */
export function dynamicEntries(
  { wide, address, content }: ElfFile,
  { offset, size }: { readonly offset: number; readonly size: number },
): DynamicEntry[] {
  const found: DynamicEntry[] = [];
  const step = wide ? 16 : 8;
  const end = Math.min(offset + size, content.length);
  for (let at = offset; at + step <= end && found.length < MOST_ENTRIES; at += step) {
    const tag = address(at);
    if (tag === 0) break;
    found.push({ tag, value: address(at + step / 2) });
  }
  return found;
}

/** The text at `offset` up to its NUL, which has to be there within `most` bytes. */
export function elfText(content: Buffer, offset: number, most: number): Bytes | undefined {
  if (!(offset >= 0) || !(most > 0)) return undefined;
  const limit = Math.min(content.length, offset + Math.min(most, LONGEST_TEXT));
  const end = content.indexOf(0, offset);
  return end < 0 || end >= limit ? undefined : fromBuffer(content.subarray(offset, end));
}

/** The first four bytes, as a number with the highest first. */
export const ELF_MAGIC = 0x7f454c46;
const NOBITS = 8;
/** Beyond these a file is not what it is taken for. */
const MOST_ENTRIES = 65_536;
const LONGEST_TEXT = 65_536;
