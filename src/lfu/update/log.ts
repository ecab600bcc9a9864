/** The log of the site: `/.software/local/.admin/log/lfu.log`, a line for each change, for all to read. */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { openRollingLog } from '../../files/rolling.ts';
import { createWalker, makeDirs } from '../../files/walk.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { adminPath, type Site } from '../../site/site.ts';
import { createLog, type Log } from '../log.ts';
import type { LogEntry } from './config-keys.ts';

export interface UpdateLog {
  /** Where a master's changes are noted. */
  of(master: { readonly name: Bytes; readonly slave: Bytes }): Log;
  /** Why it could not be written to the end; the work goes on without. */
  failure(): string | undefined;
  close(): void;
}

export const LOG_DIRECTORY = b`/.software/local/.admin/log`;
export const LOG_NAME = b`lfu.log`;

export function logPath(site: Site): Bytes {
  return adminPath(site, b`log/${LOG_NAME}`);
}

/** @throws XhError E_LFU_LOG (exit 3) when it cannot be written */
export function openUpdateLog(site: Site, options: Required<LogEntry>): UpdateLog {
  const walker = createWalker(site.root);
  try {
    makeDirs(walker, LOG_DIRECTORY);
    const { dir } = walker.locate(b`${LOG_DIRECTORY}/${LOG_NAME}`);
    const appender = openRollingLog(dir, LOG_NAME, options);
    let failure: string | undefined;
    const write = (line: string): void => {
      if (failure !== undefined) return;
      try {
        appender.append(line);
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        failure = error.message;
      }
    };
    return {
      of: ({ name, slave }) =>
        createLog({ json: options.format === 'json', master: name, slave, write }),
      failure: () => failure,
      close() {
        appender.close();
        walker.close();
      },
    };
  } catch (error) {
    walker.close();
    if (!(error instanceof XhError)) throw error;
    throw new XhError('E_LFU_LOG', `the log cannot be written: ${error.message}`, {
      exit: EXIT.refused,
      place: { file: logPath(site) },
      remedy: 'nothing was touched; run it as root, or with --root DIR for a site of your own',
      cause: error,
    });
  }
}
