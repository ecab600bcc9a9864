/** Changes are made in whatever order, and told in the order of the plan. */
import type { LfuChange } from '../plan/change.ts';

/** What has come of a change. */
export type Outcome =
  | { readonly kind: 'made' }
  /** There was nothing to do, or it comes later. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** A change that has been begun. */
export interface Begun<Change extends LfuChange = LfuChange> {
  readonly change: Change;
  outcome: Outcome | undefined;
}

export interface Telling {
  /** To be called in the order of the plan. */
  begin<Change extends LfuChange>(change: Change): Begun<Change>;
  /** Tells it, and what was waiting for it, unless something before it is still open. */
  end(begun: Begun, outcome: Outcome): void;
  /** Tells what has been ended, and forgets the rest of what has been begun. */
  close(): void;
}

export function createTelling(tell: (change: LfuChange, outcome: Outcome) => void): Telling {
  let begun: Begun[] = [];
  let told = 0;

  return {
    begin(change) {
      const next = { change, outcome: undefined };
      begun.push(next);
      return next;
    },
    end(ended, outcome) {
      ended.outcome = outcome;
      for (let next = begun[told]; next?.outcome !== undefined; next = begun[told]) {
        told++;
        tell(next.change, next.outcome);
      }
      if (told === begun.length) {
        begun = [];
        told = 0;
      }
    },
    close() {
      const rest = begun.slice(told);
      begun = [];
      told = 0;
      for (const { change, outcome } of rest) {
        if (outcome !== undefined) tell(change, outcome);
      }
    },
  };
}
