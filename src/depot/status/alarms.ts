/**
 * Alarms in both directions: whoever gathers tells of hosts that nothing is heard of, and a host that
 * reaches no store, or nobody to tell, says so to its own maintainer, on the spot.
 */
import { bytes, printable } from '../../bytes/bytes.ts';
import { ownRecord } from '../../distribute/status/record.ts';
import { unshared } from '../../distribute/status/share.ts';
import type { Finding } from '../../report/finding.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import type { Answer, HostAnswer, Standing } from './answer.ts';

/** What this host has to say of itself; for its own maintainer. Never throws. */
export function aloneFindings(site: Site, config: Config, now: number): readonly Finding[] {
  const hours = config.values['status-alone'];
  const isLong = (since: string): boolean => now - Date.parse(since) > hours * HOUR;
  const read = ownRecord(site);
  const findings: Finding[] = [];
  if (read !== undefined && 'problem' in read) {
    findings.push({
      ...OWN,
      severity: 'warning',
      code: 'status.record',
      text: `the record of what this host has (.admin/status.json) ${printable(bytes(read.problem))}`,
      remedy: 'the next xh pull writes it anew',
    });
  }
  const alone = read !== undefined && 'record' in read ? read.record.alone : undefined;
  if (alone !== undefined && isLong(alone.since)) {
    findings.push({
      ...OWN,
      severity: 'problem',
      code: 'status.alone',
      key: 'status.alone',
      text: `no store has answered since ${alone.since}: nothing new reaches this host${said(alone.message)}`,
      remedy: 'look at the network and at stores in /etc/xhier.toml; xh pull --dry-run tries again',
    });
  }
  const untold = unshared(site);
  if (untold !== undefined && isLong(untold.since)) {
    findings.push({
      ...OWN,
      severity: 'warning',
      code: 'status.untold',
      key: 'status.untold',
      text: `nobody could be told what this host has since ${untold.since}${said(untold.message)}`,
      remedy: 'look at status-directory and nats in /etc/xhier.toml',
    });
  }
  return findings;
}

/** What whoever gathers has to be told of others: silent hosts, records that are not believed, packages that were refused. */
export function hostFindings({ hosts, packages }: Answer): readonly Finding[] {
  return [
    ...hosts.flatMap((host) => [...silentFinding(host), ...refusedFindings(host)]),
    ...packages.flatMap((each) => each.hosts.flatMap(lackFinding)),
  ];
}

const OWN = { subject: 'host', to: [] } as const;

function silentFinding({ host, silent, heard, refusals }: HostAnswer): Finding[] {
  if (!silent) return [];
  const [refusal] = refusals;
  const when =
    heard === undefined ? 'was never heard from' : `was last heard from at ${timeText(heard)}`;
  return [
    {
      ...OWN,
      severity: 'problem',
      code: 'status.silent',
      key: `status.silent ${host}`,
      text: `${host} ${when}${said(refusal?.message)}`,
      remedy: 'is it up, and does its xh maintenance or xh pull run?',
    },
  ];
}

/** A host that merely does not answer now is no matter for anybody, until it is silent. */
function refusedFindings({ host, refusals }: HostAnswer): Finding[] {
  return refusals
    .filter(({ kind }) => kind !== 'unreachable')
    .map(({ kind, message, via, remedy }) => ({
      ...OWN,
      severity: 'problem',
      code: `status.${kind}`,
      key: `status.${kind} ${host} ${via}`,
      text: `${host} is not believed (by ${via}): ${printable(bytes(message))}`,
      remedy,
    }));
}

function lackFinding({ host, package: name, state, message }: Standing): Finding[] {
  if (state !== 'refused' && state !== 'failed') return [];
  return [
    {
      subject: 'package',
      package: name,
      to: [],
      severity: 'warning',
      code: `status.${state}`,
      key: `status.${state} ${host}`,
      text: `${host} ${state === 'refused' ? 'has refused' : 'failed to take'} ${printable(name)}${said(message)}`,
      remedy: `xh status ${host}, and xh pull ${printable(name)} there`,
    },
  ];
}

function said(message: string | undefined): string {
  return message === undefined ? '' : `: ${printable(bytes(message.split('\n')[0] ?? ''))}`;
}

function timeText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}Z`;
}

/** Milliseconds. */
const HOUR = 3_600_000;
