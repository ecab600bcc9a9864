/** The directories in which trees of a type stand, made where they are missing. */
import { b } from '../../bytes/bytes.ts';
import { applyPlan } from '../../host/apply.ts';
import type { FileType } from '../../site/file-types.ts';
import { finishPlanning, startPlanning } from '../context.ts';
import { treesRoot } from '../publish.ts';
import type { Changing, Looked } from './pulling.ts';

/** @throws XhError E_TYPE_ROOT, E_LOCKED; FileError */
export async function makeRoots(
  types: readonly FileType[],
  { walker, config, change }: Pick<Looked, 'walker' | 'config'> & Changing,
): Promise<void> {
  const missing = types.filter(
    ({ name }) => walker.stat(b`/.software/${name}`, { follow: true }) === undefined,
  );
  if (missing.length === 0) return;
  await change((host) => {
    const planning = startPlanning(host, config);
    for (const type of missing) treesRoot(planning, type);
    applyPlan(host.walker, finishPlanning(planning, 'pull', []));
  });
  walker.forget();
}
