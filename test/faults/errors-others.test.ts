import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import { endsOf } from './kills.ts';
import { refuseEach, type Refused } from './refusals.ts';
import { differences, leftovers, snapshot } from './snapshot.ts';
import { isSync, refusedFrom, requireStrace } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  writeTree(fixture.software, {
    'made/xh-imakefile': 'Script(tidy, user)\nManual(tidy, 1)\n',
    'made/tidy': command('tidy'),
    'made/tidy.1': '.TH TIDY 1\n',
  });
  // so that each run has as much to do
  await fixture.must('make', '-C', join(fixture.software, 'made'));
});
afterAll(() => {
  fixture.remove();
});

const ERRNOS = ['ENOSPC', 'EIO', 'EACCES'];

const OTHERS: Readonly<Record<string, (software: string) => Omit<Refused, 'errnos'>>> = {
  'an uninstall': () => ({ state: 'installed', words: ['uninstall', 'clock-1.0'] }),
  'a switch of versions': () => ({ state: 'installed', words: ['use', 'clock@2.0'] }),
  'mending links': () => ({ state: 'astray', words: ['make-links'] }),
  'mending with the doctor': () => ({ state: 'astray', words: ['doctor', '--fix'] }),
  'a rollback': () => ({ state: 'installed', words: ['rollback'] }),
  'a collection': () => ({ state: 'installed', words: ['gc', '--keep', '1'] }),
  'registering packages': () => ({ state: 'depot', words: ['register', '--all'] }),
  'installing a build': (software) => ({
    state: 'depot',
    words: ['make', 'install', '--quiet', '-C', join(software, 'made')],
    // what it starts makes such calls, too
    run: (run) => ({ ...run, threads: true }),
  }),
  'an import that is moved from its place': (software) => ({
    state: 'depot',
    words: ['import', '--relocate', '--name', 'tool', join(software, 'tool')],
  }),
  'making a package': (software) => ({
    state: 'depot',
    words: ['mkpkg', 'tool', '--from', join(software, 'tool')],
  }),
};

test.each(Object.keys(OTHERS))(
  '%s that the disk refuses any change says which and what to do, and is undone',
  async (name) => {
    const refused = OTHERS[name]?.(fixture.software);
    if (refused === undefined) throw new Error(name);
    const problems = await refuseEach(fixture, {
      ...refused,
      // each call once, with the errors in turn; syncs with the install
      errnos: (call, index) => (isSync(call) ? [] : ERRNOS.slice(index % 3, (index % 3) + 1)),
      next: (index) => index % 3 === 0,
    });
    expect(problems).toEqual([]);
  },
  280_000,
);

test.each([2, 5, 9, 16])(
  'a disk that fails for good at the %d. rename: what could not be taken back is settled when it is mended',
  async (number) => {
    const { before, after } = await endsOf(fixture, 'scripted depot', ['install', 'clock@1.0']);
    const run = fixture.run('scripted depot', ['install', 'clock@1.0']);
    const { status, stderr } = await refusedFrom(run, { name: 'renameat2', number }, 'EIO');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^xh: .*input\/output error .*\n +→ \S/);
    const halfWay = leftovers(snapshot(fixture.root)).length > 0;
    expect(/taking the change back failed too: .*\n +→ .*xh recover/.test(stderr)).toBe(halfWay);
    await fixture.must('recover');
    const now = snapshot(fixture.root);
    expect(leftovers(now)).toEqual([]);
    expect(differences(before, now).length === 0 || differences(after, now).length === 0).toBe(
      true,
    );
  },
);
