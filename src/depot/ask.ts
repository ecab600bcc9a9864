/** Having a text checked by the program that owns its format, before the text is in its place. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fromBuffer, type Bytes } from '../bytes/bytes.ts';
import type { Answer, Question } from '../export/fragment.ts';
import { withScratch } from '../files/scratch.ts';

/** Where a system keeps its own programs: a user's PATH must not choose who judges. */
const DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];
/** Milliseconds. */
const TIMEOUT = 30_000;

/** Runs the check with the files in a private directory. @throws FileError when that cannot be made */
export function askProgram({ program, words, files }: Question): Answer {
  const path = DIRECTORIES.map((each) => `${each}/${program}`).find((each) => existsSync(each));
  if (path === undefined) return { ran: false, why: `this host has no ${program}` };
  return withScratch(files, (directory) => {
    const ended = spawnSync(
      path,
      words.map((word) => word.replaceAll('{}', directory)),
      {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: TIMEOUT,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
        env: {
          PATH: DIRECTORIES.join(':'),
          LC_ALL: 'C',
          SYSTEMD_COLORS: '0',
          SYSTEMD_LOG_TARGET: 'console',
          HOME: directory,
        },
      },
    );
    if (ended.status === null) {
      const why = ended.error?.message ?? `killed by ${String(ended.signal)}`;
      return { ran: false, why: `${program} did not finish (${why})` };
    }
    const output = fromBuffer(Buffer.concat([ended.stderr, ended.stdout]));
    return {
      ran: true,
      status: ended.status,
      output: output.replaceAll(`${directory}/`, '') as Bytes,
    };
  });
}
