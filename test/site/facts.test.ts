import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/site/config.ts';
import { factsOf, factText, type Facts } from '../../src/site/facts.ts';
import { freshSite } from '../site.ts';

function facts(files: Readonly<Record<string, string>> = {}): Facts & { readonly root: string } {
  const site = freshSite();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(site.path, name), text);
  return { ...factsOf(site, loadConfig(site)), root: site.path };
}

function says(...words: readonly string[]): string {
  return spawnSync(words[0] ?? '', words.slice(1), { encoding: 'utf8' }).stdout.trim();
}

describe('the facts of a host', () => {
  it('are those that the tools of the system tell', () => {
    const { get, root } = facts();
    expect(get('system')).toBe(says('uname', '-s'));
    expect(get('release')).toBe(says('uname', '-r'));
    expect(get('machine')).toBe(says('uname', '-m'));
    expect(get('processors')).toBe(Number(says('nproc')));
    expect(get('hostname')).toBe(says('hostname', '-s'));
    expect(get('memory')).toBe(
      Number(/^MemTotal: +([0-9]+) kB/.exec(says('cat', '/proc/meminfo'))?.[1]) * 1024,
    );
    expect(get('root')).toBe(root);
    expect(get('addresses')).toEqual(expect.any(Array));
    const { name } = { name: says('sh', '-c', '. /etc/os-release; echo "$ID"') };
    expect(get('os')).toBe(name);
  });

  it("are of the site root's own system where it has one", () => {
    const { get, root } = facts({
      'etc/os-release': '# x\nID=slackware\nVERSION_ID="15.0"\nID_LIKE="a b"\n',
      'etc/resolv.conf': 'nameserver 127.0.0.1\nsearch example.org. other\n',
      'etc/hosts': `127.0.0.1 localhost\n`,
    });
    expect([get('os'), get('os-version'), get('os-like')]).toEqual([
      'slackware',
      '15.0',
      ['a', 'b'],
    ]);
    expect(get('init')).toBe('other');
    mkdirSync(join(root, 'sbin'));
    symlinkSync('../lib/systemd/systemd', join(root, 'sbin/init'));
    // what was found stays found
    expect(get('init')).toBe('other');
  });

  it('name a host by what its own files say', () => {
    const host = says('hostname', '-s');
    const { get } = facts({ 'etc/hosts': `10.0.0.1 ${host}.example.net ${host} # us\n` });
    const own = says('hostname').split('.').slice(1).join('.');
    const domain = own === '' ? 'example.net' : own;
    expect([get('domain'), get('fqdn')]).toEqual([domain, `${host}.${domain}`]);
  });

  it('are added to, and replaced, by the configuration', () => {
    const { get, names, summary } = facts({
      'etc/xhier.toml': '[facts]\nroom = "DC 2101"\nos = "ours"\n',
    });
    expect([get('room'), get('os')]).toEqual(['DC 2101', 'ours']);
    expect(names.filter((name) => name === 'os' || name === 'room')).toEqual(['os', 'room']);
    expect(summary('room')).toBe('of /etc/xhier.toml');
    for (const name of names) expect(summary(name)).toMatch(/./);
  });

  it('are nothing where nothing is known', () => {
    expect(facts().get('nosuch')).toBeUndefined();
  });

  it('are one word or line as text', () => {
    expect([true, false, 7, 'a b', ['a', 'b']].map(factText)).toEqual([
      'yes',
      'no',
      '7',
      'a b',
      'a b',
    ]);
  });
});
