/** `xh check PKG|DIR…`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { checkPackage, type CheckFinding } from '../../depot/check/check.ts';
import { directorySubject, packageSubject, type Subject } from '../../depot/check/subject.ts';
import { PACKAGE_CHECKS } from '../../depot/check/table.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { listPackages } from '../../package/entries.ts';
import { findPackage } from '../../package/read.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { countText } from '../figures.ts';
import { packageArgument } from '../package-arguments.ts';
import { columns } from '../table.ts';
import type { Style, Styles } from '../terminal.ts';

export const command: Command = {
  usage: '[package|directory...]',
  details:
    'Looks for mistakes in packages before they are distributed: files of .admin, dependencies, commands\n' +
    'and their interpreters, libraries, links, modes, manual pages, fragments, names, paths that hold on\n' +
    'one machine only. An argument with a / in it is a directory that is to become a package. Nothing of\n' +
    'a package is run, and nothing is changed.\n\n' +
    'Each finding is a line with its place, how bad it is, and in brackets the check that found it; below\n' +
    'it, what to do. Errors will not work, or endanger a host; warnings are likely not meant; notes are\n' +
    'to be known. What a maintainer knows better stands in .admin/check-ignore, as CHECK [GLOB] a line.\n' +
    'The exit code is 1 when there are errors.',
  options: [
    { flags: '--all', summary: 'every package of the depot' },
    { flags: '--strict', summary: 'warnings count as errors' },
    { flags: '--list', summary: 'name the checks, and what each looks for' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh check jq', explains: 'a package of the depot, as users see it' },
    { command: 'xh check ./jq-1.7', explains: 'a directory, before it gets there' },
    {
      command: 'xh check --all -q --strict',
      explains: 'from cron: what is wrong, and nothing else',
    },
    { command: 'xh check --list', explains: 'what is looked for' },
  ],
  run(call) {
    const { args, options, terminal } = call;
    if (options['list'] === true) return list(call);
    if (args.length === 0 && options['all'] !== true) {
      throw new XhError('E_USAGE', 'no package is named', {
        exit: EXIT.usage,
        remedy: 'name packages or directories, or give --all',
      });
    }
    return visitHost(call.site, (host) => {
      const findings: CheckFinding[] = [];
      let ignored = 0;
      const subjects = subjectsOf(call, host);
      for (const subject of subjects) {
        const result = checkPackage(subject());
        ignored += result.ignored;
        findings.push(...result.findings);
        if (options['json'] !== true) show(call, result.findings);
      }
      if (options['json'] === true) {
        terminal.print(toJsonText({ packages: subjects.length, findings, ignored }, 2));
      } else terminal.tell(summary(subjects.length, findings, ignored));
      return exitFor(findings, options['strict'] === true);
    });
  },
};

/** What is to be checked, each read when its turn comes. */
function subjectsOf({ args, options, config, site }: Call, host: Host): readonly (() => Subject)[] {
  if (options['all'] === true) {
    return listPackages(site).map((entry) => () => packageSubject(host, config(), entry));
  }
  return args.map((word) => {
    if (word.includes('/') || word === '.') {
      const path = word.length > 1 ? word.replace(/\/+$/, '') : word;
      const subject = directorySubject(host, config(), bytes(path === '' ? '/' : path));
      return () => subject;
    }
    const { name, range } = packageArgument(word);
    const entry = findPackage(site, range === undefined ? { name } : { name, range: range.text });
    return () => packageSubject(host, config(), entry);
  });
}

function list({ options, terminal }: Call): ExitCode {
  const checks = PACKAGE_CHECKS.map(({ id, what }) => ({ id, what }));
  if (options['json'] === true) terminal.print(JSON.stringify(checks, undefined, 2));
  else for (const line of columns(checks.map(({ id, what }) => [id, what]))) terminal.print(line);
  return EXIT.done;
}

function show({ terminal, options }: Call, findings: readonly CheckFinding[]): void {
  const { out } = terminal;
  for (const { path, line, column, severity, message, remedy, check } of findings) {
    if (severity === 'note' && options['quiet'] === true) continue;
    const place = [printable(path), line, column].filter((part) => part !== undefined).join(':');
    const tone = toneOf(severity, out);
    terminal.print(`${place}: ${tone(`${severity}:`)} ${message} ${out.dim(`[${check}]`)}`);
    terminal.print(`    ${out.dim('→')} ${remedy}`);
  }
}

function toneOf(severity: CheckFinding['severity'], { red, yellow, cyan }: Styles): Style {
  return severity === 'error' ? red : severity === 'warning' ? yellow : cyan;
}

function summary(packages: number, findings: readonly CheckFinding[], ignored: number): string {
  const count = (which: CheckFinding['severity']): number =>
    findings.filter(({ severity }) => severity === which).length;
  const parts = (['error', 'warning', 'note'] as const)
    .filter((which) => count(which) > 0)
    .map((which) => countText(count(which), which));
  const said = parts.length === 0 ? 'nothing to find fault with' : parts.join(', ');
  return `${countText(packages, 'package')}: ${said}${ignored === 0 ? '' : ` (${ignored} ignored)`}`;
}

function exitFor(findings: readonly CheckFinding[], strict: boolean): ExitCode {
  const counts = findings.some(
    ({ severity }) => severity === 'error' || (strict && severity === 'warning'),
  );
  return counts ? EXIT.failed : EXIT.done;
}
