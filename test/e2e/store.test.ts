/** `xh store gc|verify|mirror`: in order, damaged, and mended. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startNginx } from '../servers/nginx.ts';
import { temporaryDirectory } from '../site.ts';
import { publisher, subscriber, type Publisher } from './stores.ts';
import { xh, xhDone, type Ran } from './xh.ts';

function withTool(revisions = 1): Publisher {
  const site = publisher();
  xhDone(site.root, 'mkpkg', 'tool', '--maintainer', 'me@example.org');
  site.write('tool', { 'data/large': 'a large one\n'.repeat(10_000) });
  for (let i = 1; i <= revisions; i++) {
    site.write('tool', { 'data/table': `${'x'.repeat(70_000)}${i}\n` });
    site.publish();
  }
  return site;
}

/** Paths of objects, those of the largest first. */
function objects(directory: string): readonly string[] {
  const found = execFileSync('sh', ['-c', 'find objects -type f -printf "%s %p\\n" | sort -rn'], {
    cwd: directory,
    encoding: 'utf8',
  });
  return found
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\d+ /, ''));
}

function store(site: Publisher, ...words: readonly string[]): Ran {
  return xh(site.root, 'store', ...words);
}

describe('gc', () => {
  test('removes what no kept revision needs, tells how much, and leaves alone what is young', () => {
    const site = withTool(5);
    expect(store(site, 'gc').stderr).toMatch(/nothing to remove\n +\d+ files are left, [\d.]+ KiB/);
    const dry = store(site, 'gc', '--grace', '0', '--keep', '2', '--dry-run', '-v');
    expect(dry.stderr).toMatch(/^ {2}heads\/tool\.past\/1\.json {2}\d+ bytes$/m);
    expect(dry.stderr).toMatch(/\d+ files would be removed, \d+ KiB/);
    expect(existsSync(join(site.store, 'heads/tool.past/1.json'))).toBe(true);
    const ran = store(site, 'gc', '--grace', '0', '--keep', '2');
    expect(ran.stderr).toBe(
      dry.stderr
        .replaceAll(/^ {2}\w.*\n/gm, '')
        .replaceAll('would be ', '')
        .replace(/files left/, 'files are left'),
    );
    expect(readdirSync(join(site.store, 'heads/tool.past'))).toEqual(['4.json']);
    expect(store(site, 'verify').status).toBe(0);
    const host = subscriber(site.store, site.siteKey);
    xhDone(host, 'pull');
    expect(store(site, 'gc', '--grace', '0', '--keep', '2').stderr).toMatch(/nothing to remove/);
  });

  test('refuses to sweep a store of which it does not know what it needs', () => {
    const site = withTool(2);
    rmSync(join(site.store, 'trees'), { recursive: true });
    const ran = store(site, 'gc', '--grace', '0');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/has no trees\/.*→ xh store verify tells all that is missing/s);
    site.publish('--anew');
    const swept = store(site, 'gc', '--grace', '0');
    expect(swept.status).toBe(0);
    expect(swept.stderr).toMatch(/revision 1 of tool, an earlier one, is not whole any more/);
  });
});

describe('verify', () => {
  test('tells what is missing or damaged, who needs it, and what mends it; and that does', () => {
    const site = withTool();
    const [damaged = '', missing = ''] = objects(site.store);
    const file = join(site.store, damaged);
    const content = readFileSync(file);
    content[1000] = 0;
    writeFileSync(file, content);
    rmSync(join(site.store, missing));
    const quick = store(site, 'verify', '--quick');
    expect(quick.status).toBe(1);
    expect(quick.stdout).toContain(`missing   ${missing}\n          needed by tool\n`);
    expect(quick.stdout).not.toContain(damaged);
    const ran = store(site, 'verify');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain(`damaged   ${damaged}\n          needed by tool\n`);
    expect(ran.stdout).toMatch(/→ xh store verify --remove, then xh publish --anew tool/);
    expect(ran.stderr).toMatch(/1 package, .*: 2 findings/);
    expect(store(site, 'verify', '--remove').stdout).toContain(`removed   ${damaged}`);
    site.publish('--anew', 'tool');
    expect(store(site, 'verify').stderr).toMatch(/all as it should be/);
    const { stdout } = store(site, 'verify', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ count: 1, findings: [] });
  });

  test('tells of heads that nobody would believe', () => {
    const site = withTool(2);
    const head = join(site.store, 'heads/tool.json');
    const good = readFileSync(head, 'utf8');
    writeFileSync(head, good.replace('"revision": 2', '"revision": 7'));
    const ran = store(site, 'verify');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^refused {3}heads\/tool\.json: .*not signed by a publisher/m);
    expect(ran.stdout).toMatch(/→ look who can write to the store/);
    writeFileSync(head, good.slice(0, 100));
    expect(store(site, 'verify').stdout).toMatch(/heads\/tool\.json: .*cut off/);
  });
});

describe('mirror', () => {
  test('makes another store what one is, over the web, too, and copies only what is new', async () => {
    const site = withTool(2);
    const copy = join(temporaryDirectory('copy'), 'copy');
    const first = store(site, 'mirror', site.store, copy);
    expect(first.stderr).toMatch(
      /1 package, 1 of them new or changed; \d+ objects, [\d.]+ KiB copied/,
    );
    const host = subscriber(copy, site.siteKey);
    xhDone(host, 'pull');
    expect(existsSync(join(host, 'software/tool/data/table'))).toBe(true);
    site.write('tool', { 'data/more': 'more\n' });
    site.publish();
    const nginx = await startNginx(join(site.root, 'nginx'), site.store);
    try {
      const next = store(site, 'mirror', nginx.url, copy, '--json');
      const { objects: count, changed } = JSON.parse(next.stdout) as Record<string, number>;
      // a pack, its index, and the listings from the root to the file
      expect({ count, changed }).toEqual({ count: 5, changed: 1 });
      // trust.json goes along
      xhDone(host, 'pull');
      expect(store(site, 'mirror', nginx.url, copy).stderr).toMatch(/0 of them new.*; 0 objects/);
    } finally {
      await nginx.end();
    }
  });

  test('takes over no head that is not believed, nor one that lacks something, but all the others', () => {
    const site = withTool();
    for (const name of ['good', 'old'])
      xhDone(site.root, 'mkpkg', name, '--maintainer', 'me@x.org');
    site.publish();
    const forged = join(site.store, 'heads/old.json');
    writeFileSync(forged, readFileSync(forged, 'utf8').replace('"revision": 1', '"revision": 8'));
    rmSync(join(site.store, objects(site.store)[0] ?? ''));
    const copy = join(temporaryDirectory('copy'), 'copy');
    const ran = store(site, 'mirror', site.store, copy);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/^old {2}not mirrored: .*not signed by a publisher/m);
    expect(ran.stderr).toMatch(/^tool {2}not mirrored: .*has no objects\//m);
    expect(readdirSync(join(copy, 'heads'))).toEqual(['good.json']);
    expect(store(site, 'verify', '--store', copy).status).toBe(0);
  });
});

test('words that are wrong are told, with what is right', () => {
  const site = withTool();
  const told = (...words: readonly string[]): string => {
    const { status, stderr } = store(site, ...words);
    return `${status} ${stderr}`;
  };
  expect(told('verfy')).toMatch(/^2 .*no action 'verfy'.*did you mean 'verify'/s);
  expect(told('gc', '--keep', '0')).toMatch(/^2 .*expected a number, 1 or more/);
  expect(told('gc', '--quick')).toMatch(/^2 .*--quick means nothing to xh store gc.*for verify/s);
  expect(told('gc', site.store)).toMatch(/^2 .*→ the store is named with --store/s);
  expect(told('mirror', site.store)).toMatch(/^2 .*wants two stores.*mirror FROM TO/s);
  expect(told('verify', '--store', join(site.root, 'none'))).toMatch(/^1 .*there is no store in/);
  mkdirSync(join(site.root, 'empty'));
  expect(told('mirror', join(site.root, 'empty'), join(site.root, 'copy'))).toMatch(
    /^1 .*there is no store in/,
  );
});
