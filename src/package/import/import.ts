/** From a path to the plan of an import: open, check, read, lay out. Nothing is written or run. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { ShowProgress } from '../../message/progress.ts';
import { inspectContents } from './inspect.ts';
import { layoutImport, type LayoutOptions } from './layout.ts';
import type { ImportPlan } from './plan.ts';
import { checkSoftware, type CheckOptions } from './refusals.ts';
import type { ImportLimits } from './source.ts';
import { openSoftware } from './sources.ts';

export interface ImportOptions extends LayoutOptions, CheckOptions {
  readonly limits?: Partial<ImportLimits>;
  /** Absolute path where the software stood or was built for. */
  readonly origin?: Bytes;
  readonly progress?: ShowProgress | undefined;
}

/**
 * The plan for making a package of the software at `path`: a Debian package, a tar archive, a
 * directory with installed software.
 *
 * @throws XhError exit 2 when it cannot be read; ImportRefused and E_IMPORT_LIMIT (exit 3) when it
 *   is not to be taken; E_PROGRAM_MISSING when a decompressor is not there
 */
export async function planImport(path: Bytes, options: ImportOptions = {}): Promise<ImportPlan> {
  const checked = checkSoftware(await openSoftware(path, options), options);
  return layoutImport(checked, await inspectContents(checked, options.progress), options);
}
