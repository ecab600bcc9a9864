/** Several masters of one slave: what each may do there, whose a name is, what becomes of it. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lfuCommand, type Run } from '../trees.ts';
import { freshSite, type TestSite } from './site.ts';

/** Two masters that share `bin`, and have a directory each. */
function twoMasters(rules: { readonly alpha?: string; readonly beta?: string } = {}): TestSite {
  const site = freshSite();
  site.configure({ alpha: rules.alpha ?? '', beta: rules.beta ?? '' });
  site.sh(`mkdir -p alpha/bin alpha/a beta/bin beta/b; touch -d 2001-01-01 alpha/bin beta/b
    for f in alpha/bin/x alpha/a/f beta/bin/y beta/b/f; do echo $f > $f; touch -d 2002-02-02 $f; done
    touch -d 2003-03-03 alpha/a beta/b alpha/bin; touch -d 2004-04-04 beta/bin`);
  return site;
}

/** What was done, but for the times of directories, which follow from it. */
function made({ lines }: Run): readonly string[] {
  return lines.filter((line) => !line.includes('set d mtime '));
}

const BOTH = ['a/', 'a/f', 'b/', 'b/f', 'bin/', 'bin/x', 'bin/y'];

describe('two masters', () => {
  test('give a slave what both have, and a second update finds nothing to do', () => {
    const site = twoMasters();
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(BOTH);
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
    expect(site.update('-c')).toMatchObject({ status: 0, stdout: '' });
  });

  test('do not delete what the other has supplied, whichever takes its turn, and how often', () => {
    const site = twoMasters();
    site.update();
    for (const name of ['alpha', 'beta', 'beta', 'alpha', 'alpha']) {
      expect(site.update(name)).toMatchObject({ status: 0, stdout: '' });
    }
    expect(site.paths()).toEqual(BOTH);
  });

  test('delete what they supplied themselves, with the directories that are empty then', () => {
    const site = twoMasters();
    site.update();
    site.sh('rm -r alpha/bin/x beta/b beta/bin/y');
    expect(made(site.update())).toEqual([
      'alpha: delete f absent bin/x',
      'beta: delete f absent b/f',
      'beta: delete d absent b',
      'beta: delete f absent bin/y',
    ]);
    expect(site.paths()).toEqual(['a/', 'a/f', 'bin/']);
  });

  test('leave what no master has supplied, and the directories that it stands in', () => {
    const site = twoMasters();
    site.update();
    site.sh(`mkdir slave/own; touch slave/own/f slave/bin/own slave/b/own; rm -r beta/b`);
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual([
      'a/',
      'a/f',
      'b/',
      'b/own',
      'bin/',
      'bin/own',
      'bin/x',
      'bin/y',
      'own/',
      'own/f',
    ]);
    // unless a rule wants it gone
    site.configure({ alpha: `rules = [{ text = 'name=own { delete; }' }]`, beta: '' });
    expect(site.update().status).toBe(0);
    expect(site.paths()).not.toContain('bin/own');
  });

  test('a rule that deletes does not delete what another master has supplied', () => {
    const site = twoMasters({ beta: `rules = [{ text = 'path="(a|bin)/.*" { delete; }' }]` });
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(['a/', 'a/f', 'b/', 'b/f', 'bin/', 'bin/x']);
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
  });

  test('a directory that both have gets owner, mode and time of the first', () => {
    const site = twoMasters();
    site.sh(
      'chmod 700 alpha/bin; chown 5 alpha/bin; chmod 755 beta/bin; chmod 711 alpha; chmod 777 beta',
    );
    expect(site.update().status).toBe(0);
    const found = statSync(join(site.slave, 'bin'));
    expect([found.mode & 0o777, found.uid, found.mtime.getFullYear()]).toEqual([0o700, 5, 2003]);
    expect(statSync(site.slave).mode & 0o777).toBe(0o711);
    site.sh('echo new > beta/bin/new; echo more > beta/more');
    expect(site.update().lines).toEqual(['beta: copy f new bin/new', 'beta: copy f new more']);
    expect(statSync(join(site.slave, 'bin')).mtime.getFullYear()).toBe(2003);
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
  });

  test('one master that is alone deletes what it lacks, as without a ledger', () => {
    const site = freshSite();
    site.configure({ alpha: '' });
    site.sh('touch alpha/f; mkdir slave; touch slave/own');
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(['f']);
    // from now on there is another one
    site.configure({ alpha: '', beta: '' });
    site.sh('touch beta/g slave/own; rm alpha/f; touch alpha/h');
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(['g', 'h', 'own']);
  });

  test('what is kept under another name goes with the next turn of its master, and only then', () => {
    const site = twoMasters({ alpha: `rules = [{ text = 'name=x { keep; }' }]` });
    site.update();
    site.sh('rm alpha/bin/x');
    expect(made(site.update('alpha'))).toEqual(['alpha: keep f absent bin/x -> bin/x.lfu-keep']);
    expect(site.update('beta').stdout).toBe('');
    expect(site.update('alpha').lines).toEqual(['alpha: delete f absent bin/x.lfu-keep']);
  });

  test('a slave that was lost is made again from both', () => {
    const site = twoMasters();
    site.update();
    site.sh('rm -r slave');
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(BOTH);
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
  });

  test('are as careful without the native scan', () => {
    const site = twoMasters();
    site.update();
    site.sh('rm alpha/a/f');
    site.sh('touch beta/b/new');
    expect(site.sh(`XHIER_NATIVE=no node ${LFU} update -i -q`)).toBe(
      'alpha: delete f absent a/f\nalpha: set d mtime a\nbeta: copy f new b/new\nbeta: set d mtime b\n',
    );
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('one name of two masters', () => {
  test('is supplied by the first, and the other says so every time, exit 1', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    for (let night = 0; night < 2; night++) {
      const run = site.update();
      expect(run.status).toBe(1);
      expect(run.stderr).toContain(
        `lfu: beta: bin/both: 'alpha' (${site.directory}/alpha/bin/both) and 'beta' (${site.directory}/beta/bin/both) ` +
          "both supply this name: 'alpha' comes first, so it stays as 'alpha' has it\n",
      );
      expect(run.stderr.match(/: bin\/both: /g)).toHaveLength(1);
      expect(site.read('slave/bin/both')).toBe('first\n');
    }
    expect(site.update().stdout).toBe('');
  });

  test('goes to the first even when the other was quicker', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    expect(site.update('beta').status).toBe(0);
    expect(site.read('slave/bin/both')).toBe('other, longer\n');
    expect(site.update('alpha').status).toBe(0);
    expect(site.read('slave/bin/both')).toBe('first\n');
    expect(site.update('beta').status).toBe(1);
    expect(site.read('slave/bin/both')).toBe('first\n');
  });

  test('is nothing to talk about when both objects are alike', () => {
    const site = twoMasters();
    site.sh(
      'cp -p alpha/bin/x beta/bin/x; ln alpha/bin/x alpha/a/x; ln -s x alpha/bin/l; cp -a alpha/bin/l beta/bin',
    );
    site.sh('touch -h -d 2002-02-02 alpha/bin/l beta/bin/l');
    expect(site.update()).toMatchObject({ status: 0 });
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
    site.sh('echo changed > beta/bin/x');
    expect(site.update().status).toBe(1);
  });

  test('passes to the other at its turn when the first has it no more, and is never absent', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    site.update();
    site.sh('rm alpha/bin/both; touch -d 2003-03-03 alpha/bin');
    expect(made(site.update('alpha'))).toEqual([]);
    expect(site.read('slave/bin/both')).toBe('first\n');
    expect(site.update('beta').lines).toEqual(['beta: copy f size,mtime bin/both']);
    expect(site.lfu('owns', 'slave/bin/both').stdout).toContain(': beta (');
    site.sh('rm beta/bin/both');
    expect(site.update().lines).toContain('beta: delete f absent bin/both');
  });

  test('goes when both have it no more, whoever notices last', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    site.update();
    site.sh('rm alpha/bin/both beta/bin/both');
    site.update();
    site.update();
    expect(existsSync(join(site.slave, 'bin/both'))).toBe(false);
  });

  test('is the other master’s when the rules of the first ignore it', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    site.update();
    site.configure({ alpha: `rules = [{ text = 'name=both { ignore; }' }]`, beta: '' });
    expect(site.update()).toMatchObject({
      status: 0,
      stdout: 'beta: copy f size,mtime bin/both\n',
    });
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
  });

  test('that a rule ignores and no other master offers stays, and goes when it may', () => {
    const site = twoMasters({ alpha: '' });
    site.update();
    site.configure({ alpha: `rules = [{ text = 'name=a { ignore; }' }]`, beta: '' });
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
    site.configure({ alpha: '', beta: '' });
    site.sh('rm -r alpha/a');
    expect(made(site.update())).toEqual(['alpha: delete f absent a/f', 'alpha: delete d absent a']);
  });

  test('that is a file here and a directory there is supplied by the first, in both cases', () => {
    const site = twoMasters();
    site.sh(
      'mkdir beta/one alpha/two; touch beta/one/f alpha/two/f; echo > alpha/one; echo > beta/two',
    );
    for (let night = 0; night < 2; night++) {
      const run = site.update();
      expect(run.status).toBe(1);
      expect(run.stderr.match(/both supply this name/g)).toHaveLength(2);
      expect(site.paths()).toEqual([...BOTH, 'one', 'two/', 'two/f'].toSorted());
    }
  });

  test('that becomes a file on the first does not take away what the other has in the directory', () => {
    const site = twoMasters();
    site.update();
    site.sh('rm -r alpha/bin; echo > alpha/bin');
    const run = site.update();
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('bin: a directory with something in it that is to stay');
    expect(site.read('slave/bin/y')).toBe('beta/bin/y\n');
  });

  test('changes hands when the order of the configuration does', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    site.update();
    site.configure({ beta: '', alpha: '' });
    const run = site.update();
    expect(run.status).toBe(1);
    expect(run.lines).toContain('beta: copy f size,mtime bin/both');
    expect(run.stderr).toContain("both supply this name: 'beta' comes first");
  });
});

describe('a master that is taken out of the configuration', () => {
  const forgotten = (): TestSite => {
    const site = twoMasters();
    site.update();
    site.configure({ alpha: '' });
    return site;
  };

  test('leaves its files, and every update says so', () => {
    const site = forgotten();
    const run = site.update();
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain(`${site.slave} still has what 'beta' supplied`);
    expect(run.stderr).toContain("'lfu update --forget beta' removes it");
    expect(site.paths()).toEqual(BOTH);
    expect(site.lfu('owns', 'slave/b/f').stdout).toContain(
      'which the configuration does not name any more',
    );
  });

  test('takes them away when it is forgotten, and nothing else', () => {
    const site = forgotten();
    site.sh('touch slave/own slave/b/own');
    expect(site.update('--forget', 'beta', '-n')).toMatchObject({
      status: 0,
      stdout: 'beta: delete f absent b/f\nbeta: delete f absent bin/y\n',
    });
    expect(site.paths()).toContain('b/f');
    expect(site.update('--forget', 'beta', '--max-delete', '1').status).toBe(3);
    expect(site.update('--forget', 'beta').status).toBe(0);
    expect(site.paths()).toEqual(['a/', 'a/f', 'b/', 'b/own', 'bin/', 'bin/x', 'own']);
    // what nobody supplied stays, although one master is left
    expect(made(site.update())).toEqual([]);
    expect(site.paths()).toContain('own');
  });

  test('leaves them as nobody’s when that is wanted', () => {
    const site = forgotten();
    expect(site.update('--forget', 'beta', '--keep-files').status).toBe(0);
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
    expect(site.paths()).toEqual(BOTH);
    expect(site.lfu('owns', '--strays').lines).toEqual([`${site.slave}/b`, `${site.slave}/bin/y`]);
  });

  test('is not forgotten by mistake', () => {
    const site = forgotten();
    expect(site.update('--forget', 'alpha')).toMatchObject({ status: 2, stdout: '' });
    const run = site.update('--forget', 'bets');
    expect(run.status).toBe(2);
    expect(run.stderr).toContain("did you mean 'beta'?");
    expect(site.paths()).toEqual(BOTH);
  });

  test('is forgotten by itself once others have taken over everything', () => {
    const site = forgotten();
    site.sh('cp -a beta/. alpha');
    site.update();
    expect(site.update().stderr).not.toContain('beta');
  });
});

describe('turns', () => {
  test('a master that fails does not keep the next from its turn; the worst exit code counts', () => {
    const site = twoMasters();
    site.configure({ gone: '', empty: '', beta: '' });
    site.sh('rmdir gone');
    const run = site.update();
    expect(run.status).toBe(3);
    expect(run.stderr).toContain('lfu: gone: the master cannot be used');
    expect(run.stderr).toContain(`lfu: empty: the master ${site.directory}/empty is empty`);
    expect(site.paths()).toEqual(['b/', 'b/f', 'bin/', 'bin/y']);
    expect(site.update('gone').status).toBe(2);
  });

  test('a master that is not there keeps what it has supplied', () => {
    const site = twoMasters();
    site.update();
    site.sh('mv alpha elsewhere; mkdir alpha');
    expect(site.update().status).toBe(3);
    site.sh('rmdir alpha');
    expect(site.update().status).toBe(2);
    expect(site.paths()).toEqual(BOTH);
  });

  test('-n says what the update would do, and touches nothing', () => {
    const site = twoMasters();
    site.sh(
      'echo first > alpha/bin/both; echo other, longer > beta/bin/both; touch -d 2005-05-05 beta/bin/both',
    );
    const dry = site.lfu('update', '-n');
    expect([dry.status, existsSync(site.slave), existsSync(join(site.root, '.software'))]).toEqual([
      1,
      false,
      false,
    ]);
    const run = site.update();
    expect(dry.lines).toEqual(run.lines);
    site.sh('rm -r alpha/bin/both beta/b');
    const again = site.lfu('update', '-n').lines.toSorted();
    expect(again).toEqual(site.update().lines.toSorted());
  });

  test('--json has a line for each change with its master, and a summary of each', () => {
    const site = twoMasters();
    const found = site
      .lfu('update', '--json', '-q')
      .lines.map((line) => JSON.parse(line) as object);
    expect(found).toContainEqual(
      expect.objectContaining({ master: 'beta', change: 'copy', path: 'bin/y', why: ['new'] }),
    );
    expect(found.at(-1)).toMatchObject({ master: 'beta', summary: { exit: 0, problems: 0 } });
    site.sh('echo other, longer > beta/bin/x; rm -r alpha');
    const wrong = site.lfu('update', '--json').lines.map((line) => JSON.parse(line) as object);
    expect(wrong).toMatchObject([
      { master: 'alpha', error: 'E_ABSENT' },
      { master: 'beta', problem: 'E_LFU_CLASH', path: 'bin/x' },
      { master: 'beta', summary: { exit: 1, changes: 0 } },
    ]);
  });

  test('a summary has a line for each master, when something is wrong or somebody wants one', () => {
    const site = twoMasters();
    site.configure({ alpha: '', gone: '', beta: '' });
    site.sh('rmdir gone; echo other, longer > beta/bin/x');
    const { stderr } = site.lfu('update');
    const lines = stderr.split('\n').slice(-5, -1);
    expect(lines.map((line) => line.replace(/ in [\d.]+ s/, ''))).toEqual([
      'lfu: alpha  ok           5 changes: 2 copied (22 bytes), 3 made',
      expect.stringMatching(/^lfu: gone {3}not updated {2}the master cannot be used: /),
      'lfu: beta   1 failed     3 changes: 2 copied (20 bytes), 1 made',
      'lfu: 3 masters: 1 ok, 1 with failures, 1 not updated; exit 2',
    ]);
    site.configure({ alpha: '' });
    expect(site.lfu('update')).toMatchObject({ status: 0, stdout: '' });
    expect(site.lfu('update', '-v').stderr).toMatch(
      /lfu: alpha {2}ok {2}nothing changed in .* s; 4 objects on the master, \d+ on the slave\n$/,
    );
    // cron mails whatever is said
    site.configure({ beta: '' });
    site.sh('rm -r slave root/.software');
    expect(site.lfu('update')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('max-delete of the configuration holds, and can be lifted for once', () => {
    const site = twoMasters({ beta: 'max-delete = 1' });
    site.update();
    site.sh('rm -r beta/b');
    expect(site.update().status).toBe(3);
    expect(site.paths()).toEqual(BOTH);
    expect(site.update('--max-delete', '50%').status).toBe(0);
  });

  test('a plain run by a master of the slave is as careful; one by a stranger is refused', () => {
    const site = twoMasters();
    site.update();
    site.sh('rm alpha/a/f; mkdir other; touch other/f');
    expect(made(site.lfu('-i', 'alpha', 'slave'))).toEqual(['delete f absent a/f']);
    const run = site.lfu('-i', 'other', 'slave');
    expect(run).toMatchObject({ status: 3, stdout: '' });
    expect(run.stderr).toContain('has what alpha, beta supplied');
    expect(site.paths()).toContain('b/f');
    expect(site.lfu('-i', 'other', 'elsewhere').status).toBe(0);
  });

  test('a part of the slave is brought up to date alone only where nobody else has anything', () => {
    const site = twoMasters();
    site.update();
    site.sh(
      'rm alpha/a/f alpha/bin/x; touch alpha/a/g; mkdir slave/own other; touch slave/own/f other/g',
    );
    const run = site.lfu('-i', 'alpha/bin', 'slave/bin');
    expect(run).toMatchObject({ status: 3, stdout: '' });
    expect(run.stderr).toContain(
      `${site.slave}/bin is part of the slave ${site.slave}, and has what alpha, beta supplied`,
    );
    expect(site.lfu('-n', 'other', 'slave/b')).toMatchObject({ status: 3, stdout: '' });
    // nobody but alpha has something there, and in the other no master has
    expect(made(site.lfu('-i', 'alpha/a', 'slave/a'))).toEqual([
      'copy f new g',
      'delete f absent f',
    ]);
    expect(site.lfu('other', 'slave/own').status).toBe(0);
    expect(site.paths()).toEqual([
      'a/',
      'a/g',
      'b/',
      'b/f',
      'bin/',
      'bin/x',
      'bin/y',
      'own/',
      'own/g',
    ]);
  });

  test('two slaves have a ledger each', () => {
    const site = freshSite();
    const table = (name: string, slave: string): string =>
      `[[master]]\nname = "${name}"\npath = "${site.directory}/${name}"\nslave = "${site.directory}/${slave}"\n`;
    site.sh('mkdir one two three; touch one/f two/g three/h');
    writeFileSync(
      join(site.root, 'etc/lfu.toml'),
      table('one', 'slave') + table('two', 'slave') + table('three', 'other'),
    );
    expect(site.update().status).toBe(0);
    expect(site.ledger().split('\n')).toHaveLength(2);
    expect(site.lfu('owns', 'slave/g', 'other/h').lines).toEqual([
      `${site.slave}/g: two (${site.directory}/two/g)`,
      `${site.directory}/other/h: three (${site.directory}/three/h)`,
    ]);
    // what another slave has does not make this one shared
    site.sh('touch slave/own other/own');
    expect(site.update().lines).toContain('three: delete f absent own');
    expect(site.paths()).toEqual(['f', 'g', 'own']);
  });

  test('the ledger and the log are no run’s to change, wherever they stand', () => {
    const site = freshSite();
    const admin = 'root/.software/local/.admin';
    site.sh(`mkdir -p one/.software/share one/.software/local/.admin/log one/etc
      touch one/.software/share/f one/.software/local/.admin/log/of-the-master`);
    const table = `[[master]]\nname = "one"\npath = "${site.directory}/one/.software"\nslave = "${site.root}/.software"\n`;
    writeFileSync(join(site.root, 'etc/lfu.toml'), table);
    site.sh(`mkdir -p ${admin}/old`);
    expect(site.update().status).toBe(0);
    site.sh('rm one/.software/share/f');
    expect(site.update().lines).toContain('one: delete f absent share/f');
    expect(site.sh(`ls ${admin} ${admin}/log`)).toBe(
      `${admin}:\nlfu\nlog\n\n${admin}/log:\nlfu.log\n`,
    );
    expect(site.lfu('-i', 'one/.software', 'root/.software').status).toBe(0);
    expect(site.sh(`ls ${admin}/lfu`)).toContain('_software-');
    expect(site.lfu('recent').stdout).toContain('share/f');
  });

  test('a slave that stands in another one is not that one’s to change', () => {
    const site = freshSite();
    const table = (name: string, slave: string): string =>
      `[[master]]\nname = "${name}"\npath = "${site.directory}/${name}"\nslave = "${site.directory}/${slave}"\n`;
    site.sh('mkdir -p outer/point/of inner slave/point; touch outer/f inner/g');
    writeFileSync(
      join(site.root, 'etc/lfu.toml'),
      table('outer', 'slave') + table('inner', 'slave/point/of'),
    );
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(['f', 'point/', 'point/of/', 'point/of/g']);
    site.sh('rm -r outer/point');
    expect(site.update().status).toBe(0);
    expect(site.lfu('-i', 'outer', 'slave').status).toBe(0);
    expect(site.paths()).toEqual(['f', 'point/', 'point/of/', 'point/of/g']);
  });

  test('a directory that is called like a command is meant by ./NAME', () => {
    const site = twoMasters();
    site.sh('mkdir update; touch update/f');
    expect(site.lfu('update', 'alpha').status).toBe(2);
    expect(site.lfu('update', 'alpha').stderr).toContain('lfu ./update');
    expect(site.lfu('-i', './update', 'copy').lines).toContain('copy f new f');
    const meant = site.lfu('updaet');
    expect(meant).toMatchObject({ status: 2, stdout: '' });
    expect(meant.stderr).toContain("did you mean 'lfu update'?");
    expect(site.lfu('update').status).toBe(0);
  });
});

describe('somebody who is not root', () => {
  /** Runs lfu as such, from his own directory. */
  function asUser(site: TestSite, ...words: readonly string[]): Run {
    const command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'].concat(
      lfuCommand(...words),
    );
    const [program = '', ...rest] = command;
    const { status, stdout, stderr } = spawnSync(program, rest, {
      cwd: join(site.directory, 'home'),
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: site.root },
    });
    return { status, stdout, stderr, lines: stdout.split('\n').slice(0, -1) };
  }

  function withUser(): TestSite {
    const site = twoMasters();
    site.update();
    site.sh(`chmod 755 . ; mkdir -p home/from; touch home/from/f; chown -R 65534:65534 home`);
    return site;
  }

  test('copies what is his own without a ledger, whoever may read those of the site', () => {
    const site = withUser();
    expect(asUser(site, '-i', 'from', 'to')).toMatchObject({ status: 0, stderr: '' });
    site.sh('chmod 700 root/.software/local/.admin');
    const run = asUser(site, '-i', 'from', 'another');
    expect(run).toMatchObject({ status: 0, lines: ['make d new .', 'copy f new f'] });
    expect(run.stderr).toContain('this run goes by its master alone');
  });

  test('updates slaves of his own by a site of his own', () => {
    const site = withUser();
    site.sh('mkdir home/site; touch home/to-come; chown 65534:65534 home/site');
    const config = `[[master]]\nname = "m"\npath = "${site.directory}/home/from"\nslave = "${site.directory}/home/to"\n`;
    site.write('home/my.toml', config);
    const refused = asUser(site, 'update', './my.toml');
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    expect(refused.stderr).toContain('--root DIR');
    expect(asUser(site, 'update', '-i', '--root', 'site', './my.toml').lines).toEqual([
      'm: make d new .',
      'm: copy f new f',
    ]);
    expect(asUser(site, 'owns', '--root', 'site', 'to/f').stdout).toContain(': m (');
  });
});

const LFU = join(import.meta.dirname, '../../../dist/lfu.cjs');
