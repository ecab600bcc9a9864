/**
 * Putting one package's part of the host into a draft, and taking it out again: fragments in system
 * files, links in the farms, the receipt. Everything else that install, uninstall, use and
 * make-links do is which packages, and in which order.
 */
import { printable, type Bytes } from '../bytes/bytes.ts';
import type { MergedFragment } from '../export/fragment.ts';
import { planFragments, removeFragments } from '../export/planFragments.ts';
import { planFarm, type FarmRequest } from '../farm/plan.ts';
import type { WantedLink } from '../farm/wanted.ts';
import { userName } from '../host/lock.ts';
import { sha256 } from '../files/content.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { sameReceipt, type ReceiptFile, type ReceiptLink } from '../host/receipt.ts';
import { architecture } from '../site/arch.ts';
import { siteFileTypes } from '../site/config.ts';
import { readPackageOptions, type PackageMetadata } from '../package/read.ts';
import { type PackageEntry } from '../package/entries.ts';
import type { Planning } from './context.ts';
import { draftEdits, exportFiles, fragmentOwner, viewOf } from './fragments.ts';
import { wantedBy } from './links-of.ts';
import { packageFiles } from './package-files.ts';
import { receiptOf, writeReceipt } from './receipts.ts';
import { type PackageReceipt } from './receipt-set.ts';

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
  const wanted = options.current ? wantedBy(host, config, pack) : [];
  if (options.current) placeLinks(planning, pack, { wanted, had: before?.links ?? [] });
  else if (old !== undefined) deactivate(planning, old);
  const receipt: PackageReceipt = {
    format: 1,
    package: pack.directory,
    name: pack.name,
    ...(pack.version !== undefined && { version: pack.version }),
    architecture: architecture(),
    time: new Date().toISOString(),
    user: userName(),
    current: options.current,
    files: withAdopted(
      planning,
      packageFiles(host.walker, siteFileTypes(config), pack.directory, old?.files),
    ),
    fragments,
    links: wanted,
  };
  if (old === undefined || !sameReceipt(old, receipt)) writeReceipt(planning, receipt);
}

/** Plans taking fragments and links of an installed package out; the receipt is the caller's. */
export function deactivate(
  planning: Planning,
  receipt: PackageReceipt,
  options: { readonly leaving?: ReadonlySet<Bytes> } = {},
): void {
  const { draft, host } = planning;
  placeLinks(planning, receipt, { wanted: [], had: receipt.links, ...options });
  const removed = removeFragments({
    owner: fragmentOwner(host.site, receipt.name, undefined),
    before: receipt.fragments,
    host: viewOf(planning),
  });
  planning.conflicts.push(...removed.conflicts);
  planning.notes.push(...removed.notes);
  planning.conflicts.push(...draftEdits(draft, host.site, removed.edits));
}

/** Plans an installed package's links anew, and nothing else of it. */
export function relink(planning: Planning, pack: PackageEntry, receipt: PackageReceipt): void {
  const options = readPackageOptions(pack);
  const wanted = wantedBy(planning.host, planning.config, { ...pack, options });
  placeLinks(planning, { ...pack, options }, { wanted, had: receipt.links });
  keepLinks(planning, receipt, wanted);
}

/** Plans that a package which is installed, but is no longer in the depot, has no links. */
export function unlink(planning: Planning, receipt: PackageReceipt): void {
  placeLinks(planning, receipt, { wanted: [], had: receipt.links });
  keepLinks(planning, receipt, []);
}

function keepLinks(
  planning: Planning,
  receipt: PackageReceipt,
  links: readonly WantedLink[],
): void {
  if (planning.farm.adopted.size === 0 && sameLinks(receipt.links, links)) return;
  const next = { ...receipt, links, files: withAdopted(planning, receipt.files) };
  if (!sameReceipt(receipt, next)) writeReceipt(planning, next);
}

function sameLinks(one: readonly ReceiptLink[], other: readonly ReceiptLink[]): boolean {
  return (
    one.length === other.length &&
    one.every((link, i) => link.path === other[i]?.path && link.target === other[i].target)
  );
}

/** Files as they are when they have the content of what was adopted; its time is not known yet. */
function withAdopted(
  { farm: { adopted } }: Planning,
  files: readonly ReceiptFile[],
): readonly ReceiptFile[] {
  if (adopted.size === 0) return files;
  return files.map((file) => {
    const content = adopted.get(file.path);
    if (content === undefined || file.sha256 === undefined) return file;
    const { mtime: _, ...rest } = file;
    return { ...rest, size: content.length, sha256: sha256(content) };
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
    host: viewOf(planning),
  });
  planning.conflicts.push(...plan.conflicts);
  planning.notes.push(...plan.notes, ...plan.warnings.map(warningText));
  planning.conflicts.push(...draftEdits(draft, host.site, plan.edits));
  return plan.merged;
}

/** Where and what: among the notes of fifty packages nobody could tell whose it is. */
function warningText({ file, line, message }: Diagnostic): string {
  return `${printable(file)}:${line}: ${message}`;
}

/** A package that is in the depot, or what the receipt of one that leaves says of it. */
type Placed =
  | Pick<PackageMetadata, 'name' | 'directory' | 'options'>
  | Pick<PackageReceipt, 'name' | 'package'>;

function placeLinks(
  planning: Planning,
  pack: Placed,
  links: Pick<FarmRequest, 'wanted' | 'had' | 'leaving'>,
): void {
  const result = planFarm(planning.farm, {
    ...links,
    package: pack.name,
    directory: 'directory' in pack ? pack.directory : pack.package,
    priority: 'options' in pack ? pack.options.values.priority : 0,
  });
  planning.conflicts.push(...result.conflicts);
  planning.notes.push(...result.notes);
}
