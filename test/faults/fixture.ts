/**
 * A small site that has something of everything, kept in several states, each restored in a moment:
 * a package that is installed and must always work, one in two versions with every kind of fragment,
 * and system files with other people's lines in them.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand, type Ended, type Run } from './strace.ts';

/** Where a site stands and what can be done there. */
export interface Fixture {
  /** Holds everything, and goes with {@link Fixture.remove}. */
  readonly directory: string;
  /** The site root: the same in all states, since links into the depot are absolute. */
  readonly root: string;
  /** Software to import or to make packages of. */
  readonly software: string;
  /** The program, apart from the one that a build may be replacing meanwhile. */
  readonly program: string;
  /** Keeps what stands at the root now under a name. */
  keep(state: string): void;
  /** Puts a kept state at the root. */
  restore(state: string): void;
  /** Runs `xh` on the site. */
  xh(...words: readonly string[]): Promise<Ended>;
  /** As {@link Fixture.xh}. @throws Error when it fails */
  must(...words: readonly string[]): Promise<Ended>;
  /** An `xh` command line to be run under strace, from a state. */
  run(state: string, words: readonly string[]): Run;
  remove(): void;
}

/**
 * States: `begun` (nothing but `/etc`), `depot` (`older` is installed, `clock-1.0` and `clock-2.0` are
 * not), `installed` (so is `clock-1.0`), `astray` (its links need mending); `scripted depot` and
 * `scripted installed`, where the versions of `clock` have a script, which writes what it was told;
 * `asking depot`, where that of `clock-1.0` asks first.
 */
export async function makeFixture(): Promise<Fixture> {
  const directory = realpathSync(mkdtempSync(join(fastDirectory(), 'xhier-faults-')));
  // an ordinary user must be able to come here
  chmodSync(directory, 0o755);
  const program = copyProgram(directory, 'xh.cjs', true);
  const root = join(directory, 'site');
  const software = join(directory, 'software');
  const env = {
    PATH: process.env['PATH'],
    XH_ROOT: root,
    XH_MAINTAINER: 'somebody@example.org',
    NO_COLOR: '1',
  };
  const fixture: Fixture = {
    directory,
    root,
    software,
    program,
    keep(state) {
      copyTree(root, join(directory, `state-${state}`));
    },
    restore(state) {
      copyTree(join(directory, `state-${state}`), root);
    },
    xh: (...words) => runCommand(process.execPath, [program, ...words], { env }),
    async must(...words) {
      const ended = await fixture.xh(...words);
      if (ended.status !== 0) throw new Error(`xh ${words.join(' ')}: ${ended.stderr}`);
      return ended;
    },
    run: (state, words) => ({
      words: [process.execPath, program, ...words],
      root,
      env,
      prepare: () => {
        fixture.restore(state);
      },
    }),
    remove() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await furnish(fixture);
  return fixture;
}

async function furnish({ root, software, keep, restore, must }: Fixture): Promise<void> {
  writeTree(root, SYSTEM);
  keep('begun');
  writeTree(join(software, 'older'), {
    'bin/older': command('older answers'),
    'export/services': 'older 7100/tcp\n',
  });
  await must('mkpkg', 'older', '--from', join(software, 'older'));
  for (const version of ['1.0', '2.0']) {
    writeTree(join(software, version), clock(version));
    const from = join(software, version);
    await must('mkpkg', 'clock', '--version', version, '--versioned', '--from', from);
  }
  // the skeleton's own does nothing, but takes time
  rmSync(join(root, 'software/older/.admin/Install'));
  await must('install', 'older');
  keep('scripted depot');
  await must('install', 'clock@1.0');
  keep('scripted installed');
  restore('scripted depot');
  writeTree(root, { 'software/clock-1.0/.admin/Install': { text: ASKING, mode: 0o755 } });
  keep('asking depot');
  restore('scripted depot');
  for (const version of ['1.0', '2.0'])
    rmSync(join(root, `software/clock-${version}/.admin/Install`));
  keep('depot');
  await must('install', 'clock@1.0');
  keep('installed');
  const bins = join(root, '.software/local/.admin/bins/bin');
  rmSync(join(bins, 'clock'));
  rmSync(join(root, '.software/local/.admin/man/man1/clock.1'));
  symlinkSync(join(root, 'software/gone/bin/gone'), join(bins, 'gone'));
  writeTree(root, { '.software/arch/clock-1.0/bin/alarm': command('alarm') });
  keep('astray');
  writeTree(join(software, 'tool'), {
    'bin/tool': command('tool'),
    'bin/tool-link': { link: 'tool' },
    'share/tool/table': 'one\ntwo\n',
    'man/man1/tool.1': '.TH TOOL 1\n',
  });
  writeTree(join(software, 'newer'), {
    'bin/older': command('newer answers'),
    'share/older/table': 'three\n',
  });
}

/** Programs of a package answer so. */
export function command(answer: string): Content {
  return { text: `#!/bin/sh\necho ${answer}\n`, mode: 0o755 };
}

type Content =
  string | { readonly text: string; readonly mode: number } | { readonly link: string };

const SYSTEM: Readonly<Record<string, Content>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/services': { text: '# services\nssh 22/tcp\nsmtp 25/tcp mail # mail\n', mode: 0o640 },
  'etc/inetd/inetd.conf': 'clock stream tcp nowait root /usr/sbin/stock-clock clock\n',
  'etc/inetd.conf': { link: 'inetd/inetd.conf' },
  'etc/motd': { text: 'welcome\n', mode: 0o604 },
  'etc/issue': 'stock issue\n',
  // what the scripts of `clock` were last told
  'var/clock-1.0': 'uninstall\n',
  'var/clock-2.0': 'uninstall\n',
  'var/spool/cron/crontabs/nobody': { text: '0 5 * * * /usr/bin/tidy\n', mode: 0o600 },
};

function clock(version: string): Readonly<Record<string, Content>> {
  return {
    '.admin/Options': `version = ${version}\nowner = nobody\nrun-as = root\n`,
    '.admin/Install': {
      text: `#!/bin/sh\necho "$1" >"$XH_ROOT/var/clock-$XH_VERSION"\n`,
      mode: 0o755,
    },
    'bin/clock': command(`clock ${version}`),
    'man/man1/clock.1': `.TH CLOCK 1 "" "${version}"\n`,
    'export/services': `clock 7200/tcp # ${version}\n`,
    'export/inetd.conf': 'clock stream tcp nowait root /software/clock/bin/clock clock\n',
    'export/crontab': `${version === '1.0' ? 4 : 5} 3 * * * /software/clock/bin/clock\n`,
    'export/profile.d/clock.sh': `CLOCK=${version}\n`,
    'export/replace/etc/motd': `motd of clock ${version}\n`,
    // in one version only
    ...(version === '1.0'
      ? { 'export/replace/etc/issue': 'issue\n', 'bin/tick': command('tick') }
      : { 'bin/tock': command('tock') }),
  };
}

/** Where there is nobody to ask, as when it is taken back after a kill, it does without. */
const ASKING = `#!/bin/sh
test ! -t 0 || { printf 'At what time? '; read time; printf 'Sure? '; read sure </dev/tty; }
echo "$1" >"$XH_ROOT/var/clock-$XH_VERSION"
`;

export function writeTree(root: string, files: Readonly<Record<string, Content>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, path);
    else {
      const { text, mode } = typeof content === 'string' ? { text: content, mode: 0o644 } : content;
      writeFileSync(path, text);
      chmodSync(path, mode);
    }
  }
}

/** In memory, where that is possible: a thousand sites are made and removed. */
export function fastDirectory(): string {
  const shared = '/dev/shm';
  if (!existsSync(shared)) return tmpdir();
  const probe = mkdtempSync(join(shared, 'xhier-probe-'));
  try {
    writeFileSync(join(probe, 'run'), '#!/bin/sh\n', { mode: 0o755 });
    // containers often mount it so that nothing there can be run
    return spawnSync(join(probe, 'run')).status === 0 ? shared : tmpdir();
  } finally {
    rmSync(probe, { recursive: true });
  }
}

/** The built program with what it needs, for everybody to read; also what makes terminals, or not. */
export function copyProgram(directory: string, program = 'xh.cjs', terminals = false): string {
  const project = join(import.meta.dirname, '../..');
  const copy = join(directory, 'program');
  for (const name of [
    'package.json',
    'dist',
    'templates',
    'native',
    'node_modules/koffi',
    NATIVE,
    ...(terminals ? ['node_modules/@lydell'] : []),
  ]) {
    cpSync(join(project, name), join(copy, name), { recursive: true, dereference: true });
  }
  return join(copy, 'dist', program);
}

/** Where koffi keeps what it was built into. */
const NATIVE = 'node_modules/@koromix';

function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cp: ${stderr}`);
}
