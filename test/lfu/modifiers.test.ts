/** What rules add to a disposition, each with the trap that it has. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freshTrees, type Trees } from './trees.ts';

function namesIn(trees: Trees, path = ''): readonly string[] {
  return readdirSync(join(trees.slave, path)).toSorted();
}

function text(trees: Trees, path: string): string {
  return readFileSync(join(trees.slave, path), 'utf8');
}

describe('keep', () => {
  const rule = ['-e', 'name~prog* { keep; }'] as const;

  test('gives what is overwritten another name, which the next run sweeps', () => {
    const trees = freshTrees();
    trees.write('bin/prog', 'one');
    expect(trees.lfu(...rule).status).toBe(0);
    const { ino } = statSync(join(trees.slave, 'bin/prog'));
    trees.write('bin/prog', 'two!');
    expect(trees.lfu('-i', ...rule).lines).toEqual([
      'keep f size,mtime bin/prog -> bin/prog.lfu-keep',
      'copy f size,mtime bin/prog',
    ]);
    expect(text(trees, 'bin/prog.lfu-keep')).toBe('one');
    expect(statSync(join(trees.slave, 'bin/prog.lfu-keep')).ino).toBe(ino);
    expect(trees.lfu('-i', ...rule).lines).toEqual(['delete f absent bin/prog.lfu-keep']);
    expect(trees.lfu('-i', ...rule).stdout).toBe('');
    expect(trees.difference()).toBe('');
  });

  test('finds a free name when the first is in use by a process, and leaves that one', async () => {
    const trees = freshTrees();
    trees.sh('mkdir master/bin; cp /bin/sleep master/bin/prog');
    expect(trees.lfu(...rule).status).toBe(0);
    const running = spawn(join(trees.slave, 'bin/prog'), ['1000'], { stdio: 'ignore' });
    onTestFinished(() => {
      running.kill();
    });
    trees.write('bin/prog', 'second');
    expect(trees.lfu(...rule).status).toBe(0);
    expect(namesIn(trees, 'bin')).toEqual(['prog', 'prog.lfu-keep']);
    // it stays, without a word
    expect(trees.lfu('-i', ...rule)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    trees.write('bin/prog', 'the third');
    expect(trees.lfu('-i', ...rule).lines).toContain(
      'keep f size,mtime bin/prog -> bin/prog.lfu-keep.1',
    );
    expect(trees.lfu('-i', ...rule).lines).toEqual(['delete f absent bin/prog.lfu-keep.1']);
    running.kill();
    await once(running, 'exit');
    expect(trees.lfu('-i', ...rule).lines).toEqual(['delete f absent bin/prog.lfu-keep']);
    expect(trees.difference()).toBe('');
  });

  test('gives what is deleted another name, a directory whole', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/d slave/progs/deep; touch slave/prog1 slave/progs/deep/f master/x
      touch -d '2020-01-01 UTC' master`);
    expect(trees.lfu('-i', ...rule).lines).toEqual([
      'make d new d',
      'copy f new x',
      'keep f absent prog1 -> prog1.lfu-keep',
      'keep d absent progs -> progs.lfu-keep',
      'set d mtime .',
    ]);
    expect(namesIn(trees)).toEqual(['d', 'prog1.lfu-keep', 'progs.lfu-keep', 'x']);
    expect(trees.lfu(...rule).status).toBe(0);
    expect(trees.difference()).toBe('');
  });

  test('keeps the old one when the type changes, too', () => {
    const trees = freshTrees();
    trees.sh(`mkdir -p master/prog1 slave/prog2/d; touch master/prog1/f master/prog2 slave/prog1
      touch slave/prog2/d/f; ln -s here slave/prog3; echo x > master/prog3`);
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(trees.slave, 'prog2.lfu-keep/d/f'))).toBe(true);
    expect(lstatSync(join(trees.slave, 'prog1.lfu-keep')).isFile()).toBe(true);
    expect(lstatSync(join(trees.slave, 'prog3.lfu-keep')).isSymbolicLink()).toBe(true);
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(trees.difference()).toBe('');
  });

  test('leaves what a process has mapped, be it overwritten or deleted', async () => {
    const trees = freshTrees();
    const keepAll = ['-e', 'type=f { keep; }'] as const;
    trees.sh(`mkdir -p master/lib; for n in one two; do
      cp "$(ldd /bin/sh | sed -n 's/.* \\(\\/.*libc[.]so[^ ]*\\) .*/\\1/p')" master/lib/$n.so; done`);
    expect(trees.lfu(...keepAll).status).toBe(0);
    const LD_PRELOAD = ['one', 'two'].map((n) => join(trees.slave, `lib/${n}.so`)).join(':');
    const running = spawn('/bin/sleep', ['1000'], {
      stdio: 'ignore',
      env: { ...process.env, LD_PRELOAD },
    });
    onTestFinished(() => {
      running.kill();
    });
    const maps = (): string => readFileSync(`/proc/${running.pid ?? 0}/maps`, 'latin1');
    while (!maps().includes('two.so')) await setTimeout(10);
    trees.sh('echo other > master/lib/one.so; rm master/lib/two.so');
    expect(trees.lfu(...keepAll)).toMatchObject({ status: 0, stderr: '' });
    expect(namesIn(trees, 'lib')).toEqual(['one.so', 'one.so.lfu-keep', 'two.so.lfu-keep']);
    // as long as the process runs, and without a word
    expect(trees.lfu('-i', ...keepAll)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    running.kill();
    await once(running, 'exit');
    expect(trees.lfu('-i', ...keepAll).lines).toEqual([
      'delete f absent lib/one.so.lfu-keep',
      'delete f absent lib/two.so.lfu-keep',
    ]);
    expect(trees.difference()).toBe('');
  });

  test('cuts a name that would become too long', () => {
    const trees = freshTrees();
    const name = `prog${'x'.repeat(251)}`;
    trees.write(name, 'one');
    trees.lfu(...rule);
    trees.write(name, 'two!');
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(namesIn(trees)).toEqual([`${name.slice(0, 246)}.lfu-keep`, name]);
  });
});

describe('exec', () => {
  test('runs after the object has been updated, once for each, and not when nothing was', () => {
    const trees = freshTrees();
    trees.sh('mkdir master/d; echo a > master/d/prog1; echo b > master/d/prog2');
    const log = join(trees.directory, 'ran');
    const rule = [
      '-e',
      `name~prog* { exec cat $F >> ${log}; exec echo $P $N $D $S $M >> ${log}; }`,
    ];
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '', stdout: '' });
    const { slave, master } = trees;
    const said = (name: string): string => `d/${name} ${name} ${slave}/d ${slave} ${master}\n`;
    expect(readFileSync(log, 'utf8')).toBe(`a\n${said('prog1')}b\n${said('prog2')}`);
    expect(trees.lfu(...rule).status).toBe(0);
    expect(readFileSync(log, 'utf8').split('\n')).toHaveLength(5);
  });

  test('never takes a name for a part of the command, whatever is in it', () => {
    const trees = freshTrees();
    const names = ["it's", '$(touch owned)', 'a b;touch owned', '`touch owned`', 'new\nline', '-n'];
    for (const name of names) trees.write(name, name);
    const bytes = Buffer.concat([Buffer.from(`${trees.master}/`), Buffer.from([0xff, 0x27, 0x0a])]);
    writeFileSync(bytes, 'bytes');
    const rule = `type=f { exec cp -- $F "${trees.directory}/out/"; exec test -f "$F" -a "\${N}" = "$N"; }`;
    trees.sh('mkdir out');
    expect(trees.lfu('-e', rule)).toMatchObject({ status: 0, stderr: '' });
    const out = readdirSync(join(trees.directory, 'out'), 'latin1').toSorted();
    expect(out).toEqual(readdirSync(trees.master, 'latin1').toSorted());
    expect(trees.sh('find . -name owned')).toBe('');
  });

  test('reports a command that fails as an error on its object', () => {
    const trees = freshTrees();
    trees.write('prog', 'x');
    const run = trees.lfu('-i', '-e', 'name=prog { exec echo telling; exec exit 7; }');
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('copy f new prog\n');
    expect(run.stdout).not.toContain('telling');
    expect(run.stderr).toContain('telling\n');
    expect(run.stderr).toContain('lfu: prog: its command failed: exit status 7');
    expect(text(trees, 'prog')).toBe('x');
  });

  test('says with -v how a command that failed is run by hand, and that works', () => {
    const trees = freshTrees();
    trees.write("it's here", 'x');
    const run = trees.lfu('-v', '-e', 'type=f { exec test -e $F -a -e $S/done; }');
    expect(run.status).toBe(1);
    const byHand = /; by hand: (.*)\n/.exec(run.stderr)?.[1] ?? 'exit 9';
    expect(() => trees.sh(byHand)).toThrow('Command failed');
    trees.sh('touch slave/done');
    expect(trees.sh(byHand)).toBe('');
    // the next run has no reason to
    expect(trees.lfu('-e', 'name!=done { exec exit 5; } name=done { ignore; }').status).toBe(0);
  });

  test('runs when only mode or owner were corrected, and not for what is deleted', () => {
    const trees = freshTrees();
    trees.sh('touch master/a master/b; cp -a master slave; touch slave/old; chmod 600 slave/a');
    const rule = ['-e', `type=f { exec echo $N >> ${trees.directory}/ran; }`] as const;
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(trees.directory, 'ran'), 'utf8')).toBe('a\n');
  });

  test('commands of several rules run in their order, equal ones of exec-once once', () => {
    const trees = freshTrees();
    trees.sh('touch master/a master/b');
    const log = join(trees.directory, 'ran');
    const rules = `name=a { exec-once echo reload >> ${log}; exec echo first $N >> ${log}; }
      name=b { exec-once echo reload >> ${log}; exec-once echo "$HOST" > ${log}.host; }
      type=f { exec echo second $N >> ${log}; }`;
    expect(trees.lfu('-e', rules)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(log, 'utf8')).toBe('first a\nsecond a\nsecond b\nreload\n');
    expect(readFileSync(`${log}.host`, 'utf8')).toBe(`${hostname()}\n`);
  });

  test('runs once for the whole run with exec-once, before anything is deleted', () => {
    const trees = freshTrees();
    trees.sh('touch master/a master/b master/c; mkdir slave; touch slave/old');
    const rule = ['-e', `type=f { exec-once ls $S >> ${trees.directory}/ran; }`] as const;
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(trees.directory, 'ran'), 'utf8')).toBe('a\nb\nc\nold\n');
    expect(trees.lfu(...rule).status).toBe(0);
    expect(readFileSync(join(trees.directory, 'ran'), 'utf8')).toBe('a\nb\nc\nold\n');
  });

  test('is not run by a dry run', () => {
    const trees = freshTrees();
    trees.write('prog', 'x');
    trees.lfu('-n', '-e', `name=prog { exec touch ${trees.directory}/ran; }`);
    expect(existsSync(join(trees.directory, 'ran'))).toBe(false);
  });
});

describe('chmod, chown, chgrp', () => {
  test('are what the copy has, and set-id survives the change of owner', () => {
    const trees = freshTrees();
    trees.sh(`echo x > master/su; chmod 711 master/su; chown 100:100 master/su; mkdir master/d
      echo y > master/d/y; chmod 600 master/d/y`);
    const rule = ['-e', 'path=su { chown root; chgrp 4; chmod u+s; } name=y { chmod go=u-w; }'];
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    const of = (path: string): readonly string[] => {
      const { mode, uid, gid } = lstatSync(join(trees.slave, path));
      return [(mode & 0o7777).toString(8), `${uid}:${gid}`];
    };
    expect(of('su')).toEqual(['4711', '0:4']);
    trees.sh('chown 5 slave/su; chmod 711 slave/su');
    expect(trees.lfu('-i', ...rule).lines).toEqual(['set f mode,owner su']);
    expect(of('su')).toEqual(['4711', '0:4']);
    expect(trees.lfu('-i', ...rule).stdout).toBe('');
  });

  test('agree with an access list that the master has', () => {
    const trees = freshTrees();
    trees.sh('echo x > master/f; setfacl -m u:3:rwx,m::rwx master/f');
    const rule = ['-e', 'name=f { chmod 640; }'] as const;
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(lstatSync(join(trees.slave, 'f')).mode & 0o777).toBe(0o640);
    expect(trees.sh('getfacl -cn slave/f')).toMatch(/user:3:rwx\s+#effective:r--/);
    expect(trees.lfu('-i', ...rule).stdout).toBe('');
  });
});

describe('times', () => {
  const old = new Date('2020-01-01T00:00:00Z');
  const older = new Date('2019-01-01T00:00:00Z');

  test('newtime: the copy has its own, and is not copied again for ever', () => {
    const trees = freshTrees();
    const rule = ['-e', 'name=f { newtime; }'] as const;
    trees.write('f', 'x');
    utimesSync(join(trees.master, 'f'), old, old);
    expect(trees.lfu(...rule).status).toBe(0);
    expect(statSync(join(trees.slave, 'f')).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    expect(trees.lfu('-i', ...rule).stdout).toBe('');
    // the master's clock is ahead: still once only
    const future = new Date(Date.now() + 86_400_000);
    utimesSync(join(trees.master, 'f'), future, future);
    expect(trees.lfu('-i', ...rule).lines).toEqual(['copy f mtime f']);
    expect(trees.lfu('-i', ...rule).stdout).toBe('');
    writeFileSync(join(trees.master, 'f'), 'longer');
    utimesSync(join(trees.master, 'f'), older, older);
    expect(trees.lfu('-i', ...rule).lines).toEqual(['copy f size f']);
    expect(text(trees, 'f')).toBe('longer');
  });

  test('newer: only what is more recent on the master is updated', () => {
    const trees = freshTrees();
    const rule = ['-e', 'type=f { newer; }'] as const;
    for (const name of ['newer', 'older', 'same']) trees.write(name, `master ${name}`);
    trees.sh('mkdir slave; for n in newer older same; do echo slave > slave/$n; done');
    const set = (path: string, time: Date): void => {
      utimesSync(join(trees.directory, path), time, time);
    };
    set('slave/newer', older);
    set('master/newer', old);
    set('slave/older', old);
    set('master/older', older);
    set('slave/same', old);
    set('master/same', old);
    trees.sh("chmod 600 master/older master/same; touch -d '2020-01-01 UTC' master");
    expect(trees.lfu('-i', ...rule).lines).toEqual([
      'copy f size,mtime newer',
      'set f mode same',
      'set d mtime .',
    ]);
    expect(text(trees, 'older')).toBe('slave\n');
    expect(text(trees, 'same')).toBe('slave\n');
    expect(text(trees, 'newer')).toBe('master newer');
  });

  test('force: copied whatever the times say', () => {
    const trees = freshTrees();
    trees.write('f', 'right');
    trees.sh('cp -a master slave; printf wrong > slave/f; touch -r master/f slave/f');
    expect(trees.lfu('-i').stdout).toBe('');
    expect(trees.lfu('-i', '-e', 'name=f { force; }').lines).toEqual(['copy f forced f']);
    expect(trees.difference()).toBe('');
  });
});

describe('follow', () => {
  test('treats a link as what it points to', () => {
    const trees = freshTrees();
    trees.sh(`cd master; mkdir -p real/deep d; echo x > real/deep/x; ln -s x real/deep/l
      ln -s ../real d/dir; ln -s dir/deep/x d/file; ln -s "$PWD/real/deep" abs; ln -s d/file again`);
    const rule = ['-e', 'type=l & !name=l { follow; }'] as const;
    expect(trees.lfu(...rule)).toMatchObject({ status: 0, stderr: '' });
    expect(trees.sh('cd slave; find . | sort')).toBe(
      `. ./abs ./abs/l ./abs/x ./again ./d ./d/dir ./d/dir/deep ./d/dir/deep/l ./d/dir/deep/x
./d/file ./real ./real/deep ./real/deep/l ./real/deep/x
`.replace(/ /g, '\n'),
    );
    expect(lstatSync(join(trees.slave, 'd/file')).isFile()).toBe(true);
    expect(text(trees, 'again')).toBe('x\n');
    expect(trees.lfu('-i', ...rule)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('refuses loops, escapes and links to nothing, each by name', () => {
    const trees = freshTrees();
    trees.sh(`cd master; mkdir -p a/b; ln -s .. a/b/up; ln -s self self; ln -s /etc out
      ln -s ../../outside a/rel; ln -s ../../master/a a/round; ln -s nothing a/gone; ln -s . a/here
      touch ../outside; mkdir ../slave; echo mine > ../slave/self`);
    const run = trees.lfu('-e', 'type=l { follow; }');
    expect(run.status).toBe(1);
    expect(
      run.stderr
        .split('\n')
        .filter((line) => line.startsWith('lfu: '))
        .toSorted(),
    ).toEqual([
      'lfu: 7 failed; everything else is done',
      'lfu: a/b/up: the link leads to a directory that it stands in',
      'lfu: a/gone: the link points to nothing',
      'lfu: a/here: the link leads to a directory that it stands in',
      'lfu: a/rel: the link leads out of the master, to ../../outside',
      'lfu: a/round: the link leads out of the master, to ../../master/a',
      'lfu: out: the link leads out of the master, to /etc',
      'lfu: self: the link leads to itself',
    ]);
    // what the slave has under such a name is left
    expect(text(trees, 'self')).toBe('mine\n');
  });
});

describe('log', () => {
  test('--log has a line for each change, with time, master, what and why', () => {
    const trees = freshTrees();
    trees.write('d/f', 'x');
    const log = join(trees.directory, 'log');
    expect(trees.lfu('--log', log).status).toBe(0);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ${trees.master}`;
    expect(lines).toEqual([
      expect.stringMatching(`^${stamp} make d new \\.$`),
      expect.stringMatching(`^${stamp} make d new d$`),
      expect.stringMatching(`^${stamp} copy f new d/f$`),
    ]);
    expect(trees.lfu('--log', log, '-n').status).toBe(0);
    expect(readFileSync(log, 'utf8').trimEnd().split('\n')).toHaveLength(3);
  });

  test('--log with --json has JSON lines', () => {
    const trees = freshTrees();
    trees.write('f', 'x');
    const log = join(trees.directory, 'log');
    trees.lfu('--log', log, '--json');
    const records = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(records.map((line): unknown => JSON.parse(line))).toMatchObject([
      { change: 'make', path: '', master: trees.master },
      { change: 'copy', type: 'f', path: 'f', why: ['new'], size: 1 },
    ]);
  });

  test('logall has a line in the log for every look, and log for changes only', () => {
    const trees = freshTrees();
    trees.write('seen', 'x');
    trees.write('changed', 'x');
    const log = join(trees.directory, 'log');
    const rule = ['--log', log, '-e', 'name=seen { logall; } name=changed { log; }'] as const;
    for (let run = 0; run < 3; run++) expect(trees.lfu(...rule)).toMatchObject({ stderr: '' });
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ').slice(2).join(' ')).toSorted()).toEqual([
      'copy f new changed',
      'copy f new seen',
      'examined seen',
      'examined seen',
      'examined seen',
      'make d new .',
    ]);
  });

  test('log and logall go to standard error when there is no log', () => {
    const trees = freshTrees();
    trees.write('seen', 'x');
    trees.write('other', 'x');
    const rule = ['-e', 'name=seen { logall; }'] as const;
    const first = trees.lfu(...rule).stderr;
    expect(first).toMatch(/Z \S+ examined seen\n(?:.*\n)*.*Z \S+ copy f new seen\n$/);
    expect(first).not.toContain('other');
    expect(trees.lfu(...rule).stderr).toMatch(/^\S+Z \S+ examined seen\n$/);
    expect(trees.lfu('-e', 'name=seen { log; }').stderr).toBe('');
  });
});
