/** Alarms of whoever gathers: hosts that nothing is heard of, or that are not believed, and what was refused somewhere. */
import { bytes, printable } from '../../bytes/bytes.ts';
import type { Finding } from '../../report/finding.ts';
import type { Answer, HostAnswer, Standing } from './answer.ts';

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
