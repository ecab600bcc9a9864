import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { stringify } from 'smol-toml';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import { XhError } from '../../src/message/error.ts';
import { isDefaultPackage, loadConfig, parseConfig, siteFileTypes } from '../../src/site/config.ts';
import { CONFIG_KEYS } from '../../src/site/config-keys.ts';
import { refreshCommands } from '../../src/site/refresh.ts';
import { freshSite } from '../site.ts';

const FILE = b`/etc/xhier.toml`;
const parse = (text: string) => parseConfig(FILE, bytes(text));

function findings(text: string): string {
  return diagnosticsOf(() => parse(text));
}

function diagnosticsOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join('\n');
    throw error;
  }
  return 'accepted';
}

function thrown(run: () => unknown): XhError {
  try {
    run();
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a site without a configuration file has every default, and each says so', () => {
  const { values, settings } = loadConfig(freshSite());
  expect(values['lock-timeout']).toBe(60);
  expect(values['refresh-on']).toEqual(['/']);
  expect(values['vendor-path'].size).toBe(0);
  expect(values['arch-store']).toBeUndefined();
  expect(settings.every(({ origin }) => origin.from === 'default')).toBe(true);
});

test('every key says what it is for and what it expects', () => {
  for (const [name, key] of Object.entries(CONFIG_KEYS)) {
    expect([name, key.summary]).toEqual([name, expect.stringMatching(/\.$/)]);
    expect([name, key.kind.expected]).not.toEqual([name, '']);
  }
});

test('values come from /etc/xhier.toml under the site root, each with its line', () => {
  const site = freshSite();
  writeFileSync(
    join(site.path, 'etc/xhier.toml'),
    '# ours\nlock-timeout = 5\n\n[refresh]\n"/etc/services/" = "true"\n\n[file-types.campus]\nsummary = "für alle"\nshared-by = "the campus"\n',
  );
  const config = loadConfig(site);
  expect(config.values['lock-timeout']).toBe(5);
  const file = `${site.path}/etc/xhier.toml`;
  const origin = (name: string) => config.settings.find((each) => each.name === name)?.origin;
  expect(origin('lock-timeout')).toEqual({ from: 'file', file, line: 2 });
  expect(origin('refresh."/etc/services"')).toEqual({ from: 'file', file, line: 5 });
  expect(origin('refresh."/etc/aliases"')).toEqual({ from: 'default' });
  expect(origin('file-types.campus')).toEqual({ from: 'file', file, line: 7 });
  expect(siteFileTypes(config).map(({ name }) => name)).toEqual([
    'share',
    'arch',
    'regional',
    'admin',
    'local',
    'spool',
    'campus',
  ]);
  expect(siteFileTypes(config).at(-1)?.summary).toBe('für alle');
});

test('an option goes before the environment, which goes before the file', () => {
  const text = bytes('lock-timeout = 1');
  const environment = { XH_LOCK_TIMEOUT: '2' };
  const both = parseConfig(FILE, text, { environment, options: { 'lock-timeout': '3' } });
  expect(both.values['lock-timeout']).toBe(3);
  const settingOf = (config: typeof both) =>
    config.settings.find(({ name }) => name === 'lock-timeout')?.origin;
  expect(settingOf(both)).toEqual({ from: 'option', name: '--lock-timeout' });
  const one = parseConfig(FILE, text, { environment });
  expect(one.values['lock-timeout']).toBe(2);
  expect(settingOf(one)).toEqual({ from: 'environment', name: 'XH_LOCK_TIMEOUT' });
});

test('a variable or option that cannot be is refused by its name', () => {
  const error = thrown(() => parseConfig(FILE, b``, { options: { 'lock-timeout': 'soon' } }));
  expect([error.code, error.exit]).toEqual(['E_CONFIG_OVERRIDE', 2]);
  expect(error.message).toBe(
    "option --lock-timeout: expected a number of seconds, 0 to 86400, not 'soon'",
  );
});

test('all findings come at once, with line, column, what was expected and the nearest key', () => {
  expect(
    findings(
      [
        '# é',
        'lock_timeout = 5',
        'lock-timeout = "soon"',
        'refresh-on = ["/", "etc",',
        '  3]',
        'default-packages.never = "x"',
        'default-packages.nver = ["x"]',
        '[refresh]',
        '"etc/x" = "a"',
        '[file-types]',
        'campus = { summary = "s" }',
        '[file-types.share]',
        'summary = "s"',
        'shared-by = "t"',
      ].join('\n'),
    ),
  ).toBe(
    `/etc/xhier.toml:2:1: error: unknown key 'lock_timeout'
  2 | lock_timeout = 5
    | ^~~~~~~~~~~~ did you mean 'lock-timeout'?
/etc/xhier.toml:3:16: error: lock-timeout: expected a number of seconds, 0 to 86400, not 'soon'
  3 | lock-timeout = "soon"
    |                ^~~~~~
/etc/xhier.toml:4:20: error: refresh-on: expected an absolute path without .., not 'etc'
  4 | refresh-on = ["/", "etc",
    |                    ^~~~~
/etc/xhier.toml:5:3: error: refresh-on: expected an absolute path without .., not 3
  5 |   3]
    |   ^
/etc/xhier.toml:6:26: error: default-packages.never: expected a list of package names, * and ? allowed, not 'x'
  6 | default-packages.never = "x"
    |                          ^~~
/etc/xhier.toml:7:1: error: unknown key 'nver'
  7 | default-packages.nver = ["x"]
    | ^~~~~~~~~~~~~~~~~~~~~ did you mean 'never'?
/etc/xhier.toml:9:1: error: refresh.etc/x: expected an absolute path without .., not 'etc/x'
  9 | "etc/x" = "a"
    | ^~~~~~~
/etc/xhier.toml:11:1: error: file-types.campus: expected the key 'shared-by' too: text on one line
  11 | campus = { summary = "s" }
     | ^~~~~~
/etc/xhier.toml:12:1: error: file-types.share: expected the name of a type that the site adds: lower-case letters, digits and '-', none of share, arch, regional, admin, local, spool, not 'share'
  12 | [file-types.share]
     | ^~~~~~~~~~~~~~~~~~`,
  );
});

test('what is no TOML is told at its place, in bytes', () => {
  expect(findings('a = 1\n"é" = 3 = 4\n')).toBe(
    `/etc/xhier.toml:2:10: error: each key-value declaration must be followed by an end-of-line
  2 | "é" = 3 = 4
    |         ^`,
  );
  expect(diagnosticsOf(() => parseConfig(FILE, 'a = 1\nb = "x\xff"' as Bytes))).toContain(
    '/etc/xhier.toml:2:7: error: not UTF-8 text',
  );
});

test('a configuration that is no file is refused with what to do', () => {
  const site = freshSite();
  mkdirSync(join(site.path, 'etc/xhier.toml'));
  const error = thrown(() => loadConfig(site));
  expect([error.code, error.exit]).toEqual(['E_CONFIG_READ', 2]);
  expect(error.remedy).toContain('every key has a default');
});

test('the site decides which packages are default', () => {
  const plain = parse('');
  expect(isDefaultPackage(plain, [b`tex`], true)).toBe(true);
  expect(isDefaultPackage(plain, [b`tex`], false)).toBe(false);
  const listed = parse(
    '[default-packages]\nonly = ["gnu*", "tex"]\nalso = ["x11"]\nnever = ["gnu-chess"]',
  );
  expect(isDefaultPackage(listed, [b`gnu-emacs`], false)).toBe(true);
  expect(isDefaultPackage(listed, [b`gnu-chess`], true)).toBe(false);
  expect(isDefaultPackage(listed, [b`x11`, b`x11-1.0`], false)).toBe(true);
  expect(isDefaultPackage(listed, [b`news`], true)).toBe(false);
});

test('services are told once, only on the roots that the site lists', () => {
  const root = { root: b`/` };
  const config = parse('[refresh]\n"/etc/aliases" = ""\n"/etc/systemd/system" = "reload"');
  const changed = [
    b`/etc/systemd/system/a.service`,
    b`/etc/systemd/system/b.timer`,
    b`/etc/aliases`,
    b`/etc/systemd/systemd.conf`,
  ];
  expect(refreshCommands(config, root, changed)).toEqual([
    { command: 'reload', because: changed.slice(0, 2) },
  ]);
  expect(refreshCommands(config, { root: b`/tmp/site` }, changed)).toEqual([]);
  const asked = parse('refresh-on = ["/", "/tmp/site/"]');
  expect(refreshCommands(asked, { root: b`/tmp/site` }, [b`/etc/aliases`])).toHaveLength(1);
});

test('no text whatever makes anything but a configuration or diagnostics', () => {
  const fragments = fc.constantFrom(
    'lock-timeout',
    'file-types',
    'refresh',
    ' = ',
    '.',
    '[',
    ']',
    '[[',
    ']]',
    '{',
    '}',
    ',',
    '"',
    "'",
    '"""',
    '\\',
    '\n',
    '#',
    '1',
    '1979-05-27 07:32:00',
    '__proto__',
    'constructor',
    '\xe9',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 30 }), (parts) => {
      expect(typeof diagnosticsOf(() => parseConfig(FILE, parts.join('') as Bytes))).toBe('string');
    }),
    { numRuns: 500 },
  );
});

test('what TOML can say is read back, whatever way it is written', () => {
  const commandsArbitrary = fc.dictionary(
    fc.constantFrom('/etc/a', '/etc/b b', '/etc/"c"', '/etc/é'),
    fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', 'é', '#', "'") }),
  );
  fc.assert(
    fc.property(commandsArbitrary, (refresh) => {
      const config = parse(stringify({ refresh }));
      for (const [path, command] of Object.entries(refresh)) {
        expect(config.values.refresh.get(bytes(path))).toBe(bytes(command));
        const name = `refresh.${JSON.stringify(path)}`;
        const setting = config.settings.find((each) => each.name === name);
        expect(setting?.value).toBe(command);
        expect(setting?.origin.from).toBe('file');
      }
    }),
  );
});
