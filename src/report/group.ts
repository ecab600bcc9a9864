/** Who gets which findings: each recipient his own, each finding once, the most important first. */
import type { Bytes } from '../bytes/bytes.ts';
import { identityOf, inOrder, SEVERITIES, type Finding } from './finding.ts';

/**
 * Findings by mail address. What names nobody goes to `hostMaintainer`; what was found twice is told
 * once, with the greater weight.
 */
export function groupByRecipient(
  findings: Iterable<Finding>,
  hostMaintainer: Bytes,
): ReadonlyMap<Bytes, readonly Finding[]> {
  const groups = new Map<Bytes, Map<string, Finding>>();
  for (const finding of findings) {
    const to = finding.to.length === 0 ? [hostMaintainer] : finding.to;
    for (const address of to) {
      const group = groups.get(address) ?? new Map<string, Finding>();
      groups.set(address, group);
      const key = identityOf(finding);
      group.set(key, heavier(group.get(key), finding));
    }
  }
  return new Map(
    [...groups].map(([address, group]) => [address, [...group.values()].toSorted(inOrder)]),
  );
}

function heavier(one: Finding | undefined, other: Finding): Finding {
  if (one === undefined) return other;
  const weight = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  return weight(one) <= weight(other) ? one : other;
}
