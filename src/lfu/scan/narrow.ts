/**
 * One object of two trees, and nothing beside it: the way down to it and, where it is to go, what is
 * below it. A plan of so little answers what would happen to that object.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { EMPTY_LISTING, STRIDE, type Listing } from '../../files/listing.ts';
import type { Scanner } from './scanner.ts';

export interface Scanners {
  readonly master: Scanner;
  readonly slave: Scanner;
}

/** `scanners` that show of the trees only the object at `path`. */
export function narrowTo(path: Bytes, scanners: Scanners): Scanners {
  const asked = new Set<Bytes>();
  return {
    master: {
      ...scanners.master,
      list(place) {
        const next = nextName(place.path, path);
        if (next !== undefined) return onlyName(scanners.master.list(place), next);
        // a directory that both have: what is in it is not the question
        asked.add(place.path);
        return EMPTY_LISTING;
      },
    },
    slave: {
      ...scanners.slave,
      list(place) {
        const next = nextName(place.path, path);
        if (next !== undefined) return onlyName(scanners.slave.list(place), next);
        return asked.has(place.path) ? EMPTY_LISTING : scanners.slave.list(place);
      },
    },
  };
}

/** The next name on the way from `directory` to `path`; undefined when it does not lead there. */
function nextName(directory: Bytes, path: Bytes): Bytes | undefined {
  const prefix = directory === '' ? '' : `${directory}/`;
  if (!path.startsWith(prefix) || path === directory) return undefined;
  return path.slice(prefix.length).split('/')[0] as Bytes;
}

function onlyName(listing: Listing, name: Bytes): Listing {
  const index = listing.names.indexOf(name);
  const error = listing.failed.get(name);
  const failed = new Map(error === undefined ? [] : [[name, error]]);
  if (index < 0) return { ...EMPTY_LISTING, failed };
  const target = listing.targets.get(index);
  const attributes = listing.attributes.get(index);
  return {
    names: [name],
    rows: listing.rows.slice(index * STRIDE, (index + 1) * STRIDE),
    targets: new Map(target === undefined ? [] : [[0, target]]),
    attributes: new Map(attributes === undefined ? [] : [[0, attributes]]),
    failed,
  };
}
