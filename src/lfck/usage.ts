/**
 * Disk usage by owner and architecture: allocated blocks, as du(1) counts them, what only the
 * master has apart from what slaves have too. An object with several names is counted once.
 */
import { compareBytes, type Bytes } from '../bytes/bytes.ts';
import type { ObjectStat } from '../files/stat.ts';
import { SHARED } from './architecture-name.ts';
import type { Standing } from './standing.ts';

/** Bytes of allocated blocks. */
export interface Figure {
  /** On the master only. */
  readonly own: number;
  /** What slaves have too. */
  readonly exported: number;
}

export interface OwnerUsage extends Figure {
  readonly uid: number;
  readonly byArchitecture: ReadonlyMap<Bytes, Figure>;
  /** How many; one with several names is one. */
  readonly objects: number;
}

export interface Usage {
  /** `share` first, then in byte order. */
  readonly architectures: readonly Bytes[];
  /** The largest first. */
  readonly owners: readonly OwnerUsage[];
  readonly totals: Omit<OwnerUsage, 'uid'>;
}

export interface UsageCounter {
  count(stat: ObjectStat, standing: Standing): void;
  result(): Usage;
}

/** Own and exported together. */
export function sum({ own, exported }: Figure): number {
  return own + exported;
}

export function createUsageCounter(): UsageCounter {
  const owners = new Map<number, Row>();
  const linked = new Map<string, Standing>();

  function add(stat: ObjectStat, standing: Standing, factor: 1 | -1): void {
    const row: Row = owners.get(stat.uid) ?? { byArchitecture: new Map(), objects: 0 };
    owners.set(stat.uid, row);
    row.objects += factor;
    const architecture = standing.architecture ?? SHARED;
    const figure = row.byArchitecture.get(architecture) ?? { own: 0, exported: 0 };
    row.byArchitecture.set(architecture, figure);
    figure[standing.exported ? 'exported' : 'own'] += factor * stat.blocks * BLOCK;
  }

  return {
    count(stat, standing) {
      if (stat.links > 1 && stat.type !== 'd') {
        const key = `${stat.device}:${stat.inode}`;
        const counted = linked.get(key);
        // slaves have it as soon as one of its names is exported
        if (counted !== undefined && (counted.exported || !standing.exported)) return;
        if (counted !== undefined) add(stat, counted, -1);
        linked.set(key, standing);
      }
      add(stat, standing, 1);
    },
    result: () => usageOf(owners),
  };
}

/** As stat(2) has st_blocks. */
const BLOCK = 512;

interface Row {
  readonly byArchitecture: Map<Bytes, { own: number; exported: number }>;
  objects: number;
}

function usageOf(rows: ReadonlyMap<number, Row>): Usage {
  const owners = [...rows]
    .filter(([, row]) => row.objects > 0)
    .map(([uid, { byArchitecture, objects }]): OwnerUsage => {
      return { uid, byArchitecture, objects, ...added(byArchitecture.values()) };
    })
    .toSorted((one, other) => sum(other) - sum(one) || one.uid - other.uid);
  const architectures = [...new Set(owners.flatMap((row) => [...row.byArchitecture.keys()]))];
  architectures.sort((one, other) =>
    one === SHARED ? -1 : other === SHARED ? 1 : compareBytes(one, other),
  );
  const columns = architectures.map((architecture): [Bytes, Figure] => [
    architecture,
    added(owners.flatMap((row) => row.byArchitecture.get(architecture) ?? [])),
  ]);
  return {
    architectures,
    owners,
    totals: {
      byArchitecture: new Map(columns),
      objects: owners.reduce((objects, row) => objects + row.objects, 0),
      ...added(owners),
    },
  };
}

function added(figures: Iterable<Figure>): Figure {
  let own = 0;
  let exported = 0;
  for (const figure of figures) {
    own += figure.own;
    exported += figure.exported;
  }
  return { own, exported };
}
