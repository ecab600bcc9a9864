/** `/etc/lfu.toml`: what it may say, and how what is wrong in it is told. */
import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { readUpdateConfig, selectMasters } from '../../../src/lfu/update/config.ts';
import { DiagnosticError, formatDiagnostic } from '../../../src/message/diagnostic.ts';
import { XhError } from '../../../src/message/error.ts';
import { freshSite } from './site.ts';

const FILES: Readonly<Record<string, string>> = { '/etc/a.rules': 'name=a { ignore; }' };

function read(text: string) {
  return readUpdateConfig(b`/etc/lfu.toml`, bytes(text), (path) => {
    const found = FILES[path];
    if (found === undefined) throw new XhError('E_CONFIG_READ', `cannot read ${path}: ENOENT`);
    return bytes(found);
  });
}

/** Everything that is wrong with it, as it is shown. */
function wrong(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join('\n');
    throw error;
  }
  throw new Error('nothing is wrong with it');
}

const MASTER = '[[master]]\nname = "one"\npath = "/m"\nslave = "/s"\n';

describe('a configuration', () => {
  test('has masters in their order, with options of their own and common ones', () => {
    const config = read(`[defaults]
fsync = true
max-delete = "5%"
netgroup = ["groups"]
[log]
size = "1M"
${MASTER}marker = true
max-delete = 10
rules = ["a.rules", { text = 'name=b { ignore; }' }]
[[master]]
name = "two"
path = "/m2//"
slave = "/s"
marker = "other"
index = "/m2.index"
bwlimit = "10M"
jobs = 3
fsync = false
netgroup = ["/groups"]
`);
    expect(config.log).toEqual({ format: 'text', size: 1 << 20, keep: 5 });
    expect(config.masters).toMatchObject([
      {
        name: 'one',
        marker: 'one',
        netgroupFiles: ['/etc/groups'],
        options: { fsync: true, 'max-delete': { value: 10, unit: 'objects' } },
      },
      {
        name: 'two',
        path: '/m2',
        marker: 'other',
        index: '/m2.index',
        scripts: [],
        netgroupFiles: ['/groups'],
        options: {
          fsync: false,
          'max-delete': { value: 5, unit: 'percent' },
          bwlimit: 10 << 20,
          jobs: 3,
        },
      },
    ]);
    expect(config.masters[0]?.scripts.map(({ file, text }) => [file, text.trim()])).toEqual([
      ['/etc/a.rules', 'name=a { ignore; }'],
      ['/etc/lfu.toml', 'name=b { ignore; }'],
    ]);
  });

  test('that is wrong is told at the place, with the nearest key, everything at once', () => {
    expect(
      wrong(`[default]
x = 1
[[master]]
name = "a b"
path = "relative"
slave = "/s"
max-delet = 5
jobs = "many"
checksum = 1
rules = ["nowhere.rules", 3]
`),
    ).toBe(`/etc/lfu.toml:1:1: error: unknown key 'default'
  1 | [default]
    | ^~~~~~~~~ did you mean 'defaults'?
/etc/lfu.toml:4:8: error: master.name: expected a name: letters, digits and '._-', a letter or digit first, at most 64, not ending in '.toml', not 'a b'
  4 | name = "a b"
    |        ^~~~~
/etc/lfu.toml:5:8: error: master.path: expected an absolute path without .., not 'relative'
  5 | path = "relative"
    |        ^~~~~~~~~~
/etc/lfu.toml:7:1: error: unknown key 'max-delet'
  7 | max-delet = 5
    | ^~~~~~~~~ did you mean 'max-delete'?
/etc/lfu.toml:8:8: error: master.jobs: expected a number of threads, 1 to 9999, not 'many'
  8 | jobs = "many"
    |        ^~~~~~
/etc/lfu.toml:9:12: error: master.checksum: expected true or false
  9 | checksum = 1
    |            ^
/etc/lfu.toml:10:27: error: master.rules: expected the name of a file of rules, or a table { text = '…' } with rules
  10 | rules = ["nowhere.rules", 3]
     |                           ^`);
  });

  test('names every master once, and every file of rules is there', () => {
    expect(wrong(`${MASTER}${MASTER}`)).toContain(
      "/etc/lfu.toml:6:8: error: master.name: 'one' is the name of another master",
    );
    expect(wrong(`${MASTER}rules = ["a.rules", "nowhere.rules"]`)).toContain(
      '/etc/lfu.toml:5:21: error: master.rules: cannot read /etc/nowhere.rules: ENOENT',
    );
    expect(wrong(MASTER.replace('"/s"', '"/m"'))).toContain(':4:9: error: master.slave: expected');
    expect(wrong('[log]\nsize = 1\n')).toContain('expected one [[master]] or more');
    expect(wrong('[[master]]\nname = "x"\n')).toContain("expected the key 'path' too");
    expect(wrong('[[master]\n')).toContain('/etc/lfu.toml:1:');
  });

  test('is found right or wrong whatever it says', () => {
    const words = fc.constantFrom(
      '[[master]]',
      '[log]',
      '[defaults]',
      'name = "x"',
      'path = "/p"',
      'slave = "/s"',
      'rules = [',
      ']',
      '{ text = "a" }',
      "'''",
      '=',
      'max-delete = "5%"',
      'marker = true',
      '\u00e9',
    );
    const line = fc.oneof(words, fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        try {
          expect(read(lines.join('\n')).masters.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(DiagnosticError);
        }
      }),
    );
  });
});

test('masters are chosen by name, in the order of the file', () => {
  const config = read(`${MASTER}${MASTER.replace('one', 'two')}`);
  const chosen = (...names: readonly string[]): readonly Bytes[] =>
    selectMasters(config, names.map(bytes)).map(({ name }) => name);
  expect(chosen()).toEqual(['one', 'two']);
  expect(chosen('two', 'one')).toEqual(['one', 'two']);
  expect(chosen('two')).toEqual(['two']);
  expect(() => chosen('twoo')).toThrow("names no master 'twoo'");
});

describe('lfu update', () => {
  test('finds what is wrong in rules where it stands, before it touches anything', () => {
    const site = freshSite();
    site.configure({
      one: `rules = ["good.rules", { text = '''
name=x { ignor; }
''' }]`,
      two: `rules = [{ text = 'name=x { ignore; } nam=y { ignore; }' }, "bad.rules"]`,
    });
    site.write('root/etc/good.rules', 'name=x { ignore; }');
    site.write('root/etc/bad.rules', 'name=@/no/such/list { ignore; }');
    site.write('one/f', '');
    const file = join(site.root, 'etc/lfu.toml');
    for (const words of [['--check'], [], ['-n'], ['two', '--check']]) {
      const run = site.lfu('update', ...words);
      expect([run.status, run.stdout]).toEqual([2, '']);
      expect(run.stderr).toContain(`${file}:13:39: error:`);
      expect(run.stderr.includes(`${file}:6:10: error:`)).toBe(words[0] !== 'two');
    }
    expect(site.sh('ls')).toBe('one\nroot\ntwo\n');
    site.configure({ one: '', two: 'rules = ["bad.rules"]' });
    const list = site.lfu('update', '--check');
    expect(list.stderr).toContain(`${site.root}/etc/bad.rules:1:6: error: there is no list`);
    expect(site.lfu('update', '--check', 'one')).toMatchObject({ status: 0, stdout: '' });
  });

  test('reads another file, or says that there is none', () => {
    const site = freshSite();
    const none = site.lfu('update');
    expect(none.status).toBe(2);
    expect(none.stderr).toContain(`cannot read ${site.root}/etc/lfu.toml: ENOENT`);
    site.configure({ one: '' });
    site.sh('touch one/f; mv root/etc/lfu.toml my.toml');
    expect(site.update('my.toml')).toMatchObject({ status: 0 });
    expect(site.update(`${site.directory}/my.toml`, 'one')).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(site.update('my.toml', 'onne').stderr).toContain("did you mean 'one'?");
    expect(site.update('my.toml', './my.toml')).toMatchObject({ status: 2, stdout: '' });
  });

  test('--root says where configuration, ledger and log stand', () => {
    const site = freshSite();
    site.configure({ one: '' });
    site.sh('touch one/f; mv root elsewhere; mkdir root');
    expect(site.lfu('update', '--root', 'elsewhere', '-q').status).toBe(0);
    const admin = 'elsewhere/\\.software/local/\\.admin';
    expect(site.sh('find root; find elsewhere -type f | sort')).toMatch(
      new RegExp(
        `^root\\n${admin}/lfu/slave-[0-9a-f]{12}/ledger\\n${admin}/log/lfu\\.log\\nelsewhere/etc/lfu\\.toml\\n$`,
      ),
    );
  });

  test.each(['update', 'owns', 'recent', 'explain', 'mark'])('%s --help has examples', (name) => {
    const help = freshSite().lfu(name, '--help');
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toMatch(/\nusage: lfu \w+ [^]*\nExamples\n {2}lfu [^]*\nExit codes\n/);
  });
});
