/** `xh serve --store`: hosts feed hosts with what they have pulled. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { freshSite } from '../site.ts';
import { publisher, subscriber, type Publisher } from './stores.ts';
import { xh, xhDone } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

interface Feeding {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it has said. */
  readonly said: () => string;
}

/** `xh serve WORDS` of a site, until the test is over. */
async function serve(root: string, ...words: readonly string[]): Promise<Feeding> {
  const started = spawn(XH, ['serve', '--store', '--listen', '0', '-v', ...words], {
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    started.kill('SIGKILL');
  });
  let said = '';
  started.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([lines.next(), once(started, 'exit')]);
  if (Array.isArray(first) || first.done === true) throw new Error(`it has ended: ${said}`);
  return { url: first.value, process: started, said: () => said };
}

function makeTool(site: Publisher): void {
  xhDone(site.root, 'mkpkg', 'tool');
  site.write('tool', { 'bin/tool': '#!/bin/sh\necho one\n', 'data/table': 'a table\n'.repeat(99) });
  writeFileSync(join(site.root, 'software/tool/data/large'), randomBytes(3_000_000));
  execFileSync('chmod', ['755', join(site.root, 'software/tool/bin/tool')]);
}

function treeOf(root: string): string {
  const tree = join(root, 'software/tool');
  return (
    readdirSync(tree, { recursive: true, encoding: 'utf8' })
      .toSorted()
      // what is a host's own
      .filter((path) => path !== 'logs')
      .map((path) => {
        const stat = statSync(join(tree, path));
        const hash = stat.isFile()
          ? createHash('sha256')
              .update(readFileSync(join(tree, path)))
              .digest('hex')
          : '';
        return `${path} ${stat.mode.toString(8)} ${stat.mtimeMs} ${hash}`;
      })
      .join('\n')
  );
}

test('three hosts in a row: each has the package as it was signed, and a fix reaches the last', async () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const first = subscriber(site.store, site.siteKey);
  expect(xh(first, 'serve', '--store')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/nothing has been pulled here/) as string,
  });
  xhDone(first, 'pull');
  const feeding = await serve(first);
  const second = subscriber(feeding.url, site.siteKey);
  xhDone(second, 'pull');
  const third = subscriber((await serve(second)).url, site.siteKey);
  expect(xhDone(third, 'pull').stderr).toMatch(/tool: revision 1 .*installed/);
  expect(treeOf(third)).toBe(treeOf(site.root));
  expect(feeding.said()).toMatch(/^127\.0\.0\.1 GET \/heads\/tool\.json 200 \d+ \d+ms$/m);
  expect(feeding.said()).not.toMatch(/ (?:404|503|500) /);
  site.write('tool', { 'data/table': 'a better table\n' });
  site.publish();
  for (const host of [first, second, third]) {
    // what they are fed with says for a second what it has said
    execFileSync('sleep', ['1.1']);
    expect(xhDone(host, 'pull').stderr).toMatch(/tool: from revision 1 to revision 2/);
  }
  expect(treeOf(third)).toBe(treeOf(site.root));
});

test('what has changed on the host that feeds is not given away under the name of what it was', async () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const first = subscriber(site.store, site.siteKey);
  xhDone(first, 'pull');
  const { url, said } = await serve(first);
  // when it has looked at its packages
  while (!said().includes('tool is served')) await setTimeout(20);
  for (const name of ['large', 'table']) {
    const file = join(first, 'software/tool/data', name);
    const { atime, mtime, size } = statSync(file);
    writeFileSync(file, randomBytes(size));
    utimesSync(file, atime, mtime);
  }
  const second = subscriber(url, site.siteKey);
  const ran = xh(second, 'pull');
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(
    /tool: failed: .* (?:has no|has something else at) (?:objects|trees)\//,
  );
  expect(readdirSync(join(second, 'software'))).not.toContain('tool');
  // with another store beside it nothing is amiss
  const third = subscriber([url, site.store], site.siteKey);
  xhDone(third, 'pull');
  expect(treeOf(third)).toBe(treeOf(site.root));
});

test('a store in a directory, for an ordinary user to serve and anybody to pull from', async () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const { url, process: server, said } = await serve(freshSite().path, site.store);
  const host = subscriber(url, site.siteKey);
  xhDone(host, 'pull');
  expect(treeOf(host)).toBe(treeOf(site.root));
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
  expect(said()).toMatch(/^serving .*\/store$/m);
  const gone = xh(host, 'pull');
  expect(gone.status).toBe(1);
  expect(treeOf(host)).toBe(treeOf(site.root));
});

test('a host that gets a file of its own wrong still feeds the rest of what it has', async () => {
  const site = publisher();
  makeTool(site);
  xhDone(site.root, 'mkpkg', 'other');
  site.publish();
  const first = subscriber(site.store, site.siteKey);
  xhDone(first, 'pull');
  writeFileSync(join(first, 'software/tool/data/table'), 'spoilt');
  mkdirSync(join(first, 'software/tool/data/more'));
  const second = subscriber((await serve(first)).url, site.siteKey);
  const ran = xh(second, 'pull');
  expect(ran.stderr).toMatch(/other: revision 1/);
  expect(ran.stderr).toMatch(/tool: failed/);
});

test.each([
  [['serve'], /what is to be served is missing/, 2],
  [['serve', '--store', '/nonexistent'], /no such file|nonexistent/i, 1],
  [['serve', '--store', '/etc'], /\/etc is no store/, 1],
  [['serve', '--store', '--listen', 'nowhere'], /that is no address with a port/, 2],
  [['serve', '--store', '--listen', '1.2.3.4:99999'], /that is no address with a port/, 2],
  [['serve', '--store', '--connections', '0'], /expected a number/, 2],
])('xh %j is refused', (words, said, status) => {
  const ran = xh(freshSite().path, ...words);
  expect(ran.stderr).toMatch(said);
  expect(ran.status).toBe(status);
});
