/** What lfck found, as programs read it. Sizes are bytes of allocated blocks. */
import { toJson, type Bytes, type JsonBytes } from '../bytes/bytes.ts';
import type { Outcome } from '../lfck/give.ts';
import type { Inspection } from '../lfck/inspect.ts';
import { shownPath } from '../lfck/scan.ts';
import type { Suspect } from '../lfck/suspects.ts';
import { sum, type Figure, type OwnerUsage } from '../lfck/usage.ts';

export interface LfckRecord {
  readonly usage?: {
    readonly owners: readonly OwnerRecord[];
    readonly totals: UsageRecord;
  };
  /** Absent when owners were not looked at. */
  readonly suspects?: readonly SuspectRecord[];
  readonly problems: readonly { readonly path: JsonBytes; readonly message: string }[];
}

interface FigureRecord extends Figure {
  readonly total: number;
}

interface UsageRecord extends FigureRecord {
  readonly objects: number;
  readonly architectures: readonly (FigureRecord & { readonly architecture: JsonBytes })[];
}

interface OwnerRecord extends UsageRecord {
  readonly owner: JsonBytes;
  readonly uid: number;
  /** Absent when no account is a package as far as is known. */
  readonly package?: boolean;
}

interface SuspectRecord {
  readonly path: JsonBytes;
  /** All names in the trees, where there are several. */
  readonly names?: readonly JsonBytes[];
  readonly type: string;
  /** Octal. */
  readonly mode: string;
  readonly bytes: number;
  readonly owner: JsonBytes;
  readonly uid: number;
  readonly suspected: { readonly owner: JsonBytes; readonly uid: number } | null;
  readonly evidence: readonly {
    readonly kind: string;
    readonly owner: JsonBytes | null;
    readonly text: string;
  }[];
  /** With --fix: what became of it. */
  readonly fix?: { readonly outcome: Outcome['is']; readonly why?: string };
}

/** `outcomes`: of a fix, by suspect. */
export function lfckRecord(
  found: Inspection,
  show: 'all' | 'usage' | 'suspects',
  outcomes: ReadonlyMap<Suspect, Outcome> = new Map(),
): LfckRecord {
  const { usage, judged, suspects, problems } = found;
  return {
    ...(show !== 'suspects' && {
      usage: {
        owners: usage.owners.map((row) => ownerRecord(row, found)),
        totals: usageRecord(usage.totals),
      },
    }),
    ...(judged && {
      suspects: suspects.map((suspect) => suspectRecord(suspect, found, outcomes.get(suspect))),
    }),
    problems: problems.map(({ path, message }) => ({ path: toJson(path), message })),
  };
}

function ownerRecord(row: OwnerUsage, { owners, judged }: Inspection): OwnerRecord {
  const { uid } = row;
  return {
    owner: toJson(owners.name(uid)),
    uid,
    ...(judged && { package: owners.isPackage(uid) }),
    ...usageRecord(row),
  };
}

function usageRecord(row: Omit<OwnerUsage, 'uid'>): UsageRecord {
  return {
    ...figureRecord(row),
    objects: row.objects,
    architectures: [...row.byArchitecture].map(([architecture, figure]) => ({
      architecture: toJson(architecture),
      ...figureRecord(figure),
    })),
  };
}

function figureRecord(figure: Figure): FigureRecord {
  const { own, exported } = figure;
  return { own, exported, total: sum(figure) };
}

function suspectRecord(
  { path, names, stat, suspected, evidence }: Suspect,
  { owners }: Inspection,
  outcome: Outcome | undefined,
): SuspectRecord {
  const nameOf = (uid: number | undefined): JsonBytes | null =>
    uid === undefined ? null : toJson(owners.name(uid));
  const paths = names.map(({ ground, name }): Bytes => {
    return shownPath(ground.directory.root, ground.directory.place, name);
  });
  return {
    path: toJson(path),
    ...(paths.length > 1 && { names: paths.map(toJson) }),
    type: stat.type,
    mode: stat.mode.toString(8).padStart(4, '0'),
    bytes: stat.blocks * 512,
    owner: toJson(owners.name(stat.uid)),
    uid: stat.uid,
    suspected:
      suspected === undefined ? null : { owner: toJson(owners.name(suspected)), uid: suspected },
    evidence: evidence.map(({ kind, owner, text }) => ({ kind, owner: nameOf(owner), text })),
    ...(outcome !== undefined && {
      fix: { outcome: outcome.is, ...('why' in outcome && { why: outcome.why }) },
    }),
  };
}
