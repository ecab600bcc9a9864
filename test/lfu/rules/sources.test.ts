import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytes } from '../../../src/bytes/bytes.ts';
import { DiagnosticError } from '../../../src/message/diagnostic.ts';
import { compileRules, type RuleSet } from '../../../src/lfu/rules/evaluator.ts';
import { systemSources } from '../../../src/lfu/rules/sources.ts';
import { object } from './support.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rules-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}

function load(text: string): RuleSet {
  const sources = systemSources({
    arch: bytes('linux-x86_64'),
    netgroupFiles: [bytes(join(directory, 'netgroup'))],
  });
  const file = bytes(join(directory, 'main.rules'));
  return compileRules({ file, text: bytes(text) }, sources);
}

function complaints(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ code, line }) => `${line} ${code}`);
  }
  return [];
}

test('lists, included scripts, netgroups and accounts are those of this system', () => {
  const { username, uid } = userInfo();
  write('netgroup', `mine (,${username},)\n`);
  write('daemons', 'sbin/named\n');
  write('common.rules', 'owner=@mine { log; }\n');
  const set = load('include common.rules\npath=@daemons { keep; }\nhost=$HOST { fill; }');
  expect(set.decide(object('sbin/named', { uid }))).toMatchObject({
    log: true,
    keep: true,
    fill: true,
  });
  expect(set.sources.host).toBe(hostname());
  expect(Math.abs(set.sources.now - Date.now() / 1000)).toBeLessThan(600);
});

test('what is missing is told before anything else happens', () => {
  write('netgroup', 'a b\nb a\n');
  mkdirSync(join(directory, 'folder'));
  expect(complaints('path=@none {}\nowner=@a {}\ninclude folder\nowner=nobody-at-all {}')).toEqual([
    '1 E_RULE_LIST',
    '2 E_NETGROUP_CIRCLE',
    '3 E_RULE_READ',
    '4 E_RULE_ACCOUNT',
  ]);
});
