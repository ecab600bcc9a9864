/**
 * News of what is published: `depot.PACKAGE.published`, with the package and its revision. A notice is a
 * hint and nothing more: what it makes hosts do is pull a little earlier than they would have anyway.
 */
import {
  bytes,
  printable,
  toJson,
  fromJson,
  type Bytes,
  type JsonBytes,
} from '../../bytes/bytes.ts';
import type { XhError } from '../../message/error.ts';
import { packageNameProblem } from '../../package/name.ts';
import type { Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { isCount } from '../store/head.ts';
import { connectNats, natsError, natsServers } from './nats.ts';
import { ownName } from './record.ts';

export interface Notice {
  readonly package: Bytes;
  readonly revision: number;
}

/** Of all packages; their names are one word of a subject. */
export const NOTICES = 'depot.*.published';

/**
 * Tells the hosts that listen what has been published. Does nothing where no NATS is configured.
 * @returns what went wrong, for a warning: hosts find out at their next pull all the same
 */
export async function announce(
  site: Site,
  config: Config,
  notices: readonly Notice[],
): Promise<XhError | undefined> {
  const servers = natsServers(config, ownName(site, config));
  if (servers === undefined || notices.length === 0) return undefined;
  try {
    const connection = await connectNats(servers, { patience: 3000 });
    const refusals: Error[] = [];
    void (async () => {
      for await (const status of connection.status()) {
        if (status.type === 'error') refusals.push(status.error);
      }
    })();
    try {
      for (const notice of notices) connection.publish(subjectOf(notice), noticeText(notice));
      await connection.flush();
    } finally {
      await connection.close();
    }
    return refusals[0] === undefined ? undefined : natsError(servers, refusals[0]);
  } catch (error) {
    return natsError(servers, error);
  }
}

/** A dot would begin another word of the subject. */
export function subjectOf({ package: name }: Notice): string {
  return `depot.${name.replaceAll(/[^A-Za-z0-9_+~-]/g, quoted)}.published`;
}

function quoted(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

export function noticeText({ package: name, revision }: Notice): string {
  return JSON.stringify({ package: toJson(name), revision });
}

/** What somebody has sent; a sentence when it is no notice. Never throws. */
export function parseNotice(
  subject: string,
  content: Uint8Array,
): Notice | { readonly problem: string } {
  const problem = (what: string): { readonly problem: string } => ({
    problem: `a notice on ${printable(bytes(subject.slice(0, 200)))} ${what}: it is ignored`,
  });
  if (content.length > LONGEST) return problem('is too long');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(content).toString());
  } catch {
    return problem('is no JSON');
  }
  if (typeof value !== 'object' || value === null) return problem('is no JSON object');
  const { package: name, revision } = value as Readonly<Record<string, unknown>>;
  if (!isJsonBytes(name)) return problem('names no package');
  const notice = { package: fromJson(name), revision: Number(revision) };
  if (packageNameProblem(notice.package) !== undefined) return problem('names no package');
  if (!isCount(revision) || revision === 0) return problem('has no revision');
  return subjectOf(notice) === subject ? notice : problem('names another package than its subject');
}

function isJsonBytes(value: unknown): value is JsonBytes {
  if (typeof value === 'string') return true;
  return (
    typeof value === 'object' &&
    value !== null &&
    'base64' in value &&
    typeof value.base64 === 'string'
  );
}

/** Bytes. */
const LONGEST = 4096;
