/** The processes of Install scripts: what they are given, what is ended with them, what may stay. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { spawn as spawnOnTerminal } from '@lydell/node-pty';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copySystemFiles } from '../depot/packages.ts';
import {
  processesLike,
  said,
  scriptedPackage,
  scriptedSite,
  transcripts,
  XH,
  xhBeside,
} from './scripted.ts';
import { xh, xhDone } from './xh.ts';

const KINDS = [
  ['without a terminal', 'no'],
  ['on a terminal', 'yes'],
] as const;

/** Every way that is known to get away from whoever started it. */
const ESCAPES = (seconds: number): string => `
sleep ${seconds}.1 &
setsid sleep ${seconds}.2 </dev/null >/dev/null 2>&1 &
(setsid sh -c 'sleep ${seconds}.3 & exit' &)
env -i setsid sh -c '(sleep ${seconds}.4 &) & exit' >/dev/null 2>&1 </dev/null
perl -MPOSIX -e 'fork and exit; POSIX::setsid(); fork and exit; exec "sleep", "${seconds}.5"'
sleep 0.3
`;

/** Which of these are left. */
function left(seconds: number): string[] {
  const found = [1, 2, 3, 4, 5].filter(
    (each) => processesLike(`sleep ${seconds}.${each}$`).length > 0,
  );
  return found.map((each) => `${each}`);
}

function endsAfterwards(seconds: number): void {
  onTestFinished(() => {
    spawnSync('pkill', ['-f', `^sleep ${seconds}[.]`]);
  });
}

describe.each(KINDS)('an Install script %s', (_, pty) => {
  const kind = pty === 'yes' ? 1 : 2;
  const options = (more = '') => ({ '.admin/Options': `pty = ${pty}\n${more}` });

  test('has nothing but its streams, the groups of its account, and signals as they are', () => {
    const root = scriptedSite();
    copySystemFiles(root, 'passwd', 'group');
    const group = join(root, 'etc/group');
    writeFileSync(
      group,
      `${readFileSync(group, 'utf8')}first:x:7001:bin,daemon\nsecond:x:7002:daemon\nthird:x:7003:\n`,
    );
    scriptedPackage(
      root,
      'tool',
      `umask
ulimit -Sn
readlink /proc/$$/fd/0 | sed 's/[0-9]*$//'
python3 -c 'import os; print(*os.listdir("/proc/self/fd"))'
grep -E '^(Uid|Gid|Groups|SigBlk|SigIgn|CapPrm|CapEff):' /proc/self/status
(echo none </dev/tty) 2>/dev/null || echo no terminal
echo again >/dev/stderr
test "$(ps -o sid= -p $$)" -eq $$ && echo session`,
      options('run-as = daemon\n'),
    );
    // what a careless caller may hand down
    const ran = spawnSync(
      'bash',
      [
        '-c',
        `exec 9</etc/passwd 77</etc/passwd; umask 077; trap '' PIPE USR1; "$0" install tool`,
        XH,
      ],
      { env: { ...process.env, XH_ROOT: root }, encoding: 'utf8' },
    );
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    expect(said(transcripts(root).get('tool.install'), /^(?:out|tty)$/)).toEqual([
      '0022',
      '1024',
      ...(pty === 'yes' ? ['/dev/pts/'] : ['/dev/null']),
      // the directory itself is the fourth
      '0 1 2 3',
      'Uid:\t1\t1\t1\t1',
      'Gid:\t1\t1\t1\t1',
      'Groups:\t1 7001 7002 ',
      'SigBlk:\t0000000000000000',
      'SigIgn:\t0000000000000000',
      'CapPrm:\t0000000000000000',
      'CapEff:\t0000000000000000',
      ...(pty === 'yes' ? ['none', 'again'] : ['no terminal']),
      'session',
    ]);
  });

  test('that fails is ended with all that it has started, wherever that has gone', async () => {
    const seconds = 61_000 + kind;
    endsAfterwards(seconds);
    const root = scriptedSite();
    scriptedPackage(root, 'tool', `${ESCAPES(seconds)}exit 9`, options());
    const ran = await xhBeside(root, ['install', 'tool']);
    expect(ran.stderr).toContain('.admin/Install install ended with 9');
    expect(left(seconds)).toEqual([]);
  });

  test('that succeeds leaves what has made a session of its own, and nothing else', async () => {
    const seconds = 62_000 + kind;
    endsAfterwards(seconds);
    const root = scriptedSite();
    scriptedPackage(root, 'tool', ESCAPES(seconds), options());
    const ran = await xhBeside(root, ['install', 'tool']);
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    expect(left(seconds)).toEqual(['2', '3', '4', '5']);
    const text = transcripts(root).get('tool.install') ?? '';
    expect(text.match(/ xh \| goes on in a session of its own: sleep \(pid \d+\)/g)).toHaveLength(
      4,
    );
  });

  test('whose xh is killed is ended by the next command, and then taken back', async () => {
    const seconds = 64_000 + kind;
    endsAfterwards(seconds);
    const root = scriptedSite();
    const script = `trap '' HUP\n${ESCAPES(seconds)}touch "$XH_ROOT/tmp/begun"; exec sleep ${seconds}.1`;
    scriptedPackage(root, 'tool', script, options());
    const child = spawn(XH, ['install', 'tool'], {
      env: { ...process.env, XH_ROOT: root },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await appears(join(root, 'tmp/begun'));
    child.kill('SIGKILL');
    await ended;
    const ran = await xhBeside(root, ['recover']);
    expect(ran.stderr).toMatch(/had been interrupted: it was taken back/);
    // what has thrown its environment away is not known any more
    expect(left(seconds).filter((each) => each !== '4')).toEqual([]);
    expect(readdirSync(join(root, 'tmp')).toSorted()).toEqual(['begun', 'tool.uninstall']);
  }, 30_000);

  test('ends with Ctrl-C in the terminal of whoever waits for it, 130, and is taken back', async () => {
    const seconds = 65_000 + kind;
    endsAfterwards(seconds);
    const root = scriptedSite();
    scriptedPackage(root, 'first', 'true');
    const script = `${ESCAPES(seconds)}touch "$XH_ROOT/tmp/begun"; sleep ${seconds}.1`;
    scriptedPackage(root, 'tool', script, {
      ...options(),
      '.admin/Dependencies': 'first\n',
    });
    const terminal = spawnOnTerminal(XH, ['install', 'tool'], {
      env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
      cols: 200,
    });
    let shown = '';
    terminal.onData((text) => (shown += text));
    const ended = new Promise((done) => {
      terminal.onExit(done);
    });
    await appears(join(root, 'tmp/begun'));
    terminal.write('\u0003');
    expect(await ended).toMatchObject({ exitCode: 130 });
    expect(shown).toContain(
      'xh: tool: .admin/Install install was interrupted; nothing else was done',
    );
    expect(left(seconds)).toEqual([]);
    expect(readdirSync(join(root, 'tmp')).toSorted()).toEqual(['begun', 'first.uninstall']);
    expect(xhDone(root, 'list', '--installed').stdout).toBe('');
  }, 30_000);
});

test('a script that takes too long, and does not heed SIGTERM, is killed with all of it', async () => {
  await Promise.all(
    KINDS.map(async ([, pty], kind) => {
      const seconds = 63_000 + kind;
      endsAfterwards(seconds);
      const root = scriptedSite();
      // what the package says is stronger than what the site does
      const [limit, configured] = pty === 'yes' ? ['', 1] : ['timeout = 1s\n', 9000];
      writeFileSync(join(root, 'etc/xhier.toml'), `script-timeout = ${configured}\n`);
      const script = `trap '' TERM HUP\n${ESCAPES(seconds)}while :; do sleep 1; done`;
      scriptedPackage(root, 'tool', script, { '.admin/Options': `pty = ${pty}\n${limit}` });
      const ran = await xhBeside(root, ['install', 'tool']);
      expect(ran.status).toBe(1);
      expect(ran.stderr).toContain('did not end within 1 s and was killed');
      expect(left(seconds)).toEqual([]);
      expect(transcripts(root).get('tool.install')).toMatch(
        / xh \| its time is over: it is ended\n# ended {8}by SIGKILL after /,
      );
    }),
  );
}, 30_000);

test('a second Ctrl-C does not wait for a script that does not heed the first; one while it is taken back leaves that to the next command', async () => {
  const root = scriptedSite();
  endsAfterwards(66_000);
  scriptedPackage(root, 'first', 'true', {
    '.admin/Install': `#!/bin/sh\ntest $1 = install || { touch "$XH_ROOT/tmp/undoing"; sleep 66000.1; }\n`,
  });
  scriptedPackage(
    root,
    'tool',
    `trap '' TERM\ntouch "$XH_ROOT/tmp/begun"\nwhile :; do sleep 66000.2; done`,
    { '.admin/Dependencies': 'first\n' },
  );
  const child = spawn(XH, ['install', 'tool'], {
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close');
  await appears(join(root, 'tmp/begun'));
  child.kill('SIGINT');
  await setTimeout(300);
  child.kill('SIGINT');
  await appears(join(root, 'tmp/undoing'));
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(stderr).toMatch(/interrupted while .* first .* was taken back\n +→ xh recover goes on/);
  expect(processesLike('sleep 66000')).toEqual([]);
  scriptedPackage(root, 'first', 'true');
  const settled = await xhBeside(root, ['recover']);
  expect(settled.stderr).toContain('taken back');
  expect(readdirSync(join(root, 'tmp')).toSorted()).toEqual([
    'begun',
    'first.uninstall',
    'tool.uninstall',
    'undoing',
  ]);
}, 30_000);

test('whoever waits at a terminal sees which script runs, for how long, and what it said last', async () => {
  const root = scriptedSite();
  scriptedPackage(root, 'tool', 'echo first; echo making the database; sleep 1.5');
  const terminal = spawnOnTerminal(XH, ['install', 'tool'], {
    env: { ...process.env, XH_ROOT: root, TERM: 'xterm' },
    cols: 60,
  });
  let shown = '';
  terminal.onData((text) => (shown += text));
  await new Promise((done) => {
    terminal.onExit(done);
  });
  expect(shown).toContain('tool: .admin/Install install  0:01  making the database');
  // the line is taken away again
  expect(shown).toMatch(/making the database\r\u001b\[K[^]*installed tool/);
});

test('what could not be taken back is told of beside why it was', () => {
  const root = scriptedSite();
  scriptedPackage(root, 'first', 'true', {
    '.admin/Install': '#!/bin/sh\ntest $1 = install || { echo alas; exit 8; }\n',
  });
  scriptedPackage(root, 'tool', 'exit 7', { '.admin/Dependencies': 'first\n' });
  const ran = spawnSync(XH, ['install', 'tool'], {
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(
    /^while it was taken back: first: \.admin\/Install uninstall ended with 8;[^]*\| alas\n[^]*xh: tool: \.admin\/Install install ended with 7/m,
  );
});

test('a script of an account that may not come to the package is told as that', () => {
  const root = scriptedSite();
  const top = scriptedPackage(root, 'tool', 'true');
  chmodSync(top, 0o700);
  const ran = spawnSync(XH, ['install', 'tool'], {
    env: { ...process.env, XH_ROOT: root, NO_COLOR: '1' },
    encoding: 'utf8',
  });
  expect(ran.status).toBe(1);
  expect(ran.stderr).toMatch(
    /could not be run \(EACCES\)[^]*let nobody, as whom it runs .* come there/,
  );
});

async function appears(path: string): Promise<void> {
  while (!existsSync(path)) await setTimeout(20);
}

test.each(KINDS)(
  'a log that is full ends a script %s, which is taken back, and is told of',
  (_, pty) => {
    const root = scriptedSite();
    scriptedPackage(root, 'first', 'true');
    scriptedPackage(root, 'tool', 'seq 100000; sleep 67000.1', {
      '.admin/Options': `pty = ${pty}\n`,
      '.admin/Dependencies': 'first\n',
    });
    xhDone(root, 'make-links');
    const log = join(root, '.software/local/.admin/log');
    const mount = ['-t', 'tmpfs', '-o', 'size=64k,mode=755', 'xhier-test', log];
    expect(spawnSync('mount', mount).status, 'as root, with SYS_ADMIN').toBe(0);
    onTestFinished(() => {
      spawnSync('umount', [log]);
    });
    const ran = xh(root, 'install', 'tool');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(
      /^xh: \S+\/log\/tool\.install\.\S+: no space left on device \(write\)\n +→ free some space/m,
    );
    expect(readdirSync(join(root, 'tmp'))).toEqual(['first.uninstall']);
    expect(processesLike('sleep 67000')).toEqual([]);
  },
);
