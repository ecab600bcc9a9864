/**
 * `xh status` on real hosts of a site: from publishing to the last host that lacks it, through a shared
 * directory, over ssh, and through NATS, with hosts that lie, are cut off, or die.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startNats } from '../servers/nats.ts';
import { temporaryDirectory } from '../site.ts';
import { startSshHosts } from './ssh-hosts.ts';
import { publisher, subscriber, type Publisher } from './stores.ts';
import { xh, xhDone, type Ran } from './xh.ts';

const PERMISSIONS = readFileSync(
  resolve(import.meta.dirname, '../../doc/nats-server.conf'),
  'utf8',
);

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

/** A publisher of a package `tool`, at revision 1. */
function site(): Publisher {
  const master = publisher();
  xhDone(master.root, 'mkpkg', 'tool');
  next(master, 'one');
  return master;
}

function next(master: Publisher, says: string): void {
  master.write('tool', { 'data/word': `${says}\n` });
  master.publish();
}

interface StatusJson {
  readonly packages: readonly {
    readonly package: string;
    readonly revision: number;
    readonly lacking: number;
    readonly hosts: readonly { readonly host: string; readonly state: string }[];
  }[];
  readonly hosts: readonly { readonly host: string; readonly refusals: readonly unknown[] }[];
  readonly problems: readonly string[];
}

function json(ran: Ran): StatusJson {
  return JSON.parse(ran.stdout) as StatusJson;
}

test('who still lacks the newest revision, since when and why, until nobody does', () => {
  const master = site();
  const shared = temporaryDirectory('status');
  const host = (name: string): string =>
    subscriber(
      master.store,
      master.siteKey,
      `status-name = "${name}"\nstatus-directory = "${shared}"`,
    );
  const [argus, cold, cut] = [host('argus'), host('cold'), host('cut')];
  for (const each of [argus, cold, cut]) xhDone(each, 'pull');
  const well = xhDone(argus, 'status');
  expect(well.stderr).toMatch(/1 package on 3 hosts: all as it should be/);

  xhDone(cold, 'freeze', 'tool', '-m', 'exams');
  next(master, 'two');
  renameSync(master.store, `${master.store}.away`);
  expect(xh(cut, 'pull').status).toBe(1);
  renameSync(`${master.store}.away`, master.store);
  xhDone(cold, 'pull');
  const before = xh(argus, 'status');
  expect(before.status).toBe(1);
  expect(before.stdout).toMatch(/^tool \S+ revision 2, published .*: 3 of 3 hosts lack it$/m);
  expect(before.stdout).toMatch(/^ {2}argus +1 +has not pulled since it was published/m);
  expect(before.stdout).toMatch(/^ {2}cold +1 +frozen.*exams$/m);
  expect(before.stdout).toMatch(/^ {2}cut +1 +its stores do not answer, for a moment: .*store/m);

  xhDone(argus, 'pull');
  const lacking = xh(argus, 'status', 'tool', '--lacking');
  expect(lacking.stdout.split('\n').filter(Boolean)).toEqual([
    'cold\ttool\tfrozen\t1',
    'cut\ttool\tunreachable\t1',
  ]);
  expect(xh(argus, 'status', 'tool', '--revision', '1').status).toBe(0);
  expect(xh(argus, 'status', 'cold').stdout).toMatch(/tool +1 of 2 +frozen/);

  xhDone(cold, 'thaw', 'tool');
  for (const each of [cold, cut]) xhDone(each, 'pull');
  expect(xhDone(argus, 'status', 'tool').stdout).toMatch(/all 3 hosts have it/);
});

test('a slave that lies, one that is silent, and an old record that is put back, are named', () => {
  const master = site();
  const shared = temporaryDirectory('status');
  const host = (name: string): string =>
    subscriber(
      master.store,
      master.siteKey,
      `status-name = "${name}"\nstatus-directory = "${shared}"`,
    );
  const [argus, web1] = [host('argus'), host('web1')];
  for (const each of [argus, web1]) xhDone(each, 'pull');
  const old = readFileSync(join(shared, 'web1.json'));
  xhDone(web1, 'pull');
  xhDone(argus, 'status');
  // mallory says that he is web1
  writeFileSync(join(shared, 'mallory.json'), readFileSync(join(shared, 'web1.json')));
  const lie = xh(argus, 'status');
  expect(lie.status).toBe(1);
  expect(lie.stdout).toMatch(
    /^ {2}mallory +never +it says that it is web1: nobody speaks for another host$/m,
  );
  writeFileSync(join(shared, 'mallory.json'), '');
  expect(xh(argus, 'status', 'mallory').stdout).toMatch(/its record is empty/);

  writeFileSync(join(shared, 'web1.json'), old);
  const replayed = xh(argus, 'status', 'web1');
  expect(replayed.stdout).toMatch(/it is an old one/);
  expect(replayed.stdout).toMatch(/xh status --forget web1/);
  xhDone(argus, 'status', 'web1', '--forget');
  expect(xh(argus, 'status', 'web1').stdout).not.toMatch(/old one/);

  xhDone(web1, 'pull');
  const long = Date.now() / 1000 - 100 * 3600;
  utimesSync(join(shared, 'web1.json'), long, long);
  const silent = xh(argus, 'status', '--json');
  expect(silent.status).toBe(1);
  expect(json(silent).hosts).toMatchObject([
    { host: 'argus', silent: false },
    { host: 'mallory', silent: true },
    { host: 'web1', silent: true },
  ]);
});

test('wrong words, nothing known, no permission: said, and what to do', () => {
  const { path: root } = { path: temporaryDirectory('site') };
  const nothing = xh(root, 'status');
  expect([nothing.status, nothing.stderr]).toEqual([
    0,
    expect.stringContaining('set status-directory'),
  ]);
  for (const words of [['nobody'], ['--revision', '3'], ['--forget'], ['a', 'b']]) {
    const ran = xh(root, 'status', ...words);
    expect([words, ran.status]).toEqual([words, 2]);
    expect(ran.stderr).toMatch(/→|usage/);
  }
  expect(JSON.parse(xhDone(root, 'status', '--print').stdout)).toMatchObject({
    format: 1,
    packages: [],
  });
  expect(xh(root, 'report').status).toBe(2);
  expect(xhDone(root, 'report', '--hourly').stderr).toMatch(/nothing has come in/);
});

test('a report is mailed once, as a letter that says it all in its first lines', () => {
  const root = temporaryDirectory('site');
  const [mailer, mail] = [join(root, 'sendmail'), join(root, 'mail')];
  writeFileSync(mailer, `#!/bin/sh\ncat >> ${mail}\n`, { mode: 0o755 });
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'logs'));
  writeFileSync(join(root, 'logs/all'), 'web1: disk 3 is failing\nweb1: cron has run\n');
  writeFileSync(
    join(root, 'etc/xhier.toml'),
    'status-name = "argus"\nmaintainer = "ops@example.org"\n[report]\n' +
      `mailer = ${JSON.stringify(mailer)}\nlogs = ["/logs/all"]\nwait = ["*: cron *"]\n`,
  );
  expect(xhDone(root, 'report', '--hourly', '--dry-run').stdout).toContain('disk 3 is failing');
  const sent = xhDone(root, 'report', '--hourly', '--mail');
  expect(sent.stdout).toBe('');
  expect(sent.stderr).toBe('mailed to ops@example.org: argus: hourly report: 1 unknown line\n');
  const letter = readFileSync(mail, 'utf8');
  expect(letter).toMatch(/^To: ops@example.org$/m);
  expect(letter).toContain('disk 3 is failing');
  expect(letter).not.toContain('cron');
  expect(xhDone(root, 'report', '--hourly', '--mail').stderr).toBe('');
  expect(xhDone(root, 'report', '--daily', '--json').stdout).toContain('cron has run');
});

test('over ssh with the key that distributes: who does not answer is named, and what it said last', async () => {
  const hosts = await startSshHosts();
  onTestFinished(() => hosts.end());
  const names = ['argus', 'web1', 'web2'];
  for (const name of names) hosts.add(name);
  const lines = ['status-name = "master"', 'distribute.connect-timeout = 2', ''];
  const tables = names.map((name) => hosts.table(name));
  writeFileSync(join(hosts.master, 'etc/xhier.toml'), [...lines, ...tables].join('\n'));
  xhDone(hosts.master, 'mkpkg', 'tool');
  xhDone(hosts.master, 'distribute', 'tool', 'argus', 'web1');
  const first = xh(hosts.master, 'status', '--ask', '--json');
  expect(json(first).hosts).toMatchObject([
    { host: 'argus', via: 'ssh', refusals: [] },
    { host: 'web1', via: 'ssh', refusals: [] },
    { host: 'web2', via: 'ssh', refusals: [] },
  ]);
  expect(json(first).packages).toMatchObject([{ package: 'tool', meant: 2, lacking: 0 }]);
  // one that answers something else, and one that does not let us in any more
  hosts.add('web1', { command: 'echo This account is not available' });
  const half = join(hosts.directory, 'half');
  writeFileSync(half, '{"format":1,"host":"web2"}\n');
  hosts.add('web2', { command: `cat ${half}` });
  const then = xh(hosts.master, 'status', '--ask');
  expect(then.stdout).toMatch(/^ {2}web1 .*This account is not available/m);
  expect(then.stdout).toMatch(/^ {2}web2 .*its record names no architecture/m);
  await hosts.server.end();
  const down = xh(hosts.master, 'status', '--ask', '--json');
  expect(json(down).hosts).toMatchObject([
    { host: 'argus', via: 'what was heard before', refusals: [{ kind: 'unreachable' }] },
    { host: 'web1', refusals: [{ kind: 'unreachable' }] },
    { host: 'web2', refusals: [{ kind: 'unreachable' }] },
  ]);
  expect(json(down).packages).toMatchObject([{ package: 'tool', meant: 2, lacking: 0 }]);
});

test('through NATS: hosts that listen pull when it is announced, and all is known where it is gathered', async () => {
  const nats = await startNats(temporaryDirectory('nats'), { configuration: PERMISSIONS });
  onTestFinished(() => nats.end());
  const master = site();
  const natsLines = (name: string, directory: string): string => {
    const file = join(directory, 'credentials');
    writeFileSync(file, `${name}:${name.toUpperCase()}-PASSWORD\n`, { mode: 0o600 });
    return `status-name = "${name}"\nnats = "${nats.url}"\nnats-credentials = "${file}"\nnotice-jitter = 0`;
  };
  const toml = join(master.root, 'etc/xhier.toml');
  const lines = natsLines('publisher', temporaryDirectory('credentials'));
  writeFileSync(toml, `${lines}\n${readFileSync(toml, 'utf8')}`);
  const [collector, argus] = ['collector', 'argus'].map((name) =>
    subscriber(master.store, master.siteKey, natsLines(name, temporaryDirectory('credentials'))),
  ) as [string, string];
  // who gathers makes the bucket
  xhDone(collector, 'status');
  const listener = listening(argus);
  await until(() =>
    json(xh(collector, 'status', '--json')).hosts.some(({ host }) => host === 'argus'),
  );
  next(master, 'two');
  await until(() => {
    const [tool] = json(xh(collector, 'status', '--json', '--all')).packages;
    return (
      tool?.revision === 2 &&
      tool.hosts.some(({ host, state }) => host === 'argus' && state === 'has')
    );
  });
  expect(readFileSync(join(argus, 'software/tool/data/word'), 'utf8')).toBe('two\n');
  listener.kill('SIGTERM');
  expect(await once(listener, 'exit')).toEqual([0, null]);
});

test('no command that has nothing to do with NATS reads its client', () => {
  const { root } = site();
  const read = (...words: readonly string[]): boolean =>
    spawnSync('strace', ['-f', '-e', 'trace=openat', process.execPath, XH, ...words], {
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: root },
      maxBuffer: 1 << 26,
    }).stderr.includes('@nats-io');
  expect(['list', 'status', 'publish'].map((word) => read(word))).toEqual([false, false, false]);
  const toml = join(root, 'etc/xhier.toml');
  writeFileSync(toml, `nats = "nats://127.0.0.1:1"\n${readFileSync(toml, 'utf8')}`);
  expect(['list', 'status', 'publish'].map((word) => read(word))).toEqual([false, true, false]);
});

function listening(root: string): ChildProcess {
  const child = spawn(process.execPath, [XH, 'pull', '--listen', '--root', root], {
    stdio: 'ignore',
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; !check(); tries++) {
    if (tries > 100) throw new Error('it does not happen');
    await sleep(50);
  }
}
