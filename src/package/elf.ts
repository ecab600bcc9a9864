/**
 * What a compiled program or library says that the loader acts on: interpreter, libraries it needs,
 * its own soname, where it looks. Sources: elf(5), ld.so(8), System V ABI chapter 5.
 *
 * Everything in the file is untrusted: whatever does not fit reads as not there.
 */
import { split, type Bytes } from '../bytes/bytes.ts';
import { DT, dynamicEntries, elfText, openElf, type ElfFile } from './elf-file.ts';

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
  const elf = openElf(file);
  const segments = elf && segmentsOf(elf);
  if (elf === undefined || segments === undefined) return undefined;
  const interp = segments.find(({ type }) => type === PT_INTERP);
  const interpreter = interp && elfText(file, interp.offset, interp.size);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const entries = dynamic === undefined ? [] : dynamicEntries(elf, dynamic);
  const first = (wanted: number): number | undefined =>
    entries.find(({ tag }) => tag === wanted)?.value;
  const address = first(DT.strtab);
  const table = address === undefined ? undefined : offsetOf(segments, address);
  const size = first(DT.strsz) ?? 0;
  const texts = (wanted: number): Bytes[] =>
    entries.flatMap(({ tag, value }) => {
      if (tag !== wanted || table === undefined) return [];
      return elfText(file, table + value, size - value) ?? [];
    });
  const [soname] = texts(DT.soname);
  const run = texts(DT.runpath);
  const paths = run.length > 0 ? run : texts(DT.rpath);
  return {
    ...(interpreter !== undefined && { interpreter }),
    ...(soname !== undefined && { soname }),
    needed: texts(DT.needed),
    runPath: paths.flatMap((path) => split(path, ':')),
    wide: elf.wide,
  };
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
/** Beyond this a file is not what it is taken for. */
const MOST_SEGMENTS = 4096;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function segmentsOf({ wide, half, word, address }: ElfFile): Segment[] | undefined {
  const start = address(wide ? 32 : 28);
  const step = half(wide ? 54 : 42);
  const count = half(wide ? 56 : 44);
  if (start === 0 || step < (wide ? 56 : 32) || count > MOST_SEGMENTS) return undefined;
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * step;
    return wide
      ? {
          type: word(at),
          offset: address(at + 8),
          address: address(at + 16),
          size: address(at + 32),
        }
      : { type: word(at), offset: word(at + 4), address: word(at + 8), size: word(at + 16) };
  });
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
