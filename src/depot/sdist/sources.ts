/** What `xh sdist` sends: where a package's source stands, and which files of it go. */
import { realpathSync, statSync } from 'node:fs';
import { b, fromBuffer, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { about } from '../../files/error.ts';
import { BUILD_ROOT } from '../../make/build.ts';
import { copiedSources } from '../../make/copy-sources.ts';
import { listSources, type Listing } from '../../make/listing.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readAdminFile } from '../../package/admin-content.ts';
import { findPackage } from '../../package/read.ts';
import { parsePackageDirectory, type Request } from '../../package/name.ts';

import { packagePath, type Site } from '../../site/site.ts';
import { packageFor, type MakePackage } from '../make-package.ts';
import { IGNORES_NOTHING, parseSdistIgnore } from './ignore.ts';

export interface SdistSources {
  /** Absolute real path. */
  readonly source: Bytes;
  readonly package: Pick<MakePackage, 'name' | 'version' | 'directory'>;
  /** What goes, by path. */
  readonly listing: Listing;
  /** How many files are left at home, beside directories of builds and version control. */
  readonly leftOut: number;
  /** Bytes. */
  readonly size: number;
}

export interface SourceQuestion {
  /** A package whose `src` it is; else the source in `directory` says which package it is for. */
  readonly wanted?: Bytes | Request;
  /** Absolute. */
  readonly directory?: Bytes;
}

/**
 * Finds the source and lists it: without objects, what builds have left, and what the package's
 * `.admin/sdist-ignore` names.
 * @throws XhError E_NO_SOURCE, E_NO_PACKAGE, E_MAKE_PACKAGE; DiagnosticError; FileError
 */
export function sdistSources(site: Site, question: SourceQuestion): SdistSources {
  const { source, package: of } = place(site, question);
  const all = listSources(source, join(source, BUILD_ROOT));
  const { listing: plain } = copiedSources(all);
  const file = join(packagePath(site, of.directory), b`.admin/sdist-ignore`);
  const content = readAdminFile(file);
  const ignore = content === undefined ? IGNORES_NOTHING : parseSdistIgnore(file, content);
  const listing = new Map(
    [...plain].filter(([path, stamp]) => !ignore.ignores(path, stamp.startsWith('d'))),
  );
  const files = (some: Listing): number =>
    [...some.values()].filter((stamp) => !stamp.startsWith('d')).length;
  if (files(listing) === 0) {
    throw new XhError('E_NO_SOURCE', `there is nothing to send in ${printable(source)}`, {
      exit: EXIT.usage,
      place: { file: source },
      remedy:
        content === undefined ? 'say where the source is: -C DIR' : `look at ${printable(file)}`,
    });
  }
  return {
    source,
    package: of,
    listing,
    leftOut: files(all) - files(listing),
    size: [...listing.values()].reduce((sum, stamp) => sum + sizeOf(stamp), 0),
  };
}

function place(
  site: Site,
  { wanted, directory }: SourceQuestion,
): Pick<SdistSources, 'source' | 'package'> {
  if (wanted === undefined) {
    const source = realPath(directory ?? b`.`);
    const { name, version, directory: where } = packageFor(site, { source, versioned: false });
    return { source, package: { name, ...(version && { version }), directory: where } };
  }
  const { directory: where } = findPackage(site, wanted);
  const own = join(packagePath(site, where), b`src`);
  const source = directory ?? own;
  if (statSync(toBuffer(source), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new XhError(
      'E_NO_SOURCE',
      `${printable(where)} has no source here: there is no directory ${printable(source)}`,
      { exit: EXIT.usage, place: { file: source }, remedy: 'say where it is: -C DIR' },
    );
  }
  const { name, version } = parsePackageDirectory(where);
  return {
    source: realPath(source),
    package: { name, ...(version !== undefined && { version }), directory: where },
  };
}

function realPath(path: Bytes): Bytes {
  return about(path, () => fromBuffer(realpathSync(toBuffer(path), { encoding: 'buffer' })));
}

/** Of a stamp `f MODE SIZE NANOSECONDS`. */
function sizeOf(stamp: string): number {
  return stamp.startsWith('f ') ? Number(stamp.split(' ')[2] ?? 0) : 0;
}
