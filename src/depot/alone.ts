/**
 * Alarms in the other direction: a host that reaches no store, or nobody to tell what it has, says so to its
 * own maintainer, on the spot. Nobody else may be able to.
 */
import { bytes, printable } from '../bytes/bytes.ts';
import { ownRecord } from '../distribute/status/record.ts';
import { unshared } from '../distribute/status/share.ts';
import type { Finding } from '../report/finding.ts';
import type { Config } from '../site/config.ts';
import type { Site } from '../site/site.ts';

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

const OWN = { subject: 'host', to: [] } as const;

function said(message: string | undefined): string {
  return message === undefined ? '' : `: ${printable(bytes(message.split('\n')[0] ?? ''))}`;
}

/** Milliseconds. */
const HOUR = 3_600_000;
