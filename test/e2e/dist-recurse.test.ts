/** `xh dist-recurse`: a tree of hosts, each of which goes on to those below it. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import { startSshHosts, type SshHosts } from './ssh-hosts.ts';
import { xh } from './xh.ts';

let hosts: SshHosts;
beforeEach(async () => {
  hosts = await startSshHosts();
});
afterEach(async () => {
  await hosts.end();
});

function says(name: string): string | undefined {
  const file = bins(hosts.root(name), 'clock');
  return existsSync(file) ? spawnSync(file, { encoding: 'utf8' }).stdout : undefined;
}

test('a tree is served at once, to its leaves, and what became of each is known at its top', () => {
  const { server } = hosts;
  const there = [
    `address = "${server.address}"`,
    `port = ${server.port}`,
    `user = "${server.user}"`,
  ];
  // master → relay → leaf1 (which relay is told of) → leaf2 (of its own inventory) → relay (no more)
  hosts.add('leaf2', { config: [hosts.table('relay')] });
  hosts.add('leaf1', { config: [hosts.table('leaf2')] });
  hosts.add('relay', {
    receive: "--relay --allow '*'",
    config: [`ssh.options = ${JSON.stringify(hosts.sshOptions('leaf1'))}`],
  });
  // master → stubborn, which lets nobody tell it where to go on
  hosts.add('stubborn');
  const configure = (deadAddress: string): void => {
    writeFileSync(
      join(hosts.master, 'etc/xhier.toml'),
      [
        'status-name = "master"',
        'distribute.timeout = 30',
        hosts.table('relay'),
        '[hosts.leaf1]',
        ...there,
        'via = "relay"',
        hosts.table('stubborn'),
        '[hosts.leaf3]',
        ...there,
        'via = "stubborn"',
        deadAddress,
        '[hosts.leaf4]',
        'via = "dead"',
        '',
      ].join('\n'),
    );
  };
  configure('[hosts.dead]\naddress = "127.0.0.1"\nport = 1\n');
  makePackage(hosts.master, 'clock', { 'bin/clock': command('one') });
  const direct = xh(hosts.master, 'distribute', 'relay');
  expect(direct.stderr).toContain('1 host below these was not served: xh dist-recurse goes on');
  expect(says('leaf1')).toBeUndefined();
  const ran = xh(hosts.master, 'dist-recurse', '--json');
  expect(ran.status).toBe(1);
  for (const name of ['relay', 'leaf1', 'leaf2', 'stubborn']) expect(says(name)).toBe('one\n');
  const { hosts: results } = JSON.parse(ran.stdout) as {
    hosts: { host: string; way: string[]; served: boolean; reason?: { code: string } }[];
  };
  expect(
    results.map(({ host, way, served, reason }) => [
      ...way,
      host,
      served ? 'served' : reason?.code,
    ]),
  ).toEqual([
    ['dead', 'E_SSH_REFUSED'],
    ['dead', 'leaf4', 'E_NOT_REACHED'],
    ['relay', 'served'],
    // what is done first is told first
    ['relay', 'leaf1', 'served'],
    ['relay', 'leaf1', 'leaf2', 'served'],
    ['stubborn', 'served'],
    ['stubborn', 'leaf3', 'E_NOT_RELAYED'],
  ]);
  expect(ran.stderr).toContain('1 host: stubborn does not distribute to it\n    leaf3\n');
  expect(ran.stderr).toContain('xh receive --relay');
  expect(ran.stderr).toContain('1 package to 7 hosts');
  const lacking = JSON.parse(
    xh(hosts.master, 'dist-recurse', '--outstanding', '--json').stdout,
  ) as {
    hosts: { host: string }[];
  }[];
  expect(lacking[0]?.hosts.map(({ host }) => host)).toEqual(['dead', 'leaf3', 'leaf4']);
  // a fix goes all the way down
  writeFiles(join(hosts.master, 'software/clock'), { 'bin/clock': command('two') });
  const dry = xh(hosts.master, 'dist-recurse', 'clock', 'relay', '--dry-run', '-v');
  expect(dry.stderr).toContain('relay: clock updated');
  expect(says('leaf2')).toBe('one\n');
  expect(xh(hosts.master, 'dist-recurse', 'clock', 'relay').stderr).toContain(
    'all served (3 updated)',
  );
  for (const name of ['relay', 'leaf1', 'leaf2']) expect(says(name)).toBe('two\n');
  expect(says('stubborn')).toBe('one\n');
});
