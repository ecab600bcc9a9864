/** Samples for the import tests: archives in directories of the test's own, and their plans. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, printable, type Bytes } from '../../../src/bytes/bytes.ts';
import { XhError } from '../../../src/message/error.ts';
import { planImport, type ImportOptions } from '../../../src/package/import/import.ts';
import { findingText, ImportRefused } from '../../../src/package/import/findings.ts';
import type { ImportPlan } from '../../../src/package/import/plan.ts';
import { temporaryDirectory } from '../../site.ts';
import { debOf, tarOf, type DebText, type TarMemberText } from './tar-writer.ts';

/** The path of a new file with this content. */
export function sampleFile(content: Buffer, name = 'sample.tar'): Bytes {
  const path = join(temporaryDirectory('import'), name);
  writeFileSync(path, content);
  return bytes(path);
}

export type Members = readonly (TarMemberText | Buffer)[];

export function planTar(members: Members, options?: ImportOptions): Promise<ImportPlan> {
  return planImport(sampleFile(tarOf(members)), options);
}

export function planDeb(deb: DebText | Members, options?: ImportOptions): Promise<ImportPlan> {
  const text = 'members' in deb ? deb : { members: deb };
  return planImport(sampleFile(debOf(text), 'sample.deb'), options);
}

/** `bin/foo`, `bin/bar -> foo` …, without directories. */
export function listing(plan: ImportPlan): string[] {
  return plan.objects
    .filter(({ type }) => type !== 'directory')
    .map((object) => {
      const path = printable(object.path);
      if (object.type === 'link') return `${path} -> ${printable(object.target)}`;
      if (object.type === 'file' && object.hardLinkOf !== undefined) {
        return `${path} = ${printable(object.hardLinkOf)}`;
      }
      return path;
    });
}

/** The findings of one code, as people see them. */
export function findingsOf(plan: ImportPlan, code: string): string[] {
  return plan.findings.filter((finding) => finding.code === code).map(findingText);
}

/** What `promise` fails with; it has to be an error that a user can cause. */
export async function failure(promise: Promise<unknown>): Promise<XhError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof XhError) return error;
  throw new Error('expected an XhError', { cause: error });
}

/** The codes and entries of a refusal. */
export async function refusals(promise: Promise<unknown>): Promise<string[]> {
  const error = await failure(promise);
  if (!(error instanceof ImportRefused)) throw error;
  return error.refusals.map(
    ({ code, path }) => `${code} ${path === undefined ? '' : printable(path)}`,
  );
}
