import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { changesSomething } from './kills.ts';
import { differences, leftovers, snapshot, type Snapshot } from './snapshot.ts';
import { killedAt, recordCalls, requireStrace, runCommand, type SystemCall } from './strace.ts';

let fixture: Fixture;
let before: Snapshot;
let calls: readonly SystemCall[];
const words = ['install', 'clock@1.0'];

beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  const run = fixture.run('depot', words);
  run.prepare();
  before = snapshot(fixture.root);
  calls = (await recordCalls(run)).filter(changesSomething);
});
afterAll(() => {
  fixture.remove();
});

/** Kills an install at the first call that looks so, and gives the path of the journal's entry. */
async function killAt(pattern: RegExp): Promise<string> {
  const call = calls.find(({ shown }) => pattern.test(shown));
  if (call === undefined) throw new Error(`no call is ${String(pattern)}`);
  await killedAt(fixture.run('depot', words), call);
  const journal = join(fixture.root, '.software/local/.admin/journal');
  const [entry = 'none'] = readdirSync(journal).filter((name) => !name.startsWith('.'));
  return join(journal, entry);
}

/** In the middle of what takes effect: the system files have been switched, the links not yet. */
const HALF = /^symlinkat.*bins\/bin/;

describe('a journal that something else has damaged', () => {
  test.each([
    ['cut off', (entry: string) => truncateSync(entry, 1000)],
    ['empty', (entry: string) => truncateSync(entry, 0)],
    ['overwritten', (entry: string) => writeFileSync(entry, Buffer.alloc(5000))],
    ['another JSON text', (entry: string) => writeFileSync(entry, '{"changes":[null]}')],
    ['of a newer version', (entry: string) => writeFileSync(entry, '{"format":2}')],
  ])('%s: the message says which file and what to do, and that helps', async (_, damage) => {
    const entry = await killAt(HALF);
    damage(entry);
    const { status, stderr } = await fixture.xh('install', 'clock@2.0');
    expect(status).toBe(1);
    expect(stderr).toContain(entry);
    expect(stderr).toContain('move the entry away');
    expect(stderr).not.toMatch(/defect|\n +at /);
    // what only reads works meanwhile
    await fixture.must('list');
    renameSync(entry, join(fixture.directory, 'damaged'));
    await fixture.must('list');
    await fixture.must('recover');
  });

  test('an entry that was being written is swept', async () => {
    fixture.restore('depot');
    const journal = join(fixture.root, '.software/local/.admin/journal');
    writeFileSync(join(journal, '.mabcdefg-1-1.staging.new'), '{"form');
    await fixture.must('recover');
    expect(differences(before, snapshot(fixture.root))).toEqual([]);
  });
});

describe('what others did after a command was killed is theirs, and the rest is settled', () => {
  /** Without what differs because of them. */
  function rest(found: Snapshot, ...theirs: readonly string[]): Snapshot {
    return new Map([...found].filter(([path]) => !theirs.some((name) => path.startsWith(name))));
  }

  async function recovered(): Promise<Snapshot> {
    await fixture.must('recover');
    const now = snapshot(fixture.root);
    expect(leftovers(now)).toEqual([]);
    return now;
  }

  test('a line that was added to a file before its turn', async () => {
    await killAt(/^renameat2.*"services"/);
    appendFileSync(join(fixture.root, 'etc/services'), 'mine 9999/tcp\n');
    const now = await recovered();
    expect(readFileSync(join(fixture.root, 'etc/services'), 'utf8')).toMatch(/mine 9999\/tcp\n$/);
    expect(differences(rest(before, 'etc/services'), rest(now, 'etc/services'))).toEqual([]);
  });

  test('a file that was replaced after its turn', async () => {
    await killAt(HALF);
    const services = join(fixture.root, 'etc/services');
    writeFileSync(`${services}.mine`, 'mine 9999/tcp\n');
    renameSync(`${services}.mine`, services);
    const now = await recovered();
    expect(readFileSync(services, 'utf8')).toBe('mine 9999/tcp\n');
    expect([...now.keys()]).toContain('.software/local/.admin/bins/bin/clock');
  });

  test('a directory that has gone', async () => {
    await killAt(HALF);
    rmSync(join(fixture.root, 'etc/profile.d'), { recursive: true });
    const now = await recovered();
    expect(differences(before, now)).toEqual([]);
  });

  test('a name that was taken', async () => {
    await killAt(/^renameat2.*profile.d/);
    const taken = join(fixture.root, 'etc/profile.d/clock.sh');
    writeFileSync(taken, 'mine\n');
    const now = await recovered();
    expect(readFileSync(taken, 'utf8')).toBe('mine\n');
    expect(differences(before, rest(now, 'etc/profile.d'))).toEqual([]);
  });

  test('a directory that became a link to another place: nothing is done there, and it is said', async () => {
    await killAt(HALF);
    const [etc, aside] = [join(fixture.root, 'etc'), join(fixture.root, 'etc-aside')];
    const outside = join(fixture.directory, 'outside');
    mkdirSync(outside);
    renameSync(etc, aside);
    symlinkSync(outside, etc);
    const { status, stderr } = await fixture.xh('recover');
    expect(status).toBe(3);
    expect(stderr).toMatch(/cannot be settled: .*leads outside the site root[^]*→ .*xh recover/);
    expect(readdirSync(outside)).toEqual([]);
    rmSync(etc);
    renameSync(aside, etc);
    await recovered();
  });
});

describe('an ordinary user on a site of root', () => {
  const asNobody = (...said: readonly string[]) =>
    runCommand(process.execPath, [fixture.program, ...said], {
      env: { XH_ROOT: fixture.root, NO_COLOR: '1' },
      uid: 65534,
      gid: 65534,
    });

  beforeEach(() => {
    fixture.restore('installed');
  });

  test.each([
    ['list'],
    ['info', 'clock-1.0'],
    ['files', 'clock-1.0'],
    ['which', 'clock'],
    ['history'],
    ['history', '2'],
    ['config'],
    ['make-links', '--dry-run'],
  ])('%s works', async (...said) => {
    const { status, stderr } = await asNobody(...said);
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });

  test.each([['install', 'clock@2.0'], ['uninstall', 'older'], ['make-links'], ['recover']])(
    '%s is not permitted, and it is said what would help',
    async (...said) => {
      const { status, stderr } = await asNobody(...said);
      expect(status).toBe(4);
      expect(stderr).toMatch(/^xh: .*\/\.admin\/lock: permission denied .*\n +→ run it as /);
    },
  );

  test('on a root without a site: the same', async () => {
    fixture.restore('begun');
    const { status, stderr } = await asNobody('recover');
    expect(status).toBe(4);
    expect(stderr).toMatch(/permission denied .*\n +→ run it as /);
  });

  test('nobody else can hold the lock', async () => {
    const lock = join(fixture.root, '.software/local/.admin/lock');
    const held = await runCommand('flock', [lock, 'true'], { uid: 65534, gid: 65534 });
    expect(held.status).not.toBe(0);
  });
});

describe('what is said goes nowhere', () => {
  beforeEach(() => {
    fixture.restore('depot');
  });

  test('a full disk behind standard output is told, with exit code 1', async () => {
    const { words: line, env } = fixture.run('depot', ['list']);
    const text = line.map((word) => `'${word}'`).join(' ');
    const { status, stderr } = await runCommand('sh', ['-c', `${text} >/dev/full`], {
      env: { ...env },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^xh: standard output: no space left on device/);
  });

  test('an install whose messages nobody reads is done to the end', async () => {
    const { words: line, env } = fixture.run('depot', words);
    const text = line.map((word) => `'${word}'`).join(' ');
    execFileSync('bash', ['-c', `set -o pipefail; ${text} --verbose 2>&1 >/dev/null | true`], {
      env: { ...process.env, ...env },
    });
    const installed = await fixture.must('list', '--installed', '--json');
    expect(installed.stdout).toContain('clock-1.0');
  });
});
