/**
 * The log: one line for each change and each problem, with time and master, as text or as JSON.
 *
 *     2026-03-01T02:00:07.123Z /export/local copy f size,mtime bin/prog
 *     2026-03-01T02:00:07.456Z /export/local problem E_IO lib/x: input/output error (read)
 *     2026-03-01T02:00:07.456Z /export/local examined bin/prog
 */
import { printable, toJson, type Bytes } from '../bytes/bytes.ts';
import { changeLines, changeRecord, problemRecord, shown } from './line.ts';
import type { LfuChange, LfuProblem } from './plan/change.ts';

export interface Log {
  changed(change: LfuChange): void;
  problem(problem: LfuProblem): void;
  examined(path: Bytes): void;
}

export interface LogOptions {
  readonly json: boolean;
  /** The master's name. */
  readonly master: Bytes;
  /** The slave's path, for logs of several; in JSON only. */
  readonly slave?: Bytes;
  /** What takes the lines. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch; the clock when undefined. */
  readonly now?: () => number;
}

export function createLog({ json, master, slave, write, now = Date.now }: LogOptions): Log {
  const time = (): string => new Date(now()).toISOString();
  const put = (text: readonly string[], record: object): void => {
    const where = { master: toJson(master), ...(slave !== undefined && { slave: toJson(slave) }) };
    if (json) write(JSON.stringify({ time: time(), ...where, ...record }));
    else for (const line of text) write(`${time()} ${printable(master)} ${line}`);
  };
  return {
    changed(change) {
      put(changeLines(change), changeRecord(change));
    },
    problem(problem) {
      const { path, code, message } = problem;
      put([`problem ${code} ${shown(path)}: ${message}`], problemRecord(problem));
    },
    examined(path) {
      put([`examined ${shown(path)}`], { examined: toJson(path) });
    },
  };
}
