/** A tree of a store as MASTER: the same slave as from the directory that was published. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { servedDirectory } from '../../src/distribute/serve/directory.ts';
import { startStoreServer } from '../../src/distribute/serve/server.ts';
import { storeAddress } from '../../src/lfu/store/address.ts';
import { startJudge, TREE } from './judge.ts';
import { published, type Published } from './published.ts';
import { difference, freshTrees, runLfu, type Run, type Trees } from './trees.ts';

const judge = startJudge();

/** `lfu WORDS MASTER slave` with the site's keys. */
function lfu(trees: Trees, { site, store }: Published, ...words: readonly string[]): Run {
  return runLfu(['--root', site, ...words, `${store}#tool/share`, trees.slave]);
}

/** A tree that has a little of everything. */
function small(): Trees {
  const trees = freshTrees();
  trees.sh(`cd master; mkdir -p bin lib/d empty; for i in 1 2 3 4 5 6 7 8 9; do echo $i > lib/d/$i; done
    head -c 200000 /dev/urandom > bin/big; head -c 9000000 /dev/urandom > bin/large
    ln bin/big lib/name; ln -s ../bin/big lib/link; mkfifo pipe
    truncate -s 5M sparse; printf end >> sparse; truncate -s 1M hole; : > nothing
    chmod 4755 bin/big; setfattr -n user.note -v x lib; chmod 2711 empty
    touch -d '1969-01-01 00:00:00.5' bin/large lib`);
  return trees;
}

test('the torture tree comes without a difference, and is set right when it is spoilt', async () => {
  const trees = freshTrees();
  execFileSync('python3', [TREE, 'build', trees.master], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const store = await published(trees.directory, trees.master);
  expect(lfu(trees, store)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(await judge('differences', trees.master, trees.slave)).toBe('');
  // neither by the store nor by the directory is anything left to do
  expect(lfu(trees, store, '-i')).toMatchObject({ status: 0, stdout: '' });
  expect(trees.lfu('-i')).toMatchObject({ status: 0, stdout: '' });
  execFileSync('python3', [TREE, 'spoil', trees.slave], { stdio: ['ignore', 'ignore', 'inherit'] });
  expect(lfu(trees, store)).toMatchObject({ status: 0, stderr: '' });
  expect(await judge('differences', trees.master, trees.slave)).toBe('');
});

test('rules, modifiers and limits mean the same as for the directory', async () => {
  const trees = small();
  const store = await published(trees.directory, trees.master);
  const other = join(trees.directory, 'other');
  // what stays has to be of one time
  trees.sh(`mkdir -p slave/old/below slave/bin/big; echo x > slave/old/below/file; echo x > slave/mine
    cp -a slave other`);
  const rules = `path=mine { ignore; }  path=lib/d/1 { delete; }  path=lib/d/2 { link; source /else/where; }
    path=lib/link { follow; }  path=lib/d/3 { chmod 600; keep; }  path=empty { shadow; }`;
  const preview = lfu(trees, store, '-n', '-e', rules);
  const planned = runLfu(['-n', '-e', rules, trees.master, other]);
  expect(preview).toMatchObject({ status: 0, stderr: '' });
  expect(preview.stdout).toBe(planned.stdout);
  expect(preview.lines.length).toBeGreaterThan(10);
  expect(lfu(trees, store, '-e', rules)).toMatchObject({ status: 0, stderr: '' });
  expect(runLfu(['-e', rules, trees.master, other])).toMatchObject({ status: 0 });
  // a link of a rule's own has the time at which it was made
  trees.sh('touch -h -d @0 slave/lib/d/2 other/lib/d/2');
  expect(difference(other, trees.slave)).toBe('');
  writeFileSync(join(trees.slave, 'more'), 'x');
  const refused = lfu(trees, store, '--max-delete', '0');
  expect(refused).toMatchObject({ status: 3 });
  expect(refused.stderr).toMatch(/would be deleted, more than --max-delete 0/);
});

test('contents are compared by what they are called, and only what differs is fetched', async () => {
  const trees = small();
  const store = await published(trees.directory, trees.master);
  lfu(trees, store);
  expect(trees.difference()).toBe('');
  trees.sh(`cd slave; touch -r lib/d/4 stamp; printf X > lib/d/4; echo >> lib/d/4; touch -r stamp lib/d/4; rm stamp
    touch -r sparse stamp; printf x | dd of=sparse bs=1 seek=100000 conv=notrunc status=none
    touch -r stamp sparse; rm stamp; touch -r ../master .`);
  expect(lfu(trees, store, '-i').stdout).toBe('');
  expect(lfu(trees, store, '-ci').lines).toEqual([
    'copy f content lib/d/4',
    'copy f content sparse',
  ]);
  expect(trees.difference()).toBe('');
});

test('a dry run fetches nothing but listings, and a run what it needs, once', async () => {
  const trees = small();
  const store = await published(trees.directory, trees.master);
  const asked: string[] = [];
  const served = servedDirectory(bytes(store.store));
  const server = await startStoreServer(served, {
    address: '127.0.0.1',
    port: 0,
    told: ({ address }) => asked.push(address),
  });
  onTestFinished(async () => {
    await server.drain(0);
    served.close();
  });
  const run = async (...words: readonly string[]): Promise<string[]> => {
    asked.splice(0);
    const { spawn } = await import('node:child_process');
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../../dist/lfu.cjs'), '--root', store.site].concat(words, [
        `${server.url}#tool/share`,
        trees.slave,
      ]),
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    expect((await once(child, 'exit'))[0]).toBe(0);
    return asked.filter((each) => each.startsWith('/objects/'));
  };
  expect(await run('-n')).toEqual([]);
  expect(existsSync(trees.slave)).toBe(false);
  // the pack and its index, two pieces of what is large, and what is between
  expect(await run()).toHaveLength(5);
  expect(trees.difference()).toBe('');
  expect(await run()).toEqual([]);
  rmSync(join(trees.slave, 'bin/big'));
  expect(await run()).toEqual([]);
});

describe('a run that is cut off', () => {
  test('leaves the slave as it was, and the next one fetches what is missing only', async () => {
    const trees = small();
    const store = await published(trees.directory, trees.master);
    let left = 0;
    let sent = 0;
    const served = servedDirectory(bytes(store.store));
    const server = createServer((request, response) => {
      const file = join(store.store, decodeURI(request.url ?? ''));
      if (!existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
      const all = readFileSync(file);
      const content = all.subarray(Number(from ?? 0), to ? Number(to) + 1 : undefined);
      if (request.url?.startsWith('/objects/') === true) {
        if (left-- <= 0) {
          response.destroy();
          return;
        }
        sent += content.length;
      }
      const range = `bytes ${from ?? 0}-${Number(from ?? 0) + content.length - 1}/${all.length}`;
      response.writeHead(from === undefined ? 200 : 206, { 'Content-Range': range });
      response.end(content);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
      served.close();
    });
    const { spawn } = await import('node:child_process');
    const { port } = server.address() as AddressInfo;
    const words = ['--root', store.site, `http://127.0.0.1:${port}/#tool/share`, trees.slave];
    let status = 1;
    for (let most = 1; status !== 0; most++) {
      left = most;
      const program = join(import.meta.dirname, '../../dist/lfu.cjs');
      const child = spawn(process.execPath, [program, ...words], { stdio: 'ignore' });
      [status] = (await once(child, 'exit')) as [number];
      if (status !== 0) {
        expect(status).toBe(1);
        expect(existsSync(trees.slave)).toBe(false);
      }
      expect(most).toBeLessThan(9);
    }
    expect(trees.difference()).toBe('');
    // nothing but the index of the pack twice, and perhaps what was under way
    expect(sent).toBeLessThan(9_500_000 + 8_500_000);
    expect(readdirSync(trees.directory).filter((name) => name.startsWith('.xhier'))).toEqual([]);
  });
});

describe('what is refused', () => {
  test('a store that the site does not believe, and one without a key', async () => {
    const trees = small();
    const store = await published(trees.directory, trees.master);
    const other = freshTrees();
    const stranger = await published(other.directory, trees.master);
    const refused = lfu(trees, { ...store, site: stranger.site });
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    expect(refused.stderr).toMatch(/not signed by a key of this site/);
    writeFileSync(join(stranger.site, 'etc/xhier.toml'), '');
    const without = lfu(trees, { ...store, site: stranger.site });
    expect(without.status).toBe(2);
    expect(without.stderr).toMatch(/no key of the site is known here/);
    expect(existsSync(trees.slave)).toBe(false);
  });

  test('a tree, a package or a store that is not there, and options that are for directories', async () => {
    const trees = small();
    const store = await published(trees.directory, trees.master);
    const run = (master: string, ...words: readonly string[]): Run =>
      runLfu(['--root', store.site, ...words, master, trees.slave]);
    for (const [master, words, said] of [
      [`${store.store}#tool/arch`, [], /has no tree tool\/arch\n.*it has tool\/share/],
      [`${store.store}#tol/share`, [], /has no package tol\n.*did you mean 'tool'/],
      ['https://example.org/store', [], /names no tree of a store\n.*STORE#PACKAGE\/TYPE/],
      [`store+${store.store}`, [], /names no tree of a store/],
      [`${store.store}#tool/share`, ['--marker', 'x'], /has no use for a marker/],
      [`${store.store}#tool/share`, ['--index', '/x'], /has no use for an index/],
    ] as const) {
      const ran = run(master, ...words);
      expect(ran.stderr).toMatch(said);
      expect(ran.status).toBe(2);
    }
    const gone = run('http://127.0.0.1:9/#tool/share');
    expect(gone.status).toBe(1);
    expect(gone.stderr).toMatch(/cannot be read: .*ECONNREFUSED/);
    const inside = runLfu(['--root', store.site, `${store.store}#tool/share`, `${store.store}/x`]);
    expect(inside.status).toBe(3);
    expect(inside.stderr).toMatch(/one is in the other/);
    expect(existsSync(trees.slave)).toBe(false);
  });

  test('links into a store: each is told of, and left as it is', async () => {
    const trees = small();
    const store = await published(trees.directory, trees.master);
    const ran = lfu(trees, store, '-e', 'path=bin/big { link; }');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/bin\/big: a rule wants a link into the master, which is a store/);
    expect(existsSync(join(trees.slave, 'lib/d/9'))).toBe(true);
  });

  test('an object that is missing or damaged: nothing of the slave is touched', async () => {
    const trees = small();
    const store = await published(trees.directory, trees.master);
    const objects = join(store.store, 'objects');
    for (const each of readdirSync(objects, { recursive: true, encoding: 'utf8' })) {
      if (each.includes('/')) writeFileSync(join(objects, each), 'something else');
    }
    const ran = lfu(trees, store);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/has something else at objects\//);
    expect(existsSync(trees.slave)).toBe(false);
  });
});

test('an ordinary user copies what is his to copy', async () => {
  const trees = small();
  const store = await published(trees.directory, trees.master);
  trees.sh('chmod 755 .; mkdir his; chown 65534:65534 his');
  const words = ['--root', store.site, '--no-owner', `${store.store}#tool/share`];
  const slave = join(trees.directory, 'his/slave');
  const ran = execFileSync(
    'setpriv',
    [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      process.execPath,
      join(import.meta.dirname, '../../dist/lfu.cjs'),
      ...words,
      slave,
    ],
    { cwd: '/', encoding: 'utf8' },
  );
  expect(ran).toBe('');
  expect(
    execFileSync('diff', ['-r', '--no-dereference', '-x', 'pipe', trees.master, slave], {
      encoding: 'utf8',
    }),
  ).toBe('');
  expect(readdirSync(join(trees.directory, 'his'))).toEqual(['slave']);
});

test('as a master of the configuration, beside another one, by the ledger', async () => {
  const trees = small();
  const store = await published(trees.directory, trees.master);
  trees.sh(`mkdir second; echo ours > second/ours; mkdir site/etc -p
    cat > site/etc/lfu.toml <<EOF
[[master]]
name = "depot"
path = "${store.store}#tool/share"
slave = "${trees.slave}"

[[master]]
name = "second"
path = "${trees.directory}/second"
slave = "${trees.slave}"
EOF`);
  const update = (...words: readonly string[]): Run =>
    runLfu(['update', '--root', store.site, ...words]);
  expect(update('-n').lines).toContain('depot: copy f new nothing');
  expect(update()).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(trees.slave, 'ours'), 'utf8')).toBe('ours\n');
  expect(difference(trees.master, trees.slave)).toMatch(/^[^\n]*ours/);
  expect(update('-i')).toMatchObject({ status: 0, stdout: '' });
  rmSync(join(trees.master, 'lib/d/5'));
  await store.again(trees.master);
  expect(update('-i').lines.filter((line) => line.includes('lib/d/5'))).toEqual([
    'depot: delete f absent lib/d/5',
  ]);
});

test.each([
  ['https://depot.example.org/store#gcc/arch/linux-x86_64', 'https://depot.example.org/store'],
  ['s3://bucket/a/b#gcc/arch/linux-x86_64', 's3://bucket/a/b'],
  ['/srv//store/#gcc/arch/linux-x86_64', '/srv/store'],
  ['store+/srv/store#gcc/arch/linux-x86_64', '/srv/store'],
])('%s names a tree of a store', (given, store) => {
  expect(storeAddress(bytes(given))).toEqual({
    store,
    package: 'gcc',
    tree: 'arch/linux-x86_64',
    name: `${store}#gcc/arch/linux-x86_64`,
  });
});

test.each(['/export/local', '/a#b', 'relative/tree', '/a#b/../c', '#gcc/arch/x/y', '/srv/#1/d e'])(
  '%s is a directory',
  (given) => {
    expect(storeAddress(bytes(given))).toBeUndefined();
  },
);

test('a directory that is called like a tree of a store is that directory', () => {
  const trees = freshTrees();
  trees.sh("mkdir -p 'store#gcc/arch'; echo x > 'store#gcc/arch/x'");
  expect(storeAddress(bytes(`${trees.directory}/store#gcc/arch`))).toBeUndefined();
  expect(storeAddress(bytes(`store+${trees.directory}/store#gcc/arch`))).toBeDefined();
});
