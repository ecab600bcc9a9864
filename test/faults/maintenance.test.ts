/**
 * Maintenance that is killed, or refused by the disk, while it rolls logs and reports: no line is lost.
 * Builds that are received by a process that is killed: they come again, whole.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { isSync, killedAt, recordCalls, refusedAt, requireStrace } from './strace.ts';

const WORDS = ['maintenance', '--now', 'logs'];
const LINES = ['newest', 'older', 'oldest'].map((name) => `${name} ${'.'.repeat(2000)}\n`);
const REPORTS = '.software/local/.admin/reports';

let fixture: Fixture;
let logs = '';
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  fixture.restore('depot');
  logs = join(fixture.root, '.software/local/older/logs');
  mkdirSync(logs, { recursive: true });
  for (const [index, text] of LINES.entries()) {
    writeFileSync(join(logs, index === 0 ? 'log' : `log.${index}`), text, { mode: 0o640 });
  }
  writeFileSync(join(fixture.root, 'etc/xhier.toml'), '[logs]\nsize = 1024\nkeep = 3\n');
  fixture.keep('grown');
  // one more than are kept: the oldest goes, and nothing else
  writeFileSync(join(fixture.root, 'etc/xhier.toml'), '[logs]\nsize = 1024\nkeep = 2\n');
  fixture.keep('full');
  writeFileSync(join(fixture.root, 'etc/xhier.toml'), '[logs]\nsize = 1024\nkeep = 1\n');
  // more than are kept: somebody else rolls it, and that is reported
  fixture.keep('reported');
});
afterAll(() => {
  fixture.remove();
});

function contents(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(logs)
      .toSorted()
      .map((name) => [name, readFileSync(join(logs, name), 'utf8')]),
  );
}

/** The lines that are there now, each once, however many names it has. */
function linesThere(): readonly string[] {
  const files = readdirSync(logs).map((name) => join(logs, name));
  const whole = new Map(files.map((file) => [statSync(file).ino, readFileSync(file, 'utf8')]));
  return [...whole.values()].filter((text) => text !== '').toSorted();
}

const rolled = (kept: number): Readonly<Record<string, string>> =>
  Object.fromEntries<string>([
    ['log', ''],
    ...LINES.slice(0, kept).map((text, index) => [`log.${index + 1}`, text] as const),
  ]);

test.each([
  ['grown', 3],
  ['full', 2],
] as const)(
  'a log that is rolled (%s) loses no line, wherever it is killed or refused, and the next night finishes it',
  async (state, kept) => {
    const run = fixture.run(state, WORDS);
    run.prepare();
    const all = await recordCalls(run);
    expect(contents()).toEqual(rolled(kept));
    const calls = all.filter((call) => !isSync(call) && /older\/logs|log/.test(call.shown));
    expect(calls.length).toBeGreaterThan(5);
    const wanted = LINES.slice(0, kept).toSorted();
    for (const [index, call] of calls.entries()) {
      if (index % 3 === 2) {
        const { status, stderr } = await refusedAt(
          run,
          call,
          ['EIO', 'ENOSPC', 'EACCES'][index % 2] ?? 'EIO',
        );
        expect([0, 1]).toContain(status);
        expect(stderr).not.toContain('defect');
      } else expect((await killedAt(run, call)).signal).toBe('SIGKILL');
      expect(existsSync(join(logs, 'log')), call.shown).toBe(true);
      expect(linesThere(), call.shown).toEqual(expect.arrayContaining(wanted));
      await fixture.must(...WORDS);
      expect(contents(), call.shown).toEqual(rolled(kept));
      expect(statSync(join(logs, 'log')).mode & 0o777).toBe(0o640);
      expect(statSync(join(logs, 'log.1')).nlink).toBe(1);
    }
  },
  120_000,
);

test('a report that is killed is made again: what was found is told, and known', async () => {
  const run = fixture.run('reported', WORDS);
  run.prepare();
  const all = await recordCalls(run);
  const calls = all.filter((call, index) => !isSync(call) && index % 2 === 0);
  expect(calls.length).toBeGreaterThan(3);
  for (const call of calls) {
    expect((await killedAt(run, call)).signal).toBe('SIGKILL');
    const { stdout, stderr } = await fixture.must(...WORDS);
    const kept = join(fixture.root, '.software/local/.admin/log/reports');
    expect(`${stdout}${stderr}`, call.shown).toMatch(/is not rolled|as before: 1 warning/);
    expect(readFileSync(kept, 'utf8'), call.shown).toContain('is not rolled');
    expect((await fixture.xh('maintenance', '--last')).stdout).toContain('is not rolled');
    expect(readdirSync(join(fixture.root, REPORTS))).toEqual(['maintenance.json']);
  }
}, 120_000);

test('a build whose sources came to a process that was killed, or whose connection broke off, comes again', async () => {
  const id = '20991122T031700Z-1a2b3c4d';
  const order = { id, name: 'hello', directory: 'hello', target: 'all', words: [], from: 'test' };
  const source = join(fixture.software, 'hello');
  mkdirSync(source);
  writeFileSync(join(source, 'Makefile'), 'all:\n\ttouch made\n');
  const archive = spawnSync('tar', ['-c', '-C', source, '.']).stdout;
  const line = Buffer.from(`${JSON.stringify({ format: 1, ...order, size: archive.length })}\n`);
  const sent = Buffer.concat([line, archive]);
  fixture.restore('depot');
  writeFileSync(join(fixture.root, 'etc/xhier.toml'), '[sdist]\naccount = "root"\n');
  fixture.keep('master');
  const { words, env } = fixture.run('master', ['sdist', '--receive', 'build']);
  const jobs = join(fixture.root, '.software/local/.admin/sdist');
  const begin = () =>
    spawn(words[0], words.slice(1), {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  const cuts = [0, 10, line.length, line.length + 100, sent.length - 600];
  for (const [index, cut] of [...cuts, ...cuts].entries()) {
    fixture.restore('master');
    const first = begin();
    const ended = once(first, 'exit');
    first.stdin.write(sent.subarray(0, cut));
    if (cut >= line.length) {
      while (!existsSync(jobs) || readdirSync(jobs).length === 0) await sleep(10);
    }
    if (index < cuts.length) first.kill('SIGKILL');
    else first.stdin.end();
    await ended;
    expect(existsSync(join(jobs, id)), `${cut}`).toBe(false);
    if (index >= cuts.length && existsSync(jobs)) expect(readdirSync(jobs)).toEqual([]);
    const again = begin();
    again.stdin.end(sent);
    expect(String(await once(again.stdout, 'data'))).toContain(`"say":"begun","id":"${id}"`);
    for (let tries = 0; ; tries++) {
      const { stdout } = await fixture.xh('sdist', '--receive', 'jobs');
      if (stdout.includes('"state":"done"')) break;
      expect(stdout).not.toMatch(/"state":"(?:failed|died)"/);
      expect(tries).toBeLessThan(300);
      await sleep(50);
    }
    expect(readdirSync(jobs)).toEqual([id]);
  }
}, 120_000);
