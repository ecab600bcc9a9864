import { execFileSync, spawn } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { giveOwners, type Outcome } from '../../src/lfck/give.ts';
import { inspect, type Inspection } from '../../src/lfck/inspect.ts';
import { loadConfig } from '../../src/site/config.ts';
import { openSite } from '../../src/site/open.ts';
import { freshMaster, LFCK, lfck, report, UID, type Master, type Planted } from './master.ts';

/** The home of tex, with what of it is jane's. */
function texHome(things: Readonly<Record<string, Planted>> = {}): Master {
  const master = freshMaster();
  master.plant({ 'home/tex': { owner: 'tex', directory: true } });
  const below = Object.entries(things).map(([name, thing]) => [
    `home/tex/${name}`,
    { owner: 'jane', ...thing } as const,
  ]);
  master.plant(Object.fromEntries(below) as Record<string, Planted>);
  return master;
}

function owner(master: Master, path: string): number {
  return lstatSync(master.at(path)).uid;
}

function fix(master: Master, ...words: readonly string[]): ReturnType<typeof lfck> {
  return lfck([...master.etc, '--fix', '--yes', master.at('home/tex'), ...words]);
}

describe('--fix', () => {
  test('gives what is suspected to its package, and changes nothing else', () => {
    const master = texHome({
      file: { mode: 0o640 },
      dir: { directory: true, mode: 0o2775 },
      'dir/below': {},
      link: { target: '../../etc/passwd' },
      dangling: { target: 'nowhere' },
      fifo: { node: 'p', mode: 0o600 },
    });
    const mtime = lstatSync(master.at('home/tex/file')).mtimeMs;
    const { status, stdout, stderr } = fix(master);
    expect(stdout).toContain(`${master.at('home/tex/file')}\n    jane, suspected tex`);
    expect(stdout).not.toContain('Total MB');
    expect(stderr).toBe('lfck: 6 objects given to packages\n');
    expect(status).toBe(0);
    for (const each of ['file', 'dir', 'dir/below', 'link', 'dangling', 'fifo']) {
      expect(owner(master, `home/tex/${each}`), each).toBe(UID.tex);
    }
    const { mode, gid, mtimeMs } = lstatSync(master.at('home/tex/file'));
    expect({ mode: mode & 0o7777, gid, mtimeMs }).toEqual({ mode: 0o640, gid: 50, mtimeMs: mtime });
    expect(lstatSync(master.at('home/tex/dir')).mode & 0o7777).toBe(0o2775);
    expect(owner(master, 'etc/passwd')).toBe(0);
    expect(fix(master)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('gives an object with several names in the trees once', () => {
    const master = texHome({ a: {}, b: { sameAs: 'home/tex/a' } });
    expect(fix(master)).toMatchObject({
      status: 0,
      stderr: 'lfck: 1 object given to packages\n',
    });
    expect(owner(master, 'home/tex/b')).toBe(UID.tex);
  });

  test('shows what it would do with --dry-run', () => {
    const master = texHome({ file: {}, suid: { mode: 0o4755 } });
    const { status, stderr } = fix(master, '--dry-run');
    expect(stderr).toBe('lfck: 1 object would be given to packages, 1 left\n');
    expect(status).toBe(1);
    expect(owner(master, 'home/tex/file')).toBe(UID.jane);
  });

  test('says in JSON what became of each', () => {
    const master = texHome({ file: {}, null: { node: 'c 1 3' } });
    const { suspects = [] } = report([...master.etc, '--fix', '--yes', master.at('home/tex')]);
    expect(suspects.map(({ path, fix: done }) => [path, done])).toEqual([
      [master.at('home/tex/file'), { outcome: 'given' }],
      [master.at('home/tex/null'), undefined],
    ]);
  });
});

describe('--fix leaves alone', () => {
  test('programs with set-id bits, unless they may lose them', () => {
    const master = texHome({ suid: { mode: 0o4755 }, sgid: { mode: 0o2755 } });
    const { status, stdout } = fix(master);
    expect(stdout.match(/not with --fix: it is a set-id program/g)).toHaveLength(2);
    expect(status).toBe(1);
    expect(lstatSync(master.at('home/tex/suid'))).toMatchObject({ uid: UID.jane, mode: 0o104755 });
    expect(fix(master, '--clear-set-id').status).toBe(0);
    expect(lstatSync(master.at('home/tex/suid'))).toMatchObject({ uid: UID.tex, mode: 0o100755 });
    expect(lstatSync(master.at('home/tex/sgid'))).toMatchObject({ uid: UID.tex, mode: 0o100755 });
  });

  test('programs with capabilities, unless they may lose them', () => {
    const master = texHome({ ping: { mode: 0o755 } });
    const ping = master.at('home/tex/ping');
    execFileSync('/usr/sbin/setcap', ['cap_net_raw+ep', ping]);
    const capabilities = (): string => execFileSync('/usr/sbin/getcap', [ping]).toString();
    const { status, stderr } = fix(master);
    expect(stderr).toContain(`${ping}: left alone: it is a program with capabilities`);
    expect(status).toBe(1);
    expect(capabilities()).toContain('cap_net_raw');
    expect(fix(master, '--clear-set-id').status).toBe(0);
    expect(capabilities()).toBe('');
  });

  test('what somebody has linked into a tree from elsewhere', () => {
    const master = texHome();
    writeFileSync(master.at('shadow'), 'secret');
    linkSync(master.at('shadow'), master.at('home/tex/mine-now'));
    const { status, stdout } = fix(master, '--clear-set-id');
    expect(stdout).toContain('not with --fix: it has a name outside the trees');
    expect(status).toBe(1);
    expect(owner(master, 'shadow')).toBe(0);
  });

  test('devices, which would hand over what they stand for', () => {
    const master = texHome({ mem: { node: 'c 1 3' } });
    expect(fix(master).stdout).toContain('not with --fix: it is a device');
    expect(owner(master, 'home/tex/mem')).toBe(UID.jane);
  });

  test('what has no clear owner', () => {
    const master = freshMaster();
    master.plant({ 'a/tex': 'tex', 'a/emacs': 'emacs', 'a/f': { owner: 1234 } });
    const { status, stderr } = lfck([...master.etc, '--fix', '--yes', master.at('a')]);
    expect(stderr).toBe('lfck: 1 object owned by no package\n');
    expect(status).toBe(1);
    expect(owner(master, 'a/f')).toBe(1234);
  });
});

describe('what changes between the look and the fix', () => {
  function looked(master: Master): Inspection {
    const site = openSite(master.path);
    const etc = bytes(master.at('etc'));
    return inspect({
      site,
      config: loadConfig(site),
      etc,
      trees: [{ path: bytes(master.at('home')) }],
    });
  }
  function given({ suspects }: Inspection): Record<string, string> {
    const told: Record<string, string> = {};
    giveOwners(suspects, { clearSetId: false }, ({ path }, outcome: Outcome) => {
      told[path.slice(path.lastIndexOf('/') + 1)] = 'why' in outcome ? outcome.why : outcome.is;
    });
    return told;
  }

  test('is left alone, and no link is followed', () => {
    const master = texHome({
      good: {},
      replaced: {},
      'linked-away': {},
      other: { directory: true },
      'other/f': {},
      linked: {},
      gone: {},
      taken: {},
    });
    const found = looked(master);
    const at = (name: string): string => master.at(`home/tex/${name}`);
    writeFileSync(master.at('precious'), '');
    mkdirSync(master.at('elsewhere'));
    writeFileSync(master.at('elsewhere/f'), '');
    renameSync(at('replaced'), master.at('aside'));
    writeFileSync(at('replaced'), '');
    rmSync(at('linked-away'));
    symlinkSync(master.at('precious'), at('linked-away'));
    renameSync(at('other'), master.at('other'));
    symlinkSync(master.at('elsewhere'), at('other'));
    linkSync(at('linked'), master.at('another-name'));
    rmSync(at('gone'));
    execFileSync('chown', [String(UID.joe), at('taken')]);
    const told = given(found);
    expect(told).toMatchObject({
      good: 'given',
      replaced: 'it has changed meanwhile',
      'linked-away': 'it has changed meanwhile',
      other: 'it has changed meanwhile',
      linked: 'it has changed meanwhile',
      taken: 'it has changed meanwhile',
    });
    expect(told['gone']).toContain('no such file');
    expect(told['f']).toContain('home/tex/other');
    expect(owner(master, 'precious')).toBe(0);
    expect(owner(master, 'elsewhere/f')).toBe(0);
    expect(owner(master, 'aside')).toBe(UID.jane);
    expect(owner(master, 'home/tex/taken')).toBe(UID.joe);
  });

  test('is not permitted to others than root, and nothing is given then', () => {
    const master = texHome({ a: {}, b: {} });
    const found = looked(master);
    process.seteuid?.(UID.joe);
    try {
      expect(() => given(found)).toThrow(
        expect.objectContaining({ code: 'E_PERMISSION', exit: 4 }) as Error,
      );
    } finally {
      process.seteuid?.(0);
    }
    expect(owner(master, 'home/tex/a')).toBe(UID.jane);
  });
});

describe('the question', () => {
  test('cannot be asked without a terminal, and nothing is touched', () => {
    const master = texHome({ f: {} });
    const words = [...master.etc, '--fix', master.at('home/tex')];
    expect(lfck(words)).toEqual(
      expect.objectContaining({
        status: 2,
        stdout: '',
        stderr: `lfck: --fix asks before it changes anything, and there is no terminal
      add --yes, or --dry-run to see what it would do; nothing was touched
`,
      }),
    );
    expect(lfck([...words, '--json'])).toMatchObject({ status: 2 });
    expect(owner(master, 'home/tex/f')).toBe(UID.jane);
  });

  test.each([
    ['y\n', UID.tex, 0],
    ['yes\n', UID.tex, 0],
    ['n\n', UID.jane, 1],
    ['\n', UID.jane, 1],
    // end of input
    ['\u0004', UID.jane, 1],
  ])('answered by %j', async (answer, expected, status) => {
    const master = texHome({ f: {} });
    const words = [LFCK, ...master.etc, '--fix', master.at('home/tex')];
    const log = master.at('log');
    const command = [process.execPath, ...words].join(' ');
    const session = spawn('script', ['-qefc', command, log], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, XH_ROOT: '' },
    });
    let said = '';
    session.stdout.on('data', (text: Buffer) => {
      const isFirst = !said.includes('[y/N]');
      said += text.toString();
      if (isFirst && said.includes('[y/N]')) session.stdin.write(answer);
    });
    const code = await new Promise((resolve) => {
      session.on('close', resolve);
    });
    expect(said).toContain('Give 1 object to the packages suspected? [y/N]');
    expect(readFileSync(log, 'utf8')).toContain('it stands in the home directory of tex');
    expect(code).toBe(status);
    expect(owner(master, 'home/tex/f')).toBe(expected);
  });
});
