/** One call of `lfck`: options in, a table and suspects out, perhaps owners changed, an exit code. */
import { createInterface } from 'node:readline/promises';
import { printable } from '../bytes/bytes.ts';
import { giveOwners, whyLeft, type Outcome } from '../lfck/give.ts';
import { inspect, type Inspection } from '../lfck/inspect.ts';
import type { Suspect } from '../lfck/suspects.ts';
import { DiagnosticError, formatDiagnostic } from '../message/diagnostic.ts';
import { EXIT, XhError } from '../message/error.ts';
import { loadConfig } from '../site/config.ts';
import { openSite } from '../site/open.ts';
import { lfckRecord } from './lfck-json.ts';
import { parseLfck, type LfckCommandLine } from './lfck-options.ts';
import { suspectLines, usageLines } from './lfck-text.ts';
import { openLines, type Lines } from './lines.ts';
import { createProgress, isWatched } from './progress.ts';
import { createTerminal, errorStyles, type Terminal } from './terminal.ts';

/** Runs one command line. Never throws for what a user can cause. @returns the exit code */
export async function dispatch(argv: readonly string[]): Promise<number> {
  const err = openLines(2);
  const out = openLines(1, err);
  let code: number;
  try {
    const line = parseLfck(argv, out);
    code = line === undefined ? EXIT.done : await carryOut({ line, out, err });
  } catch (error) {
    code = tellError(error, err);
  }
  out.flush();
  const failure = out.failure();
  if (failure !== undefined) err.write(`lfck: standard output could not be written: ${failure}`);
  err.flush();
  return failure !== undefined && code === EXIT.done ? EXIT.failed : code;
}

interface Call {
  readonly line: LfckCommandLine;
  readonly out: Lines;
  readonly err: Lines;
}

async function carryOut(call: Call): Promise<number> {
  const { line, err } = call;
  const terminal = createTerminal(line);
  const asks = line.fix && !line.dryRun && !line.yes;
  if (asks && (!terminal.interactive || line.json)) throw mustSayYes(line);
  const found = look(call);
  for (const { message } of found.problems) err.write(`lfck: ${message}`);
  const outcomes = new Map<Suspect, Outcome>();
  const fix = async (): Promise<void> => {
    if (line.fix && (await isAgreed(call, found, asks))) give(call, found, outcomes);
  };
  if (line.json) {
    try {
      await fix();
    } finally {
      call.out.write(JSON.stringify(lfckRecord(found, line.show, outcomes), undefined, 2));
    }
  } else {
    print(call, found, terminal);
    await fix();
  }
  if (!line.quiet) summarize(call, found, outcomes);
  const left = found.suspects.filter((suspect) => outcomes.get(suspect)?.is !== 'given');
  return left.length > 0 || found.problems.length > 0 ? EXIT.failed : EXIT.done;
}

function look({ line, err }: Call): Inspection {
  const site = openSite(line.root);
  const config = loadConfig(site, { environment: process.env });
  const judge = line.show !== 'usage';
  return inspect({ ...line, site, config, judge, progress: countObjects(line, err) });
}

function print({ line, out }: Call, found: Inspection, terminal: Terminal): void {
  const styles = terminal.out;
  const { clearSetId, verbose } = line;
  if (line.show !== 'suspects') {
    const width = process.stdout.isTTY ? process.stdout.columns : undefined;
    for (const text of usageLines(found, { styles, width })) out.write(text);
  }
  const suspects = suspectLines(found, { styles, clearSetId, each: verbose });
  if (suspects.length > 0 && line.show === 'all') {
    out.write('');
    out.write(styles.bold('Owned by no package'));
  }
  for (const text of suspects) out.write(text);
  out.flush();
}

/** Whether owners are to be changed now. */
async function isAgreed(call: Call, found: Inspection, asks: boolean): Promise<boolean> {
  const { line, err } = call;
  const count = givable(found, line).length;
  if (line.dryRun || count === 0) return false;
  if (!asks) return true;
  err.flush();
  const answer = await ask(`Give ${objects(count)} to the packages suspected? [y/N] `);
  return /^\s*y(?:es)?\s*$/i.test(answer);
}

/** The end of input is an answer too. */
async function ask(question: string): Promise<string> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => {
    prompt.once('close', () => {
      resolve('');
    });
  });
  try {
    return await Promise.race([prompt.question(question), ended]);
  } finally {
    prompt.close();
  }
}

function give({ line, err }: Call, found: Inspection, outcomes: Map<Suspect, Outcome>): void {
  giveOwners(givable(found, line), line, (suspect, outcome) => {
    outcomes.set(suspect, outcome);
    const path = printable(suspect.path);
    if (outcome.is === 'failed') err.write(`lfck: ${outcome.why}`);
    else if (outcome.is === 'left') err.write(`lfck: ${path}: left alone: ${outcome.why}`);
    else if (line.verbose) err.write(`lfck: ${path}: given to ${ownerText(found, outcome.owner)}`);
  });
}

function givable({ suspects }: Inspection, line: LfckCommandLine): readonly Suspect[] {
  return suspects.filter((suspect) => whyLeft(suspect, line) === undefined);
}

function summarize(
  { line, err }: Call,
  found: Inspection,
  outcomes: ReadonlyMap<Suspect, Outcome>,
): void {
  const { suspects, judged } = found;
  if (!judged && line.show !== 'usage') {
    err.write('lfck: no account is a package here: owners were not looked at (see --packages)');
    return;
  }
  if (suspects.length === 0) return;
  const ready = givable(found, line).length;
  const given = [...outcomes.values()].filter(({ is }) => is === 'given').length;
  if (outcomes.size > 0) {
    const left = suspects.length - given;
    err.write(`lfck: ${objects(given)} given to packages${left > 0 ? `, ${left} left` : ''}`);
  } else if (line.dryRun) {
    err.write(
      `lfck: ${objects(ready)} would be given to packages, ${suspects.length - ready} left`,
    );
  } else {
    const hint =
      ready === 0 || line.fix ? '' : `; 'lfck --fix' would give ${ready} of them to packages`;
    err.write(`lfck: ${objects(suspects.length)} owned by no package${hint}`);
  }
}

function objects(count: number): string {
  return count === 1 ? '1 object' : `${count} objects`;
}

function ownerText({ owners }: Inspection, uid: number): string {
  return printable(owners.name(uid));
}

/** For people at a terminal who wait longer than a second. */
function countObjects(line: LfckCommandLine, err: Lines): (objects: number) => void {
  if (line.quiet || !isWatched()) return () => undefined;
  const show = createProgress(errorStyles(line.color), (text) => {
    err.passing(text);
  });
  return (done) => {
    show({ doing: 'looking', unit: 'objects', done });
  };
}

function mustSayYes({ json }: LfckCommandLine): XhError {
  const message = json
    ? '--fix with --json does not ask'
    : '--fix asks before it changes anything, and there is no terminal';
  return new XhError('E_LFCK_YES', message, {
    exit: EXIT.usage,
    remedy: 'add --yes, or --dry-run to see what it would do; nothing was touched',
  });
}

function tellError(error: unknown, err: Lines): number {
  if (error instanceof DiagnosticError) {
    for (const diagnostic of error.diagnostics) err.write(formatDiagnostic(diagnostic));
    return error.exit;
  }
  if (error instanceof XhError) {
    err.write(`lfck: ${error.message}`);
    if (error.remedy !== undefined) err.write(`      ${error.remedy}`);
    return error.exit;
  }
  err.write('lfck: this is a defect of lfck, not of what you did; please report it:');
  err.write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}
