/** `lfu update`: the masters of a configuration in their order, a summary of each. */
import { hostname } from 'node:os';
import { bytes, printable, toJson, type Bytes } from '../bytes/bytes.ts';
import { changeLines, changeRecord, problemRecord, shown } from '../lfu/line.ts';
import type { Log } from '../lfu/log.ts';
import type { LfuReport, LfuResult } from '../lfu/options.ts';
import { runLfu } from '../lfu/run.ts';
import {
  loadUpdateConfig,
  selectMasters,
  updateConfigPath,
  type UpdateConfig,
} from '../lfu/update/config.ts';
import { demandForgettable, releaseFiles } from '../lfu/update/forget.ts';
import { openUpdateLog, type UpdateLog } from '../lfu/update/log.ts';
import { prepareMasters, update } from '../lfu/update/update.ts';
import { formatDiagnostic } from '../message/diagnostic.ts';
import { EXIT, XhError } from '../message/error.ts';
import { architecture } from '../site/arch.ts';
import { openSite } from '../site/open.ts';
import type { Site } from '../site/site.ts';
import { countText } from './figures.ts';
import type { LfuCommand, Streams } from './lfu-command.ts';
import { tellError } from './lfu-error.ts';
import { indexLines } from './lfu-index.ts';
import { createProgress } from './lfu-progress.ts';
import { listenForSignals, type Stop } from './lfu-stop.ts';
import { openStoreOf } from './lfu-store.ts';
import { summaryRecord } from './lfu-summary.ts';
import { UPDATE, readUpdate, type UpdateLine, type UpdateOptions } from './lfu-update-options.ts';
import { updateSummary, type Outcome } from './lfu-update-summary.ts';
import { errorStyles } from './terminal.ts';

export const command: LfuCommand<UpdateOptions> = {
  ...UPDATE,
  run(given) {
    const line = readUpdate(given);
    const site = openSite(line.root);
    const config = loadUpdateConfig(line.config ?? updateConfigPath(site));
    const call: Call = { line, site, config, out: given.out, err: given.err };
    return line.forget === undefined ? updateAll(call) : forget(call, line.forget);
  },
};

interface Call extends Streams {
  readonly line: UpdateLine;
  readonly site: Site;
  readonly config: UpdateConfig;
}

async function updateAll(call: Call): Promise<number> {
  const { line, site, config, err } = call;
  const chosen = selectMasters(config, line.names);
  const host = { arch: architecture(), host: bytes(hostname()) };
  const masters = prepareMasters(chosen, host);
  if (!line.quiet) {
    const warnings = masters.flatMap(({ rules }) => rules?.warnings ?? []).map(formatDiagnostic);
    for (const warning of new Set(warnings)) err.write(warning);
  }
  if (line.check) {
    if (!line.quiet)
      err.write(`lfu: the configuration is right (${countText(masters.length, 'master')})`);
    return EXIT.done;
  }
  const outcomes = new Map<Bytes, Outcome>();
  return withLog(call, async (log, stop) => {
    const code = await update({
      site,
      config,
      masters,
      dryRun: line.dryRun,
      instead: line,
      openStore: openStoreOf(site, line.dryRun, err),
      stopped: stop.signal,
      report: {
        of: (master) => reportOf(call, master, { log, stop }),
        done(master, result) {
          outcomes.set(master.name, result);
          tellDone(call, master.name, result);
        },
        failed(master, error) {
          outcomes.set(master.name, {
            refused: error instanceof XhError ? error.message : 'a defect of lfu, told above',
          });
          return tellFailed(call, master.name, error);
        },
        warn(message) {
          if (!line.quiet) err.write(`lfu: ${message}`);
        },
      },
    });
    const turns = chosen.map(({ name }) => ({ master: name, outcome: outcomes.get(name) }));
    summarize(call, turns, code);
    return code;
  });
}

async function forget(call: Call, name: Bytes): Promise<number> {
  const { line, site, config } = call;
  const configured = config.masters.map((master) => master.name);
  const slaves = demandForgettable(site, name, configured);
  if (line.keepFiles) {
    if (!line.dryRun) for (const slave of slaves) releaseFiles(site, name, slave);
    return EXIT.done;
  }
  return withLog(call, async (log, stop) => {
    const turns: { readonly master: Bytes; readonly outcome: Outcome }[] = [];
    let worst = 0;
    for (const slave of slaves) {
      try {
        const result = await runLfu({
          master: name,
          slave,
          hasLeft: true,
          dryRun: line.dryRun,
          maxDelete: line.maxDelete,
          ledger: { site, master: name, leaves: true },
          stopped: stop.signal,
          report: reportOf(call, { name, slave }, { log, stop }),
        });
        tellDone(call, name, result);
        turns.push({ master: name, outcome: result });
        worst = Math.max(worst, result.exit);
        if (result.exit > EXIT.failed) break;
      } catch (error) {
        worst = Math.max(worst, tellFailed(call, name, error));
      }
    }
    summarize(call, turns, worst);
    return worst;
  });
}

/** Runs `work` with the log open and signals listened to; dry runs are not logged. */
async function withLog(
  { line, site, config, err }: Call,
  work: (log: UpdateLog | undefined, stop: Stop) => Promise<number>,
): Promise<number> {
  const log = line.dryRun ? undefined : openUpdateLog(site, config.log);
  const stop = listenForSignals(err);
  try {
    const code = await work(log, stop);
    const failure = log?.failure();
    if (failure === undefined) return code;
    err.write(`lfu: the log could not be written to the end: ${failure}`);
    return Math.max(code, EXIT.failed);
  } finally {
    stop.forget();
    log?.close();
  }
}

function reportOf(
  { line, out, err }: Call,
  { name, slave }: { readonly name: Bytes; readonly slave: Bytes },
  to: { readonly log: UpdateLog | undefined; readonly stop: Stop },
): LfuReport {
  const log: Log | undefined = to.log?.of({ name, slave });
  return {
    changed(change) {
      if (line.json) out.write(JSON.stringify({ master: toJson(name), ...changeRecord(change) }));
      else if (line.itemize) {
        for (const text of changeLines(change)) out.write(`${printable(name)}: ${text}`);
      }
      log?.changed(change);
    },
    problem(problem) {
      const { path, message, remedy } = problem;
      if (line.json) out.write(JSON.stringify({ master: toJson(name), ...problemRecord(problem) }));
      err.write(`lfu: ${printable(name)}: ${shown(path)}: ${message}`);
      if (line.verbose && remedy !== undefined) err.write(`     ${remedy}`);
      log?.problem(problem);
    },
    examined(path) {
      log?.examined(path);
    },
    index(use) {
      for (const text of indexLines(use, line)) err.write(`lfu: ${printable(name)}: ${text}`);
    },
    progress: createProgress(line, { out, err }),
    due: to.stop.due,
  };
}

function tellDone({ line, out }: Call, name: Bytes, result: LfuResult): void {
  if (line.json) out.write(JSON.stringify({ master: toJson(name), ...summaryRecord(result) }));
}

/** At the end, when all else has passed; for cron, which mails what there is, only when something is wrong. */
function summarize(
  { line, err }: Call,
  turns: Parameters<typeof updateSummary>[0],
  code: number,
): void {
  const isWatched = line.verbose || (process.stderr.isTTY && !line.json);
  if (line.quiet || (code === EXIT.done && !isWatched)) return;
  const options = { ...line, failFast: false, styles: errorStyles(line.color) };
  for (const text of updateSummary(turns, code, options)) err.write(`lfu: ${text}`);
  if (code > EXIT.refused) err.write('     nothing is half done; run it again to finish');
}

/** A master's turn that was over before it began. */
function tellFailed({ line, out, err }: Call, name: Bytes, error: unknown): number {
  if (!(error instanceof XhError)) return tellError(error, err);
  const { code, message, remedy, exit } = error;
  if (line.json) {
    out.write(JSON.stringify({ master: toJson(name), error: code, message }));
  }
  err.write(`lfu: ${printable(name)}: ${message}`);
  if (remedy !== undefined) err.write(`     ${remedy}`);
  return exit === EXIT.usage || exit === EXIT.refused ? exit : EXIT.failed;
}
