/** Disks as they are: full, read-only, with mounts in the middle; masters that go away. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { difference } from '../lfu/trees.ts';
import { makeLfuFixture, type LfuFixture } from './lfu-runs.ts';
import { isOurs, litter, look, lookDifference, tornAt } from './lfu-trees.ts';
import { requireStrace, runCommand, type Ended } from './strace.ts';

let fixture: LfuFixture;
beforeAll(() => {
  requireStrace();
  fixture = makeLfuFixture();
});
afterAll(() => {
  fixture.remove();
});

function sh(script: string): string {
  return execFileSync('sh', ['-euc', script], { cwd: fixture.directory, encoding: 'utf8' });
}

/** Mounts for as long as the test runs. */
function mount(words: string, point: string): void {
  try {
    sh(`mkdir -p ${point}; mount ${words} ${point}`);
  } catch (error) {
    throw new Error('this test mounts: run it as root, in a container with SYS_ADMIN', {
      cause: error,
    });
  }
  onTestFinished(() => {
    spawnSync('umount', ['-l', join(fixture.directory, point)]);
  });
}

/** The next plain run: it completes, and leaves nothing. */
async function completes(): Promise<void> {
  expect(await fixture.lfu()).toMatchObject({ status: 0, stderr: '' });
  expect(litter(look(fixture.slave))).toEqual([]);
  expect(difference(fixture.master, fixture.slave)).toBe('');
}

describe('a slave', () => {
  beforeEach(() => {
    fixture.restore();
  });

  test.each([
    ['of blocks', 'size', [220, 260, 300, 500, 800, 1100, 1400].map((size) => `${size}k`)],
    ['of inodes', 'nr_inodes', ['44', '46', '49', '52', '55']],
  ])(
    'that is full, %s, sooner or later: what does not fit is told and left as it was',
    async (_, option, limits) => {
      sh('rm -rf slave');
      const start = { size: '100m', nr_inodes: '1000' };
      const given = Object.entries(start)
        .map(([key, value]) => `${key}=${value}`)
        .join(',');
      mount(`-t tmpfs -o mode=755,${given} none`, 'slave');
      const refill = (): void => {
        sh(
          `mount -o remount,${given} slave; find slave -mindepth 1 -delete; cp -a planted/. slave`,
        );
      };
      refill();
      const before = look(fixture.slave);
      await completes();
      const after = look(fixture.slave);
      const problems: string[] = [];
      let full = 0;
      for (const limit of limits) {
        refill();
        sh(`mount -o remount,${option}=${limit} slave`);
        const { status, stderr } = await fixture.lfu();
        const now = look(fixture.slave);
        const found = [
          ...tornAt(before, after, now),
          ...litter(now),
          ...untold(after, now, stderr),
        ];
        if (status === 1) full += 1;
        if (status !== (stderr === '' ? 0 : 1))
          found.push(`it ended with ${String(status)}: ${stderr}`);
        if (status === 1 && !stderr.includes('no space left on device')) found.push(stderr);
        problems.push(...found.map((each) => `${limit}: ${each}`));
        sh(`mount -o remount,${given} slave`);
        await completes();
      }
      expect(problems).toEqual([]);
      console.log(`full ${limits.length} times, ${full} of them too early`);
      expect(full).toBeGreaterThan(2);
    },
  );

  test('that is read-only is told object by object, and nothing is touched', async () => {
    mount('--bind slave', 'slave');
    sh('mount -o remount,bind,ro slave');
    const before = look(fixture.slave);
    const { status, stderr } = await fixture.lfu();
    expect(status).toBe(1);
    expect(stderr).toContain('lfu: replaced: read-only file system (openat)\n');
    expect(lookDifference(before, look(fixture.slave))).toEqual([]);
    expect(untold(look(fixture.master), look(fixture.slave), stderr)).toEqual([]);
    sh('mount -o remount,bind,rw slave');
    await completes();
  });

  test('with files that nobody may change keeps those, tells, and gets the rest', async () => {
    const immutable = ['replaced', 'lone', 'meta/mode', 'grow', 'old/deep'];
    const names = immutable.map((name) => `slave/${name}`).join(' ');
    sh(`chattr +i ${names}`);
    onTestFinished(() => {
      spawnSync('sh', ['-c', `chattr -i ${names}`], { cwd: fixture.directory });
    });
    const before = look(fixture.slave);
    const { status, stderr } = await fixture.lfu();
    const now = look(fixture.slave);
    expect(status).toBe(1);
    for (const name of immutable) {
      expect(stderr).toMatch(new RegExp(`^lfu: ${name}\\b.*: operation not permitted`, 'm'));
    }
    expect(now.get('replaced')).toEqual(before.get('replaced'));
    expect(litter(now)).toEqual([]);
    expect(untold(look(fixture.master), now, stderr)).toEqual([]);
    sh(`chattr -i ${names}`);
    await completes();
  });

  test('with another file system in it gets all of it; hard links that cannot be are told', async () => {
    sh('mkdir slave/new');
    mount('-t tmpfs -o mode=755 none', 'slave/new');
    mount('-t tmpfs -o mode=755 none', 'slave/meta');
    const { status, stderr } = await fixture.lfu();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(difference(fixture.master, fixture.slave)).toBe('');
    sh('umount slave/new; mkdir slave/new/deep');
    mount('-t tmpfs -o mode=755 none', 'slave/new/deep');
    const across = await fixture.lfu();
    expect(across.status).toBe(1);
    expect(across.stderr).toMatch(/^lfu: new\/f: on another file system/m);
    expect(untold(look(fixture.master), look(fixture.slave), across.stderr)).toEqual([]);
  });

  test('with a mount point where the master has something else, or nothing: it stays, and is told', async () => {
    for (const name of ['dir2file', 'old/deep']) {
      mount('-t tmpfs none', `slave/${name}`);
      sh(`echo precious > slave/${name}/precious`);
    }
    const { status, stderr } = await fixture.lfu();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^lfu: dir2file: .*/m);
    expect(stderr).toMatch(/^lfu: old\/deep: the master lacks it, and something is mounted on it/m);
    for (const name of ['dir2file', 'old/deep']) {
      expect(readFileSync(join(fixture.slave, name, 'precious'), 'utf8')).toBe('precious\n');
    }
    expect(litter(look(fixture.slave))).toEqual([]);
    expect(untold(look(fixture.master), look(fixture.slave), stderr)).toEqual([]);
    for (const name of ['dir2file', 'old/deep']) sh(`umount slave/${name}`);
    await completes();
  });

  test('in which something is mounted during the run: the same', async () => {
    const { status, stderr } = await held('unlinkat:delay_enter=700000:when=4', {
      trees: fixture,
      meanwhile() {
        mount('-t tmpfs none', 'slave/old');
      },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^lfu: old\b.*: (?:another directory|in use: something is mounted on it)/m,
    );
    sh('umount slave/old');
    await completes();
  });

  test('for which there are too few open files: it is done, or told', async () => {
    const before = look(fixture.slave);
    const counts = { done: 0, told: 0, refused: 0, unable: 0 };
    for (const limit of [18, 20, 22, 24, 27, 30, 34, 40, 64]) {
      fixture.restore();
      const { words, env } = fixture.run();
      const limited = ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', ...words];
      const { status, stderr } = await runCommand('sh', limited, { env: { ...env } });
      const now = look(fixture.slave);
      expect([limit, tornAt(before, look(fixture.master), now)]).toEqual([limit, []]);
      if (status === 0) counts.done += 1;
      // the interpreter itself cannot start
      else if (!stderr.startsWith('lfu: ')) counts.unable += 1;
      else {
        expect(stderr).toContain('too many open files');
        const isBegun = stderr.includes(' failed; everything else is done');
        counts[isBegun ? 'told' : 'refused'] += 1;
        expect([1, 3]).toContain(status);
        if (isBegun) expect(untold(look(fixture.master), now, stderr)).toEqual([]);
        else expect(lookDifference(before, now)).toEqual([]);
      }
      await completes();
    }
    console.log(`too few open files: ${JSON.stringify(counts)}`);
    expect(counts.done).toBeGreaterThan(0);
    expect(counts.told).toBeGreaterThan(0);
  });
});

describe.each([
  ['by native threads', {}],
  ['by ourselves', { XHIER_NATIVE: 'no' }],
] as const)('a master, looked at %s,', (_, env) => {
  let trees: LfuFixture;
  beforeEach(() => {
    trees = makeLfuFixture(env);
    trees.restore();
    onTestFinished(() => {
      trees.remove();
    });
  });

  test.each([
    ['that is moved away', 'mount --move master away'],
    ['that is unmounted', 'umount -l master'],
  ])('%s during the run is copied to the end all the same', async (_how, script) => {
    mountAgain('master', trees);
    mkdirSync(join(trees.directory, 'away'));
    onTestFinished(() => {
      spawnSync('umount', ['-l', join(trees.directory, 'away')]);
    });
    const { status, stderr } = await held('mkdirat:delay_enter=500000:when=1', {
      trees,
      meanwhile() {
        execFileSync('sh', ['-euc', script], { cwd: trees.directory });
      },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(difference(join(trees.directory, 'master-kept'), trees.slave)).toBe('');
  });

  test('that is removed while it is looked at takes nothing with it that was not known to be gone', async () => {
    execFileSync(
      'sh',
      ['-euc', 'mkdir -p master/zone slave/zone; touch master/zone/a slave/zone/b'],
      {
        cwd: trees.directory,
      },
    );
    const { status, stderr } = await held('getdents64:delay_enter=500000', {
      trees,
      path: join(trees.master, 'zone'),
      meanwhile() {
        rmSync(join(trees.master, 'zone'), { recursive: true });
      },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^lfu: zone: no such file or directory/m);
    expect(readdirSync(join(trees.slave, 'zone'))).toEqual(['b']);
  });

  test('of which a part is unmounted while it is looked at: nothing below it is deleted', async () => {
    mountAgain('master/same', trees);
    execFileSync('cp', ['-a', join(trees.master, 'same'), trees.slave]);
    const { stdout, stderr } = await held('openat:delay_enter=500000', {
      trees,
      path: 'same',
      meanwhile() {
        execFileSync('umount', ['-l', join(trees.master, 'same')]);
      },
    });
    expect(readdirSync(join(trees.slave, 'same')).toSorted()).toEqual(['f', 'l']);
    expect(stdout).not.toMatch(/^delete . \S+ same/m);
    expect(stderr).toMatch(/^lfu: same: /m);
  });

  test('of which a part is unmounted while an index of it is made: slaves keep what they have of it', async () => {
    mountAgain('master/same', trees);
    execFileSync('cp', ['-a', join(trees.master, 'same'), trees.slave]);
    const index = join(trees.directory, 'index');
    const scanned = await held('openat:delay_enter=500000', {
      trees,
      words: [process.execPath, trees.program, 'scan', trees.master, '-o', index],
      path: 'same',
      meanwhile: () => {
        execFileSync('umount', ['-l', join(trees.master, 'same')]);
      },
    });
    expect(scanned.status).toBe(1);
    expect(scanned.stderr).toMatch(/^lfu: same: what was mounted there is not any more/m);
    await trees.lfu('--index', index);
    expect(readdirSync(join(trees.slave, 'same')).toSorted()).toEqual(['f', 'l']);
  });

  test('that is not mounted is no master, though its mount point is not empty', async () => {
    execFileSync('sh', ['-euc', 'echo local > master/.lfu-master'], { cwd: trees.directory });
    expect(await trees.lfu('--marker', 'local')).toMatchObject({ status: 0, stderr: '' });
    mountAgain('master', trees);
    execFileSync('sh', ['-euc', 'umount master; mkdir master/same'], {
      cwd: trees.directory,
    });
    const before = look(trees.slave);
    expect(await trees.lfu('-i', '--marker', 'local')).toMatchObject({ status: 3, stdout: '' });
    expect(lookDifference(before, look(trees.slave))).toEqual([]);
  });
});

/** Puts what stands at `path` on a file system of its own, and a copy of it aside. */
function mountAgain(path: string, trees: LfuFixture): void {
  const at = join(trees.directory, path);
  const kept = `${trees.master}-kept`;
  execFileSync('cp', ['-a', at, kept]);
  execFileSync('find', [at, '-mindepth', '1', '-delete']);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'none', at]);
  onTestFinished(() => {
    spawnSync('umount', ['-l', at]);
  });
  execFileSync('cp', ['-aT', kept, at]);
}

interface Holding {
  readonly trees: LfuFixture;
  /** What is run, if not an update. */
  readonly words?: readonly [string, ...string[]];
  /** Only calls on this path wait. */
  readonly path?: string;
  readonly meanwhile: () => void;
}

/** A run during which something happens to the trees while it waits in a call. */
async function held(
  inject: string,
  { trees, words = trees.run('-i').words, path, meanwhile }: Holding,
): Promise<Ended> {
  const { env } = trees;
  const call = inject.replace(/:.*/, '');
  const log = join(trees.directory, 'log');
  rmSync(log, { force: true });
  const at = path === undefined ? [] : ['-P', path];
  const traced = ['-f', '-qqq', '-o', log, ...at, '-e', `trace=${call}`, '-e', `inject=${inject}`];
  const run = runCommand('strace', [...traced, ...words], { env });
  const number = Number(/when=(\d+)/.exec(inject)?.[1] ?? 1);
  // strace shows a call as soon as it is entered
  while (!existsSync(log) || readFileSync(log, 'latin1').split(`${call}(`).length <= number) {
    await wait(10);
  }
  meanwhile();
  return run;
}

/** What differs, and is neither named nor in something that is. */
function untold(
  wanted: ReturnType<typeof look>,
  found: ReturnType<typeof look>,
  stderr: string,
): string[] {
  const named = stderr.split('\n').flatMap((line) => /^lfu: (\S+): \S/.exec(line)?.[1] ?? []);
  return lookDifference(wanted, found).filter((line) => {
    const path = line.split(' ', 1)[0] ?? '';
    // what is to stay keeps the directories that it stands in
    const isHeld = !wanted.has(path);
    return !named.some(
      (name) =>
        isOurs(path) ||
        name === '.' ||
        `${path}/`.startsWith(`${name}/`) ||
        (isHeld && name.startsWith(`${path}/`)),
    );
  });
}
