/** A publisher that is killed, or refused by the disk, anywhere: the store is whole, and the next time all gets there. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import {
  countText,
  isSync,
  killedAt,
  recordCalls,
  refusedAt,
  requireStrace,
  type SystemCall,
} from './strace.ts';

let fixture: Fixture;
let store = '';

beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  fixture.restore('begun');
  store = join(fixture.root, 'srv/store');
  mkdirSync(join(fixture.root, 'srv'));
  writeFileSync(join(fixture.root, 'etc/xhier.toml'), `[publish]\nstore = "${store}"\n`);
  await fixture.must('key', 'make', 'site', 'publisher', 'next');
  await fixture.must('key', 'trust');
  await fixture.must('key', 'delegate', 'publisher', '--packages', '*');
  await fixture.must('mkpkg', 'steady', '--from', join(fixture.software, 'older'));
  writeTree(fixture.root, { 'software/steady/data/long': 'a line\n'.repeat(20_000) });
  await fixture.must('publish');
  fixture.keep('published');
  rmSync(join(fixture.root, 'software/steady/export'), { recursive: true });
  writeTree(fixture.root, {
    'software/steady/bin/older': command('newer answers'),
    'software/steady/data/long': 'another line\n'.repeat(20_000),
    'software/steady/data/more': 'more\n',
  });
  await fixture.must('mkpkg', 'tool', '--from', join(fixture.software, 'tool'));
  fixture.keep('to publish');
  await fixture.must('publish');
  await fixture.must('publish', '--anew');
  fixture.keep('to sweep');
}, 120_000);
afterAll(() => {
  fixture.remove();
});

/** The trees of each package, by the heads of the store. */
function heads(): Readonly<Record<string, unknown>> {
  const files = readdirSync(join(store, 'heads')).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    files.map((name) => {
      const text = readFileSync(join(store, 'heads', name), 'utf8');
      return [name, (JSON.parse(text) as { readonly trees: unknown }).trees];
    }),
  );
}

/** Whom the store says to believe, without when and by whom it was said. */
function trust(): Readonly<Record<string, unknown>> {
  const text = readFileSync(join(store, 'trust.json'), 'utf8');
  const { site, publishers, revoked } = JSON.parse(text) as Record<string, unknown>;
  return { site, publishers, revoked };
}

const changes = (call: SystemCall): boolean => !isSync(call) && call.succeeded;

/** Every so manyth of the calls, more of those that give names; all in a soak. */
function some(calls: readonly SystemCall[], most: number): SystemCall[] {
  const step = process.env['XHIER_SOAK'] === '1' ? 1 : Math.ceil(calls.length / most);
  const many = Math.ceil(step / 3);
  // the same file is opened below its place and beside it, which strace(1) does not tell apart
  const tellable = calls.filter(({ name }) => name !== 'openat');
  return tellable.filter((call, i) => i % (call.name.startsWith('rename') ? many : step) === 0);
}

interface Attempt {
  readonly state: string;
  readonly words: readonly string[];
  /** What is the same however it was come to. */
  readonly outcome: () => unknown;
  readonly most: number;
}

const ATTEMPTS: readonly (readonly [string, Attempt])[] = [
  ['publishing', { state: 'to publish', words: ['publish', '-q'], outcome: heads, most: 12 }],
  [
    'sweeping',
    {
      state: 'to sweep',
      words: ['store', 'gc', '-q', '--keep', '1', '--grace', '0'],
      outcome: heads,
      most: 6,
    },
  ],
  [
    'changing whom to believe',
    { state: 'published', words: ['key', 'add-site', 'next', '-q'], outcome: trust, most: 6 },
  ],
];

/** What is wrong with the store. */
async function unsound(): Promise<readonly string[]> {
  const { status, stdout, stderr } = await fixture.xh('store', 'verify');
  return status === 0 ? [] : [`the store is not whole: ${stdout}${stderr}`];
}

test.each(ATTEMPTS)(
  'killed while %s',
  async (_, { state, words, outcome, most }) => {
    const run = fixture.run(state, words);
    const calls = some((await recordCalls(run)).filter(changes), most);
    const after = outcome();
    const problems: string[] = [];
    for (const call of calls) {
      const { signal } = await killedAt(run, call);
      const found = [
        ...(signal === 'SIGKILL' ? [] : [`it ended by ${String(signal)}`]),
        ...(await unsound()),
      ];
      const { status, stderr } = await fixture.xh(...words);
      if (status !== 0) found.push(`again: ${stderr}`);
      found.push(...(await unsound()));
      try {
        expect(outcome()).toEqual(after);
      } catch (error) {
        found.push(String(error));
      }
      problems.push(
        ...found.map((what) => `killed at ${call.shown} (${call.name} ${call.number}): ${what}`),
      );
    }
    console.log(`xh ${words.join(' ')} killed at ${countText(calls)}`);
    expect(problems).toEqual([]);
  },
  180_000,
);

test.each(ATTEMPTS)(
  'refused by the disk while %s',
  async (_, { state, words, outcome, most }) => {
    const run = fixture.run(state, words);
    const calls = some(
      (await recordCalls(run)).filter(({ succeeded }) => succeeded),
      most,
    );
    const after = outcome();
    const problems: string[] = [];
    let refused = 0;
    for (const [index, call] of calls.entries()) {
      const errno = ['ENOSPC', 'EIO', 'EACCES'][index % 3] ?? 'EIO';
      const { status, signal, stderr } = await refusedAt(run, call, errno);
      const found = [
        ...(signal === null ? [] : [`it ended by ${signal}`]),
        ...(/defect of xhier/.test(stderr) ? [stderr] : []),
        ...(status !== 0 && !/→/.test(stderr) ? [`it does not say what to do: ${stderr}`] : []),
        ...(await unsound()),
      ];
      if (status !== 0) refused++;
      const again = await fixture.xh(...words);
      if (again.status !== 0) found.push(`again: ${again.stderr}`);
      try {
        expect(outcome()).toEqual(after);
      } catch (error) {
        found.push(String(error));
      }
      problems.push(
        ...found.map((what) => `${errno} at ${call.shown} (${call.name} ${call.number}): ${what}`),
      );
    }
    console.log(`xh ${words.join(' ')}: ${calls.length} refusals, ${refused} of them told`);
    expect(problems).toEqual([]);
    expect(refused).toBeGreaterThan(0);
  },
  180_000,
);
