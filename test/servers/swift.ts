/**
 * OpenStack Swift as Debian has it: an object store of four servers that speaks S3, and verifies who
 * asks. It knows no conditional writes, and says so; {@link startConditional} puts before it what does.
 */
import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { AwsV4Signer } from 'aws4fetch';
import { listeningAt, startServer } from './server.ts';

export interface ObjectStore {
  readonly url: string;
  /** What tools are told by: AWS_…. */
  readonly environment: Readonly<Record<string, string>>;
  end(): Promise<void>;
}

const KEYS = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };

/** @param directory for its own files, and all that is stored: of the caller, who removes it */
export async function startSwift(directory: string): Promise<ObjectStore> {
  const conf = join(directory, 'etc');
  const common = `user = ${userInfo().username}\nswift_dir = ${conf}\nworkers = 0\nlog_address = ${directory}/none\n`;
  for (const each of ['etc', 'devices/disk']) mkdirSync(join(directory, each), { recursive: true });
  writeFileSync(join(conf, 'swift.conf'), '[swift-hash]\nswift_hash_path_suffix = test\n');
  const places = new Map<string, Awaited<ReturnType<typeof listeningAt>>>();
  for (const part of ['account', 'container', 'object', 'proxy']) {
    places.set(part, await listeningAt({}));
  }
  const portOf = (part: string): number => places.get(part)?.port ?? 0;
  const bind = (part: string): string =>
    `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${portOf(part)}\n${common}`;
  const rings = ['account', 'container', 'object'].map((part) => [part, portOf(part)]);
  const made = spawnSync('/usr/bin/python3', ['-c', RINGS, conf, JSON.stringify(rings)], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`no rings for swift: ${made.stderr}`);
  for (const part of ['account', 'container', 'object']) {
    const devices = `devices = ${directory}/devices\nmount_check = false\n`;
    const app = `[pipeline:main]\npipeline = ${part}-server\n[app:${part}-server]\nuse = egg:swift#${part}\n`;
    writeFileSync(join(conf, `${part}.conf`), `${bind(part)}${devices}${app}`);
  }
  writeFileSync(join(conf, 'proxy.conf'), `${bind('proxy')}${PROXY}`);
  const servers = await Promise.all(
    [...places].map(([part, where]) => {
      const words = [`swift-${part}-server`, join(conf, `${part}.conf`)];
      return startServer({ words, directory, name: `swift-${part}` }, where);
    }),
  );
  const url = `http://127.0.0.1:${portOf('proxy')}`;
  return {
    url,
    environment: environmentOf(url),
    async end() {
      for (const server of servers) await server.end('SIGKILL');
    },
  };
}

export function environmentOf(url: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  };
}

/** Makes a bucket. */
export async function makeBucket(url: string, bucket: string): Promise<void> {
  const { status } = await forward(url, { method: 'PUT', path: `/${bucket}`, headers: {} });
  if (status !== 200) throw new Error(`no bucket: ${status}`);
}

/**
 * An object store before another one that has conditional writes as S3 has them since 2024: If-None-Match
 * with a star and If-Match with an ETag, 412 when the condition is not met, one write at a time.
 */
export async function startConditional(behind: string): Promise<ObjectStore> {
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    const turn = last.then(() => answer(behind, request, response));
    last = turn.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    environment: environmentOf(url),
    end() {
      server.closeAllConnections();
      server.close();
      return Promise.resolve();
    },
  };
}

async function answer(
  behind: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { method = 'GET', url: path = '/', headers } = request;
  const wanted = headers['if-match'];
  if (method === 'PUT' && (wanted !== undefined || headers['if-none-match'] !== undefined)) {
    const { etag } = await forward(behind, { method: 'GET', path, headers: {} });
    if (wanted === undefined ? etag !== undefined : etag !== wanted) {
      response.writeHead(etag === undefined ? 404 : 412).end();
      return;
    }
  }
  const passed = Object.entries(headers).filter(([name]) => PASSED.has(name));
  const found = await forward(behind, {
    method,
    path,
    headers: Object.fromEntries(passed) as Record<string, string>,
    ...(pieces.length > 0 && { body: Buffer.concat(pieces) }),
  });
  response.writeHead(found.status, found.headers).end(found.content);
}

interface Forwarded {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

async function forward(behind: string, { method, path, headers, body }: Forwarded) {
  const signer = new AwsV4Signer({
    url: `${behind}${path}`,
    method,
    headers,
    ...(body !== undefined && { body }),
    ...KEYS,
    service: 's3',
    region: 'us-east-1',
  });
  const { url, headers: signed } = await signer.sign();
  const response = await fetch(url, { method, headers: signed, ...(body && { body }) });
  const content = Buffer.from(await response.arrayBuffer());
  const told = ['etag', 'last-modified', 'content-range', 'content-type'].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const etag = response.ok ? (response.headers.get('etag') ?? undefined) : undefined;
  return { status: response.status, headers: Object.fromEntries(told), content, etag };
}

const PASSED: ReadonlySet<string> = new Set([
  'range',
  'x-amz-copy-source',
  'x-amz-metadata-directive',
  'x-amz-content-sha256',
]);

const RINGS = `
import json, sys
from swift.common.ring import RingBuilder
for name, port in json.loads(sys.argv[2]):
    builder = RingBuilder(2, 1, 1)
    builder.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk', 'weight': 1,
        'replication_ip': '127.0.0.1', 'replication_port': port, 'meta': ''})
    builder.rebalance()
    builder.get_ring().save(f'{sys.argv[1]}/{name}.ring.gz')
`;

const PROXY = `
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
`;
