import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, makeFixture, writeTree, type Fixture } from './fixture.ts';
import { changesSomething, endsOf, killAtEach, killEach, type Killed } from './kills.ts';
import { snapshot } from './snapshot.ts';
import { requireStrace, type Run, type SystemCall } from './strace.ts';

let fixture: Fixture;
beforeAll(async () => {
  requireStrace();
  fixture = await makeFixture();
  fixture.restore('depot');
  writeTree(fixture.root, { '.software/local/.admin/bins/bin/clock': command('mine') });
  fixture.keep('occupied');
  const answers = '"At what time?" noon\n"Sure?" secret yes\n';
  writeTree(fixture.software, {
    answers,
    'made/xh-imakefile': 'Script(tidy, user)\nManual(tidy, 1)\n',
    'made/tidy': command('tidy'),
    'made/tidy.1': '.TH TIDY 1\n',
  });
});
afterAll(() => {
  fixture.remove();
});

/**
 * Nothing is different before and after a sync: the install is killed there, these are not. And but in a
 * soak, of the calls that give no names, which are those that count, every other one will do.
 */
const which = (call: SystemCall, index: number): boolean =>
  changesSomething(call) &&
  (process.env['XHIER_SOAK'] === '1' || call.name.startsWith('rename') || index % 2 === 0);
const older = ['older answers'];
const clock = ['clock 1.0', 'clock 2.0'];

const COMMANDS: Readonly<Record<string, (software: string) => Killed>> = {
  'an uninstall': () => ({
    which,
    state: 'scripted installed',
    words: ['uninstall', 'clock-1.0'],
    programs: { older },
  }),
  // what is after the script is killed with the plain install
  'an install whose script asks': (software) => ({
    which: (call, index) => changesSomething(call) && index % 4 === 1,
    state: 'asking depot',
    words: ['install', 'clock@1.0', '--answer', join(software, 'answers')],
    programs: { older },
  }),
  'a switch of versions': () => ({
    which,
    state: 'scripted installed',
    words: ['use', 'clock@2.0'],
    programs: { older, clock },
  }),
  'mending links': () => ({ which, state: 'astray', words: ['make-links'], programs: { older } }),
  'mending with the doctor': () => ({
    which,
    state: 'astray',
    words: ['doctor', '--fix'],
    programs: { older },
  }),
  // before and after it is the same command
  'taking what people made into a package': () => ({
    which,
    state: 'occupied',
    words: ['install', 'clock@1.0', '--adopt', '--yes'],
    programs: { older, clock: ['mine'] },
  }),
  'a rollback': () => ({ which, state: 'installed', words: ['rollback'], programs: { older } }),
  'a collection': () => ({
    which,
    state: 'installed',
    words: ['gc', '--keep', '1'],
    programs: { older, clock: ['clock 1.0'] },
  }),
  // page, link and receipt at once
  'registering packages': () => ({
    which,
    state: 'depot',
    words: ['register', '--all'],
    programs: { older },
  }),
  'making a package': (software) => ({
    which,
    state: 'depot',
    words: ['mkpkg', 'tool', '--from', join(software, 'tool')],
    programs: { older },
  }),
  'a build that is put beside what people made': (software) => ({
    which: (call, index) => changesSomething(call) && index % 2 === 1,
    state: 'installed',
    words: ['make', 'install', '--package', 'older', '-C', join(software, 'made')],
    programs: { older, clock: ['clock 1.0'] },
    // what it starts makes such calls, too
    run: (run) => ({ ...run, threads: true }),
  }),
  'an import in place of a package': (software) => ({
    which,
    state: 'installed',
    words: ['import', '--replace', '--name', 'older', '--version', '3', join(software, 'newer')],
    programs: { older: [...older, 'newer answers'], clock },
  }),
};

test.each(Object.keys(COMMANDS))(
  '%s that is killed at any change it makes leaves a site that works, and is settled whole',
  async (name) => {
    const killed = COMMANDS[name]?.(fixture.software);
    if (killed === undefined) throw new Error(name);
    expect(await killEach(fixture, killed)).toEqual([]);
  },
  280_000,
);

test('the first command on a site, killed under a strict umask, leaves directories that everybody may enter', async () => {
  const words = ['mkpkg', 'tool', '--from', join(fixture.software, 'tool')];
  fixture.restore('begun');
  await fixture.must('recover');
  const before = snapshot(fixture.root);
  const { after } = await endsOf(fixture, 'begun', words);
  const run = ({ words: plain, ...rest }: Run): Run => ({
    ...rest,
    words: ['sh', '-c', 'umask 077; exec "$@"', 'sh', ...plain],
  });
  // what comes after is the same as on any site
  const ofDirectories = (call: SystemCall) =>
    changesSomething(call) && /^(?:mkdir|chmod|symlink)/.test(call.name);
  const killed = { which: ofDirectories, state: 'begun', words, run, ends: { before, after } };
  const { problems } = await killAtEach(fixture, killed);
  expect(problems).toEqual([]);
}, 280_000);
