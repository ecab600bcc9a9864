/** Texts and the interpreters in their first lines, with every path of the old place as it is now. */
import { b, fromBuffer, printable, slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { components, join } from '../../bytes/path.ts';
import { mentions, places } from './old-place.ts';
import { pathBytes } from '../path-bytes.ts';
import type { Move, Relocated, RelocatedFile, RelocationPlan } from './relocation.ts';

/** Kernels before 5.1 read no more of a first line, its end included. */
const LONGEST_INTERPRETER = 127;

/** `count` is how often the old place is named. */
export function relocateText(
  path: Bytes,
  content: Buffer,
  mode: number,
  count: number,
  plan: RelocationPlan,
): Relocated {
  const moved = Buffer.concat(rewritten(content, [plan, ...plan.neighbours]));
  const [changed, direct] = withoutSbang(moved);
  const first = firstLine(content);
  const inFirst = first.startsWith('#!') ? mentions(toBuffer(first), plan.origin) : 0;
  const findings: RelocatedFile[] = [];
  if (inFirst > 0 || direct || (isSbang(content) && (mode & 0o111) !== 0)) {
    const now = firstLine(changed);
    const problem = isSbang(changed)
      ? `is run by Spack's sbang, ${printable(slice(now, 2))}, since its own first line is too long`
      : now.length > LONGEST_INTERPRETER
        ? `its first line has ${now.length} bytes, of which older kernels read ${LONGEST_INTERPRETER}`
        : undefined;
    findings.push({
      path,
      kind: 'interpreter',
      count: Math.max(1, inFirst),
      ...(problem !== undefined && { problem }),
    });
  }
  if (count > inFirst) findings.push({ path, kind: 'text', count: count - inFirst });
  const near = plan.neighbours.map(({ origin }) => mentions(content, origin));
  const nearCount = near.reduce((sum, each) => sum + each, 0);
  if (nearCount > 0) findings.push({ path, kind: 'elsewhere', count: nearCount });
  return changed.equals(content) ? { findings } : { content: changed, findings };
}

/** The pieces of a text with every path below an origin as it is now. */
function rewritten(content: Buffer, moves: readonly Move[]): Buffer[] {
  const found = moves.flatMap((move) =>
    [...places(content, toBuffer(move.origin))].map((at) => ({ at, move })),
  );
  // of two that begin here the one that says more is meant
  const length = ({ move }: { readonly move: Move }): number => move.origin.length;
  const sorted = found.toSorted((one, other) => one.at - other.at || length(other) - length(one));
  const pieces: Buffer[] = [];
  let done = 0;
  for (const { at, move } of sorted) {
    if (at < done) continue;
    const start = at + move.origin.length;
    let end = start;
    while (end < content.length && end - start < 4096 && isPathByte(content[end])) end++;
    // a sentence may end here
    while (end > start && content[end - 1] === DOT) end--;
    const below = fromBuffer(content.subarray(start, end));
    const place = move.placeOf(components(below).join('/') as Bytes);
    const slash = below.endsWith('/') ? b`/` : b``;
    pieces.push(content.subarray(done, at), toBuffer(b`${join(move.destination, place)}${slash}`));
    done = end;
  }
  return [...pieces, content.subarray(done)];
}

const isPathByte = pathBytes(',@');

function firstLine(content: Buffer): Bytes {
  const end = content.subarray(0, 4096).indexOf(10);
  return fromBuffer(content.subarray(0, end < 0 ? Math.min(content.length, 4096) : end));
}

/** `#!/bin/sh /…/sbang`, which reads the real interpreter from the second line. */
export function isSbang(content: Buffer): boolean {
  return /^#!\s*\/bin\/sh\s+\/\S+\/sbang\s*$/.test(firstLine(content));
}

/** A file that names its interpreter itself, where that is short enough now. */
function withoutSbang(content: Buffer): readonly [content: Buffer, changed: boolean] {
  if (!isSbang(content)) return [content, false];
  const rest = content.subarray(firstLine(content).length + 1);
  // comments of Lua and Node.js, and of PHP
  const second = /^(?:#!|\/\/!|--!|<\?php #!)[ \t]*(\/[^\r\n]*?)(?: ?\?>)?$/.exec(
    firstLine(rest),
  )?.[1];
  if (second === undefined || second.length + 2 > LONGEST_INTERPRETER) return [content, false];
  const below = rest.subarray(firstLine(rest).length);
  return [Buffer.concat([toBuffer(b`#!${second as Bytes}`), below]), true];
}

const DOT = 0x2e;
