/**
 * A web server for a store, for hosts that have no other: contents and single ranges of them, with all
 * that caches want to know. It only reads; it says 404 only of what is not there, 503 when it has too
 * much to do, and gives nobody time for ever.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EXIT, XhError } from '../../message/error.ts';
import type { Content, Served } from './content.ts';
import { isNamedByHash, pathAskedFor, rangeAskedFor } from './request.ts';

export interface ServeOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** At the same time; others are asked to come back. */
  readonly connections?: number;
  /** How long a client may let us wait: milliseconds. */
  readonly patience?: number;
  /** Told of each request when it is over. */
  readonly told?: (request: ServedRequest) => void;
}

/** A request that is over. */
export interface ServedRequest {
  readonly client: string;
  readonly method: string;
  readonly address: string;
  /** As in HTTP; 0 when the client went before it was answered. */
  readonly status: number;
  /** Of the content. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly took: number;
  /** Why it could not be answered, or not to the end. */
  readonly why?: string;
}

export interface StoreServer {
  readonly address: string;
  readonly port: number;
  readonly url: string;
  /** Takes no more connections, and ends those that there are when they have what they asked for, at the latest after so many milliseconds. */
  drain(patience: number): Promise<void>;
}

/** @throws XhError E_SERVE_LISTEN when nobody can be listened to there */
export async function startStoreServer(
  served: Served,
  options: ServeOptions,
): Promise<StoreServer> {
  const { address, port, connections = 256, patience = 30_000, told } = options;
  const open = new Set<Socket>();
  /** Those that are being answered. */
  const busy = new Set<Socket>();
  let isEnding = false;
  const server = createServer(
    {
      headersTimeout: patience,
      requestTimeout: patience,
      keepAliveTimeout: Math.min(patience, 15_000),
      connectionsCheckingInterval: Math.min(patience, 5000),
      maxHeaderSize: 16 << 10,
    },
    (request, response) => {
      const isBusy = open.size > connections;
      const { socket } = request;
      busy.add(socket);
      response.on('close', () => {
        busy.delete(socket);
        if (isEnding) socket.destroySoon();
      });
      void answer(served, { request, response, isLast: isEnding || isBusy, isBusy, patience }).then(
        told,
      );
    },
  );
  // a few more, to be told that there are too many
  server.maxConnections = connections + 64;
  server.timeout = patience;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(address, port, error));
    });
    server.listen(port, address, resolve);
  });
  const bound = server.address() as AddressInfo;
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    address: bound.address,
    port: bound.port,
    url: `http://${host}:${bound.port}/`,
    async drain(most) {
      isEnding = true;
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of open) if (!busy.has(socket)) socket.destroy();
      const timer = setTimeout(() => {
        server.closeAllConnections();
      }, most);
      await closed;
      clearTimeout(timer);
    },
  };
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether the connection ends with it. */
  readonly isLast: boolean;
  readonly isBusy: boolean;
  readonly patience: number;
}

/** Answers a request, whatever it is; never throws. */
async function answer(served: Served, asked: Asked): Promise<ServedRequest> {
  const { request, response } = asked;
  const begun = performance.now();
  const client = request.socket.remoteAddress ?? '-';
  let why: string | undefined;
  let bytes = 0;
  try {
    // nobody has anything to send us
    request.resume();
    if (asked.isLast) response.setHeader('Connection', 'close');
    bytes = await respond(served, asked);
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
    if (response.headersSent) response.destroy();
    else if (error instanceof XhError) refuse(response, 503, 'cannot be read now', LATER);
    else refuse(response, 500, 'something is wrong here');
  }
  return {
    client,
    method: request.method ?? '-',
    address: request.url ?? '-',
    status: response.headersSent ? response.statusCode : 0,
    bytes,
    took: performance.now() - begun,
    ...(why !== undefined && { why }),
  };
}

/** @returns how many bytes of content were sent */
async function respond(served: Served, asked: Asked): Promise<number> {
  const { request, response, isBusy } = asked;
  if (isBusy) return refuse(response, 503, 'too many connections', LATER);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(response, 405, 'nothing can be changed here', { Allow: 'GET, HEAD' });
  }
  const path = pathAskedFor(request.url ?? '');
  const content = path === undefined ? 'absent' : await served.open(path);
  if (content === 'later') return refuse(response, 503, 'not known yet', LATER);
  if (path === undefined || content === 'absent') {
    // it may come: no cache is to remember that it was not there
    return refuse(response, 404, 'there is no such thing in this store');
  }
  try {
    return await give(content, isNamedByHash(path), asked);
  } finally {
    content.close();
  }
}

async function give(content: Content, isForEver: boolean, asked: Asked): Promise<number> {
  const { request, response } = asked;
  const { size, tag } = content;
  const etag = `"${tag}"`;
  response.setHeader('ETag', etag);
  response.setHeader(
    'Cache-Control',
    isForEver ? 'public, max-age=31536000, immutable' : 'no-cache',
  );
  response.setHeader('Accept-Ranges', 'bytes');
  if (matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end();
    return 0;
  }
  const condition = request.headers['if-range'];
  const field = condition === undefined || condition === etag ? request.headers.range : undefined;
  const range = rangeAskedFor(field, size);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${size}`);
    return refuse(response, 416, 'it ends before');
  }
  const { from, length } = range ?? { from: 0, length: size };
  response.setHeader('Content-Type', isForEver ? 'application/octet-stream' : 'application/json');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Length', length);
  if (range !== undefined) {
    response.setHeader('Content-Range', `bytes ${from}-${from + length - 1}/${size}`);
  }
  response.writeHead(range === undefined ? 200 : 206);
  if (request.method === 'HEAD') {
    response.end();
    return 0;
  }
  await send(response, content.read(from, length), length, asked.patience);
  return length;
}

/** @throws Error when the client goes, or is too slow, or the content is not what it was to be */
async function send(
  response: ServerResponse,
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  length: number,
  patience: number,
): Promise<void> {
  const { socket } = response;
  const taken = (): number => (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0);
  let before = taken();
  const watch = setInterval(() => {
    const now = taken();
    if (now - before < (SLOWEST * patience) / 1000) {
      socket?.destroy(new Error('the client takes it too slowly'));
    }
    before = now;
  }, patience);
  try {
    await pipeline(Readable.from(exactly(pieces, length)), response);
  } finally {
    clearInterval(watch);
  }
}

/** The pieces, when they are as many bytes as were announced. */
async function* exactly(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  length: number,
): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const piece of pieces) {
    sent += piece.length;
    yield piece;
  }
  if (sent !== length) throw new Error(`it had ${sent} bytes instead of ${length}`);
}

function refuse(
  response: ServerResponse,
  status: number,
  why: string,
  headers: Readonly<Record<string, string>> = {},
): 0 {
  const text = `${why}\n`;
  for (const name of ['ETag', 'Accept-Ranges']) response.removeHeader(name);
  response.writeHead(status, {
    'Content-Type': 'text/plain',
    'Content-Length': text.length,
    'Cache-Control': 'no-store',
    ...headers,
  });
  // of the answer to HEAD node sends the head alone
  response.end(text);
  return 0;
}

function matches(field: string | undefined, etag: string): boolean {
  return (
    field !== undefined &&
    field.split(',').some((each) => {
      const one = each.trim();
      return one === '*' || one.replace(/^W\//, '') === etag;
    })
  );
}

function listenError(address: string, port: number, error: NodeJS.ErrnoException): XhError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'somebody else listens there'
      : error.code === 'EACCES'
        ? 'only root may listen on a port below 1024'
        : error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'
          ? 'this host has no such address'
          : error.message;
  return new XhError('E_SERVE_LISTEN', `cannot listen at ${address}:${port}: ${why}`, {
    exit: error.code === 'EACCES' ? EXIT.notPermitted : EXIT.failed,
    remedy: 'name another address or port: --listen ADDRESS:PORT',
    cause: error,
  });
}

/** Bytes a second that even the slowest client takes. */
const SLOWEST = 512;
const LATER = { 'Retry-After': '5' };
