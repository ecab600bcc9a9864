/** What `xh status` shows to people: who lacks what first, since when, and why. */
import { bytes, printable } from '../bytes/bytes.ts';
import type { Answer, HostAnswer, PackageAnswer, Standing } from '../depot/status/answer.ts';
import { ageText, agoText, dayText } from './ages.ts';
import { countText, numberText } from './figures.ts';
import { columns } from './table.ts';
import type { Styles } from './terminal.ts';

export interface StatusText {
  readonly styles: Styles;
  readonly now: number;
  /** Whether packages that all have are lines of their own. */
  readonly every: boolean;
}

/** Packages, each with the hosts that lack it; then the hosts of which nothing is heard. */
export function packagesText({ packages, hosts }: Answer, options: StatusText): string[] {
  const { every } = options;
  const shown = packages.filter(({ lacking }) => every || lacking > 0);
  const lines = shown.flatMap((each) => packageText(each, options));
  const quiet = packages.length - shown.length;
  if (quiet > 0 && shown.length > 0) {
    lines.push(
      `${countText(quiet, 'other package')} ${quiet === 1 ? 'is' : 'are'} where ${quiet === 1 ? 'it' : 'they'} should be`,
    );
  }
  const silent = silentText(hosts, options);
  if (lines.length > 0 && silent.length > 0) lines.push('');
  return [...lines, ...silent];
}

/** One package and its hosts. */
function packageText(answer: PackageAnswer, options: StatusText): string[] {
  const { styles, now } = options;
  const { package: name, version, revision, published, meant, lacking, hosts } = answer;
  const what = [
    styles.bold(printable(name)),
    ...(version === undefined ? [] : [printable(version)]),
    revision > 0 ? `revision ${revision}` : 'no revision',
  ].join(' ');
  const when = published === undefined ? '' : `, published ${agoText(published, now)}`;
  const newest = published !== undefined || revision === 0 ? '' : ', the newest that a host has';
  return [
    `${what}${when}${newest}: ${sumText(meant, lacking, styles)}`,
    ...standingLines(hosts, ({ host }) => host, options),
  ];
}

function sumText(meant: number, lacking: number, styles: Styles): string {
  if (meant === 0) return 'no host is meant';
  if (lacking === 0)
    return styles.green(
      meant === 1 ? 'the one host has it' : `all ${numberText(meant)} hosts have it`,
    );
  return styles.yellow(
    `${numberText(lacking)} of ${countText(meant, 'host')} ${lacking === 1 ? 'lacks' : 'lack'} it`,
  );
}

/** One host and its packages. */
export function hostText(host: HostAnswer, { packages }: Answer, options: StatusText): string[] {
  const { styles, now } = options;
  const about = [
    ...(host.architecture === undefined ? [] : [printable(host.architecture)]),
    ...(host.xhier === undefined ? [] : [`xhier ${printable(bytes(host.xhier))}`]),
  ].join(', ');
  const heard =
    host.heard === undefined
      ? styles.red('never heard from')
      : `${host.silent ? styles.red('last heard from') : 'heard from'} ${agoText(host.heard, now)}, by ${host.via ?? '?'}`;
  const wanted = new Map(packages.map((each) => [each.package, each.revision]));
  const standings = packages.flatMap((each) => each.hosts);
  return [
    `${styles.bold(host.host)}${about === '' ? '' : ` (${about})`}: ${heard}`,
    ...host.refusals.flatMap(({ message, remedy, via }) => [
      `  ${styles.red('not believed')}: ${printable(bytes(message))} (by ${via})`,
      `    → ${remedy}`,
    ]),
    ...(host.alone === undefined
      ? []
      : [
          `  ${styles.red('reaches no store')} since ${agoText(Date.parse(host.alone.since), now)}${host.alone.message === undefined ? '' : `: ${printable(bytes(host.alone.message))}`}`,
        ]),
    ...standingLines(standings, ({ package: name }) => printable(name), options, wanted),
  ];
}

function standingLines(
  standings: readonly Standing[],
  nameOf: (standing: Standing) => string,
  { styles, now }: StatusText,
  wanted?: ReadonlyMap<Standing['package'], number>,
): string[] {
  const rows = standings.map((standing) => {
    const of = wanted?.get(standing.package);
    const has = standing.revision === undefined ? '-' : String(standing.revision);
    const figure = of === undefined || standing.state === 'has' ? has : `${has} of ${of}`;
    return [`  ${nameOf(standing)}`, figure, whyText(standing, now)];
  });
  return columns(rows).map((line, i) =>
    standings[i]?.state === 'has'
      ? line
      : line.replace(
          /^( +)(\S+)/,
          (_, blanks: string, name: string) => `${blanks}${styles.yellow(name)}`,
        ),
  );
}

/** Why it stands so: in our words, then in the host's. */
export function whyText(standing: Standing, now: number): string {
  const { state, since, message, frozenUntil } = standing;
  const age = since === undefined ? '' : ageText(Math.max(0, now - since));
  const said = message === undefined ? '' : `: ${printable(bytes(message.split('\n')[0] ?? ''))}`;
  switch (state) {
    case 'has':
      return `since ${dayText(since ?? now)}${said}`;
    case 'frozen': {
      // who froze it, until when and why, says the host itself
      if (message?.startsWith('frozen') === true) return said.slice(2);
      const until = frozenUntil === undefined ? '' : ` until ${dayText(frozenUntil)}`;
      return `frozen${until}, for ${age}${said}`;
    }
    case 'refused':
      return `refused it, for ${age}${said}`;
    case 'failed':
      return `failed, for ${age}${said}`;
    case 'unreachable':
      return `its stores do not answer, for ${age}${said}`;
    case 'behind':
      return said === ''
        ? `has not pulled since it was published${age === '' ? '' : ` ${age} ago`}`
        : `behind${said}`;
    case 'silent':
      return age === '' ? `nothing is heard of it${said}` : `not heard from for ${age}${said}`;
    case 'unknown':
      return `never heard from${said}`;
  }
}

function silentText(hosts: readonly HostAnswer[], { styles, now }: StatusText): string[] {
  const silent = hosts.filter((host) => host.silent || host.refusals.length > 0);
  if (silent.length === 0) return [];
  const rows = silent.map(({ host, heard, refusals }) => {
    const [refusal] = refusals;
    const last = heard === undefined ? 'never' : agoText(heard, now);
    return [`  ${host}`, last, refusal === undefined ? '' : printable(bytes(refusal.message))];
  });
  return [
    styles.red(`${countText(silent.length, 'host')} not heard from, or not believed:`),
    ...columns(rows),
  ];
}

/** The last line: how it is on the whole. */
export function summaryText({ packages, hosts }: Answer): string {
  const lacking = hosts.filter((host) => host.lacking > 0).length;
  const silent = hosts.filter((host) => host.silent).length;
  const what = `${countText(packages.length, 'package')} on ${countText(hosts.length, 'host')}`;
  if (lacking === 0 && silent === 0) return `${what}: all as it should be`;
  const parts = [
    ...(lacking > 0
      ? [`${countText(lacking, 'host')} ${lacking === 1 ? 'lacks' : 'lack'} something`]
      : []),
    ...(silent > 0 ? [`${countText(silent, 'host')} not heard from`] : []),
  ];
  return `${what}: ${parts.join('; ')}`;
}
