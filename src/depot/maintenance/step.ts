/** The shape of one step of maintenance; the steps themselves stand in `steps.ts`. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { Walker } from '../../files/walk.ts';
import type { Finding } from '../../report/finding.ts';
import type { Config } from '../../site/config.ts';
import type { MaintenanceStep } from '../../site/maintenance-keys.ts';
import type { Site } from '../../site/site.ts';
import type { Ended } from './child.ts';
import type { MaintainersOf } from './step-findings.ts';

export interface StepContext {
  readonly site: Site;
  readonly walker: Walker;
  readonly config: Config;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly maintainersOf: MaintainersOf;
  /** Packages that are installed, by their directories. */
  readonly installed: () => readonly Bytes[];
  /** Runs a command of xh. */
  readonly xh: (...words: readonly string[]) => Promise<Ended>;
}

export interface StepResult {
  /** In a few words. */
  readonly done: string;
  readonly findings: readonly Finding[];
  /** Whether something of it could not be done. */
  readonly failed?: boolean;
  /** Whether it has not seen all that it looks at: what is not found may be there. */
  readonly incomplete?: boolean;
}

export interface Step {
  readonly id: MaintenanceStep;
  /** What it does, for the manual. */
  readonly what: string;
  /** Why there is nothing to do for it on this host; undefined when there is. */
  readonly idle?: (context: StepContext) => string | undefined;
  /** What it would do, for --dry-run. */
  readonly preview: (context: StepContext) => readonly string[];
  readonly run: (context: StepContext) => StepResult | Promise<StepResult>;
}
