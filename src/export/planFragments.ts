/**
 * Everything in a package's `export/` as one plan: each kind in the order of the table, each seeing
 * what the ones before it would leave, all objections together.
 */
import { printable, slice, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import type {
  FragmentFile,
  FragmentKind,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
} from './fragment.ts';
import { kindNamed, KINDS, nearestKind } from './kinds.ts';
import { overlayHost } from './overlay.ts';
import { replace } from './replace.ts';
import { at, combined, refused } from './result.ts';

export interface PlanInput {
  readonly owner: FragmentOwner;
  /** Every file below `export/`. */
  readonly exportFiles: readonly FragmentFile[];
  /** What the last install merged, from the receipt; empty for a first install. */
  readonly before: readonly MergedFragment[];
  readonly host: HostView;
}

export interface FragmentPlan extends MergeResult {
  /** Findings that do not stop the install. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * What installing the fragments of one package changes. With a conflict there are no edits.
 * For several packages in one transaction, give each the {@link overlayHost} to which the edits of
 * those before it were applied.
 * @throws DiagnosticError with every finding of severity error, in all files of `export/`.
 */
export function planFragments({ owner, exportFiles, before, host }: PlanInput): FragmentPlan {
  const { byKind, findings } = sorted(exportFiles, host);
  const seen = overlayHost(host, rootOf(owner));
  const results: MergeResult[] = [];
  for (const kind of KINDS) {
    const files = byKind.get(kind.name) ?? [];
    const found = findingsOf(kind, files, seen);
    findings.push(...found);
    const records = before.filter((record) => record.kind === kind.name);
    if (found.some(({ severity }) => severity === 'error')) continue;
    const result = collecting(findings, () =>
      kind.merge({ owner, files, before: records, host: seen }),
    );
    if (!result) continue;
    results.push(result);
    seen.apply(result.edits);
  }
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new DiagnosticError(errors);
  const plan = combined([...results, unknownKinds(before)]);
  return { ...plan, warnings: findings };
}

/** What uninstalling takes out again: the kinds in the reverse order, each its own reverse. */
export function removeFragments({
  owner,
  before,
  host,
}: Omit<PlanInput, 'exportFiles'>): MergeResult {
  const seen = overlayHost(host, rootOf(owner));
  const results: MergeResult[] = [];
  for (const kind of KINDS.toReversed()) {
    const records = before.filter((record) => record.kind === kind.name);
    const result = kind.remove({ owner, before: records, host: seen });
    results.push(result);
    seen.apply(result.edits);
  }
  return combined([...results, unknownKinds(before)]);
}

/** Every finding in `export/`, warnings too, without planning anything (`xh check`). */
export function checkFragments({
  exportFiles,
  host,
}: Pick<PlanInput, 'exportFiles' | 'host'>): readonly Diagnostic[] {
  const { byKind, findings } = sorted(exportFiles, host);
  for (const kind of KINDS) findings.push(...findingsOf(kind, byKind.get(kind.name) ?? [], host));
  return findings;
}

/** The files by kind, and a finding for each that belongs to none. */
function sorted(
  files: readonly FragmentFile[],
  host: HostView,
): {
  readonly byKind: ReadonlyMap<string, FragmentFile[]>;
  readonly findings: Diagnostic[];
} {
  const byKind = new Map<string, FragmentFile[]>();
  const findings: Diagnostic[] = [];
  for (const file of files) {
    const cut = file.name.indexOf('/');
    const first = cut < 0 ? file.name : slice(file.name, 0, cut);
    const kind = kindNamed(first);
    const layout = cut < 0 ? 'file' : 'directory';
    if (kind?.layout === layout) {
      const read = kind.name === replace.name ? file : withContent(file, host);
      if (read) byKind.set(kind.name, [...(byKind.get(kind.name) ?? []), read]);
      else findings.push(leadsNowhere(file));
      continue;
    }
    const shown = printable(first);
    findings.push({
      severity: 'error',
      code: 'E_FRAGMENT_KIND',
      message: kind
        ? `export/${shown} has to be a ${kind.layout}, not a ${layout}`
        : `there is no kind of fragment '${shown}'`,
      file: file.path,
      // it is about the name: that is shown in the place of a line
      line: 1,
      column: 1,
      length: first.length,
      source: file.name,
      hint: kind
        ? kind.layout === 'file'
          ? `write the entries into one file export/${shown}`
          : `put it at export/${shown}/NAME`
        : (nearestKind(shown) ?? `known: ${KINDS.map(({ name }) => name).join(', ')}`),
    });
  }
  return { byKind, findings };
}

/** A link in `export/` stands for the file that it names; undefined when there is none. */
function withContent(file: FragmentFile, host: HostView): FragmentFile | undefined {
  if (file.link === undefined || file.content !== '') return file;
  const named = host.read(file.path);
  return named.type === 'file' ? { ...file, content: named.content, mode: named.mode } : undefined;
}

function leadsNowhere(file: FragmentFile): Diagnostic {
  const target = file.link ?? file.name;
  return {
    severity: 'error',
    code: 'E_FRAGMENT_LINK',
    message: `export/${printable(file.name)} is a link to no file`,
    file: file.path,
    // the target is shown in the place of a line
    line: 1,
    column: 1,
    length: target.length,
    source: target,
    hint: 'correct the link, or put the file itself there',
  };
}

function findingsOf(
  kind: FragmentKind,
  files: readonly FragmentFile[],
  host: HostView,
): readonly Diagnostic[] {
  const findings: Diagnostic[] = [];
  for (const file of files) {
    const found = collecting(findings, () => kind.check(file, kind.parse(file), host));
    findings.push(...(found ?? []));
  }
  return findings;
}

/** What `act` returns, or undefined when it throws diagnostics, which go to `findings`. */
function collecting<T>(findings: Diagnostic[], act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    findings.push(...error.diagnostics);
    return undefined;
  }
}

/** A receipt of a newer version may have kinds that nobody here can take back. */
function unknownKinds(before: readonly MergedFragment[]): MergeResult {
  const unknown = before.filter(({ kind }) => kindNamed(kind) === undefined);
  return refused(
    ...unknown.map(({ kind, path }) => ({
      code: 'E_FRAGMENT_KIND',
      path,
      message: `${at(path)} was changed by a fragment of kind '${kind}', which this version does not know`,
      remedy: 'use the version of xh that installed the package, or a newer one',
    })),
  );
}

function rootOf({ directory }: FragmentOwner): Bytes {
  return dirname(dirname(directory));
}
