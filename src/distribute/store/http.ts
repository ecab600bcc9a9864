/**
 * A store behind a web server. Any will do that serves files; ranges are asked for where they save
 * something, and a connection that breaks is taken up again where it broke.
 */
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { XhError } from '../../message/error.ts';
import { CutOffError, type Range, type StoreReader } from './store.ts';

export interface HttpOptions {
  /** How long nothing may come: milliseconds. */
  readonly patience?: number;
  /** Connections at the same time. */
  readonly connections?: number;
  /** What a request has to carry besides, made of its address. */
  readonly sign?: (address: string) => Promise<Readonly<Record<string, string>>>;
  /** Records are asked for anew behind caches; what never changes may come from any. */
  readonly isRecord?: (path: Bytes) => boolean;
}

/** The store whose root is at `address`, `http:` or `https:`. */
export function openHttpStore(address: URL, options: HttpOptions = {}): StoreReader {
  const { patience = 20_000, connections = 8, isRecord = () => false, sign } = options;
  const secure = address.protocol === 'https:';
  const keepAlive = { keepAlive: true, maxSockets: connections };
  const agent = secure ? new HttpsAgent(keepAlive) : new HttpAgent(keepAlive);
  const base = address.href.endsWith('/') ? address.href : `${address.href}/`;

  /** One answer; `from` on, when the first bytes are there already. */
  async function ask(path: Bytes, range: { from: number; length?: number }): Promise<Answer> {
    const url = `${base}${addressOf(path)}`;
    const ranged = range.from > 0 || range.length !== undefined;
    const last = range.length === undefined ? '' : range.from + range.length - 1;
    const signed = await sign?.(url);
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsGet : httpGet)(
        url,
        {
          agent,
          timeout: patience,
          headers: {
            ...signed,
            ...(ranged && { Range: `bytes=${range.from}-${last}` }),
            ...(isRecord(path) && { 'Cache-Control': 'no-cache' }),
          },
        },
        (response) => {
          collect(response, { ...range, patience }).then(resolve, reject);
        },
      );
      request.on('timeout', () => {
        request.destroy(new Error(`nothing has come for ${patience / 1000} s`));
      });
      request.on('error', reject);
    });
  }

  async function fetch(path: Bytes, range: Range | undefined): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let got = 0;
    let cause: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const from = (range?.from ?? 0) + got;
      const rest = range === undefined ? undefined : range.length - got;
      try {
        const answer = await ask(path, { from, ...(rest !== undefined && { length: rest }) });
        if (answer.absent) return undefined;
        // a server that knows of no ranges begins at the beginning
        const content = answer.content.subarray(from - answer.from);
        pieces.push(rest === undefined ? content : content.subarray(0, rest));
        got += pieces.at(-1)?.length ?? 0;
        if (answer.whole || got === range?.length) {
          return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
        }
        cause = answer.cause;
        // it comes on: that is no failed attempt
        if (content.length > 0) attempt = 0;
      } catch (error) {
        cause = error;
      }
    }
    const error = unreachable(`${base}${addressOf(path)}`, cause);
    throw got > 0 ? new CutOffError(error, Buffer.concat(pieces)) : error;
  }

  return {
    name: address.href,
    read: (path, { range } = {}) => fetch(path, range),
    close() {
      agent.destroy();
    },
  };
}

/** What came of one request. */
interface Answer {
  readonly absent: boolean;
  readonly content: Buffer;
  /** The offset at which it begins. */
  readonly from: number;
  readonly whole: boolean;
  readonly cause?: unknown;
}

interface Collecting {
  readonly from: number;
  readonly length?: number;
  /** Milliseconds. */
  readonly patience: number;
}

/** Reads an answer to its end, or to where it breaks off. */
function collect(
  response: IncomingMessage,
  { from: wanted, length, patience }: Collecting,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { statusCode = 0 } = response;
    if (statusCode === 404 || statusCode === 410) {
      response.resume();
      resolve({ absent: true, content: Buffer.alloc(0), from: wanted, whole: true });
      return;
    }
    // asked to go on behind the end: there was no more
    if (statusCode === 416 && wanted > 0) {
      response.resume();
      resolve({ absent: false, content: Buffer.alloc(0), from: wanted, whole: true });
      return;
    }
    const [, start] = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '') ?? [];
    const from = statusCode === 206 ? Number(start) : 0;
    if ((statusCode !== 200 && statusCode !== 206) || !(from <= wanted)) {
      refusalOf(response).then(reject, reject);
      return;
    }
    const gathered = gathering(Number(response.headers['content-length']));
    // what goes on without an end, or comes by the drop, is not waited for
    const most = length === undefined ? LARGEST : wanted - from + length;
    let got = 0;
    let lately = 0;
    const watch = setInterval(() => {
      if (lately < SLOWEST * (patience / 1000)) response.destroy(new Error('it comes too slowly'));
      lately = 0;
    }, patience);
    const end = (whole: boolean, cause?: unknown): void => {
      clearInterval(watch);
      resolve({ absent: false, content: gathered.content(), from, whole, cause });
    };
    response.on('data', (piece: Buffer) => {
      got += piece.length;
      lately += piece.length;
      if (got > most && length === undefined) response.destroy(new Error('it is far too large'));
      // whoever knows of no ranges sends all of it: the rest is not needed
      else if (got > most) response.destroy();
      gathered.add(piece);
    });
    response.on('end', () => {
      end(response.complete);
    });
    response.on('error', (error) => {
      end(false, error);
    });
    response.on('close', () => {
      end(response.complete);
    });
  });
}

/** Pieces put together; at their place at once, where it is known how many bytes there will be. */
function gathering(length: number) {
  const whole = length <= MOST_AT_ONCE ? Buffer.allocUnsafe(length) : undefined;
  const pieces: Buffer[] = [];
  let got = 0;
  return {
    add(piece: Buffer): void {
      if (whole === undefined) pieces.push(piece);
      else got += piece.copy(whole, got);
    },
    content: () => whole?.subarray(0, got) ?? Buffer.concat(pieces),
  };
}

/** What the server says, as far as it can be told on a line. */
export async function refusalOf(response: IncomingMessage): Promise<ServerRefusal> {
  let text = '';
  for await (const piece of response) {
    text += String(piece);
    if (text.length > MOST_OF_REFUSAL) break;
  }
  const [, code] = /<Code>(\w+)<\/Code>/.exec(text) ?? [];
  return new ServerRefusal(response.statusCode ?? 0, response.statusMessage ?? '', code);
}

/** An answer that is an error. */
export class ServerRefusal extends Error {
  readonly status: number;
  /** What S3 calls it: `NoSuchBucket`. */
  readonly code: string | undefined;
  constructor(status: number, phrase: string, code?: string) {
    super(
      `the server answers ${[status, phrase, code === undefined ? '' : `(${code})`].join(' ').trim()}`,
    );
    this.status = status;
    this.code = code;
  }
}

/** As it stands in an address: a path's bytes, each that is not plain quoted. */
export function addressOf(path: Bytes): string {
  return [...toBuffer(path)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9/._~-]/.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function unreachable(address: string, cause: unknown): XhError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new XhError('E_STORE_READ', `${address} cannot be read: ${why}`, {
    remedy: 'is the server up, and the address right? Until then everything stays as it is',
    cause,
  });
}

/** In a row without a byte. */
const ATTEMPTS = 3;
/** Bytes of what is asked for as a whole: packs, listings, records. */
const LARGEST = 512 << 20;
/** Bytes a second. */
const SLOWEST = 200;
/** Bytes; whoever promises more has to send them first. */
const MOST_AT_ONCE = 32 << 20;
/** Characters. */
const MOST_OF_REFUSAL = 4000;
