/** How far `xh report` has come, as it stands in its file: whatever is damaged in it counts as not there. */
import type { Digest, LineGroup } from '../../report/digest.ts';
import type { Cursor } from '../../report/new-lines.ts';
import { isHostName } from '../../site/host-name.ts';

/** How far all has been read, and what of the day is still to be told. */
export interface IncomingState {
  /** By path inside the site. */
  readonly logs: ReadonlyMap<string, Cursor>;
  /** The record of each host that was told of last. */
  readonly hosts: ReadonlyMap<string, ToldRecord>;
  /** What has come since the last daily report. */
  readonly day: Digest;
}

export interface ToldRecord {
  readonly serial: number;
  /** By the host's own clock: ISO 8601. */
  readonly time: string;
}

/** Undefined when the text is none of ours. Never throws. */
export function parseIncoming(text: string): IncomingState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { format, logs, hosts, day } = objectOf(value);
  if (format !== 1) return undefined;
  return {
    logs: new Map(
      Object.entries(objectOf(logs)).filter((each) => isCursor(each[1])),
    ) as ReadonlyMap<string, Cursor>,
    hosts: new Map(
      Object.entries(objectOf(hosts)).filter(([name, told]) => isHostName(name) && isTold(told)),
    ) as ReadonlyMap<string, ToldRecord>,
    day: digestIn(objectOf(day)),
  };
}

function digestIn({ unknown, waiting, dropped }: Readonly<Record<string, unknown>>): Digest {
  return {
    unknown: groupsIn(unknown),
    waiting: groupsIn(waiting),
    dropped: Number.isSafeInteger(dropped) ? Number(dropped) : 0,
  };
}

function groupsIn(value: unknown): readonly LineGroup[] {
  return Array.isArray(value) ? value.filter(isGroup) : [];
}

function isGroup(value: unknown): value is LineGroup {
  const { line, count, source } = objectOf(value);
  return typeof line === 'string' && Number.isSafeInteger(count) && typeof source === 'string';
}

function isCursor(value: unknown): value is Cursor {
  const { inode, offset } = objectOf(value);
  return typeof inode === 'string' && Number.isSafeInteger(offset) && Number(offset) >= 0;
}

function isTold(value: unknown): value is ToldRecord {
  const { serial, time } = objectOf(value);
  return Number.isSafeInteger(serial) && typeof time === 'string';
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export const NO_DIGEST: Digest = { unknown: [], waiting: [], dropped: 0 };
