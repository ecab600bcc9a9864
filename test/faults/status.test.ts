/** Records and reports that are killed, or refused by the disk, while they are written: old or new, never half, nothing untold. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseHostRecord } from '../../src/distribute/status/host-record.ts';
import { makeFixture, type Fixture } from './fixture.ts';
import { isSync, killedAt, recordCalls, refusedAt, requireStrace } from './strace.ts';

const INSTALL = ['install', 'clock@1.0'];
const REPORT = ['report', '--hourly'];
const FORGET = ['status', 'web1', '--forget'];
const ADMIN = '.software/local/.admin';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  fixture.restore('depot');
  const { root } = fixture;
  for (const directory of ['shared', 'var/log'])
    mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(
    join(root, 'etc/xhier.toml'),
    `status-name = "argus"\nstatus-directory = "${root}/shared"\n[report]\nlogs = ["/var/log/all"]\n`,
  );
  writeFileSync(join(root, 'var/log/all'), 'one thing\n');
  // a record that is there already, and one of another host that was seen
  await fixture.must('install', 'clock@1.0');
  await fixture.must('uninstall', 'clock-1.0');
  const own = readFileSync(join(root, 'shared/argus.json'), 'utf8');
  writeFileSync(join(root, 'shared/web1.json'), own.replace('"argus"', '"web1"'));
  await fixture.xh('status');
  fixture.keep('told');
  await fixture.must(...REPORT);
  appendFileSync(join(root, 'var/log/all'), 'another thing\n');
  fixture.keep('reported');
});
afterAll(() => {
  fixture.remove();
});

/** How many packages a record names; it is whole, whenever it is looked at. */
function named(path: string): number {
  const read = parseHostRecord(readFileSync(join(fixture.root, path), 'utf8'));
  if ('problem' in read) throw new Error(`${path} ${read.problem}`);
  return read.record.packages.length;
}

test('the record of an install, here and where others read it, is the old or the new one', async () => {
  const run = fixture.run('told', INSTALL);
  run.prepare();
  const calls = (await recordCalls(run)).filter(
    // what stands before an opening is what the call before it has left
    (call) => !isSync(call) && !call.name.startsWith('open') && /shared|status/.test(call.shown),
  );
  expect(calls.length).toBeGreaterThan(5);
  for (const [index, call] of calls.entries()) {
    if (index % 2 === 0) {
      expect((await killedAt(run, call)).signal).toBe('SIGKILL');
    } else {
      const { status, stderr } = await refusedAt(run, call, index % 4 === 1 ? 'ENOSPC' : 'EIO');
      // the package is installed all the same
      expect([status, stderr]).toEqual([0, expect.stringContaining('warning: ')]);
    }
    for (const path of [`${ADMIN}/status.json`, 'shared/argus.json']) {
      expect([0, 1], call.shown).toContain(named(path));
    }
    await fixture.must(...INSTALL);
    for (const path of [`${ADMIN}/status.json`, 'shared/argus.json']) {
      expect(named(path), call.shown).toBe(1);
    }
    const names = readdirSync(join(fixture.root, 'shared')).toSorted();
    expect(names, call.shown).toEqual(['argus.json', 'web1.json']);
  }
}, 120_000);

test('a report that is killed or refused is made again, with all that was in it', async () => {
  const run = fixture.run('reported', REPORT);
  run.prepare();
  const calls = (await recordCalls(run)).filter(
    (call) => !isSync(call) && !call.name.startsWith('open'),
  );
  expect(calls.length).toBeGreaterThan(3);
  for (const [index, call] of calls.entries()) {
    if (index % 2 === 0) {
      expect((await killedAt(run, call)).signal).toBe('SIGKILL');
    } else {
      const { status, stdout, stderr } = await refusedAt(run, call, 'EIO');
      expect([0, 1]).toContain(status);
      expect(stdout).toContain('another thing');
      expect(stderr).not.toContain('defect');
    }
    const state = join(fixture.root, ADMIN, 'reports/incoming.json');
    const isRemembered = readFileSync(state, 'utf8').includes('another thing');
    const { stdout } = await fixture.must(...REPORT);
    expect(stdout.includes('another thing'), call.shown).toBe(!isRemembered);
    expect((await fixture.must(...REPORT)).stdout).toBe('');
  }
}, 120_000);

test('a host is forgotten, or it is not', async () => {
  const run = fixture.run('told', FORGET);
  run.prepare();
  for (const call of (await recordCalls(run)).filter((each) => !isSync(each))) {
    expect((await killedAt(run, call)).signal).toBe('SIGKILL');
    const seen = readFileSync(join(fixture.root, ADMIN, 'status-seen.json'), 'utf8');
    expect(() => JSON.parse(seen) as unknown, call.shown).not.toThrow();
    await fixture.must(...FORGET);
    const after = readFileSync(join(fixture.root, ADMIN, 'status-seen.json'), 'utf8');
    expect(after, call.shown).not.toContain('web1');
  }
}, 120_000);
