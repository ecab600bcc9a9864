/**
 * What goes through a connection of two programs of ours: first a line by which each knows the other,
 * then frames, each a length, a kind, and so many bytes. Nothing that comes is believed: a frame is
 * never larger than the largest that is sent, and what is none ends the conversation.
 */
import type { Readable, Writable } from 'node:stream';
import { once } from 'node:events';
import { bytes, printable } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';

/** Of the protocol. */
export const PROTOCOL = 1;

export type Frame =
  | { readonly kind: 'message'; readonly text: string }
  | {
      readonly kind: 'data';
      /** Of what they were asked for. */
      readonly id: number;
      readonly isLast: boolean;
      readonly content: Buffer;
    };

export interface Frames {
  /** Those that come, until the other end is done. @throws XhError E_CHANNEL_* */
  receive(): AsyncGenerator<Frame, void, void>;
  /** Returns when there is room for more. Once the other end has gone, nothing happens. */
  send(frame: Frame): Promise<void>;
  /** Nothing more will be sent. */
  finish(): void;
  /** What came before the first line that is ours: of a login, say. */
  preface(): string;
}

/** The most bytes of content in one frame. */
export const CHUNK = 256 << 10;
/** The largest message. */
const LARGEST = 4 << 20;
/** So much may come before the greeting. */
const PATIENCE = 64 << 10;

export interface FramesOptions {
  /** For the end that gets: nothing may come before the greeting. */
  readonly strict?: boolean;
}

/** Says who we are at once. */
export function openFrames(
  input: Readable,
  output: Writable,
  { strict = false }: FramesOptions = {},
): Frames {
  const stranger = strict ? noOffer : noGreeting;
  let before = '';
  let gone = false;
  let draining: Promise<void> | undefined;
  // the reading end tells of it
  output.on('error', () => {
    gone = true;
  });
  output.on('close', () => {
    gone = true;
  });
  // on a line of its own, whatever was printed before
  write(Buffer.from(`\n${GREETING} ${PROTOCOL}\n`));

  function write(content: Buffer): boolean {
    return gone || output.write(content);
  }

  async function* receive(): AsyncGenerator<Frame, void, void> {
    let rest: Buffer = Buffer.alloc(0);
    let greeted = false;
    for await (const piece of piecesOf(input)) {
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      if (!greeted) {
        const greeting = findGreeting(rest);
        if (greeting === undefined) {
          before = rest.subarray(0, PATIENCE).toString('latin1');
          if (rest.length > PATIENCE) throw stranger(before);
          continue;
        }
        before = rest.subarray(0, greeting.start).toString('latin1').trim();
        if (strict && before !== '') throw stranger(before);
        if (greeting.protocol !== PROTOCOL) throw otherProtocol(greeting.protocol);
        greeted = true;
        rest = rest.subarray(greeting.end);
      }
      for (;;) {
        const frame = nextFrame(rest);
        if (frame === undefined) break;
        rest = rest.subarray(frame.end);
        yield frame.frame;
      }
    }
    if (!greeted) throw stranger(before);
    if (rest.length > 0) throw cutOff('it broke off in the middle of something');
  }

  return {
    receive,
    async send(frame) {
      const [kind, content] =
        frame.kind === 'message'
          ? [MESSAGE, [Buffer.from(frame.text)]]
          : [frame.isLast ? LAST_DATA : DATA, [numberOf(frame.id), frame.content]];
      const length = content.reduce((sum, each) => sum + each.length, 0);
      if (length > LARGEST) throw new Error('a frame that nobody would take');
      const head = Buffer.alloc(HEAD);
      head.writeUInt32BE(length);
      head.writeUInt8(kind, 4);
      if (!write(Buffer.concat([head, ...content]))) {
        draining ??= drained(output, () => gone).finally(() => {
          draining = undefined;
        });
        await draining;
      }
    },
    finish() {
      output.end();
    },
    preface: () => before,
  };
}

/** What comes, until it ends or breaks off, which is told apart by what has come. */
async function* piecesOf(input: Readable): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const piece of input as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    if (!BREAKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const BREAKS: ReadonlySet<string> = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNRESET',
  'EPIPE',
  'EIO',
]);

const GREETING = 'xhier-channel';
const HEAD = 5;
const MESSAGE = 0x4d;
const DATA = 0x44;
const LAST_DATA = 0x45;

interface Greeting {
  readonly start: number;
  readonly end: number;
  readonly protocol: number;
}

function findGreeting(content: Buffer): Greeting | undefined {
  const text = content.subarray(0, PATIENCE + LINE).toString('latin1');
  const found = /(?:^|\n)xhier-channel (\d{1,9})\n/.exec(text);
  if (found === null) return undefined;
  return { start: found.index, end: found.index + found[0].length, protocol: Number(found[1]) };
}

const LINE = 64;

function nextFrame(content: Buffer): { readonly frame: Frame; readonly end: number } | undefined {
  if (content.length < HEAD) return undefined;
  const length = content.readUInt32BE(0);
  const kind = content.readUInt8(4);
  const isData = kind === DATA || kind === LAST_DATA;
  if (kind !== MESSAGE && !isData) throw broken('something else than a frame has come');
  if (length > LARGEST || (isData && length < 4))
    throw broken('a frame of no good length has come');
  const end = HEAD + length;
  if (content.length < end) return undefined;
  const inside = content.subarray(HEAD, end);
  const frame: Frame = isData
    ? {
        kind: 'data',
        id: inside.readUInt32BE(0),
        isLast: kind === LAST_DATA,
        content: inside.subarray(4),
      }
    : { kind: 'message', text: inside.toString() };
  return { frame, end };
}

function numberOf(id: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeUInt32BE(id);
  return content;
}

async function drained(output: Writable, hasGone: () => boolean): Promise<void> {
  if (hasGone()) return;
  const ended = new AbortController();
  const { signal } = ended;
  try {
    await Promise.race([once(output, 'drain', { signal }), once(output, 'close', { signal })]);
  } catch {
    // it has gone
  } finally {
    ended.abort();
  }
}

/** What is told of something that is no program of ours. */
export function strangerText(says: string): string {
  return `what answers is no xh receive: ${says === SAYS_NOTHING ? says : `it says: ${says}`}`;
}

export const SAYS_NOTHING = 'it says nothing';

function noGreeting(before: string): XhError {
  const line = before.trim().split('\n')[0] ?? '';
  const says = line === '' ? SAYS_NOTHING : printable(bytes(line.slice(0, 200)));
  return new XhError('E_CHANNEL_STRANGER', strangerText(says), {
    remedy: 'the command of the key in authorized_keys has to be xh receive, and xh be in the PATH',
  });
}

function noOffer(before: string): XhError {
  if (before.trim() === '') return cutOff('nobody has offered anything');
  const [line = ''] = before.trim().split('\n');
  return new XhError(
    'E_CHANNEL_STRANGER',
    `who has connected is no xh distribute: it says: ${printable(bytes(line.slice(0, 200)))}`,
    { remedy: 'xh receive is for the key of a host that distributes, and not for people' },
  );
}

function otherProtocol(theirs: number): XhError {
  return new XhError(
    'E_CHANNEL_VERSION',
    `the other end speaks version ${theirs} of the protocol, and this one version ${PROTOCOL}`,
    { remedy: 'bring xhier to the same version on both hosts' },
  );
}

export function cutOff(what: string): XhError {
  return new XhError('E_CHANNEL_CUT', `the conversation has failed: ${what}`, {
    remedy: 'distribute again: what has arrived whole is not fetched twice',
  });
}

export function broken(what: string): XhError {
  return new XhError('E_CHANNEL', `the conversation has failed: ${what}`, {
    remedy: 'does anything print on standard output there (a login file, a wrapper of xh)?',
  });
}
