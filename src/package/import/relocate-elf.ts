/** Compiled files: the paths in which they look for libraries are changed where that is safe, nothing else. */
import { b, printable, slice, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { components, dirname, isWithin, join, relative } from '../../bytes/path.ts';
import { ELF_MAGIC } from '../elf-file.ts';
import { readRunPaths, type RunPath } from '../run-paths.ts';
import { mentions } from './old-place.ts';
import type { Move, Relocated, RelocatedFile, RelocationPlan } from './relocation.ts';

export function isElf(content: Buffer): boolean {
  return content.length >= 4 && content.readUInt32BE(0) === ELF_MAGIC;
}

/** `count` is how often the old place is named, in whatever part of the file. */
export function relocateElf(
  path: Bytes,
  content: Buffer,
  mode: number,
  count: number,
  plan: RelocationPlan,
): Relocated {
  const findings: RelocatedFile[] = [];
  const changed = Buffer.from(content);
  let inPaths = 0;
  for (const runPath of readRunPaths(content)) {
    const near = runPath.directories.filter((each) => neighbourOf(each, plan) !== undefined);
    const named = runPath.directories.filter(
      (each) => isWithin(plan.origin, each) && !near.includes(each),
    ).length;
    const others = runPath.directories.filter(
      (each) => isElsewhere(each, plan.origin) && !near.includes(each),
    );
    if (others.length > 0) {
      const problem = others.map(printable).join(', ');
      findings.push({ path, kind: 'elsewhere', count: others.length, problem });
    }
    if (named + near.length === 0) continue;
    inPaths += mentions(
      content.subarray(runPath.offset, runPath.offset + runPath.length),
      plan.origin,
    );
    const next = newRunPath(path, mode, runPath, plan);
    const problem = !runPath.own
      ? 'shares its text with another name in the file'
      : next.length > runPath.length
        ? `does not fit: ${printable(next)} is longer than what is there`
        : undefined;
    if (problem === undefined) {
      changed.fill(0, runPath.offset, runPath.offset + runPath.length);
      toBuffer(next).copy(changed, runPath.offset);
    }
    const stuck = problem !== undefined && { problem };
    if (named > 0) findings.push({ path, kind: 'library path', count: named, ...stuck });
    if (near.length > 0) {
      const stays = problem !== undefined && { problem: near.map(printable).join(', ') };
      findings.push({ path, kind: 'elsewhere', count: near.length, ...stays });
    }
  }
  if (count > inPaths) findings.push({ path, kind: 'compiled', count: count - inPaths });
  return changed.equals(content) ? { findings } : { content: changed, findings };
}

/** The other software to which a directory belongs: not when this one's own place is further down. */
function neighbourOf(directory: Bytes, plan: RelocationPlan): Move | undefined {
  const [nearest] = [plan, ...plan.neighbours]
    .filter(({ origin }) => isWithin(origin, directory))
    .toSorted((one, other) => other.origin.length - one.origin.length);
  return nearest === plan ? undefined : nearest;
}

/** Whether a directory is another software's, and not one in which the loader looks by itself. */
function isElsewhere(directory: Bytes, origin: Bytes): boolean {
  const isHosts = /^\/(?:usr\/)?lib(?:32|64|x32)?(?:\/|$)/.test(directory);
  return directory.startsWith('/') && !isWithin(origin, directory) && !isHosts;
}

/**
 * The directories of a run path where they are now: relative to the file where they are of its own
 * file type, which is short and holds wherever the package stands.
 */
function newRunPath(
  path: Bytes,
  mode: number,
  { directories }: RunPath,
  plan: RelocationPlan,
): Bytes {
  const next = directories.map((directory) => {
    const near = neighbourOf(directory, plan);
    if (near !== undefined) {
      const place = components(slice(directory, near.origin.length + 1)).join('/') as Bytes;
      return join(near.destination, near.placeOf(place));
    }
    if (!isWithin(plan.origin, directory)) return directory;
    const below = slice(directory, plan.origin.length + 1);
    const now = plan.placeOf(components(below).join('/') as Bytes);
    const sameType = plan.typeOf(now) === plan.typeOf(path);
    // the loader does not believe it of a program with set-id bits
    if ((mode & 0o6000) !== 0 || !sameType) return join(plan.destination, now);
    const to = relative(dirname(b`/${path}`), b`/${now}`);
    return to === '.' ? b`$ORIGIN` : b`$ORIGIN/${to}`;
  });
  return [...new Set(next)].join(':') as Bytes;
}
