import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFixture, type Fixture } from './fixture.ts';
import { differences, snapshot } from './snapshot.ts';
import { killedAt, recordCalls, requireStrace } from './strace.ts';

let fixture: Fixture;
let mounted = false;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  // the site root becomes a file system of its own, which can be filled
  fixture.restore('depot');
  rmSync(fixture.root, { recursive: true });
  mkdirSync(fixture.root);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'xhier-test', fixture.root]);
  } catch (error) {
    throw new Error('this test mounts a tmpfs: run it as root, in a container with SYS_ADMIN', {
      cause: error,
    });
  }
  mounted = true;
});
afterAll(() => {
  if (mounted) execFileSync('umount', [fixture.root]);
  fixture.remove();
});

/** Puts a state on the file system and leaves `pages` of it free. */
function restoreWithRoom(state: string, pages: number): void {
  for (const name of readdirSync(fixture.root)) {
    rmSync(join(fixture.root, name), { recursive: true });
  }
  execFileSync('cp', ['-a', `${join(fixture.directory, `state-${state}`)}/.`, fixture.root]);
  fill(pages);
}

function fill(pages: number): void {
  const { bavail, bsize } = statfsSync(fixture.root);
  writeFileSync(filler(), Buffer.alloc((bavail - pages) * bsize));
}

function filler(): string {
  return join(fixture.root, 'filler');
}

function site(): ReturnType<typeof snapshot> {
  return new Map([...snapshot(fixture.root)].filter(([path]) => path !== 'filler'));
}

test('an install on a disk that is full, sooner or later, is undone or done, and works when there is room', async () => {
  restoreWithRoom('depot', 100);
  const before = site();
  await fixture.must('install', 'clock@1.0');
  const after = site();
  const problems: string[] = [];
  let full = 0;
  for (let pages = 0; ; pages++) {
    restoreWithRoom('depot', pages);
    const { status, stderr } = await fixture.xh('install', 'clock@1.0');
    const problem = (what: string): void => void problems.push(`${pages} pages free: ${what}`);
    differences(status === 0 ? after : before, site()).forEach(problem);
    if (status === 0) break;
    full += 1;
    if (status !== 1) problem(`it ended with ${String(status)}`);
    if (!/no space left on device .*\n +→ free some space/.test(stderr)) problem(stderr);
    rmSync(filler());
    await fixture.must('install', 'clock@1.0');
    differences(after, site()).forEach(problem);
  }
  expect(problems).toEqual([]);
  // it needs some pages: the journal, and a file for each fragment
  expect(full).toBeGreaterThan(10);
}, 120_000);

test('what a killed command has left is taken back while the disk is full', async () => {
  restoreWithRoom('depot', 100);
  const before = site();
  const run = {
    ...fixture.run('depot', ['install', 'clock@1.0']),
    prepare: () => {
      restoreWithRoom('depot', 100);
    },
  };
  const last = (await recordCalls(run)).findLast(
    ({ name, shown }) => name === 'pwrite64' && shown.includes('/.xhier-'),
  );
  if (last === undefined) throw new Error('nothing was written');
  await killedAt(run, last);
  rmSync(filler());
  fill(0);
  await fixture.must('recover');
  expect(differences(before, site())).toEqual([]);
});
