/** The refusal of a plan that has conflicts. */
import { EXIT, XhError } from '../message/error.ts';
import type { Plan } from './plan.ts';

/** A plan that cannot be carried out: every conflict, each with what settles it. */
export class ConflictError extends XhError {
  override readonly name = 'ConflictError';
  readonly plan: Plan;
  constructor(plan: Plan) {
    const { length } = plan.conflicts;
    super(
      'E_CONFLICT',
      `refused: ${length} conflict${length === 1 ? '' : 's'}; nothing has been changed`,
      {
        exit: EXIT.refused,
      },
    );
    this.plan = plan;
  }
}
