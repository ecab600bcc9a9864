/**
 * A fix is published once, and arrives everywhere it should and nowhere else: through nginx, a cache of
 * others, and hosts that feed hosts, while servers die, connections break off, one host is down, one is
 * frozen, and one has a cache that gives it something else.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNginx, type Nginx } from '../servers/nginx.ts';
import { startSquid, type Squid } from '../servers/squid.ts';
import type { RunningServer } from '../servers/server.ts';
import {
  differences,
  expectWhole,
  makeDepot,
  makeSecondPublisher,
  makeSiteRoot,
  writeProgram,
  writeTools,
  type Depot,
} from './depot.ts';
import { makeNetwork, type Network, type NetworkHost } from './hosts.ts';

const HOSTS = ['upper', 'lower1', 'lower2', 'other', 'down', 'frozen', 'wary'] as const;
type Name = (typeof HOSTS)[number];

let network: Network;
let depot: Depot;
/** Publishes for another architecture. */
let second: NetworkHost;
let cache: NetworkHost;
let nginx: Nginx;
let squid: Squid;
let proxy: RunningServer;
let hostile: RunningServer;
let wrong: RunningServer;
let feeder: RunningServer;
const hosts = {} as Record<Name, NetworkHost>;
let shared: string;

beforeAll(async () => {
  network = makeNetwork();
  shared = join(network.directory, 'status');
  mkdirSync(shared);
  const publisher = network.host('publisher');
  depot = await makeDepot(publisher, join(network.directory, 'store'));
  second = network.host('second', { machine: 'i686' });
  makeSecondPublisher(depot, second);
  writeProgram(second, 'tools 1 on i686');
  cache = network.host('cache');
  await startServers();
  for (const name of HOSTS) {
    hosts[name] = network.host(name, name === 'other' ? { machine: 'i686' } : {});
    makeSiteRoot(hosts[name]);
  }
  proxy = await cache.serve('breaking-proxy.mjs', squid.address, String(squid.port), '0');
  hostile = await cache.serve('hostile-cache.mjs', nginx.url);
  for (const name of HOSTS) configure(name, [squid.url]);
  configure('publisher', [nginx.url]);
});

afterAll(() => {
  network.end();
});

function configure(name: Name | 'publisher', stores: readonly string[]): void {
  const host = name === 'publisher' ? depot.publisher : hosts[name];
  host.configure(
    `stores = ${JSON.stringify(stores)}\n${depot.siteKeys}status-directory = "${shared}"\n` +
      (name === 'publisher' ? `publish.store = "${depot.store}"\n` : ''),
  );
}

/** What the tool of a host says. */
async function toolOf(name: Name): Promise<string> {
  return (await hosts[name].run(join(hosts[name].root, 'software/tools/bin/tool'))).stdout.trim();
}

async function pullAll(names: readonly Name[]): Promise<void> {
  await Promise.all(names.map((name) => hosts[name].xhDone('pull')));
}

describe('what is published', () => {
  test('comes to every host that it is meant for, to each for its architecture', async () => {
    await depot.publisher.xhDone('publish');
    await second.xhDone('publish', '--type', 'arch');
    // the first one fills the cache
    await pullAll(['upper']);
    await pullAll(['other', 'down', 'frozen', 'wary']);
    feeder = await hosts.upper.feed();
    // the upper host has not what is for the lower ones alone
    configure('lower1', [feeder.url, squid.url]);
    configure('lower2', [proxy.url]);
    await pullAll(['lower1']);
    await pullAll(['lower2']);
    for (const name of HOSTS) {
      expect(await toolOf(name)).toBe(name === 'other' ? 'tools 1 on i686' : 'tools 1');
      expect(differences(depot.publisher, hosts[name], '.software/share/tools')).toBe('');
      const publisher = name === 'other' ? second : depot.publisher;
      expect(differences(publisher, hosts[name], '.software/arch/tools')).toBe('');
      const lab = join(hosts[name].root, 'software/lab');
      expect(existsSync(lab)).toBe(name.startsWith('lower'));
    }
    expect(await statusOf()).toEqual({ status: 0, lacking: [] });
  });

  test('is read from the server once for all hosts behind a cache', () => {
    const asked = readFileSync(nginx.accessLog, 'utf8').match(/ \/(?:objects|trees)\/\S+/g) ?? [];
    expect(asked.length).toBeGreaterThan(5);
    expect(asked).toHaveLength(new Set(asked).size);
  });
});

describe('a fix, published once,', () => {
  beforeAll(async () => {
    await hosts.frozen.xhDone('freeze', 'tools', '-m', 'thesis deadline');
    configure('wary', [hostile.url]);
    // it sees the heads of now, and shows them from now on
    await hosts.wary.xhDone('pull');
    hosts.down.plug(false);
    writeTools(depot.publisher, '2');
    writeProgram(depot.publisher, 'tools 2');
    await depot.publisher.xhDone('publish');
    writeProgram(second, 'tools 2 on i686');
    await second.xhDone('publish', '--type', 'arch');
  });

  test('leaves a host with what it has, whole, while servers die as it pulls', async () => {
    configure('upper', [squid.url, nginx.url]);
    const pulls = (['upper', 'other'] as const).map((name) => hosts[name].xh('pull'));
    await setTimeout(300);
    await Promise.all([nginx.end('SIGKILL'), squid.end('SIGKILL')]);
    await Promise.all(pulls);
    for (const name of ['upper', 'other'] as const) await isOneOrTheOther(name);
    const { status, stderr } = await hosts.upper.xh('pull');
    expect(status).toBe(1);
    expect(stderr).toContain('this host goes on with what it has');
    await startServers();
    await pullAll(['upper', 'other']);
    expect(await toolOf('upper')).toBe('tools 2');
    expect(await toolOf('other')).toBe('tools 2 on i686');
  });

  test('goes on from host to host, though the one that feeds dies and comes back', async () => {
    const pulling = hosts.lower1.xh('pull');
    await setTimeout(200);
    await feeder.end('SIGKILL');
    await pulling;
    await isOneOrTheOther('lower1');
    feeder = await hosts.upper.feed(feeder.port);
    configure('lower1', [feeder.url]);
    await hosts.lower1.xhDone('pull', 'tools');
    expect(await toolOf('lower1')).toBe('tools 2');
  });

  test('comes through connections that break off at any byte', async () => {
    const breaking = await hosts.lower2.serve(
      'breaking-proxy.mjs',
      squid.address,
      String(squid.port),
      '60',
    );
    configure('lower2', [breaking.url]);
    for (let pulls = 1; (await hosts.lower2.xh('pull')).status !== 0; pulls++) {
      await isOneOrTheOther('lower2');
      expect(pulls).toBeLessThan(40);
    }
    expect(await toolOf('lower2')).toBe('tools 2');
  });

  test('is not taken from a cache that gives something else', async () => {
    await hosts.wary.xhDone('pull');
    expect(await toolOf('wary')).toBe('tools 1');
    // one that has the newest heads, and wrong contents
    wrong = await hosts.wary.serve('hostile-cache.mjs', nginx.url);
    configure('wary', [wrong.url]);
    const { status, stderr } = await hosts.wary.xh('pull');
    expect(status).toBe(1);
    expect(stderr).toMatch(/has something else at/);
    expect(await toolOf('wary')).toBe('tools 1');
    await isOneOrTheOther('wary');
  });

  test('leaves the frozen host alone, and xh status says who lacks it, and why', async () => {
    await hosts.frozen.xhDone('pull');
    expect(await toolOf('frozen')).toBe('tools 1');
    const { stdout, status } = await depot.publisher.xh('status', 'tools');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ *down .*/m);
    expect(stdout).toMatch(/^ *frozen .*thesis deadline/m);
    expect(stdout).toMatch(/^ *wary .*something else/m);
    expect((await statusOf()).lacking.map((line) => line.split('\t')[0])).toEqual([
      'down',
      'frozen',
      'wary',
    ]);
  });

  test('comes to them, too, when they are up, thawed, and have a better cache', async () => {
    hosts.down.plug(true);
    await hosts.frozen.xhDone('thaw', 'tools');
    configure('wary', [wrong.url, squid.url]);
    await pullAll(['down', 'frozen']);
    const { stderr } = await hosts.wary.xhDone('pull');
    expect(stderr).toContain(`${wrong.url}/: `);
    for (const name of HOSTS) {
      expect(await toolOf(name)).toBe(name === 'other' ? 'tools 2 on i686' : 'tools 2');
      expect(differences(depot.publisher, hosts[name], '.software/share/tools')).toBe('');
      const publisher = name === 'other' ? second : depot.publisher;
      expect(differences(publisher, hosts[name], '.software/arch/tools')).toBe('');
      expect((await hosts[name].xh('verify')).status).toBe(0);
      expect(existsSync(join(hosts[name].root, 'software/lab'))).toBe(name.startsWith('lower'));
    }
    expect(await statusOf()).toEqual({ status: 0, lacking: [] });
  });
});

/** A package is what it was, or what it is to be, and never something between. */
async function isOneOrTheOther(name: Name): Promise<void> {
  expectWhole(hosts[name], await toolOf(name));
  expect((await hosts[name].xh('verify')).status).toBe(0);
}

async function startServers(): Promise<void> {
  const { publisher, store } = depot;
  nginx = await startNginx(join(publisher.directory, 'nginx'), store, { ...publisher, port: 80 });
  squid = await startSquid(join(cache.directory, 'squid'), nginx, { ...cache, port: 3128 });
}

/** What `xh status` says where packages are published. */
async function statusOf(): Promise<{ status: number | null; lacking: readonly string[] }> {
  const { status, stdout } = await depot.publisher.xh('status', '--lacking');
  return { status, lacking: stdout.split('\n').filter(Boolean) };
}
