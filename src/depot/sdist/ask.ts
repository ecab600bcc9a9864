/** One question to a master by ssh, and its answer; or why there is none. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bytes, printable } from '../../bytes/bytes.ts';
import { connect, whyEnded, type SshOptions } from '../../distribute/ssh/connection.ts';
import { XhError } from '../../message/error.ts';
import type { Master } from './masters.ts';
import { parseAnswer, type Answer } from './request.ts';

export interface NoAnswer {
  readonly say: 'none';
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

export interface Question {
  /** Behind `xh sdist --receive`. */
  readonly words: string;
  /** Sent to the other side. */
  readonly content?: () => Readable;
  /** Seconds for all of it. */
  readonly timeout: number;
}

/** Asks. Never throws for what a master does, or does not. */
export async function askMaster(
  master: Master,
  { words, content, timeout }: Question,
  options: SshOptions,
): Promise<Answer | NoAnswer> {
  const connection = connect(
    { ...master.ssh, command: `${master.xh} sdist --receive ${words}` },
    options,
  );
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.kill();
  }, timeout * 1000);
  try {
    // an end that does not listen says why on its own
    const sent = (
      content === undefined
        ? Promise.resolve(connection.output.end())
        : pipeline(content(), connection.output)
    ).catch(() => undefined);
    connection.output.on('error', () => undefined);
    const said = await textOf(connection.input);
    await sent;
    const ended = await connection.ended;
    const answer = said
      .split('\n')
      .map(parseAnswer)
      .find((each) => each !== undefined);
    if (answer !== undefined) return answer;
    if (late) {
      return {
        say: 'none',
        code: 'E_SSH_TIMEOUT',
        message: `it has not answered within ${timeout} s`,
      };
    }
    const complaint = /^xh: ([\x20-\x7e]{1,300})/m.exec(connection.said())?.[1];
    if (complaint !== undefined && ended.code !== 255) return complained(complaint);
    return noAnswer(whyEnded(ended, connection.said(), stranger(said)));
  } finally {
    clearTimeout(timer);
  }
}

/** The other end is an xh, and is another command of it, or cannot read its configuration. */
function complained(message: string): NoAnswer {
  const isConfined = message.startsWith('this key is for xh receive alone');
  return {
    say: 'none',
    code: 'E_SDIST_FAR',
    message: isConfined ? 'the key is for xh receive there, and not for building' : message,
    remedy: isConfined
      ? 'add --build to that xh receive in authorized_keys there, or another key: command="xh sdist --receive",restrict KEY'
      : 'that is said by xh there: mend it there',
  };
}

function stranger(said: string): XhError {
  const first = printable(bytes(said.split('\n')[0]?.slice(0, 100) ?? ''));
  return new XhError(
    'E_CHANNEL_STRANGER',
    first === ''
      ? 'no xh sdist answers there: it says nothing'
      : `no xh sdist answers there: '${first}'`,
    {
      remedy:
        'the key may be confined to another command: command="xh sdist --receive",restrict KEY',
    },
  );
}

/** What is said of distributing does not help with this. */
function noAnswer({ code, message, remedy }: Omit<NoAnswer, 'say'>): NoAnswer {
  const useful =
    remedy === undefined || /distribute|xh receive/.test(remedy) ? REMEDIES[code] : remedy;
  return { say: 'none', code, message, ...(useful !== undefined && { remedy: useful }) };
}

const REMEDIES: Readonly<Record<string, string>> = {
  E_SSH_DENIED:
    'add the line command="xh sdist --receive",restrict KEY to authorized_keys there; a key with a passphrase needs an agent',
  E_NO_XH_THERE:
    'install xhier there, or say where it is: command="/path/xh sdist --receive" in authorized_keys',
};

async function textOf(input: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of input as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size <= MOST) pieces.push(piece);
    }
  } catch {
    // it broke off: what has come is judged as it is
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Bytes. */
const MOST = 64 * 2 ** 20;
