/** The end that gets: says who it is, is offered something, and decides what becomes of it. */
import { XhError } from '../../message/error.ts';
import { channelStore, type ChannelStore } from './channel-store.ts';
import { reasonOf } from './connection.ts';
import { broken, cutOff, type Frame, type Frames } from './frames.ts';
import {
  messageFrame,
  parseMessage,
  type Message,
  type ReceiverHello,
  type SenderHello,
} from './protocol.ts';

export interface Taking {
  readonly hello: Omit<ReceiverHello, 'say'>;
  /** Does what is to be done with what is offered; what it throws is told to the other end. */
  readonly work: (offer: SenderHello, store: ChannelStore, tell: Tell) => Promise<void>;
}

export type Tell = (message: Extract<Message, { say: 'progress' | 'outcome' | 'host' }>) => void;

/**
 * Returns when the other end has been told how it ended.
 * @throws XhError E_CHANNEL_* when nobody who knows us is there; what `work` throws
 */
export async function takeDelivery(frames: Frames, { hello, work }: Taking): Promise<void> {
  await frames.send(messageFrame({ say: 'hello', ...hello }));
  const incoming = frames.receive();
  const offer = await offerIn(incoming);
  const store = channelStore(offer.host, frames);
  const feeding = feed(incoming, store);
  try {
    await work(offer, store, (message) => {
      void frames.send(messageFrame(message));
    });
    await frames.send(messageFrame({ say: 'end' }));
  } catch (error) {
    const reason = error instanceof XhError ? reasonOf(error) : DEFECT;
    await frames.send(messageFrame({ say: 'end', reason }));
    throw error;
  } finally {
    frames.finish();
    store.close();
    // it ends when the other end has heard
    void feeding;
  }
}

async function offerIn(incoming: AsyncGenerator<Frame, void, void>): Promise<SenderHello> {
  const patience = new Promise<never>((_, reject) => {
    setTimeout(() => {
      reject(cutOff(`nothing was offered for ${PATIENCE / 1000} s`));
    }, PATIENCE).unref();
  });
  const first = await Promise.race([incoming.next(), patience]);
  if (first.done === true) throw cutOff('nobody has offered anything');
  const message = first.value.kind === 'message' ? parseMessage(first.value.text) : undefined;
  if (message?.say !== 'offer') throw broken('something else than an offer has come');
  return message;
}

/** Hands on what comes to whoever waits for it, until nothing comes any more. */
async function feed(
  incoming: AsyncGenerator<Frame, void, void>,
  store: ChannelStore,
): Promise<void> {
  let last = Date.now();
  const watch = setInterval(() => {
    if (store.pending() === 0) last = Date.now();
    else if (Date.now() - last > PATIENCE) {
      store.fail(cutOff(`nothing has come for ${PATIENCE / 1000} s`));
    }
  }, 1000).unref();
  try {
    for await (const frame of incoming) {
      last = Date.now();
      store.take(answerIn(frame));
    }
    store.fail(cutOff('the other end has gone'));
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    store.fail(error);
  } finally {
    clearInterval(watch);
  }
}

function answerIn(frame: Frame): Parameters<ChannelStore['take']>[0] {
  if (frame.kind === 'data') return frame;
  const message = parseMessage(frame.text);
  if (message.say === 'absent' || message.say === 'unreadable') return message;
  throw broken(`the other end says '${message.say}', which is not for it to say`);
}

const DEFECT = { code: 'E_DEFECT', message: 'xh receive has failed there by a defect of its own' };
/** Milliseconds. */
const PATIENCE = 120_000;
