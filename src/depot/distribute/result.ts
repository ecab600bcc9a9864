/** What became of a host in a distribution. */
import type { Bytes } from '../../bytes/bytes.ts';
import type { FarOutcome, Reason } from '../../distribute/ssh/protocol.ts';

export interface HostResult {
  /** As the inventory has it. */
  readonly host: Bytes;
  /** The hosts by which it was reached, but for this one. */
  readonly way: readonly string[];
  /** What was offered to it, or would have been. */
  readonly offered: readonly Bytes[];
  readonly outcomes: readonly FarOutcome[];
  /** Why it came to no good end. */
  readonly reason?: Reason;
  /** What is to be known of it besides. */
  readonly notes: readonly string[];
  /** Milliseconds. */
  readonly took: number;
}

/** Whether a package is as it should be on a host, or is to be left alone there. */
export function isDone({ result }: FarOutcome): boolean {
  return DONE.has(result);
}

/** Whether a host has all that it was to get. */
export function isServed({ reason, outcomes, offered }: HostResult): boolean {
  if (reason !== undefined) return false;
  return offered.every((directory) => {
    const outcome = outcomes.find((each) => each.package === directory);
    return outcome !== undefined && isDone(outcome);
  });
}

/** Why a host lacks a package; undefined when it does not. */
export function whyNot({ reason, outcomes }: HostResult, directory: Bytes): Reason | undefined {
  const outcome = outcomes.find((each) => each.package === directory);
  if (outcome === undefined) {
    return reason ?? { code: 'E_FAR_SILENT', message: 'it has said nothing about it' };
  }
  if (isDone(outcome)) return undefined;
  const { result, message = result, remedy } = outcome;
  return {
    code: `E_FAR_${result.toUpperCase().replaceAll(/[^A-Z]/g, '_')}`,
    message,
    ...(remedy !== undefined && { remedy }),
  };
}

const DONE: ReadonlySet<string> = new Set(['current', 'updated', 'new', 'attached', 'unwanted']);
