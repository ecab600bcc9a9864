/** `xh register`: the manual page software(i). */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

const PAGE = 'software/software/man/man7/software.7i';
const FARM = '.software/local/.admin/man';

function pack(
  root: string,
  directory: string,
  options: string,
  maintainer = 'jane@example.org',
): void {
  makePackage(root, directory, {
    '.admin/Options': options,
    '.admin/Maintainer': `${maintainer}\n`,
    'bin/x': command('x'),
  });
}

function someDepot(): string {
  const { path: root } = freshSite();
  pack(
    root,
    'tree',
    'version = 2.1\nsummary = lists directories\nhomepage = https://example.org/tree\n',
  );
  pack(root, 'sl', 'version = 5\nsummary = a locomotive\n', 'Jane Doe <jane@example.org>');
  return root;
}

/** The page as `man` shows it to somebody with the farm on his path. */
function man(root: string): string {
  const shown = spawnSync('man', ['-M', join(root, FARM), 'software'], {
    encoding: 'utf8',
    env: {
      ...process.env,
      MANWIDTH: '80',
      MANPAGER: 'cat',
      LC_ALL: 'C.UTF-8',
      MAN_KEEP_FORMATTING: '',
    },
  });
  expect(shown.stderr).toBe('');
  return shown.stdout.replace(/.\u0008|\u001b\[[0-9;]*m/g, '');
}

/** What groff has against the page. */
function complaints(root: string): string {
  const judged = spawnSync('groff', ['-man', '-ww', '-z', '-Kutf8', '-Tutf8', join(root, PAGE)], {
    encoding: 'utf8',
  });
  return judged.stderr;
}

describe('the page', () => {
  test('is what man shows of software, with every registered package, sorted', () => {
    const root = someDepot();
    const ran = xhDone(root, 'register', 'tree', 'sl', '--message', 'for everybody');
    expect(ran.stderr).toContain(
      'registered sl, tree (generation 1): software(i) lists 2 packages',
    );
    expect(complaints(root)).toBe('');
    const shown = man(root);
    expect(shown).toMatch(/^SOFTWARE\(i\) +Software +SOFTWARE\(i\)/);
    expect(shown).toMatch(
      /sl 5\n +a locomotive\n +Maintainer: Jane Doe <jane@example\.org>\n\n +tree 2\.1\n +lists directories\n +https:\/\/example\.org\/tree\n +Maintainer: jane@example\.org\n/,
    );
    expect(xhDone(root, 'history').stdout).toContain('(for everybody)');
  });

  test('is a package like any other: it is verified, linked, found, and goes with uninstall', () => {
    const root = someDepot();
    xhDone(root, 'register', '--all');
    expect(xhDone(root, 'list', '--installed').stdout).toContain('* software');
    xhDone(root, 'farm', 'check');
    expect(xhDone(root, 'make-links').stderr).toContain('nothing to do');
    expect(xhDone(root, 'install', 'software').stderr).not.toContain('generation');
    xhDone(root, 'uninstall', 'software');
    expect(existsSync(join(root, FARM, 'man7/software.7i'))).toBe(false);
    // the depot's page is kept up to date, and this host left alone
    pack(root, 'new', 'version = 1\n');
    xhDone(root, 'register', 'new');
    expect(readFileSync(join(root, PAGE), 'utf8')).toContain('\\fBnew');
    expect(existsSync(join(root, FARM, 'man7/software.7i'))).toBe(false);
    xhDone(root, 'install', 'software');
    expect(man(root)).toContain('new 1');
  });

  test('says what a package says, letter by letter', () => {
    const { path: root } = freshSite();
    pack(
      root,
      'odd',
      "summary = .so /etc/shadow \\fBbold\\fR 'quoted' -dash ~/x ^y größe\n",
      "Émile O'Hara <e@example.org>",
    );
    pack(root, 'sign', "summary = 'tis \\\\n(.x\n");
    xhDone(root, 'register', '--all');
    expect(complaints(root)).toBe('');
    const shown = man(root);
    expect(shown).toContain(".so /etc/shadow \\fBbold\\fR 'quoted' -dash ~/x ^y größe");
    expect(shown).toContain("'tis \\\\n(.x");
    expect(shown).toContain("Maintainer: Émile O'Hara <e@example.org>");
  });
});

describe('registering', () => {
  test('twice changes nothing, and makes no generation', () => {
    const root = someDepot();
    xhDone(root, 'register', 'tree');
    const before = snapshot(root);
    const again = xhDone(root, 'register', 'tree', '--json');
    expect(again.stderr).toContain('nothing to do');
    expect(JSON.parse(again.stdout)).toEqual({ added: [], removed: [], registered: ['tree'] });
    expect(snapshot(root)).toEqual(before);
    expect(xhDone(root, 'history').stdout.split('\n')).toHaveLength(2);
  });

  test('brings the others up to date: a new summary, another version, one that is gone', () => {
    const root = someDepot();
    xhDone(root, 'register', '--all');
    rmSync(join(root, 'software/sl'), { recursive: true });
    writeFileSync(join(root, 'software/tree/.admin/Options'), 'version = 3\nsummary = better\n');
    const ran = xhDone(root, 'register');
    expect(ran.stderr).toContain('took off sl, which the depot has no more');
    expect(man(root)).toMatch(/tree 3\n +better\n/);
    expect(man(root)).not.toContain('sl 5');
  });

  test('names each package once, its current version first', () => {
    const { path: root } = freshSite();
    pack(root, 'jq-1.6', 'version = 1.6\nsummary = old\n');
    pack(root, 'jq-1.7', 'version = 1.7\nsummary = new\n');
    xhDone(root, 'use', 'jq@1.6');
    xhDone(root, 'register', 'jq@1.7');
    expect(man(root)).toMatch(/jq 1\.6\n +old\n +Other versions: 1\.7\n/);
  });

  test('does not mind that another registered package is broken; the one that is asked for must be sound', () => {
    const root = someDepot();
    xhDone(root, 'register', 'sl');
    writeFileSync(join(root, 'software/sl/.admin/Options'), 'nonsense\n');
    xhDone(root, 'register', 'tree');
    expect(complaints(root)).toBe('');
    expect(man(root)).toMatch(/sl\n +It cannot be read: /);
    const ran = xh(root, 'register', 'sl');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('nonsense');
  });

  test('can be tried first: the dry run shows the page, and changes nothing', () => {
    const root = someDepot();
    const before = snapshot(root);
    const { stdout } = xhDone(root, 'register', 'tree', '--dry-run');
    expect(stdout).toMatch(/^new +\/\.software\/share\/software\/man\/man7\/software\.7i$/m);
    expect(stdout).toContain('lists directories');
    expect(snapshot(root)).toEqual(before);
  });
});

describe('taking off', () => {
  test('one, one that the depot has lost, all', () => {
    const root = someDepot();
    pack(root, 'third', 'version = 1\n');
    xhDone(root, 'register', '--all');
    xhDone(root, 'register', '--remove', 'tree');
    expect(man(root)).not.toContain('tree');
    rmSync(join(root, 'software/sl'), { recursive: true });
    expect(xhDone(root, 'register', '--remove', 'sl').stderr).toContain('took off sl (');
    xhDone(root, 'register', '--remove', '--all');
    expect(man(root)).toContain('0 packages are registered.');
  });

  test('what is not there is told, with the nearest', () => {
    const root = someDepot();
    xhDone(root, 'register', 'tree');
    const ran = xh(root, 'register', '--remove', 'tre');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain("did you mean 'tree'?");
    expect(xh(root, 'register', 'tre').stderr).toContain("did you mean 'tree'?");
  });

  test('is taken back by a rollback', () => {
    const root = someDepot();
    xhDone(root, 'register', 'tree');
    const before = man(root);
    xhDone(root, 'register', 'sl');
    xhDone(root, 'rollback');
    expect(man(root)).toBe(before);
    xhDone(root, 'rollback', '0');
    expect(existsSync(join(root, 'software/software'))).toBe(false);
  });
});

describe('refusals', () => {
  test('a package of that name that is somebody’s own is left alone', () => {
    const root = someDepot();
    pack(root, 'software', 'version = 1\n');
    xhDone(root, 'recover');
    const before = snapshot(root);
    const ran = xh(root, 'register', 'tree');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('is not the package of the page');
    expect(snapshot(root)).toEqual(before);
  });

  test.each([
    [['--all', 'tree'], '--all is all packages'],
    [['--remove'], '--remove needs the packages'],
  ])('%s makes no sense', (words, said) => {
    const ran = xh(someDepot(), 'register', ...words);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(said);
  });

  test('nothing registered, nothing asked for: nothing is made', () => {
    const root = someDepot();
    expect(xhDone(root, 'register').stderr).toContain('nothing to do (0 packages)');
    expect(existsSync(join(root, 'software/software'))).toBe(false);
  });
});
