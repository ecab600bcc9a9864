import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { freshMaster, lfck, report, suspicions, type Account, type Planted } from './master.ts';

function found(
  things: Readonly<Record<string, Planted | Account>>,
  words?: readonly string[],
): Record<string, string> {
  const master = freshMaster();
  master.plant(things);
  return suspicions(master, words ?? [master.path, '--accept', 'root']);
}

describe('whose a file is', () => {
  test("is told by the home directory that it stands in, which must be the account's own", () => {
    const things = {
      'home/tex': { owner: 'tex', directory: true },
      'home/tex/src/tex.web': 'jane',
      // the account's in /etc/passwd only
      'home/emacs': { owner: 'root', directory: true },
      'home/emacs/lisp.el': { owner: 1234 },
    } as const;
    expect(found(things)).toEqual({
      'home/tex/src/tex.web': 'tex home maintainer',
      'home/emacs/lisp.el': '?',
    });
  });

  test('is told by what all others in its directory are', () => {
    const things = {
      'lib/fonts/a': 'tex',
      'lib/fonts/b': 'tex',
      'lib/fonts/c': 'tex',
      'lib/fonts/d': { owner: 1234 },
      'lib/mixed/a': 'tex',
      'lib/mixed/b': 'tex',
      'lib/mixed/c': 'emacs',
      'lib/mixed/d': { owner: 1234 },
      'lib/few/a': 'tex',
      'lib/few/b': { owner: 1234 },
    } as const;
    expect(found(things)).toEqual({
      'lib/fonts/d': 'tex siblings',
      'lib/mixed/d': '?',
      'lib/few/b': '?',
    });
  });

  test('is told by nine of ten others, not by eight', () => {
    const things: Record<string, Planted | Account> = {};
    for (let i = 0; i < 9; i++) things[`nine/${i}`] = 'tex';
    for (let i = 0; i < 8; i++) things[`eight/${i}`] = 'tex';
    Object.assign(things, { 'nine/9': 'emacs', 'eight/8': 'emacs', 'eight/9': 'emacs' });
    Object.assign(things, { 'nine/x': { owner: 1234 }, 'eight/x': { owner: 1234 } });
    expect(found(things)).toEqual({ 'nine/x': 'tex siblings', 'eight/x': '?' });
  });

  test('is told by the owner of its directory', () => {
    const things = {
      'lib/tex': { owner: 'tex', directory: true },
      'lib/tex/only': { owner: 1234 },
      'lib/x11': { owner: 'x11', directory: true },
      'lib/x11/app': 'x11',
      'lib/x11/new': { owner: 1234 },
    } as const;
    expect(found(things)).toEqual({
      'lib/tex/only': 'tex directory',
      'lib/x11/new': 'x11 siblings',
    });
  });

  test('of a directory is told by what is in it, however deep', () => {
    const things = {
      'new/lib/deep/f': 'emacs',
      'new/lib/deep/g': { owner: 1234 },
      'new/lib': { owner: 1234, directory: true },
      'mixed/f': 'emacs',
      'mixed/g/h': 'tex',
      mixed: { owner: 1234, directory: true },
    } as const;
    expect(found(things)).toMatchObject({ 'new/lib': 'emacs contents', mixed: '?' });
  });

  test('below a directory that is suspected itself is what that one is', () => {
    const things: Record<string, Planted | Account> = {};
    let path = 'lib/tex/new';
    things['lib/tex/a'] = 'tex';
    for (const each of ['', '/b', '/b/c']) things[path + each] = { owner: 1234, directory: true };
    path += '/b/c/file';
    things[path] = { owner: 1234 };
    things['lib/tex'] = { owner: 'tex', directory: true };
    expect(found(things)).toEqual({
      'lib/tex/new': 'tex siblings',
      'lib/tex/new/b': 'tex directory',
      'lib/tex/new/b/c': 'tex directory',
      'lib/tex/new/b/c/file': 'tex directory',
    });
  });

  test('is told by where its other name stands', () => {
    const master = freshMaster();
    master.plant({
      'home/tex': { owner: 'tex', directory: true },
      'bin/virtex': 'root',
      'home/tex/virtex': { sameAs: 'bin/virtex' },
      'home/emacs': { owner: 'emacs', directory: true },
      'home/emacs/both': 'joe',
      'home/tex/both': { sameAs: 'home/emacs/both' },
    });
    const { suspects = [] } = report([...master.etc, master.path]);
    const [virtex, both] = suspects.filter(({ names }) => names !== undefined);
    expect(virtex?.names).toEqual([master.at('bin/virtex'), master.at('home/tex/virtex')]);
    expect(virtex?.suspected?.owner).toBe('tex');
    expect(virtex?.evidence[0]?.text).toBe(
      `as ${master.at('home/tex/virtex')}: it stands in the home directory of tex`,
    );
    // two packages' directories say two things
    expect(both?.suspected).toBeNull();
    expect(both?.evidence.map(({ owner }) => owner)).toEqual(['emacs', 'tex', 'emacs']);
  });

  test('is told by the package that its owner maintains, where there is one only', () => {
    const things = { 'bin/a': 'jane', 'bin/b': 'joe', 'bin/c': { owner: 1234 } } as const;
    expect(found(things)).toEqual({
      'bin/a': 'tex maintainer',
      'bin/b': '? maintainer maintainer',
      'bin/c': '?',
    });
  });

  test('is not clear where neighbours and maintainers contradict each other', () => {
    const neighbours = { 'lib/a': 'emacs', 'lib/b': 'emacs', 'lib/c': 'emacs' } as const;
    // of the packages that joe maintains, the one that is there
    expect(found({ ...neighbours, 'lib/jane': 'jane', 'lib/joe': 'joe' })).toEqual({
      'lib/jane': '? siblings maintainer',
      'lib/joe': 'emacs siblings maintainer',
    });
  });

  test('is never said to be root', () => {
    const master = freshMaster();
    master.plant({ 'lib/a': 'root', 'lib/b': 'root', 'lib/c': 'root', 'lib/d': { owner: 1234 } });
    expect(suspicions(master, [master.at('lib'), '--packages', 'all'])).toEqual({
      'lib/d': '? siblings',
    });
  });
});

describe("what is root's for a reason", () => {
  test('is not listed: common directories, and the tops of trees', () => {
    const things = {
      'local/sun4/bin/tex': 'tex',
      'local/share/man/man1/emacs.1': 'emacs',
      'local/share/pictures/a': 'tex',
      'local/share/pictures/b': 'emacs',
      'local/lib/tex/a': 'tex',
      'local/games': { directory: true },
    } as const;
    const master = freshMaster();
    master.plant(things);
    expect(suspicions(master, [master.at('local')])).toEqual({ 'local/lib/tex': 'tex contents' });
  });

  test('only with others it is listed', () => {
    const things = {
      'local/bin/su': 'root',
      'local/bin': { owner: 'jane', directory: true },
      'local/share/a': 'tex',
      'local/share/b': 'emacs',
    } as const;
    const master = freshMaster();
    master.plant(things);
    expect(suspicions(master, [master.at('local')])).toEqual({
      'local/bin': 'tex maintainer',
      'local/bin/su': 'tex directory',
    });
    const accepting = [master.at('local'), '--accept', 'root', '--accept', 'jane'];
    expect(suspicions(master, accepting)).toEqual({});
    expect(lfck([...master.etc, '--suspects', ...accepting])).toEqual(
      expect.objectContaining({ status: 0, stdout: '', stderr: '' }),
    );
  });
});

describe('which accounts are packages', () => {
  const THINGS = {
    'a/tex': 'tex',
    'a/jane': 'jane',
    'a/joe': 'joe',
    'a/n': { owner: 7007 },
  } as const;
  const listed = (...words: readonly string[]): readonly string[] => {
    const master = freshMaster('staff (,jane,) more\nmore (,joe,)\n');
    master.plant(THINGS);
    writeFileSync(master.at('list'), '# ours\ntex # and comments\n\n 7007\n');
    const named = words.map((word) => word.replace('LIST', master.at('list')));
    return Object.keys(suspicions(master, [master.at('a'), ...named])).map((path) => path.slice(2));
  };

  test('a netgroup says, with those in it', () => {
    expect(listed('--packages', '@staff')).toEqual(['n', 'tex']);
  });

  test('a file says, by name or number', () => {
    expect(listed('--packages', 'LIST')).toEqual(['jane', 'joe']);
  });

  test('several say together', () => {
    expect(listed('--packages', 'LIST', '--packages', '@more')).toEqual(['jane']);
  });

  test('all of them are, and only numbers are strange', () => {
    expect(listed('--packages', 'all')).toEqual(['n']);
  });

  test('a netgroup in a file of the operator comes first', () => {
    const master = freshMaster();
    master.plant(THINGS);
    writeFileSync(master.at('mine'), 'packages (,joe,) (,jane,)\n');
    const words = [master.at('a'), '--netgroup', master.at('mine')];
    expect(Object.keys(suspicions(master, words))).toEqual(['a/n', 'a/tex']);
  });

  test('a netgroup of maintainers that cannot be understood is told, and the rest is done', () => {
    const master = freshMaster('packages (,tex,) (,emacs,)\nnsu_tex (,,)\nnsu_emacs (,jane,)\n');
    master.plant({ 'a/tex': 'tex', 'a/f': 'jane' });
    const { suspects, problems } = report([...master.etc, master.at('a')]);
    expect(suspects?.map(({ suspected }) => suspected?.owner)).toEqual(['emacs']);
    expect(problems.map(({ message }) => message)).toEqual([
      "netgroup 'nsu_tex' has a triple with an empty user field, which means every user",
    ]);
  });
});

describe('the list', () => {
  test('names a directory once for all below it that is as strange', () => {
    const master = freshMaster();
    const things: Record<string, Planted> = { 'home/tex': { owner: 'tex', directory: true } };
    things['home/tex/new'] = { owner: 1234, directory: true };
    for (let i = 0; i < 30; i++) things[`home/tex/new/${i}`] = { owner: 1234 };
    things['home/tex/new/other'] = { owner: 1235 };
    master.plant(things);
    const words = [...master.etc, '--suspects', master.at('home/tex')];
    const { stdout, stderr, status } = lfck(words);
    expect(stdout).toBe(
      `${master.at('home/tex/new')} (and 30 below)
    1234, suspected tex: it stands in the home directory of tex
${master.at('home/tex/new/other')}
    1235, suspected tex: it stands in the home directory of tex
`,
    );
    expect(stderr).toBe(
      "lfck: 32 objects owned by no package; 'lfck --fix' would give 32 of them to packages\n",
    );
    expect(status).toBe(1);
    const every = lfck([...words, '--verbose', '--quiet']);
    expect(every.stdout.match(/suspected tex/g)).toHaveLength(32);
    expect(every.stderr).toBe('');
  });

  test('is the same in JSON, every object by itself', () => {
    const master = freshMaster();
    master.plant({
      'home/tex': { owner: 'tex', directory: true },
      'home/tex/f': { owner: 'jane', mode: 0o4755, size: 5000 },
    });
    expect(report([...master.etc, '--suspects', master.at('home/tex')])).toEqual({
      suspects: [
        {
          path: master.at('home/tex/f'),
          type: 'f',
          mode: '4755',
          bytes: 8192,
          owner: 'jane',
          uid: 6001,
          suspected: { owner: 'tex', uid: 5001 },
          evidence: [
            { kind: 'home', owner: 'tex', text: 'it stands in the home directory of tex' },
            { kind: 'maintainer', owner: 'tex', text: 'jane maintains tex (netgroup nsu_tex)' },
          ],
        },
      ],
      problems: [],
    });
  });
});
