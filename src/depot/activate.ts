/**
 * Putting one package's part of the host into a draft, and taking it out again: fragments in system
 * files, links in the farms, the receipt. Everything else that install, uninstall, use and
 * make-links do is which packages, and in which order.
 */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import type { MergedFragment } from '../export/fragment.ts';
import { planFragments, removeFragments } from '../export/planFragments.ts';
import { classesNamed, LINK_CLASSES, type LinkClass } from '../farm/classes.ts';
import { planFarm } from '../farm/plan.ts';
import { wantedLinks, type WantedLink } from '../farm/wanted.ts';
import { userName } from '../host/lock.ts';
import { parseReceipt, receiptPath, sameReceipt, type Receipt } from '../host/receipt.ts';
import { toJsonText } from '../host/json.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import { didYouMean } from '../message/nearest.ts';
import { architecture } from '../site/arch.ts';
import { isDefaultPackage, siteFileTypes } from '../site/config.ts';
import type { PackageMetadata } from '../package/read.ts';
import type { Planning } from './context.ts';
import { draftEdits, exportFiles, fragmentOwner, viewOf } from './fragments.ts';
import { packageFiles } from './package-files.ts';

/** A receipt with the fragments that this program merges. */
export type PackageReceipt = Receipt<MergedFragment>;

export interface ActivateOptions {
  /** Whether the package is what its name means here: only then it has fragments and links. */
  readonly current: boolean;
  /** The version that it takes the place of, whose fragments and links become its own. */
  readonly replaces?: PackageReceipt;
}

/** Plans fragments, links and receipt of an installed package. @throws DiagnosticError */
export function activate(
  planning: Planning,
  pack: PackageMetadata,
  options: ActivateOptions,
): void {
  const { host, config } = planning;
  const old = receiptOf(planning, pack.directory);
  const before = options.replaces ?? old;
  const fragments = options.current ? mergeFragments(planning, pack, before) : [];
  const wanted = options.current ? linksOf(planning, pack) : [];
  if (options.current || (old?.links.length ?? 0) > 0) {
    placeLinks(planning, pack, wanted, before?.links ?? []);
  }
  const receipt: PackageReceipt = {
    format: 1,
    package: pack.directory,
    name: pack.name,
    ...(pack.version !== undefined && { version: pack.version }),
    architecture: architecture(),
    time: new Date().toISOString(),
    user: userName(),
    current: options.current,
    files: packageFiles(host.walker, siteFileTypes(config), pack.directory, old?.files),
    fragments,
    links: wanted,
  };
  if (old === undefined || !sameReceipt(old, receipt)) writeReceipt(planning, receipt);
}

/** Plans taking fragments and links of an installed package out; the receipt is the caller's. */
export function deactivate(planning: Planning, receipt: PackageReceipt): void {
  const { draft, host } = planning;
  placeLinks(planning, receipt, [], receipt.links);
  const removed = removeFragments({
    owner: fragmentOwner(host.site, receipt.name, undefined),
    before: receipt.fragments,
    host: viewOf(draft, host.site),
  });
  planning.conflicts.push(...removed.conflicts);
  planning.notes.push(...removed.notes);
  draftEdits(draft, host.site, removed.edits);
}

/** Plans an installed package's links anew, and nothing else of it. */
export function relink(planning: Planning, pack: PackageMetadata, receipt: PackageReceipt): void {
  const links = linksOf(planning, pack);
  placeLinks(planning, pack, links, receipt.links);
  const next = { ...receipt, links };
  if (!sameReceipt(receipt, next)) writeReceipt(planning, next);
}

/** The receipt as the draft will leave it. */
export function receiptOf(planning: Planning, directory: Bytes): PackageReceipt | undefined {
  const file = planning.draft.read(receiptPath(directory));
  return file === undefined ? undefined : parseReceipt<MergedFragment>(file.content);
}

export function writeReceipt(planning: Planning, receipt: PackageReceipt): void {
  planning.draft.write(receiptPath(receipt.package), bytes(`${toJsonText(receipt)}\n`), {
    bookkeeping: true,
  });
}

function mergeFragments(
  planning: Planning,
  pack: PackageMetadata,
  before: PackageReceipt | undefined,
): readonly MergedFragment[] {
  const { draft, host } = planning;
  const plan = planFragments({
    owner: fragmentOwner(host.site, pack.name, pack.options.values.owner),
    exportFiles: exportFiles(host.walker, pack.directory),
    before: before?.fragments ?? [],
    host: viewOf(draft, host.site),
  });
  planning.conflicts.push(...plan.conflicts);
  planning.notes.push(...plan.notes, ...plan.warnings.map((warning) => warning.message));
  draftEdits(draft, host.site, plan.edits);
  return plan.merged;
}

/** The links that the package wants on this host; none when it is no default package here. */
function linksOf(planning: Planning, pack: PackageMetadata): readonly WantedLink[] {
  const { host, config } = planning;
  const names = [pack.name, pack.directory];
  if (!isDefaultPackage(config, names, pack.options.values.default)) return [];
  return wantedLinks(host.walker, host.site, {
    name: pack.name,
    directory: pack.directory,
    classes: classesFor(pack),
  });
}

function classesFor(pack: PackageMetadata): readonly LinkClass[] {
  const { links } = pack.options.values;
  if (links.which === 'all') return LINK_CLASSES;
  if (links.which === 'none') return [];
  const known = LINK_CLASSES.map(({ name }) => name);
  const unknown = links.classes.find((name) => !known.includes(name));
  if (unknown === undefined) return classesNamed(links.classes);
  throw new DiagnosticError([
    {
      severity: 'error',
      code: 'E_OPTION_VALUE',
      message: `there is no class of links '${printable(unknown)}'`,
      file: b`/software/${pack.directory}/.admin/Options`,
      line: pack.options.lines.get('links') ?? 1,
      column: 1,
      source: b`links = ${links.classes.join(' ') as Bytes}`,
      hint: didYouMean(unknown, known) ?? `known: ${known.join(', ')}`,
    },
  ]);
}

function placeLinks(
  planning: Planning,
  pack: { readonly name: Bytes; readonly options?: PackageMetadata['options'] },
  wanted: readonly WantedLink[],
  had: readonly WantedLink[],
): void {
  const result = planFarm(planning.draft, planning.host.site, {
    package: pack.name,
    priority: pack.options?.values.priority ?? 0,
    wanted,
    had,
    priorityOf: (name) => planning.priorityOf(name),
    preferred: (name) => planning.config.values.prefer.get(name),
  });
  planning.conflicts.push(...result.conflicts);
  planning.notes.push(...result.notes);
}
