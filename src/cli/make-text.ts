/** What `xh make` tells people: what is built and how, and what came of it. */
import { printable } from '../bytes/bytes.ts';
import type { MakeResult } from '../depot/make.ts';
import type { PlannedSources } from '../depot/make-sources.ts';
import type { BuildOutcome } from '../make/build.ts';
import type { Step } from '../make/build-system.ts';
import type { HardWired } from '../make/hard-wired.ts';
import { commandText } from '../make/process.ts';
import { findingText } from '../package/import/findings.ts';
import type { Call } from './command.ts';

/** The package, the architecture and the build system, with what a person should know. */
export function tellWhat(
  { terminal }: Call,
  { package: made, build, notes }: PlannedSources,
): void {
  const version = made.version === undefined ? '' : ` ${printable(made.version)}`;
  terminal.tell(
    `${terminal.err.bold(printable(made.name))}${version} for ${printable(build.architecture)}, with ${build.found.system.title}`,
  );
  terminal.detail(`  package ${printable(made.directory)}: ${made.because}`);
  for (const note of notes) terminal.tell(`  note: ${note}`);
}

/** The beginning of a command, for those who wait. */
export function stepText(step: Step): string {
  const text = commandText({ ...step, env: {} });
  return `${step.what.padEnd(9)} ${text.length > 90 ? `${text.slice(0, 89)}…` : text}`;
}

/** What the build did to its sources. */
export function tellOutcome({ terminal }: Call, { changedSources, leftOut }: BuildOutcome): void {
  const [changed] = changedSources;
  if (changed !== undefined) {
    const more = changedSources.length > 1 ? ` and ${changedSources.length - 1} more` : '';
    terminal.tell(
      `  warning: the build changed its own sources: ${printable(changed)}${more}; with --copy it gets a copy`,
    );
  }
  if (leftOut.length > 0) {
    terminal.detail(`  note: ${leftOut.length} compiled files among the sources were not copied`);
  }
}

/** Warnings always, notes with --verbose. */
export function tellResult({ terminal }: Call, result: MakeResult): void {
  const say = (severity: string, text: string): void => {
    if (severity === 'warning') terminal.tell(`  ${terminal.err.yellow('warning:')} ${text}`);
    else terminal.detail(`  note: ${text}`);
  };
  for (const each of result.hardWired) say(each.severity, hardWiredText(each));
  for (const path of result.outside) {
    say('warning', `${printable(path)}: it would install this outside of the package; left out`);
  }
  for (const finding of result.findings) say(finding.severity, findingText(finding));
  for (const note of result.notes) terminal.tell(`  note: ${note}`);
  const quiet = result.hardWired.filter(({ severity }) => severity === 'note').length;
  if (quiet > 0 && !terminal.verbose) {
    terminal.tell(
      `  note: ${quiet} such path${quiet === 1 ? '' : 's'} in debug information or texts for people: --verbose`,
    );
  }
}

/** `bin/lua: names /usr/local/share/lua/5.4/?.lua (string in the program, byte 1234, 3 times)` */
function hardWiredText({ file, path, what, kind, count, offset, line }: HardWired): string {
  const where = line === undefined ? `byte ${offset}` : `line ${line}`;
  const times = count === 1 ? '' : `, ${count} times`;
  const meaning = what.startsWith('/') ? '' : `, ${what}`;
  return `${printable(file)}: names ${printable(path)}${meaning} (${kind}, ${where}${times})`;
}
