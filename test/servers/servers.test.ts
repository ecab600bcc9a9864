/** The servers that tests use, tested by themselves: that they serve, cache, and are gone afterwards. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../site.ts';
import { startNginx } from './nginx.ts';
import { startSquid } from './squid.ts';

test('nginx serves a directory, squid asks it once for what never changes', async () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'store/objects'), { recursive: true });
  writeFileSync(join(root, 'store/objects/one'), 'content');
  writeFileSync(join(root, 'store/head'), 'first');
  const nginx = await startNginx(join(root, 'nginx'), join(root, 'store'));
  onTestFinished(() => nginx.end());
  const squid = await startSquid(join(root, 'squid'), nginx);
  onTestFinished(() => squid.end('SIGKILL'));
  const get = async (path: string, headers = {}): Promise<string> =>
    (await fetch(`${squid.url}/${path}`, { headers })).text();
  for (let i = 0; i < 3; i++) {
    expect(await get('objects/one')).toBe('content');
    expect(await get('objects/one', { Range: 'bytes=2-4' })).toBe('nte');
  }
  expect(await get('head')).toBe('first');
  writeFileSync(join(root, 'store/head'), 'second');
  expect(await get('head', { 'Cache-Control': 'no-cache' })).toBe('second');
  await nginx.end();
  expect(await get('objects/one')).toBe('content');
  const asked = readFileSync(nginx.accessLog, 'utf8').match(/objects/g);
  expect(asked).toHaveLength(1);
  await squid.end('SIGKILL');
  await expect(fetch(nginx.url)).rejects.toThrow('fetch failed');
  await expect(fetch(squid.url)).rejects.toThrow('fetch failed');
});
