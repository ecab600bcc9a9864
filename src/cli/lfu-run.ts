/** One call of `lfu`: options in, lines out, an exit code. */
import { hostname } from 'node:os';
import { bytes, type Bytes } from '../bytes/bytes.ts';
import { openAppender, type Appender } from '../files/append.ts';
import { changeLines, changeRecord, shown } from '../lfu/line.ts';
import { createLog, type Log } from '../lfu/log.ts';
import type { LfuResult } from '../lfu/options.ts';
import type { StopSignal } from '../lfu/pace.ts';
import { compileRules, type RuleSet } from '../lfu/rules/evaluator.ts';
import { systemSources } from '../lfu/rules/sources.ts';
import { runLfu } from '../lfu/run.ts';
import { DiagnosticError, formatDiagnostic } from '../message/diagnostic.ts';
import { EXIT, XhError } from '../message/error.ts';
import { architecture } from '../site/arch.ts';
import { openSite } from '../site/open.ts';
import { openLines, type Lines } from './lines.ts';
import { parseLfu, type LfuCommandLine } from './lfu-options.ts';

/** Runs one command line. Never throws for what a user can cause. @returns the exit code */
export async function lfu(argv: readonly string[]): Promise<number> {
  const out = openLines(1);
  const err = openLines(2);
  let code: number;
  try {
    const line = parseLfu(argv);
    code = line === undefined ? EXIT.done : await carryOut(line, out, err);
  } catch (error) {
    code = tellError(error, err);
  }
  out.flush();
  const failure = out.failure();
  if (failure !== undefined) err.write(`lfu: standard output could not be written: ${failure}`);
  err.flush();
  return failure !== undefined && code === EXIT.done ? EXIT.failed : code;
}

async function carryOut(line: LfuCommandLine, out: Lines, err: Lines): Promise<number> {
  const rules = readRules(line, err);
  if (line.check) {
    if (!line.quiet) err.write(`lfu: the rules are right (${rules?.chains.length ?? 0})`);
    return EXIT.done;
  }
  const { master, slave } = line;
  if (master === undefined || slave === undefined) return EXIT.usage;
  const appender = line.log === undefined ? undefined : openLog(line.log);
  const stop = listenForSignals();
  try {
    const log = logOf(line, master, appender, err);
    const result = await runLfu({
      ...line,
      master,
      slave,
      rules,
      ledger: {
        site: openSite(line.root),
        warn: (message) => {
          err.write(`lfu: ${message}`);
        },
      },
      stopped: stop.signal,
      report: reportOf(line, log, { out, err, toFile: appender !== undefined }),
    });
    summarize(result, line, err);
    return log.isBroken() && result.exit === EXIT.done ? EXIT.failed : result.exit;
  } finally {
    stop.forget();
    appender?.close();
  }
}

function readRules(line: LfuCommandLine, err: Lines): RuleSet | undefined {
  if (line.scripts.length === 0) return undefined;
  const sources = systemSources({
    arch: architecture(),
    netgroupFiles: line.netgroupFiles,
    host: bytes(hostname()),
  });
  const rules = compileRules(line.scripts, sources);
  if (!line.quiet) for (const warning of rules.warnings) err.write(formatDiagnostic(warning));
  return rules;
}

/**
 * Where nothing else is said, what rules want logged goes to standard error. A log that cannot be
 * written any more does not stop the work.
 */
function logOf(
  line: LfuCommandLine,
  master: Bytes,
  appender: Appender | undefined,
  err: Lines,
): Log & { readonly isBroken: () => boolean } {
  let isBroken = false;
  const write = (text: string): void => {
    if (appender === undefined) {
      err.write(text);
      return;
    }
    try {
      if (!isBroken) appender.append(text);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      isBroken = true;
      err.write(`lfu: the log cannot be written any more: ${error.message}`);
    }
  };
  return { ...createLog({ json: line.json, master, write }), isBroken: () => isBroken };
}

function reportOf(
  line: LfuCommandLine,
  log: Log,
  to: { readonly out: Lines; readonly err: Lines; readonly toFile: boolean },
) {
  const { out, err, toFile } = to;
  const progress = createProgress(line, err);
  return {
    changed(change: Parameters<Log['changed']>[0]) {
      if (line.json) out.write(JSON.stringify(changeRecord(change)));
      else if (line.itemize) for (const text of changeLines(change)) out.write(text);
      if (!line.dryRun && (toFile || change.after?.log === true)) log.changed(change);
    },
    problem(problem: Parameters<Log['problem']>[0]) {
      err.write(`lfu: ${shown(problem.path)}: ${problem.message}`);
      if (line.verbose && problem.remedy !== undefined) err.write(`     ${problem.remedy}`);
      if (!line.dryRun && toFile) log.problem(problem);
    },
    examined(path: Bytes) {
      log.examined(path);
    },
    progress,
  };
}

export type ProgressReport = Parameters<
  NonNullable<NonNullable<Parameters<typeof runLfu>[0]['report']>['progress']>
>[0];

/** For people at a terminal who wait longer than a second. */
export function createProgress(
  line: { readonly quiet: boolean },
  err: Lines,
): (progress: ProgressReport) => void {
  if (line.quiet || !process.stderr.isTTY) return () => undefined;
  const start = performance.now();
  let last = start;
  return (progress) => {
    const now = performance.now();
    if (now - start < 1000 || now - last < 200) return;
    last = now;
    err.passing(
      progress.phase === 'scan'
        ? `${progress.objects} objects compared`
        : `${progress.done} of ${progress.total} changes made`,
    );
  };
}

function summarize(result: LfuResult, line: LfuCommandLine, err: Lines): void {
  const { changes, removals, bytes: copied, problems, objects, exit } = result;
  if (exit === 130 || exit === 143) {
    err.write('lfu: interrupted; what was done is complete, run it again for the rest');
  }
  if (problems > 0 && !line.quiet) {
    const rest = line.failFast ? 'stopped at the first' : 'everything else is done';
    err.write(`lfu: ${problems} failed; ${rest}`);
  }
  if (line.verbose) {
    err.write(
      `lfu: ${changes} changes (${removals} removed, ${copied} bytes copied); ` +
        `${objects.master} objects on the master, ${objects.slave} on the slave`,
    );
  }
}

function openLog(path: Bytes): Appender {
  try {
    return openAppender(path);
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    throw new XhError('E_LFU_LOG', `the log cannot be written: ${error.message}`, {
      exit: EXIT.usage,
      place: { file: path },
      cause: error,
    });
  }
}

/** The first signal asks the run to stop; the second is not waited for. */
export function listenForSignals(): {
  readonly signal: () => StopSignal | undefined;
  forget(): void;
} {
  let caught: StopSignal | undefined;
  const catchSignal = (signal: StopSignal): void => {
    if (caught !== undefined) process.exit(caught === 'SIGINT' ? 130 : 143);
    caught = signal;
  };
  process.on('SIGINT', catchSignal);
  process.on('SIGTERM', catchSignal);
  return {
    signal: () => caught,
    forget() {
      process.off('SIGINT', catchSignal);
      process.off('SIGTERM', catchSignal);
    },
  };
}

export function tellError(error: unknown, err: Lines): number {
  if (error instanceof DiagnosticError) {
    for (const diagnostic of error.diagnostics) err.write(formatDiagnostic(diagnostic));
    return EXIT.usage;
  }
  if (error instanceof XhError) {
    err.write(`lfu: ${error.message}`);
    if (error.remedy !== undefined) err.write(`     ${error.remedy}`);
    return error.exit === EXIT.usage || error.exit === EXIT.refused ? error.exit : EXIT.failed;
  }
  err.write('lfu: this is a defect of lfu, not of what you did; please report it:');
  err.write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}
