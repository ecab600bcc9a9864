/**
 * Everything in a package's `export/` as one plan: each kind in the order of the table, each seeing
 * what the ones before it would leave, all objections together.
 */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { components, dirname } from '../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import type {
  FragmentFile,
  FragmentKind,
  FragmentOwner,
  HostView,
  MergedFragment,
  MergeResult,
  Standing,
} from './fragment.ts';
import { kindNamed, KINDS, nearestKind } from './kinds.ts';
import { overlayHost } from './overlay.ts';
import { replace } from './replace.ts';
import { at, combined, NOTHING, refused } from './result.ts';
import { filled, isTemplate } from './template.ts';

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
  const { byKind, findings } = sorted(exportFiles, host, owner);
  const seen = overlayHost(host, rootOf(owner));
  const results: MergeResult[] = [];
  // what the package has no more goes first, as at an uninstall: what uses names before the names
  for (const kind of KINDS.toReversed()) {
    if (byKind.has(kind.name)) continue;
    const records = before.filter((record) => record.kind === kind.name);
    const result = kind.remove({ owner, before: records, host: seen });
    results.push(result);
    seen.apply(result.edits);
  }
  for (const kind of KINDS) {
    const files = byKind.get(kind.name);
    if (files === undefined) continue;
    const found = findingsOf(kind, files, seen);
    findings.push(...found);
    const records = before.filter((record) => record.kind === kind.name);
    if (found.some(({ severity }) => severity === 'error')) continue;
    const result = collecting(findings, () =>
      kind.merge({ owner, files, before: records, host: seen }),
    );
    if (!result) continue;
    results.push(result);
    if (result.edits.length > 0) results.push(verified(kind, files, seen, findings));
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

/** What has become of a record of a receipt; undefined for a kind that this version does not know. */
export function fragmentStanding(
  record: MergedFragment,
  owner: FragmentOwner,
  host: HostView,
): Standing | undefined {
  return kindNamed(record.kind)?.standing(record, owner, host);
}

/** Every finding in `export/`, warnings too, without planning anything (`xh check`). */
export function checkFragments({
  exportFiles,
  host,
}: Pick<PlanInput, 'exportFiles' | 'host'>): readonly Diagnostic[] {
  const { byKind, findings } = sorted(exportFiles, host);
  for (const kind of KINDS) {
    const files = byKind.get(kind.name) ?? [];
    const found = findingsOf(kind, files, host);
    findings.push(...found);
    if (!found.some(({ severity }) => severity === 'error')) verified(kind, files, host, findings);
  }
  return findings;
}

/** Has the program that owns the format asked; what it says goes to `findings`. */
function verified(
  kind: FragmentKind,
  files: readonly FragmentFile[],
  host: HostView,
  findings: Diagnostic[],
): MergeResult {
  if (kind.verify === undefined || files.length === 0) return NOTHING;
  const { findings: found, skipped } = kind.verify(files, host);
  findings.push(...found);
  if (skipped === undefined) return NOTHING;
  const names = files.map(({ name }) => `export/${printable(name)}`).join(', ');
  return { ...NOTHING, notes: [`${names}: not checked: ${skipped}`] };
}

/** The files by kind, and a finding for each that belongs to none. */
function sorted(
  files: readonly FragmentFile[],
  host: HostView,
  owner?: FragmentOwner,
): {
  readonly byKind: ReadonlyMap<string, FragmentFile[]>;
  readonly findings: Diagnostic[];
} {
  const byKind = new Map<string, FragmentFile[]>();
  const findings: Diagnostic[] = [];
  for (const each of files) {
    const file = isTemplate(each) ? made(each, host, owner, findings) : each;
    if (file === undefined) continue;
    if (file !== each && files.some(({ name }) => name === file.name)) {
      findings.push(twice(each));
      continue;
    }
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

/** What a template becomes; undefined when it says what nobody knows. */
function made(
  template: FragmentFile,
  host: HostView,
  owner: FragmentOwner | undefined,
  findings: Diagnostic[],
): FragmentFile | undefined {
  const [, directory = b``] = components(template.path);
  const of = owner ?? { package: directory, directory: b`/software/${directory}` };
  const read = withContent(template, host);
  if (read === undefined) {
    findings.push(leadsNowhere(template));
    return undefined;
  }
  return collecting(findings, () => filled(read, of, host));
}

function twice({ name, path }: FragmentFile): Diagnostic {
  return {
    severity: 'error',
    code: 'E_FRAGMENT_TWICE',
    message: `export/${printable(name)} is a template for a file that is there too`,
    file: path,
    // it is about the name: that is shown in the place of a line
    line: 1,
    column: 1,
    length: name.length,
    source: name,
    hint: 'take one of the two out',
  };
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
