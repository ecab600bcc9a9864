/**
 * A loss of power at any moment, with anything lost that had not been synced: see power-loss/losses.ts
 * for what a disk may do. XHIER_SEED repeats a run; XHIER_SOAK tries everything (test/soak/power-loss.mjs).
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, writeTree, type Fixture } from './fixture.ts';
import { leftovers, snapshot } from './snapshot.ts';
import { requireStrace, type Run } from './strace.ts';
import { perform, reachable, type Disk, type Operation } from './power-loss/disk.ts';
import { endsOf, judge, type Judged, type JudgeOptions } from './power-loss/judge.ts';
import { losses, seeded } from './power-loss/losses.ts';
import { placeAt } from './power-loss/place.ts';
import { diskOf, record, type Recording } from './power-loss/record.ts';
import { differencesOf, standingOn } from './power-loss/standing.ts';

const SEED = Number(process.env['XHIER_SEED'] ?? Date.now() % 1_000_000);
const SOAK = process.env['XHIER_SOAK'] !== undefined;
/** States of each command at most. */
const MOST = SOAK ? Infinity : 400;
/** One in so many is settled by the program, which then goes on. */
const PROGRAM = 200;
const LIMIT = SOAK ? 3_600_000 : 280_000;

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  const { must, keep, restore, root, software } = fixture;
  restore('installed');
  await must('use', 'clock@2.0');
  await must('uninstall', 'clock');
  keep('used');
  restore('depot');
  const files = Array.from({ length: 101 }, (_, i) => [`export/profile.d/many${i}.sh`, `N=${i}\n`]);
  writeTree(join(software, 'many'), Object.fromEntries(files) as Record<string, string>);
  await must('mkpkg', 'many', '--from', join(software, 'many'));
  rmSync(join(root, 'software/many/.admin/Install'));
  keep('many');
});
afterAll(() => {
  fixture.remove();
});

interface Lost {
  readonly state: string;
  /** Commands one after the other, after `xh`. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  /** There are so many operations that only the worst is tried: all is lost that was not synced. */
  readonly worst?: boolean;
}

const LOST: Readonly<Record<string, (software: string) => Lost>> = {
  'an install': () => ({ state: 'depot', commands: [['install', 'clock@1.0']] }),
  'an uninstall': () => ({ state: 'installed', commands: [['uninstall', 'clock-1.0']] }),
  'a switch of versions': () => ({ state: 'installed', commands: [['use', 'clock@2.0']] }),
  'mending links': () => ({ state: 'astray', commands: [['make-links']] }),
  'a rollback': () => ({ state: 'installed', commands: [['rollback']] }),
  'a collection': () => ({ state: 'used', commands: [['gc', '--keep', '1']] }),
  'the first package of a site': (software) => ({
    state: 'begun',
    commands: [['recover'], ['mkpkg', 'tool', '--from', join(software, 'tool')]],
  }),
  'an import in place of a package': (software) => ({
    state: 'installed',
    commands: [
      ['import', '--replace', '--name', 'older', '--version', '3', join(software, 'newer')],
    ],
  }),
  'an install of so many files that they are synced together': () => ({
    state: 'many',
    commands: [['install', 'many']],
    worst: true,
  }),
  'a day of commands': () => ({
    state: 'depot',
    commands: [['install', 'clock@1.0'], ['use', 'clock@2.0'], ['rollback'], ['gc', '--keep', '1']],
  }),
};

test.each(Object.keys(LOST))(
  'after a loss of power during %s everything is as before or as after, and nothing is torn or left',
  async (name) => {
    const { state, commands, worst = false } = lost(name);
    const recording = await recorded({ state, commands });
    const judged = await judgedOf(recording, {
      most: MOST,
      worst,
      settle: (index) => (index % PROGRAM === 0 ? succeeds(['recover']) : undefined),
      goOn: (index) => (index % PROGRAM === 0 ? goesOn(commands.at(-1) ?? []) : undefined),
    });
    say(name, judged);
    expect(judged.problems).toEqual([]);
    expect(judged.before).toBeGreaterThan(0);
    expect(judged.after).toBeGreaterThan(0);
  },
  LIMIT,
);

test(
  'after a second loss of power, while the first is being settled, it is the same',
  async () => {
    const recording = await recorded(lost('an install'));
    const random = seeded(SEED);
    const all = [...losses(recording.start, recording.operations, { random, more: 2 })];
    const place = placeAt(fixture.root);
    const found: Judged[] = [];
    const ends = endsOf(recording);
    for (let i = 0; i < (SOAK ? 100 : 8); i++) {
      const loss = all[Math.floor(random() * all.length)];
      if (loss === undefined) throw new Error('there are none');
      place.put(reachable(loss.disk()));
      const again = await record(fixture.root, [run(['recover'])]);
      const reached = endsOf(again).at(-1) ?? new Map<string, string>();
      const others = ends.filter((end) => differencesOf(end, reached).length > 0);
      const settled = [others[0] ?? reached, reached];
      const judged = await judgedOf({ ...again, settled }, { most: SOAK ? 200 : 50 });
      place.forget();
      found.push({
        ...judged,
        problems: judged.problems.map((each) => `${each}\nfirst ${loss.told()}`),
      });
    }
    const states = found.reduce((sum, each) => sum + each.states, 0);
    console.log(`a second loss of power: ${states} states`);
    expect(found.flatMap(({ problems }) => problems)).toEqual([]);
  },
  LIMIT,
);

test(
  'without the syncs of any one file or directory, an install is found to come to harm',
  async () => {
    const recording = await recorded(lost('an install'));
    const objects = recording.operations.flatMap((each) => (each.op === 'sync' ? [each] : []));
    const unnoticed: string[] = [];
    for (const object of new Set(objects.map((each) => each.object))) {
      const options = { most: Infinity, worst: true, enough: 1 };
      const { problems } = await judgedOf(withoutSyncs(recording, object), options);
      if (problems.length > 0) continue;
      unnoticed.push(...objects.filter((each) => each.object === object).map(({ shown }) => shown));
    }
    console.log(`${objects.length} syncs, those of each object left out in turn`);
    expect(unnoticed).toEqual([]);
  },
  LIMIT,
);

test('contents are on the disk before a name leads to them, and names before the journal goes on', async () => {
  const { operations } = await recorded(lost('an install'));
  const unsynced = new Map<number, string>();
  const unlisted = new Map<number, string>();
  const problems: string[] = [];
  for (const each of operations) {
    if (each.op === 'sync') {
      if (each.object === undefined) unsynced.clear();
      else {
        unsynced.delete(each.object);
        unlisted.delete(each.object);
      }
    } else if (each.op !== 'names') unsynced.set(each.object, each.shown);
    else {
      const shows = each.names.filter(
        ({ name, object }) => object !== undefined && !name.startsWith('.'),
      );
      for (const { object } of shows) {
        const late = unsynced.get(object ?? 0);
        if (late !== undefined) problems.push(`${each.shown}: not synced was ${late}`);
      }
      // the journal goes on only when all that it says has been done is there
      if (shows.some(({ name }) => /\.(?:commit|clean)$/.test(name))) {
        problems.push(
          ...[...unlisted.values()].map((late) => `${each.shown}: not synced was ${late}`),
        );
      }
      for (const { directory } of each.names) unlisted.set(directory, each.shown);
    }
  }
  expect(problems).toEqual([]);
});

test('the disk that the calls are followed on is the one that they make', async () => {
  const recording = await recorded(lost('a day of commands'));
  const made: Disk = new Map(recording.start);
  for (const each of recording.operations) perform(made, each);
  expect(differencesOf(standingOn(diskOf(fixture.root)), standingOn(made))).toEqual([]);
});

function lost(name: string): Lost {
  const found = LOST[name]?.(fixture.software);
  if (found === undefined) throw new Error(name);
  return found;
}

async function recorded({ state, commands }: Lost): Promise<Recording> {
  fixture.restore(state);
  return record(fixture.root, commands.map(run));
}

/** A command on what stands at the root. */
function run(words: readonly string[]): Run {
  return fixture.run('', words);
}

function judgedOf(
  recording: Recording,
  options: Pick<JudgeOptions, 'most'> & Partial<JudgeOptions>,
): Promise<Judged> {
  return judge(fixture.root, recording, { random: seeded(SEED), more: SOAK ? 40 : 3, ...options });
}

/** The program would be the same without the syncs of an object; all before the first is as it was. */
function withoutSyncs(
  { operations, ends, ...rest }: Recording,
  object: number | undefined,
): Recording {
  const isLeftOut = (each: Operation): boolean => each.op === 'sync' && each.object === object;
  return {
    ...rest,
    operations: operations.filter((each) => !isLeftOut(each)),
    ends: ends.map((end) => end - operations.slice(0, end).filter(isLeftOut).length),
  };
}

async function succeeds(words: readonly string[], may: readonly number[] = [0]): Promise<string[]> {
  const { status, stderr } = await fixture.xh(...words);
  return may.includes(status ?? -1)
    ? []
    : [`xh ${words.join(' ')} ended with ${String(status)}: ${stderr}`];
}

/** The same command again, and others. */
async function goesOn(words: readonly string[]): Promise<string[]> {
  // made, or gone, already
  const may = words[0] === 'mkpkg' || words[0] === 'uninstall' ? [0, 1, 3] : [0];
  return [
    ...(await succeeds(words, may)),
    ...(await succeeds(['install', '--all'])),
    ...(await succeeds(['history'])),
    ...leftovers(snapshot(fixture.root)).map((left) => `${left} is left`),
  ];
}

function say(name: string, { states, before, after, problems }: Judged): void {
  console.log(
    `power lost during ${name}: ${states} states (XHIER_SEED=${SEED}); ${before} as before, ${after} as after, ${problems.length} problems`,
  );
}
