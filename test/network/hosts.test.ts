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
  /** What comes of asking for it. */
  const get = async (url: string, seconds = 10): Promise<'right' | 'wrong' | number | null> => {
    const words = ['-s', '-m', String(seconds), `${url}/objects/one`];
    const { stdout, status } = await other.run('curl', ...words);
    if (status !== 0) return status;
    return stdout === content ? 'right' : stdout.length === content.length ? 'wrong' : null;
  };
  expect(await get(nginx.url)).toBe('right');
  const proxy = await origin.serve('breaking-proxy.mjs', origin.address, '80', '3');
  const broken = [];
  while (broken.length < 2) broken.push(await get(proxy.url));
  expect(broken).not.toContain('right');
  expect(await get(proxy.url)).toBe('right');
  const hostile = await origin.serve('hostile-cache.mjs', nginx.url);
  expect(await get(hostile.url)).toBe('wrong');
  const cache = network.host('cache');
  const squid = await startSquid(join(cache.directory, 'squid'), nginx, {
    ...cache,
    port: await freePort(),
  });
  expect(await get(squid.url)).toBe('right');
  other.plug(false);
  expect(await get(nginx.url, 1)).toBe(28);
  other.plug(true);
  expect(await get(nginx.url)).toBe('right');
});
