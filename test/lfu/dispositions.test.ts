/** What the rules may want done with an object, each seen in a run from end to end. */
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshTrees, type Trees } from './trees.ts';

function namesIn(trees: Trees, path = ''): readonly string[] {
  return readdirSync(join(trees.slave, path)).toSorted();
}

describe('ignore', () => {
  test('leaves what the slave has, and what only the master has, with all below', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/both/deep master/only slave/both/deep slave/mine/x slave/gone
      echo m > master/both/deep/f; echo s > slave/both/deep/f; echo s > slave/both/extra
      echo m > master/only/f; echo s > slave/mine/x/f; echo s > slave/gone/f
      touch -d @9 master`);
    const run = trees.lfu('-i', '-e', 'path=both | path=only | path=mine { ignore; }');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.lines).toEqual(['delete f absent gone/f', 'delete d absent gone', 'set d mtime .']);
    expect(readFileSync(join(trees.slave, 'both/deep/f'), 'utf8')).toBe('s\n');
    expect(namesIn(trees)).toEqual(['both', 'mine']);
    expect(namesIn(trees, 'both')).toEqual(['deep', 'extra']);
  });

  test('keeps a directory that the master lacks when something in it is ignored', () => {
    const trees = freshTrees();
    trees.sh(`echo x > master/x; mkdir -p slave/a/b slave/a/c; touch slave/a/b/keep slave/a/b/go
      touch slave/a/c/go; touch -d @9 master`);
    const rule = 'name=keep { ignore; }';
    const run = trees.lfu('-i', '-e', rule);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.lines).toEqual([
      'copy f new x',
      'delete f absent a/b/go',
      'delete f absent a/c/go',
      'delete d absent a/c',
      'set d mtime .',
    ]);
    expect(namesIn(trees, 'a/b')).toEqual(['keep']);
    expect(trees.lfu('-i', '-e', rule)).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('delete', () => {
  test('removes it from the slave with all below, though the master has it', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/d/e slave/d/e; touch master/d/e/f slave/d/e/f master/x slave/d/own
      touch -d @9 master`);
    const rule = 'path=d { delete; } name=own { ignore; }';
    expect(trees.lfu('-i', '-e', rule).lines).toEqual([
      'copy f new x',
      'delete f rule d/e/f',
      'delete d rule d/e',
      'delete f rule d/own',
      'delete d rule d',
      'set d mtime .',
    ]);
    expect(namesIn(trees)).toEqual(['x']);
    expect(trees.lfu('-i', '-e', rule)).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('preserve', () => {
  test('is updated, but never deleted', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/d slave/spool/in; echo new > master/d/p; touch master/x
      touch slave/p slave/spool/in/job slave/other`);
    const rule = 'name=p | path=spool { preserve; }';
    expect(trees.lfu('-e', rule)).toMatchObject({ status: 0, stderr: '' });
    expect(namesIn(trees)).toEqual(['d', 'p', 'spool', 'x']);
    expect(namesIn(trees, 'spool/in')).toEqual(['job']);
    trees.sh('echo newer > master/d/p');
    expect(trees.lfu('-i', '-e', rule).lines).toEqual(['copy f size,mtime d/p']);
    expect(trees.lfu('-i', '-e', rule).stdout).toBe('');
  });
});

describe('link', () => {
  test('puts one link in the place of a file, or of a whole directory', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/tools/bin master/keep; echo x > master/tools/bin/x
      echo y > master/keep/y; chown -R 77:88 master/tools`);
    const rule = 'owner=77 { link; source /usr/remote/vlsi }';
    const run = trees.lfu('-i', '-e', rule);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.lines).toContain('link l new tools -> /usr/remote/vlsi/tools');
    expect(readlinkSync(join(trees.slave, 'tools'))).toBe('/usr/remote/vlsi/tools');
    const { uid, gid } = lstatSync(join(trees.slave, 'tools'));
    expect([uid, gid]).toEqual([77, 88]);
    expect(trees.lfu('-i', '-e', rule)).toMatchObject({ status: 0, stdout: '' });
    // and migrates back
    expect(trees.lfu('-i').lines).toContain('make d type tools');
    expect(trees.difference()).toBe('');
  });

  test('replaces a directory that is there, but not one in which something is to stay', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/a master/b; touch master/a/f master/b/f; cp -a master slave
      touch slave/b/mine slave/a/extra`);
    const run = trees.lfu('-i', '-e', 'type=d { link; } name=mine { ignore; }');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: b: a directory with something in it that is to stay');
    expect(run.lines).toEqual([
      `link l type a -> ${trees.master}/a`,
      'delete f replaced a/extra',
      'delete f replaced a/f',
    ]);
    expect(namesIn(trees)).toEqual(['a', 'b']);
    expect(namesIn(trees, 'b')).toEqual(['f', 'mine']);
    expect(readlinkSync(join(trees.slave, 'a'))).toBe(`${trees.master}/a`);
  });

  test('takes the source as it stands, with variables replaced', () => {
    const trees = freshTrees();
    trees.write('sub/prog', 'x');
    expect(trees.lfu('-e', 'name=prog { link; source "/net/../$N of $M"; }')).toMatchObject({
      status: 0,
    });
    expect(readlinkSync(join(trees.slave, 'sub/prog'))).toBe(
      `/net/../prog of ${trees.master}/sub/prog`,
    );
  });
});

describe('shadow', () => {
  test('copies directories and links everything else', () => {
    const trees = freshTrees();
    trees.sh(
      'mkdir -p master/src/lib; touch master/src/a.c master/src/lib/b.c; ln -s a.c master/src/l',
    );
    const rule = 'path~src/** | path=src { shadow; }';
    expect(trees.lfu('-e', rule)).toMatchObject({ status: 0, stderr: '' });
    expect(lstatSync(join(trees.slave, 'src/lib')).isDirectory()).toBe(true);
    for (const name of ['src/a.c', 'src/lib/b.c', 'src/l']) {
      expect(readlinkSync(join(trees.slave, name))).toBe(join(trees.master, name));
    }
    expect(trees.lfu('-i', '-e', rule)).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('error', () => {
  test('is reported, and the object neither copied nor deleted', () => {
    const trees = freshTrees();
    trees.sh(`mkdir master/d slave slave/rootdir; touch master/d/root slave/rootdir/x
      touch master/fine; echo old > slave/rootfile`);
    const run = trees.lfu('-i', '-e', 'name~root* { error "Root file $P on $M"; }');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`lfu: d/root: Root file d/root on ${trees.master}\n`);
    expect(run.stderr).toContain('lfu: rootdir: ');
    expect(namesIn(trees)).toEqual(['d', 'fine', 'rootdir', 'rootfile']);
    expect(namesIn(trees, 'rootdir')).toEqual(['x']);
    expect(existsSync(join(trees.slave, 'd/root'))).toBe(false);
  });
});

test('rules apply below the roots, never to them', () => {
  const trees = freshTrees();
  trees.sh('echo x > master/f; chmod 751 master; chown 12:34 master');
  expect(trees.lfu('-e', 'type=d { ignore; } !type=d { chmod 600; }')).toMatchObject({ status: 0 });
  const { mode, uid, gid } = lstatSync(trees.slave);
  expect([mode & 0o7777, uid, gid]).toEqual([0o751, 12, 34]);
  expect(lstatSync(join(trees.slave, 'f')).mode & 0o777).toBe(0o600);
});
