/** Which packages are here by links into mounted trees, and where from: a record of this host's own. */
import { b, bytes, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { readAt } from '../../files/content.ts';
import { statAt } from '../../files/stat.ts';
import type { Walker } from '../../files/walk.ts';
import type { Draft, RecordForm } from '../../host/draft.ts';
import { damagedRecord, readRecord, toJsonText } from '../../host/json.ts';

export const ATTACHED = b`/.software/local/.admin/attached.json`;

export interface AttachedPackage {
  readonly package: Bytes;
  /** The mount, as inside the site. */
  readonly from: Bytes;
  /** Whether the configuration wants it so, or somebody has said it by hand. */
  readonly by: 'hand' | 'configuration';
  /** Where its part of each file type is on the mount, as inside the site. */
  readonly trees: readonly { readonly type: string; readonly path: Bytes }[];
  /** Directories that were made for what is the host's own: they go with it when they are empty. */
  readonly made: readonly Bytes[];
}

/** By package directory. @throws XhError E_RECORD, E_RECORD_FORMAT */
export function attachedPackages(walker: Walker): ReadonlyMap<Bytes, AttachedPackage> {
  const place = walker.tryLocate(ATTACHED, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'f') return new Map();
  return FORM.parse(readAt(place.dir, place.name));
}

/** The same, as planners change it in place. */
export function attachedIn(draft: Draft): Map<Bytes, AttachedPackage> {
  return draft.record(ATTACHED, FORM);
}

const FORM: RecordForm<Map<Bytes, AttachedPackage>> = {
  parse(content) {
    if (content === undefined) return new Map();
    const { attached } = readRecord(ATTACHED, content) as { readonly attached?: unknown };
    if (!Array.isArray(attached) || !attached.every(isAttached)) throw damagedRecord(ATTACHED);
    return new Map(attached.map((each) => [each.package, each]));
  },
  print(all) {
    if (all.size === 0) return undefined;
    const attached = [...all.values()].toSorted((one, other) =>
      compareBytes(one.package, other.package),
    );
    return bytes(`${toJsonText({ format: 1, attached }, 1)}\n`);
  },
};

function isAttached(value: unknown): value is AttachedPackage {
  if (typeof value !== 'object' || value === null) return false;
  const { package: directory, from, by, trees, made } = value as Partial<AttachedPackage>;
  return (
    typeof directory === 'string' &&
    typeof from === 'string' &&
    (by === 'hand' || by === 'configuration') &&
    Array.isArray(made) &&
    Array.isArray(trees) &&
    trees.every(
      (each: Readonly<Record<string, unknown>> | null) =>
        typeof each?.['type'] === 'string' && typeof each['path'] === 'string',
    )
  );
}
