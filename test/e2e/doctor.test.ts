/** `xh doctor`: a real site is broken in each of its ways, seen to be, mended, and seen to be well. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { diagnose } from '../../src/depot/doctor/doctor.ts';
import { HOST_CHECKS } from '../../src/depot/doctor/table.ts';
import { visitHost } from '../../src/host/transaction.ts';
import { loadConfig } from '../../src/site/config.ts';
import { bins, command, copySystemFiles, makePackage, type Files } from '../depot/packages.ts';
import { freshSite, temporaryDirectory } from '../site.ts';
import { program, snapshot, xh, xhDone, type Ran } from './xh.ts';

interface Found {
  readonly check: string;
  readonly severity: string;
  readonly message: string;
  readonly remedy: string;
  readonly fix?: string;
}

let root = '';
beforeEach(() => {
  root = freshSite().path;
  chmodSync(root, 0o755);
  copySystemFiles(root, 'services', 'passwd', 'group');
  mkdirSync(join(root, 'etc/profile.d'));
  writeFileSync(join(root, 'etc/profile.d/xhier.sh'), 'eval "$(showpath --init sh)"\n');
  clock('clock');
  makePackage(root, 'tick', { 'bin/tick': command('tick'), 'man/man1/tick.1': '.TH TICK 1\n' });
});

function clock(directory: string, more: Files = {}): string {
  return makePackage(root, directory, {
    'bin/clock': command(directory),
    'export/services': 'clock 4711/tcp\nclock 4711/udp\n',
    ...more,
  });
}

function at(path: string): string {
  return join(root, path);
}

const ADMIN = '.software/local/.admin';

function admin(path: string): string {
  return at(`${ADMIN}/${path}`);
}

function install(...names: readonly string[]): void {
  xhDone(root, 'install', ...(names.length === 0 ? ['clock', 'tick'] : names));
}

/** What the doctor finds, by check; the machine's own notes apart. */
function found(check?: string): readonly Found[] {
  const site = { root: bytes(root) };
  const { findings } = visitHost(site, (host) => diagnose(host, () => loadConfig(site)));
  return findings
    .map(({ repair, ...each }) => ({ ...each, ...(repair && { fix: repair.when }) }))
    .filter((each) => (check === undefined ? each.check !== 'platform' : each.check === check));
}

/** Runs what a finding says, as a person would type it. */
function run(remedy: string): void {
  const tools = temporaryDirectory();
  symlinkSync(resolve(import.meta.dirname, '../../dist/xh.cjs'), join(tools, 'xh'));
  const ran = spawnSync('sh', ['-c', remedy], {
    encoding: 'utf8',
    env: { ...process.env, XH_ROOT: root, PATH: `${tools}:${process.env['PATH'] ?? ''}` },
  });
  expect(`${ran.stderr}${String(ran.status)}`).toMatch(/0$/);
}

/** Sees findings of one check, and nothing else; mends them with --fix, and sees a host that is well. */
function fixed(check: string, message: RegExp, ...words: readonly string[]): Ran {
  const before = found();
  expect(before.map((each) => [each.check, each.message])).toContainEqual([
    check,
    expect.stringMatching(message),
  ]);
  const ran = xh(root, 'doctor', '--fix', ...words);
  expect(ran.stdout).toMatch(new RegExp(`^mended   .*\\[${check}\\]`, 'm'));
  expect(ran.status).toBe(0);
  expect(found()).toEqual([]);
  return ran;
}

/** The one finding of a check, which --fix leaves to people. */
function only(check: string, message: RegExp): Found {
  const all = found();
  const [first] = all.filter((each) => each.check === check);
  expect(first?.message).toMatch(message);
  expect(all.filter(({ severity }) => severity === 'problem').map((each) => each.check)).toEqual(
    all.filter(({ severity }) => severity === 'problem').map(() => check),
  );
  return first ?? { check, severity: '', message: '', remedy: '' };
}

/** A signal takes effect when the kernel comes to it. */
function untilState(pid: number, state: string): void {
  while (readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0] !== state) {
    spawnSync('sleep', ['0.02']);
  }
}

test('a host that is well: silent with -q, and nothing is written', () => {
  expect(xh(root, 'doctor', '-q')).toEqual(expect.objectContaining({ status: 0, stderr: '' }));
  expect(existsSync(at(ADMIN))).toBe(false);
  install();
  // notes are for those who ask
  expect(xh(root, 'doctor', '-q')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const before = snapshot(root);
  expect(found()).toEqual([]);
  expect(xh(root, 'doctor').stderr).toMatch(/^this host is well/);
  expect(snapshot(root)).toEqual(before);
  const ids = HOST_CHECKS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(xhDone(root, 'doctor', '--list').stdout.split('\n').filter(Boolean)).toHaveLength(
    ids.length,
  );
});

describe('what the host knows of itself', () => {
  test('a mistake in the configuration: the doctor runs, and mends the rest', () => {
    install();
    writeFileSync(at('etc/xhier.toml'), 'lock-tiemout = 3\n');
    unlinkSync(bins(root, 'clock'));
    expect(xh(root, 'make-links').status).toBe(2);
    const ran = xh(root, 'doctor', '--fix');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^mended .*bins\/bin\/clock is missing/m);
    expect(only('configuration', /xhier\.toml:1: .*'lock-tiemout'/).remedy).toMatch(
      /^did you mean 'lock-timeout'\?: editor \+1 /,
    );
    unlinkSync(at('etc/xhier.toml'));
    expect(found()).toEqual([]);
  });

  test('a receipt that is cut off, or says nothing, comes back from the history', () => {
    install();
    const receipt = admin('receipts/clock.json');
    const before = readFileSync(receipt);
    truncateSync(receipt, 100);
    expect(xh(root, 'uninstall', 'clock').status).not.toBe(0);
    fixed('receipts', /the receipt of clock cannot be used/);
    expect(readFileSync(receipt)).toEqual(before);
    writeFileSync(receipt, '{"format":1}\n');
    fixed('receipts', /the receipt of clock cannot be used/);
    expect(xhDone(root, 'history', '--json').stdout).toContain('mended: receipts of clock');
    xhDone(root, 'verify');
  });

  test('a receipt that the history does not have: installed again', () => {
    install();
    rmSync(admin('generations'), { recursive: true });
    rmSync(admin('objects'), { recursive: true });
    writeFileSync(admin('receipts/clock.json'), 'x');
    const { remedy } = only('receipts', /the receipt of clock/);
    expect(xh(root, 'doctor', '--fix').status).toBe(1);
    run(/install it again: (.*)/.exec(remedy)?.[1] ?? '');
    expect(found()).toEqual([]);
    xhDone(root, 'uninstall', 'clock');
    expect(readFileSync(at('etc/services'))).toEqual(readFileSync('/etc/services'));
  });

  test('records of the farms, and of generations', () => {
    makePackage(root, 'rival', { '.admin/Options': 'priority = 90\n', 'bin/clock': command('r') });
    install('clock', 'rival');
    writeFileSync(admin('farm.json'), 'x');
    fixed('records', /farm\.json/);
    writeFileSync(admin('generations/1.json'), 'x');
    const { remedy } = only('history', /generation 1 cannot be read/);
    run(/do without it: (.*)/.exec(remedy)?.[1] ?? '');
    expect(found()).toEqual([]);
  });

  test('commits from the future', () => {
    install();
    const receipt = admin('receipts/tick.json');
    const before = readFileSync(receipt, 'utf8');
    writeFileSync(receipt, before.replace(/"time":"\d{4}/, '"time":"2999'));
    only('clock', /the receipt of tick of 2999.* in the future/);
    writeFileSync(receipt, before);
    expect(found()).toEqual([]);
  });
});

describe('trees and names', () => {
  test('/software gone, or turned; the rest is looked at when it is back', () => {
    install();
    unlinkSync(at('software'));
    fixed('names', /\/software is not there/);
    unlinkSync(at('software'));
    mkdirSync(at('elsewhere'));
    symlinkSync(at('elsewhere'), at('software'));
    unlinkSync(bins(root, 'clock'));
    const told = xh(root, 'doctor').stdout;
    expect(told).toContain('not looked at while that is so: ');
    // taking the trees for empty would take all links away
    fixed('names', /\/software leads to .*elsewhere/);
    expect(readlinkSync(bins(root, 'clock'))).toBe(at('software/clock/bin/clock'));
    unlinkSync(at('software'));
    mkdirSync(at('software'));
    const { remedy } = only('names', /\/software is no link/);
    run(/then: (.*)/.exec(remedy)?.[1]?.replace('elsewhere', at('elsewhere')) ?? '');
    expect(found()).toEqual([]);
  });

  test('a tree that is not mounted takes no link away', () => {
    mkdirSync(at('.software/arch/tool/bin'), { recursive: true });
    writeFileSync(at('.software/arch/tool/bin/tool'), command('tool'), { mode: 0o755 });
    symlinkSync(at('.software/arch/tool/bin'), join(makePackage(root, 'tool'), 'bin'));
    install('tool');
    const before = snapshot(root);
    renameSync(at('.software/arch'), at('.software/away'));
    only('trees', /\/\.software\/arch is not there, and packages/);
    expect(xh(root, 'doctor', '--fix', '--yes').status).toBe(1);
    mkdirSync(at('.software/arch'));
    rmSync(at('.software/arch'), { recursive: true });
    symlinkSync('/no/such/tree', at('.software/arch'));
    expect(xh(root, 'doctor').stdout).toMatch(/\/\.software\/arch/);
    unlinkSync(at('.software/arch'));
    renameSync(at('.software/away'), at('.software/arch'));
    expect(snapshot(root)).toEqual(before);
    expect(found()).toEqual([]);
  });

  test('a tree of another architecture', () => {
    const arch = xhDone(root, 'arch').stdout.trim();
    writeFileSync(at('etc/xhier.toml'), 'arch-store = "/export/arch"\n');
    for (const each of [arch, 'linux-s390x'])
      mkdirSync(at(`export/arch/${each}`), { recursive: true });
    install();
    symlinkSync(at('export/arch/linux-s390x'), at('.software/arch'));
    fixed('trees', /leads to .*linux-s390x; of this architecture is/);
    expect(readlinkSync(at('.software/arch'))).toBe(at(`export/arch/${arch}`));
  });

  test('a site that was moved: links, fragments and receipts are written for where it is', () => {
    mkdirSync(at('.software/arch/tool/bin'), { recursive: true });
    writeFileSync(at('.software/arch/tool/bin/tool'), command('tool'), { mode: 0o755 });
    const tool = makePackage(root, 'tool', {
      'export/services.in': 'tool 4712/tcp # @directory@\n',
      'export/replace/usr/bin/tool': '→ ../../../../bin/tool',
    });
    symlinkSync(at('.software/arch/tool/bin'), join(tool, 'bin'));
    mkdirSync(at('usr/bin'), { recursive: true });
    writeFileSync(at('usr/bin/tool'), 'stock');
    install('clock', 'tick', 'tool');
    const former = root;
    root = join(dirname(root), `${root.split('/').at(-1) ?? ''}-moved`);
    renameSync(former, root);
    onTestFinished(() => {
      rmSync(root, { recursive: true, force: true });
    });
    fixed('site-root', /links between the trees \(1\) lead to/);
    expect(readlinkSync(bins(root, 'tool'))).toBe(at('software/tool/bin/tool'));
    expect(readlinkSync(at('usr/bin/tool'))).toBe(at('software/tool/bin/tool'));
    expect(readFileSync(at('etc/services'), 'utf8')).toContain(`# ${root}/software/tool\n`);
    expect(xh(root, 'verify').stdout).toBe('');
    xhDone(root, 'uninstall', 'clock', 'tick', 'tool');
    expect(readFileSync(at('usr/bin/tool'), 'utf8')).toBe('stock');
    expect(readFileSync(at('etc/services'))).toEqual(readFileSync('/etc/services'));
  });
});

describe('packages', () => {
  test('that the depot has lost', () => {
    install();
    rmSync(at('.software/share/clock'), { recursive: true });
    const { remedy } = found('vanished')[0] ?? { remedy: '' };
    run(/or: (.*)/.exec(remedy)?.[1] ?? '');
    expect(found()).toEqual([]);
  });

  test('whose name means a version that is gone, or was turned behind our back', () => {
    rmSync(at('.software/share/clock'), { recursive: true });
    clock('clock-1.0', { '.admin/Options': 'version = 1.0\n' });
    const second = clock('clock-2.0', { '.admin/Options': 'version = 2.0\n' });
    install('clock@1', 'clock@2');
    xhDone(root, 'use', 'clock@2');
    unlinkSync(at('.software/share/clock'));
    symlinkSync('clock-1.0', at('.software/share/clock'));
    const { remedy } = only(
      'current-versions',
      /clock means clock-1\.0, and installed as the current/,
    );
    run(/or back: (.*)/.exec(remedy)?.[1] ?? '');
    expect(found()).toEqual([]);
    rmSync(second, { recursive: true });
    expect(found('current-versions')[0]?.message).toContain('clock means the version clock-2.0');
    xh(root, 'doctor', '--fix');
    expect(readlinkSync(at('.software/share/clock'))).toBe('clock-1.0');
    run('xh uninstall clock-2.0; xh install clock-1.0');
    expect(found()).toEqual([]);
  });

  test('that need what is not installed, or what the host has not', () => {
    writeFileSync(at('software/clock/.admin/Dependencies'), 'tick\nsystem:nosuchthing\n');
    install('clock');
    xhDone(root, 'uninstall', '--force', 'tick');
    expect(found('needs').map(({ severity, message }) => [severity, message])).toEqual([
      ['problem', 'clock needs tick, which is not installed'],
      ['note', 'clock needs nosuchthing of the host, which does not seem to have it'],
    ]);
    run(found('needs')[0]?.remedy ?? '');
    writeFileSync(at('software/clock/.admin/Dependencies'), 'tick\n');
    expect(found()).toEqual([]);
    writeFileSync(at('software/clock/.admin/Dependencies'), '>>>\n');
    expect(only('needs', /what clock says of itself cannot be read/).remedy).toBe('xh check clock');
  });
});

describe('links and what is made of them', () => {
  test('missing, turned, leading nowhere: mended in one generation, shown before', () => {
    install();
    unlinkSync(bins(root, 'clock'));
    unlinkSync(bins(root, 'tick'));
    symlinkSync(at('software/clock/bin/clock'), bins(root, 'tick'));
    unlinkSync(at('software/tick/man/man1/tick.1'));
    const before = snapshot(root);
    const shown = xh(root, 'doctor', '--fix', '--dry-run');
    expect(shown.status).toBe(0);
    expect(shown.stderr).toContain('would mend: ');
    expect(shown.stdout).toContain('link /.software/local/.admin/bins/bin/: 2 links');
    expect(snapshot(root)).toEqual(before);
    const ran = fixed('farms', /bins\/bin\/clock is missing/);
    expect(ran.stderr).toContain('3 mended (generation 2)');
    xhDone(root, 'rollback', '--yes');
    expect(found('farms')).toHaveLength(3);
  });

  test('into links of a package that lead nowhere themselves, or to what the host has', () => {
    const outside = temporaryDirectory();
    writeFileSync(join(outside, 'libtick.so.1'), '');
    makePackage(root, 'tick-dev', {
      'lib/libtick.so': `→ ${outside}/libtick.so.1`,
      'lib/libtock.so': '→ nowhere.so',
    });
    install('tick-dev');
    expect(found().map(({ check, severity, message }) => [check, severity, message])).toEqual([
      ['farms', 'note', expect.stringMatching(/libtock\.so.*is itself a link to nothing/)],
    ]);
    expect(xh(root, 'make-links').status).toBe(0);
  });

  test('of nobody, or in the way: asked first', () => {
    install();
    symlinkSync(at('software/clock/bin/clock'), bins(root, 'time'));
    unlinkSync(bins(root, 'tick'));
    writeFileSync(bins(root, 'tick'), 'mine');
    writeFileSync(bins(root, 'own'), 'mine');
    expect(found('farms').map(({ severity, fix }) => [severity, fix])).toEqual(
      expect.arrayContaining([
        ['problem', 'asked'],
        ['problem', undefined],
        ['note', undefined],
      ]),
    );
    expect(xh(root, 'doctor', '--fix').stderr).toContain('--fix --yes 1');
    expect(xh(root, 'doctor', '--fix', '--yes').stdout).toContain('time leads into clock');
    expect(existsSync(bins(root, 'time'))).toBe(false);
    unlinkSync(bins(root, 'tick'));
    unlinkSync(bins(root, 'own'));
    fixed('farms', /bin\/tick is missing/);
  });

  test('the path table: missing, cut off, of another time', () => {
    install();
    unlinkSync(admin('path-table'));
    fixed('path-table', /is missing/);
    truncateSync(admin('path-table'), 400);
    fixed('path-table', /is damaged/);
    writeFileSync(at('etc/xhier.toml'), 'vendor-path = { bin = ["/opt/x"] }\n');
    fixed('path-table', /is not what this host is now/);
    expect(readFileSync(admin('path-table'), 'utf8')).toContain('/opt/x');
  });

  test('a cache that is older than its links is made anew', () => {
    const cache = `${ADMIN}/man/index.db`;
    writeFileSync(
      at('etc/xhier.toml'),
      `refresh-on = ["${root}"]\n[refresh]\n"/${ADMIN}/man" = 'test ! -d "$XH_ROOT/${ADMIN}/man" || echo new > "$XH_ROOT/${cache}"'\n`,
    );
    install();
    expect(found()).toEqual([]);
    utimesSync(at(cache), 1e9, 1e9);
    const [note] = found('caches');
    expect(note?.message).toContain('index.db is older than the links');
    run(note?.remedy ?? '');
    expect(found()).toEqual([]);
    utimesSync(at(cache), 1e9, 1e9);
    fixed('caches', /index\.db is older/);
  });
});

describe('system files', () => {
  test.each(['BEGIN', 'END'])('a %s line that somebody deleted comes back', (which) => {
    install();
    const before = readFileSync(at('etc/services'), 'utf8');
    writeFileSync(at('etc/services'), before.replace(`# ${which} xhier clock\n`, ''));
    expect(xh(root, 'uninstall', 'clock').status).toBe(3);
    fixed('markers', /services:\d+: /);
    expect(readFileSync(at('etc/services'), 'utf8')).toBe(before);
  });

  test('markers that no receipt explains are left to people, with the line', () => {
    install();
    appendFileSync(at('etc/services'), '# BEGIN xhier other\nx 1/tcp\n');
    expect(only('markers', /the block of other \(line \d+\) does not end/).remedy).toMatch(
      /editor \+\d+ /,
    );
    writeFileSync(
      at('etc/services'),
      readFileSync(at('etc/services'), 'utf8').split('# BEGIN xhier other')[0] ?? '',
    );
    expect(found()).toEqual([]);
  });

  test('a block of a package that was uninstalled, put back with the file, goes', () => {
    writeFileSync(at('etc/services'), 'clock 4711/tcp\nclock 4711/udp\nssh 22/tcp\n');
    install('tick');
    const stock = readFileSync(at('etc/services'), 'utf8');
    copySystemFiles(root, 'services');
    install('clock');
    const backup = readFileSync(at('etc/services'));
    xhDone(root, 'uninstall', 'clock');
    writeFileSync(at('etc/services'), backup);
    fixed('orphans', /a block, or a disabled entry, of clock, which is not installed/);
    expect(readFileSync(at('etc/services'))).toEqual(readFileSync('/etc/services'));
    // of one that was never here, only when asked
    writeFileSync(at('etc/services'), `${stock}#xhier:disabled-by gone# x 1/tcp\n`);
    expect(only('orphans', /of gone/).fix).toBe('asked');
    expect(xh(root, 'doctor', '--fix').status).toBe(1);
    run(/to be rid of it: (.*)/.exec(found('orphans')[0]?.remedy ?? '')?.[1] ?? '');
    expect(readFileSync(at('etc/services'), 'utf8')).toBe(`${stock}x 1/tcp\n`);
    expect(found()).toEqual([]);
  });

  test('what a package had there is gone, or was edited', () => {
    install();
    copySystemFiles(root, 'services');
    fixed('merged', /\/etc\/services has no longer what clock put there/);
    const services = readFileSync(at('etc/services'), 'utf8');
    writeFileSync(at('etc/services'), services.replace('clock 4711/udp', 'clock 4712/udp'));
    const edited = found();
    expect(edited.map(({ check, severity }) => [check, severity])).toEqual([['merged', 'note']]);
  });

  test('two with one number', () => {
    makePackage(root, 'daemon', {
      'export/passwd': 'ticker:x:::T:/:/usr/sbin/nologin\n',
      'export/group': 'ticker:x::\n',
    });
    install('daemon');
    const before = readFileSync(at('etc/passwd'), 'utf8');
    const id = /^ticker:[^:]*:(\d+)/m.exec(before)?.[1] ?? '';
    writeFileSync(
      at('etc/passwd'),
      `${before}late:x:${id}:1::/:/bin/sh\nticker:x:7777:1::/:/bin/sh\n`,
    );
    expect(found('account-numbers').map(({ message, remedy }) => [message, remedy])).toEqual([
      [
        expect.stringMatching(new RegExp(`'late' has the number ${id} of 'ticker'`)),
        `give the one that is newer another: usermod -u NUMBER late`,
      ],
      [
        expect.stringContaining("two accounts are called 'ticker'"),
        expect.stringContaining('vipw'),
      ],
    ]);
    writeFileSync(at('etc/passwd'), before);
    expect(found()).toEqual([]);
  });
});

describe('what commands that were killed have left', () => {
  test('a journal that is open, or damaged', () => {
    install();
    const entry = {
      format: 1,
      id: 'abc-1-1',
      command: 'install',
      user: 'root',
      time: 'noon',
      changes: [],
    };
    writeFileSync(admin('journal/abc-1-1.staging'), JSON.stringify(entry));
    fixed('journal', /xh install of root at noon was interrupted/);
    writeFileSync(admin('journal/abc-1-1.clean'), JSON.stringify(entry));
    expect(only('journal', /has done its work/).severity).toBe('note');
    run('xh recover');
    expect(found()).toEqual([]);
    writeFileSync(admin('journal/abc-1-2.commit'), 'x');
    const { remedy } = only('journal', /an entry of the journal, is damaged/);
    const refused = xh(root, 'doctor', '--fix');
    expect(refused.status).toBe(1);
    run(/and: (.*) elsewhere/.exec(remedy)?.[1]?.concat(` ${root}`) ?? '');
    expect(found()).toEqual([]);
  });

  test('a lock whose holder was killed, or is stopped', () => {
    install();
    const holder = (pid: number): void => {
      writeFileSync(
        admin('lock'),
        JSON.stringify({ pid, user: 'root', command: 'xh x', since: 'noon' }),
      );
    };
    holder(spawnSync('true').pid);
    fixed('lock', /'xh x' .* was killed while it held the lock/);
    const sleeping = spawn('sleep', ['60']);
    onTestFinished(() => {
      sleeping.kill('SIGKILL');
    });
    const pid = sleeping.pid ?? 0;
    holder(pid);
    process.kill(pid, 'SIGSTOP');
    untilState(pid, 'T');
    run(only('lock', /holds the lock, and is stopped/).remedy);
    untilState(pid, 'S');
    expect(only('lock', /is at work/).severity).toBe('note');
    writeFileSync(admin('lock'), '');
    expect(found()).toEqual([]);
  });

  test('temporary names, and originals that were put aside', () => {
    install();
    writeFileSync(at('etc/.xhier-abc-1-1-0'), 'x');
    writeFileSync(admin('receipts/.x.json.new'), 'x');
    writeFileSync(at('.software/.lfu-0123456789abcdef'), 'x');
    mkdirSync(at('usr/bin'), { recursive: true });
    writeFileSync(at('usr/bin/.vi.xhier-elvis'), 'stock');
    symlinkSync(at('software/elvis/bin/vi'), at('usr/bin/vi'));
    expect(found('left-overs')).toHaveLength(4);
    fixed('left-overs', /is the original of \/usr\/bin\/vi, put aside for elvis/);
    expect(readFileSync(at('usr/bin/vi'), 'utf8')).toBe('stock');
    mkdirSync(at('.software/share/.xhier-abc-1-1-1'));
    writeFileSync(at('.software/share/.xhier-abc-1-1-1/x'), 'x');
    expect(xh(root, 'doctor', '--fix').status).toBe(1);
    fixed('left-overs', /a temporary name/, '--yes');
    // both are there: people choose
    writeFileSync(at('usr/bin/.vi.xhier-elvis'), 'other');
    expect(only('left-overs', /original of/).remedy).toMatch(/^compare it with/);
  });
});

describe('the machine', () => {
  test('rights by which anybody may change what is installed', () => {
    install();
    chmodSync(admin('receipts'), 0o777);
    run(only('permissions', /everybody may write to .*receipts \(mode 777\)/).remedy);
    expect(found()).toEqual([]);
  });

  test('a disk that is full', () => {
    const disk = temporaryDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'xhier-test', disk]);
    onTestFinished(() => {
      execFileSync('umount', [disk]);
    });
    install();
    cpSync(root, disk, { recursive: true, verbatimSymlinks: true });
    root = disk;
    xh(root, 'doctor', '--fix');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(at('filler'), Buffer.alloc((bavail - 1) * bsize));
    expect(only('room', /the file system is full: 0 MiB are free/).remedy).toContain('xh gc');
    unlinkSync(at('filler'));
    expect(found()).toEqual([]);
  });

  test('what users would miss: the native library, showpath in a profile', () => {
    install();
    const without = program('xh.cjs', root, ['doctor', '--json'], { XHIER_NATIVE: 'no' });
    expect(without.status).toBe(0);
    expect(without.stdout).toContain('the native library is turned off');
    unlinkSync(at('etc/profile.d/xhier.sh'));
    const { severity, remedy } = only('logins', /no profile of this host uses showpath/);
    expect(severity).toBe('note');
    run(remedy);
    expect(found()).toEqual([]);
  });

  test('what lfu reads', () => {
    install();
    writeFileSync(at('etc/lfu.toml'), '[[master]]\nnaem = "x"\n');
    expect(
      found('lfu-configuration')
        .map(({ message }) => message)
        .join(),
    ).toMatch(/lfu\.toml:\d+: .*naem/);
    writeFileSync(
      at('etc/lfu.toml'),
      `[[master]]\nname = "m"\npath = "${root}/m"\nslave = "${root}/no/s"\nindex = "${root}/i"\n`,
    );
    expect(found('lfu-configuration')).toHaveLength(3);
    mkdirSync(at('m'));
    writeFileSync(at('m/x'), 'x');
    mkdirSync(at('no'));
    run(
      /make it anew: (.*)/
        .exec(only('lfu-configuration', /the index of the master m/).remedy)?.[1]
        ?.replace(/^lfu/, resolve(import.meta.dirname, '../../dist/lfu.cjs')) ?? '',
    );
    expect(found()).toEqual([]);
    mkdirSync(admin('lfu/s-0123456789ab'), { recursive: true });
    writeFileSync(admin('lfu/s-0123456789ab/ledger'), 'x');
    const { remedy } = only('lfu-ledgers', /ledger is damaged/);
    run(/begin it anew: (mv [^;]*)/.exec(remedy)?.[1] ?? '');
    expect(found()).toEqual([]);
  });
});

describe('whatever is broken', () => {
  test('only what is asked for: findings about one package', () => {
    install();
    unlinkSync(at('etc/services'));
    chmodSync(admin('receipts'), 0o777);
    const ran = xh(root, 'doctor', 'clock', '--json');
    const { findings } = JSON.parse(ran.stdout) as { readonly findings: readonly Found[] };
    expect(findings.map(({ check }) => check)).toEqual(['merged']);
    expect(xh(root, 'doctor', 'tick').status).toBe(0);
  });

  test('any part of the site replaced by anything: every check says what it can, none dies', () => {
    install();
    const site = { root: bytes(root) };
    const paths = [
      'etc',
      'etc/services',
      'etc/passwd',
      'etc/xhier.toml',
      'etc/lfu.toml',
      'software',
      '.software',
      '.software/share',
      '.software/share/clock',
      '.software/share/clock/.admin',
      '.software/share/clock/.admin/Options',
      '.software/local',
      ADMIN,
      ...readdirSync(admin('')).map((name) => `${ADMIN}/${name}`),
      `${ADMIN}/receipts/clock.json`,
      `${ADMIN}/generations/1.json`,
      `${ADMIN}/bins/bin`,
      `${ADMIN}/bins/bin/clock`,
      `${ADMIN}/farm.json`,
      `${ADMIN}/preferences.json`,
    ];
    const replacements: readonly ((path: string) => void)[] = [
      () => undefined,
      (path) => {
        writeFileSync(path, '');
      },
      (path) => {
        writeFileSync(path, '{"format":1,"changes":7,"contested":{},"files":[0]}');
      },
      (path) => {
        mkdirSync(path);
      },
      (path) => {
        symlinkSync('/no/such/thing', path);
      },
      (path) => {
        symlinkSync('.', path);
      },
      (path) => {
        execFileSync('mkfifo', [path]);
      },
    ];
    const kept = temporaryDirectory();
    const defects: string[] = [];
    for (const path of paths) {
      if (existsSync(at(path))) renameSync(at(path), join(kept, 'it'));
      for (const [index, replace] of replacements.entries()) {
        rmSync(at(path), { recursive: true, force: true });
        mkdirSync(dirname(at(path)), { recursive: true });
        replace(at(path));
        const { findings } = visitHost(site, (host) => diagnose(host, () => loadConfig(site)));
        for (const { message, remedy } of findings) {
          if (remedy.includes('defect of xhier')) defects.push(`${path} (${index}): ${message}`);
        }
      }
      rmSync(at(path), { recursive: true, force: true });
      if (existsSync(join(kept, 'it'))) renameSync(join(kept, 'it'), at(path));
    }
    expect(defects).toEqual([]);
    expect(found()).toEqual([]);
  });
});
