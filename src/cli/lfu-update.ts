/** `lfu update`: the masters of a configuration in their order, a summary of each. */
import { hostname } from 'node:os';
import { bytes, printable, toJson, type Bytes } from '../bytes/bytes.ts';
import { changeLines, changeRecord, shown } from '../lfu/line.ts';
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
import { withStreams, type Streams } from './lfu-command.ts';
import { createProgress, listenForSignals, tellError } from './lfu-run.ts';
import { parseUpdate, type UpdateLine } from './lfu-update-options.ts';

/** Runs one command line. @returns the exit code */
export function lfuUpdate(words: readonly string[]): Promise<number> {
  return withStreams(async (streams) => {
    const line = parseUpdate(words);
    if (line === undefined) return EXIT.done;
    const site = openSite(line.root);
    const config = loadUpdateConfig(line.config ?? updateConfigPath(site));
    const call: Call = { line, site, config, ...streams };
    return line.forget === undefined ? updateAll(call) : forget(call, line.forget);
  });
}

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
    if (!line.quiet) err.write(`lfu: the configuration is right (${masters.length} masters)`);
    return EXIT.done;
  }
  return withLog(call, (log, stopped) =>
    update({
      site,
      config,
      masters,
      dryRun: line.dryRun,
      instead: line,
      stopped,
      report: {
        of: (master) => reportOf(call, master, log),
        done(master, result) {
          summarize(call, master.name, result);
        },
        failed: (master, error) => tellFailed(call, master.name, error),
        warn(message) {
          if (!line.quiet) err.write(`lfu: ${message}`);
        },
      },
    }),
  );
}

async function forget(call: Call, name: Bytes): Promise<number> {
  const { line, site, config } = call;
  const configured = config.masters.map((master) => master.name);
  const slaves = demandForgettable(site, name, configured);
  if (line.keepFiles) {
    if (!line.dryRun) for (const slave of slaves) releaseFiles(site, name, slave);
    return EXIT.done;
  }
  return withLog(call, async (log, stopped) => {
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
          stopped,
          report: reportOf(call, { name, slave }, log),
        });
        summarize(call, name, result);
        worst = Math.max(worst, result.exit);
        if (result.exit > EXIT.failed) break;
      } catch (error) {
        worst = Math.max(worst, tellFailed(call, name, error));
      }
    }
    return worst;
  });
}

/** Runs `work` with the log open and signals listened to; dry runs are not logged. */
async function withLog(
  { line, site, config, err }: Call,
  work: (
    log: UpdateLog | undefined,
    stopped: ReturnType<typeof listenForSignals>['signal'],
  ) => Promise<number>,
): Promise<number> {
  const log = line.dryRun ? undefined : openUpdateLog(site, config.log);
  const stop = listenForSignals();
  try {
    const code = await work(log, stop.signal);
    if (code === 130 || code === 143) {
      err.write('lfu: interrupted; what was done is complete, run it again for the rest');
    }
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
  site: UpdateLog | undefined,
): LfuReport {
  const log: Log | undefined = site?.of({ name, slave });
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
      err.write(`lfu: ${printable(name)}: ${shown(path)}: ${message}`);
      if (line.verbose && remedy !== undefined) err.write(`     ${remedy}`);
      log?.problem(problem);
    },
    examined(path) {
      log?.examined(path);
    },
    progress: createProgress(line, err),
  };
}

function summarize({ line, out, err }: Call, name: Bytes, result: LfuResult): void {
  const { changes, removals, bytes: copied, problems, objects } = result;
  if (line.json) out.write(JSON.stringify({ master: toJson(name), summary: result }));
  if (line.quiet) return;
  const failed = problems === 0 ? '' : `; ${problems} failed`;
  const looked = line.verbose
    ? `; ${objects.master} objects on the master, ${objects.slave} on the slave`
    : '';
  err.write(
    `lfu: ${printable(name)}: ${changes} ${changes === 1 ? 'change' : 'changes'} ` +
      `(${removals} removed, ${copied} bytes copied)${failed}${looked}`,
  );
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
