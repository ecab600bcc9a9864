/** A pull whose connections break: old or new, the next one goes on, and nothing that was whole is fetched twice. */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publisher, subscriber, type Publisher } from './stores.ts';
import { xhDone, type Ran } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

interface Served {
  /** Where an object's bytes are in the store's file, both ends. */
  readonly path: string;
  readonly from: number;
  readonly end: number;
}

/** A server of a directory whose wire is cut after so many bytes, whatever they are of. */
interface Frail {
  readonly address: string;
  /** Bytes that may still be sent. */
  left: number;
  readonly sent: Served[];
}

let site: Publisher;
let frail: Frail;
let server: Server;

beforeAll(async () => {
  site = lasting();
  for (const name of ['small', 'mixed']) xhDone(site.root, 'mkpkg', name);
  const files: Record<string, string> = {};
  for (let i = 0; i < 60; i++) files[`data/${i}`] = `${i} `.repeat(500 + i * 7);
  site.write('small', files);
  site.write('mixed', {
    'data/large': noise(9 << 20),
    'data/middle': noise(200_000),
    'bin/run': '#!/bin/sh\n',
  });
  site.publish();
  const opened = await serve(site.store);
  server = opened.server;
  frail = opened.frail;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  for (const path of [site.root, join(site.store, '..')])
    rmSync(path, { recursive: true, force: true });
});

/** A publisher that outlasts a test. */
function lasting(): Publisher {
  return publisher((name) => mkdtempSync(join(tmpdir(), `${name}-test-`)));
}

/** Letters that no compression would make fewer. */
function noise(length: number): string {
  let state = 12_345;
  const letters = Buffer.alloc(length);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    letters[i] = 33 + ((state >>> 16) % 90);
  }
  return letters.toString('latin1');
}

function serve(root: string): Promise<{ frail: Frail; server: Server }> {
  const sent: Served[] = [];
  let found: Frail | undefined;
  const listening = createServer((request, response) => {
    const path = normalize(decodeURIComponent(request.url ?? '/'));
    const file = join(root, path);
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    const { size } = statSync(file);
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const from = Number(first ?? 0);
    const end = Math.min(size, last === undefined || last === '' ? size : Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, {
      'Content-Length': end - from,
      ...(first !== undefined && { 'Content-Range': `bytes ${from}-${end - 1}/${size}` }),
    });
    let at = from;
    const reading = createReadStream(file, {
      start: from,
      end: Math.max(from, end - 1),
      highWaterMark: 4096,
    });
    reading.on('data', (piece) => {
      if (found === undefined || response.destroyed) return;
      const allowed = Buffer.from(piece).subarray(0, Math.max(0, found.left));
      found.left -= allowed.length;
      at += allowed.length;
      response.write(allowed);
      if (allowed.length < piece.length) {
        reading.destroy();
        // what was written gets out before the wire is cut
        response.socket?.end();
        response.socket?.destroySoon();
      }
    });
    reading.on('end', () => response.end());
    reading.on('close', () => sent.push({ path, from, end: at }));
  });
  return new Promise((done) => {
    listening.listen(0, '127.0.0.1', () => {
      const { port } = listening.address() as AddressInfo;
      found = { address: `http://127.0.0.1:${port}`, left: Infinity, sent };
      done({ frail: found, server: listening });
    });
  });
}

/** Runs `xh` while this process serves. */
function pulling(root: string): Promise<Ran> {
  const child = spawn(process.execPath, [XH, 'pull', '--no-install'], {
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (piece) => (stdout += String(piece)));
  child.stderr.on('data', (piece) => (stderr += String(piece)));
  return new Promise((done) => {
    child.on('close', (status) => {
      done({ status, stdout, stderr });
    });
  });
}

interface Whole {
  readonly path: string;
  readonly from: number;
  readonly end: number;
}

/** The objects that are in what was sent: those that stand by themselves, and those of packs by their indexes. */
function wholeObjects(sent: readonly Served[]): Whole[] {
  const packs = new Map<string, readonly Whole[]>();
  for (const name of ['small', 'mixed']) {
    const head = JSON.parse(readFileSync(join(site.store, `heads/${name}.json`), 'utf8')) as {
      readonly packs: readonly { readonly pack: string; readonly index: string }[];
    };
    for (const { pack, index } of head.packs) {
      const path = `/objects/${pack.slice(0, 2)}/${pack}`;
      let at = 0;
      const text = readFileSync(join(site.store, 'objects', index.slice(0, 2), index), 'utf8');
      const files = text
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => {
          const length = Number(line.split(' ')[1]);
          at += length;
          return { path, from: at - length, end: at };
        });
      packs.set(path, files);
    }
  }
  return sent.flatMap(({ path, from, end }) =>
    (packs.get(path) ?? []).filter(
      (file) => file.from >= from && file.end <= end && file.end > file.from,
    ),
  );
}

test('wherever the wire is cut, the host is as it was, and the next pull fetches only what had not come', async () => {
  const reference = subscriber(frail.address, site.siteKey);
  frail.left = Infinity;
  expect(await pulling(reference)).toMatchObject({ status: 0 });
  const total = frail.sent.reduce((sum, { from, end }) => sum + end - from, 0);
  const problems: string[] = [];
  let cutOff = 0;
  for (let i = 0; i < 14; i++) {
    // the first thousands are records and listings, then come packs, then what is large
    const cut =
      i < 5 ? Math.round((total / 2000) * (i * i + 1)) : Math.round((total * (i - 4)) / 10);
    const slave = subscriber(frail.address, site.siteKey);
    frail.sent.length = 0;
    frail.left = cut;
    const first = await pulling(slave);
    const early = [...frail.sent];
    if (first.status === 0) continue;
    cutOff++;
    const problem = (what: string): void => {
      problems.push(`cut after ${cut} of ${total} bytes: ${what}`);
    };
    if (first.status !== 1) problem(`exit ${first.status}: ${first.stderr}`);
    if (!/cannot be read|goes on with what it has/.test(first.stderr)) problem(first.stderr);
    for (const name of ['small', 'mixed']) {
      const place = join(slave, 'software', name);
      if (existsSync(place) && !existsSync(join(place, '.admin/Maintainer')))
        problem(`half of ${name}`);
    }
    frail.sent.length = 0;
    frail.left = Infinity;
    const second = await pulling(slave);
    if (second.status !== 0) problem(`the next one: ${second.stderr}`);
    const again = wholeObjects(frail.sent);
    for (const { path, from, end } of wholeObjects(early)) {
      const twice = again.some(
        (each) => each.path === path && each.from === from && each.end === end,
      );
      if (twice) problem(`${path} ${from}-${end} was fetched twice`);
    }
    // of the large file, at most what was under way comes once more
    const large = (list: readonly Served[]): number =>
      list
        .filter(({ path, end, from }) => path.startsWith('/objects/') && end - from > 500_000)
        .reduce((sum, { from, end }) => sum + end - from, 0);
    if (large(early) + large(frail.sent) > (9 << 20) + 600_000) {
      problem(`${large(early)} and ${large(frail.sent)} bytes of a file of 9 MiB`);
    }
    for (const name of ['small/data/59', 'mixed/data/large']) {
      const [here, there] = [slave, site.root].map((root) =>
        readFileSync(join(root, 'software', name)),
      );
      if (here === undefined || there === undefined || !here.equals(there))
        problem(`${name} differs`);
    }
  }
  expect(problems).toEqual([]);
  expect(cutOff).toBeGreaterThan(8);
}, 120_000);
