/**
 * The same through sshd alone: no store, no web server; a host distributes to others, and one of them
 * to those below it, while one is down, one frozen, one refuses, and connections are cut in the middle.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSshKey, startSshd, type Sshd, type SshKey } from '../servers/sshd.ts';
import {
  differences,
  expectWhole,
  makeSiteRoot,
  writeLab,
  writeProgram,
  writeTools,
} from './depot.ts';
import { makeNetwork, type Network, type NetworkHost } from './hosts.ts';

const HOSTS = ['middle', 'lower1', 'lower2', 'other', 'down', 'frozen', 'strict'] as const;
type Name = (typeof HOSTS)[number];
const BELOW: readonly Name[] = ['lower1', 'lower2'];
/** Whose sshd dies while something is sent there. */
const DYING: readonly Name[] = ['middle', 'other'];
const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

let network: Network;
let master: NetworkHost;
const hosts = {} as Record<Name, NetworkHost>;
const servers = {} as Record<Name, Sshd>;
let key: SshKey;
/** Of the host in the middle, for those below it. */
let lowerKey: SshKey;

beforeAll(async () => {
  network = makeNetwork();
  master = network.host('master');
  makeSiteRoot(master);
  writeTools(master, '1');
  writeProgram(master, 'tools 1');
  writeLab(master, 'host:middle host:lower*');
  writeOther('tools 1 on i686');
  key = makeSshKey(network.directory, 'master_key');
  lowerKey = makeSshKey(network.directory, 'middle_key');
  for (const name of HOSTS) {
    hosts[name] = network.host(name, name === 'other' ? { machine: 'i686' } : {});
    makeSiteRoot(hosts[name]);
    await startServer(name);
  }
  master.configure(`arch-store = "/export/arch"\n${inventory(HOSTS, key)}`);
  hosts.middle.configure(inventory(BELOW, lowerKey));
});

afterAll(() => {
  network.end();
});

/** What another architecture has, kept here for hosts that are of it. */
function writeOther(says: string): void {
  const bin = join(master.root, 'export/arch/linux-i686/tools/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'tool'), `#!/bin/sh\necho ${says}\n`, { mode: 0o755 });
}

async function startServer(name: Name): Promise<void> {
  const host = hosts[name];
  servers[name] = await startSshd(join(host.directory, 'sshd'), { ...host, port: 22 });
  const allowed = name === 'strict' ? 'nothing' : '*';
  const receive = `XH_ROOT=${host.root} ${XH} receive --allow '${allowed}'`;
  servers[name].allow(BELOW.includes(name) ? lowerKey : key, receive);
}

/** The hosts as the configuration has them, and what ssh has to know. */
function inventory(names: readonly Name[], { file }: SshKey): string {
  const known = join(network.directory, 'known_hosts');
  const options = [
    `IdentityFile=${file}`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    `UserKnownHostsFile=${known}`,
    'GlobalKnownHostsFile=/dev/null',
    // the first time it is asked, as in a network of one's own
    'StrictHostKeyChecking=accept-new',
  ];
  const tables = names.map((name) => {
    const arch = name === 'other' ? 'linux-i686' : 'linux-x86_64';
    const via = names.length > BELOW.length && BELOW.includes(name) ? 'via = "middle"\n' : '';
    return `[hosts.${name}]\naddress = "${hosts[name].address}"\nuser = "root"\narch = "${arch}"\n${via}`;
  });
  return (
    `ssh.options = ${JSON.stringify(options)}\ndistribute.connect-timeout = 1\n` +
    `distribute.timeout = 30\n${tables.join('')}`
  );
}

/** What the tool of a host says. */
async function toolOf(name: Name): Promise<string> {
  return (await hosts[name].run(join(hosts[name].root, 'software/tools/bin/tool'))).stdout.trim();
}

test('everything comes to every host, also to those that only another one reaches', async () => {
  const { status, stdout, stderr } = await master.xh('dist-recurse');
  expect(stdout + stderr).toMatch(/strict/);
  expect(status).toBe(1);
  for (const name of HOSTS) {
    if (name === 'strict') {
      expect(existsSync(join(hosts[name].root, 'software/tools'))).toBe(false);
      continue;
    }
    expect(`${name}: ${await toolOf(name)}`).toBe(
      `${name}: ${name === 'other' ? 'tools 1 on i686' : 'tools 1'}`,
    );
    expect(differences(master, hosts[name], '.software/share/tools')).toBe('');
    expect(existsSync(join(hosts[name].root, 'software/lab'))).toBe(/^(?:middle|lower)/.test(name));
  }
});

describe('a fix', () => {
  beforeAll(async () => {
    await hosts.frozen.xhDone('freeze', 'tools', '-m', 'thesis deadline');
    hosts.down.plug(false);
    writeTools(master, '2');
    writeProgram(master, 'tools 2');
    writeOther('tools 2 on i686');
  });

  test('leaves hosts whole whose sshd dies in the middle; who lacks it is written down, and why', async () => {
    const sending = master.xh('dist-recurse', 'tools');
    await setTimeout(700);
    await Promise.all(DYING.map((name) => servers[name].end()));
    const { status, stderr } = await sending;
    expect(status).toBe(1);
    expect(stderr).toContain('thesis deadline');
    for (const name of [...DYING, ...BELOW]) await isOneOrTheOther(name);
    const lacking = await outstanding();
    const because = (name: Name): string | undefined => lacking.get(name);
    expect(because('down')).toMatch(/does not answer/);
    expect(because('frozen')).toMatch(/thesis deadline/);
    expect(because('strict')).toMatch(/may not/);
    // who has it is not there, unless it could not say so any more; all others are
    for (const name of HOSTS) {
      const has = (await toolOf(name)).startsWith('tools 2');
      if (has) expect(because(name) ?? 'broken off').toContain('broken off');
      else expect(because(name)).toBeDefined();
    }
  });

  test('is asked for where ssh leads to: xh status says who lacks it', async () => {
    const { stdout, status } = await master.xh('status', '--ask');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ *down .*does not answer/m);
    for (const name of DYING)
      expect(stdout).toMatch(new RegExp(`^ *${name} .*no sshd listens`, 'm'));
    expect(stdout).not.toMatch(/^ *frozen .*(?:never|not heard)/m);
  });

  test('comes to them when they are back, thawed and up, and to those below', async () => {
    hosts.down.plug(true);
    await hosts.frozen.xhDone('thaw', 'tools');
    for (const name of DYING) await startServer(name);
    // those who lack it, some of them through others
    const { stderr } = await master.xh('dist-recurse', '--retry');
    expect(stderr).toMatch(/updated/);
    for (const name of HOSTS) {
      if (name === 'strict') continue;
      expect(`${name}: ${await toolOf(name)}`).toBe(
        `${name}: ${name === 'other' ? 'tools 2 on i686' : 'tools 2'}`,
      );
      expect(differences(master, hosts[name], '.software/share/tools')).toBe('');
      expect((await hosts[name].xh('verify')).status).toBe(0);
    }
    expect([...(await outstanding()).keys()]).toEqual(['strict']);
  });
});

/** Why each host that lacks the fix does. */
async function outstanding(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await master.xh('distribute', '--outstanding', '--json');
  const lacking = JSON.parse(stdout) as readonly {
    readonly package: string;
    readonly revision: number;
    readonly hosts: readonly { readonly host: string; readonly message: string }[];
  }[];
  const fix = lacking.find((each) => each.package === 'tools' && each.revision === 2);
  return new Map(fix?.hosts.map(({ host, message }) => [host, message]));
}

/**
 * A package is what it was, or what it is to be, and never something between. What has been killed there
 * right after the switch is installed by the next one that comes.
 */
async function isOneOrTheOther(name: Name): Promise<void> {
  expectWhole(hosts[name], await toolOf(name));
}
