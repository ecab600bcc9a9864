/** Stores behind web servers: nginx as Debian has it, and servers that fail in every way. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { b } from '../../../src/bytes/bytes.ts';
import { hashOf } from '../../../src/distribute/store/hash.ts';
import { openHttpStore } from '../../../src/distribute/store/http.ts';
import { readObject } from '../../../src/distribute/store/reach.ts';
import { severalStores } from '../../../src/distribute/store/several.ts';
import { objectPath } from '../../../src/distribute/store/paths.ts';
import type { StoreReader } from '../../../src/distribute/store/store.ts';

const CONTENT = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 251));
const OBJECT = hashOf(CONTENT);

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0).toReversed()) end();
});

function opened(address: string, options = {}): StoreReader {
  const store = openHttpStore(new URL(address), { patience: 300, ...options });
  ending.push(() => {
    store.close();
  });
  return store;
}

describe('behind nginx', () => {
  let address: string;
  beforeEach(async () => {
    const root = mkdtempSync(join(tmpdir(), 'store-http-'));
    ending.push(() => {
      rmSync(root, { recursive: true });
    });
    const put = (path: string, content: Buffer | string): void => {
      mkdirSync(join(root, 'store', dirname(path)), { recursive: true });
      writeFileSync(join(root, 'store', path), content);
    };
    put(objectPath(OBJECT), CONTENT);
    put('heads/a name+~%41.json', 'head');
    put('heads/empty.json', '');
    // nginx's own account reads it
    chmodSync(root, 0o755);
    const port = await freePort();
    writeFileSync(
      join(root, 'nginx.conf'),
      `daemon off; pid ${root}/pid; error_log ${root}/error;
      events {}
      http {
        access_log ${root}/access;
        client_body_temp_path ${root}/t1; proxy_temp_path ${root}/t2; fastcgi_temp_path ${root}/t3;
        uwsgi_temp_path ${root}/t4; scgi_temp_path ${root}/t5;
        server { listen 127.0.0.1:${port}; root ${root}/store; }
      }`,
    );
    const server = spawn('nginx', ['-p', root, '-c', join(root, 'nginx.conf')], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    ending.push(() => {
      server.kill();
    });
    await answering(port, server);
    address = `http://127.0.0.1:${port}/`;
  });

  test('contents, ranges of them, and what is not there', async () => {
    const store = opened(address);
    expect((await readObject(store, OBJECT)).equals(CONTENT)).toBe(true);
    const range = await store.read(objectPath(OBJECT), { range: { from: 100, length: 50 } });
    expect(range).toEqual(CONTENT.subarray(100, 150));
    const tail = await store.read(objectPath(OBJECT), { range: { from: 69_990, length: 50 } });
    expect(tail).toEqual(CONTENT.subarray(69_990));
    expect((await store.read(b`heads/a name+~%41.json`))?.toString()).toBe('head');
    expect(await store.read(b`heads/empty.json`)).toEqual(Buffer.alloc(0));
    expect(await store.read(b`heads/nobody.json`)).toBeUndefined();
    await expect(readObject(store, hashOf(b`x`))).rejects.toMatchObject({
      code: 'E_STORE_MISSING',
    });
  });
});

describe('a server that', () => {
  /** A server that answers as `answer` does. */
  async function serving(
    answer: (response: ServerResponse, range: string | undefined, count: number) => void,
  ): Promise<{ readonly store: StoreReader; readonly asked: string[] }> {
    const asked: string[] = [];
    const server: Server = createServer((request, response) => {
      asked.push(request.headers.range ?? 'all');
      answer(response, request.headers.range, asked.length);
    });
    await listening(server);
    ending.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { store: opened(`http://127.0.0.1:${port}`), asked };
  }

  /** Sends what a range asks for, but breaks off after `most` bytes. */
  function send(response: ServerResponse, range: string | undefined, most = Infinity): void {
    const [, from] = /^bytes=(\d+)-/.exec(range ?? '') ?? [];
    const content = CONTENT.subarray(Number(from ?? 0));
    response.writeHead(from === undefined ? 200 : 206, {
      'Content-Length': content.length,
      ...(from !== undefined && {
        'Content-Range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`,
      }),
    });
    if (content.length <= most) response.end(content);
    else {
      response.write(content.subarray(0, most), () => {
        void setTimeout(5).then(() => response.destroy());
      });
    }
  }

  test('breaks off again and again is asked for the rest only, until all is there', async () => {
    const { store, asked } = await serving((response, range) => {
      send(response, range, 20_000);
    });
    expect((await readObject(store, OBJECT)).equals(CONTENT)).toBe(true);
    expect(asked).toEqual(['all', 'bytes=20000-', 'bytes=40000-', 'bytes=60000-']);
  });

  test('knows of no ranges is believed from the beginning', async () => {
    const { store } = await serving((response, _, count) => {
      send(response, undefined, count === 1 ? 20_000 : Infinity);
    });
    expect((await readObject(store, OBJECT)).equals(CONTENT)).toBe(true);
    const range = await store.read(objectPath(OBJECT), { range: { from: 5, length: 9 } });
    expect(range).toEqual(CONTENT.subarray(5, 14));
  });

  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['answers with an error', (response) => response.writeHead(503).end('later'), /answers 503/],
    ['answers nothing', () => undefined, /nothing has come for 0\.3 s/],
    ['hangs up', (response) => response.destroy(), /hang up|ECONNRESET/],
  ])('%s cannot be read, which is not the same as having nothing', async (_, answer, said) => {
    const { store, asked } = await serving(answer);
    await expect(store.read(objectPath(OBJECT))).rejects.toMatchObject({ code: 'E_STORE_READ' });
    await expect(store.read(objectPath(OBJECT))).rejects.toThrow(said);
    expect(asked).toHaveLength(6);
  });

  test('gives something else, or has nothing, is passed over for the next, and told of once', async () => {
    const wrong = await serving((response) => response.end('something else'));
    const empty = await serving((response) => response.writeHead(404).end());
    const good = await serving((response, range) => {
      send(response, range);
    });
    const told: string[] = [];
    const store = severalStores([wrong.store, empty.store, good.store], ({ name }, { code }) => {
      told.push(`${name} ${code}`);
    });
    for (let i = 0; i < 3; i++) expect(await readObject(store, OBJECT)).toEqual(CONTENT);
    expect(told).toEqual([`${wrong.store.name} E_STORE_DAMAGED`]);
    // it is asked last from then on, so not at all
    expect(wrong.asked).toHaveLength(1);
    expect(empty.asked).toHaveLength(3);
  });

  test('is down while the others have nothing leaves it open whether there is something', async () => {
    const empty = await serving((response) => response.writeHead(404).end());
    const down = opened('http://127.0.0.1:9/');
    const both = severalStores([down, empty.store]);
    await expect(both.read(b`heads/x.json`)).rejects.toMatchObject({ code: 'E_STORE_READ' });
    const alone = severalStores([empty.store, empty.store]);
    expect(await alone.read(b`heads/x.json`)).toBeUndefined();
  });

  test('breaks off anywhere never makes a content of something else', async () => {
    for (const most of [0, 1, 69_999]) {
      const { store } = await serving((response, range, count) => {
        send(response, range, count === 1 ? most : Infinity);
      });
      expect(hashOf((await store.read(objectPath(OBJECT))) ?? b``)).toBe(OBJECT);
    }
  });
});

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await listening(server);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until somebody listens. */
async function answering(port: number, server: ChildProcess): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (server.exitCode !== null) throw new Error(`nginx has ended: ${server.exitCode}`);
    const is = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => {
        resolve(false);
      });
    });
    if (is) return;
    await setTimeout(25);
  }
  throw new Error('nginx does not listen');
}
