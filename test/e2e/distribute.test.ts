/** `xh distribute` and `xh receive` through Debian's sshd: several hosts, and all that goes wrong with them. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { startSshHosts, type SshHosts } from './ssh-hosts.ts';
import { program, xh, xhDone, type Ran } from './xh.ts';

const ARCH = xhDone('/', 'arch').stdout.trim();

let hosts: SshHosts;
beforeEach(async () => {
  hosts = await startSshHosts();
});
afterEach(async () => {
  await hosts.end();
});

/** What the master's configuration says: the hosts, and what else. */
function inventory(names: readonly string[], more: readonly string[] = []): void {
  const tables = names.map((name) => hosts.table(name));
  configure([...tables, ...more]);
}

function configure(lines: readonly string[]): void {
  const first = [
    'status-name = "master"',
    'distribute.connect-timeout = 2',
    'distribute.timeout = 20',
    '',
  ];
  writeFileSync(join(hosts.master, 'etc/xhier.toml'), [...first, ...lines, ''].join('\n'));
}

function add(...names: readonly string[]): void {
  for (const name of names) hosts.add(name);
}

function distribute(...args: readonly string[]): Ran {
  return xh(hosts.master, 'distribute', ...args);
}

/** Waits until the server has said it. */
async function logged(what: string): Promise<void> {
  for (let waited = 0; !hosts.server.log().includes(what); waited += 20) {
    if (waited > 20_000)
      throw new Error(`the server does not say '${what}':\n${hosts.server.log()}`);
    await setTimeout(20);
  }
}

/** Whether `xh receive` runs for a host. */
function isReceiving(name: string): boolean {
  return spawnSync('pgrep', ['-f', `receive --root ${hosts.root(name)}`]).status === 0;
}

/** What a command of a host says, by its name in the farm. */
function says(name: string, what: string): string {
  return spawnSync(bins(hosts.root(name), what), { encoding: 'utf8' }).stdout;
}

interface Outstanding {
  readonly package: string;
  readonly revision: number;
  readonly hosts: readonly {
    readonly host: string;
    readonly code: string;
    readonly since: string;
  }[];
}

function outstanding(): Record<string, readonly string[]> {
  const found = JSON.parse(distribute('--outstanding', '--json').stdout) as readonly Outstanding[];
  return Object.fromEntries(
    found.map((each) => [each.package, each.hosts.map(({ host, code }) => `${host} ${code}`)]),
  );
}

describe('from one host to others', () => {
  test('packages come, are installed, come again when they have changed, and cost nothing when not', () => {
    add('web1', 'web2');
    inventory(['web1', 'web2']);
    makePackage(hosts.master, 'clock', {
      'bin/clock': command('one'),
      'doc/large': 'x'.repeat(9 << 20),
    });
    const first = distribute();
    expect(first.stderr).toMatch(/^1 package to 2 hosts in [\d.:]+ s: all served \(2 new\)\n$/);
    expect(first.status).toBe(0);
    for (const name of ['web1', 'web2']) expect(says(name, 'clock')).toBe('one\n');
    expect(distribute().stderr).toContain('all served (2 current)');
    writeFiles(join(hosts.master, 'software/clock'), { 'bin/clock': command('two') });
    const dry = distribute('--dry-run', '-v');
    expect(dry.stderr).toContain('all would be served (2 would be updated)');
    expect(says('web1', 'clock')).toBe('one\n');
    expect(distribute('-v').stderr).toContain('web1: clock updated (revision 2)');
    for (const name of ['web1', 'web2']) expect(says(name, 'clock')).toBe('two\n');
    expect(distribute('--outstanding').stderr).toBe('nothing is outstanding\n');
    expect(distribute('--retry').stderr).toBe('nothing is outstanding\n');
  });

  test('packages are named first, then hosts; a word that is both is asked for', () => {
    add('web1', 'tools');
    inventory(['web1', 'tools']);
    for (const name of ['tools', 'clock-1.0', 'other']) makePackage(hosts.master, name);
    expect(distribute('clock', 'other', 'web1').status).toBe(0);
    expect(existsSync(join(hosts.root('web1'), 'software/clock-1.0'))).toBe(true);
    expect(existsSync(join(hosts.root('web1'), 'software/tools'))).toBe(false);
    expect(existsSync(join(hosts.root('tools'), 'software'))).toBe(false);
    const both = distribute('tools');
    expect(both.status).toBe(2);
    expect(both.stderr).toContain("'tools' is a package, and a host, too");
    expect(both.stderr).toContain('package:tools, host:tools');
    expect(distribute('package:tools', 'host:tools').stderr).toContain('1 package to 1 host');
    expect(existsSync(join(hosts.root('tools'), 'software/tools'))).toBe(true);
    expect(distribute('web1', 'other').stderr).toContain(
      "'other' is a package, and stands after a host",
    );
    const unknown = distribute('clock', 'wbe1');
    expect(unknown).toMatchObject({ status: 2 });
    expect(unknown.stderr).toContain("did you mean 'web1'?");
    expect(distribute('-j', '0', 'web1').status).toBe(2);
    expect(distribute('--to', 'nowhere').stderr).toContain('is no host or domain of the inventory');
  });

  test('targets and domains decide who gets what', () => {
    for (const [name, domain] of [
      ['web1', 'disked.amd64.linux.www.adm'],
      ['db1', 'disked.amd64.linux.db.adm'],
    ] as const) {
      hosts.add(name, { config: [`domains = ["${domain}"]`] });
    }
    configure([
      hosts.table('web1', ['domains = ["disked.amd64.linux.www.adm"]']),
      hosts.table('db1', ['domains = ["disked.amd64.linux.db.adm"]']),
    ]);
    makePackage(hosts.master, 'all');
    makePackage(hosts.master, 'httpd', { '.admin/Targets': 'www.adm\n' });
    makePackage(hosts.master, 'linux', { '.admin/Targets': 'linux.common.adm !host:web1\n' });
    makePackage(hosts.master, 'secret', { '.admin/Options': 'distribute = none\n' });
    expect(distribute('-v').stderr).toMatch(/web1: all new .*, httpd new/);
    const has = (name: string) =>
      ['all', 'httpd', 'linux', 'secret'].filter((each) =>
        existsSync(join(hosts.root(name), 'software', each)),
      );
    expect(has('web1')).toEqual(['all', 'httpd']);
    expect(has('db1')).toEqual(['all', 'linux']);
    expect(distribute('--to', 'www.adm').stderr).toContain('to 1 host in');
    expect(distribute('--to', 'adm').stderr).toContain('to 2 hosts in');
    expect(distribute('secret').stderr).toContain('secret is not to be distributed');
    // one that does not know its own domain does not take what is meant for it
    hosts.add('web1');
    writeFiles(join(hosts.master, 'software/httpd'), { 'doc/new': 'x' });
    const refused = distribute();
    expect(refused.stderr).toContain('does not say all the domains');
    expect(refused.stderr).toContain('1 host: httpd: it is not meant for web1');
    expect(outstanding()).toEqual({ httpd: ['web1 E_FAR_REFUSED'] });
  });

  test('files of other architectures stay away, and those that are missing or old are told', () => {
    add('web1');
    configure([hosts.table('web1', ['arch = "linux-mips"'])]);
    makePackage(hosts.master, 'tool', {
      bin: `→ ${hosts.master}/.software/arch/tool/bin`,
      'doc/new': 'x',
    });
    writeFiles(join(hosts.master, '.software/arch/tool'), { 'bin/tool': command('tool') });
    const old = Date.now() / 1000 - 5 * 86_400;
    utimesSync(join(hosts.master, '.software/arch/tool/bin/tool'), old, old);
    const ran = distribute();
    expect(ran.stderr).toContain(`note: web1: it is ${ARCH}, and /etc/xhier.toml says linux-mips`);
    expect(ran.stderr).toContain(
      `tool: the files for ${ARCH} are 5 days older than the shared ones`,
    );
    expect(ran.status).toBe(0);
    expect(existsSync(join(hosts.root('web1'), '.software/arch/tool/bin/tool'))).toBe(true);
    rmSync(join(hosts.master, '.software/arch/tool'), { recursive: true });
    mkdirSync(join(hosts.master, 'arches/linux-mips/tool'), { recursive: true });
    writeFileSync(join(hosts.master, 'arches/linux-mips/tool/x'), 'x');
    configure(['arch-store = "/arches"', hosts.table('web1')]);
    const without = distribute();
    expect(without.stderr).toContain(`tool has no files for ${ARCH}`);
    expect(without.stderr).toContain(
      '1 host: tool: its arch files are there for linux-mips, not for',
    );
    expect(without.status).toBe(1);
  });
});

describe('the one who gets decides', () => {
  test('what the key may bring, what the host subscribes to, what is frozen', () => {
    hosts.add('web1', {
      receive: "--allow 'gcc*' --allow clock --allow games",
      config: ['subscribe.never = ["games"]'],
    });
    inventory(['web1']);
    for (const name of ['gcc-13', 'clock', 'games', 'evil']) makePackage(hosts.master, name);
    const ran = distribute();
    expect(ran.stderr).toContain(
      '1 host: evil: the key that brings it may not: xh receive --allow gcc* clock games',
    );
    expect(ran.stderr).toContain('(2 new, 1 not wanted, 1 refused)');
    const has = (name: string): boolean => existsSync(join(hosts.root('web1'), 'software', name));
    expect(['gcc-13', 'clock', 'games', 'evil'].map(has)).toEqual([true, true, false, false]);
    xhDone(hosts.root('web1'), 'freeze', 'clock', '-m', 'tested with this one');
    writeFiles(join(hosts.master, 'software/clock'), { 'doc/new': 'x' });
    const frozen = distribute('clock');
    expect(frozen.stderr).toMatch(/1 host: clock: frozen: tested with this one/);
    expect(existsSync(join(hosts.root('web1'), 'software/clock/doc'))).toBe(false);
    expect(outstanding()).toEqual({ clock: ['web1 E_FAR_FROZEN'], evil: ['web1 E_FAR_REFUSED'] });
    xhDone(hosts.root('web1'), 'thaw', 'clock');
    expect(distribute('--retry').stderr).toContain('1 updated');
    expect(outstanding()).toEqual({ evil: ['web1 E_FAR_REFUSED'] });
  });

  test('a key that is confined to xh receive runs nothing else, whatever is asked for', () => {
    add('web1');
    const ask = (...words: readonly string[]): Ran => {
      const { server } = hosts;
      const key = { file: join(hosts.directory, 'key-web1'), public: '' };
      const options = [...server.clientOptions(key), '-o', 'BatchMode=yes', '-p', `${server.port}`];
      return spawnSync('ssh', [...options, `${server.user}@${server.address}`, ...words], {
        encoding: 'utf8',
        input: '',
      });
    };
    const stolen = join(hosts.directory, 'stolen');
    for (const words of [
      [`touch ${stolen}`],
      [`xh receive; touch ${stolen}`],
      [`xh receive --root / --allow '*'`],
      [`xh status --print\ntouch ${stolen}`],
      ['$(xh) receive'],
    ]) {
      const ran = ask(...words);
      expect(ran.status).toBe(3);
      expect(ran.stderr).toContain('this key is for xh receive alone, and not for: ');
    }
    expect(existsSync(stolen)).toBe(false);
    const status = ask('xh status --print');
    expect(JSON.parse(status.stdout)).toMatchObject({ host: 'web1' });
    const nobody = ask();
    expect(nobody.status).toBe(1);
    expect(nobody.stderr).toContain('nobody has offered anything');
    const rubbish = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../dist/xh.cjs'), 'receive', '--allow', '*'],
      {
        encoding: 'utf8',
        input: 'GET / HTTP/1.0\n\n',
        env: { ...process.env, XH_ROOT: hosts.root('web1') },
      },
    );
    expect(rubbish.status).toBe(1);
    expect(rubbish.stderr).toContain('it says: GET / HTTP/1.0');
    expect(xh(hosts.root('web1'), 'receive').stderr).toContain('takes nothing without --allow');
    expect(xh(hosts.root('web1'), 'receive', '--allow', 'a//b').status).toBe(2);
  });
});

describe('what goes wrong with one host keeps no other from being served', () => {
  test('each trouble is named with what to do, those with the same together', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => {
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const script = (lines: string): string => {
      const file = join(hosts.directory, `script-${lines.length}`);
      writeFileSync(file, `#!/bin/sh\n${lines}\n`);
      chmodSync(file, 0o755);
      return file;
    };
    add('good', 'denied', 'unknown', 'changed');
    hosts.add('noxh', { command: 'xhier-that-is-not-there receive' });
    hosts.add('shell', { command: 'echo "This account is not available."' });
    hosts.add('banner', { command: `echo 'Welcome to banner!'; ${hosts.receive('banner')}` });
    hosts.add('later', { command: String.raw`printf '\nxhier-channel 7\n'; cat >/dev/null` });
    hosts.add('garbage', { command: String.raw`printf '\nxhier-channel 1\n'; cat /dev/zero` });
    hosts.add('rubbish', { command: 'yes' });
    hosts.add('slow', { command: String.raw`printf '\nxhier-channel 1\n'; sleep 60` });
    hosts.add('asks', { command: script('read answer < /dev/tty; echo "$answer"') });
    writeFileSync(join(hosts.directory, 'nobody'), '');
    const other = (name: string): string =>
      `[${hosts.server.address}]:${hosts.server.port} ${name}\n`;
    writeFileSync(
      join(hosts.directory, 'others'),
      other(readFileSync(join(hosts.directory, 'key-good.pub'), 'latin1').trim()),
    );
    const table = (name: string, file: string): string =>
      hosts.table(name).replace(hosts.server.knownHosts, join(hosts.directory, file));
    configure([
      ...['good', 'noxh', 'shell', 'banner', 'later', 'garbage', 'rubbish', 'asks'].map((name) =>
        hosts.table(name),
      ),
      hosts.table('slow', ['timeout = 1']),
      hosts.table('denied').replace('key-denied', 'sshd/host_key'),
      table('unknown', 'nobody'),
      table('changed', 'others'),
      `[hosts.refuses]\naddress = "127.0.0.1"\nport = 1\n`,
      `[hosts.refuses2]\naddress = "127.0.0.1"\nport = 1\n`,
      `[hosts.silent]\naddress = "127.0.0.1"\nport = ${port}\n`,
      `[hosts.nowhere]\naddress = "no-such-host.invalid"\n`,
      `[hosts.option]\naddress = "127.0.0.1"\noptions = ["NoSuchOption=yes"]\n`,
    ]);
    makePackage(hosts.master, 'clock', { 'bin/clock': command('clock') });
    const ran = distribute('--json');
    expect(ran.status).toBe(1);
    const { hosts: results } = JSON.parse(ran.stdout) as {
      hosts: { host: string; served: boolean; reason?: { code: string } }[];
    };
    const reasons = Object.fromEntries(
      results.map(({ host, served, reason }) => [host, served ? 'served' : reason?.code]),
    );
    expect(reasons).toEqual({
      good: 'served',
      banner: 'served',
      noxh: 'E_NO_XH_THERE',
      shell: 'E_CHANNEL_STRANGER',
      later: 'E_CHANNEL_VERSION',
      garbage: 'E_CHANNEL',
      rubbish: 'E_CHANNEL_STRANGER',
      slow: 'E_SSH_SLOW',
      asks: 'E_CHANNEL_STRANGER',
      denied: 'E_SSH_DENIED',
      unknown: 'E_SSH_KEY_UNKNOWN',
      changed: 'E_SSH_KEY_CHANGED',
      refuses: 'E_SSH_REFUSED',
      refuses2: 'E_SSH_REFUSED',
      silent: 'E_SSH_TIMEOUT',
      nowhere: 'E_SSH_NAME',
      option: 'E_SSH_OPTION',
    });
    const text = ran.stderr;
    expect(text).toContain(
      '2 hosts: no sshd listens there (connection refused)\n    refuses, refuses2\n    → ',
    );
    expect(text).toContain('it says: This account is not available.');
    expect(text).toContain(
      'note: banner: something prints on standard output at a login there: Welcome to banner!',
    );
    expect(text).toContain('version 7 of the protocol');
    expect(text).toContain('it had not answered after 1 s');
    expect(text).toContain('2 served, 15 not');
    // every trouble has a remedy
    const troubles = text.split('\n').filter((line) => /^\d+ hosts?: /.test(line));
    expect(troubles.length).toBe(
      text.split('\n').filter((line) => line.startsWith('    → ')).length,
    );
    expect(outstanding()['clock']).toHaveLength(15);
    // and those who are outstanding are tried again, alone
    inventory(['good', 'denied', 'shell']);
    add('shell');
    const again = distribute('--retry');
    expect(again.stderr).toContain('1 package to 2 hosts');
    expect(again.stderr).toContain('all served (2 new)');
    expect(outstanding()).toEqual({});
  });

  test('a far side that dies wherever it may leaves all as it was, and the next time all of it comes', () => {
    // the answers of the far side broken off after so many bytes, its own death, and that of its ssh
    const broken = [30, 150, 400, 800, 1200, 2000].map((length) => [
      `cut${length}`,
      (name: string) =>
        `${hosts.receive(name)} | (dd bs=1 count=${length} status=none; kill -9 $PPID)`,
    ]) as [string, (name: string) => string][];
    broken.push(
      ['killed', (name) => `${hosts.receive(name)} <&0 & sleep 0.4; kill -9 $!; wait`],
      ['dropped', (name) => `${hosts.receive(name)} <&0 & sleep 0.5; kill -9 $PPID; wait`],
    );
    for (const [name, how] of broken)
      hosts.add(name, { command: `bash -c '${how(name).replaceAll("'", String.raw`'\''`)}'` });
    add('good');
    const names = [...broken.map(([name]) => name), 'good'];
    inventory(names);
    makePackage(hosts.master, 'clock', {
      'bin/clock': command('clock'),
      ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`doc/${i}`, `text ${i}`])),
    });
    const ran = distribute();
    expect(ran.status).toBe(1);
    expect(says('good', 'clock')).toBe('clock\n');
    expect(outstanding()['clock']?.length).toBeGreaterThan(5);
    // a tree that is there is whole, and a command that is linked works
    for (const [name] of broken) {
      const there = existsSync(join(hosts.root(name), 'software/clock'));
      if (there) expect(readdirSync(join(hosts.root(name), 'software/clock/doc'))).toHaveLength(40);
      if (existsSync(bins(hosts.root(name), 'clock'))) expect(says(name, 'clock')).toBe('clock\n');
    }
    add(...names);
    expect(distribute('--retry').stderr).toContain('all served');
    for (const name of names) expect(says(name, 'clock')).toBe('clock\n');
  });

  test('when the sender is killed the far side ends, and nothing has changed there', async () => {
    hosts.add('web1', { command: `sleep 0.3; ${hosts.receive('web1')}` });
    inventory(['web1']);
    makePackage(hosts.master, 'clock', { 'bin/clock': command('clock') });
    const sender = spawn(join(import.meta.dirname, '../../dist/xh.cjs'), ['distribute'], {
      env: { ...process.env, XH_ROOT: hosts.master },
      stdio: 'ignore',
    });
    await logged('Starting session');
    sender.kill('SIGKILL');
    await once(sender, 'exit');
    await logged('Disconnected from');
    for (let waited = 0; isReceiving('web1') && waited < 20_000; waited += 50) await setTimeout(50);
    expect(isReceiving('web1')).toBe(false);
    expect(existsSync(join(hosts.root('web1'), 'software/clock'))).toBe(false);
    expect(distribute().stderr).toContain('all served (1 new)');
  });
});

test('an ordinary user distributes from a site of his own, and is told where he may not write', () => {
  add('web1');
  inventory(['web1']);
  makePackage(hosts.master, 'clock');
  const user = spawnSync(
    'setpriv',
    [
      '--reuid',
      'nobody',
      '--clear-groups',
      join(import.meta.dirname, '../../dist/xh.cjs'),
      'distribute',
    ],
    {
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: hosts.master, HOME: '/nonexistent' },
    },
  );
  expect(user.status).toBe(4);
  expect(user.stderr).toContain('→');
});

test('a configuration that is wrong says where, before anything is done', () => {
  configure(['[hosts.a]\nvia = "b"\n[hosts.b]\nvia = "a"\n']);
  expect(distribute().stderr).toContain('in a circle: a via b via a');
  configure(['[hosts.a]\naddress = "-oProxyCommand=touch"\n']);
  expect(distribute().stderr).toContain('expected a host name or an address');
  configure(['[hosts.a]\ndomains = ["a..b"]\n']);
  expect(distribute().stderr).toMatch(/xhier\.toml:\d+:\d+: error: .*expected a domain/);
  configure([]);
  const none = distribute();
  expect(none.status).toBe(2);
  expect(none.stderr).toContain('write [hosts."NAME"]');
  const missing = program('xh.cjs', hosts.master, ['distribute', '--outstanding']);
  expect(missing.stderr).toContain('nothing is outstanding');
});
