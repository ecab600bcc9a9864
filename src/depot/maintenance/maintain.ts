/**
 * `xh maintenance`: the job of every night. Its steps one after another, each as far as it gets, within a
 * time limit, and a report at the end whatever has happened. One at a time on a host.
 */
import { b, bytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { closeDir, openDirAt, type Dir } from '../../files/dir.ts';
import { FileError } from '../../files/error.ts';
import { holderOf, tryLockDir } from '../../files/lock.ts';
import { createWalker, makeDirs, type Walker } from '../../files/walk.ts';
import { createDraft } from '../../host/draft.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readPackage } from '../../package/read.ts';
import type { Finding } from '../../report/finding.ts';
import { REPORTS } from '../../report/known.ts';
import { report, type Reported } from '../../report/report.ts';
import type { Config } from '../../site/config.ts';
import type { MaintenanceStep } from '../../site/maintenance-keys.ts';
import type { Site } from '../../site/site.ts';
import { receiptsIn } from '../receipt-set.ts';
import { aloneFindings } from '../alone.ts';
import { runChild } from './child.ts';
import { failure } from './install-all.ts';
import type { Step, StepContext, StepResult } from './step.ts';
import { STEPS } from './steps.ts';

export interface MaintenanceOptions {
  readonly site: Site;
  readonly config: Config;
  /** Name of the host, for the report. */
  readonly host: string;
  /** Node and the file of xh. */
  readonly program: readonly [string, ...string[]];
  readonly environment: NodeJS.ProcessEnv;
  /** Seconds for all steps. */
  readonly timeout: number;
  /** Only these. */
  readonly only?: readonly MaintenanceStep[];
  readonly onBegin?: (step: Step) => void;
  readonly onEnd?: (step: Step, outcome: StepOutcome) => void;
  /** Ends the step that runs, and all: then there is no report. */
  readonly signal?: AbortSignal;
}

export type StepOutcome =
  | { readonly state: 'done'; readonly result: StepResult; readonly seconds: number }
  /** There is nothing to do for it here, or the site leaves it out. */
  | { readonly state: 'idle'; readonly why: string }
  /** The time was over. */
  | { readonly state: 'late' };

export interface Maintained {
  readonly steps: readonly { readonly step: Step; readonly outcome: StepOutcome }[];
  readonly findings: readonly Finding[];
  readonly reported: Reported;
  /** Whether a step could not be done. */
  readonly failed: boolean;
}

/** What the report is called. */
export const TITLE = 'maintenance';
export const SHOW_ALL = 'xh maintenance --last';

/**
 * Runs the steps and reports.
 * @throws XhError E_MAINTENANCE_RUNS (exit 5) naming who runs; E_PERMISSION (4); E_INTERRUPTED (130);
 *   FileError when the report can be neither sent nor kept
 */
export async function maintain(options: MaintenanceOptions): Promise<Maintained> {
  const { site, config, host } = options;
  const walker = createWalker(site.root);
  let lock: Dir | undefined;
  try {
    lock = takeMaintenanceLock(walker, site);
    const now = Date.now();
    const deadline = performance.now() + options.timeout * 1000;
    const ran = await runSteps(contextFor(options, { walker, now, deadline }), options, deadline);
    const findings = [...ran.flatMap(findingsOf), ...aloneFindings(site, config, now)];
    // commands have exchanged directories meanwhile
    walker.forget();
    const reported = report(site, walker, findings, {
      config,
      host,
      title: TITLE,
      showAll: SHOW_ALL,
      now,
      isUnsure: isUnsure(ran, options),
    });
    const failed = ran.some(
      ({ outcome }) =>
        outcome.state === 'late' || (outcome.state === 'done' && outcome.result.failed === true),
    );
    return { steps: ran, findings, reported, failed };
  } finally {
    if (lock !== undefined) closeDir(lock);
    walker.close();
  }
}

type Preview = Omit<MaintenanceOptions, 'timeout'>;

/** What would be done: for each step what it does, or why nothing. Nothing is touched. */
export function previewMaintenance(
  options: Preview,
): readonly { readonly step: Step; readonly lines: readonly string[]; readonly idle?: string }[] {
  const walker = createWalker(options.site.root);
  try {
    const context = contextFor(options, { walker, now: Date.now(), deadline: 0 });
    return chosen(options).map((step) => {
      const idle = idleOf(step, context);
      return idle === undefined
        ? { step, lines: step.preview(context) }
        : { step, lines: [], idle };
    });
  } finally {
    walker.close();
  }
}

type Ran = { readonly step: Step; readonly outcome: StepOutcome };

async function runSteps(
  context: StepContext,
  options: MaintenanceOptions,
  deadline: number,
): Promise<Ran[]> {
  const ran: Ran[] = [];
  for (const step of chosen(options)) {
    refuseInterrupted(options);
    const idle = idleOf(step, context);
    let outcome: StepOutcome;
    if (idle !== undefined) outcome = { state: 'idle', why: idle };
    else if (performance.now() >= deadline) outcome = { state: 'late' };
    else {
      options.onBegin?.(step);
      const begun = performance.now();
      const result = await attempt(step, context);
      outcome = { state: 'done', result, seconds: (performance.now() - begun) / 1000 };
    }
    refuseInterrupted(options);
    options.onEnd?.(step, outcome);
    ran.push({ step, outcome });
  }
  return ran;
}

/** A step that throws, even by a defect of ours, keeps no other from being done. */
async function attempt(step: Step, context: StepContext): Promise<StepResult> {
  try {
    return await step.run(context);
  } catch (error) {
    const isKnown = error instanceof XhError;
    const message = error instanceof Error ? error.message : String(error);
    const remedy = isKnown ? error.remedy : 'that is a defect of xhier: please report it';
    const said = remedy === undefined ? message : `${message}\n→ ${remedy}`;
    return failure(`the step '${step.id}'`, step.id, { status: 1, stdout: '', stderr: said });
  }
}

interface Moment {
  readonly walker: Walker;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When all is to end, by performance.now(). */
  readonly deadline: number;
}

function contextFor(options: Preview, { walker, now, deadline }: Moment): StepContext {
  const { site, config, program, environment, signal } = options;
  return {
    site,
    walker,
    config,
    now,
    maintainersOf: (directory) => maintainersOf(site, directory),
    installed: () => {
      walker.forget();
      return receiptsIn(createDraft(walker)).directories();
    },
    xh: (...words) =>
      runChild(['--root', toText(site.root), '--lock-timeout', LOCK_TIMEOUT, ...words], {
        program,
        environment: { ...environment, NO_COLOR: '1' },
        timeout: Math.max(1, deadline - performance.now()),
        ...(signal && { signal }),
      }),
  };
}

/** Seconds: at night one waits for whoever works late. */
const LOCK_TIMEOUT = '600';

function chosen({ only }: Pick<MaintenanceOptions, 'only'>): readonly Step[] {
  return only === undefined ? STEPS : STEPS.filter(({ id }) => only.includes(id));
}

function idleOf(step: Step, context: StepContext): string | undefined {
  if (context.config.values['maintenance.skip'].includes(bytes(step.id))) {
    return 'left out by maintenance.skip';
  }
  return step.idle?.(context);
}

function findingsOf({ step, outcome }: Ran): readonly Finding[] {
  switch (outcome.state) {
    case 'done':
      return outcome.result.findings;
    case 'idle':
      return [];
    case 'late':
      return [
        {
          subject: 'host',
          to: [],
          severity: 'problem',
          code: `maintenance.${step.id}`,
          text: `the step '${step.id}' was not begun: the time for maintenance was over`,
          remedy: 'see what takes so long (xh maintenance -v), or make maintenance.timeout larger',
        },
      ];
  }
}

/** Which findings nobody could look for: those of steps that were not to be done, or could not be. */
function isUnsure(
  ran: readonly Ran[],
  { only }: MaintenanceOptions,
): (finding: Finding) => boolean {
  const skipped = only === undefined ? [] : STEPS.filter(({ id }) => !only.includes(id));
  const broken = ran.filter(
    ({ outcome }) =>
      outcome.state === 'late' || (outcome.state === 'done' && outcome.result.incomplete === true),
  );
  return ({ code }) =>
    skipped.some(({ id }) => isOf(id, code) || code === `maintenance.${id}`) ||
    broken.some(({ step: { id } }) => isOf(id, code));
}

function isOf(id: string, code: string): boolean {
  return code === id || code.startsWith(`${id}.`);
}

function maintainersOf(site: Site, directory: Bytes): readonly Bytes[] {
  try {
    return readPackage(site, directory).maintainers.map(({ address }) => address);
  } catch (error) {
    // then whoever keeps the host is told
    if (error instanceof XhError) return [];
    throw error;
  }
}

/** The lock is let go when the handle is closed. */
function takeMaintenanceLock(walker: Walker, site: Site): Dir {
  try {
    makeDirs(walker, REPORTS);
  } catch (error) {
    if (!(error instanceof FileError) || error.exit !== EXIT.notPermitted) throw error;
    throw new XhError(
      'E_PERMISSION',
      `you may not maintain the site ${printable(site.root)}: ${error.message}`,
      {
        exit: EXIT.notPermitted,
        place: { file: site.root },
        remedy: 'run it as the user whom the site belongs to: root, from cron or systemd',
        cause: error,
      },
    );
  }
  const place = walker.locate(REPORTS, { follow: true });
  const dir = openDirAt(place.dir, place.name);
  if (tryLockDir(dir)) return dir;
  const holder = holderOf(dir);
  closeDir(dir);
  const since =
    holder?.since === undefined ? '' : `, since ${new Date(holder.since).toISOString()}`;
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid} (${printable(holder.command ?? b`xh maintenance`)}${since})`;
  throw new XhError('E_MAINTENANCE_RUNS', `maintenance of this site is being done by ${who}`, {
    exit: EXIT.locked,
    remedy: 'wait for its end; xh maintenance --last shows what the last one has found',
  });
}

function refuseInterrupted({ signal }: MaintenanceOptions): void {
  if (signal?.aborted !== true) return;
  throw new XhError('E_INTERRUPTED', 'maintenance was interrupted, and reports nothing', {
    exit: EXIT.interrupted,
    remedy: 'what is done is done; xh maintenance --now begins again',
  });
}
