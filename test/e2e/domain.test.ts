/** `xh domain`: which domains there are, who is in them, what they get, and wherein two differ. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { command, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { xh, xhDone, type Ran } from './xh.ts';

const INVENTORY = `
[hosts.cc1]
arch = "linux-x86_64"
domains = ["disked.sun4.sunos.cc.adm"]
[hosts.cc2]
arch = "linux-mips"
domains = ["diskless.mipsws.riscos.cc.adm"]
[hosts.os1]
domains = ["disked.mipsws.riscos.osgrp.adm", "laser.prt"]
via = "cc1"
`;

let root = '';
beforeEach(() => {
  root = freshSite().path;
  writeFileSync(join(root, 'etc/xhier.toml'), INVENTORY);
  makePackage(root, 'all', { 'doc/a': 'a', '.admin/Options': 'version = 1.2\n' });
  makePackage(root, 'mips', { '.admin/Targets': 'mipsws.common.common.adm\n', 'doc/m': 'm' });
  makePackage(root, 'cc', { '.admin/Targets': 'cc.adm\n' });
  makePackage(root, 'secret', { '.admin/Options': 'distribute = none\n' });
});

function domain(...words: readonly string[]): Ran {
  return xh(root, 'domain', ...words);
}

/** Lines, whatever the width of the columns. */
function narrow(text: string): string[] {
  return text.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
}

test('lists domains, the general first, and their hosts', () => {
  expect(narrow(domain('list').stdout).slice(0, 4)).toEqual([
    'adm 3 hosts',
    'cc.adm 2 hosts',
    'riscos.cc.adm 1 host',
    'mipsws.riscos.cc.adm 1 host',
  ]);
  expect(domain('hosts', 'mipsws.common.common.adm').stdout).toBe(
    'cc2  linux-mips  -        diskless.mipsws.riscos.cc.adm\nos1  -           via cc1  disked.mipsws.riscos.osgrp.adm laser.prt\n',
  );
  expect(domain('hosts').stdout.trim().split('\n')).toHaveLength(3);
  expect(domain('hosts', 'prt').stdout).toContain('os1');
  expect(JSON.parse(domain('list', '--json').stdout)).toContainEqual({
    name: 'prt',
    hosts: ['os1'],
  });
});

test('tells what a domain or a host gets, to the file', () => {
  expect(domain('files', 'cc.adm').stdout).toBe('all   1.2\ncc    -\nmips  -    only cc2\n');
  expect(domain('files', 'os1').stdout).toBe('all   1.2\nmips  -\n');
  const paths = domain('files', 'os1', '--paths').stdout;
  expect(paths).toContain('/.software/share/mips/doc/m\n');
  expect(paths).not.toContain('secret');
  const gets = JSON.parse(domain('files', 'cc.adm', '--json').stdout) as {
    package: string;
    hosts: string[];
  }[];
  expect(gets.map((each) => [each.package, each.hosts])).toEqual([
    ['all', ['cc1', 'cc2']],
    ['cc', ['cc1', 'cc2']],
    ['mips', ['cc2']],
  ]);
});

test('tells for whom a package has no files', () => {
  makePackage(root, 'tool');
  xhDone(root, 'make-links');
  const arch = xhDone(root, 'arch').stdout.trim();
  makePackage(root, '../arch/tool', { 'bin/tool': command('tool') });
  rmSync(join(root, '.software/arch/tool/.admin'), { recursive: true });
  const others = arch === 'linux-x86_64' ? 'cc2' : 'cc1';
  expect(domain('files', 'cc.adm').stdout).toContain(`no files for ${others}`);
});

test('compares two domains', () => {
  const ran = domain('compare', 'cc.adm', 'osgrp.adm');
  expect(ran.stdout).toBe(
    'only cc.adm\n  cc  -\nnot all hosts of both\n  mips  1 of 2 in cc.adm  1 of 1 in osgrp.adm\n',
  );
  expect(ran.stderr).toBe('1 package the same for all, 2 packages not\n');
  expect(domain('compare', 'os1', 'os1').stderr).toBe('both get the same: 2 packages\n');
});

test('what is wrong is told with what is right', () => {
  for (const [words, says] of [
    [['hosts', 'cc.amd'], "did you mean 'cc.adm'?"],
    [['hosts', 'cc1.adm'], 'is no host or domain of the inventory'],
    [['lst'], "did you mean 'list'?"],
    [['files'], 'xh domain files wants one domain or host'],
    [['compare', 'adm'], 'xh domain compare wants two domains or hosts'],
    [['list', 'adm'], 'xh domain list wants nothing more'],
  ] as const) {
    const ran = domain(...words);
    expect(ran.stderr).toContain(says);
    expect(ran.status).toBe(2);
  }
  writeFileSync(join(root, 'etc/xhier.toml'), '');
  expect(domain('list').stderr).toContain('write [hosts."NAME"]');
  makePackage(root, 'broken', { '.admin/Targets': 'os:x\n' });
  writeFileSync(join(root, 'etc/xhier.toml'), INVENTORY);
  const broken = domain('files', 'adm');
  expect(broken.status).toBe(0);
  expect(broken.stderr).toContain("warning: broken: unknown kind of target 'os'");
});
