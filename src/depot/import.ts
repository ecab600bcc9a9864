/** `xh import`: a package out of software that exists, switched into the depot in one step. */
import { statSync } from 'node:fs';
import { b, bytes, printable, toBuffer, type Bytes } from '../bytes/bytes.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { EXIT, XhError } from '../message/error.ts';
import { printDependencies } from '../package/dependencies.ts';
import { printFileTypes } from '../package/file-types.ts';
import type { ImportFinding } from '../package/import/findings.ts';
import { planImport } from '../package/import/import.ts';
import { openSoftware } from '../package/import/sources.ts';
import { plannedContents, type ImportPlan, type PlannedFile } from '../package/import/plan.ts';
import { printMaintainer } from '../package/maintainer.ts';
import { packageDirectory } from '../package/name.ts';
import { printOptions } from '../package/options.ts';
import { listPackages } from '../package/entries.ts';
import type { Config } from '../site/config.ts';
import { fileTypeSorter } from '../site/file-types.ts';
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
}

export interface ImportResult {
  readonly plan: Plan;
  readonly directory: Bytes;
  readonly name: Bytes;
  readonly version?: Bytes;
  readonly objects: number;
  readonly findings: readonly ImportFinding[];
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
    ...(request.name !== undefined && { name: request.name }),
    ...(request.version !== undefined && { version: request.version }),
    ...(request.origin !== undefined && { origin: request.origin }),
  });
  const { name, version } = software;
  const directory =
    request.versioned && version !== undefined ? packageDirectory(name, version) : name;
  const objects = [...adminObjects(software, config, request), ...(await contentObjects(software))];
  const typeOf = fileTypeSorter(software.fileTypes);
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
    findings: software.findings,
    contents,
  };
}

/** @throws XhError E_NO_SOURCE (exit 2) */
function demandSource(source: Bytes): void {
  if (statSync(toBuffer(source), { throwIfNoEntry: false }) !== undefined) return;
  throw new XhError('E_NO_SOURCE', `there is no ${printable(source)} to import`, {
    exit: EXIT.usage,
    place: { file: source },
    remedy: 'name a .deb, a tarball, or a directory that an installation has left',
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
): PackageObject[] {
  const { summary, homepage, licence } = software.software;
  const options = printOptions({
    ...(software.version !== undefined && { version: software.version }),
    ...(summary !== undefined && { summary }),
    ...(licence !== undefined && { licence }),
    ...(homepage !== undefined &&
      /^(?:https?|ftp):\/\/[^ \t/]+\S*$/.test(homepage) && { homepage }),
  });
  const dependencies = printDependencies(software.dependencies);
  const from = `# Imported from ${printable(request.source.slice(request.source.lastIndexOf('/') + 1) as Bytes)}.\n`;
  return [
    { path: b`.admin`, type: 'directory', mode: 0o755 },
    textObject(b`.admin/Maintainer`, printMaintainer(maintainerOf(config, request.maintainer))),
    textObject(b`.admin/Options`, b`${bytes(from)}${options}`),
    ...(dependencies === '' ? [] : [textObject(b`.admin/Dependencies`, dependencies)]),
    ...(software.fileTypes.length === 0
      ? []
      : [textObject(b`.admin/file-types`, printFileTypes(software.fileTypes))]),
  ];
}

/** The software's own objects with their contents. */
async function contentObjects(software: ImportPlan): Promise<PackageObject[]> {
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
