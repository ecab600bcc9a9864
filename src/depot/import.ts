/** `xh import`: a package out of software that exists, switched into the depot in one step. */
import { statSync } from 'node:fs';
import { b, bytes, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import { printDependencies } from '../package/dependencies.ts';
import { printFileTypes } from '../package/file-types.ts';
import type { ImportFinding } from '../package/import/findings.ts';
import { planImport } from '../package/import/import.ts';
import { relocate } from '../package/import/relocate.ts';
import {
  relocationReport,
  type Move,
  type RelocatedFile,
  type RelocationPlan,
  type RelocationReport,
} from '../package/import/relocation.ts';
import { standardPlace } from '../package/import/places.ts';
import { openSoftware } from '../package/import/sources.ts';
import { plannedContents, type ImportPlan, type PlannedFile } from '../package/import/plan.ts';
import { printMaintainer } from '../package/maintainer.ts';
import { packageDirectory } from '../package/name.ts';
import { printOptions } from '../package/options.ts';
import { listPackages } from '../package/entries.ts';
import { readPackageOptions } from '../package/read.ts';
import { printAdminLine } from '../package/admin-file.ts';
import type { Config } from '../site/config.ts';
import { fileTypeSorter } from '../site/file-types.ts';
import { packagePath, type Site } from '../site/site.ts';
import { finishPlanning, startPlanning } from './context.ts';
import { currentDirectory, planCurrentLink } from './current.ts';
import { maintainerOf } from './maintainer.ts';
import { planPublish, textObject, type PackageObject } from './publish.ts';

export interface ImportRequest {
  /** The .deb, archive or directory. */
  readonly source: Bytes;
  readonly name?: Bytes;
  readonly version?: Bytes;
  readonly maintainer?: string;
  /** The directory is NAME-VERSION. */
  readonly versioned: boolean;
  readonly replace: boolean;
  readonly allowSetId: boolean;
  /** Links that lead out of software of unknown origin are kept. */
  readonly allowOutsideLinks: boolean;
  /** Where the software stood or was built for. */
  readonly origin?: Bytes;
  /** What names the old place is changed, as far as that is safe. */
  readonly relocate?: boolean;
  /** What people call the source, when that is not its name. */
  readonly label?: Bytes;
}

export interface ImportResult {
  readonly plan: Plan;
  readonly directory: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes;
  readonly objects: number;
  readonly findings: readonly ImportFinding[];
  /** Of software that was built for a place of its own. */
  readonly relocation?: RelocationReport;
  readonly contents: (hash: string) => Uint8Array;
}

/**
 * Reads the software and plans its package; nothing of it is run. `companions` are names of packages
 * that are being imported with it.
 * @throws ImportRefused (exit 3), XhError E_PACKAGE_EXISTS (3), input errors (2)
 */
export async function importSoftware(
  host: Host,
  config: Config,
  request: ImportRequest,
  companions: readonly Bytes[] = [],
): Promise<ImportResult> {
  const planning = startPlanning(host, config);
  demandSource(request.source);
  const there = new Set([
    ...listPackages(host.site).flatMap((each) => [each.name, each.directory]),
    ...companions,
  ]);
  const software = await planImport(request.source, {
    allowSetId: request.allowSetId,
    allowOutsideLinks: request.allowOutsideLinks,
    depot: { has: (name) => there.has(name) },
    progress: host.progress,
    ...(request.name !== undefined && { name: request.name }),
    ...(request.version !== undefined && { version: request.version }),
    ...(request.origin !== undefined && { origin: request.origin }),
  });
  const { name, version } = software;
  const directory =
    request.versioned && version !== undefined ? packageDirectory(name, version) : name;
  const typeOf = fileTypeSorter(software.fileTypes);
  const made = request.relocate === true;
  const { objects: own, relocation } = relocated(software, await contentObjects(software), {
    destination: packagePath(host.site, directory),
    typeOf,
    made,
    neighbours: made ? movedBefore(host.site, directory) : [],
  });
  const objects = [...adminObjects(software, config, request, relocation), ...own];
  const contents = planPublish(planning, {
    directory,
    typeOf,
    objects,
    replace: request.replace,
    remedy:
      'give another --name, stand it beside the other with --versioned, or replace it with --replace',
  });
  if (currentDirectory(planning, name) === undefined) planCurrentLink(planning, name, directory);
  return {
    plan: finishPlanning(planning, 'import', [directory]),
    directory,
    name,
    ...(version !== undefined && { version }),
    objects: software.objects.length,
    findings: stillTrue(software.findings, relocation),
    ...(relocation !== undefined && { relocation }),
    contents,
  };
}

/** @throws XhError E_NO_SOURCE (exit 2) */
function demandSource(source: Bytes): void {
  if (statSync(toBuffer(source), { throwIfNoEntry: false }) !== undefined) return;
  throw new XhError('E_NO_SOURCE', `there is no ${printable(source)} to import`, {
    exit: EXIT.usage,
    place: { file: source },
    remedy:
      "name a .deb, a tarball, a directory that an installation has left, or 'npm:NAME' for npm to fetch",
  });
}

/** The names that several sources will have as packages, so that they may depend on each other. */
export async function softwareNames(sources: readonly Bytes[]): Promise<Bytes[]> {
  const names: Bytes[] = [];
  for (const source of sources) names.push((await openSoftware(source)).name);
  return names;
}

/** `.admin` of an imported package. */
function adminObjects(
  software: ImportPlan,
  config: Config,
  request: ImportRequest,
  relocation: RelocationReport | undefined,
): PackageObject[] {
  const { summary, homepage, licence, source } = software.software;
  const options = printOptions({
    ...(software.version !== undefined && { version: software.version }),
    ...(summary !== undefined && { summary }),
    ...(licence !== undefined && { licence }),
    ...(homepage !== undefined &&
      /^(?:https?|ftp):\/\/[^ \t/]+\S*$/.test(homepage) && { homepage }),
  });
  const isBuiltForIt = source !== 'prefix' || request.origin !== undefined;
  const isPlain = relocation !== undefined && /^\/[!-~]+$/.test(relocation.origin);
  const place =
    isBuiltForIt && isPlain ? printAdminLine(b`${ORIGIN_KEY} = ${relocation.origin}`) : b``;
  const dependencies = printDependencies(software.dependencies);
  const label = request.label ?? basename(request.source);
  const { builtBy } = software.software;
  const by = builtBy === undefined ? '' : `, built by ${printable(bytes(builtBy))}`;
  const from = `# Imported from ${printable(label)}${by}.\n`;
  return [
    { path: b`.admin`, type: 'directory', mode: 0o755 },
    textObject(b`.admin/Maintainer`, printMaintainer(maintainerOf(config, request.maintainer))),
    textObject(b`.admin/Options`, b`${bytes(from)}${options}${place}`),
    ...(dependencies === '' ? [] : [textObject(b`.admin/Dependencies`, dependencies)]),
    ...(software.fileTypes.length === 0
      ? []
      : [textObject(b`.admin/file-types`, printFileTypes(software.fileTypes))]),
  ];
}

/** The software's own objects with their contents. */
export async function contentObjects(software: ImportPlan): Promise<PackageObject[]> {
  const contents = new Map<PlannedFile, Buffer>();
  for await (const { files, pieces } of plannedContents(software)) {
    const collected: Buffer[] = [];
    for await (const piece of pieces) collected.push(Buffer.from(piece));
    const content = Buffer.concat(collected);
    for (const file of files) contents.set(file, content);
  }
  return software.objects.map((object): PackageObject => {
    const { path, mode, mtime } = object;
    const common = { path, mode, ...(mtime && { mtime }) };
    switch (object.type) {
      case 'directory':
        return { ...common, type: 'directory' };
      case 'file':
        return {
          ...common,
          type: 'file',
          content: contents.get(object) ?? Buffer.alloc(0),
          ...(object.hardLinkOf !== undefined && { hardLinkOf: object.hardLinkOf }),
        };
      case 'link':
        return {
          ...common,
          type: 'link',
          target: object.target,
          ...(object.to !== undefined && { to: object.to.path }),
        };
    }
  });
}

/** Where imported software stood: what depends on it may name that place, and be imported later. */
const ORIGIN_KEY = b`x-origin`;

/** The packages of the depot that stood somewhere else before, but for the one that is being made. */
function movedBefore(site: Site, directory: Bytes): Move[] {
  return listPackages(site).flatMap((entry): Move[] => {
    if (entry.directory === directory) return [];
    try {
      const origin = readPackageOptions(entry).extra.get(ORIGIN_KEY);
      if (origin === undefined || !/^\/[^/]/.test(origin)) return [];
      return [{ origin, destination: packagePath(site, entry.directory), placeOf: standardPlace }];
    } catch (error) {
      if (error instanceof XhError) return [];
      throw error;
    }
  });
}

interface Relocating extends Pick<RelocationPlan, 'destination' | 'typeOf' | 'neighbours'> {
  /** Whether contents are changed, or only looked at. */
  readonly made: boolean;
}

/** Objects of software from a place of its own, and what they say of that place. */
function relocated(
  software: ImportPlan,
  objects: readonly PackageObject[],
  { made, ...moving }: Relocating,
): { readonly objects: readonly PackageObject[]; readonly relocation?: RelocationReport } {
  const { origin, source } = software.software;
  // a whole root has no place of its own, and what npm has installed for us has never had another
  if (origin === undefined || origin === '/' || source === 'npm') return { objects };
  const plan = { ...moving, origin, placeOf: software.placeOf };
  const files: RelocatedFile[] = [];
  const changed = new Map<Uint8Array, Uint8Array>();
  for (const object of objects) {
    if (object.type !== 'file' || object.hardLinkOf !== undefined) continue;
    const { content, findings } = relocate(
      object.path,
      Buffer.from(object.content),
      object.mode,
      plan,
    );
    files.push(...findings);
    if (made && content !== undefined) changed.set(object.content, content);
  }
  return {
    relocation: relocationReport(origin, files, made),
    objects: objects.map((object) =>
      object.type === 'file'
        ? { ...object, content: changed.get(object.content) ?? object.content }
        : object,
    ),
  };
}

/**
 * Without what has been mended. What remains of the old place is for the record where the report has
 * it all together.
 */
function stillTrue(
  findings: readonly ImportFinding[],
  relocation: RelocationReport | undefined,
): readonly ImportFinding[] {
  if (relocation === undefined) return findings;
  const files = relocation.files.filter(({ kind }) => kind !== 'elsewhere');
  const stuck = new Set(
    files
      .filter(({ problem, kind }) => problem !== undefined || kind === 'compiled')
      .map(({ path }) => path),
  );
  const known = new Set(files.map(({ path }) => path));
  return findings.flatMap((finding) => {
    const { code, place } = finding;
    const isOfIt = code === 'IMPORT_OLD_PLACE' || code === 'IMPORT_SHEBANG';
    if (!isOfIt || place === undefined || !known.has(place)) return finding;
    if (relocation.made && !stuck.has(place)) return [];
    return { ...finding, severity: 'note' as const };
  });
}
