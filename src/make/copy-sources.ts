/**
 * The copy of the sources in which a build runs that cannot run apart from them: one for each
 * architecture, so that their objects never meet. It is a copy and no farm of links, because a build
 * that writes to one of its sources would write through the link for every architecture. What the
 * build made stays from one time to the next; what changed in the sources is copied again.
 */
import { bytes, toText, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import {
  contentOf,
  copyAs,
  linkAs,
  makeDirectory,
  removeWhole,
  writeIfChanged,
} from '../files/workspace.ts';
import { differingPaths, type Listing } from './listing.ts';

export interface SourceCopy {
  readonly from: Bytes;
  readonly to: Bytes;
  /** The file that remembers what was copied. */
  readonly record: Bytes;
}

/** What of `sources` is copied: everything but what a compiler made, for who knows which machine. */
export function copiedSources(sources: Listing): {
  readonly listing: Listing;
  readonly leftOut: readonly Bytes[];
} {
  const leftOut = [...sources.keys()].filter(
    (path) => COMPILED.test(path) && sources.get(path)?.startsWith('f') === true,
  );
  const without = new Set(leftOut);
  return {
    listing: new Map([...sources].filter(([path]) => !without.has(path))),
    leftOut,
  };
}

const COMPILED = /\.(?:o|lo|obj|a|la|so|so\.[0-9.]{1,40}|dylib|gcda|gcno)$/;

/** Brings the copy up to date. @throws FileError */
export function copySources({ from, to, record }: SourceCopy, sources: Listing): void {
  const before = readRecord(record);
  makeDirectory(to);
  for (const path of differingPaths(before, sources)) {
    const stamp = sources.get(path);
    if (stamp === undefined || kindOf(stamp) !== kindOf(before.get(path) ?? stamp)) {
      removeWhole(join(to, path));
    }
    if (stamp === undefined) continue;
    switch (kindOf(stamp)) {
      case 'd':
        makeDirectory(join(to, path));
        break;
      case 'l':
        linkAs(stamp.slice(2) as Bytes, join(to, path), new Date(0));
        break;
      default:
        copyAs(join(from, path), join(to, path));
    }
  }
  writeIfChanged(record, printRecord(sources));
}

function kindOf(stamp: string): string {
  return stamp[0] ?? '';
}

/** A record that cannot be read is none: everything is copied again. */
function readRecord(path: Bytes): Listing {
  try {
    const value: unknown = JSON.parse(toText(contentOf(path) ?? ('[]' as Bytes)));
    if (!Array.isArray(value)) return new Map();
    return new Map(
      value.flatMap((entry: unknown): [Bytes, string][] => {
        if (!Array.isArray(entry)) return [];
        const [name, stamp] = entry as unknown[];
        return typeof name === 'string' && typeof stamp === 'string'
          ? [[name as Bytes, stamp]]
          : [];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Names are bytes: one character each, so that they come back as they were. */
function printRecord(sources: Listing): Bytes {
  return bytes(`${JSON.stringify([...sources], undefined, 0)}\n`);
}
