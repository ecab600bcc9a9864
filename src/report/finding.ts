/**
 * What a person should know: one thing that is not as it should be, or that he may want to hear of.
 * Whoever finds it says whom it concerns; everything else (grouping, folding, sending) is for all alike.
 */
import { compareBytes, type Bytes } from '../bytes/bytes.ts';

/** The most important first. */
export const SEVERITIES = ['problem', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  readonly subject: 'host' | 'package';
  /** Directory or name of the package that it is about. */
  readonly package?: Bytes;
  /** Mail addresses of those whom it concerns; whoever maintains the host, when there are none. */
  readonly to: readonly Bytes[];
  readonly severity: Severity;
  /** Stable: `doctor.farms`, `E_STORE_EXPIRED`. */
  readonly code: string;
  /** Printable; in several lines, the first says it all. */
  readonly text: string;
  /** The command that mends it, or what to do. */
  readonly remedy?: string;
  /** What makes it the finding of last time, where its text has figures that change; else the text. */
  readonly key?: string;
}

/** Two findings of the same identity are one, told once. */
export function identityOf({ subject, package: of, code, key, text }: Finding): string {
  return JSON.stringify([subject, of ?? '', code, key ?? text]);
}

/** The order in which findings are told: by weight, what is about the host first, then by package. */
export function inOrder(one: Finding, other: Finding): number {
  return (
    SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
    rank(one) - rank(other) ||
    compareBytes(one.package ?? ('' as Bytes), other.package ?? ('' as Bytes)) ||
    compareText(one.code, other.code) ||
    compareText(one.text, other.text)
  );
}

function rank({ subject }: Finding): number {
  return subject === 'host' ? 0 : 1;
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
