/** A store served by ourselves: to any client, through a cache, to too many, to slow ones, until it ends. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { contentInMemory, type Served } from '../../../src/distribute/serve/content.ts';
import { servedDirectory } from '../../../src/distribute/serve/directory.ts';
import {
  startStoreServer,
  type ServedRequest,
  type ServeOptions,
  type StoreServer,
} from '../../../src/distribute/serve/server.ts';
import { hashOf } from '../../../src/distribute/store/hash.ts';
import { openHttpStore } from '../../../src/distribute/store/http.ts';
import { headPath, objectPath } from '../../../src/distribute/store/paths.ts';
import { readObject } from '../../../src/distribute/store/reach.ts';
import { startSquid } from '../../servers/squid.ts';
import { temporaryDirectory } from '../../site.ts';

const CONTENT = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251));
const OBJECT = hashOf(CONTENT);

interface Serving extends StoreServer {
  readonly root: string;
  readonly told: ServedRequest[];
}

/** A store with an object and a head, served. */
async function serving(
  options: Partial<ServeOptions> = {},
  change: (served: Served) => Served = (served) => served,
): Promise<Serving> {
  const root = temporaryDirectory('serve');
  const put = (path: string, content: Buffer | string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  put(objectPath(OBJECT), CONTENT);
  put(headPath(b`gcc`), 'first');
  put('trust.json', 'trust');
  put('.secret', 'secret');
  const served = change(servedDirectory(bytes(root)));
  const told: ServedRequest[] = [];
  const server = await startStoreServer(served, {
    address: '127.0.0.1',
    port: 0,
    told: (request) => told.push(request),
    ...options,
  });
  onTestFinished(async () => {
    await server.drain(0);
    served.close();
  });
  return { ...server, root, told };
}

function curl(...words: readonly string[]): string {
  return execFileSync('curl', ['-sS', '--path-as-is', ...words], {
    encoding: 'latin1',
    maxBuffer: 1 << 24,
  });
}

/** As a program of its own, since it has to be answered by this one. */
async function curlAsync(...words: readonly string[]): Promise<string> {
  const { spawn } = await import('node:child_process');
  const child = spawn('curl', ['-sS', '--path-as-is', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  await once(child, 'close');
  return Buffer.concat(pieces).toString('latin1');
}

test('curl gets contents, parts of them, and what caches want to know', async () => {
  const { url } = await serving();
  const object = `${url}${objectPath(OBJECT)}`;
  expect(await curlAsync(object)).toBe(CONTENT.toString('latin1'));
  expect(await curlAsync('-r', '10-19', object)).toBe(CONTENT.toString('latin1', 10, 20));
  expect(await curlAsync('-r', '-5', object)).toBe(CONTENT.toString('latin1', CONTENT.length - 5));
  // several parts are more than it knows of: then all
  expect(await curlAsync('-r', '0-1,5-6', object)).toHaveLength(CONTENT.length);
  const heads = await curlAsync('-I', object, `${url}${headPath(b`gcc`)}`);
  expect(heads).toMatch(
    /ETag: "[0-9a-f]{64}"\r\nCache-Control: public, max-age=31536000, immutable/,
  );
  expect(heads).toMatch(/Content-Length: 5\r\n/);
  expect(heads).toMatch(/Cache-Control: no-cache/);
  const [, etag] = /(ETag: "[0-9a-f]{32}")/.exec(heads) ?? [];
  const again = [
    '-i',
    '-H',
    (etag ?? '').replace('ETag', 'If-None-Match'),
    `${url}${headPath(b`gcc`)}`,
  ];
  expect(await curlAsync(...again)).toMatch(/^HTTP\/1.1 304 /);
  const other = ['-r', '3-', '-H', 'If-Range: "another"', `${url}trust.json`];
  expect(await curlAsync(...other)).toBe('trust');
  expect(await curlAsync('-i', '-r', '9-', `${url}trust.json`)).toMatch(
    /^HTTP\/1.1 416 [^]*Content-Range: bytes \*\/5/,
  );
});

test('nothing but what a store has is given, and nothing is changed', async () => {
  const { url, root, told } = await serving();
  writeFileSync(join(root, '..', 'outside.json'), 'outside');
  symlinkSync('/etc/passwd', join(root, 'heads/link.json'));
  renameSync(join(root, 'objects'), join(root, 'elsewhere'));
  symlinkSync(join(root, 'elsewhere'), join(root, 'objects'));
  for (const path of [
    '.secret',
    '../outside.json',
    'heads/../.secret',
    'heads/%2e%2e/.secret',
    'heads/link.json',
    'heads/',
    'heads',
    `objects/${OBJECT}`,
    objectPath(hashOf(b`y`)),
    'packages.json',
  ]) {
    const answer = await curlAsync('-i', `${url}${path}`);
    expect(`${path} ${answer}`).toMatch(/ HTTP\/1\.1 404 [^]*Cache-Control: no-store/);
  }
  for (const method of ['PUT', 'POST', 'DELETE', 'PROPFIND']) {
    const answer = await curlAsync('-i', '-X', method, '-d', 'x', `${url}trust.json`);
    expect(answer).toMatch(/^HTTP\/1\.1 405 [^]*Allow: GET, HEAD/);
  }
  expect(told.every(({ status }) => status === 404 || status === 405)).toBe(true);
});

test('a cache in front keeps what never changes, and asks again for what does', async () => {
  const server = await serving();
  const squid = await startSquid(join(temporaryDirectory('squid'), 'squid'), server);
  onTestFinished(() => squid.end('SIGKILL'));
  const store = openHttpStore(new URL(squid.url), { isRecord: (path) => path.startsWith('heads') });
  onTestFinished(() => {
    store.close();
  });
  for (let i = 0; i < 3; i++) {
    expect((await readObject(store, OBJECT)).equals(CONTENT)).toBe(true);
    const range = { from: 100_000, length: 50 };
    expect(await store.read(objectPath(OBJECT), { range })).toEqual(
      CONTENT.subarray(100_000, 100_050),
    );
  }
  expect((await store.read(headPath(b`gcc`)))?.toString()).toBe('first');
  writeFileSync(join(server.root, 'heads/gcc.json'), 'second');
  expect((await store.read(headPath(b`gcc`)))?.toString()).toBe('second');
  expect(await store.read(objectPath(hashOf(b`y`)))).toBeUndefined();
  expect(server.told.filter(({ address }) => address.includes(OBJECT))).toHaveLength(1);
});

test('who comes when there are too many is asked to come back', async () => {
  const { url, port } = await serving({ connections: 2 });
  const sockets: Socket[] = [];
  for (let i = 0; i < 2; i++) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
  }
  await setTimeout(50);
  expect(await curlAsync('-i', `${url}trust.json`)).toMatch(
    /^HTTP\/1.1 503 [^]*Connection: close[^]*Cache-Control: no-store[^]*Retry-After: 5/,
  );
  for (const socket of sockets) socket.destroy();
  await setTimeout(50);
  expect(await curlAsync(`${url}trust.json`)).toBe('trust');
});

test('nobody keeps it waiting: not with half a question, and not by taking nothing', async () => {
  const { port, told } = await serving({ patience: 400 });
  const asking = connect(port, '127.0.0.1');
  asking.write('GET /trust.json HTTP/1.1\r\nHost:');
  const taking = connect(port, '127.0.0.1');
  taking.pause();
  for (let i = 0; i < 20; i++) {
    taking.write(`GET /${objectPath(OBJECT)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  }
  asking.resume();
  asking.on('error', () => undefined);
  taking.on('error', () => undefined);
  await once(asking, 'close');
  // it is told of once the connection has been ended
  while (!told.some(({ why }) => why !== undefined)) await setTimeout(50);
  // the kernel takes some of it for him
  expect(told.length).toBeLessThan(20);
  taking.destroy();
});

test('a content that is not what was announced ends before its time, so that nobody takes it for whole', async () => {
  const { url, told } = await serving({}, (served) => ({
    ...served,
    open: (path) =>
      Promise.resolve({
        ...contentInMemory(CONTENT, 'x'),
        *read() {
          yield CONTENT.subarray(0, 100_000);
          if (path.startsWith('objects')) throw new Error('it has changed');
        },
      }),
  }));
  for (const path of [objectPath(OBJECT), headPath(b`gcc`)]) {
    const got = await curlAsync('-w', '%{errormsg}', `${url}${path}`);
    expect(got.slice(100_000)).toMatch(/transfer closed with \d+ bytes remaining/);
  }
  expect(told.map(({ why }) => why)).toEqual([
    'it has changed',
    'it had 100000 bytes instead of 3000000',
  ]);
});

test('it ends when those who are being answered have what they asked for', async () => {
  const server = await serving();
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  const slow = curlAsync('--limit-rate', '6M', `${server.url}${objectPath(OBJECT)}`);
  // half a second is what it takes
  await setTimeout(150);
  const ended = server.drain(20_000);
  expect(await slow).toHaveLength(CONTENT.length);
  await ended;
  await expect(fetch(server.url)).rejects.toThrow(/fetch failed/);
  idle.destroy();
});

test('where it cannot listen it says why', async () => {
  const { port } = await serving();
  await expect(serving({ port })).rejects.toMatchObject({
    code: 'E_SERVE_LISTEN',
    message: expect.stringMatching(/somebody else listens there/) as string,
  });
  await expect(serving({ address: '192.0.2.1' })).rejects.toMatchObject({ code: 'E_SERVE_LISTEN' });
});

test('a directory that is no store is not served', () => {
  const root = temporaryDirectory('serve');
  expect(() => servedDirectory(bytes(root))).toThrow(/is no store/);
  expect(curl('--version')).toMatch(/^curl/);
});
