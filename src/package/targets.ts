/**
 * `.admin/Targets` and the option `distribute`: which hosts get the package.
 *
 * A target is a word: a glob over host names and architectures (`web*`, `linux-*`), a domain with
 * its leading dot (`.cs.example.org`), an administrative domain of two levels or more (`sun4.cc.adm`,
 * `mipsws.common.adm`), or one of these said outright, `host:GLOB`, `arch:GLOB`, `domain:GLOB`, which
 * is for domains of either kind. Terms joined with `&` have to match together; `!` in front leaves
 * hosts out. A host gets the package when a target without `!` matches, or there is none, and no `!`
 * one does.
 */
import { b, concat, printable, slice, split, toText, type Bytes } from '../bytes/bytes.ts';
import { nearest } from '../message/nearest.ts';
import { isInDomain } from '../site/domain.ts';
import { compileGlob, globProblem } from '../site/glob.ts';
import {
  demand,
  parseAdminFile,
  printAdminLine,
  words,
  type AdminLine,
  type Parsed,
  type Report,
} from './admin-file.ts';

export interface Target {
  readonly exclude: boolean;
  readonly terms: readonly TargetTerm[];
}

export interface TargetTerm {
  /** What the glob is matched against; `any` is the host's name or its architecture. */
  readonly subject: 'any' | 'host' | 'arch' | 'domain';
  readonly glob: Bytes;
}

/** A host, as targets see it. */
export interface TargetHost {
  /** With its domain, where known. */
  readonly name: Bytes;
  readonly arch: Bytes;
  /** The administrative domains that it is in. */
  readonly domains?: readonly Bytes[];
}

/** @throws DiagnosticError `E_TARGETS` */
export function parseTargets(file: Bytes, content: Bytes): readonly Target[] {
  return demand(readTargets(file, content));
}

/** As {@link parseTargets}, with the findings instead of an exception. */
export function readTargets(file: Bytes, content: Bytes): Parsed<readonly Target[]> {
  const parsed = parseAdminFile(file, content, (line, report) =>
    targetsIn(line, 0, 'E_TARGETS', report),
  );
  return { ...parsed, value: parsed.value.flat() };
}

/** The targets in the words of a line from `from`; those that are wrong are reported. */
export function targetsIn(
  line: AdminLine,
  from: number,
  code: string,
  report: Report,
): readonly Target[] {
  return words(line, from).flatMap((word) => {
    const exclude = word.text.startsWith('!');
    let at = word.at + (exclude ? 1 : 0);
    const terms = split(slice(word.text, exclude ? 1 : 0), '&').map((text) => {
      const term = readTerm(text, at, code, report);
      at += text.length + 1;
      return term;
    });
    return terms.every((term) => term !== undefined) ? [{ exclude, terms }] : [];
  });
}

/** Whether `host` gets what these targets say. */
export function isTarget(targets: readonly Target[], host: TargetHost): boolean {
  const matching = targets.filter((target) => target.terms.every((term) => matches(term, host)));
  if (matching.some(({ exclude }) => exclude)) return false;
  return matching.length > 0 || targets.every(({ exclude }) => exclude);
}

/** A target as it is written. */
export function targetText({ exclude, terms }: Target): Bytes {
  const texts = terms.map(({ subject, glob }) => (subject === 'any' ? glob : `${subject}:${glob}`));
  return `${exclude ? '!' : ''}${texts.join('&')}` as Bytes;
}

/** The target that one word means; undefined when it means none. */
export function targetOf(word: Bytes): Target | undefined {
  if (!/^[^\s\0-\x1f\x7f]+$/.test(word)) return undefined;
  const line = { text: word, pieces: [{ at: 0, line: 1, column: 1, source: word }] };
  const [target] = targetsIn(line, 0, 'E_TARGETS', () => undefined);
  return target;
}

/** A file that reads back as `targets`. */
export function printTargets(targets: readonly Target[]): Bytes {
  return concat(...targets.map((target) => printAdminLine(targetText(target))));
}

const SUBJECTS = ['host', 'arch', 'domain'] as const;

function readTerm(text: Bytes, at: number, code: string, report: Report): TargetTerm | undefined {
  const colon = text.indexOf(':');
  const prefix = colon < 0 ? undefined : toText(slice(text, 0, colon));
  const subject = SUBJECTS.find((each) => each === prefix);
  if (prefix !== undefined && subject === undefined) {
    const near = nearest(prefix.toLowerCase(), SUBJECTS);
    report({
      code,
      message: `unknown kind of target '${printable(slice(text, 0, colon))}'`,
      at,
      length: Math.max(1, colon),
      hint: near === undefined ? 'host:, arch: or domain:' : `did you mean '${near}:'?`,
    });
    return undefined;
  }
  const glob = slice(text, colon + 1);
  const problem = globProblem(glob) ?? (glob.includes('/') ? "expected no '/'" : undefined);
  if (problem === undefined) return { subject: subject ?? 'any', glob };
  report({
    code,
    message: `expected a host, an architecture or a domain: ${problem}`,
    at: at + colon + 1,
    length: Math.max(1, glob.length),
    hint: "write for example 'web*', 'arch:linux-*' or '.example.org'",
  });
  return undefined;
}

function matches({ subject, glob }: TargetTerm, host: TargetHost): boolean {
  // host names have no case (RFC 4343)
  const compiled = compileGlob(glob, { ignoreCase: true });
  const labels = split(host.name, '.');
  const short = labels[0] ?? host.name;
  const domains = labels.slice(1).map((_, i) => labels.slice(i + 1).join('.') as Bytes);
  const isAdministered = (domain: Bytes): boolean =>
    (host.domains ?? []).some((own) => isInDomain(own, domain));
  switch (subject) {
    case 'host':
      return compiled.matches(host.name) || compiled.matches(short);
    case 'arch':
      return compiled.matches(host.arch);
    case 'domain':
      return domains.some((domain) => compiled.matches(domain)) || isAdministered(glob);
    case 'any':
      if (glob.startsWith('.')) {
        return (
          domains.some((domain) => compiled.matches(b`.${domain}`)) ||
          isAdministered(slice(glob, 1))
        );
      }
      if ([host.name, short, host.arch].some((name) => compiled.matches(name))) return true;
      // a word by itself has always been a host or an architecture
      return glob.includes('.') && isAdministered(glob);
  }
}
