/** Telling services that their files have changed: the configured commands, once, after the commit. */
import { spawnSync } from 'node:child_process';
import { toText } from '../bytes/bytes.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { singleQuoted } from '../message/shell.ts';

/** As one word of a shell's. */
function quoted(text: string): string {
  return /^[\w/.-]+$/.test(text) ? text : singleQuoted(text);
}

/** Milliseconds that one command may take. */
const TIMEOUT = 120_000;

/** Runs a plan's refresh commands; one that fails is told and changes nothing. */
export function runRefresh(host: Host, plan: Plan, warn: (line: string) => void): void {
  for (const command of plan.refresh) {
    const ended = spawnSync('/bin/sh', ['-c', command], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: TIMEOUT,
      env: { ...process.env, XH_ROOT: toText(host.site.root) },
    });
    if (ended.status === 0) continue;
    const why = ended.stderr.trim() || `status ${String(ended.status ?? ended.signal)}`;
    warn(`warning: '${command}' failed: ${why}`);
    const root = quoted(toText(host.site.root));
    warn(
      `    → all else is done; when that is mended, run it yourself: XH_ROOT=${root} sh -c ${quoted(command)}`,
    );
  }
}
