/** The check of the architecture, on small trees that break one rule each. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../scripts/check-imports.mjs');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'check-imports-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function check(files: Readonly<Record<string, string>>): {
  status: number | null;
  lines: string[];
} {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const run = spawnSync(process.execPath, [SCRIPT, root], { encoding: 'utf8' });
  expect(run.stdout).toBe('');
  return { status: run.status, lines: run.stderr.split('\n').filter((line) => line !== '') };
}

/** A path that only one machine has, not written out here: this file is checked too. */
function privatePath(...names: string[]): string {
  return ['', ...names].join('/');
}

test('a tree that keeps every rule passes silently', () => {
  const found = check({
    'src/cli/xh.ts':
      "#!/usr/bin/env node\nimport { a } from '../farm/a.ts';\nvoid import('../lfu/b.ts');\n",
    'src/farm/a.ts': "export { b as a } from '../bytes/b.ts';\n",
    'src/lfu/b.ts': "import { readFileSync, openSync } from 'node:fs';\nopenSync('x', 'r');\n",
    'src/bytes/b.ts': "export const b = './not-an-import.ts';\n",
  });
  expect(found).toEqual({ status: 0, lines: [] });
});

test('an import against the direction is named with its line, of types and at run time too', () => {
  const found = check({
    'src/site/site.ts':
      "import type {\n  Plan,\n} from '../host/plan.ts';\nconst m = await import('../cli/xh.ts');\n",
    'src/host/plan.ts': 'export type Plan = number;\n',
    'src/cli/xh.ts': '',
  });
  expect(found).toEqual({
    status: 1,
    lines: [
      'src/site/site.ts:3: site must not import host (src/host/plan.ts)',
      'src/site/site.ts:4: site must not import cli (src/cli/xh.ts)',
    ],
  });
});

test('a new folder needs a layer, and nothing outside src is imported', () => {
  const { status, lines } = check({
    'src/weather/rain.ts': "import '../bytes/b.ts';\n",
    'src/bytes/b.ts': "import { x } from '../../test/x.ts';\n",
  });
  expect(status).toBe(1);
  expect(lines[0]).toBe('src/bytes/b.ts:1: imports test/x.ts, which is outside src/');
  expect(lines[1]).toMatch(/^src\/weather\/rain\.ts:1: src\/weather\/rain\.ts is in no layer/);
});

test('a circle among files is shown as a path', () => {
  const found = check({
    'src/host/a.ts': "import './b.ts';\n",
    'src/host/b.ts': "import './c.ts';\n",
    'src/host/c.ts': "import './a.ts';\n",
  });
  expect(found).toEqual({
    status: 1,
    lines: ['circle: src/host/a.ts → src/host/b.ts → src/host/c.ts → src/host/a.ts'],
  });
});

test('folders side by side must not need each other, a folder and what is in it may', () => {
  const found = check({
    'src/lfu/run.ts': "import './plan/p.ts';\n",
    'src/lfu/log.ts': '',
    'src/lfu/plan/p.ts': "import '../log.ts';\nimport '../rules/r.ts';\n",
    'src/lfu/plan/q.ts': '',
    'src/lfu/rules/r.ts': "import '../plan/q.ts';\n",
  });
  expect(found).toEqual({
    status: 1,
    lines: ['circle among folders: src/lfu/plan → src/lfu/rules → src/lfu/plan'],
  });
});

test('only src/files writes to the disk, however the function is reached', () => {
  const { status, lines } = check({
    'src/files/write.ts': "import { writeFileSync } from 'node:fs';\n",
    'src/host/named.ts': "import {\n  readFileSync,\n  rmSync as remove,\n} from 'node:fs';\n",
    'src/host/promises.ts': "import { mkdir } from 'node:fs/promises';\n",
    'src/host/whole.ts': "import fs from 'fs';\nfs.readFileSync('x');\nfs.renameSync('x', 'y');\n",
    'src/host/opened.ts': "import { openSync } from 'node:fs';\nopenSync(path, 'wx');\n",
  });
  expect(status).toBe(1);
  expect(lines.map((line) => line.replace(/ writes.*/, '')).toSorted()).toEqual([
    'src/host/named.ts:1: rmSync',
    'src/host/opened.ts:2: open with these flags',
    'src/host/promises.ts:1: mkdir',
    'src/host/whole.ts:3: renameSync',
  ]);
});

test('printing through a descriptor is not writing to the disk', () => {
  const output = "import { writeSync } from 'node:fs';\nwriteSync(1, 'x');\n";
  expect(check({ 'src/cli/xh.ts': output }).status).toBe(0);
  expect(check({ 'src/cli/lfu.ts': output + "writeSync(fd, 'x');\n" }).status).toBe(1);
});

test('names that say nothing are refused, in fixtures they are not looked at', () => {
  const found = check({
    'src/bytes/path-utils.ts': '',
    'test/helpers/x.ts': '',
    'test/lfu/fixtures/data/x': '',
    'templates/package/data/x': '',
    'src/package/metadata.ts': '',
  });
  expect(found.status).toBe(1);
  expect(found.lines.toSorted()).toEqual([
    'src/bytes/path-utils.ts: “utils” says nothing about what is in it',
    'test/helpers/x.ts: “helpers” says nothing about what is in it',
  ]);
});

test("what belongs to one developer's machine is found, what looks alike is not", () => {
  const home = privatePath('home', 'alice', 'x');
  const registry = ['https://registry', 'example.org/x'].join('.');
  const found = check({
    'README.md': `see ${privatePath('root', 'notes')}\nusers have ${home}\n`,
    'src/site/site.ts': `'${home}'\n"$HOME/work/x" "/net/work/x" 'src/work/x'\n`,
    'notes.txt': `${registry}\n`,
    'package-lock.json': '{ "resolved": "https://example.org/x.tgz" }',
  });
  expect(found.status).toBe(1);
  expect(found.lines.toSorted()).toEqual([
    `README.md:1: ${privatePath('root', 'notes')} is a path of one machine`,
    `notes.txt:1: ${registry.slice(0, -2)} is a registry`,
    'package-lock.json:1: "resolved": "http is a download address',
    `src/site/site.ts:1: ${home.slice(0, -2)} is somebody's home directory`,
  ]);
});

test('a long file is a warning only', () => {
  const found = check({ 'src/bytes/long.ts': 'export {};\n'.repeat(401) });
  expect(found).toEqual({
    status: 0,
    lines: ['warning: src/bytes/long.ts: 401 lines: one subject?'],
  });
});
