/** `xh check` on the command line: what is printed, exit codes, directories, all of the depot. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { PACKAGE_CHECKS } from '../../src/depot/check/table.ts';
import { command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

let root = '';
let clock = '';
beforeEach(() => {
  root = freshSite().path;
  clock = makePackage(root, 'clock', {
    '.admin/Options': 'summary = Shows the time\nversion = 1.0\n',
    'bin/clock': command('clock'),
  });
});

describe('xh check', () => {
  test('of a sound package: exit 0, nothing on standard output, nothing is written', () => {
    const before = snapshot(root);
    expect(xh(root, 'check', 'clock')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '1 package: nothing to find fault with\n',
    });
    expect(snapshot(root)).toEqual(before);
  });

  test('each finding with its place, its check and what to do; 1 for errors, and for warnings when asked', () => {
    chmodSync(join(clock, 'bin/clock'), 0o4755);
    expect(xh(root, 'check', 'clock')).toMatchObject({
      status: 0,
      stdout:
        '/software/clock/bin/clock: warning: it runs with the rights of its owner (mode 4755) [set-id]\n' +
        `    → be sure of it; else: chmod ug-s ${root}/.software/share/clock/bin/clock\n`,
      stderr: '1 package: 1 warning\n',
    });
    expect(xh(root, 'check', '--strict', 'clock').status).toBe(1);
    writeFileSync(join(clock, '.admin/Options'), 'version = 1\npriority = much\n');
    const ran = xh(root, 'check', 'clock');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^\/software\/clock\/\.admin\/Options:2:12: error: /m);
    const json = JSON.parse(xh(root, 'check', '--json', 'clock').stdout) as object;
    expect(json).toMatchObject({
      packages: 1,
      ignored: 0,
      findings: [
        { package: 'clock', check: 'admin-files', severity: 'error', line: 2, column: 12 },
        { check: 'set-id', severity: 'warning' },
      ],
    });
  });

  test('of all the depot, and of a directory that is not in it', () => {
    makePackage(root, 'tick', { 'bin/tick': 'no program\n' });
    const all = xh(root, 'check', '--all');
    expect(all.stderr).toBe('2 packages: 1 warning, 2 notes\n');
    const top = join(temporaryDirectory(), 'tool');
    writeFiles(top, { '.admin/Maintainer': 'a@example.org\n', 'bin/tool': '#!/no/such\n' });
    const ran = xh(root, 'check', top);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain(`${top}/bin/tool:1: error: its interpreter /no/such`);
    expect(xh(root, 'check', `${top}/`).stdout).toBe(ran.stdout);
    mkdirSync(join(top, 'empty'));
    expect(xh(root, 'check', join(top, 'empty'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no .admin in it') as string,
    });
  });

  test('of what is not there, and of nothing', () => {
    expect(xh(root, 'check', 'clokc')).toMatchObject({
      status: 1,
      stderr: "xh: there is no package 'clokc'\n    → did you mean 'clock'?\n",
    });
    expect(xh(root, 'check').status).toBe(2);
    const told = xhDone(root, 'check', '--list').stdout;
    for (const { id } of PACKAGE_CHECKS) expect(told).toMatch(new RegExp(`^${id} `, 'm'));
  });

  test('hostile names and links drive no terminal and lead nowhere outside', () => {
    symlinkSync('/', join(clock, 'data'));
    writeFileSync(join(clock, 'bin', '\u001b[31mred'), '#!/bin/sh\n', { mode: 0o755 });
    const ran = xh(root, 'check', 'clock');
    expect(ran.stdout).not.toContain('\u001b');
    expect(ran.stdout).toContain('its name has a control character in it');
    expect(ran.stdout).toContain('it leads out of the depot: /');
  });
});
