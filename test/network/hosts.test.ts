/** The network that the other tests here run in. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../servers/server.ts';
import { startNginx } from '../servers/nginx.ts';
import { startSquid } from '../servers/squid.ts';
import { makeNetwork } from './hosts.ts';

test('hosts have names, machines and addresses of their own, and can be cut off', async () => {
  const network = makeNetwork();
  onTestFinished(network.end);
  const origin = network.host('origin');
  const other = network.host('other', { machine: 'i686' });
  expect((await other.run('uname', '-nm')).stdout).toBe('other i686\n');
  expect((await other.xhDone('arch')).stdout).toBe('linux-i686\n');
  mkdirSync(join(origin.directory, 'store/objects'), { recursive: true });
  const content = 'x'.repeat(100_000);
  writeFileSync(join(origin.directory, 'store/objects/one'), content);
  const nginx = await startNginx(join(origin.directory, 'nginx'), join(origin.directory, 'store'), {
    ...origin,
    port: 80,
  });
  const get = async (url: string, ...words: readonly string[]): Promise<string | number | null> => {
    const { stdout, status } = await other.run('curl', '-s', '-m', '1', ...words, url);
    return status === 0 ? stdout : status;
  };
  expect(await get(`${nginx.url}/objects/one`)).toBe(content);
  const proxy = await origin.serve('breaking-proxy.mjs', origin.address, '80', '3');
  const broken = [];
  while (broken.length < 2) broken.push(await get(`${proxy.url}/objects/one`));
  expect(broken).not.toContain(content);
  expect(await get(`${proxy.url}/objects/one`)).toBe(content);
  const hostile = await origin.serve('hostile-cache.mjs', nginx.url);
  const wrong = await get(`${hostile.url}/objects/one`);
  expect(wrong).toHaveLength(content.length);
  expect(wrong).not.toBe(content);
  const cache = network.host('cache');
  const squid = await startSquid(join(cache.directory, 'squid'), nginx, {
    ...cache,
    port: await freePort(),
  });
  expect(await get(`${squid.url}/objects/one`)).toBe(content);
  other.plug(false);
  expect(await get(`${nginx.url}/objects/one`)).toBe(28);
  other.plug(true);
  expect(await get(`${nginx.url}/objects/one`)).toBe(content);
});
