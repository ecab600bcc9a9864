import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { b, bytes, fromBuffer, type Bytes } from '../../src/bytes/bytes.ts';
import { parseDependencies } from '../../src/package/dependencies.ts';
import { parseMaintainer } from '../../src/package/maintainer.ts';
import { parseOptions } from '../../src/package/options.ts';
import { OPTION_KEYS } from '../../src/package/option-keys.ts';
import { fillTemplate, type TemplateValues } from '../../src/package/template.ts';
import { temporaryDirectory } from '../site.ts';

const TEMPLATE = join(import.meta.dirname, '../../templates/package');

const values: TemplateValues = {
  NAME: b`foo`,
  DIRECTORY: b`foo-1.2`,
  VERSION: b`1.2`,
  MAINTAINER: bytes('Jane Doe <jane@example.org>'),
};

function filled(name: string, given: TemplateValues = values): Bytes {
  return fillTemplate(fromBuffer(readFileSync(join(TEMPLATE, name))), given);
}

test('a new package is a package: every file of its .admin can be read', () => {
  expect(parseMaintainer(b`Maintainer`, filled('.admin/Maintainer'))).toEqual([
    { address: 'jane@example.org', name: 'Jane Doe' },
  ]);
  expect(parseDependencies(b`Dependencies`, filled('.admin/Dependencies'))).toEqual([]);
  const options = parseOptions(b`Options`, filled('.admin/Options'));
  expect(options.values).toEqual({ ...parseOptions(b`x`, b``).values, version: '1.2' });
  expect(readdirSync(join(TEMPLATE, '.admin')).toSorted()).toEqual([
    'Dependencies',
    'Install',
    'Maintainer',
    'Options',
  ]);
});

test('without a version its line is a comment', () => {
  const text = filled('.admin/Options', { ...values, VERSION: undefined });
  expect(text).toContain('\n# version = version\n');
  expect(parseOptions(b`Options`, text).values).not.toHaveProperty('version');
});

test('the template for Options shows every key, with values that can be read', () => {
  const text = filled('.admin/Options');
  for (const name of Object.keys(OPTION_KEYS)) {
    expect(text).toMatch(new RegExp(`^(?:# )?${name} = `, 'm'));
  }
  const defaults = parseOptions(b`x`, b``).values;
  const shown = [...text.matchAll(/^# ((?:priority|links|distribute|pty|timeout) = .*)$/gm)];
  const read = parseOptions(b`Options`, bytes(shown.map(([, line]) => line).join('\n')));
  expect(shown).toHaveLength(5);
  expect(read.values).toEqual(defaults);
});

test('Install of a new package does nothing, twice over, and knows what it is asked', () => {
  const install = join(TEMPLATE, '.admin/Install');
  expect(statSync(install).mode & 0o777).toBe(0o755);
  const script = join(temporaryDirectory(), 'Install');
  execFileSync('cp', [install, script]);
  for (const action of ['install', 'install', 'uninstall']) {
    expect(execFileSync(script, [action], { encoding: 'utf8' })).toBe('');
  }
  expect(() => execFileSync(script, ['other'], { stdio: 'pipe' })).toThrow('usage: Install');
});

test('words are filled in wherever they stand, and nothing else', () => {
  expect(fillTemplate(bytes('@NAME@-@VERSION@ @OTHER@ a@b\n'), values)).toBe(
    'foo-1.2 @OTHER@ a@b\n',
  );
  expect(filled('README')).toContain('`/software/foo-1.2`');
  expect(() => fillTemplate(b`@NAME@`, { NAME: bytes('a\nb') })).toThrow('one line');
});
