/** `xh pull`: packages come from a store, are switched in one step, and installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startJudge, TREE } from '../lfu/judge.ts';
import { publisher, subscriber, type Publisher } from './stores.ts';
import { xh, xhDone } from './xh.ts';

const judge = startJudge();

/** A package with programs, data and a manual page. */
function makeTool(site: Publisher, directory = 'tool'): void {
  xhDone(site.root, 'mkpkg', directory);
  site.write(directory, {
    'bin/tool': '#!/bin/sh\necho one\n',
    'data/table': 'a table\n'.repeat(100),
    'man/man1/tool.1': '.TH TOOL 1\n.SH NAME\ntool \\- a tool\n',
  });
  execFileSync('chmod', ['755', join(site.root, 'software', directory, 'bin/tool')]);
}

function runTool(root: string): string {
  return execFileSync(join(root, '.software/local/.admin/bins/bin/tool'), { encoding: 'utf8' });
}

/** What is below a package's trees, as an independent program sees it. */
function treesOf(root: string, directory: string): string {
  return ['share', 'arch']
    .map((type) =>
      execFileSync('find', ['.', '-printf', '%p %y %m %U %G %T@ %s %l\\n'], {
        cwd: join(root, '.software', type, directory),
        encoding: 'utf8',
      })
        .split('\n')
        // a directory's size is its file system's affair
        .map((line) => line.replace(/^(\S+ d .*) \d+ $/, '$1'))
        .toSorted()
        .join('\n')
        .replaceAll(root, ''),
    )
    .join('\n');
}

test('a package that is published comes to a bare host, faithful, installed and in the path', () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  const ran = xhDone(slave, 'pull');
  expect(ran.stderr).toMatch(/tool: would|tool: revision 1 .*installed/);
  expect(ran.stderr).toMatch(/1 package: 1 new$/m);
  expect(runTool(slave)).toBe('one\n');
  expect(treesOf(slave, 'tool')).toBe(treesOf(site.root, 'tool'));
  expect(xhDone(slave, 'verify').stdout + xhDone(slave, 'verify').stderr).not.toMatch(
    /changed|missing/,
  );
});

test('a second pull does nothing and reads no file', () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  xhDone(slave, 'pull');
  const before = statSync(join(slave, 'software/tool/data/table'), { bigint: true });
  const ran = xhDone(slave, 'pull');
  expect(ran.stderr).toMatch(/1 package: 1 current$/m);
  const after = statSync(join(slave, 'software/tool/data/table'), { bigint: true });
  expect([after.ino, after.ctimeNs]).toEqual([before.ino, before.ctimeNs]);
});

test('a new revision is switched in one step; what has not changed keeps its inode and is not fetched', () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  xhDone(slave, 'pull');
  const table = statSync(join(slave, 'software/tool/data/table')).ino;
  site.write('tool', { 'bin/tool': '#!/bin/sh\necho two\n', 'data/more': 'more\n' });
  rmSync(join(site.root, 'software/tool/man/man1/tool.1'));
  site.publish();
  const preview = xhDone(slave, 'pull', '--dry-run');
  expect(preview.stdout).toMatch(/tool: would go from revision 1 to revision 2 \(\d objects/);
  const each = xhDone(slave, 'pull', '--dry-run', '-v').stdout;
  expect(each).toMatch(/^ {2}~ \/\.software\/arch\/tool\/bin\/tool$/m);
  expect(each).toMatch(/^ {2}\+ \/\.software\/share\/tool\/data\/more$/m);
  expect(each).toMatch(/^ {2}- \/\.software\/share\/tool\/man\/man1\/tool\.1$/m);
  expect(each).not.toMatch(/ ~ .*data$/m);
  expect(runTool(slave)).toBe('one\n');
  const ran = xhDone(slave, 'pull');
  expect(ran.stderr).toMatch(/tool: from revision 1 to revision 2/);
  expect(runTool(slave)).toBe('two\n');
  expect(existsSync(join(slave, 'software/tool/man/man1/tool.1'))).toBe(false);
  expect(existsSync(join(slave, '.software/local/.admin/man/man1/tool.1'))).toBe(false);
  expect(statSync(join(slave, 'software/tool/data/table'))).toMatchObject({ ino: table, nlink: 1 });
  expect(treesOf(slave, 'tool')).toBe(treesOf(site.root, 'tool'));
  for (const type of ['share', 'arch']) {
    const left = readdirSync(join(slave, '.software', type)).filter((name) =>
      name.startsWith('.xhier'),
    );
    expect(left).toEqual([]);
  }
});

test('what somebody changes here is made right again, and what he has taken out stays out', () => {
  const site = publisher();
  makeTool(site);
  makeTool(site, 'other');
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  xhDone(slave, 'pull', '--no-install');
  expect(existsSync(join(slave, '.software/local/.admin/bins/bin/tool'))).toBe(false);
  xhDone(slave, 'install', 'tool');
  writeFileSync(join(slave, 'software/tool/data/table'), 'spoilt\n');
  expect(xhDone(slave, 'pull').stderr).toMatch(/tool: made what was published again/);
  expect(treesOf(slave, 'tool')).toBe(treesOf(site.root, 'tool'));
  xhDone(slave, 'uninstall', 'tool');
  site.write('tool', { 'data/more': 'more\n' });
  site.publish();
  xhDone(slave, 'pull');
  expect(existsSync(join(slave, 'software/tool/data/more'))).toBe(true);
  expect(existsSync(join(slave, '.software/local/.admin/bins/bin/tool'))).toBe(false);
});

test('subscription, targets, file types and architecture decide what comes', () => {
  const site = publisher();
  for (const name of ['one', 'two', 'three', 'four']) {
    xhDone(site.root, 'mkpkg', name);
    site.write(name, { [`bin/${name}`]: '#!/bin/sh\n', 'data/x': name });
  }
  site.write('two', { '.admin/Targets': 'nobody-*\n' });
  site.publish();
  const slave = subscriber(
    site.store,
    site.siteKey,
    '[subscribe]\nnever = ["three"]\ntypes = ["share"]',
  );
  xhDone(slave, 'pull', '--no-install');
  expect(
    readdirSync(join(slave, 'software'))
      .filter((name) => !name.startsWith('.'))
      .toSorted(),
  ).toEqual(['four', 'one']);
  expect(existsSync(join(slave, '.software/arch/one'))).toBe(false);
  const named = xh(slave, 'pull', 'two');
  expect(named.status).toBe(3);
  expect(named.stderr).toMatch(/two: refused: it is not meant for .*nobody-\*/);
  // what somebody names comes, whatever he subscribes to
  xhDone(slave, 'pull', 'three', '--no-install');
  expect(existsSync(join(slave, 'software/three'))).toBe(true);
});

test('a host of another architecture gets its own programs, or is told that there are none', () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  // what uname(2) says there
  const asOther = spawnSync(
    'setarch',
    ['i686', join(import.meta.dirname, '../../dist/xh.cjs'), '--root', slave, 'pull'],
    { encoding: 'utf8' },
  );
  expect(asOther.status).toBe(3);
  expect(asOther.stderr).toMatch(
    /tool: refused: its arch files are there for linux-x86_64, not for linux-i686/,
  );
  expect(existsSync(join(slave, 'software/tool'))).toBe(false);
});

test('a frozen package stays what it is until it is thawed', () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  xhDone(slave, 'pull');
  xhDone(slave, 'freeze', 'tool', '--until', '2099-01-31', '-m', 'thesis');
  expect(xhDone(slave, 'freeze').stdout).toMatch(
    /^tool +since .* until 2099-0[12]-\d\d .*thesis$/m,
  );
  site.write('tool', { 'bin/tool': '#!/bin/sh\necho two\n' });
  site.publish();
  expect(xhDone(slave, 'pull').stderr).toMatch(/1 frozen/);
  expect(runTool(slave)).toBe('one\n');
  xhDone(slave, 'thaw', 'tool');
  xhDone(slave, 'pull');
  expect(runTool(slave)).toBe('two\n');
  expect(xh(slave, 'thaw', 'tool').status).toBe(3);
});

test('with every store out of reach the host goes on with what it has, and says so', () => {
  const site = publisher();
  makeTool(site);
  site.publish();
  const slave = subscriber(['http://127.0.0.1:9/store', site.store], site.siteKey);
  // the second one is there
  expect(xhDone(slave, 'pull').stderr).toMatch(/warning: .*127\.0\.0\.1:9/);
  rmSync(site.store, { recursive: true });
  const ran = xh(slave, 'pull');
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(/goes on with what it has/);
  expect(runTool(slave)).toBe('one\n');
});

test('what cannot be installed is in place, told with what to do, and installed when that is settled', () => {
  const site = publisher();
  makeTool(site);
  makeTool(site, 'also');
  site.write('also', { '.admin/Dependencies': 'missing\n' });
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  const ran = xh(slave, 'pull');
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(/also: .*not installed: .*missing/);
  expect(runTool(slave)).toBe('one\n');
  xhDone(site.root, 'mkpkg', 'missing');
  site.publish();
  expect(xhDone(slave, 'pull').stderr).toMatch(/installed .*also/);
});

test('rules of lfu hold for what is pulled', () => {
  const site = publisher();
  makeTool(site);
  site.write('tool', { 'data/skip': 'no\n', 'data/local.conf': 'default\n' });
  site.publish();
  const slave = subscriber(site.store, site.siteKey, 'pull-rules = "/etc/pull.rules"');
  writeFileSync(join(slave, 'etc/pull.rules'), "path='tool/data/skip' { ignore; }\n");
  xhDone(slave, 'pull');
  expect(existsSync(join(slave, 'software/tool/data/skip'))).toBe(false);
  expect(existsSync(join(slave, 'software/tool/data/table'))).toBe(true);
  expect(xhDone(slave, 'pull').stderr).toMatch(/1 current/);
  // other rules, another tree
  writeFileSync(join(slave, 'etc/pull.rules'), '');
  xhDone(slave, 'pull');
  expect(existsSync(join(slave, 'software/tool/data/skip'))).toBe(true);
});

test('the torture tree, in a package, comes without a difference that an independent judge would see', async () => {
  const site = publisher();
  xhDone(site.root, 'mkpkg', 'torture');
  const tree = join(site.root, 'software/torture/data/tree');
  mkdirSync(join(tree, '..'), { recursive: true });
  // paths that are too long for a path, which no package has, and mere numbers are left to lower levels
  const parts =
    'names many_links links holes zeros sizes special attributes access_lists wide keepers';
  execFileSync('python3', [TREE, 'build', tree, ...parts.split(' ')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  site.publish();
  const slave = subscriber(site.store, site.siteKey);
  xhDone(slave, 'pull', '--no-install');
  const [from, to] = [site.root, slave].map((root) => join(root, 'software/torture/data/tree'));
  expect(await judge('differences', from ?? '', to ?? '')).toBe('');
  expect(xhDone(slave, 'pull', '--no-install').stderr).toMatch(/1 current/);
  for (const root of [site.root, slave])
    execFileSync('rm', ['-rf', join(root, '.software/share/torture')]);
});

test('bad input is told with its place and what to do, and nothing is touched', () => {
  const { store, siteKey } = publisher();
  const bare = subscriber([], siteKey);
  expect(xh(bare, 'pull')).toMatchObject({ status: 2 });
  expect(xh(bare, 'pull').stderr).toMatch(/no store to pull from[^]*→ .*stores =/);
  const keyless = subscriber(store, siteKey);
  writeFileSync(join(keyless, 'etc/xhier.toml'), `stores = ["${store}"]\n`);
  expect(xh(keyless, 'pull').stderr).toMatch(/no key of the site is known[^]*site-keys/);
  const slave = subscriber(store, siteKey);
  expect(xh(slave, 'pull', 'no/name').status).toBe(2);
  expect(xh(slave, 'pull', 'nothing')).toMatchObject({ status: 1 });
  expect(xh(slave, 'pull', 'nothing').stderr).toMatch(/has no package nothing/);
  expect(xh(slave, 'freeze', 'nothing').status).not.toBe(0);
  mkdirSync(join(slave, '.software/arch'), { recursive: true });
  expect(lstatSync(join(slave, '.software')).isDirectory()).toBe(true);
});
