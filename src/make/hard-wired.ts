/**
 * What a build has wired into its output that will not be there, or is not its own: the directories
 * it was built in, /usr/local, /export. Found by looking at every byte, reported and never patched.
 */
import { b, fromBuffer, type Bytes } from '../bytes/bytes.ts';
import { openElf, sectionsOf, type ElfSection } from '../package/elf-file.ts';
import { pathBytes } from '../package/path-bytes.ts';
import { readRunPaths, type RunPath } from '../package/run-paths.ts';

/** What is searched for. */
export interface Needle {
  /** An absolute path. */
  readonly path: Bytes;
  /** In words: `the source directory`. */
  readonly what: string;
  /** Only where no longer path ends in it: `/usr/local`, but not `/mnt/usr/local`. */
  readonly fromRoot?: boolean;
}

export interface HardWired {
  /** In the package. */
  readonly file: Bytes;
  /** The path that the file names, as far as it goes. */
  readonly path: Bytes;
  readonly what: string;
  /** Where it stands: `RUNPATH`, `string in the program`, `interpreter line`, `pkg-config file` … */
  readonly kind: string;
  readonly count: number;
  /** Of the first: bytes from the start of the file. */
  readonly offset: number;
  /** Its line, from 1, in a text. */
  readonly line?: number;
  /** `note` for what nothing depends on: debug information, what people read. */
  readonly severity: 'warning' | 'note';
}

/** Looks through the content of `file`. Of several places with one meaning the first is told. */
export function hardWiredIn(
  file: Bytes,
  content: Buffer,
  needles: readonly Needle[],
): readonly HardWired[] {
  // the longer path first: a stage may stand in the source directory
  const ordered = needles.toSorted((one, other) => other.path.length - one.path.length);
  const taken = new Set<number>();
  const found = new Map<string, HardWired>();
  const { describe, isText } = describer(file, content);
  for (const needle of ordered) {
    const text = Buffer.from(needle.path, 'latin1');
    for (let at = content.indexOf(text); at >= 0; at = content.indexOf(text, at + 1)) {
      if (taken.has(at) || !standsAlone(content, at, text.length, needle)) continue;
      taken.add(at);
      const place = describe(at);
      const key = `${needle.what} ${place.kind}`;
      const known = found.get(key);
      if (known !== undefined) found.set(key, { ...known, count: known.count + 1 });
      else {
        found.set(key, {
          file,
          path: pathAt(content, at),
          what: needle.what,
          count: 1,
          offset: at,
          ...place,
          ...(isText && { line: lineOf(content, at) }),
        });
      }
    }
  }
  return [...found.values()].toSorted((one, other) => one.offset - other.offset);
}

function standsAlone(content: Buffer, at: number, length: number, needle: Needle): boolean {
  const after = content[at + length];
  if (after !== undefined && after !== SLASH && isPathByte(after)) return false;
  return needle.fromRoot !== true || at === 0 || !isPathByte(content[at - 1] ?? 0);
}

interface Description {
  readonly kind: string;
  readonly severity: HardWired['severity'];
}

interface Describer {
  /** Tells what stands at an offset of the file. */
  readonly describe: (at: number) => Description;
  readonly isText: boolean;
}

function describer(file: Bytes, content: Buffer): Describer {
  const elf = compiledIn(content);
  if (elf !== undefined) return { describe: (at) => inElf(elf, at), isText: false };
  if (content.subarray(0, 8).equals(ARCHIVE)) {
    const members = archiveMembers(content);
    return { describe: (at) => inArchive(members, at), isText: false };
  }
  const severity = READ_BY_PEOPLE.test(file) ? 'note' : 'warning';
  const isText = !content.subarray(0, 8000).includes(0);
  if (!isText) return { describe: () => ({ kind: 'string', severity }), isText };
  const kind = TEXTS.find(([ending]) => file.endsWith(ending))?.[1] ?? 'text';
  const isScript = content[0] === HASH && content[1] === BANG;
  const firstLine = content.indexOf(10);
  const isFirst = (at: number): boolean => isScript && (firstLine < 0 || at < firstLine);
  return {
    describe: (at) => ({ kind: isFirst(at) ? 'interpreter line' : kind, severity }),
    isText,
  };
}

function inArchive(members: readonly Member[], at: number): Description {
  const member = members.find(({ start, end }) => at >= start && at < end);
  return member?.elf === undefined
    ? { kind: 'archive', severity: 'warning' }
    : inElf(member.elf, at - member.start);
}

/** For people and for nothing else. */
const READ_BY_PEOPLE = /^(?:doc|man|info|share\/(?:doc|man|info))\//;
const TEXTS: readonly (readonly [ending: string, kind: string])[] = [
  ['.la', 'libtool archive'],
  ['.pc', 'pkg-config file'],
  ['.cmake', 'CMake file'],
];
const ARCHIVE = Buffer.from('!<arch>\n');
const SLASH = 0x2f;
const HASH = 0x23;
const BANG = 0x21;

interface Compiled {
  readonly sections: readonly ElfSection[];
  readonly runPaths: readonly RunPath[];
}

function compiledIn(content: Buffer): Compiled | undefined {
  const elf = openElf(content);
  return elf && { sections: sectionsOf(elf), runPaths: readRunPaths(content) };
}

function inElf({ runPaths, sections }: Compiled, at: number): Description {
  const isAt = ({ offset, length }: RunPath): boolean => at >= offset && at < offset + length;
  const runPath = runPaths.find(isAt);
  if (runPath !== undefined) return { kind: runPath.tag, severity: 'warning' };
  const section =
    sections.find(({ offset, size }) => at >= offset && at < offset + size)?.name ?? b``;
  if (section.startsWith('.debug') || section.startsWith('.gnu_debug')) {
    return { kind: 'debug information', severity: 'note' };
  }
  if (section === '.interp') return { kind: 'program interpreter', severity: 'warning' };
  return { kind: 'string in the program', severity: 'warning' };
}

interface Member {
  readonly start: number;
  readonly end: number;
  readonly elf: Compiled | undefined;
}

/** ar(5): a header of 60 bytes before each member, its size in decimal at 48. */
function archiveMembers(content: Buffer): Member[] {
  const members: Member[] = [];
  for (let at = ARCHIVE.length; at + 60 <= content.length;) {
    const size = Number.parseInt(content.toString('latin1', at + 48, at + 58), 10);
    if (!Number.isSafeInteger(size) || size < 0) break;
    const start = at + 60;
    const end = Math.min(content.length, start + size);
    members.push({ start, end, elf: compiledIn(content.subarray(start, end)) });
    at = start + size + (size % 2);
  }
  return members;
}

function lineOf(content: Buffer, end: number): number {
  let line = 1;
  for (let at = content.indexOf(10); at >= 0 && at < end; at = content.indexOf(10, at + 1)) line++;
  return line;
}

const LONGEST_SHOWN = 200;

/** The path that begins at an offset, to its end. */
function pathAt(content: Buffer, at: number): Bytes {
  let end = at;
  while (end < content.length && end - at < LONGEST_SHOWN) {
    const byte = content[end];
    if (byte !== SLASH && !isPathByte(byte ?? 0)) break;
    end++;
  }
  return fromBuffer(content.subarray(at, end));
}

/** Whether a byte goes on with the name before it. */
const isPathByte = pathBytes('/,');
