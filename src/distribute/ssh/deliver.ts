/** One conversation with a host that gets: what is offered, what it asks for, what it makes of it. */
import { XhError } from '../../message/error.ts';
import type { StoreReader } from '../store/store.ts';
import { answer } from './channel-store.ts';
import { whyEnded, type Connection, type Ended } from './connection.ts';
import { broken, cutOff, openFrames, type Frames } from './frames.ts';
import {
  messageFrame,
  parseMessage,
  type FarHost,
  type FarOutcome,
  type Message,
  type Reason,
  type ReceiverHello,
  type SenderHello,
} from './protocol.ts';

export interface Delivery {
  readonly store: StoreReader;
  /** What is offered to a host that says this of itself. */
  readonly offer: (hello: ReceiverHello) => Omit<SenderHello, 'say'>;
  /** Milliseconds that it may all take. */
  readonly timeLimit: number;
  readonly onProgress?: (progress: Extract<Message, { say: 'progress' }>) => void;
  readonly onOutcome?: (outcome: FarOutcome) => void;
  /** Told of a host further down. */
  readonly onHost?: (host: FarHost) => void;
}

export interface Delivered {
  /** What it says of itself, if it came to that. */
  readonly hello?: ReceiverHello;
  readonly outcomes: readonly FarOutcome[];
  readonly below: readonly FarHost[];
  /** Why it did not come to its end. */
  readonly reason?: Reason;
  /** What the other end has printed where nothing should be: of a login, say. */
  readonly preface: string;
  /** What it has said on standard error. */
  readonly said: string;
}

/** Never fails: what goes wrong is a reason. */
export async function deliver(connection: Connection, delivery: Delivery): Promise<Delivered> {
  const { timeLimit } = delivery;
  const frames = openFrames(connection.input, connection.output);
  const talk: Talk = { outcomes: [], below: [] };
  let late = 0;
  const giveUp = (limit: number) => (): void => {
    late = limit;
    connection.kill();
  };
  const limit = setTimeout(giveUp(timeLimit), timeLimit);
  const toAnswer = Math.min(timeLimit, ANSWER);
  const silence = setTimeout(giveUp(toAnswer), toAnswer);
  const onHello = (): void => {
    clearTimeout(silence);
  };
  const error = await converse(frames, delivery, talk, onHello);
  frames.finish();
  // what is garbled goes on being so; whoever has said all, or has died, is gone in a moment
  if (error !== undefined && !ENDS.has(error.code)) connection.kill();
  const leave = setTimeout(connection.kill, LEAVE);
  const ended = await connection.ended;
  for (const timer of [leave, limit, silence]) clearTimeout(timer);
  const said = connection.said();
  const reason = late > 0 ? tooSlow(late, talk) : reasonFor(talk, { ended, said, error });
  return {
    ...(talk.hello !== undefined && { hello: talk.hello }),
    outcomes: talk.outcomes,
    below: talk.below,
    ...(reason !== undefined && { reason }),
    preface: frames.preface(),
    said,
  };
}

/** What has been said so far. */
interface Talk {
  hello?: ReceiverHello;
  readonly outcomes: FarOutcome[];
  readonly below: FarHost[];
  end?: Extract<Message, { say: 'end' }>;
}

/** Until the other end is done. @returns why it came to no good end */
async function converse(
  frames: Frames,
  delivery: Delivery,
  talk: Talk,
  onHello: () => void,
): Promise<XhError | undefined> {
  try {
    for await (const frame of frames.receive()) {
      if (frame.kind === 'data') throw broken('data have come that nobody has asked for');
      const message = parseMessage(frame.text);
      if (message.say === 'hello') onHello();
      await take(message, { frames, delivery, talk });
      if (talk.end !== undefined) return undefined;
    }
    return cutOff('it broke off');
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
}

async function take(
  message: Message,
  { frames, delivery, talk }: { frames: Frames; delivery: Delivery; talk: Talk },
): Promise<void> {
  if (message.say === 'hello') {
    if (talk.hello !== undefined) throw broken('it introduces itself twice');
    talk.hello = message;
    await frames.send(messageFrame({ say: 'offer', ...delivery.offer(message) }));
    return;
  }
  if (message.say === 'end') {
    talk.end = message;
    return;
  }
  if (talk.hello === undefined) throw broken('it does not say who it is');
  switch (message.say) {
    case 'read':
      await answer(delivery.store, frames, message);
      return;
    case 'progress':
      delivery.onProgress?.(message);
      return;
    case 'outcome': {
      const { say: _, ...outcome } = message;
      talk.outcomes.push(outcome);
      delivery.onOutcome?.(outcome);
      return;
    }
    case 'host': {
      const { say: _, ...host } = message;
      talk.below.push(host);
      delivery.onHost?.(host);
      return;
    }
    default:
      throw broken(`it says '${message.say}', which is not for it to say`);
  }
}

function reasonFor(
  { end }: Talk,
  how: { readonly ended: Ended; readonly said: string; readonly error: XhError | undefined },
): Reason | undefined {
  return end === undefined ? whyEnded(how.ended, how.said, how.error) : end.reason;
}

function tooSlow(timeLimit: number, { hello }: Talk): Reason {
  return {
    code: 'E_SSH_SLOW',
    message:
      hello === undefined
        ? `it had not answered after ${timeLimit / 1000} s`
        : `it was not done after ${timeLimit / 1000} s, and was left`,
    remedy:
      "what has arrived there whole is kept: distribute again, with more time (--timeout, or 'timeout' of the host)",
  };
}

/** With which the other end has ended by itself. */
const ENDS: ReadonlySet<string> = new Set(['E_CHANNEL_CUT', 'E_CHANNEL_STRANGER']);
/** Milliseconds in which the other end says who it is. */
const ANSWER = 60_000;
/** Milliseconds in which the other end goes by itself. */
const LEAVE = 5000;
