/** Whom to believe among many hosts: liars, old records, wrong clocks, garbage. */
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { makeKey } from '../../../src/distribute/keys.ts';
import {
  gatherRecords,
  type Found,
  type Gathering,
  type GatherOptions,
  type HeardHost,
  type StatusSource,
} from '../../../src/distribute/status/gather.ts';
import { recordText, type HostRecord } from '../../../src/distribute/status/host-record.ts';
import { nextRecord, recordOutcomes } from '../../../src/distribute/status/record.ts';
import { shareRecord, unshared } from '../../../src/distribute/status/share.ts';
import {
  directorySource,
  writeToDirectory,
} from '../../../src/distribute/status/shared-directory.ts';
import { askingSource } from '../../../src/distribute/status/ssh-source.ts';
import { loadConfig } from '../../../src/site/config.ts';
import { freshSite, temporaryDirectory } from '../../site.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const HOUR = 3_600_000;

function record(host: string, revision = 1, at = NOW - HOUR): HostRecord {
  return nextRecord(undefined, [{ package: b`gcc`, revision, result: 'current' }], {
    host,
    now: at,
  });
}

function source(...found: Found[]): StatusSource {
  return { name: 'a source', read: () => Promise.resolve({ found, problems: [] }) };
}

function gather(found: Found[], options: GatherOptions = {}): Promise<Gathering> {
  return gatherRecords([source(...found)], { now: NOW, ...options });
}

async function only(found: Found, options: GatherOptions = {}): Promise<HeardHost> {
  const { hosts } = await gather([found], options);
  const [host] = hosts;
  if (host === undefined || hosts.length !== 1) throw new Error(`${hosts.length} hosts`);
  return host;
}

describe('a host that lies', () => {
  test('about its name is not believed, and is named', async () => {
    const found = await only({ host: 'mallory', text: recordText(record('argus')) });
    expect(found).toMatchObject({ host: 'mallory', refusals: [{ kind: 'name' }] });
    expect(found.refusals[0]?.message).toContain('argus');
    expect(found.record).toBeUndefined();
  });

  test('its name with and without its domain is one name', async () => {
    const long = await only({ host: 'argus', text: recordText(record('argus.example.org')) });
    const short = await only({ host: 'argus.example.org', text: recordText(record('argus')) });
    expect([long.refusals, short.refusals]).toEqual([[], []]);
    const other = await only({
      host: 'argus.example.org',
      text: recordText(record('argus.example.com')),
    });
    expect(other.refusals).toMatchObject([{ kind: 'name' }]);
  });

  test('an old record that is put back is known for one', async () => {
    const old = recordText(record('argus', 40, NOW - 48 * HOUR));
    const first = await gather([{ host: 'argus', text: recordText(record('argus', 41)) }]);
    const found = await only({ host: 'argus', text: old }, { seen: first.seen });
    expect(found).toMatchObject({ refusals: [{ kind: 'replayed' }] });
    expect(found.refusals[0]?.remedy).toContain('xh status --forget argus');
    // and what was seen stays what was seen
    const again = await gather([{ host: 'argus', text: old }], { seen: first.seen });
    expect(again.seen).toEqual(first.seen);
  });

  test('a file that is suddenly another user’s is not believed', async () => {
    const text = recordText(record('argus'));
    const first = await gather([{ host: 'argus', text, owner: 1001 }]);
    expect(await only({ host: 'argus', text, owner: 1002 }, { seen: first.seen })).toMatchObject({
      refusals: [{ kind: 'owner' }],
    });
  });

  test('where a key is known of it, only what that key has signed is believed', async () => {
    const site = freshSite();
    const key = makeKey(site, b`host`);
    const stranger = freshSite();
    makeKey(stranger, b`host`);
    const keys = new Map([['argus', key]]);
    const directory = temporaryDirectory('status');
    const write = async (from: typeof site, more: string): Promise<HeardHost> => {
      const text = `status-name = "argus"\nstatus-directory = "${directory}"\n${more}`;
      writeFileSync(join(from.path, 'etc/xhier.toml'), text);
      const config = loadConfig(from);
      recordOutcomes(from, [], { config, now: NOW - HOUR });
      expect(await shareRecord(from, config)).toEqual([]);
      const { hosts } = await gatherRecords([directorySource(bytes(directory))], {
        now: NOW,
        keys,
      });
      return hosts[0] ?? { host: '', refusals: [] };
    };
    expect((await write(site, 'status-key = "host"\n')).record).toMatchObject({ host: 'argus' });
    expect(await write(site, '')).toMatchObject({ refusals: [{ kind: 'signature' }] });
    expect(await write(stranger, 'status-key = "host"\n')).toMatchObject({
      refusals: [{ kind: 'signature' }],
    });
  });
});

describe('clocks', () => {
  test('a record from the future is refused, one that is a little ahead is not', async () => {
    const ahead = await only({
      host: 'argus',
      text: recordText(record('argus', 1, NOW + 2 * HOUR)),
    });
    expect(ahead).toMatchObject({ refusals: [{ kind: 'future' }] });
    expect(ahead.refusals[0]?.message).toContain('120 min');
    const little = await only({
      host: 'argus',
      text: recordText(record('argus', 1, NOW + 60_000)),
    });
    expect(little.record).toBeDefined();
    expect(little.heard).toBe(NOW);
  });

  test('when most hosts are ahead, it is our own clock that is asked about', async () => {
    const found = ['a', 'b', 'c', 'd'].map((host, i) => ({
      host,
      text: recordText(record(host, 1, i === 0 ? NOW : NOW + 5 * HOUR)),
    }));
    const { problems } = await gather(found);
    expect(problems).toEqual([expect.stringContaining('clock here')]);
  });

  test('a host whose clock is far behind is as fresh as the time at which its file was written', async () => {
    const text = recordText(record('argus', 1, NOW - 1000 * HOUR));
    expect((await only({ host: 'argus', text, heard: NOW - 5000 })).heard).toBe(NOW - 5000);
  });
});

test('garbage is refused for what it is, and the others are there all the same', async () => {
  const good = recordText(record('zeus'));
  const { hosts } = await gather([
    { host: 'a', text: '' },
    { host: 'b', text: '\0\x1b[31m' },
    { host: 'c', text: good.slice(0, 100) },
    { host: 'd', text: ' '.repeat(3 << 20) },
    { host: 'e', problem: 'ssh: connect to host e: No route to host' },
    { host: 'zeus', text: good },
  ]);
  expect(hosts.map(({ host, refusals }) => [host, refusals[0]?.kind])).toEqual([
    ['a', 'garbage'],
    ['b', 'garbage'],
    ['c', 'garbage'],
    ['d', 'garbage'],
    ['e', 'unreachable'],
    ['zeus', undefined],
  ]);
});

test('of two accounts of a host the newer counts', async () => {
  const old = source({ host: 'argus', text: recordText(record('argus', 40, NOW - 5 * HOUR)) });
  const fresh = source({ host: 'argus', text: recordText(record('argus', 41)) });
  for (const sources of [
    [old, fresh],
    [fresh, old],
  ]) {
    const { hosts } = await gatherRecords(sources, { now: NOW });
    expect(hosts).toMatchObject([{ record: { packages: [{ revision: 41 }] } }]);
  }
});

describe('a shared directory', () => {
  test('each host has a file of its own, whole at any time; other files are nobody’s', async () => {
    const directory = temporaryDirectory('status');
    for (const host of ['argus', 'web1.example.org']) {
      writeToDirectory(bytes(directory), host, recordText(record(host)));
      writeToDirectory(bytes(directory), host, recordText(record(host, 2)));
    }
    for (const name of ['.hidden.json', 'notes.txt', '-x.json', 'a b.json']) {
      writeFileSync(join(directory, name), 'whatever');
    }
    const { hosts, problems } = await gatherRecords([directorySource(bytes(directory))], {
      now: NOW,
    });
    expect(hosts.map(({ host, refusals }) => [host, refusals])).toEqual([
      ['argus', []],
      ['web1.example.org', []],
    ]);
    expect(problems).toEqual([]);
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual(['.hidden.json']);
  });

  test('links, pipes, directories, files that others may write to: named, never waited for', async () => {
    const directory = temporaryDirectory('status');
    const text = recordText(record('argus'));
    writeFileSync(join(directory, 'argus.json'), text);
    symlinkSync('argus.json', join(directory, 'link.json'));
    mkdirSync(join(directory, 'dir.json'));
    spawnSync('mkfifo', [join(directory, 'pipe.json')]);
    writeFileSync(join(directory, 'open.json'), recordText(record('open')));
    chmodSync(join(directory, 'open.json'), 0o666);
    const { hosts } = await gatherRecords([directorySource(bytes(directory))], { now: NOW });
    const problems = hosts.map(({ host, refusals }) => [host, refusals[0]?.kind]);
    expect(problems).toEqual([
      ['argus', undefined],
      ['dir', 'unreachable'],
      ['link', 'unreachable'],
      ['open', 'owner'],
      ['pipe', 'unreachable'],
    ]);
  });

  test('a directory in which anybody can replace anything is told', async () => {
    const directory = temporaryDirectory('status');
    chmodSync(directory, 0o777);
    const read = async (): Promise<readonly string[]> =>
      (await gatherRecords([directorySource(bytes(directory))], { now: NOW })).problems;
    expect(await read()).toEqual([expect.stringContaining('chmod +t')]);
    chmodSync(directory, 0o1777);
    expect(await read()).toEqual([]);
  });

  test('one that is not there is a problem of its own', async () => {
    const { hosts, problems } = await gatherRecords([directorySource(b`/nowhere/status`)]);
    expect([hosts, problems]).toEqual([[], [expect.stringContaining('/nowhere/status')]]);
  });

  test('a name that is somebody else’s is not taken from him', async () => {
    const directory = temporaryDirectory('status');
    writeFileSync(join(directory, 'argus.json'), recordText(record('argus')));
    chownSync(join(directory, 'argus.json'), 4711, 4711);
    expect(() => {
      writeToDirectory(bytes(directory), 'argus', 'mine now');
    }).toThrow(expect.objectContaining({ code: 'E_STATUS_FOREIGN' }));
    linkSync(join(directory, 'argus.json'), join(directory, 'other.json'));
    const { hosts } = await gatherRecords([directorySource(bytes(directory))], { now: NOW });
    expect(hosts.map(({ host, refusals }) => [host, refusals[0]?.kind])).toEqual([
      ['argus', undefined],
      ['other', 'name'],
    ]);
  });

  test('how old a record is, its file says', async () => {
    const directory = temporaryDirectory('status');
    const file = join(directory, 'argus.json');
    writeFileSync(file, recordText(record('argus', 1, NOW)));
    utimesSync(file, (NOW - 50 * HOUR) / 1000, (NOW - 50 * HOUR) / 1000);
    const { hosts } = await gatherRecords([directorySource(bytes(directory))], { now: NOW });
    expect(hosts[0]?.heard).toBe(NOW - 50 * HOUR);
  });
});

test('since when nobody could be told is remembered until it goes well again', async () => {
  const site = freshSite();
  const directory = join(temporaryDirectory('status'), 'mount');
  writeFileSync(join(site.path, 'etc/xhier.toml'), `status-directory = "${directory}"\n`);
  const config = loadConfig(site);
  recordOutcomes(site, [], { config });
  expect(await shareRecord(site, config, NOW - HOUR)).toMatchObject([{ code: 'E_ABSENT' }]);
  await shareRecord(site, config, NOW);
  expect(unshared(site)?.since).toBe(new Date(NOW - HOUR).toISOString());
  mkdirSync(directory);
  expect(await shareRecord(site, config, NOW)).toEqual([]);
  expect(unshared(site)).toBeUndefined();
});

describe('hosts that are asked', () => {
  test('so many at a time, each once; chatter before the record does not matter', async () => {
    let running = 0;
    let most = 0;
    const hosts = Array.from({ length: 20 }, (_, i) => `host${i}`);
    const asking = askingSource(
      hosts,
      async (host) => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
        if (host === 'host3') return { problem: 'No route to host' };
        if (host === 'host4') return { text: 'This account is currently not available.\n' };
        return { text: `Welcome to ${host}!\n${recordText(record(host))}` };
      },
      { jobs: 5 },
    );
    const { hosts: heard } = await gatherRecords([asking], { now: NOW });
    expect(heard.filter((each) => each.record !== undefined)).toHaveLength(18);
    expect(heard.find(({ host }) => host === 'host4')?.refusals[0]?.message).toContain(
      'not available',
    );
    expect(most).toBe(5);
  });
});
