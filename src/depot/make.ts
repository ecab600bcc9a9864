/** `xh make install`: what a build has left in its stage becomes its package, in one step. */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import type { Build } from '../make/build.ts';
import type { HardWired } from '../make/hard-wired.ts';
import { hardWiredFiles, readStage, type Staged } from '../make/stage.ts';
import { demand } from '../package/admin-file.ts';
import { printFileTypes, readFileTypes } from '../package/file-types.ts';
import type { ImportFinding } from '../package/import/findings.ts';
import { printMaintainer } from '../package/maintainer.ts';
import { printOptions, readOptions } from '../package/options.ts';
import { siteFileTypes, type Config } from '../site/config.ts';
import { fileTypeSorter, type FileTypeRule } from '../site/file-types.ts';
import { finishPlanning, startPlanning, type Planning } from './context.ts';
import { currentDirectory, planCurrentLink } from './current.ts';
import { contentObjects } from './import.ts';
import { maintainerOf } from './maintainer.ts';
import type { MakePackage } from './make-package.ts';
import { textObject, type PackageObject } from './publish.ts';
import { planRebuild } from './rebuild.ts';

export interface MakeRequest {
  readonly package: MakePackage;
  readonly build: Build;
  readonly replace: boolean;
  readonly allowSetId: boolean;
  readonly maintainer?: string;
}

export interface MakeResult {
  readonly plan: Plan;
  readonly contents: (hash: string) => Uint8Array;
  /** Files, links and directories that the build has. */
  readonly objects: number;
  readonly hardWired: readonly HardWired[];
  /** What the placement has to say. */
  readonly findings: readonly ImportFinding[];
  /** What it installs elsewhere than in the package; left out. */
  readonly outside: readonly Bytes[];
  readonly notes: readonly string[];
}

/**
 * Plans a package from the stage of a build.
 * @throws XhError E_MAKE_NOTHING, E_NO_ARCH_STORE; ImportRefused; DiagnosticError for `.admin` files
 */
export async function planMake(
  host: Host,
  config: Config,
  request: MakeRequest,
): Promise<MakeResult> {
  const planning = startPlanning(host, config);
  const { name, version, directory } = request.package;
  const rules = ownRules(planning, directory);
  const staged = await readStage(request.build, {
    name,
    fileTypes: rules ?? [],
    allowSetId: request.allowSetId,
    ...(version !== undefined && { version }),
  });
  const built = (await contentObjects(staged.software)).map(withoutDirectoryTime);
  const admin = adminObjects(planning, request, staged.software.fileTypes);
  const rebuild = planRebuild(planning, {
    directory,
    architecture: request.build.architecture,
    built: [...built, ...admin],
    typeOf: fileTypeSorter(staged.software.fileTypes),
    replace: request.replace,
  });
  if (currentDirectory(planning, name) === undefined) planCurrentLink(planning, name, directory);
  return {
    plan: finishPlanning(planning, 'make', [directory]),
    contents: rebuild.contents,
    objects: built.length,
    hardWired: hardWiredFiles(request.build, staged, filesOf(built)),
    findings: staged.software.findings.filter(({ code }) => !TOLD_OTHERWISE.has(code)),
    outside: staged.outside,
    notes: notesOn(planning, request, { staged, rules, ...rebuild }),
  };
}

/** When a directory was last written to is the installation's affair: the same build is the same package. */
function withoutDirectoryTime(object: PackageObject): PackageObject {
  if (object.type !== 'directory') return object;
  const { path, type, mode } = object;
  return { path, type, mode };
}

/** The search for what is wired in tells it better; and sources are what it was built from. */
const TOLD_OTHERWISE: ReadonlySet<string> = new Set(['IMPORT_OLD_PLACE', 'IMPORT_OWNER']);

function* filesOf(
  objects: readonly PackageObject[],
): Generator<{ readonly path: Bytes; readonly content: Uint8Array }> {
  for (const object of objects) {
    if (object.type === 'file' && object.hardLinkOf === undefined) yield object;
  }
}

/** The package's own file types; undefined when it has none. */
function ownRules(
  { draft, config }: Planning,
  directory: Bytes,
): readonly FileTypeRule[] | undefined {
  const path = adminPath(directory, b`file-types`);
  const found = draft.read(path);
  if (found === undefined) return undefined;
  return demand(readFileTypes(path, found.content, siteFileTypes(config)));
}

/** What a package needs in `.admin` and has not got: people's files are theirs. */
function adminObjects(
  { draft, config }: Planning,
  { package: { directory, version }, maintainer }: MakeRequest,
  fileTypes: readonly FileTypeRule[],
): PackageObject[] {
  const options = printOptions(version === undefined ? {} : { version });
  const wanted: readonly (readonly [name: Bytes, content: () => Bytes])[] = [
    [b`Maintainer`, () => printMaintainer(maintainerOf(config, maintainer))],
    [b`Options`, () => b`# Made by xh make.\n${options}`],
    ...(fileTypes.length === 0 ? [] : [[b`file-types`, () => printFileTypes(fileTypes)] as const]),
  ];
  return wanted
    .filter(([name]) => draft.look(adminPath(directory, name)).type === 'absent')
    .map(([name, content]) => textObject(b`.admin/${name}`, content()));
}

function adminPath(directory: Bytes, name: Bytes): Bytes {
  return join(b`/.software/share/${directory}/.admin`, name);
}

interface Known {
  readonly staged: Staged;
  readonly rules: readonly FileTypeRule[] | undefined;
  readonly differing: readonly Bytes[];
  readonly gone: readonly Bytes[];
}

function notesOn(
  { draft }: Planning,
  { package: { directory, version } }: MakeRequest,
  { staged, rules, differing, gone }: Known,
): string[] {
  const notes: string[] = [];
  if (staged.indexes.length > 0)
    notes.push('its index of info pages is left out: each host has its own');
  const missing = staged.software.fileTypes.filter(
    ({ glob }) => rules !== undefined && !rules.some((rule) => rule.glob === glob),
  );
  if (missing.length > 0) {
    const lines = missing.map(({ glob, type }) => `'${printable(glob)} ${printable(type)}'`);
    notes.push(`add ${lines.join(', ')} to its .admin/file-types: compiled files are in it`);
  }
  const [first] = differing;
  if (first !== undefined) {
    const more = differing.length > 1 ? ` and ${differing.length - 1} more` : '';
    notes.push(
      `${printable(first)}${more}: another architecture's build has it otherwise; give it the type arch in .admin/file-types`,
    );
  }
  if (gone.length > 0) {
    notes.push(
      `${gone.length} file${gone.length === 1 ? '' : 's'} of the last build went: this one has them no more`,
    );
  }
  const path = adminPath(directory, b`Options`);
  const options = draft.read(path);
  const said = options && readOptions(path, options.content).value?.values.version;
  if (version !== undefined && said !== undefined && said !== version) {
    notes.push(
      `its .admin/Options say version ${printable(said)}, and this is ${printable(version)}: change it there`,
    );
  }
  return notes;
}
