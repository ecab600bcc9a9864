/**
 * Records and news through a real nats-server, with the permissions that doc/nats-server.conf has: each
 * host writes to its own key alone, servers die and come back, and liars are named.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { Kvm } from '@nats-io/kv';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { b, bytes, printable } from '../../../src/bytes/bytes.ts';
import { gatherRecords, type Gathering } from '../../../src/distribute/status/gather.ts';
import { recordText } from '../../../src/distribute/status/host-record.ts';
import { delayOf, listen } from '../../../src/distribute/status/listen.ts';
import { newsQueue, type News } from '../../../src/distribute/status/news-queue.ts';
import { natsServers } from '../../../src/distribute/status/nats.ts';
import { natsSource } from '../../../src/distribute/status/nats-records.ts';
import {
  announce,
  noticeText,
  parseNotice,
  subjectOf,
} from '../../../src/distribute/status/notices.ts';
import { nextRecord, recordOutcomes } from '../../../src/distribute/status/record.ts';
import { shareRecord } from '../../../src/distribute/status/share.ts';
import { loadConfig, type Config } from '../../../src/site/config.ts';
import { XhError } from '../../../src/message/error.ts';
import type { Site } from '../../../src/site/site.ts';
import { startNats } from '../../servers/nats.ts';
import type { RunningServer } from '../../servers/server.ts';
import { freshSite, siteThatStays, temporaryDirectory } from '../../site.ts';

const PERMISSIONS = readFileSync(
  join(import.meta.dirname, '../../../doc/nats-server.conf'),
  'utf8',
);
const WEB1 = 'web1.example.org';
const PASSWORDS: Readonly<Record<string, string>> = {
  collector: 'COLLECTOR-PASSWORD',
  publisher: 'PUBLISHER-PASSWORD',
  argus: 'ARGUS-PASSWORD',
  [WEB1]: 'WEB1-PASSWORD',
};

interface NatsHost {
  readonly name: string;
  readonly site: Site & { readonly path: string };
  readonly config: Config;
}

function hostAt(url: string, name: string, password = PASSWORDS[name] ?? ''): NatsHost {
  const site = freshSite();
  const credentials = join(site.path, 'etc/nats');
  writeFileSync(credentials, `${name}:${password}\n`, { mode: 0o600 });
  writeFileSync(
    join(site.path, 'etc/xhier.toml'),
    `status-name = "${name}"\nnats = "${url}"\nnats-credentials = "${credentials}"\n`,
  );
  return { name, site, config: loadConfig(site) };
}

function gatherBy({ name, config }: NatsHost): Promise<Gathering> {
  const servers = natsServers(config, name);
  if (servers === undefined) throw new Error('no nats');
  return gatherRecords([natsSource(servers)]);
}

async function says({ site, config }: NatsHost, revision: number): Promise<readonly string[]> {
  recordOutcomes(site, [{ package: b`gcc`, revision, result: 'current' }], { config });
  return (await shareRecord(site, config)).map(({ code }) => code);
}

async function rawly(url: string, user: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: url,
    user,
    pass: PASSWORDS[user] ?? '',
    inboxPrefix: `_INBOX_${user.replaceAll('.', '-')}`,
  });
  onTestFinished(() => connection.close());
  return connection;
}

let server: RunningServer;
beforeAll(async () => {
  server = await startNats(siteThatStays(), { configuration: PERMISSIONS });
  // the bucket is made by who gathers first
});
afterAll(() => server.end());

describe('records', () => {
  test('before anybody has gathered there is no bucket, and a host is told so', async () => {
    const other = await startNats(temporaryDirectory('nats'), { configuration: PERMISSIONS });
    onTestFinished(() => other.end());
    const argus = hostAt(other.url, 'argus');
    expect(await says(argus, 1)).toEqual(['E_NATS_BUCKET']);
    expect(await gatherBy(hostAt(other.url, 'collector'))).toMatchObject({
      hosts: [],
      problems: [],
    });
    expect(await says(argus, 1)).toEqual([]);
  });

  test('what hosts say comes to whoever gathers, the newest of each', async () => {
    const collector = hostAt(server.url, 'collector');
    await gatherBy(collector);
    expect(await says(hostAt(server.url, 'argus'), 40)).toEqual([]);
    expect(await says(hostAt(server.url, WEB1), 41)).toEqual([]);
    expect(await says(hostAt(server.url, 'argus'), 41)).toEqual([]);
    const { hosts, problems } = await gatherBy(collector);
    expect(problems).toEqual([]);
    expect(hosts.map(({ host, record }) => [host, record?.packages[0]?.revision])).toEqual([
      ['argus', 41],
      [WEB1, 41],
    ]);
  });

  test('no host can write under another’s key, nor empty the bucket, nor read what others say', async () => {
    const collector = hostAt(server.url, 'collector');
    await gatherBy(collector);
    await says(hostAt(server.url, WEB1), 7);
    const argus = await rawly(server.url, 'argus');
    const put = (subject: string, purge = false): Promise<string> => {
      const more = headers();
      if (purge) more.set('Nats-Rollup', 'all');
      return argus.request(subject, '{}', { timeout: 1000, headers: more }).then(
        (answer) => answer.string(),
        (error: unknown) => String(error),
      );
    };
    expect(await put(`$KV.xhier_status.status.${WEB1}`)).toMatch(/permissions violation/i);
    expect(await put('$KV.xhier_status.other')).toMatch(/permissions violation/i);
    expect(await put('$KV.xhier_status.status.argus', true)).toMatch(/rollup not permitted/);
    const bucket = await new Kvm(argus).open('xhier_status');
    await expect(bucket.get('status.collector')).rejects.toThrow(/permissions violation/i);
    await expect(bucket.watch()).rejects.toThrow(/permissions violation/i);
    const { hosts } = await gatherBy(collector);
    expect(hosts.find(({ host }) => host === WEB1)?.record?.packages[0]?.revision).toBe(7);
  });

  test('a host that says under its own key that it is another is named', async () => {
    const collector = hostAt(server.url, 'collector');
    await gatherBy(collector);
    const argus = await rawly(server.url, 'argus');
    const lie = recordText(nextRecord(undefined, [], { host: WEB1, now: Date.now() }));
    await argus.request('$KV.xhier_status.status.argus', lie);
    const { hosts } = await gatherBy(collector);
    expect(hosts.find(({ host }) => host === 'argus')).toMatchObject({
      refusals: [{ kind: 'name' }],
    });
    expect(await says(hostAt(server.url, 'argus'), 1)).toEqual([]);
  });

  test('a host with a wrong clock is as fresh as the server says', async () => {
    const collector = hostAt(server.url, 'collector');
    await gatherBy(collector);
    const { site, config } = hostAt(server.url, 'argus');
    recordOutcomes(site, [], { config, now: Date.now() - 1e10 });
    await shareRecord(site, config);
    const { hosts } = await gatherBy(collector);
    const heard = hosts.find(({ host }) => host === 'argus')?.heard ?? 0;
    expect(Math.abs(Date.now() - heard)).toBeLessThan(60_000);
  });

  test('whom the server does not know is told what to look at, and nothing is lost', async () => {
    const stranger = hostAt(server.url, 'argus', 'wrong');
    expect(await says(stranger, 1)).toEqual(['E_NATS_PERMISSION']);
    const { hosts, problems } = await gatherBy(stranger);
    expect([hosts.length, problems.length]).toEqual([0, 1]);
    expect(problems[0]).toMatch(/argus/);
  });

  test('credentials that others may read are not used', async () => {
    const argus = hostAt(server.url, 'argus');
    chmodSync(join(argus.site.path, 'etc/nats'), 0o644);
    expect(await says(argus, 1)).toEqual(['E_CREDENTIALS']);
    writeFileSync(join(argus.site.path, 'etc/nats'), 'nothing like it\n');
    chmodSync(join(argus.site.path, 'etc/nats'), 0o600);
    expect(await says(argus, 1)).toEqual(['E_CREDENTIALS']);
  });

  test('a password in the address is refused: everybody may read the configuration', () => {
    expect(() => hostAt('nats://argus:secret@127.0.0.1:1', 'argus')).toThrow(/no password in it/);
  });

  test('a server that is gone is a warning for the host, a problem for who gathers', async () => {
    const directory = temporaryDirectory('nats');
    const first = await startNats(directory, { configuration: PERMISSIONS });
    const { port, url } = first;
    const [collector, argus] = [hostAt(url, 'collector'), hostAt(url, 'argus')];
    await gatherBy(collector);
    await says(argus, 40);
    await first.end('SIGKILL');
    expect(await says(argus, 41)).toEqual(['E_NATS']);
    expect((await gatherBy(collector)).problems).toEqual([
      expect.stringContaining('cannot be reached'),
    ]);
    const again = await startNats(directory, { configuration: PERMISSIONS, port });
    onTestFinished(() => again.end());
    // what was said before is still there
    const { hosts } = await gatherBy(collector);
    expect(hosts).toMatchObject([{ host: 'argus', record: { packages: [{ revision: 40 }] } }]);
    expect(await says(argus, 41)).toEqual([]);
  });
});

test('a server that stalls in the middle is given up, and what had come is not lost', async () => {
  const { url, port, end } = await startNats(temporaryDirectory('nats'));
  onTestFinished(() => end());
  const collector = hostAt(url, 'collector');
  await gatherBy(collector);
  for (let i = 0; i < 12; i++) await says(hostAt(url, `host${i}`), i + 1);
  const wire = { isCut: false, passed: 0 };
  const whole = hostAt(await wireTo(port, Infinity, wire), 'collector');
  expect((await gatherBy(whole)).hosts).toHaveLength(12);
  const counts: number[] = [];
  // behind a wire on which nothing comes any more after so many bytes
  for (const most of [0, Math.floor(wire.passed / 3), Math.floor(wire.passed * 0.8)]) {
    const servers = natsServers(hostAt(await wireTo(port, most), 'collector').config, 'collector');
    if (servers === undefined) throw new Error('no nats');
    const { hosts, problems } = await gatherRecords([natsSource(servers, { patience: 300 })]);
    expect(problems).toEqual([expect.stringContaining('127.0.0.1')]);
    counts.push(hosts.length);
  }
  expect(counts[0]).toBe(0);
  expect(counts.at(-1)).toBeGreaterThan(0);
  expect(counts).toEqual(counts.toSorted((one, other) => one - other));
});

describe('notices', () => {
  test('read back as they were written, whatever the name; nothing else is a notice', () => {
    for (const name of ['gcc', 'gcc-12.2', 'libstdc++6', 'a_b~c']) {
      const notice = { package: bytes(name), revision: 41 };
      expect(subjectOf(notice).split('.')).toHaveLength(3);
      expect(parseNotice(subjectOf(notice), Buffer.from(noticeText(notice)))).toEqual(notice);
    }
    const gcc = 'depot.gcc.published';
    for (const [subject, text] of [
      [gcc, ''],
      [gcc, 'null'],
      [gcc, '{"package":"gcc"}'],
      [gcc, '{"package":"gcc","revision":0}'],
      [gcc, '{"package":"gcc","revision":1e99}'],
      [gcc, '{"package":"emacs","revision":1}'],
      [gcc, '{"package":"../gcc","revision":1}'],
      [gcc, `{"package":"gcc","revision":1${' '.repeat(5000)}}`],
    ] as const) {
      expect(parseNotice(subject, Buffer.from(text))).toHaveProperty('problem');
    }
  });

  test('only publishers can announce; who may not is told', async () => {
    const gcc = [{ package: b`gcc`, revision: 41 }];
    const publisher = hostAt(server.url, 'publisher');
    const argus = hostAt(server.url, 'argus');
    expect(await announce(publisher.site, publisher.config, gcc)).toBeUndefined();
    expect(await announce(argus.site, argus.config, gcc)).toMatchObject({
      code: 'E_NATS_PERMISSION',
    });
  });

  test('without NATS, or with nobody there, publishing goes on', async () => {
    const site = freshSite();
    const gcc = [{ package: b`gcc`, revision: 41 }];
    expect(await announce(site, loadConfig(site), gcc)).toBeUndefined();
    const gone = hostAt('nats://127.0.0.1:1', 'publisher');
    expect(await announce(gone.site, gone.config, gcc)).toMatchObject({ code: 'E_NATS' });
  });
});

/** Listens, and collects what comes of it. */
function listening(
  host: NatsHost,
  work: (news: News) => Promise<boolean> = () => Promise.resolve(true),
  jitter = 0.05,
  pulse = 30_000,
): {
  pulls: string[];
  told: string[];
  end(): Promise<void>;
  until(test: () => boolean): Promise<void>;
} {
  const ending = new AbortController();
  const pulls: string[] = [];
  const told: string[] = [];
  const done = listen(
    host.site,
    host.config,
    async (news) => {
      const names = news.notices.map((each) => `${printable(each.package)}:${each.revision}`);
      pulls.push(`${news.why} ${names.join(' ')}`.trim());
      return work(news);
    },
    { jitter, pulse, tell: (line) => told.push(line), signal: ending.signal },
  );
  const end = async (): Promise<void> => {
    ending.abort();
    await done;
  };
  onTestFinished(end);
  return {
    pulls,
    told,
    end,
    async until(check) {
      for (let waited = 0; !check(); waited += 10) {
        if (waited > 30_000)
          throw new Error(`it does not happen: ${JSON.stringify({ pulls, told })}`);
        await sleep(10);
      }
    },
  };
}

describe('listening', () => {
  const gcc = (revision: number): { package: ReturnType<typeof bytes>; revision: number } => ({
    package: b`gcc`,
    revision,
  });

  test('what is published is pulled, and everything once at the beginning', async () => {
    const { pulls, told, until } = listening(hostAt(server.url, 'argus'));
    await until(() => pulls.length === 1);
    expect(pulls).toEqual(['start']);
    const publisher = hostAt(server.url, 'publisher');
    await announce(publisher.site, publisher.config, [gcc(41)]);
    await until(() => pulls.length === 2);
    expect(pulls[1]).toBe('notice gcc:41');
    expect(told).toContain('published: gcc, revision 41');
  });

  test('a burst is one pull, and what comes while one runs is one more', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    const { pulls, until } = listening(hostAt(server.url, 'argus'), async ({ why }) => {
      expect(++running).toBe(1);
      if (why === 'start') await held;
      running--;
      return true;
    });
    const publisher = hostAt(server.url, 'publisher');
    await until(() => pulls.length === 1);
    await announce(publisher.site, publisher.config, [gcc(1), gcc(3), gcc(2)]);
    await announce(publisher.site, publisher.config, [{ package: b`emacs-29.1`, revision: 5 }]);
    await sleep(200);
    expect(pulls).toEqual(['start']);
    release();
    await until(() => pulls.length === 2);
    expect(pulls[1]).toBe('notice gcc:3 emacs-29.1:5');
  });

  test('garbage is told, and pulls nothing', async () => {
    const { pulls, told, until } = listening(hostAt(server.url, 'argus'));
    await until(() => pulls.length === 1);
    const publisher = await rawly(server.url, 'publisher');
    publisher.publish('depot.gcc.published', 'pull now!\x1b[2J');
    await until(() => told.some((line) => line.includes('is ignored')));
    expect(pulls).toEqual(['start']);
  });

  test('a pull that fails is told, and the next notice is heard', async () => {
    const { pulls, told, until } = listening(hostAt(server.url, 'argus'), () =>
      Promise.reject(new XhError('E_STORE_READ', 'no store answers')),
    );
    await until(() => told.some((line) => line.includes('no store answers')));
    const publisher = hostAt(server.url, 'publisher');
    await announce(publisher.site, publisher.config, [gcc(9)]);
    await until(() => pulls.length === 2);
    // and what had failed goes with it
    expect(pulls[1]).toBe('start');
  });

  test('a server that dies and comes back is found again, and what was missed is pulled', async () => {
    const directory = temporaryDirectory('nats');
    const first = await startNats(directory, { configuration: PERMISSIONS });
    const { port, url } = first;
    const { pulls, told, until } = listening(hostAt(url, 'argus'));
    await until(() => pulls.length === 1);
    await first.end('SIGKILL');
    await until(() => told.some((line) => line.includes('is gone')));
    const publisher = hostAt(url, 'publisher');
    // nobody hears this one
    expect(await announce(publisher.site, publisher.config, [gcc(41)])).toBeDefined();
    const again = await startNats(directory, { configuration: PERMISSIONS, port });
    onTestFinished(() => again.end());
    await until(() => pulls.length === 2);
    expect(pulls).toEqual(['start', 'start']);
    await announce(publisher.site, publisher.config, [gcc(42)]);
    await until(() => pulls.length === 3);
    expect(pulls[2]).toBe('notice gcc:42');
  });

  test('a wire on which nothing comes any more is noticed, and what was missed is pulled', async () => {
    const wire = { isCut: false, passed: 0 };
    const argus = hostAt(await wireTo(server.port, Infinity, wire), 'argus');
    const { pulls, told, until } = listening(argus, undefined, 0.05, 200);
    await until(() => told.some((line) => line.startsWith('listening at')));
    await until(() => pulls.length === 1);
    wire.isCut = true;
    const publisher = hostAt(server.url, 'publisher');
    expect(await announce(publisher.site, publisher.config, [gcc(51)])).toBeUndefined();
    await until(() => told.some((line) => line.includes('is gone')));
    expect(pulls).toEqual(['start']);
    wire.isCut = false;
    await until(() => pulls.length === 2);
    await announce(publisher.site, publisher.config, [gcc(52)]);
    await until(() => pulls.length === 3);
    expect(pulls).toEqual(['start', 'start', 'notice gcc:52']);
  });

  test('a server that is not there yet is waited for, and can be given up meanwhile', async () => {
    const { told, until, end } = listening(hostAt('nats://127.0.0.1:1', 'argus'));
    await until(() => told.length === 1);
    expect(told[0]).toContain('it is tried again and again');
    await end();
  });

  test('whom the server does not know does not try for ever', async () => {
    const { site, config } = hostAt(server.url, 'argus', 'wrong');
    await expect(listen(site, config, () => Promise.resolve(true))).rejects.toMatchObject({
      code: 'E_NATS_PERMISSION',
    });
    const none = freshSite();
    await expect(listen(none, loadConfig(none), () => Promise.resolve(true))).rejects.toMatchObject(
      {
        code: 'E_NO_NATS',
      },
    );
  });

  test('ending waits for the pull that runs', async () => {
    let ended = false;
    const { pulls, until, end } = listening(hostAt(server.url, 'argus'), async () => {
      await sleep(300);
      ended = true;
      return true;
    });
    await until(() => pulls.length === 1);
    await end();
    expect(ended).toBe(true);
  });

  test('a thousand hosts are spread over the time, each notice anew', () => {
    const delays = Array.from({ length: 1000 }, (_, i) => delayOf(`host${i}`, gcc(41), 60_000));
    expect(delays.every((delay) => delay >= 0 && delay < 60_000)).toBe(true);
    const counts = Array.from(
      { length: 10 },
      (_, tenth) => delays.filter((delay) => Math.floor(delay / 6000) === tenth).length,
    );
    expect(counts.every((count) => count > 60 && count < 140)).toBe(true);
    expect(delayOf('host1', gcc(41), 60_000)).toBe(delays[1]);
    expect(delayOf('host1', gcc(42), 60_000)).not.toBe(delays[1]);
    expect(delayOf('host1', gcc(41), 0)).toBe(0);
  });

  test('what did not go well is tried again until it does, and then no more', async () => {
    const times: number[] = [];
    const queue = newsQueue({
      jitter: 0,
      poll: 60_000,
      again: 20,
      work: () => {
        times.push(performance.now());
        return Promise.resolve(times.length > 3);
      },
      tell: () => undefined,
    });
    queue.add({ why: 'start', notices: [] }, 0);
    while (times.length < 4) await sleep(5);
    await sleep(250);
    await queue.end();
    expect(times).toHaveLength(4);
  });

  test('with nothing heard at all, it is pulled now and then', async () => {
    const polls: string[] = [];
    const queue = newsQueue({
      jitter: 0,
      poll: 20,
      work: ({ why }) => {
        polls.push(why);
        return Promise.resolve(true);
      },
      tell: () => undefined,
    });
    while (polls.length < 3) await sleep(5);
    await queue.end();
    const after = [...polls];
    await sleep(60);
    expect(polls).toEqual(after);
  });
});

interface Wire {
  isCut: boolean;
  /** Bytes that have come back. */
  passed: number;
}

/** A port that leads to another one, and passes on so many bytes of what comes back: then nothing, for ever. */
async function wireTo(port: number, most: number, wire?: Wire): Promise<string> {
  const sockets = new Set<Socket>();
  const listener = createServer((near) => {
    const far = connectTo(port, '127.0.0.1');
    let left = most;
    near.pipe(far);
    far.on('data', (piece) => {
      if (wire?.isCut === true) left = 0;
      if (wire !== undefined) wire.passed += piece.length;
      near.write(piece.subarray(0, left));
      left = Math.max(0, left - piece.length);
    });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.close();
    for (const socket of sockets) socket.destroy();
  });
  return `nats://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}
