/** `lfu scan MASTER -o FILE`, then `lfu --index FILE MASTER SLAVE`, while the master goes on living. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshTrees, lfuCommand, runLfu, type Run, type Trees } from '../trees.ts';

interface Indexed extends Trees {
  readonly index: string;
  scan(...options: readonly string[]): Run;
  /** `lfu --index FILE OPTIONS MASTER SLAVE`. */
  byIndex(...options: readonly string[]): Run;
}

function indexed(script: string): Indexed {
  const trees = freshTrees();
  const index = join(trees.directory, 'index');
  trees.sh(script);
  return {
    ...trees,
    index,
    scan: (...options) => runLfu(['scan', ...options, trees.master, '-o', index]),
    byIndex: (...options) => trees.lfu('--index', index, ...options),
  };
}

const TREE = `
  mkdir -p master/bin master/lib
  echo one >master/bin/one
  echo two >master/bin/two
  ln master/bin/one master/lib/uno
  ln -s ../bin/two master/lib/zwei
  setfattr -n user.note -v x master/bin/two
`;

test('a slave becomes what the master is, and the next run finds nothing to do', () => {
  const trees = indexed(TREE);
  expect(trees.scan()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(trees.byIndex('-n').lines).toEqual(trees.lfu('-n').lines);
  expect(trees.byIndex('-i').status).toBe(0);
  expect(trees.difference()).toBe('');
  expect(trees.byIndex('-n')).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('names of any bytes and paths of any length are in an index', () => {
  const trees = indexed(`cd master
    for name in "$(printf 'x\\377\\001\\n y')" $(seq -f %0255.0f 30); do
      mkdir "$name"; cd -P "$name"; done
    echo deep >"$(printf '\\200')"; ln -s "$(printf 'a\\nb\\377')" link`);
  expect(trees.scan().status).toBe(0);
  expect(trees.byIndex('-n').lines).toEqual(trees.lfu('-n').lines);
  expect(trees.byIndex().status).toBe(0);
  expect(trees.byIndex('-n').stdout).toBe('');
  expect(trees.lfu('-n').stdout).toBe('');
});

test('counts are told on request', () => {
  const trees = indexed(TREE);
  const counts = JSON.parse(trees.scan('--json').stdout) as Record<string, unknown>;
  expect(counts).toMatchObject({ objects: 6, directories: 3, unread: 0 });
  expect(counts['bytes']).toBe(statSync(trees.index).size);
  expect(trees.scan('-v').stderr).toContain('6 objects, 3 directories');
  expect(trees.byIndex('-n', '-v').stderr).toMatch(
    /the index \S+ is of \d{4}-\d\d-\d\dT\S+Z, .* ago/,
  );
});

test('what has come to the master since is neither deleted nor copied', () => {
  const trees = indexed(
    `${TREE} mkdir slave slave/bin; echo new >slave/bin/new; mkdir slave/dir slave/gone`,
  );
  trees.scan();
  trees.sh('cp -a slave/bin/new master/bin/new; mkdir -p master/dir/below; touch slave/dir/mine');
  const { status, lines, stderr } = trees.byIndex('-i');
  expect(status).toBe(0);
  expect(lines.filter((line) => line.startsWith('delete'))).toEqual(['delete d absent gone']);
  expect(existsSync(join(trees.slave, 'bin/new'))).toBe(true);
  expect(existsSync(join(trees.slave, 'dir/mine'))).toBe(true);
  expect(existsSync(join(trees.slave, 'dir/below'))).toBe(false);
  expect(stderr).toContain('2 objects of the master are not what the index');
  trees.scan();
  expect(trees.byIndex().status).toBe(0);
  expect(trees.difference()).toBe('');
});

test('what has gone from the master since, or become something else, is left for the next run', () => {
  const trees =
    indexed(`${TREE} mkdir master/d; echo x >master/d/x; cp -a master slave; rm slave/bin/*
    chmod 700 slave/lib; chmod 4755 master/lib/uno; rm -r slave/d; echo file >slave/d`);
  trees.scan();
  trees.sh(
    'rm master/bin/two; chmod 600 master/bin/one; chmod 711 master/lib; rm -r master/d; echo d >master/d',
  );
  const { status, lines } = trees.byIndex('-i');
  expect(status).toBe(0);
  expect(lines.filter((line) => !line.startsWith('set d mtime'))).toEqual([]);
  expect(readFileSync(join(trees.slave, 'd'), 'utf8')).toBe('file\n');
  expect(trees.lfu().status).toBe(0);
  expect(trees.difference()).toBe('');
});

test('a file that has other contents by now is copied as it is', () => {
  const trees = indexed(TREE);
  trees.scan();
  trees.sh('echo changed since >master/bin/two; setfattr -n user.note -v y master/bin/two');
  expect(trees.byIndex().status).toBe(0);
  expect(readFileSync(join(trees.slave, 'bin/two'), 'utf8')).toBe('changed since\n');
  trees.lfu();
  expect(trees.difference()).toBe('');
});

test('a rule that deletes is asked again of what has changed since', () => {
  const trees = indexed(`${TREE} cp -a master slave`);
  trees.scan();
  trees.sh('echo a long text >master/bin/one; echo big >>master/bin/one; rm master/bin/two');
  const rule = 'name=one & size < 10 { delete; } name=two { delete; }';
  expect(trees.byIndex('-i', '-e', rule).lines.filter((line) => !line.startsWith('set'))).toEqual([
    'delete f rule bin/two',
  ]);
  expect(existsSync(join(trees.slave, 'bin/one'))).toBe(true);
});

test('what could not be read when the index was made is not deleted', () => {
  const trees = indexed(
    `${TREE} cp -a master slave; echo x >slave/lib/x; chmod 755 .; chmod 711 master/lib; chown -R 1 slave; chown 1 .`,
  );
  const command = lfuCommand('scan', trees.master, '-o', trees.index);
  const scan = trees.sh(
    `setpriv --reuid=1 --regid=1 --clear-groups -- ${command.join(' ')} 2>&1 || echo "exit $?"`,
  );
  expect(scan).toContain('lib: ');
  expect(scan).toContain('1 not looked at');
  expect(scan).toContain('exit 1');
  const { status, stderr } = trees.lfuAs(1, '--index', trees.index, '--no-owner');
  expect(stderr).toContain('permission denied');
  expect(status).toBe(1);
  expect(existsSync(join(trees.slave, 'lib/x'))).toBe(true);
  // and root, who sees more, is not to go by it
  const { status: refused, stderr: why } = trees.byIndex();
  expect(refused).toBe(3);
  expect(why).toContain('made by an ordinary user');
});

test('the index of another master is refused, and nothing touched', () => {
  const trees = indexed(`${TREE} cp -a master other`);
  const refusal = (): string => {
    const { status, stderr } = trees.byIndex();
    expect(existsSync(trees.slave)).toBe(false);
    return `${String(status)} ${stderr}`;
  };
  runLfu(['scan', join(trees.directory, 'other'), '-o', trees.index]);
  expect(refusal()).toContain('3 lfu: the index');
  // the same path, and another tree
  trees.scan();
  trees.sh('mv master was; cp -a was master');
  expect(refusal()).toMatch(/^3 .*is of another tree/);
  // a marker tells more than a path
  trees.sh('echo local >was/.lfu-master');
  runLfu(['scan', join(trees.directory, 'was'), '-o', trees.index]);
  expect(refusal()).toMatch(/^3 .*is of the master 'local', not of .*no marker/);
  trees.sh('echo other >master/.lfu-master');
  expect(refusal()).toMatch(/^3 .*which is 'other'/);
  trees.sh('echo local >master/.lfu-master');
  expect(trees.byIndex().status).toBe(0);
});

test('a master that is not there any more deletes nothing', () => {
  const trees = indexed(`${TREE} cp -a master slave`);
  trees.scan();
  trees.sh('rm -r master/*');
  const { status, stderr } = trees.byIndex();
  expect(status).toBe(3);
  expect(stderr).toContain('is empty');
  expect(existsSync(join(trees.slave, 'bin/one'))).toBe(true);
});

test('a file that is no whole index is refused, and nothing touched', () => {
  const trees = indexed(TREE);
  trees.scan();
  const whole = readFileSync(trees.index);
  for (const [content, message] of [
    [whole.subarray(0, -100), 'is cut off'],
    [Buffer.from('hello'), 'is none'],
    [Buffer.concat([whole.subarray(0, 60), Buffer.from('x'), whole.subarray(61)]), 'is damaged'],
  ] as const) {
    writeFileSync(trees.index, content);
    const { status, stderr } = trees.byIndex();
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('nothing was touched');
  }
  expect(existsSync(trees.slave)).toBe(false);
});

test('an index that cannot be made leaves the one that is there', () => {
  const trees = indexed(TREE);
  trees.scan();
  const before = readFileSync(trees.index);
  trees.sh('mv master was; mkdir master');
  expect(trees.scan()).toMatchObject({ status: 3 });
  expect(readFileSync(trees.index)).toEqual(before);
  expect(runLfu(['scan', trees.master]).status).toBe(2);
  expect(runLfu(['scan', trees.master, '-o', join(trees.directory, 'absent/index')]).status).toBe(
    2,
  );
  expect(runLfu(['scan', trees.master, '-o', trees.directory]).status).toBe(2);
  expect(readdirSync(trees.directory).toSorted()).toEqual(['index', 'master', 'was']);
});

test('a new index has the mode and owner that the old one had', () => {
  const trees = indexed(TREE);
  trees.scan();
  expect(statSync(trees.index).mode & 0o777).toBe(0o600);
  trees.sh('chmod 640 index; chown 1:1 index');
  trees.scan();
  expect(statSync(trees.index)).toMatchObject({ mode: 0o100640, uid: 1, gid: 1 });
});

test('what is mounted in the master is in it, or not, as a live run would have it', () => {
  const trees = indexed(`${TREE} mkdir master/mnt; cp -a master slave; touch slave/mnt/slaves`);
  const lfu = (...words: readonly string[]): string => lfuCommand(...words).join(' ');
  const { master, slave, index, directory } = trees;
  const run = (...options: readonly string[]): string =>
    `${lfu('-n', ...options, master, slave)} 2>&1 || echo "exit $?"`;
  const said = trees.sh(`unshare -m sh -euc '
    mount -t tmpfs none master/mnt; mkdir master/mnt/d; touch master/mnt/d/f
    ${lfu('scan', master, '-o', index)}
    ${lfu('scan', '--one-file-system', master, '-o', `${directory}/one`)}
    for way in yes no; do export XHIER_NATIVE=$way
      ${run()}; echo =; ${run('--index', index)}; echo =
      ${run('--one-file-system')}; echo =; ${run('--one-file-system', '--index', index)}; echo =
      ${run('--one-file-system', '--index', `${directory}/one`)}; echo =
      ${run('--index', `${directory}/one`)}; echo =
    done'`);
  const [whole, wholeByIndex, one, oneByIndex, oneByOne, wholeByOne, ...alone] = said.split('=\n');
  expect(alone).toEqual([whole, wholeByIndex, one, oneByIndex, oneByOne, wholeByOne, '']);
  expect(whole).toContain('make d new mnt/d\n');
  expect(whole).toContain('delete f absent mnt/slaves\n');
  expect(wholeByIndex).toBe(whole);
  expect(one).not.toContain('mnt/');
  expect([oneByIndex, oneByOne]).toEqual([one, one]);
  expect(wholeByOne).toContain('lfu: mnt: the index does not have what is in it');
  expect(wholeByOne).not.toContain('mnt/');
  expect(wholeByOne).toContain('exit 1');
});

test('names that were of one object and are not any more are not joined', () => {
  const trees = indexed('echo one >master/a; ln master/a master/b');
  trees.scan();
  trees.sh('echo two >master/c; mv master/c master/b');
  const { status, lines } = trees.byIndex('-i');
  expect(status).toBe(0);
  expect(lines.filter((line) => / [ab]\b/.test(line))).toEqual(['copy f new a']);
  trees.lfu();
  expect(trees.difference()).toBe('');
});
