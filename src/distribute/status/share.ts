/**
 * A host's own record, taken to wherever the configuration says that others look for it. That it cannot
 * be taken there is remembered, so that a host that is cut off can say so itself.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { writeFileDurably } from '../../files/content.ts';
import { beginningOf } from '../../files/forgiving.ts';
import { createWalker, makeDirs } from '../../files/walk.ts';
import { XhError } from '../../message/error.ts';
import type { Config } from '../../site/config.ts';
import { adminPath, type Site } from '../../site/site.ts';
import { isTime } from '../store/head.ts';
import { natsServers } from './nats.ts';
import { putRecord } from './nats-records.ts';
import { ownRecord } from './record.ts';
import { writeToDirectory } from './shared-directory.ts';
import { textForOthers } from './signed-record.ts';

/**
 * Shares the record as it is on the disk; does nothing where there is none, or nowhere to take it.
 * @returns what went wrong, for warnings: the record is here all the same, and goes with the next pull
 */
export async function shareRecord(
  site: Site,
  config: Config,
  now = Date.now(),
): Promise<readonly XhError[]> {
  const directory = config.values['status-directory'];
  const read = ownRecord(site);
  if (read === undefined || !('record' in read)) return [];
  const { record } = read;
  const nats = natsServers(config, record.host);
  if (directory === undefined && nats === undefined) return [];
  const errors: XhError[] = [];
  const attempt = async (work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      errors.push(error);
    }
  };
  await attempt(async () => {
    const text = textForOthers(site, config, record);
    await attempt(() => {
      if (directory !== undefined) writeToDirectory(directory, record.host, text);
    });
    await attempt(() => (nats === undefined ? undefined : putRecord(nats, text)));
  });
  await attempt(() => {
    rememberFailure(site, errors[0], now);
  });
  return errors;
}

/** Since when nobody could be told, and why. */
export interface Unshared {
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly message: string;
}

/** Undefined when the last time went well. Never throws. */
export function unshared(site: Site): Unshared | undefined {
  const read = beginningOf(adminPath(site, FILE), 1 << 16);
  try {
    const { since, message } = JSON.parse(read?.content.toString() ?? '{}') as Partial<Unshared>;
    return isTime(since) && typeof message === 'string' ? { since, message } : undefined;
  } catch {
    return undefined;
  }
}

function rememberFailure(site: Site, error: XhError | undefined, now: number): void {
  const before = unshared(site);
  if (error === undefined && before === undefined) return;
  const walker = createWalker(site.root);
  try {
    makeDirs(walker, ADMIN);
    const { dir, name } = walker.locate(b`${ADMIN}/${FILE}`, { follow: true });
    const failing = error && {
      since: before?.since ?? new Date(now).toISOString(),
      message: error.message.slice(0, 1000),
    };
    const text = `${JSON.stringify({ format: 1, ...failing })}\n`;
    writeFileDurably(dir, name, Buffer.from(text), 0o644);
  } finally {
    walker.close();
  }
}

const ADMIN = b`/.software/local/.admin`;
const FILE: Bytes = b`status-shared.json`;
