/**
 * With nats-server: what is published is known at once to hosts that listen, and what they have to whoever
 * asks, each host with a password and permissions of its own; and nothing is lost when it dies.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNats } from '../servers/nats.ts';
import { startNginx } from '../servers/nginx.ts';
import type { RunningServer } from '../servers/server.ts';
import { differences, makeDepot, makeSiteRoot, writeProgram, writeTools } from './depot.ts';
import { makeNetwork, type Network, type NetworkHost } from './hosts.ts';

/** Called as in the configuration that sites begin with. */
const LISTENERS = ['argus', 'web1.example.org'] as const;
type Name = (typeof LISTENERS)[number] | 'collector' | 'publisher';
const PERMISSIONS = resolve(import.meta.dirname, '../../doc/nats-server.conf');

let network: Network;
let nats: RunningServer;
let server: NetworkHost;
const hosts = {} as Record<Name, NetworkHost>;
const listening = {} as Record<(typeof LISTENERS)[number], ChildProcess>;
/** What those who listen have said. */
const said = {} as Record<Name, string>;

beforeAll(async () => {
  network = makeNetwork();
  server = network.host('server');
  await startServer(4222);
  for (const name of ['publisher', 'collector', ...LISTENERS] as const) {
    hosts[name] = network.host(name);
  }
  const depot = await makeDepot(hosts.publisher, join(network.directory, 'store'));
  const nginx = await startNginx(join(server.directory, 'nginx'), depot.store, {
    ...server,
    port: 80,
  });
  for (const [name, host] of Object.entries(hosts)) {
    makeSiteRoot(host);
    const credentials = join(host.root, 'etc/nats');
    writeFileSync(credentials, `${name}:${passwordOf(name)}\n`, { mode: 0o600 });
    host.configure(
      `stores = ["${nginx.url}"]\n${depot.siteKeys}publish.store = "${depot.store}"\n` +
        `nats = "${nats.url}"\nnats-credentials = "${credentials}"\nnotice-jitter = 0\n`,
    );
  }
  // makes the bucket
  await hosts.collector.xh('status');
});

afterAll(() => {
  network.end();
});

async function startServer(port: number): Promise<void> {
  nats = await startNats(join(server.directory, 'nats'), {
    ...server,
    port,
    configuration: readFileSync(PERMISSIONS, 'utf8'),
  });
}

function passwordOf(name: string): string {
  const [, password = ''] =
    new RegExp(`user: "?${name}"?, password: "([^"]+)"`).exec(readFileSync(PERMISSIONS, 'utf8')) ??
    [];
  return password;
}

/** Waits until the program of a host says this. */
async function says(name: Name, what: string): Promise<void> {
  const tool = join(hosts[name].root, 'software/tools/bin/tool');
  await until(async () => (await hosts[name].run(tool)).stdout === `${what}\n`, name);
}

/** @param name of the host whose words are shown when it does not come to it */
async function until(isSo: () => boolean | Promise<boolean>, name: Name): Promise<void> {
  for (let waited = 0; waited < PATIENCE; waited += PAUSE) {
    if (await isSo()) return;
    await setTimeout(PAUSE);
  }
  throw new Error(`${name} has not come to it in ${PATIENCE / 1000} s:\n${said[name]}`);
}

/** Waits until `xh status` says that these lack something, and no others. */
async function lacking(names: readonly string[]): Promise<void> {
  await until(async () => {
    const { stdout } = await hosts.collector.xh('status', 'tools', '--lacking');
    const lines = stdout.split('\n').filter(Boolean);
    said.collector = stdout;
    return String(lines.map((line) => line.split('\t')[0])) === String(names);
  }, 'collector');
}

function publish(version: string): Promise<unknown> {
  writeTools(hosts.publisher, version);
  writeProgram(hosts.publisher, `tools ${version}`);
  return hosts.publisher.xhDone('publish');
}

test('hosts that listen have what is published at once, and it is known who has it', async () => {
  for (const name of LISTENERS) {
    listening[name] = hosts[name].start('pull', '--listen');
    said[name] = '';
    for (const stream of [listening[name].stdout, listening[name].stderr]) {
      stream?.setEncoding('utf8').on('data', (piece: string) => (said[name] += piece));
    }
    await until(() => said[name].includes('listening at'), name);
  }
  await publish('1');
  for (const name of LISTENERS) {
    await says(name, 'tools 1');
    expect(differences(hosts.publisher, hosts[name], '.software/share/tools')).toBe('');
  }
  await lacking([]);
  expect((await hosts.collector.xh('status', 'argus')).stdout).toMatch(/tools/);
});

test('who has not heard of a fix is named, and has it when the network is back', async () => {
  hosts.argus.plug(false);
  await publish('2');
  await says('web1.example.org', 'tools 2');
  await lacking(['argus']);
  hosts.argus.plug(true);
  await says('argus', 'tools 2');
  await lacking([]);
  expect(said.argus).toContain('from revision 1 to revision 2');
});

test('news that were lost with the server are made up for when it is there again', async () => {
  await nats.end('SIGKILL');
  await publish('3');
  await startServer(nats.port);
  for (const name of LISTENERS) {
    await says(name, 'tools 3');
    expect(said[name]).toContain('listening again');
  }
  await lacking([]);
});

test('listening ends in order when it is asked to', async () => {
  for (const name of LISTENERS) {
    if (listening[name].exitCode !== null) throw new Error(`${name} has ended: ${said[name]}`);
    const ended = once(listening[name], 'exit');
    // ip, unshare and sh have become the program itself
    listening[name].kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
});

/** Milliseconds. */
const PATIENCE = 10_000;
const PAUSE = 100;
