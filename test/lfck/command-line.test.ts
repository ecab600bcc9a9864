import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { inspect } from '../../src/lfck/inspect.ts';
import { loadConfig } from '../../src/site/config.ts';
import { openSite } from '../../src/site/open.ts';
import { freshMaster, LFCK, lfck, UID, type Report } from './master.ts';

describe('what is wrong with a command line', () => {
  test.each([
    [['--exprot', 'x'], "unknown option '--exprot'\n      did you mean '--export'?"],
    [['/nowhere/at/all'], '/nowhere/at/all is no directory\n      name a directory that is there'],
    [['--export', '/nowhere'], '/nowhere is no directory'],
    [['ETC/passwd'], 'is no directory\n      name the directory that it stands in'],
    [['=ETC'], "'=' without an architecture"],
    [['sun4='], 'an empty name is no tree'],
    [['--packages', '@nobody', 'ETC'], "--packages: there is no netgroup 'nobody'"],
    [['--packages', 'ETC/none', 'ETC'], 'ETC/none: ENOENT'],
    [['--packages', 'ETC/netgroup', 'ETC'], '--packages names no account of this system'],
    [['--accept', 'jnae', 'ETC'], "there is no account 'jnae'\n      did you mean 'jane'?"],
    [['--netgroup', 'ETC/none', 'ETC'], 'cannot read netgroups: ENOENT'],
    [['--usage', '--fix', 'ETC'], '--usage and --fix exclude each other'],
    [['--usage', '--suspects', 'ETC'], '--usage and --suspects exclude each other'],
    [['--clear-set-id', 'ETC'], '--clear-set-id is for --fix only'],
    [['-n', 'ETC'], '--dry-run is for --fix only'],
    [['--root', '/nowhere'], '--root /nowhere: the site root is not a directory'],
    [['--color', 'green', 'ETC'], 'Allowed choices are auto, always, never'],
  ])('%j', (words, message) => {
    const master = freshMaster();
    const named = (text: string): string => text.replace('ETC', master.at('etc'));
    const ran = lfck([...master.etc, ...words.map(named)]);
    expect(ran.stderr).toContain(named(message));
    expect(ran).toMatchObject({ status: 2, stdout: '' });
  });

  test('a netgroup that cannot be read is shown with its place', () => {
    const master = freshMaster('packages (,tex,\n');
    const { status, stderr } = lfck([...master.etc, master.path]);
    expect(stderr).toContain(`${master.at('etc/netgroup')}:1:10: error: this member of netgroup`);
    expect(status).toBe(2);
  });

  test('a configuration that cannot be read is shown with its place', () => {
    const master = freshMaster();
    writeFileSync(master.at('etc/xhier.toml'), 'arch-stor = "/x"\n');
    const { status, stderr } = lfck(['--root', master.path, master.path]);
    expect(stderr).toContain(`${master.at('etc/xhier.toml')}:1:1: error`);
    expect(status).toBe(2);
  });

  test('no trees, and no site', () => {
    const master = freshMaster();
    const { status, stderr } = lfck(['--root', master.path]);
    expect(stderr).toContain(`there is no depot below ${master.path}\n      name the trees`);
    expect(status).toBe(2);
  });
});

describe('what it says of itself', () => {
  test('--version', () => {
    expect(lfck(['--version']).stdout).toMatch(/^lfck \d+\.\d+\.\d+\n$/);
    expect(lfck(['-V', 'more']).stdout).toBe(lfck(['--version']).stdout);
  });

  test('--help, with examples that are right', () => {
    const { status, stdout } = lfck(['--help']);
    expect(status).toBe(0);
    const examples = stdout.split('Examples\n')[1]?.split('\n\n')[0] ?? '';
    const lines = [...examples.matchAll(/^ {2}lfck(.*)$/gm)];
    expect(lines.length).toBeGreaterThan(4);
    for (const option of examples.match(/ --?[a-z-]+/g) ?? []) {
      expect(stdout.split('\nOptions\n')[1]).toMatch(new RegExp(`^ .*${option.trim()}\\b`, 'm'));
    }
  });
});

describe('what cannot be read', () => {
  test('is told, the rest is done, and the exit says so', () => {
    const master = freshMaster();
    master.plant({
      'home/a/f': { owner: 'tex', size: 100_000 },
      'home/closed/f': { owner: 'tex', size: 100_000 },
      'home/z/f': { owner: 'tex', size: 100_000 },
    });
    master.plant({ 'home/closed': { owner: 'tex', directory: true, mode: 0o700 } });
    const site = openSite(master.path);
    const config = loadConfig(site);
    const look = () =>
      inspect({
        site,
        config,
        etc: bytes(master.at('etc')),
        trees: [{ path: bytes(master.at('home')) }],
      });
    const whole = look();
    process.seteuid?.(UID.joe);
    let part;
    try {
      part = look();
    } finally {
      process.seteuid?.(0);
    }
    expect(whole.problems).toEqual([]);
    expect(part.problems.map(({ path, message }) => [path, message])).toEqual([
      [master.at('home/closed'), `${master.at('home/closed')}: permission denied (scandir)`],
    ]);
    expect(part.usage.totals.objects).toBe(whole.usage.totals.objects - 1);
  });

  test('of a site does not keep the rest from being looked at', () => {
    const master = freshMaster();
    master.plant({
      '.software/share/x': { owner: 'tex', size: 100_000 },
      'home/tex': { owner: 'tex', directory: true, mode: 0o700 },
    });
    const site = openSite(master.path);
    const config = loadConfig(site);
    process.seteuid?.(UID.joe);
    try {
      const { problems, usage } = inspect({ site, config, etc: bytes(master.at('etc')) });
      expect(problems.map(({ path }) => path)).toEqual([master.at('home/tex')]);
      expect(usage.totals.objects).toBe(2);
    } finally {
      process.seteuid?.(0);
    }
  });

  test('of a tree that we may not enter is not permitted', () => {
    const master = freshMaster();
    mkdirSync(master.at('closed'), { mode: 0o700 });
    const site = openSite(master.path);
    const config = loadConfig(site);
    process.seteuid?.(UID.joe);
    try {
      expect(() =>
        inspect({ site, config, trees: [{ path: bytes(master.at('closed')) }] }),
      ).toThrow(expect.objectContaining({ code: 'E_PERMISSION', exit: 4 }) as Error);
    } finally {
      process.seteuid?.(0);
    }
  });
});

describe('arguments', () => {
  test('are taken relative to where one is, and as the bytes that they are', () => {
    const master = freshMaster();
    const name = Buffer.from([0xe9, 0x3d, 0xff]);
    mkdirSync(Buffer.concat([Buffer.from(`${master.path}/`), name]));
    writeFileSync(Buffer.concat([Buffer.from(`${master.path}/`), name, Buffer.from('/f')]), '');
    const words = `cd ${master.path} && exec "$0" "$@" "./$(printf '\\351=\\377')"`;
    const ran = spawnSync('sh', ['-c', words, LFCK, ...master.etc, '--suspects', '--json'], {
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: '' },
    });
    const { suspects = [] } = JSON.parse(ran.stdout) as Report;
    expect(suspects.map(({ path }) => path)).toEqual([
      {
        base64: Buffer.concat([Buffer.from(`${master.path}/`), name, Buffer.from('/f')]).toString(
          'base64',
        ),
      },
    ]);
  });
});
