/** The conversation of two hosts over any two streams: whole, broken off anywhere, and garbled anywhere. */
import fc from 'fast-check';
import { PassThrough, Transform, type Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import type { Connection } from '../../../src/distribute/ssh/connection.ts';
import { deliver, type Delivered } from '../../../src/distribute/ssh/deliver.ts';
import { openFrames } from '../../../src/distribute/ssh/frames.ts';
import { parseMessage } from '../../../src/distribute/ssh/protocol.ts';
import { takeDelivery } from '../../../src/distribute/ssh/take-delivery.ts';
import { hashOf, type Hash } from '../../../src/distribute/store/hash.ts';
import { objectPath } from '../../../src/distribute/store/paths.ts';
import { readNamed } from '../../../src/distribute/store/reach.ts';
import type { StoreReader } from '../../../src/distribute/store/store.ts';
import { XhError } from '../../../src/message/error.ts';

/** What is garbled may be waited for. */
const SHORT = 300;

const HELLO = { xhier: '0', host: 'far', architectures: ['linux-x86_64'], domains: ['a.adm'] };

/** What the one who gives has, by path. */
function storeOf(contents: ReadonlyMap<Bytes, Buffer>): StoreReader {
  return {
    name: 'near',
    read: (path, { range } = {}) => {
      const content = contents.get(path);
      return Promise.resolve(
        range === undefined ? content : content?.subarray(range.from, range.from + range.length),
      );
    },
    close: () => undefined,
  };
}

interface Line {
  /** What becomes of what the far end says, and of what is said to it. */
  readonly back?: Duplex;
  readonly forth?: Duplex;
  /** Milliseconds after which it is given up. */
  readonly timeLimit?: number;
}

interface Talk {
  readonly delivered: Delivered;
  readonly got: ReadonlyMap<Hash, Buffer | string>;
  readonly error: XhError | undefined;
}

/** Both ends, in one process; the far end asks for all of `wanted`. */
async function talk(
  contents: ReadonlyMap<Bytes, Buffer>,
  wanted: readonly Hash[],
  { back = new PassThrough(), forth = new PassThrough(), timeLimit = 20_000 }: Line = {},
): Promise<Talk> {
  const got = new Map<Hash, Buffer | string>();
  const frames = openFrames(forth, back, { strict: true });
  let isOver = (): void => undefined;
  const ended = new Promise<{ code: number; signal: null }>((resolve) => {
    isOver = () => {
      resolve({ code: 0, signal: null });
    };
  });
  const far = takeDelivery(frames, {
    hello: HELLO,
    async work(offer, store, tell) {
      await Promise.all(
        wanted.map(async (hash) => {
          try {
            got.set(hash, await readNamed(store, objectPath(hash), hash));
          } catch (error) {
            if (!(error instanceof XhError)) throw error;
            got.set(hash, error.code);
          }
        }),
      );
      for (const name of offer.packages) tell({ say: 'outcome', package: name, result: 'new' });
    },
  }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof XhError) return error;
      throw error;
    },
  );
  void far.finally(() => {
    back.end();
    isOver();
  });
  const connection: Connection = {
    input: back,
    output: forth,
    ended,
    said: () => '',
    kill() {
      back.destroy();
      forth.end();
      isOver();
    },
  };
  const delivered = await deliver(connection, {
    store: storeOf(contents),
    timeLimit,
    offer: () => ({
      xhier: '0',
      host: 'near',
      you: 'far',
      packages: [b`clock`],
      dryRun: false,
      way: [],
    }),
  });
  forth.end();
  return { delivered, got, error: await far };
}

function objects(...texts: readonly (string | Buffer)[]): Map<Bytes, Buffer> {
  return new Map(texts.map((text) => [objectPath(hashOf(Buffer.from(text))), Buffer.from(text)]));
}

function hashes(contents: ReadonlyMap<Bytes, Buffer>): Hash[] {
  return [...contents.values()].map((content) => hashOf(content));
}

/** A line that lets `length` bytes through, and ends. */
function cutAfter(length: number): Duplex {
  let rest = length;
  return new Transform({
    transform(piece: Buffer, _, done) {
      const part = piece.subarray(0, rest);
      rest -= part.length;
      if (part.length > 0) this.push(part);
      if (rest === 0) this.push(null);
      done();
    },
  });
}

/** A line on which one byte becomes another. */
function garbledAt(place: number, mask: number): Duplex {
  let at = 0;
  return new Transform({
    transform(piece: Buffer, _, done) {
      const copy = Buffer.from(piece);
      if (place >= at && place < at + copy.length)
        copy[place - at] = (copy[place - at] ?? 0) ^ mask;
      at += copy.length;
      done(null, copy);
    },
  });
}

describe('a conversation', () => {
  test('brings what is asked for, of any size, and tells what is not there', async () => {
    const large = Buffer.alloc(3 << 20, 'large');
    const contents = objects(
      '',
      'one',
      'two',
      large,
      ...Array.from({ length: 300 }, (_, i) => `${i}`),
    );
    const missing = hashOf(b`not there`);
    const { delivered, got, error } = await talk(contents, [...hashes(contents), missing]);
    expect(error).toBeUndefined();
    expect(delivered.reason).toBeUndefined();
    expect(delivered.hello).toMatchObject(HELLO);
    expect(delivered.outcomes).toEqual([{ package: 'clock', result: 'new' }]);
    for (const content of contents.values()) {
      expect(content.equals(got.get(hashOf(content)) as Buffer)).toBe(true);
    }
    expect(got.get(missing)).toBe('E_STORE_MISSING');
  });

  test('goes on behind whatever a login prints, as long as that is not endless', async () => {
    const back = new PassThrough();
    back.write('Welcome!\nxhier-channel is not this\n');
    const { delivered } = await talk(objects('one'), [], { back });
    expect(delivered.reason).toBeUndefined();
    expect(delivered.preface).toBe('Welcome!\nxhier-channel is not this');
    const endless = new PassThrough();
    endless.write('y\n'.repeat(40_000));
    const lost = await talk(objects('one'), [], { back: endless });
    expect(lost.delivered.reason?.code).toBe('E_CHANNEL_STRANGER');
  });

  test('takes no paths but those of a store', async () => {
    const { got } = await talk(objects('one'), []);
    expect(got.size).toBe(0);
    const asked: Bytes[] = [];
    const spying: StoreReader = {
      ...storeOf(new Map()),
      read: (path) => {
        asked.push(path);
        return Promise.resolve(Buffer.from('secret'));
      },
    };
    const { answer } = await import('../../../src/distribute/ssh/channel-store.ts');
    const said: string[] = [];
    const frames = openFrames(new PassThrough(), new PassThrough());
    const spied = {
      ...frames,
      send: (frame: { kind: string; text?: string }) => {
        said.push(frame.text ?? frame.kind);
        return Promise.resolve();
      },
    };
    for (const path of [
      '../../etc/passwd',
      '/etc/shadow',
      'objects/aa/../x',
      'objects/aa/',
      'heads/a/b.json',
      'heads',
      'objects/ab/ab',
      '',
    ]) {
      await answer(spying, spied, { say: 'read', id: 1, path: bytes(path) });
    }
    await answer(spying, spied, {
      say: 'read',
      id: 2,
      path: objectPath(hashOf(b`x`)),
      offset: 0,
      length: 1 << 30,
    });
    expect(asked).toEqual([]);
    expect(said.every((each) => each.includes('absent'))).toBe(true);
  });

  const CONTENTS = objects('one', 'two', 'x'.repeat(400));

  test('broken off after any byte that the far end says, it ends with a reason', async () => {
    const whole = await lengthOf('back');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole - 1), async (length) => {
        const { delivered, got } = await talk(CONTENTS, hashes(CONTENTS), {
          back: cutAfter(length),
          timeLimit: SHORT,
        });
        expect(delivered.reason?.code).toMatch(/^E_/);
        expect(wrong(got)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('broken off after any byte that is said to the far end, nothing wrong is taken there', async () => {
    const whole = await lengthOf('forth');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole - 1), async (length) => {
        const { got, error } = await talk(CONTENTS, hashes(CONTENTS), {
          forth: cutAfter(length),
          timeLimit: SHORT,
        });
        expect(error !== undefined || got.size === CONTENTS.size).toBe(true);
        expect(wrong(got)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('with any byte garbled, either way, it comes to an end and nothing wrong is taken', async () => {
    const [back, forth] = [await lengthOf('back'), await lengthOf('forth')];
    const mask = fc.integer({ min: 1, max: 255 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(back - 1),
        fc.nat(forth - 1),
        mask,
        fc.boolean(),
        async (one, other, bits, isBack) => {
          const line = isBack ? { back: garbledAt(one, bits) } : { forth: garbledAt(other, bits) };
          expect(
            wrong((await talk(CONTENTS, hashes(CONTENTS), { ...line, timeLimit: SHORT })).got),
          ).toEqual([]);
        },
      ),
      { numRuns: 80 },
    );
  });

  /** What is said to have come under each name, and is not that. */
  function wrong(got: Talk['got']): Hash[] {
    return [...got]
      .filter(([hash, content]) => typeof content !== 'string' && hashOf(content) !== hash)
      .map(([hash]) => hash);
  }

  async function lengthOf(way: 'back' | 'forth'): Promise<number> {
    let length = 0;
    const line = new Transform({
      transform(piece: Buffer, _, done) {
        length += piece.length;
        done(null, piece);
      },
    });
    await talk(CONTENTS, hashes(CONTENTS), { [way]: line });
    return length;
  }
});

test('whatever comes as a message is one, or is refused', () => {
  const refused = (text: string): boolean => {
    try {
      parseMessage(text);
      return false;
    } catch (error) {
      if (error instanceof XhError) return true;
      throw error;
    }
  };
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      refused(text);
    }),
  );
  for (const message of [
    { say: 'offer', xhier: '1', host: 'a', you: 'b', packages: ['../x'], dryRun: false, way: [] },
    { say: 'offer', xhier: '1', host: 'a\n', you: 'b', packages: [], dryRun: false, way: [] },
    {
      say: 'offer',
      xhier: '1',
      host: 'a',
      you: 'b',
      packages: [],
      dryRun: false,
      way: [],
      below: [{ host: 'a', via: 'b', address: '-oProxyCommand=x' }],
    },
    {
      say: 'offer',
      xhier: '1',
      host: 'a',
      you: 'b',
      packages: [],
      dryRun: false,
      way: [],
      below: [{ host: 'a', via: 'b', user: 'a b' }],
    },
    {
      say: 'offer',
      xhier: '1',
      host: 'a',
      you: 'b',
      packages: [],
      dryRun: false,
      way: [],
      below: [{ host: 'a', via: 'b', port: 0 }],
    },
    { say: 'hello', ...HELLO, domains: ['a..b'] },
    { say: 'read', id: -1, path: 'x' },
    { say: 'read', id: 1, path: 'x', offset: 1 },
    { say: 'outcome', package: 'a/b', result: 'new' },
    { say: 'something' },
    null,
  ]) {
    expect(refused(JSON.stringify(message))).toBe(true);
  }
});
