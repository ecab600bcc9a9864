/**
 * What a compiled program or library says that the loader acts on: interpreter, libraries it needs,
 * its own soname, where it looks. Sources: elf(5), ld.so(8), System V ABI chapter 5.
 *
 * Everything in the file is untrusted: whatever does not fit reads as not there.
 */
import { fromBuffer, split, type Bytes } from '../bytes/bytes.ts';

export interface Elf {
  /** What the kernel starts first (`/lib64/ld-linux-x86-64.so.2`); a program has one. */
  readonly interpreter?: Bytes;
  readonly soname?: Bytes;
  readonly needed: readonly Bytes[];
  /** Directories of DT_RUNPATH, or DT_RPATH where there is none; `$ORIGIN` as it is. */
  readonly runPath: readonly Bytes[];
  readonly wide: boolean;
}

/** What `file` says, or undefined when it is no ELF file with a table of segments. */
export function readElf(file: Buffer): Elf | undefined {
  if (file.length < 52 || file.readUInt32BE(0) !== MAGIC) return undefined;
  const view = viewOf(file);
  const segments = view && segmentsOf(view);
  if (view === undefined || segments === undefined) return undefined;
  const interp = segments.find(({ type }) => type === PT_INTERP);
  const interpreter = interp && textAt(file, interp.offset, interp.size);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const entries = dynamic === undefined ? [] : dynamicEntries(view, dynamic);
  const first = (tag: number): number | undefined => entries.find(([each]) => each === tag)?.[1];
  const address = first(DT_STRTAB);
  const table = address === undefined ? undefined : offsetOf(segments, address);
  const size = first(DT_STRSZ) ?? 0;
  const texts = (tag: number): Bytes[] =>
    entries.flatMap(([each, value]) => {
      if (each !== tag || table === undefined || value >= size) return [];
      return textAt(file, table + value, size - value) ?? [];
    });
  const [soname] = texts(DT_SONAME);
  const run = texts(DT_RUNPATH);
  const paths = run.length > 0 ? run : texts(DT_RPATH);
  return {
    ...(interpreter !== undefined && { interpreter }),
    ...(soname !== undefined && { soname }),
    needed: texts(DT_NEEDED),
    runPath: paths.flatMap((path) => split(path, ':')),
    wide: view.wide,
  };
}

const MAGIC = 0x7f454c46;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_SONAME = 14;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
/** Beyond these a file is not what it is taken for. */
const MOST_SEGMENTS = 4096;
const MOST_ENTRIES = 65536;
const LONGEST_TEXT = 65536;

interface View {
  readonly wide: boolean;
  /** Unsigned integers of 2, 4 and 8 bytes; NaN outside of the file. */
  half(at: number): number;
  word(at: number): number;
  long(at: number): number;
  readonly length: number;
}

function viewOf(file: Buffer): View | undefined {
  const wide = file[4] === 2;
  const little = file[5] === 1;
  if ((!wide && file[4] !== 1) || (!little && file[5] !== 2)) return undefined;
  const inside = (at: number, size: number): boolean =>
    Number.isSafeInteger(at) && at >= 0 && at + size <= file.length;
  return {
    wide,
    length: file.length,
    half: (at) => (inside(at, 2) ? (little ? file.readUInt16LE(at) : file.readUInt16BE(at)) : NaN),
    word: (at) => (inside(at, 4) ? (little ? file.readUInt32LE(at) : file.readUInt32BE(at)) : NaN),
    long: (at) =>
      inside(at, 8) ? Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at)) : NaN,
  };
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function segmentsOf(view: View): Segment[] | undefined {
  const { wide, half, word, long } = view;
  const start = wide ? long(32) : word(28);
  const entry = half(wide ? 54 : 42);
  const count = half(wide ? 56 : 44);
  if (!(start > 0) || !(entry >= (wide ? 56 : 32)) || !(count <= MOST_SEGMENTS)) return undefined;
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * entry;
    const segment = wide
      ? { type: word(at), offset: long(at + 8), address: long(at + 16), size: long(at + 32) }
      : { type: word(at), offset: word(at + 4), address: word(at + 8), size: word(at + 16) };
    if (Object.values(segment).every(Number.isSafeInteger)) segments.push(segment);
  }
  return segments;
}

/** Tags and values of the dynamic section, up to its end. */
function dynamicEntries(view: View, { offset, size }: Segment): (readonly [number, number])[] {
  const { wide, word, long } = view;
  const width = wide ? 16 : 8;
  const entries: (readonly [number, number])[] = [];
  const end = Math.min(offset + size, view.length);
  for (let at = offset; at + width <= end && entries.length < MOST_ENTRIES; at += width) {
    const tag = wide ? long(at) : word(at);
    const value = wide ? long(at + 8) : word(at + 4);
    if (tag === 0 || Number.isNaN(tag)) break;
    entries.push([tag, value]);
  }
  return entries;
}

/** Where in the file the byte is that is loaded at `address`. */
function offsetOf(segments: readonly Segment[], address: number): number | undefined {
  const holds = segments.find(
    (segment) =>
      segment.type === PT_LOAD &&
      address >= segment.address &&
      address < segment.address + segment.size,
  );
  return holds && holds.offset + address - holds.address;
}

/** The text at `offset` up to its NUL, which has to be there. */
function textAt(file: Buffer, offset: number, most: number): Bytes | undefined {
  const limit = Math.min(file.length, offset + Math.min(most, LONGEST_TEXT));
  const end = file.indexOf(0, offset);
  if (end < 0 || end >= limit || offset < 0) return undefined;
  return fromBuffer(file.subarray(offset, end));
}
