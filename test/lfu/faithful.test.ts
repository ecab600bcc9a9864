/** A copy has all that the master has. Judged by find, rsync, getfattr and the file system itself. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { census, diffLines, freshTrees, type Trees } from './trees.ts';

/** Copies, asks the judges, and copies again. */
function copyTwice(trees: Trees, ...options: readonly string[]): object {
  const { status, stderr } = trees.lfu(...options);
  const differing = trees.difference();
  const second = trees.lfu('-i', ...options);
  return { status, stderr, difference: differing, second: second.stdout + second.stderr };
}

/** Nothing was wrong, nothing differs, and nothing was left to do. */
const FAITHFUL = { status: 0, stderr: '', difference: '', second: '' };

describe('a first copy', () => {
  test('has every type of object', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      mkdir -p d/e empty; echo hello > d/file; : > d/nothing; ln -s ../d/file d/e/link
      ln -s /nowhere/at/all dangling; mkfifo -m 640 pipe
      mknod block b 250 3; mknod char c 1 3; mknod big c 4095 1048575
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' ||
        perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1)'`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    expect(statSync(join(trees.slave, 'socket')).isSocket()).toBe(true);
    expect(statSync(join(trees.slave, 'big')).rdev).toBe(statSync(join(trees.master, 'big')).rdev);
  });

  test('has modes with set-id and sticky bits, and owners', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      for mode in 4755 2755 6711 1777 0000 0444 4644 2644; do
        echo x > f$mode; chown 12:34 f$mode; chmod $mode f$mode
        mkdir d$mode; chown 56:78 d$mode; chmod $mode d$mode
      done
      ln -s x link; chown -h 1234:4321 link`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('has times to the nanosecond, of files, directories and links, before 1970 too', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      mkdir -p d/e; echo x > d/f; ln -s f d/l; mkfifo d/p
      touch -h -d '2001-02-03 04:05:06.123456789' d/l
      touch -d '1969-12-31 23:59:58.5 UTC' d/f
      touch -d '2038-01-20 00:00:00.000000001' d/p
      touch -d '1987-06-05 04:03:02.000000009' d/e d .`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('has the hard links among the copied objects, of links and devices too', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      mkdir a b; echo one > a/1; ln a/1 b/2; ln a/1 3; echo two > b/x; ln b/x a/y
      ln -s t a/l; ln a/l b/l; mknod a/c c 1 3; ln a/c b/c
      i=0; while [ $i -lt 1025 ]; do ln a/1 b/many$i; i=$((i+1)); done`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('has attributes, access lists and capabilities', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      mkdir d; echo x > f; echo y > g; echo z > d/h; ln -s f l
      setfattr -n user.colour -v blue f; setfattr -n user.empty f; setfattr -n user.d -v 1 d
      setfattr -n trusted.secret -v 0x00ff00 f; setfattr -h -n trusted.link -v here l
      setfacl -m u:12:rw,g:34:r,m::r g; setfacl -m d:u:99:rwx,u:99:rx d; setfacl -m u:7:--- d/h
      setcap cap_net_raw+ep f`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    const get = (tree: string): string =>
      execFileSync('getfattr', ['-Rdhm', '-', '.'], { cwd: tree, encoding: 'latin1' });
    expect(get(trees.slave)).toBe(get(trees.master));
    expect(get(trees.slave)).toContain('security.capability');
  });

  test('does not inherit access lists from the directory that it stands in', () => {
    const trees = freshTrees();
    trees.sh(`mkdir slave; setfacl -m d:u:99:rwx,d:m::rwx slave
      mkdir master/d; echo x > master/f; echo y > master/d/g; mkfifo master/p; chmod 600 master/f`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('has names of any bytes, and of 255 of them', () => {
    const trees = freshTrees();
    const names: Buffer[] = [];
    for (let byte = 1; byte < 256; byte++) {
      if (byte !== 0x2f && byte !== 0x2e) names.push(Buffer.from([byte]));
      if (byte !== 0x2f) names.push(Buffer.from([0x6d, byte, 0x6e]));
    }
    names.push(Buffer.alloc(255, 0x6e), Buffer.alloc(255, 0xff));
    names.push(Buffer.from('tëxt ☃'), Buffer.from([0xc3, 0x28]), Buffer.from('-n'));
    for (const name of names) {
      const path = Buffer.concat([Buffer.from(`${trees.master}/`), name]);
      const fd = openSync(path, 'wx');
      writeSync(fd, 'x');
      closeSync(fd);
    }
    trees.sh(`cd master; mkdir dirs; for f in ? m?n; do [ -f "$f" ] && mkdir "dirs/$f.d"; done
      i=0; for f in ? m?n; do ln -s "$f" "dirs/$i"; i=$((i+1)); done`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('has directories that are deeper than a path can say', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      i=0; name=$(printf 'n%.0s' $(seq 200)); while [ $i -lt 60 ]; do
        mkdir $name; cd -P $name; echo $i > file; ln -s file link; i=$((i+1)); done`);
    // rsync cannot go there: find has to do
    const differing = (): string => diffLines(census(trees.master), census(trees.slave));
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    expect(differing()).toBe('');
    expect(trees.lfu('-i')).toMatchObject({ status: 0, stdout: '' });
    expect(trees.sh('cd slave; while [ -d n* ]; do cd -P n*; done; cat file')).toBe('59\n');
    // and follows when something deep down changes or goes
    trees.sh(`cd master; while [ -d n* ]; do cd -P n*; done; echo new > file; rm link`);
    const run = trees.lfu('-i');
    expect(run.lines.map((line) => line.replace(/ \S*\//, ' …/'))).toEqual([
      expect.stringMatching(/^copy f (?:size,)?mtime …\/file$/),
      expect.stringMatching(/^delete l absent …\/link$/),
      expect.stringMatching(/^set d mtime …\/n+$/),
    ]);
    expect(differing()).toBe('');
  });
});

describe('holes', () => {
  /** Where data and holes begin, by lseek(2) as `filefrag` and `cp --sparse` see them. */
  function allocated(path: string): number {
    return statSync(path).blocks * 512;
  }

  test('are where they were, at the start, in the middle and at the end', () => {
    const trees = freshTrees();
    trees.sh(`cd master
      truncate -s 10M all; truncate -s 10M start; printf end >> start
      printf start > end; truncate -s 10M end
      printf a > middle; truncate -s 5M middle; printf b >> middle; truncate -s 9M middle
      printf c >> middle; dd if=/dev/zero of=nulls bs=64k count=16 status=none
      dd if=/dev/zero of=deceptive bs=4k count=1 status=none; truncate -s 10M deceptive`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    for (const name of ['all', 'start', 'end', 'middle', 'nulls', 'deceptive']) {
      const master = allocated(join(trees.master, name));
      expect([name, allocated(join(trees.slave, name))]).toEqual([name, master]);
    }
    expect(allocated(join(trees.slave, 'nulls'))).toBeGreaterThanOrEqual(1 << 20);
  });

  test('of a terabyte take the time of their data', () => {
    const trees = freshTrees();
    const path = join(trees.master, 'huge');
    const fd = openSync(path, 'w');
    writeSync(fd, 'first', 0);
    writeSync(fd, 'far away', 2 ** 39);
    ftruncateSync(fd, 2 ** 40);
    closeSync(fd);
    expect(trees.lfu()).toMatchObject({ status: 0, stderr: '' });
    const copy = join(trees.slave, 'huge');
    expect(statSync(copy).size).toBe(2 ** 40);
    expect(allocated(copy)).toBe(allocated(path));
    const shown = execFileSync('dd', [`if=${copy}`, 'bs=8', 'count=1', `skip=${2 ** 36}`]);
    expect(shown.toString()).toBe('far away');
    // comparing contents reads the data only, too
    expect(trees.lfu('-ic')).toMatchObject({ status: 0, stdout: '' });
  });

  test('are written out with fill', () => {
    const trees = freshTrees();
    trees.sh('cd master; truncate -s 3M sparse; printf end >> sparse');
    expect(trees.lfu('-e', 'name=sparse { fill; }')).toMatchObject({ status: 0 });
    expect(allocated(join(trees.slave, 'sparse'))).toBeGreaterThanOrEqual(3 << 20);
    expect(trees.difference()).toBe('');
  });
});

describe('a later run', () => {
  test('does what has to be done and nothing else', () => {
    const trees = freshTrees();
    trees.sh(`cd master; mkdir -p d/e; for f in same size time mode owner; do echo $f > d/$f; done
      ln -s a d/e/link; touch -d '2020-01-01 UTC' d/*; touch -d '2020-01-01 UTC' d`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    trees.sh(`cd master/d; echo longer than before > size; touch -d '2020-01-01 UTC' size
      touch time; chmod 600 mode; chown 5:6 owner; ln -sfn b e/link; echo n > new; rm same
      touch -d '2020-01-01 UTC' .`);
    const { lines } = trees.lfu('-i');
    expect([...lines].toSorted()).toEqual([
      'copy f mtime d/time',
      'copy f new d/new',
      'copy f size d/size',
      'delete f absent d/same',
      'link l target d/e/link -> b',
      'set d mtime d/e',
      'set f mode d/mode',
      'set f owner,group d/owner',
    ]);
    expect(trees.difference()).toBe('');
  });

  test('puts any type in the place of any other', () => {
    const trees = freshTrees();
    const make: Readonly<Record<string, string>> = {
      f: 'echo x > $n',
      d: 'mkdir -p $n/sub; echo y > $n/sub/y; ln -s y $n/z',
      l: 'ln -s y $n',
      p: 'mkfifo $n',
      c: 'mknod $n c 1 3',
    };
    trees.sh('mkdir slave');
    for (const [from, before] of Object.entries(make)) {
      for (const [to, after] of Object.entries(make)) {
        trees.sh(`n=slave/${from}${to}; ${before}; n=master/${from}${to}; ${after}`);
      }
    }
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('joins and parts hard links as the master does', () => {
    const trees = freshTrees();
    trees.sh(`cd master; for f in a b c d; do echo same > $f; done; ln a a2; ln c c2
      touch -d '2020-01-01 UTC' *`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    // parted, joined, and joined to another
    trees.sh(`cd master; rm a2; cp -p a a2; ln -f b b2; ln -f d c2; touch -d '2020-01-01 UTC' .`);
    const { lines, status } = trees.lfu('-i');
    expect(status).toBe(0);
    expect(lines.length).toBeGreaterThan(0);
    expect(trees.difference()).toBe('');
    expect(trees.lfu('-i').stdout).toBe('');
  });

  test('corrects an object before it gets further names', () => {
    const trees = freshTrees();
    trees.sh(`cd master; ln -s t a; ln a b; touch -h -d '2020-01-01 UTC' a; mkdir ../slave
      ln -s t ../slave/b; chown -h 5 ../slave/b; touch -h -d '2020-01-01 UTC' ../slave/b`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
  });

  test('never changes an object through a name that is not its own', () => {
    const trees = freshTrees();
    trees.sh(`cd master; echo x > f; chmod 600 f; touch -d '2020-01-01 UTC' f; cd ..
      echo x > outside; chmod 644 outside; touch -d '2020-01-01 UTC' outside
      mkdir slave; ln outside slave/f`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    expect(statSync(join(trees.directory, 'outside')).mode & 0o777).toBe(0o644);
    expect(statSync(join(trees.directory, 'outside')).nlink).toBe(1);
  });

  test('repairs attributes and access lists without copying', () => {
    const trees = freshTrees();
    trees.sh(`cd master; echo x > f; mkdir d; setfattr -n user.a -v 1 f; setfacl -m u:3:r f d
      setcap cap_chown+ep f`);
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    const { ino } = statSync(join(trees.slave, 'f'));
    trees.sh(`cd slave; setfattr -x user.a f; setfattr -n user.b -v 2 f d; setfacl -b f
      chown 9:9 f`);
    expect(trees.lfu('-i').lines).toEqual(['set d xattr d', 'set f owner,group,acl,xattr f']);
    expect(trees.difference()).toBe('');
    expect(statSync(join(trees.slave, 'f')).ino).toBe(ino);
  });

  test('compares contents with --checksum', () => {
    const trees = freshTrees();
    trees.write('a', 'right');
    trees.write('b', 'time');
    expect(copyTwice(trees)).toEqual(FAITHFUL);
    trees.sh(
      `touch -r slave/a stamp; printf wrong > slave/a; touch -r stamp slave/a; touch slave/b`,
    );
    expect(trees.lfu('-in').lines).toEqual(['copy f mtime b']);
    expect(trees.lfu('-ic').lines).toEqual(['copy f content a', 'set f mtime b']);
    expect(readFileSync(join(trees.slave, 'a'), 'utf8')).toBe('right');
    expect(trees.difference()).toBe('');
  });

  test('leaves the access times of the master alone, since rules go by them', () => {
    const trees = freshTrees();
    trees.write('d/f', 'x');
    trees.sh(`touch -a -d '2001-01-01 UTC' master/d/f master/d`);
    expect(trees.lfu('-c').status).toBe(0);
    expect(trees.lfu('-c').status).toBe(0);
    const year = (path: string): number => statSync(join(trees.master, path)).atime.getFullYear();
    expect([year('d/f'), year('d')]).toEqual([2001, 2001]);
  });
});
