/**
 * A store at the other end of a connection: one end asks for paths and ranges of them, many at a time,
 * the other one answers from what it has, one after the other. Whoever has asked verifies what comes.
 */
import { printable, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { isHash } from '../store/hash.ts';
import { CATALOGUE_PATH } from '../store/paths.ts';
import type { Range, StoreReader } from '../store/store.ts';
import { broken, CHUNK, type Frame, type Frames } from './frames.ts';
import { messageFrame, type NoContent, type Read } from './protocol.ts';

/** The largest content that is taken in one answer; what is larger is asked for in ranges. */
export const LARGEST_CONTENT = 128 << 20;
/** A question costs next to nothing, and the way there and back may be long. */
const AT_ONCE = 64;
/** The longest range that is answered. */
const LONGEST_RANGE = 32 << 20;

export interface ChannelStore extends StoreReader {
  /** Takes what has come. @throws XhError E_CHANNEL for what was not asked for */
  take(frame: Extract<Frame, { kind: 'data' }> | NoContent): void;
  /** Nothing more will come: what is waited for fails, and whatever is asked for from now on. */
  fail(error: XhError): void;
  /** How many answers are waited for. */
  pending(): number;
}

/** The end that asks. @param name of the other end, for messages */
export function channelStore(name: string, frames: Pick<Frames, 'send'>): ChannelStore {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let failure: XhError | undefined;

  function waitingFor(id: number): Waiting {
    const found = waiting.get(id);
    if (found === undefined) throw broken('an answer has come to what nobody had asked');
    return found;
  }

  return {
    name,
    jobs: AT_ONCE,
    read(path, { range } = {}) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(unreadable(name, path, failure.message));
          return;
        }
        // a number goes round, and is never that of one that is still waited for
        do last = (last + 1) % 2 ** 32;
        while (waiting.has(last));
        const most = range?.length ?? LARGEST_CONTENT;
        waiting.set(last, { path, most, pieces: [], length: 0, resolve, reject });
        const part = range === undefined ? {} : { offset: range.from, length: range.length };
        void frames.send(messageFrame({ say: 'read', id: last, path, ...part }));
      });
    },
    take(frame) {
      const ours = waitingFor(frame.id);
      if ('kind' in frame) {
        ours.length += frame.content.length;
        if (ours.length > ours.most) throw broken('more has come than was asked for');
        // a copy: the piece is a part of all that came with it
        ours.pieces.push(Buffer.from(frame.content));
        if (!frame.isLast) return;
        waiting.delete(frame.id);
        ours.resolve(Buffer.concat(ours.pieces));
        return;
      }
      waiting.delete(frame.id);
      if (frame.say === 'absent') ours.resolve(undefined);
      else ours.reject(unreadable(name, ours.path, frame.message));
    },
    fail(error) {
      failure ??= error;
      for (const { path, reject } of waiting.values()) {
        reject(unreadable(name, path, failure.message));
      }
      waiting.clear();
    },
    pending: () => waiting.size,
    close() {
      this.fail(new XhError('E_CHANNEL', 'the connection is closed'));
    },
  };
}

/** The end that answers: one question. Returns when there is room for more. */
export async function answer(store: StoreReader, frames: Frames, read: Read): Promise<void> {
  const { id, path, offset, length } = read;
  let content: Buffer | undefined;
  try {
    const range =
      offset === undefined || length === undefined ? undefined : { from: offset, length };
    content = isFair(path, range) ? await store.read(path, range && { range }) : undefined;
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    await frames.send(messageFrame({ say: 'unreadable', id, message: error.message }));
    return;
  }
  if (content === undefined || content.length > LARGEST_CONTENT) {
    await frames.send(messageFrame({ say: 'absent', id }));
    return;
  }
  for (let at = 0; ; at += CHUNK) {
    const isLast = at + CHUNK >= content.length;
    await frames.send({ kind: 'data', id, isLast, content: content.subarray(at, at + CHUNK) });
    if (isLast) return;
  }
}

/** Whether a path is one of a store, and a range no longer than anybody asks for. */
function isFair(path: Bytes, range: Range | undefined): boolean {
  if (range !== undefined && range.length > LONGEST_RANGE) return false;
  if (path === CATALOGUE_PATH) return true;
  const [top, fan, last = '', ...more] = path.split('/');
  if (more.length > 0) return false;
  if (top === 'heads') return last === '' && fan?.endsWith('.json') === true;
  return (top === 'objects' || top === 'trees') && isHash(last) && last.startsWith(fan ?? '-');
}

interface Waiting {
  readonly path: Bytes;
  readonly most: number;
  readonly pieces: Buffer[];
  length: number;
  readonly resolve: (content: Buffer | undefined) => void;
  readonly reject: (error: XhError) => void;
}

function unreadable(name: string, path: Bytes, why: string): XhError {
  return new XhError('E_STORE_READ', `${printable(path)} has not come from ${name}: ${why}`, {
    remedy: 'distribute again: what has arrived is not fetched twice',
  });
}
