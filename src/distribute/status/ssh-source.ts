/** Records that hosts are asked for, one after the other over ssh, some at a time: `xh status --print` there. */
import { printable } from '../../bytes/bytes.ts';
import { bytes } from '../../bytes/bytes.ts';
import type { Found, StatusSource } from './gather.ts';
import { LARGEST_RECORD } from './host-record.ts';

/** What came of asking a host: what it printed, or why nothing came. */
export type HostReply = { readonly text: string } | { readonly problem: string };

export interface AskOptions {
  /** How many are asked at the same time. */
  readonly jobs: number;
}

/**
 * @param hosts names of the inventory
 * @param ask asks one host, and gives up by itself; never rejects for what a host does
 */
export function askingSource(
  hosts: readonly string[],
  ask: (host: string) => Promise<HostReply>,
  { jobs }: AskOptions,
): StatusSource {
  return {
    name: 'ssh',
    async read() {
      const found: Found[] = [];
      const waiting = [...hosts];
      const worker = async (): Promise<void> => {
        for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
          found.push(foundFrom(host, await ask(host)));
        }
      };
      await Promise.all(Array.from({ length: Math.min(jobs, hosts.length) }, worker));
      return { found, problems: [] };
    },
  };
}

function foundFrom(host: string, reply: HostReply): Found {
  if ('problem' in reply) return { host, problem: reply.problem };
  // a login that says something before: the record is the one line that is an object
  const line = reply.text
    .slice(0, 2 * LARGEST_RECORD)
    .split('\n')
    .find((each) => each.startsWith('{'));
  if (line !== undefined) return { host, text: line, heard: Date.now() };
  const said = printable(bytes(reply.text.trim().split('\n').at(-1)?.slice(0, 200) ?? ''));
  return { host, problem: `it answers no record${said === '' ? '' : `, but: ${said}`}` };
}
