/** `xh maintenance [STEP…]`. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { b, bytes, printable } from '../../bytes/bytes.ts';
import {
  maintain,
  type Maintained,
  type MaintenanceOptions,
} from '../../depot/maintenance/maintain.ts';
import { outcomesOf } from '../../depot/maintenance/outcomes.ts';
import { splayOf } from '../../depot/maintenance/splay.ts';
import { STEPS } from '../../depot/maintenance/steps.ts';
import { receiptsIn } from '../../depot/receipt-set.ts';
import { recordOutcomes } from '../../distribute/status/record.ts';
import { createDraft } from '../../host/draft.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { nearest } from '../../message/nearest.ts';
import { configPath, parseConfig } from '../../site/config.ts';
import type { MaintenanceStep } from '../../site/maintenance-keys.ts';
import { changeHost } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import {
  beginText,
  showLast,
  showPreview,
  tellReport,
  tellStep,
  WIDTH,
} from '../maintenance-text.ts';
import { usage } from '../parse-words.ts';
import { reportError } from '../report.ts';
import { shareStatus } from '../share-status.ts';
import type { Terminal } from '../terminal.ts';

export const command: Command = {
  usage: '[step...]',
  words: { step: STEPS.map(({ id }) => id) },
  details: `The job of every night: keeps this host right, and tells those whom it concerns what is not. Its
steps, in their order, all of them when none is named:

${STEPS.map(({ id, what }) => `  ${id.padEnd(10)}  ${what}`).join('\n')}

Each step is done as far as it gets, and one that fails keeps no other from being done. All together may
take 'maintenance.timeout' seconds: what runs then is ended, and the rest is told as not done. Only one
maintenance of a site runs at a time; a second one says who runs, and ends with 5.

What was found goes to people as mail: mistakes of a package to its maintainer, all else to whoever
maintains the host ('maintainer' in /etc/xhier.toml, else root); to each his own, each thing once, the
most important first. What is as it was the last time is folded into one line, and told in full again
after 'report.remind-days' days; what has gone is said once. When there is nothing new there is no mail.
'report.drop' has patterns of what is never told, 'report.wait' of what is no more than a note. Where
there is no sendmail(8) or mail(1), the report is printed, and kept in /.software/local/.admin/log/reports.

Hosts that are all started at the same time spread over 'maintenance.splay' seconds, each by its name, so
the same every night; --now begins at once. For systemd and cron there is a package, xhier, which comes
with this system, in the directory software of its installation:

  xh mkpkg xhier --from "$(npm root -g)/xhier/software/xhier"
  xh install xhier

A log is rolled when it is 'logs.size' bytes large (or 'logs.age' days old): LOG becomes LOG.1, and so on
up to 'logs.keep'. Whoever has it open goes on writing to LOG.1, of which nothing is lost; 'logs.tell'
has commands that make a package's programs open it anew. 'logs.skip' names logs that others roll.`,
  options: [
    { flags: '--now', summary: 'begin at once, instead of spreading by the name of the host' },
    { flags: '--splay <seconds>', summary: 'spread over so many seconds' },
    { flags: '--timeout <seconds>', summary: 'end after so many seconds' },
    { flags: '--last', summary: 'show all that the last one knew of, and do nothing' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh maintenance --now', explains: 'all of it, at once' },
    {
      command: 'xh maintenance --dry-run',
      explains: 'what would be done, and when it would begin',
    },
    { command: 'xh maintenance --now logs gc', explains: 'two of its steps' },
    { command: 'xh maintenance --last', explains: 'all that is known to be wrong, told or not' },
    { command: 'xh maintenance -q', explains: 'from cron: silent, but for what cannot be mailed' },
  ],
  exits: [
    { code: 0, means: 'done, and reported; what was found is in the report' },
    { code: 1, means: 'a step could not be done, or a report not be mailed; the rest is done' },
    { code: 5, means: 'maintenance of this site is being done already' },
  ],
  async run(call) {
    const { options } = call;
    const only = stepsOf(call.args);
    if (options['last'] === true) return showLast(call);
    if (options['dryRun'] === true) {
      return showPreview(call, maintenanceOf(call, only), waitOf(call));
    }
    const problem = configProblem(call);
    if (problem === undefined) return run(call, maintenanceOf(call, only), waitOf(call));
    return runWithoutConfig(call, problem);
  },
};

function configProblem({ config }: Call): XhError | undefined {
  try {
    config();
    return undefined;
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
}

/** At night nobody sees what is printed: what cannot be read is reported, by what holds everywhere. */
async function runWithoutConfig(call: Call, problem: XhError): Promise<ExitCode> {
  const code = reportError(problem, call.terminal);
  const defaults = parseConfig(configPath(call.site), b``);
  const able: Call = { ...call, config: () => defaults };
  await run(able, maintenanceOf(able, ['doctor']), 0);
  return code;
}

function stepsOf(words: readonly string[]): readonly MaintenanceStep[] | undefined {
  if (words.length === 0) return undefined;
  return words.map((word) => {
    const found = STEPS.find(({ id }) => id === word);
    if (found !== undefined) return found.id;
    const near = nearest(
      word,
      STEPS.map(({ id }) => id),
    );
    throw usage(
      `there is no step '${printable(bytes(word))}'`,
      near === undefined
        ? `the steps are ${STEPS.map(({ id }) => id).join(', ')}`
        : `did you mean '${near}'?`,
    );
  });
}

/** Seconds. */
function waitOf({ options, config }: Call): number {
  if (options['now'] === true) {
    if (options['splay'] === undefined) return 0;
    throw usage('--now and --splay exclude each other');
  }
  const splay = secondsOption(options['splay'], '--splay', 0, 86_400);
  return splayOf(hostname(), splay ?? config().values['maintenance.splay']);
}

function secondsOption(
  text: unknown,
  name: string,
  least: number,
  most: number,
): number | undefined {
  if (typeof text !== 'string') return undefined;
  const seconds = Number(text);
  if (/^\d{1,6}$/.test(text) && seconds >= least && seconds <= most) return seconds;
  throw usage(
    `${name} ${printable(bytes(text))}: expected a number of seconds, ${least} to ${most}`,
  );
}

function maintenanceOf(
  { site, config, options }: Call,
  only: readonly MaintenanceStep[] | undefined,
): MaintenanceOptions {
  const timeout = secondsOption(options['timeout'], '--timeout', 1, 604_800);
  return {
    site,
    config: config(),
    host: hostname(),
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    environment: process.env,
    timeout: timeout ?? config().values['maintenance.timeout'],
    ...(only !== undefined && { only }),
  };
}

async function run(call: Call, maintenance: MaintenanceOptions, wait: number): Promise<ExitCode> {
  const { terminal, options } = call;
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort();
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const { signal } = interruption;
    if (wait > 0) await waitFor(terminal, wait, signal);
    const done = await maintain({
      ...maintenance,
      signal,
      onBegin: ({ id }) => {
        terminal.detail(`${id.padEnd(WIDTH)}  begins`);
      },
      onEnd: (step, outcome) => {
        tellStep(terminal, step, outcome);
      },
    });
    const code = tellReport(call, done, options['json'] === true);
    await noteStatus(call, done);
    return code;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function waitFor(terminal: Terminal, seconds: number, signal: AbortSignal): Promise<void> {
  terminal.tell(`begins ${beginText(seconds)}; --now begins at once`);
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch {
    throw new XhError('E_INTERRUPTED', 'interrupted before maintenance had begun', {
      exit: EXIT.interrupted,
    });
  }
}

/** The record of this host says that it is alive, and what could not be installed; the rest pulls say. */
async function noteStatus(call: Call, { steps, findings }: Maintained): Promise<void> {
  const ran = steps.find(({ step }) => step.id === 'install')?.outcome;
  if (ran === undefined || ran.state === 'late') return;
  if (ran.state === 'done' && ran.result.incomplete === true) return;
  const { site, config, terminal } = call;
  try {
    await changeHost(call, (host) => {
      const installed = receiptsIn(createDraft(host.walker)).directories();
      const pulls = config().values.stores.length > 0;
      recordOutcomes(site, outcomesOf(findings, installed, pulls), { config: config() });
    });
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    terminal.warn(`warning: the status could not be written down: ${error.message}`);
  }
  await shareStatus(call);
}
