/** One call of `lfu`: options in, lines out, an exit code. */
import { hostname } from 'node:os';
import { bytes, type Bytes } from '../bytes/bytes.ts';
import { openAppender, type Appender } from '../files/append.ts';
import { changeLines, changeRecord, problemRecord, shown } from '../lfu/line.ts';
import { createLog, type Log } from '../lfu/log.ts';
import type { IndexUse, LfuResult } from '../lfu/options.ts';
import { compileRules, type RuleSet } from '../lfu/rules/evaluator.ts';
import { systemSources } from '../lfu/rules/sources.ts';
import { runLfu } from '../lfu/run.ts';
import { EXIT, XhError } from '../message/error.ts';
import { architecture } from '../site/arch.ts';
import { openSite } from '../site/open.ts';
import { indexLines } from './lfu-index.ts';
import { openStoreOf } from './lfu-store.ts';
import { diagnosticText } from './diagnostic-text.ts';
import { countText } from './figures.ts';
import { close } from './lfu-command.ts';
import { tellError } from './lfu-error.ts';
import { openLines, type Lines } from './lines.ts';
import { parseLfu, type LfuCommandLine } from './lfu-options.ts';
import { createProgress } from './lfu-progress.ts';
import { listenForSignals } from './lfu-stop.ts';
import { summaryInColors, summaryLines, summaryRecord } from './lfu-summary.ts';
import { errorStyles } from './terminal.ts';

/** Runs one command line. Never throws for what a user can cause. @returns the exit code */
export async function lfu(argv: readonly string[]): Promise<number> {
  const err = openLines(2);
  const out = openLines(1, err);
  let line: LfuCommandLine | undefined;
  let code: number;
  try {
    line = parseLfu(argv, out);
    code = line === undefined ? EXIT.done : await carryOut(line, out, err);
  } catch (error) {
    code = tellError(error, err, line?.color);
    if (line?.json === true && error instanceof XhError) {
      out.write(JSON.stringify({ error: error.code, message: error.message, exit: code }));
    }
  }
  return close({ out, err }, code);
}

async function carryOut(line: LfuCommandLine, out: Lines, err: Lines): Promise<number> {
  const rules = readRules(line, err);
  if (line.check) {
    if (!line.quiet) err.write(`lfu: ${checkedText(rules)}`);
    return EXIT.done;
  }
  const { master, slave } = line;
  if (master === undefined || slave === undefined) return EXIT.usage;
  const appender = line.log === undefined ? undefined : openLog(line.log);
  const site = openSite(line.root);
  const stop = listenForSignals(err);
  let index: IndexUse | undefined;
  try {
    const log = logOf(line, master, appender, err);
    const result = await runLfu({
      ...line,
      master,
      slave,
      rules,
      openStore: openStoreOf(site, line.dryRun, err),
      ledger: {
        site,
        warn: (message) => {
          err.write(`lfu: ${message}`);
        },
      },
      stopped: stop.signal,
      report: {
        ...reportOf(line, log, { out, err, toFile: appender !== undefined }),
        due: stop.due,
        index(use) {
          index = use;
          for (const text of indexLines(use, line)) err.write(`lfu: ${text}`);
        },
      },
    });
    if (line.json) out.write(JSON.stringify(summaryRecord(result, index)));
    tellSummary(result, line, err);
    return log.isBroken() && result.exit === EXIT.done ? EXIT.failed : result.exit;
  } finally {
    stop.forget();
    appender?.close();
  }
}

function checkedText(rules: RuleSet | undefined): string {
  const { chains = [], warnings = [] } = rules ?? {};
  const but = warnings.length === 0 ? '' : `, but see the ${countText(warnings.length, 'warning')}`;
  return `the rules are right (${countText(chains.length, 'rule')})${but}`;
}

/** Figures are for whoever watches, or asks for them: cron has nothing to mail when nothing is wrong. */
function tellSummary(result: LfuResult, line: LfuCommandLine, err: Lines): void {
  const figures = line.verbose || (process.stderr.isTTY && !line.json);
  const styles = errorStyles(line.color);
  for (const text of summaryLines(result, { ...line, figures })) {
    err.write(`lfu: ${summaryInColors(text, styles)}`);
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
  if (!line.quiet) {
    const styles = errorStyles(line.color);
    for (const warning of rules.warnings) err.write(diagnosticText(warning, styles));
  }
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
  return {
    changed(change: Parameters<Log['changed']>[0]) {
      if (line.json) out.write(JSON.stringify(changeRecord(change)));
      else if (line.itemize) for (const text of changeLines(change)) out.write(text);
      if (!line.dryRun && (toFile || change.after?.log === true)) log.changed(change);
    },
    problem(problem: Parameters<Log['problem']>[0]) {
      if (line.json) out.write(JSON.stringify(problemRecord(problem)));
      err.write(`lfu: ${shown(problem.path)}: ${problem.message}`);
      if (line.verbose && problem.remedy !== undefined) err.write(`     ${problem.remedy}`);
      if (!line.dryRun && toFile) log.problem(problem);
    },
    examined(path: Bytes) {
      log.examined(path);
    },
    progress: createProgress(line, to),
  };
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
