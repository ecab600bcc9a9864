/** `lfu explain`: the rules that apply to one object, and what a run would do with it. */
import { describe, expect, test } from 'vitest';
import { freshSite, type TestSite } from './site.ts';

function trees(): TestSite {
  const site = freshSite();
  site.sh(`mkdir -p master/bin master/lib slave/bin slave/old/deep master/new
    echo new, longer > master/bin/prog; echo old > slave/bin/prog; echo s > master/bin/same
    cp -p master/bin/same slave/bin/same; echo c > master/bin/mode; cp -p master/bin/mode slave/bin
    chmod 600 slave/bin/mode; echo l > master/lib/l; touch slave/old/deep/f slave/old/g
    touch master/new/f; ln -s prog master/bin/link; echo > slave/bin/link
    touch -d 2002-02-02 master/bin/prog slave/bin/prog`);
  return site;
}

/** What it says after the object's name and what stands on the two sides, one blank for several. */
function said(site: TestSite, ...words: readonly string[]): readonly string[] {
  const run = site.lfu('explain', ...words, 'master', 'slave');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  return run.lines.slice(3).map((line) => line.trim().replace(/ {2,}/g, ' '));
}

describe('without rules', () => {
  test('says what a run would do, and why', () => {
    const site = trees();
    const run = site.lfu('explain', 'bin/prog', 'master', 'slave');
    expect(run.stdout).toBe(`bin/prog
  master  a file, 12 bytes, mode 0644, root:root, 2002-02-02T00:00:00Z
  slave   a file, 4 bytes, mode 0644, root:root, 2002-02-02T00:00:00Z
  a run   copies it: the size is 4, to be 12
`);
    expect(said(site, 'bin/same')).toEqual(['a run does nothing: it is as it is to be']);
    expect(said(site, 'bin/mode')).toEqual(['a run corrects it: the mode is 0600, to be 0644']);
    expect(said(site, 'lib')).toEqual(['a run makes a directory: the slave lacks it']);
    expect(said(site, 'bin/link')).toEqual([
      'a run makes a symbolic link to prog: the slave has a file there',
    ]);
    expect(said(site, 'old')).toEqual([
      'a run deletes it: the master lacks it',
      'makes 3 more changes below it',
    ]);
    expect(said(site, `${site.slave}/old/deep/f`)).toEqual([
      'a run deletes it: the master lacks it',
    ]);
    expect(said(site, `${site.directory}/master/lib/l`)).toEqual([
      'a run copies it: the slave lacks it',
    ]);
    expect(said(site, 'neither/here')).toEqual(['a run does nothing: neither side has it']);
  });

  test('is what a run does, for every object of both trees', () => {
    const site = trees();
    const found = site.sh('for t in master slave; do (cd $t; find . -mindepth 1); done | sort -u');
    const told = found
      .trim()
      .split('\n')
      .flatMap((path) => {
        const { stdout } = site.lfu('explain', '--json', path, 'master', 'slave');
        const { changes } = JSON.parse(stdout) as {
          changes: readonly { path: string; why: readonly string[] }[];
        };
        return changes.map((change) => `${change.why.join(',')} ${change.path}`);
      });
    const planned = site
      .lfu('-n', 'master', 'slave')
      .lines.map((line) => /^\w+ \w+ (\S+ \S+)/.exec(line)?.[1] ?? '')
      .filter((line) => !line.endsWith(' .'));
    expect(told.toSorted()).toEqual(planned.toSorted());
  });

  test('touches nothing', () => {
    const site = trees();
    const before = site.sh('find . -printf "%p %C@ %i\\n"');
    site.lfu('explain', 'old', '-c', 'master', 'slave');
    expect(site.sh('find . -printf "%p %C@ %i\\n"')).toBe(before);
  });
});

describe('with rules', () => {
  test('names the chains that apply and the tests that decided', () => {
    const site = trees();
    site.write(
      'my.rules',
      'name~p* & owner=0 { keep; log; }\nname=same { ignore; }\nelse type=f { force; }\n',
    );
    expect(said(site, 'bin/prog', '-f', 'my.rules')).toEqual([
      'applies my.rules:1:1: name~p* & owner=0',
      "true: name~p* (name 'prog')",
      'true: owner=0 (owner 0)',
      'gives: keep; log',
      'applies my.rules:3:6: type=f',
      'true: type=f (type f, mode 0644)',
      'gives: force',
      'so update, keep, log, force',
      'a run copies it: the rules want it whatever the times say',
    ]);
    expect(said(site, 'bin/same', '-f', 'my.rules').slice(-2)).toEqual([
      'so ignore',
      'a run does nothing with it itself: ignore, by the rules',
    ]);
    expect(said(site, '--all', 'lib', '-f', 'my.rules')).toContain('does not my.rules:3:6: type=f');
  });

  test('names the directory above that settles everything in it', () => {
    const site = trees();
    expect(said(site, 'bin/prog', '-e', 'name=bin { ignore; }')).toEqual([
      'settled by bin: what is in it is treated as it is',
      'applies -e:1:1: name=bin',
      "true: name=bin (name 'bin')",
      'gives: ignore',
      'so ignore',
      'a run does nothing with it itself: ignore, by the rules',
    ]);
    expect(said(site, 'old/deep/f', '-e', 'name=old { preserve; }')[0]).toBe(
      'settled by old: what is in it is treated as it is',
    );
    expect(said(site, 'new/f', '-e', 'name=new { link; }').at(-1)).toContain('link, by the rules');
  });

  test('says what keeps an object that the master lacks', () => {
    const site = trees();
    expect(said(site, 'old/g', '-e', 'name=g { preserve; }').at(-1)).toBe(
      'a run leaves it: the rules want it preserved',
    );
    expect(said(site, 'old/g', '-e', 'name=g { error "ask $S"; }').at(-1)).toBe(
      `a run leaves it alone: ask ${site.slave}`,
    );
  });

  test('what is wrong is exit 2', () => {
    const site = trees();
    const run = site.lfu('explain', 'bin', '-e', 'name=x { ignor; }', 'master', 'slave');
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain("did you mean 'ignore'?");
    expect(site.lfu('explain')).toMatchObject({ status: 2, stdout: '' });
    expect(site.lfu('explain', 'a', 'master')).toMatchObject({ status: 2, stdout: '' });
    expect(site.lfu('explain', '/etc/x', 'master', 'slave').status).toBe(2);
    expect(site.lfu('explain', 'a', 'nowhere', 'slave').status).toBe(2);
  });
});

describe('by the configuration', () => {
  test('each master of the slave is asked, and the ledger is told of', () => {
    const site = freshSite();
    site.configure({ alpha: `rules = [{ text = 'name=i { ignore; }' }]`, beta: '' });
    site.sh(`mkdir -p alpha/bin beta/bin; echo x > alpha/bin/x; echo first > alpha/bin/both
      echo other, longer > beta/bin/both; touch alpha/i`);
    site.update();
    site.sh('touch slave/own');
    const outcome = (path: string): readonly string[] => {
      const run = site.lfu('explain', path);
      expect(run.status).toBe(0);
      return run.lines
        .filter((line) => /^ {2}(a run|supplied)|^\w+: /.test(line))
        .map((line) => line.trim().replace(/ {2,}/g, ' '));
    };
    const [alpha, beta] = ['alpha', 'beta'].map(
      (name) => `${name}: ${site.directory}/${name} -> ${site.slave}`,
    );
    expect(outcome('slave/bin/both')).toEqual([
      alpha,
      'supplied by alpha; also on beta',
      'a run does nothing: it is as it is to be',
      beta,
      'supplied by alpha; also on beta',
      expect.stringContaining("a run leaves it alone: 'alpha' (") as string,
    ]);
    expect(outcome('alpha/bin/x')).toEqual([
      alpha,
      'supplied by alpha',
      'a run does nothing: it is as it is to be',
      beta,
      'supplied by alpha',
      "a run leaves it: it is another master's (alpha)",
    ]);
    expect(outcome('slave/own')).toContain('a run leaves it: no master has supplied it');
    expect(outcome('slave/i').join('\n')).toContain('ignore, by the rules');
    expect(site.lfu('explain', '/etc')).toMatchObject({ status: 2, stdout: '' });
  });

  test('a master that is not there is named, the others are asked all the same', () => {
    const site = freshSite();
    site.configure({ alpha: '', beta: '' });
    site.sh('rmdir alpha; touch beta/f; mkdir slave');
    const run = site.lfu('explain', '--json', 'slave/f');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: alpha: the master cannot be used');
    expect(JSON.parse(run.stdout)).toMatchObject({
      master: 'beta',
      path: 'f',
      onMaster: { type: 'f', size: 0 },
      onSlave: null,
      decision: 'update',
      changes: [{ change: 'copy', why: ['new'] }],
      outcome: ['copies it: the slave lacks it'],
    });
  });
});
