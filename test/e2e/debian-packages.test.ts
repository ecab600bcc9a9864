/**
 * Real Debian packages of many kinds, from import to the last trace: needs apt with its package
 * lists, and xz.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { debianPackages } from '../debian.ts';
import { siteThatStays } from '../site.ts';
import { program, snapshot, xh, xhDone } from './xh.ts';

interface Sample {
  readonly name: string;
  /** What it is here for. */
  readonly kind: string;
  /** A command line that must work through the farm, and what it prints. */
  readonly run?: readonly [command: string, prints: RegExp];
}

const SAMPLES: readonly Sample[] = [
  { name: 'tree', kind: 'program', run: ['tree --version', /^tree v/] },
  { name: 'bc', kind: 'program with info', run: ['echo 6*7 | bc', /^42$/m] },
  {
    name: 'jq',
    kind: 'program with libraries',
    run: [`echo '{"a":[1,2]}' | jq -c .a`, /^\[1,2\]$/m],
  },
  { name: 'libjq1', kind: 'library' },
  { name: 'libonig5', kind: 'library' },
  {
    name: 'cowsay',
    kind: 'perl script with data',
    run: [
      'COWPATH=$ROOT/software/cowsay/share/cowsay/cows PERL5LIB=$(echo $ROOT/software/libtext-charwidth-perl/lib/perl5/*) cowsay moo',
      /< moo >/,
    ],
  },
  {
    name: 'figlet',
    kind: 'alternatives',
    run: ['figlet-figlet -d $ROOT/software/figlet/share/figlet hi', /_/],
  },
  { name: 'at', kind: 'set-id program, service, /etc' },
  { name: 'less', kind: 'pager, /usr/lib/mime', run: ['less --version', /^less \d/] },
  {
    name: 'dos2unix',
    kind: 'program with hard or symbolic links',
    run: [String.raw`printf 'a\r\n' | dos2unix`, /^a\n$/],
  },
  { name: 'units', kind: 'data in /usr/share', run: ['units --version', /GNU Units/] },
  { name: 'libsigsegv2', kind: 'library' },
  { name: 'libtext-charwidth-perl', kind: 'compiled perl module' },
  {
    name: 'gawk',
    kind: 'modules in a private directory',
    run: [`gawk 'BEGIN { print 6 * 7 }'`, /^42$/m],
  },
  { name: 'm4', kind: 'program', run: ['echo "eval(6*7)" | m4', /^42$/m] },
  { name: 'patch', kind: 'program', run: ['patch --version', /GNU patch/] },
  { name: 'ed', kind: 'program in /bin with info', run: ['ed --version', /GNU/] },
  { name: 'rolldice', kind: 'program in /usr/games', run: ['rolldice 1d2', /[12]/] },
  { name: 'sl', kind: 'program in /usr/games' },
  { name: 'moreutils', kind: 'C and perl side by side', run: ['echo moo | ts %Y', /^\d{4} moo/m] },
  { name: 'ncal', kind: 'one program, two names', run: ['ncal 11 2026', /November 2026/] },
  { name: 'netcat-openbsd', kind: 'alternatives', run: ['nc.openbsd -h 2>&1', /OpenBSD netcat/] },
  { name: 'zlib1g', kind: 'library in /lib' },
  { name: 'zlib1g-dev', kind: 'headers, static library, pkg-config' },
  { name: 'libyaml-0-2', kind: 'library' },
  { name: 'libyaml-dev', kind: 'headers and library' },
  { name: 'python3-six', kind: 'python module' },
  {
    name: 'python3-pygments',
    kind: 'python program with modules',
    run: [
      'PYTHONPATH=$ROOT/software/python3-pygments/lib/python3/dist-packages pygmentize -V',
      /Pygments/,
    ],
  },
  {
    name: 'ack',
    kind: 'perl program',
    run: ['PERL5LIB=$ROOT/software/libfile-next-perl/share/perl5 ack --version', /ack/],
  },
  { name: 'libfile-next-perl', kind: 'perl module' },
  { name: 'manpages', kind: 'manual pages only' },
  { name: 'mksh', kind: 'shell with /etc/skel', run: [`mksh -c 'echo $((6 * 7))'`, /^42$/m] },
  { name: 'screen', kind: 'set-gid, /etc', run: ['screen --version', /Screen version/] },
  { name: 'logrotate', kind: 'maintenance command, /etc/cron.daily, systemd' },
  { name: 'cron', kind: 'daemon, set-gid program, /etc' },
  { name: 'sudo', kind: 'set-uid, plug-ins, /etc/sudoers' },
];

describe('36 Debian packages', () => {
  const root = siteThatStays();
  let files: string[] = [];
  let bare: ReadonlyMap<string, string>;

  beforeAll(() => {
    mkdirSync(join(root, 'etc'), { recursive: true });
    for (const name of ['services', 'inetd.conf', 'passwd', 'group']) {
      copyFileSync(`/etc/${name}`, join(root, 'etc', name));
    }
    files = debianPackages(SAMPLES.map(({ name }) => name));
  });

  test('are imported by one command, and each says what it is', () => {
    const ran = xhDone(root, 'import', '--allow-set-id', ...files);
    for (const { name } of SAMPLES) expect(ran.stderr).toContain(`imported ${name} `);
    const listed = JSON.parse(xhDone(root, 'list', '--json').stdout) as {
      directory: string;
      version: string;
    }[];
    expect(listed.map((each) => each.directory).toSorted()).toEqual(
      SAMPLES.map(({ name }) => name).toSorted(),
    );
    for (const { directory, version } of listed) {
      const file = files.find((each) => each.includes(`/${directory}_`)) ?? '';
      expect(file.replaceAll('%3a', ':')).toContain(`_${version}_`);
    }
    bare = snapshot(root);
  });

  test("need each other as their packagers said, and what the depot lacks is the host's", () => {
    const info = JSON.parse(xhDone(root, 'info', 'jq', '--json').stdout) as {
      dependencies: string[];
    };
    expect(info.dependencies.find((each) => each.startsWith('libjq1'))).toBeDefined();
    expect(info.dependencies.find((each) => each.includes('libc6'))).toMatch(/^system:libc6/);
  });

  test('are installed by one command into farms where every file is found', () => {
    const ran = xhDone(root, 'install', ...SAMPLES.map(({ name }) => name));
    expect(ran.stderr).toMatch(/^installed /m);
    const commands = readdirSync(join(root, '.software/local/.admin/bins/bin'));
    expect(commands).toEqual(expect.arrayContaining(['tree', 'jq', 'bc', 'ncal', 'mksh']));
    for (const command of commands) {
      // every link leads to a file that can be run
      expect(
        statSync(join(root, '.software/local/.admin/bins/bin', command)).mode & 0o111,
        command,
      ).not.toBe(0);
    }
    expect(existsSync(join(root, 'usr/include/zlib.h'))).toBe(true);
    expect(existsSync(join(root, 'usr/include/yaml.h'))).toBe(true);
    expect(existsSync(join(root, 'usr/local/lib/libz.a'))).toBe(true);
    expect(existsSync(join(root, 'usr/local/lib/libonig.so.5'))).toBe(true);
    expect(existsSync(join(root, '.software/local/.admin/man/man1/tree.1.gz'))).toBe(true);
    expect(readdirSync(join(root, '.software/local/.admin/bins/maintenance'))).toContain(
      'logrotate',
    );
    // what set-id programs were is kept only because it was asked for
    expect(statSync(join(root, 'software/sudo/bin/sudo')).mode & 0o4000).toBe(0o4000);
  });

  test.each(SAMPLES.filter(({ run }) => run !== undefined))(
    '$name runs through the farm ($kind)',
    ({ run }) => {
      const [command, prints] = run ?? ['', /^$/];
      const path = program('showpath', root, ['standard']).stdout.trim();
      const libraries = program('showpath', root, ['class=lib', 'standard']).stdout.trim();
      const ran = spawnSync('/bin/sh', ['-c', command], {
        encoding: 'utf8',
        env: {
          PATH: path,
          LD_LIBRARY_PATH: libraries
            .split(':')
            .filter((each) => each.startsWith(root))
            .join(':'),
          ROOT: root,
          HOME: root,
          TERM: 'dumb',
          LC_ALL: 'C.UTF-8',
          PYTHONDONTWRITEBYTECODE: '1',
        },
      });
      expect(`${ran.stdout}${ran.stderr}`).toMatch(prints);
      const word =
        command
          .replace(/.*\| */, '')
          .replace(/^(?:\w+=(?:\$\([^)]*\)|\S)+ )*/, '')
          .split(' ')[0] ?? '';
      const found = spawnSync('/bin/sh', ['-c', `command -v ${word}`], {
        encoding: 'utf8',
        env: { PATH: path },
      });
      expect(found.stdout.trim()).toBe(join(root, '.software/local/.admin/bins/bin', word));
    },
  );

  test('a manual page is found by man through the farm', () => {
    const ran = spawnSync(
      'man',
      [
        '-M',
        program('showpath', root, ['class=man', 'standard']).stdout.trim(),
        '-w',
        'tree',
        'ack',
        'zlib',
      ],
      { encoding: 'utf8' },
    );
    expect(ran.stderr).toBe('');
    expect(ran.stdout.trim().split('\n')).toHaveLength(3);
    expect(ran.stdout).toContain(root);
  });

  test('a C program is compiled and linked with headers and libraries of the farm', () => {
    const source =
      '#include <zlib.h>\n#include <yaml.h>\n#include <stdio.h>\nint main(void) { puts(zlibVersion()); puts(yaml_get_version_string()); return 0; }\n';
    const out = join(root, 'uses-zlib');
    const built = spawnSync(
      'gcc',
      [
        '-x',
        'c',
        '-',
        '-nostdinc',
        `-I${root}/usr/include`,
        ...standardIncludes(),
        '-o',
        out,
        `-L${root}/usr/local/lib`,
        '-l:libz.a',
        '-l:libyaml.a',
      ],
      { input: source, encoding: 'utf8' },
    );
    expect(built.stderr).toBe('');
    expect(spawnSync(out, { encoding: 'utf8' }).stdout).toMatch(/^1\.\d+.*\n\d+\.\d+\.\d+\n$/);
    spawnSync('rm', [out]);
  });

  test('installing them again does nothing and makes no generation', () => {
    const before = JSON.parse(xhDone(root, 'history', '--json').stdout) as unknown[];
    const ran = xhDone(root, 'install', '--all');
    expect(ran.stderr).toContain('nothing to do');
    expect(JSON.parse(xhDone(root, 'history', '--json').stdout)).toHaveLength(before.length);
  });

  test('one that others need is not taken out alone', () => {
    const ran = xh(root, 'uninstall', 'libonig5');
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('libonig5 is needed by libjq1');
    expect(existsSync(join(root, 'usr/local/lib/libonig.so.5'))).toBe(true);
  });

  test('uninstalled in any order they leave nothing: system files, farms and path table are as before', () => {
    const orders = [SAMPLES.filter((_, i) => i % 2 === 0), SAMPLES.filter((_, i) => i % 2 === 1)];
    for (const samples of orders.map((each) => each.toReversed())) {
      xhDone(root, 'uninstall', '--force', ...samples.map(({ name }) => name));
    }
    const after = new Map(snapshot(root));
    // the path table is made once, with the first install
    after.delete('.software/local/.admin/path-table');
    expect(Object.fromEntries(after)).toEqual(Object.fromEntries(bare));
  });
});

/** Where this compiler has its own headers, so that zlib.h can come from the farm only. */
function standardIncludes(): string[] {
  const { stdout } = spawnSync('gcc', ['-print-file-name=include'], { encoding: 'utf8' });
  return [
    '-isystem',
    stdout.trim(),
    '-isystem',
    '/usr/include',
    '-isystem',
    '/usr/include/x86_64-linux-gnu',
  ];
}
