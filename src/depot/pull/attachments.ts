/** Before a pull: packages that the configuration wants by links are attached, and told from those that come as copies. */
import type { Bytes } from '../../bytes/bytes.ts';
import { applyPlan } from '../../host/apply.ts';
import { XhError } from '../../message/error.ts';
import { planAttachments } from '../attach/keep.ts';
import type { Changing, Looked } from './pulling.ts';

export interface KeptAttachments {
  /** Packages that are attached: nobody is to change their files. */
  readonly attached: ReadonlySet<Bytes>;
  /** Attached packages that are to be copies. */
  readonly toCopy: ReadonlySet<Bytes>;
  /** Those whose links have just been made. */
  readonly made: readonly Bytes[];
}

/** @param only packages to be concerned with; all when undefined. @throws XhError E_LOCKED; FileError */
export function keepAttachments(
  {
    config,
    change,
    warn,
  }: Pick<Looked, 'config'> & Changing & { readonly warn: (message: string) => void },
  only?: readonly Bytes[],
): Promise<KeptAttachments> {
  return change(async (host) => {
    const { attached, toCopy, plan, notes } = await planAttachments(host, config, only);
    for (const note of notes) warn(note);
    try {
      applyPlan(host.walker, plan);
      return { attached, toCopy, made: plan.packages };
    } catch (error) {
      // as long as they cannot be attached, they are what they were
      if (!(error instanceof XhError)) throw error;
      warn(`nothing was attached: ${error.message}`);
      return { attached, toCopy, made: [] };
    }
  });
}
