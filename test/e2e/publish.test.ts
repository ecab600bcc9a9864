/** `xh publish`: what gets into a store, what does not, and what is told of it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { temporaryDirectory } from '../site.ts';
import { publisher, subscriber, xhAs, type Publisher } from './stores.ts';
import { xh, xhDone, type Ran } from './xh.ts';

const DIST = resolve(import.meta.dirname, '../../dist');

interface HeadRecord {
  readonly revision: number;
  readonly expires: string;
  readonly trees: Readonly<Record<string, string>>;
  readonly targets?: readonly string[];
}

function headOf({ store }: Publisher, directory: string): HeadRecord {
  return JSON.parse(readFileSync(join(store, `heads/${directory}.json`), 'utf8')) as HeadRecord;
}

function withTool(site: Publisher, ...names: readonly string[]): Publisher {
  for (const name of names) {
    xhDone(site.root, 'mkpkg', name, '--maintainer', 'me@example.org');
    site.write(name, { 'data/table': `${name}\n`, 'bin/run': '#!/bin/sh\n' });
  }
  return site;
}

/** At another time than now. */
function later(site: Publisher, days: number, ...words: readonly string[]): Ran {
  const environment = {
    LD_PRELOAD: execFileSync('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketime.so.1'], {
      encoding: 'utf8',
    }).trim(),
    FAKETIME: `${days < 0 ? '' : '+'}${days}d`,
    NO_FAKE_STAT: '1',
  };
  return xhAs(site.root, { environment }, ...words);
}

test('all packages get there, each file type by itself, and are told with what was added', () => {
  const site = withTool(publisher(), 'one', 'two');
  site.write('one', { 'logs/today': 'mine alone\n' });
  mkdirSync(join(site.root, '.software/spool/one/queue/deep'), { recursive: true });
  writeFileSync(join(site.root, '.software/spool/one/queue/job'), 'x');
  const { stderr } = site.publish();
  expect(stderr).toMatch(/^one +revision 1 +\d+ objects, \d+ trees, [\d.]+ KiB added$/m);
  expect(stderr).toMatch(/^2 packages: 2 published; .* added to \//m);
  const architecture = xhDone(site.root, 'arch').stdout.trim();
  const { trees } = headOf(site, 'one');
  expect(Object.keys(trees).toSorted()).toEqual([
    `arch/${architecture}`,
    'local',
    'share',
    'spool',
  ]);
  // of what is one host's own there are directories, and no files
  const listings = execFileSync('sh', ['-c', 'cat trees/*/*'], {
    cwd: site.store,
    encoding: 'utf8',
  });
  expect(listings).toMatch(/^d deep /m);
  expect(listings).not.toMatch(/^f (?:job|today) /m);
  expect(xhDone(site.root, 'store', 'verify').stderr).toMatch(/2 packages.*all as it should be/);
});

test('a host with the programs of several architectures publishes those of each', () => {
  const site = publisher();
  const architecture = xhDone(site.root, 'arch').stdout.trim();
  const config = join(site.root, 'etc/xhier.toml');
  writeFileSync(config, `arch-store = "/export/arch"\n${readFileSync(config, 'utf8')}`);
  withTool(site, 'tool');
  const other = join(site.root, 'export/arch/linux-sparc64/tool/bin');
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'run'), 'sparc');
  site.publish();
  const { trees } = headOf(site, 'tool');
  expect(Object.keys(trees)).toEqual(
    expect.arrayContaining([`arch/${architecture}`, 'arch/linux-sparc64', 'share']),
  );
  rmSync(join(site.root, 'export/arch/linux-sparc64'), { recursive: true });
  site.publish();
  // somebody else may publish it from now on
  expect(headOf(site, 'tool').trees).toHaveProperty(['arch/linux-sparc64']);
  xhDone(site.root, 'publish', '--drop', 'arch/linux-sparc64');
  expect(headOf(site, 'tool').trees).not.toHaveProperty(['arch/linux-sparc64']);
});

test('when nothing has changed nothing is written, and no file is opened to be read', () => {
  const site = withTool(publisher(), 'tool');
  // what is quite new is looked at again
  spawnSync('sleep', ['2.1']);
  site.publish();
  const before = execFileSync('find', [site.store, '-printf', '%p %C@\\n'], { encoding: 'utf8' });
  const log = join(site.root, 'trace');
  spawnSync(
    'strace',
    ['-f', '-o', log, '-e', 'trace=openat,open', process.execPath, join(DIST, 'xh.cjs'), 'publish'],
    { env: { ...process.env, XH_ROOT: site.root } },
  );
  const opened = readFileSync(log, 'utf8');
  expect(opened).toMatch(/publish\/tool\.trees|"tool\.trees"/);
  expect(opened).not.toMatch(/"(?:table|run)"/);
  expect(execFileSync('find', [site.store, '-printf', '%p %C@\\n'], { encoding: 'utf8' })).toBe(
    before,
  );
  expect(site.publish('-v').stderr).toMatch(/^tool +revision 1 +unchanged$/m);
});

test('a change that leaves size and time of a file as they were is not missed, however soon it comes', () => {
  const site = withTool(publisher(), 'tool');
  const file = join(site.root, 'software/tool/data/table');
  for (let i = 1; i <= 5; i++) {
    writeFileSync(file, `text ${i}\n`);
    utimesSync(file, 1_000_000_000, 1_000_000_000);
    utimesSync(join(file, '..'), 1_000_000_000, 1_000_000_000);
    site.publish();
    expect(headOf(site, 'tool').revision).toBe(i);
  }
});

test('what says so is not published, and what is meant for some says for whom', () => {
  const site = withTool(publisher(), 'mine', 'some', 'others');
  site.write('mine', { '.admin/Options': 'distribute = none\n' });
  site.write('some', { '.admin/Targets': 'web* .cs.example.org\n!web9\n' });
  site.write('others', { '.admin/Options': 'distribute = arch:linux-*\n' });
  const { stderr } = site.publish('-v');
  expect(stderr).toMatch(/^mine +not published: it says 'distribute = none'$/m);
  expect(existsSync(join(site.store, 'heads/mine.json'))).toBe(false);
  expect(headOf(site, 'some').targets).toEqual(['web*', '.cs.example.org', '!web9']);
  expect(headOf(site, 'others').targets).toEqual(['arch:linux-*']);
  site.write('some', { '.admin/Options': 'distribute = all\n' });
  site.publish();
  expect(headOf(site, 'some').targets).toBeUndefined();
});

test('a package whose metadata are broken is refused with the place, and the others are published', () => {
  const site = withTool(publisher(), 'bad', 'good', 'odd');
  site.write('bad', { '.admin/Options': 'prority = 10\n' });
  site.write('odd', { 'export/services': 'tool 70000/tcp\n' });
  const ran = xh(site.root, 'publish');
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(/^bad +refused: its metadata are broken$/m);
  expect(ran.stderr).toMatch(/Options:1:1.*unknown option 'prority'/s);
  expect(ran.stderr).toMatch(/^odd +refused: export\/services:1/m);
  expect(ran.stderr).toMatch(/xh check odd shows all/);
  expect(ran.stderr).toMatch(/3 packages: 1 published, 2 refused/);
  expect(readdirSync(join(site.store, 'heads'))).toEqual(['good.json']);
  expect(xh(site.root, 'publish', 'bad').status).toBe(3);
});

test('a dry run says the same, and writes nothing', () => {
  const site = withTool(publisher(), 'tool');
  const files = (): string =>
    execFileSync('sh', ['-c', `find ${site.store} ${site.root} -type f | sort`], {
      encoding: 'utf8',
    });
  const before = files();
  const dry = site.publish('--dry-run').stderr;
  expect(files()).toBe(before);
  const real = site.publish().stderr;
  expect(dry.replace('would be ', '').replace(' (nothing was written)', '')).toBe(real);
});

test('what would expire is signed again, with what is in the depot or without', () => {
  const site = withTool(publisher(), 'tool', 'old');
  site.publish();
  const first = headOf(site, 'tool');
  rmSync(join(site.root, 'software/old'), { recursive: true });
  expect(later(site, 10, 'publish', '--refresh', '-v').stderr).toMatch(/2 unchanged/);
  const ran = later(site, 16, 'publish', '--refresh');
  expect(ran.stderr).toMatch(/^old +revision 2 +signed again, nothing changed$/m);
  const { revision, expires, trees } = headOf(site, 'tool');
  expect({ revision, trees }).toEqual({ revision: 2, trees: first.trees });
  expect(Date.parse(expires) - Date.parse(first.expires)).toBeGreaterThan(15 * 86_400_000);
  expect(later(site, 40, 'publish').stderr).toMatch(/^tool +revision 3 +signed again/m);
  expect(xh(site.root, 'publish', '--refresh', 'toll')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/has no package toll\n.*did you mean 'tool'/) as string,
  });
});

test('a clock that is behind publishes nothing that would expire too soon', () => {
  const site = withTool(publisher(), 'tool');
  site.publish();
  site.write('tool', { 'data/table': 'new\n' });
  const ran = later(site, -10, 'publish');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/by the clock of this host it is .*, and tool was published at/);
  expect(ran.stderr).toMatch(/→ set the clock; if it is right/);
  expect(later(site, -10, 'publish', '--anew').status).toBe(0);
});

test('what will not be believed for long any more is told in time', () => {
  const site = withTool(publisher(), 'tool');
  expect(site.publish().stderr).not.toMatch(/nobody will believe/);
  const { stderr } = later(site, 340, 'publish');
  expect(stderr).toMatch(/warning: nobody will believe anything of .* after .*→ .*xh key trust/s);
  expect(stderr).toMatch(/warning: nobody will believe what publisher signs.*→ .*xh key delegate/s);
});

test('two hosts publish their own architecture at the same time, again and again, and nothing is lost', async () => {
  const site = withTool(publisher(), 'tool');
  site.publish();
  const other = join(temporaryDirectory(), 'other');
  execFileSync('cp', ['-a', site.root, other]);
  const arch = xhDone(site.root, 'arch').stdout.trim();
  const config = join(other, 'etc/xhier.toml');
  // the other one keeps programs of another architecture
  writeFileSync(config, `arch-store = "/export"\n${readFileSync(config, 'utf8')}`);
  mkdirSync(join(other, 'export/linux-sparc64/tool/bin'), { recursive: true });
  for (let round = 0; round < 3; round++) {
    writeFileSync(join(site.root, '.software/arch/tool/bin/run'), `here ${round}`);
    writeFileSync(join(other, 'export/linux-sparc64/tool/bin/run'), `there ${round}`);
    const runs = [site.root, other].map((root) =>
      spawn(join(DIST, 'xh.cjs'), ['publish', '--type', 'arch', '--store', site.store], {
        env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
        stdio: ['ignore', 'inherit', 'ignore'],
      }),
    );
    const codes = await Promise.all(
      runs.map(async (run) => (await once(run, 'exit'))[0] as number),
    );
    expect(codes).toEqual([0, 0]);
    const ran = xhDone(site.root, 'store', 'verify');
    expect(ran.stderr).toMatch(/all as it should be/);
    expect(Object.keys(headOf(site, 'tool').trees)).toEqual(
      expect.arrayContaining([`arch/${arch}`, 'arch/linux-sparc64', 'share']),
    );
  }
});

test('a standing head that is not to be believed is not taken over, until that is asked for', () => {
  const site = withTool(publisher(), 'tool');
  site.publish();
  const file = join(site.store, 'heads/tool.json');
  const forged = { ...headOf(site, 'tool'), revision: 999 };
  writeFileSync(file, JSON.stringify(forged));
  site.write('tool', { 'data/table': 'new\n' });
  const ran = xh(site.root, 'publish');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(
    /tool +refused: the store is not believed: its head of tool is not signed/,
  );
  expect(ran.stderr).toMatch(
    /→ look who can write to .*; xh publish --anew tool takes nothing over/,
  );
  site.publish('--anew', 'tool');
  // hosts may have seen the first one, and no later one that was believed
  expect(headOf(site, 'tool').revision).toBe(2);
  expect(xhDone(site.root, 'store', 'verify').stderr).toMatch(/all as it should be/);
});

test('a key signs for what it may, and says who lets it sign for more', () => {
  const site = withTool(publisher(), 'gcc-13', 'make');
  xhDone(site.root, 'key', 'make', 'gnu');
  xhDone(site.root, 'key', 'delegate', 'gnu', '--packages', 'gcc-*');
  const { stderr } = site.publish('--key', 'gnu', '-v');
  expect(stderr).toMatch(/^make +not published: this key may not sign for it$/m);
  expect(readdirSync(join(site.store, 'heads'))).toEqual(['gcc-13.json']);
  const ran = xh(site.root, 'publish', 'make', '--key', 'gnu');
  expect(ran.status).toBe(3);
  expect(ran.stderr).toMatch(/nobody would believe make: key [0-9a-f]{16} may sign for gcc-\*/);
  expect(ran.stderr).toMatch(/→ .*xh key delegate ed25519:\S+ --packages make/);
});

test('what is missing to begin with is told with the command that makes it', () => {
  const site = withTool(publisher(), 'tool');
  const told = (...words: readonly string[]): string => {
    const ran = xh(site.root, ...words);
    expect(ran.status).not.toBe(0);
    return ran.stderr;
  };
  expect(told('publish', '--key', 'nobody')).toMatch(
    /no private key nobody.*→ xh key make nobody/s,
  );
  expect(told('publish', '--store', join(site.root, 'none'))).toMatch(
    /no store in .*→ .*xh key trust/s,
  );
  const empty = join(site.root, 'empty');
  mkdirSync(empty);
  expect(told('publish', '--store', empty)).toMatch(/does not say yet whom.*→ xh key trust/s);
  expect(told('publish', '--store', 'https://x.org')).toMatch(
    /nothing can be written.*→ .*directory/s,
  );
  expect(told('publish', 'tol')).toMatch(/tol/);
  expect(told('publish', '--type', 'ach')).toMatch(/no file type 'ach'.*one of share, arch/s);
  expect(told('publish', '--refresh', '--anew')).toMatch(/--refresh looks at no files/);
  const bare = subscriber(site.store, site.siteKey);
  xhDone(bare, 'mkpkg', 'x');
  expect(xh(bare, 'publish').stderr).toMatch(/no store is named.*→ name one with --store/s);
  expect(xh(bare, 'publish', '--store', site.store).stderr).toMatch(/no private key publisher/);
});

test('a full disk is told, leaves nothing half written, and when there is room all gets there', () => {
  const site = withTool(publisher(), 'tool');
  const small = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'xhier-test', small]);
    execFileSync('cp', ['-a', `${site.store}/.`, small]);
    site.write('tool', { 'data/large': 'x'.repeat(400_000) });
    const ran = xh(site.root, 'publish', '--store', small);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/no space left on device.*→ free some space/s);
    expect(execFileSync('find', [small, '-name', '.new-*'], { encoding: 'utf8' })).toBe('');
    expect(existsSync(join(small, 'heads/tool.json'))).toBe(false);
    execFileSync('mount', ['-o', 'remount,size=2m', small]);
    xhDone(site.root, 'publish', '--store', small);
    expect(statSync(join(small, 'heads/tool.json')).size).toBeGreaterThan(0);
    expect(xhDone(site.root, 'store', 'verify', '--store', small).stderr).toMatch(
      /all as it should/,
    );
  } finally {
    spawnSync('umount', [small]);
  }
});

test('JSON has all of it for programs', () => {
  const site = withTool(publisher(), 'tool', 'bad');
  site.write('bad', { '.admin/Options': 'x\n' });
  const { stdout } = xh(site.root, 'publish', '--json', '-q');
  expect(JSON.parse(stdout)).toMatchObject({
    store: site.store,
    packages: [
      { package: 'bad', result: 'refused', error: { code: 'E_OPTION_SYNTAX' } },
      { package: 'tool', result: 'published', revision: 1, version: bytes('0.1.0') },
    ],
  });
});
