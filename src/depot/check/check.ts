/**
 * `xh check`: mistakes in a package, found before it is distributed. Nothing of the package is run,
 * and nothing is changed.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import type { Severity } from './package-check.ts';
import { readIgnored } from './ignore.ts';
import type { Subject } from './subject.ts';
import { PACKAGE_CHECKS } from './table.ts';

/** One thing that is not as it should be. */
export interface CheckFinding {
  /** Package directory. */
  readonly package: Bytes;
  /** The id of the check that found it. */
  readonly check: string;
  readonly severity: Severity;
  /** With the package's own: `/software/foo/bin/foo`. */
  readonly path: Bytes;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly remedy: string;
}

export interface CheckResult {
  readonly findings: readonly CheckFinding[];
  /** How many the package's `.admin/check-ignore` left out. */
  readonly ignored: number;
}

/** Makes every check of the table on one package; the findings in the order of their paths. */
export function checkPackage(subject: Subject): CheckResult {
  const ignored = readIgnored(
    subject.top,
    PACKAGE_CHECKS.map(({ id }) => id),
  );
  const findings: CheckFinding[] = [];
  let left = 0;
  const take = (check: string, found: Iterable<Omit<CheckFinding, 'package' | 'check'>>): void => {
    for (const each of found) {
      if (ignored.ignores(check, each.path)) left++;
      else {
        const path = each.path === '' ? subject.shown : join(subject.shown, each.path);
        findings.push({ package: subject.directory, check, ...each, path });
      }
    }
  };
  // file by file, so that each content is read once
  for (const file of subject.files) {
    for (const { id, ofFile } of PACKAGE_CHECKS) if (ofFile) take(id, ofFile(file, subject));
  }
  for (const { id, ofPackage } of PACKAGE_CHECKS) if (ofPackage) take(id, ofPackage(subject));
  take('check-ignore', ignored.findings());
  return { findings: findings.toSorted(inOrder), ignored: left };
}

function inOrder(one: CheckFinding, other: CheckFinding): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0);
}
