/** A distribution that is killed, or refused by the disk, anywhere: its records are whole, and the next one serves all. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, writeTree, type Fixture } from './fixture.ts';
import {
  countText,
  isSync,
  killedAt,
  recordCalls,
  refusedAt,
  requireStrace,
  type SystemCall,
} from './strace.ts';

const RECORD = '.software/local/.admin/distribute/older.json';
let fixture: Fixture;

beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  const far = join(fixture.directory, 'far');
  mkdirSync(join(far, 'etc'), { recursive: true });
  // no other host, but another site, by the same words and the same streams
  const ssh = join(fixture.directory, 'ssh.sh');
  writeFileSync(
    ssh,
    `exec '${process.execPath}' '${fixture.program}' receive --root '${far}' --allow '*'\n`,
  );
  fixture.restore('begun');
  writeFileSync(
    join(fixture.root, 'etc/xhier.toml'),
    `[ssh]\nprogram = "sh ${ssh}"\n[hosts.far]\naddress = "far"\n`,
  );
  await fixture.must('mkpkg', 'older', '--from', join(fixture.software, 'older'));
  await fixture.must('distribute', '-q');
  writeTree(fixture.root, { 'software/older/data/more': 'more\n' });
  fixture.keep('to distribute');
}, 120_000);
afterAll(() => {
  fixture.remove();
});

/** What the record says, but when. */
function record(): unknown {
  const text = readFileSync(join(fixture.root, RECORD), 'utf8');
  const { revision, trees, outstanding } = JSON.parse(text) as Record<string, unknown>;
  return { revision, trees, outstanding };
}

function some(calls: readonly SystemCall[]): SystemCall[] {
  const step = process.env['XHIER_SOAK'] === '1' ? 1 : Math.ceil(calls.length / 6);
  const tellable = calls.filter(({ name }) => name !== 'openat');
  return tellable.filter((call, i) => i % (call.name.startsWith('rename') ? 1 : step) === 0);
}

/** What is wrong when it is done once more. */
async function again(after: unknown): Promise<string[]> {
  const found: string[] = [];
  const asked = await fixture.xh('distribute', '--outstanding');
  if (![0, 1].includes(asked.status ?? -1)) found.push(`--outstanding: ${asked.stderr}`);
  const { status, stderr } = await fixture.xh('distribute');
  if (status !== 0) found.push(`again: ${stderr}`);
  try {
    expect(record()).toEqual(after);
  } catch (error) {
    found.push(String(error));
  }
  return found;
}

test('killed at any change', async () => {
  const run = fixture.run('to distribute', ['distribute', '-q']);
  const calls = some((await recordCalls(run)).filter((call) => !isSync(call) && call.succeeded));
  const after = record();
  expect(after).toMatchObject({ revision: 2, outstanding: [] });
  const problems: string[] = [];
  for (const call of calls) {
    const { signal } = await killedAt(run, call);
    const found = signal === 'SIGKILL' ? [] : [`it ended by ${String(signal)}`];
    found.push(...(await again(after)));
    problems.push(...found.map((what) => `killed at ${call.shown} (${call.name}): ${what}`));
  }
  console.log(`xh distribute killed at ${countText(calls)}`);
  expect(calls.length).toBeGreaterThan(2);
  expect(problems).toEqual([]);
}, 120_000);

test('refused any change', async () => {
  const run = fixture.run('to distribute', ['distribute', '-q']);
  const calls = some((await recordCalls(run)).filter((call) => call.succeeded));
  const after = record();
  const problems: string[] = [];
  for (const [i, call] of calls.entries()) {
    const errno = ['ENOSPC', 'EIO', 'EACCES'][i % 3] ?? 'EIO';
    const { status, signal, stderr } = await refusedAt(run, call, errno);
    const found = signal === null ? [] : [`it ended by ${signal}`];
    if (stderr.includes('defect of xhier')) found.push(stderr);
    if (status !== 0 && !stderr.includes('→')) found.push(`it does not say what to do: ${stderr}`);
    found.push(...(await again(after)));
    problems.push(...found.map((what) => `refused at ${call.shown} (${call.name}): ${what}`));
  }
  expect(problems).toEqual([]);
}, 120_000);
