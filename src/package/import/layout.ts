/**
 * From software to package: which object goes where, what its links say there, which file type it
 * has, and what people must know. Pure: what is to be written is all in the plan.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import type { FileTypeRule } from '../../site/file-types.ts';
import { validatePackageName, validateVersion } from '../name.ts';
import { reportContents } from './content-reports.ts';
import { ImportRefused } from './findings.ts';
import type { Inspection } from './inspect.ts';
import { planObjects } from './objects.ts';
import { placeAll } from './placement.ts';
import type { ImportPlan } from './plan.ts';
import type { CheckedSoftware } from './refusals.ts';
import { reportSoftware } from './reports.ts';
import { requirementsOf, type Depot } from './requirements.ts';
import { sortFiles } from './sorting.ts';
import { nodeAt } from './tree.ts';

export interface LayoutOptions {
  /** Instead of the software's own. */
  readonly name?: Bytes;
  readonly version?: Bytes;
  /** Set-id bits are kept. */
  readonly allowSetId?: boolean;
  /** Rules that come before those that the import adds, and the default ones. */
  readonly fileTypes?: readonly FileTypeRule[];
  /** Without it every dependency is the host's. */
  readonly depot?: Depot;
  /** Whether a path is on the host; without it interpreters are not looked for. */
  readonly hostHas?: (path: Bytes) => boolean;
}

/**
 * @throws ImportRefused (exit 3) when two objects must have one place; XhError E_PACKAGE_NAME,
 *   E_VERSION (exit 2)
 */
export function layoutImport(
  checked: CheckedSoftware,
  inspection: Inspection,
  options: LayoutOptions = {},
): ImportPlan {
  const { software, tree, places } = checked;
  const name = options.name ?? software.name;
  const version = options.version ?? software.version;
  validatePackageName(name);
  if (version !== undefined) validateVersion(version);
  const placement = placeAll(tree, places);
  const refusals = placement.findings.filter(({ severity }) => severity === 'refused');
  if (refusals.length > 0) throw new ImportRefused(software.path, refusals);

  const given = options.fileTypes ?? [];
  const sorting = sortFiles(software.architecture, placement, inspection, given);
  const fileTypes = [...given, ...sorting.fileTypes];
  const { objects, findings } = planObjects(checked, placement, inspection, {
    fileTypes,
    allowSetId: options.allowSetId ?? false,
  });
  const requirements = requirementsOf(software.dependencies, options.depot);
  const { hostHas } = options;
  return {
    software,
    name,
    ...(version !== undefined && { version }),
    ...(sorting.architecture !== undefined && { architecture: sorting.architecture }),
    fileTypes,
    dependencies: requirements.dependencies,
    objects,
    placeOf(path) {
      const node = nodeAt(tree, path);
      return (node && placement.placeOf(node)) ?? places.placeOf(path);
    },
    findings: [
      ...checked.findings,
      ...placement.findings,
      ...sorting.findings,
      ...findings,
      ...reportContents({
        tree,
        base: software.base,
        placement,
        inspection,
        packagePath: b`/software/${name}`,
        ...(hostHas !== undefined && { hostHas }),
      }),
      ...reportSoftware(software),
      ...requirements.findings,
    ],
  };
}
