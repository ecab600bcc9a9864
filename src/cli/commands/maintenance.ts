/** `xh maintenance [STEP…]`. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes, printable, toText } from '../../bytes/bytes.ts';
import {
  maintain,
  previewMaintenance,
  SHOW_ALL,
  TITLE,
  type Maintained,
  type MaintenanceOptions,
  type StepOutcome,
} from '../../depot/maintenance/maintain.ts';
import { splayOf } from '../../depot/maintenance/splay.ts';
import { STEPS, type Step } from '../../depot/maintenance/steps.ts';
import { createWalker } from '../../files/walk.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { nearest } from '../../message/nearest.ts';
import type { KnownFinding } from '../../report/fold.ts';
import { readKnown } from '../../report/known.ts';
import { countsOf, findingLines } from '../../report/letter.ts';
import { letterText, REPORT_LOG } from '../../report/send.ts';
import type { MaintenanceStep } from '../../site/maintenance-keys.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { countText, durationText } from '../figures.ts';
import { usage } from '../parse-words.ts';
import { columns } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export const command: Command = {
  usage: '[step...]',
  words: { step: STEPS.map(({ id }) => id) },
  details: `The job of every night: keeps this host right, and tells those whom it concerns what is not. Its
steps, in their order, all of them when none is named:

${STEPS.map(({ id, what }) => `  ${id.padEnd(9)} ${what}`).join('\n')}

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
with this system: 'xh mkpkg xhier --from DIR/software/xhier', then 'xh install xhier'.

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
    const wait = waitOf(call);
    const maintenance = maintenanceOf(call, only);
    if (options['dryRun'] === true) return showPreview(call, maintenance, wait);
    return run(call, maintenance, wait);
  },
};

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
    return tellReport(call, done, options['json'] === true);
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

/** `at 03:27, in 14:30 min, by the name of this host`. */
function beginText(seconds: number): string {
  const at = new Date(Date.now() + seconds * 1000);
  const [hours, minutes] = [at.getHours(), at.getMinutes()].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `at ${hours ?? ''}:${minutes ?? ''}, in ${durationText(seconds)}, by the name of this host`;
}

const WIDTH = Math.max(...STEPS.map(({ id }) => id.length));

function tellStep(terminal: Terminal, { id }: Step, outcome: StepOutcome): void {
  const { err } = terminal;
  const name = id.padEnd(WIDTH);
  switch (outcome.state) {
    case 'idle':
      terminal.detail(`${name}  ${err.dim(outcome.why)}`);
      break;
    case 'late':
      terminal.tell(`${name}  ${err.red('not begun: the time was over')}`);
      break;
    case 'done': {
      const { done, failed } = outcome.result;
      const took = terminal.verbose ? err.dim(` (${durationText(outcome.seconds)})`) : '';
      terminal.tell(`${name}  ${failed === true ? err.red(done) : done}${took}`);
    }
  }
}

function tellReport(call: Call, done: Maintained, json: boolean): ExitCode {
  const { terminal } = call;
  const { sent, letters, known } = done.reported;
  if (json) {
    terminal.print(
      toJsonText(
        {
          steps: done.steps.map(({ step, outcome }) => ({
            step: step.id,
            state: outcome.state,
            ...(outcome.state === 'idle' && { why: outcome.why }),
            ...(outcome.state === 'done' && {
              done: outcome.result.done,
              failed: outcome.result.failed === true,
              seconds: outcome.seconds,
            }),
          })),
          findings: done.findings.map(({ to, ...finding }) => ({
            ...finding,
            maintainers: to.map(toText),
          })),
          letters: sent.map(({ letter, delivery }) => ({
            recipients: letter.to.map(toText),
            subject: letter.subject,
            delivery: delivery.how,
          })),
        },
        2,
      ),
    );
  }
  let failed = done.failed;
  for (const { letter, delivery } of sent) {
    const to = letter.to.map(printable).join(', ');
    if (delivery.how === 'mailed') {
      terminal.tell(`mailed to ${to}: ${letter.subject}`);
      continue;
    }
    if (delivery.why !== undefined) {
      failed = true;
      terminal.warn(`${terminal.err.red('xh:')} not mailed to ${to}: ${delivery.why}`);
      terminal.warn(
        `    ${terminal.err.dim('→')} it is kept in ${printable(REPORT_LOG)}, and follows`,
      );
    }
    if (!json) for (const line of letterText(letter).trimEnd().split('\n')) terminal.print(line);
  }
  if (letters.length === 0) {
    const all = [...known.values()].flat();
    terminal.tell(
      all.length === 0
        ? 'nothing to report'
        : `nothing new to report; as before: ${countsOf(all)} (${SHOW_ALL})`,
    );
  }
  return failed ? EXIT.failed : EXIT.done;
}

function showPreview(call: Call, maintenance: MaintenanceOptions, wait: number): ExitCode {
  const { terminal, options } = call;
  const steps = previewMaintenance(maintenance);
  if (options['json'] === true) {
    const plain = steps.map(({ step, lines, idle }) => ({ step: step.id, does: lines, idle }));
    terminal.print(toJsonText({ wait, steps: plain }, 2));
    return EXIT.done;
  }
  terminal.tell(wait === 0 ? 'would begin at once' : `would begin ${beginText(wait)}`);
  const rows = steps.flatMap(({ step, lines, idle }) => {
    const shown =
      idle === undefined ? (lines.length === 0 ? ['nothing'] : lines) : [`nothing: ${idle}`];
    return shown.map((line, index) => [index === 0 ? step.id : '', line]);
  });
  for (const line of columns(rows)) terminal.print(line);
  return EXIT.done;
}

function showLast({ site, terminal, options }: Call): ExitCode {
  const walker = createWalker(site.root);
  try {
    const known = readKnown(walker, TITLE);
    if (options['json'] === true) {
      const plain = [...known].map(([address, findings]) => ({
        to: address,
        findings: findings.map(({ finding: { to: _, ...finding }, since, told }) => ({
          ...finding,
          since: new Date(since).toISOString(),
          told: new Date(told).toISOString(),
        })),
      }));
      terminal.print(toJsonText({ recipients: plain }, 2));
      return EXIT.done;
    }
    for (const [index, [address, findings]] of [...known].entries()) {
      if (index > 0) terminal.print('');
      terminal.print(`${terminal.out.bold(printable(address))}`);
      for (const line of findingLines(findings, Date.now())) terminal.print(line);
    }
    const all: KnownFinding[] = [...known.values()].flat();
    terminal.tell(
      all.length === 0 ? 'nothing is known to be wrong' : countText(all.length, 'finding'),
    );
    return EXIT.done;
  } finally {
    walker.close();
  }
}
