/**
 * `xh doctor`: whatever is wrong on a host, each finding with what mends it. A check that cannot be
 * made says so as a finding; none keeps the others from being made.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import type { Host } from '../../host/transaction.ts';
import { XhError } from '../../message/error.ts';
import { parsePackageDirectory } from '../../package/name.ts';
import type { Config } from '../../site/config.ts';
import { examine, type Examination } from './examination.ts';
import type { Found, HostCheck } from './finding.ts';
import { HOST_CHECKS } from './table.ts';

export interface Diagnosis {
  readonly findings: readonly Found[];
  /** In force, or the defaults where it cannot be read. */
  readonly config: Config;
  readonly packages: number;
}

/**
 * Makes every check of the table. Nothing is changed.
 * @param load reads the configuration; it may throw
 * @param about only findings about these packages, by name or directory; all without any
 */
export function diagnose(host: Host, load: () => Config, about: readonly Bytes[] = []): Diagnosis {
  const examination = examine(host, load);
  const all = allFindings(examination);
  const findings = about.length === 0 ? all : all.filter((each) => isAbout(each, about));
  const { config, receipts, damaged } = examination;
  return { findings, config, packages: receipts.length + damaged.length };
}

/** Trees that are not all there, or not where they are looked for, are told alone. */
function allFindings(examination: Examination): readonly Found[] {
  const first = HOST_CHECKS.filter(({ needsTrees }) => needsTrees !== true);
  const found = first.flatMap((check) => [...findingsOf(check, examination)]);
  const rest = HOST_CHECKS.filter(({ needsTrees }) => needsTrees === true);
  if (!isBaseless(found)) {
    return [...found, ...rest.flatMap((check) => [...findingsOf(check, examination)])].toSorted(
      (one, other) => rank(one) - rank(other),
    );
  }
  return [
    ...found,
    {
      check: 'trees',
      severity: 'note',
      message: `not looked at while that is so: ${rest.map(({ id }) => id).join(', ')}`,
      remedy: 'mend the trees and names first',
    },
  ];
}

/** Whether the trees, or the names by which they are reached, are not as everything else counts on. */
export function isBaseless(findings: readonly Found[]): boolean {
  return findings.some(
    ({ check, severity }) => severity === 'problem' && (check === 'trees' || check === 'names'),
  );
}

function rank({ check }: Found): number {
  return HOST_CHECKS.findIndex(({ id }) => id === check);
}

function* findingsOf(check: HostCheck, examination: Examination): Generator<Found> {
  try {
    for (const finding of check.run(examination)) yield { check: check.id, ...finding };
  } catch (error) {
    yield unchecked(check, error);
  }
}

/** A host that is broken is no reason to say nothing; a defect of ours neither. */
function unchecked({ id, what }: HostCheck, error: unknown): Found {
  const message = error instanceof Error ? error.message : String(error);
  const isKnown = error instanceof XhError;
  return {
    check: id,
    severity: 'problem',
    ...(isKnown && error.place !== undefined && { path: error.place.file }),
    message: `this could not be checked: ${what}: ${message}`,
    remedy: isKnown
      ? (error.remedy ?? 'mend that, and look again')
      : 'that is a defect of xhier: please report it, with what xh doctor --verbose prints',
  };
}

function isAbout({ package: of }: Found, about: readonly Bytes[]): boolean {
  if (of === undefined) return false;
  const { name } = parsePackageDirectory(of);
  return about.some((each) => each === of || each === name);
}

/** One line for the history: which checks a repair is for. */
export function reasonFor(mended: readonly Found[]): string {
  const checks = new Set(
    mended.map(({ check, package: of }) =>
      of === undefined ? check : `${check} of ${printable(of)}`,
    ),
  );
  return `mended: ${[...checks].join(', ')}`;
}
