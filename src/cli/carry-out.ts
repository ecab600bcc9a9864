/** What every changing command does with its plan: show it, or apply it and tell the outcome. */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { isWithin } from '../bytes/path.ts';
import { applyPlan } from '../host/apply.ts';
import { isCollectionDue, planCollect } from '../host/collect.ts';
import { commitGeneration } from '../host/generations.ts';
import { createDraft } from '../host/draft.ts';
import { toJsonText } from '../host/json.ts';
import { holderText } from '../host/lock.ts';
import { visibleChanges, type Plan } from '../host/plan.ts';
import { visitHost, withHost, type Host } from '../host/transaction.ts';
import { runRefresh } from '../depot/refresh.ts';
import { undoScripts } from '../depot/scripts.ts';
import { EXIT, XhError, type ExitCode } from '../message/error.ts';
import { progressOf } from './call-progress.ts';
import type { Call } from './command.ts';
import { planText, readCurrent } from './plan-text.ts';
import { reportConflicts } from './report.ts';

/** Runs `work` with the site's lock; tells who is waited for and what a killed command had left. */
export function changeHost<T>(call: Call, work: (host: Host) => T | Promise<T>): Promise<T> {
  const { terminal } = call;
  return withHost(
    call.site,
    {
      command: call.commandLine,
      lockTimeout: call.config().values['lock-timeout'],
      onWait: (holder) => {
        terminal.tell(`waiting for ${printable(bytes(holderText(holder)))} to finish`);
      },
      onRecovery: ({ command, user, time, outcome }) => {
        terminal.warn(
          `xh ${command} of ${user} at ${time} had been interrupted: it was ${outcome}`,
        );
      },
      undoScripts,
      progress: progressOf(call),
    },
    work,
  );
}

/** Shows a plan for `--dry-run`: what would be done to standard output, as text or JSON. */
export function showPlan(call: Call, host: Host, plan: Plan): ExitCode {
  const { terminal, options } = call;
  if (options['json'] === true) terminal.print(toJsonText(plan, 2));
  else {
    const lines = planText(plan, {
      styles: terminal.out,
      verbose: terminal.verbose,
      current: readCurrent(createDraft(host.walker)),
    });
    for (const line of lines) terminal.print(line);
    if (lines.length === 0 && plan.conflicts.length === 0) terminal.tell('nothing to do');
    for (const note of plan.notes) terminal.tell(`note: ${note}`);
    reportConflicts(plan.conflicts, terminal);
  }
  return plan.conflicts.length === 0 ? EXIT.done : EXIT.refused;
}

/** Plans without the lock and shows it. */
export function dryRun(call: Call, planOn: (host: Host) => Plan): ExitCode {
  return visitHost(call.site, (host) => showPlan(call, host, planOn(host)));
}

/** Applies a plan as a generation and tells what was done. @returns the generation, if one was made */
export function commit(call: Call, host: Host, plan: Plan): number | undefined {
  const { terminal, options } = call;
  const shown = terminal.verbose
    ? planText(plan, {
        styles: terminal.err,
        verbose: true,
        current: readCurrent(createDraft(host.walker)),
      })
    : [];
  const reason = options['message'];
  const generation = commitGeneration(host, plan, {
    commandLine: call.commandLine,
    ...(typeof reason === 'string' && { reason }),
  });
  if (generation !== undefined) collectOld(call, host);
  for (const line of shown) terminal.detail(line);
  for (const note of plan.notes) terminal.tell(`note: ${note}`);
  if (terminal.interactive && plan.changes.some(({ path }) => isWithin(COMMANDS, path))) {
    terminal.tell(
      'note: a shell that is running may have to look again: rehash in csh, hash -r in bash',
    );
  }
  return generation;
}

/** What is beyond all limits goes, unless the site has that done by hand; it is no reason to fail. */
function collectOld({ config, terminal }: Call, host: Host): void {
  const { gc, 'keep-generations': keep, 'keep-days': days } = config().values;
  if (gc === 'manual') return;
  try {
    if (!isCollectionDue(host, { keep, days })) return;
    const { plan, generations } = planCollect(host, { keep, days });
    applyPlan(host.walker, plan);
    const [first, last] = [generations[0], generations.at(-1)];
    terminal.detail(
      `collected what generations ${first ?? ''} to ${last ?? ''} had kept: see xh gc`,
    );
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    terminal.warn(`warning: old generations were not collected: ${error.message}`);
    terminal.warn('    → all else is done; when that is mended, run xh gc');
  }
}

/** Where the links to commands stand. */
const COMMANDS = b`/.software/local/.admin/bins`;

/** Has the services and caches told that read what a plan has changed; a failure is a warning. */
export function tellServices(call: Call, host: Host, plan: Plan): void {
  runRefresh(host, plan, (line) => {
    call.terminal.warn(line);
  });
}

/** Packages by their names, the first of them when they are very many. */
export function namesText(names: readonly Bytes[]): string {
  const shown = names.slice(0, names.length > MOST_NAMES ? MOST_NAMES : undefined).map(printable);
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

const MOST_NAMES = 10;

/** One line on what a plan did: `3 links, 2 system files`. */
export function planSummary(plan: Plan): string {
  const changes = visibleChanges(plan);
  const links = changes.filter(
    (change) => change.op === 'link' || (change.op === 'remove' && change.before.type === 'link'),
  ).length;
  const files = new Set(
    changes
      .filter(
        (change) =>
          ['write', 'displace', 'restore'].includes(change.op) ||
          (change.op === 'remove' && change.before.type === 'file'),
      )
      .map((change) => printable(change.path)),
  );
  const parts = [
    ...(links > 0 ? [`${links} link${links === 1 ? '' : 's'}`] : []),
    ...(files.size > 0 ? [filesText([...files])] : []),
  ];
  return parts.length === 0 ? 'no links, no system files' : parts.join('; ');
}

/** System files by their paths, the first of them when they are very many. */
function filesText(paths: readonly string[]): string {
  if (paths.length <= MOST_FILES) return paths.join(', ');
  const more = paths.length - MOST_FILES;
  return `${paths.slice(0, MOST_FILES).join(', ')} and ${more} more system files`;
}

const MOST_FILES = 9;
