/** What a distribution tells: the counts, then who lacks what and why, those with the same trouble together. */
import { printable, toText, bytes } from '../bytes/bytes.ts';
import type { Distribution } from '../depot/distribute/distribute.ts';
import type { Lag } from '../depot/distribute/lagging.ts';
import type { Lacking } from '../depot/distribute/outstanding.ts';
import { isDone, isServed, whyNot, type HostResult } from '../depot/distribute/result.ts';
import type { Reason } from '../distribute/ssh/protocol.ts';
import { countText, durationText } from './figures.ts';
import type { Terminal } from './terminal.ts';

/** Tells all of it; what is wrong always, the rest unless nobody wants to hear. */
export function tellDistribution(
  { packages, refused, results, lags, unwritten, took }: Distribution,
  terminal: Terminal,
  { dryRun }: { readonly dryRun: boolean },
): void {
  const { yellow, dim } = terminal.err;
  for (const { directory, error } of refused) {
    terminal.warn(`${yellow('not distributed')} ${printable(directory)}: ${error.message}`);
    if (error.remedy !== undefined) terminal.warn(`    ${dim('→')} ${error.remedy}`);
  }
  for (const result of results) terminal.detail(hostLine(result));
  for (const group of groupsOf(results)) {
    for (const line of groupLines(group, terminal)) terminal.warn(line);
  }
  for (const [note, hosts] of notesOf(results)) {
    terminal.tell(`note: ${hosts.join(', ')}: ${note}`);
  }
  for (const lag of lags) terminal.warn(`${yellow('warning:')} ${lagText(lag)}`);
  if (unwritten !== undefined) {
    terminal.warn(`${yellow('warning:')} who has what is not written down: ${unwritten.message}`);
    terminal.warn(
      `    ${dim('→')} mend that, and distribute again: what is there is not sent twice`,
    );
  }
  terminal.tell(summaryLine({ packages, results, took }, dryRun));
}

/** The one line that says it all. */
function summaryLine(
  { packages, results, took }: Pick<Distribution, 'packages' | 'results' | 'took'>,
  dryRun: boolean,
): string {
  const served = results.filter(isServed).length;
  const rest = results.length - served;
  const counts = new Map<string, number>();
  for (const { outcomes } of results) {
    for (const { result } of outcomes) counts.set(result, (counts.get(result) ?? 0) + 1);
  }
  const parts = ORDER.flatMap(([result, word, would]) => {
    const count = counts.get(result);
    return count === undefined ? [] : [`${count} ${dryRun ? would : word}`];
  });
  const what = parts.length === 0 ? '' : ` (${parts.join(', ')})`;
  const who =
    rest === 0
      ? `all ${dryRun ? 'would be served' : 'served'}`
      : `${served} ${dryRun ? 'would be served' : 'served'}, ${rest} not`;
  return `${countText(packages.length, 'package')} to ${countText(results.length, 'host')} in ${durationText(took / 1000)}: ${who}${what}`;
}

const ORDER: readonly (readonly [result: string, word: string, would: string])[] = [
  ['new', 'new', 'would come'],
  ['updated', 'updated', 'would be updated'],
  ['current', 'current', 'current'],
  ['attached', 'attached', 'attached'],
  ['unwanted', 'not wanted', 'not wanted'],
  ['frozen', 'frozen', 'frozen'],
  ['refused', 'refused', 'refused'],
  ['failed', 'failed', 'failed'],
  ['unreachable', 'broken off', 'broken off'],
];

function hostLine(result: HostResult): string {
  const { host, way, outcomes, took } = result;
  const what = outcomes.map(
    (outcome) =>
      `${printable(outcome.package)} ${outcome.result}${outcome.revision === undefined ? '' : ` (revision ${outcome.revision})`}`,
  );
  const by = way.length === 0 ? '' : ` via ${way.join(', ')}`;
  const time = took === 0 ? '' : `, ${durationText(took / 1000)}`;
  return `${printable(host)}${by}: ${what.length === 0 ? 'nothing' : what.join(', ')}${time}`;
}

/** The same trouble, and who has it. */
interface Group {
  readonly reason: Reason;
  readonly hosts: Set<string>;
  /** None when it is not about packages, but about the host. */
  readonly packages: Set<string>;
}

function groupsOf(results: readonly HostResult[]): readonly Group[] {
  const groups = new Map<string, Group>();
  const enter = (reason: Reason, host: string, name?: string): void => {
    const key = `${reason.code}\0${reason.message}`;
    const group = groups.get(key) ?? { reason, hosts: new Set(), packages: new Set() };
    groups.set(key, group);
    group.hosts.add(host);
    if (name !== undefined) group.packages.add(name);
  };
  for (const result of results) {
    const host = toText(result.host);
    if (result.reason !== undefined) enter(result.reason, host);
    for (const outcome of result.outcomes) {
      const why = isDone(outcome) ? undefined : whyNot(result, outcome.package);
      if (why !== undefined) enter(why, host, printable(outcome.package));
    }
    if (result.reason !== undefined) continue;
    for (const directory of result.offered) {
      if (result.outcomes.some((each) => each.package === directory)) continue;
      const why = whyNot(result, directory);
      if (why !== undefined) enter(why, host, printable(directory));
    }
  }
  // the largest trouble first
  return [...groups.values()].toSorted((one, other) => other.hosts.size - one.hosts.size);
}

function groupLines({ reason, hosts, packages }: Group, { err, verbose }: Terminal): string[] {
  const names = [...hosts].map((host) => printable(bytes(host)));
  const of = packages.size === 0 ? '' : `${listText([...packages], verbose)}: `;
  return [
    `${err.red(countText(hosts.size, 'host'))}: ${of}${reason.message}`,
    `    ${listText(names, verbose)}`,
    ...(reason.remedy === undefined ? [] : [`    ${err.dim('→')} ${reason.remedy}`]),
  ];
}

function listText(names: readonly string[], all: boolean): string {
  if (all || names.length <= MOST) return names.join(', ');
  return `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more`;
}

const MOST = 20;

function notesOf(results: readonly HostResult[]): Map<string, string[]> {
  const notes = new Map<string, string[]>();
  for (const { host, notes: own } of results) {
    for (const note of own) notes.set(note, [...(notes.get(note) ?? []), printable(host)]);
  }
  return notes;
}

function lagText({ package: directory, architecture, is, seconds = 0 }: Lag): string {
  return is === 'missing'
    ? `${printable(directory)} has no files for ${printable(architecture)}: build it there, xh sdist ${printable(directory)}`
    : `${printable(directory)}: the files for ${printable(architecture)} are ${ageText(seconds)} older than the shared ones: build it there anew?`;
}

/** `3 days`, `5 hours`. */
function ageText(seconds: number): string {
  const hours = seconds / 3600;
  return hours < 48
    ? countText(Math.max(1, Math.round(hours)), 'hour')
    : countText(Math.round(hours / 24), 'day');
}

/** Who lacks what and since when, hosts with the same trouble together. */
export function outstandingLines(
  lacking: readonly Lacking[],
  { out, verbose }: Terminal,
): string[] {
  return troublesIn(lacking).flatMap(({ hosts, packages, since, message }) => [
    `${out.red(countText(hosts.length, 'host'))} since ${since.slice(0, 16).replace('T', ' ')}: ${message}`,
    `    ${listText(hosts, verbose)}`,
    `    ${packages.length === 1 ? 'lack' : `lack ${packages.length} packages:`} ${listText(packages, verbose)}`,
  ]);
}

interface Trouble {
  readonly hosts: readonly string[];
  readonly packages: string[];
  /** The first of them. */
  since: string;
  readonly message: string;
}

/** The same hosts that lack packages for the same reason. */
function troublesIn(lacking: readonly Lacking[]): readonly Trouble[] {
  const troubles = new Map<string, Trouble>();
  for (const { package: directory, revision, hosts: all } of lacking) {
    for (const message of new Set(all.map((each) => each.message))) {
      const those = all.filter((each) => each.message === message);
      const hosts = those.map(({ host }) => printable(bytes(host)));
      const since = those.map((each) => each.since).toSorted()[0] ?? '';
      const key = `${message}\0${hosts.join('\0')}`;
      const trouble = troubles.get(key) ?? { hosts, packages: [], since, message };
      troubles.set(key, trouble);
      trouble.packages.push(`${printable(directory)} (revision ${revision})`);
      if (since < trouble.since) trouble.since = since;
    }
  }
  return [...troubles.values()].toSorted((one, other) => other.hosts.length - one.hosts.length);
}
