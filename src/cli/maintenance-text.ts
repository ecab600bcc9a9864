/** What `xh maintenance` prints: its steps as they end, its report, what it would do, what is known. */
import { printable } from '../bytes/bytes.ts';
import {
  previewMaintenance,
  SHOW_ALL,
  TITLE,
  type Maintained,
  type MaintenanceOptions,
  type StepOutcome,
} from '../depot/maintenance/maintain.ts';
import type { Step } from '../depot/maintenance/step.ts';
import { STEPS } from '../depot/maintenance/steps.ts';
import { createWalker } from '../files/walk.ts';
import { toJsonText } from '../host/json.ts';
import { EXIT, type ExitCode } from '../message/error.ts';
import { readKnown } from '../report/known.ts';
import { countsOf, findingLines } from '../report/letter.ts';
import { letterText, REPORT_LOG } from '../report/send.ts';
import type { Call } from './command.ts';
import { countText, durationText } from './figures.ts';
import { columns } from './table.ts';
import type { Terminal } from './terminal.ts';

/** How wide the names of steps are. */
export const WIDTH = Math.max(...STEPS.map(({ id }) => id.length));

/** A step that has ended, or was left out. */
export function tellStep(terminal: Terminal, { id }: Step, outcome: StepOutcome): void {
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

/** The report: to whom it was mailed, or what it says. @returns the exit code */
export function tellReport(call: Call, done: Maintained, json: boolean): ExitCode {
  const { terminal } = call;
  const { sent, letters, known } = done.reported;
  if (json) terminal.print(toJsonText(jsonOf(done), 2));
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

function jsonOf({ steps, findings, reported }: Maintained): unknown {
  return {
    steps: steps.map(({ step, outcome }) => ({
      step: step.id,
      state: outcome.state,
      ...(outcome.state === 'idle' && { why: outcome.why }),
      ...(outcome.state === 'done' && {
        done: outcome.result.done,
        failed: outcome.result.failed === true,
        seconds: outcome.seconds,
      }),
    })),
    findings,
    letters: reported.sent.map(({ letter, delivery }) => ({
      to: letter.to,
      subject: letter.subject,
      delivery: delivery.how,
    })),
  };
}

/** `--dry-run`. @param wait seconds until it would begin */
export function showPreview(call: Call, maintenance: MaintenanceOptions, wait: number): ExitCode {
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

/** `--last`: all that is known, told or not. */
export function showLast({ site, terminal, options }: Call): ExitCode {
  const walker = createWalker(site.root);
  try {
    const known = readKnown(walker, TITLE);
    if (options['json'] === true) {
      const plain = [...known].map(([address, findings]) => ({
        to: address,
        findings: findings.map(({ finding, since, told }) => ({
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
      terminal.print(terminal.out.bold(printable(address)));
      for (const line of findingLines(findings, Date.now())) terminal.print(line);
    }
    const all = [...known.values()].flat();
    terminal.tell(
      all.length === 0 ? 'nothing is known to be wrong' : countText(all.length, 'finding'),
    );
    return EXIT.done;
  } finally {
    walker.close();
  }
}

/** `at 03:27, in 14:30 min, by the name of this host`. */
export function beginText(seconds: number): string {
  const at = new Date(Date.now() + seconds * 1000);
  const [hours, minutes] = [at.getHours(), at.getMinutes()].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `at ${hours ?? ''}:${minutes ?? ''}, in ${durationText(seconds)}, by the name of this host`;
}
