/** What is refused, with which exit code, and that nothing has been touched then; what is printed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { census, freshTrees, lfuCommand, runLfu, type Trees } from './trees.ts';

/** Everything about the slave that can change without a trace in find's list, too. */
function fingerprint(trees: Trees): string {
  const times = spawnSync('find', [trees.slave, '-printf', '%C@ %i %P\\0'], { encoding: 'latin1' });
  return times.stdout;
}

/** A slave with something to change and something to delete. */
function differingTrees(): Trees {
  const trees = freshTrees();
  trees.sh(`mkdir -p master/d slave/d; echo new > master/d/f; echo other > slave/d/f
    for i in 1 2 3 4 5 6 7 8; do echo $i > slave/d/extra$i; done; echo x > master/x`);
  return trees;
}

describe('the command line', () => {
  test('--version and --help', () => {
    expect(runLfu(['--version'])).toMatchObject({ status: 0, stderr: '' });
    expect(runLfu(['--version']).stdout).toMatch(/^lfu \d+\.\d+\.\d+/);
    const help = runLfu(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(/Examples\n {2}lfu -n/);
    expect(help.stdout).toContain('Exit codes');
  });

  test('what is wrong with it is said, with the right word, exit 2', () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [['--checksumm', 'a', 'c'], "did you mean '--checksum'?"],
      [[], 'MASTER and SLAVE are wanted, none given'],
      [['only'], 'MASTER and SLAVE are wanted, 1 given'],
      [['a', 'c', 'e'], 'MASTER and SLAVE are wanted, 3 given'],
      [['--max-delete', 'many', 'a', 'c'], '--max-delete many is no number'],
      [['--bwlimit', '0', 'a', 'c'], '--bwlimit 0 is no rate'],
      [['--jobs', '-1', 'a', 'c'], '--jobs -1 is no number'],
      [['-f', '/no/such/rules', 'a', 'c'], 'the rules /no/such/rules cannot be read'],
    ];
    for (const [words, said] of wrong) {
      const run = runLfu(words);
      expect([words, run.status, run.stdout]).toEqual([words, 2, '']);
      expect(run.stderr).toContain(said);
    }
  });

  test('rules that are wrong stop it before anything is touched, exit 2', () => {
    const trees = differingTrees();
    const before = fingerprint(trees);
    trees.sh("printf 'name=x {\\n  updat;\\n}\\n' > rules");
    const run = trees.lfu('-f', join(trees.directory, 'rules'));
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain(`${trees.directory}/rules:2:3: error:`);
    expect(run.stderr).toContain("did you mean 'update'?");
    expect(trees.lfu('-e', 'path=@/no/such/list { ignore; }').status).toBe(2);
    expect(trees.lfu('-e', 'owner=@nogroup-here { ignore; }').status).toBe(2);
    expect(fingerprint(trees)).toBe(before);
  });

  test('--check reads the rules and runs nothing', () => {
    const trees = differingTrees();
    const before = fingerprint(trees);
    expect(trees.lfu('--check', '-e', 'name=x { ignore; }')).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(runLfu(['--check', '-e', 'name=x { ignore; }']).status).toBe(0);
    expect(runLfu(['--check', '-e', 'name=x { ignor; }']).status).toBe(2);
    expect(fingerprint(trees)).toBe(before);
  });

  test('names that are no UTF-8 can be given', () => {
    const trees = freshTrees();
    trees.sh(`m=$(printf 'm\\377'); s=$(printf 's\\376'); mkdir "$m"; echo x > "$m/f"`);
    const [node, lfu = ''] = lfuCommand();
    trees.sh(
      `${node} ${lfu} "$(printf 'm\\377')" "$(printf 's\\376')"; cat "$(printf 's\\376')/f"`,
    );
    expect(readdirSync(trees.directory, 'latin1')).toContain('s\xfe');
  });

  test('a trailing slash makes no difference', () => {
    const trees = freshTrees();
    trees.write('f', 'x');
    expect(runLfu([`${trees.master}/`, `${trees.slave}//`]).status).toBe(0);
    expect(trees.difference()).toBe('');
  });

  test('relative names are taken from where one stands', () => {
    const trees = freshTrees();
    trees.write('f', 'x');
    expect(runLfu(['master', 'slave'], trees.directory).status).toBe(0);
    expect(runLfu(['../master', '.'], trees.slave)).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
  });
});

describe('roots', () => {
  test('that are no directories are wrong, exit 2', () => {
    const trees = differingTrees();
    trees.sh('touch file; ln -s nothing dangling; ln -s slave link');
    const at = (name: string): string => join(trees.directory, name);
    for (const [master, slave] of [
      ['none', 'slave'],
      ['file', 'slave'],
      ['master', 'file'],
      ['master', 'none/slave'],
      ['master', 'file/slave'],
      ['master', 'dangling'],
    ] as const) {
      const before = fingerprint(trees);
      const run = runLfu([at(master), at(slave)]);
      expect([master, slave, run.status]).toEqual([master, slave, 2]);
      expect(run.stderr).toMatch(/^lfu: the (?:master|slave) cannot be used: /);
      expect(fingerprint(trees)).toBe(before);
    }
    // but a link to a directory will do
    expect(runLfu([at('master'), at('link')]).status).toBe(0);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(trees.difference()).toBe('');
  });

  test('an empty master is refused: it is not mounted', () => {
    const trees = freshTrees();
    trees.sh('mkdir slave; touch slave/precious');
    const run = trees.lfu('-i');
    expect(run).toMatchObject({ status: 3, stdout: '' });
    expect(run.stderr).toContain('is empty');
    expect(readdirSync(trees.slave)).toEqual(['precious']);
    trees.sh('rm -r slave');
    expect(trees.lfu().status).toBe(3);
    expect(existsSync(trees.slave)).toBe(false);
  });

  test('a mount point of fstab on which nothing is mounted is no tree', () => {
    const trees = freshTrees();
    const [node, lfu] = lfuCommand();
    trees.sh(`mkdir -p master/arch/sub master/d slave/arch slave/d; echo x > slave/arch/precious
      echo y > slave/d/y; touch master/left-over master/arch/sub/f
      echo "server:/export $PWD/master/arch nfs ro 0 0" > fstab
      echo "# server:/export $PWD/master/d nfs ro 0 0" >> fstab
      echo "server:/export $PWD/master/d nfs ro,noauto 0 0" >> fstab
      echo "server:/export $PWD/master nfs ro 0 0" > fstab-root`);
    const under = (fstab: string, before = ':') =>
      spawnSync(
        'unshare',
        [
          '-m',
          'sh',
          '-c',
          `mount --bind ${fstab} /etc/fstab; ${before}; ${node} ${lfu ?? ''} master slave`,
        ],
        { cwd: trees.directory, encoding: 'latin1' },
      );
    expect(under('fstab-root').status).toBe(3);
    const run = under('fstab');
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: arch: nothing is mounted there on the master');
    expect(readdirSync(join(trees.slave, 'arch'))).toEqual(['precious']);
    expect(readdirSync(join(trees.slave, 'd'))).toEqual([]);
    expect(under('fstab', 'mount --bind master/arch master/arch').status).toBe(0);
    expect(readdirSync(join(trees.slave, 'arch'))).toEqual(['sub']);
  });

  test('one in the other is refused, by whatever name', () => {
    const trees = differingTrees();
    const at = (name: string): string => join(trees.directory, name);
    trees.sh('ln -s master/d into; ln -s . here');
    for (const [master, slave] of [
      ['master', 'master'],
      ['master', 'master/d'],
      ['master', 'master/new'],
      ['master/d', 'master'],
      ['master', 'into'],
      ['into', 'master'],
      ['here/master', 'master/d/../d'],
      ['.', 'slave'],
    ] as const) {
      const before = fingerprint(trees) + String(census(trees.master));
      const run = runLfu([at(master), at(slave)]);
      expect([master, slave, run.status]).toEqual([master, slave, 3]);
      expect(fingerprint(trees) + String(census(trees.master))).toBe(before);
    }
  });

  test('one in the other is refused when a mount hides it', () => {
    const trees = differingTrees();
    const [node, lfu] = lfuCommand();
    const inMounts = (mounts: string, words: string): number | null =>
      spawnSync('unshare', ['-m', 'sh', '-c', `${mounts}; ${node} ${lfu ?? ''} ${words}`], {
        cwd: trees.directory,
      }).status;
    mkdirSync(join(trees.directory, 'elsewhere'));
    mkdirSync(join(trees.slave, 'mount'));
    const before = census(trees.master);
    // the slave stands in the master, under another name
    expect(inMounts('mount --bind master/d elsewhere', 'master elsewhere')).toBe(3);
    // the master is mounted in the slave
    expect(inMounts('mount --bind master slave/mount', 'master slave')).not.toBe(0);
    expect(census(trees.master)).toEqual(before);
  });

  test('a slave that another run is at work on is refused', async () => {
    const trees = differingTrees();
    const holder = spawn('flock', [trees.slave, '-c', 'echo locked; sleep 100'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    const before = fingerprint(trees);
    const run = trees.lfu();
    expect(run.status).toBe(3);
    expect(run.stderr).toContain('another run is at work');
    expect(fingerprint(trees)).toBe(before);
    // looking is allowed
    expect(trees.lfu('-n').status).toBe(0);
    process.kill(-(holder.pid ?? 0), 'SIGKILL');
    await once(holder, 'exit');
    expect(trees.lfu().status).toBe(0);
  });
});

describe('--max-delete', () => {
  test('refuses the whole run when more would go, by number or by per cent', () => {
    const trees = differingTrees();
    const before = fingerprint(trees);
    // 8 of the 10 objects on the slave
    for (const limit of ['7', '79.9%']) {
      const run = trees.lfu('-i', '--max-delete', limit);
      expect([limit, run.status, run.stdout]).toEqual([limit, 3, '']);
      expect(run.stderr).toContain('8 objects would be deleted');
      expect(trees.lfu('-n', '--max-delete', limit)).toMatchObject({ status: 3, stdout: '' });
    }
    expect(fingerprint(trees)).toBe(before);
    expect(trees.lfu('-n', '--max-delete', '80%').status).toBe(0);
    expect(trees.lfu('--max-delete', '8').status).toBe(0);
    expect(trees.difference()).toBe('');
  });
});

describe('what is printed', () => {
  test('a dry run prints the lines of the run, and touches nothing', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/a/b master/bin master/lib slave/lib slave/was slave/gone/deep
      echo x > master/a/f; ln master/a/f master/a/b/g; ln -s ../lib/lib.so master/bin/ld
      echo l > master/lib/lib.so; echo p > master/bin/prog; chmod 755 master/bin/prog
      ln -s prog master/bin/alias; echo old > slave/lib/lib.so; echo y > slave/gone/deep/y
      echo y > slave/was/y; echo file > master/was; mkfifo master/pipe; mknod master/null c 1 3
      echo same > master/same; cp -p master/same slave/same; chmod 600 slave/same
      touch slave/.lfu-0123456789abcdef slave/prog.lfu-keep; mkdir slave/kept; touch slave/kept/f
      touch -d '2020-01-01 UTC' master/lib master`);
    const rules = ['-e', 'path=kept { ignore; } path~lib/* { keep; }'] as const;
    const before = fingerprint(trees);
    const dry = trees.lfu('-n', ...rules);
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(fingerprint(trees)).toBe(before);
    const wet = trees.lfu('-i', ...rules);
    expect(wet.lines).toEqual(dry.lines);
    expect(wet.lines).toEqual([
      'make d new a',
      'make d new a/b',
      'make d new bin',
      'copy f new a/b/g',
      'keep f size,mtime lib/lib.so -> lib/lib.so.lfu-keep',
      'copy f size,mtime lib/lib.so',
      'make c new null',
      'make p new pipe',
      'set f mode same',
      'copy f type was',
      'join f new a/f = a/b/g',
      'link l new bin/ld -> ../lib/lib.so',
      'copy f new bin/prog',
      'link l new bin/alias -> prog',
      'delete f stale .lfu-0123456789abcdef',
      'delete f absent gone/deep/y',
      'delete d absent gone/deep',
      'delete d absent gone',
      'delete f absent prog.lfu-keep',
      'delete f replaced was/y',
      'set d mtime lib',
      'set d mtime .',
    ]);
    expect(readdirSync(trees.slave)).not.toContain('.lfu-0123456789abcdef');
  });

  test('nothing without -i, and nothing on standard error when all is well', () => {
    const trees = differingTrees();
    expect(trees.lfu()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('names cannot break a line or drive a terminal', () => {
    const trees = freshTrees();
    trees.write('two\nlines', 'x');
    trees.write('\u001b[31mred', 'x');
    trees.write('back\\slash', 'x');
    expect(trees.lfu('-n').lines).toEqual([
      'make d new .',
      'copy f new \\e[31mred',
      'copy f new back\\\\slash',
      'copy f new two\\nlines',
    ]);
  });

  test('--json has one object a line', () => {
    const trees = freshTrees();
    trees.sh(`cd master; printf four > f; chmod 640 f; chown 1:2 f; touch -d '@1000.5' f; ln f g
      ln -s f l; printf x > "$(printf 'b\\377')"`);
    const run = trees.lfu('-n', '--json');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ change: 'make', type: 'd', path: '', why: ['new'] }),
      expect.objectContaining({ change: 'copy', path: { base64: 'Yv8=' } }),
      {
        change: 'copy',
        type: 'f',
        path: 'f',
        why: ['new'],
        size: 4,
        mode: '0640',
        uid: 1,
        gid: 2,
        mtime: '1000.500000000',
      },
      { change: 'join', type: 'f', path: 'g', why: ['new'], to: 'f' },
      expect.objectContaining({ change: 'link', type: 'l', path: 'l', target: 'f' }),
      { summary: expect.objectContaining({ exit: 0, changes: 5, bytes: 5 }) as object },
    ]);
  });

  test('a reader that goes away does not stop the work', () => {
    const trees = freshTrees();
    trees.sh(`cd master; i=0; while [ $i -lt 2000 ]; do : > a-rather-long-name-for-a-file-$i
      i=$((i+1)); done`);
    const [node, lfu] = lfuCommand();
    trees.sh(`${node} ${lfu ?? ''} -i master slave | head -1 > first`);
    expect(readFileSync(join(trees.directory, 'first'), 'utf8')).toBe('make d new .\n');
    expect(trees.difference()).toBe('');
  });
});

describe('options', () => {
  test('--no-owner makes a run by an ordinary user complete', () => {
    const trees = freshTrees();
    trees.sh(`cd master; mkdir d; echo x > d/f; echo y > su; chmod 4755 su; chmod 555 d
      ln -s f d/l; setfattr -n user.a -v 1 d/f; setfacl -m u:5:r d/f
      cd ..; mkdir slave; chown 65534:65534 slave; chmod 755 .`);
    const plain = trees.lfuAs(65534, '-n');
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    const run = trees.lfuAs(65534, '--no-owner');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const { uid, mode } = statSync(join(trees.slave, 'd/f'));
    expect(uid).toBe(65534);
    expect(mode & 0o777).toBe(statSync(join(trees.master, 'd/f')).mode & 0o777);
    // no rights of an owner whom it has not got
    expect(statSync(join(trees.slave, 'su')).mode & 0o7777).toBe(0o755);
    expect(trees.lfuAs(65534, '--no-owner', '-i')).toMatchObject({ status: 0, stdout: '' });
    // a directory that its owner may not write to, written to and left as it is to be
    trees.sh('echo new > master/d/f; rm master/d/l');
    expect(trees.lfuAs(65534, '--no-owner')).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(trees.slave, 'd'))).toEqual(['f']);
    expect(statSync(join(trees.slave, 'd')).mode & 0o777).toBe(0o555);
    expect(trees.lfuAs(65534, '--no-owner', '-i')).toMatchObject({ status: 0, stdout: '' });
  });

  test('without it, owners that cannot be given are errors by name, exit 1', () => {
    const trees = freshTrees();
    trees.sh(`cd master; echo x > mine; echo x > yours; chown 65534:65534 . mine; cd ..
      mkdir slave; chown 65534:65534 slave; chmod 755 .`);
    const run = trees.lfuAs(65534);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('lfu: yours: operation not permitted (fchownat)');
    expect(readdirSync(trees.slave)).toEqual(['mine']);
  });

  test('--one-file-system makes the mount point and leaves what is in it', () => {
    const trees = freshTrees();
    const [node, lfu] = lfuCommand();
    trees.sh('mkdir -p master/mnt slave/mnt master/d; echo s > slave/mnt/own; echo x > master/d/x');
    const script = `mount -t tmpfs none master/mnt; echo m > master/mnt/m
      ${node} ${lfu ?? ''} --one-file-system master slave`;
    const run = spawnSync('unshare', ['-m', 'sh', '-ec', script], {
      cwd: trees.directory,
      encoding: 'latin1',
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(trees.slave, 'mnt'))).toEqual(['own']);
    expect(readdirSync(join(trees.slave, 'd'))).toEqual(['x']);
  });

  test('what is mounted in the slave is never deleted', () => {
    const trees = freshTrees();
    const [node, lfu] = lfuCommand();
    trees.sh(
      'mkdir -p slave/mnt slave/d/bind precious; touch precious/data master/x slave/d/f; touch -d @9 master',
    );
    const script = `mount -t tmpfs none slave/mnt; echo m > slave/mnt/m
      mount --bind precious slave/d/bind
      ${node} ${lfu ?? ''} -i master slave; echo $?; ls slave/mnt`;
    const run = spawnSync('unshare', ['-m', 'sh', '-c', script], {
      cwd: trees.directory,
      encoding: 'latin1',
    });
    expect(run.stdout).toBe('copy f new x\ndelete f absent d/f\nset d mtime .\n1\nm\n');
    expect(run.stderr).toContain('lfu: mnt: the master lacks it, and something is mounted on it');
    expect(run.stderr).toContain('lfu: d/bind: ');
    expect(readdirSync(join(trees.directory, 'precious'))).toEqual(['data']);
  });

  test('--fail-fast stops at the first failure', () => {
    const trees = freshTrees();
    trees.sh(`cd master; for f in a b c; do echo x > $f; done; chown 65534:65534 . c; cd ..
      mkdir slave; chown 65534:65534 slave; chmod 755 .`);
    const run = trees.lfuAs(65534, '--fail-fast');
    expect(run.status).toBe(1);
    expect(readdirSync(trees.slave)).toEqual([]);
    expect(trees.lfuAs(65534, '--keep-going').status).toBe(1);
    expect(readdirSync(trees.slave)).toEqual(['c']);
  });

  test('--fsync, --jobs, --numeric-ids and --bwlimit still copy faithfully', () => {
    const trees = freshTrees();
    trees.sh(
      'mkdir master/d; echo x > master/d/x; dd if=/dev/urandom of=master/r bs=64k count=4 status=none',
    );
    const options = ['--fsync', '--jobs', '4', '--numeric-ids', '--bwlimit', '4M'];
    expect(trees.lfu(...options)).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
  });
});

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the run between two objects, exit %i', async (signal, code) => {
    const trees = freshTrees();
    trees.sh(`cd master; mkdir d; for i in 1 2 3 4 5 6 7 8 9; do
      dd if=/dev/urandom of=d/f$i bs=64k count=1 status=none; done`);
    const [node, ...words] = lfuCommand('-i', '--bwlimit', '128k', trees.master, trees.slave);
    const run = spawn(node, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    while (!existsSync(join(trees.slave, 'd/f1'))) {
      await setTimeout(10);
    }
    run.kill(signal);
    const [status] = (await once(run, 'exit')) as [number | null];
    expect(status).toBe(code);
    const made = readdirSync(join(trees.slave, 'd'));
    expect(made.length).toBeLessThan(9);
    expect(made.filter((name) => name.startsWith('.'))).toEqual([]);
    for (const name of made) {
      const copied = readFileSync(join(trees.slave, 'd', name));
      expect(copied.equals(readFileSync(join(trees.master, 'd', name)))).toBe(true);
    }
    expect(statSync(join(trees.slave, 'd')).mtimeMs).toBe(
      statSync(join(trees.master, 'd')).mtimeMs,
    );
    expect(trees.lfu().status).toBe(0);
    expect(trees.difference()).toBe('');
  });
});
