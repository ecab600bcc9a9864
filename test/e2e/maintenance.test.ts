/** `xh maintenance`: whole nights on a real site, with what goes wrong in them. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bins, command, copySystemFiles, makePackage } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { startSshHosts } from './ssh-hosts.ts';
import { publisher, subscriber } from './stores.ts';
import { xh, xhDone, type Ran } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');

let root = '';
beforeEach(() => {
  root = freshSite().path;
  chmodSync(root, 0o755);
  copySystemFiles(root, 'services', 'passwd', 'group');
  mkdirSync(join(root, 'etc/profile.d'));
  writeFileSync(join(root, 'etc/profile.d/xhier.sh'), 'eval "$(showpath --init sh)"\n');
  makePackage(root, 'clock', { 'bin/clock': command('clock') });
  makePackage(root, 'tick', {
    'bin/tick': command('tick'),
    '.admin/Maintainer': 'ann@example.org\n',
  });
  config();
  xhDone(root, 'install', 'clock', 'tick');
});

/** Mail goes to a program of the test's, which keeps each message. */
function config(more = ''): void {
  const mailer = join(root, 'etc/mailer');
  writeFileSync(
    mailer,
    `#!/bin/sh\n{ echo "ARGUMENTS $*"; cat; echo; } >>${join(root, 'etc/mail')}\n`,
  );
  chmodSync(mailer, 0o755);
  writeFileSync(
    join(root, 'etc/xhier.toml'),
    `maintainer = "ops@example.org"\n${more}\n[report]\nmailer = "${mailer}"\ndrop = ["*this host runs*", "*platform*"]\n`,
  );
}

function night(...words: readonly string[]): Ran {
  return xh(root, 'maintenance', '--now', ...words);
}

function mail(): string {
  const file = join(root, 'etc/mail');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  rmSync(file, { force: true });
  return text;
}

function logs(directory: string, name = 'log'): string {
  const path = join(root, '.software/local', directory, 'logs');
  mkdirSync(path, { recursive: true });
  return join(path, name);
}

describe('a night', () => {
  test('on a host that is well does all its steps, says so, and mails nothing', () => {
    const ran = night();
    expect(ran.stderr).toBe(`logs        nothing to roll
sdist       nothing to remove
verify      all as installed
install     all is up to date
doctor      this host is well
gc          nothing to collect
nothing to report
`);
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    expect(mail()).toBe('');
    expect(night('--quiet')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('mails what is wrong to whom it concerns, once, and what has gone', () => {
    appendFileSync(join(root, 'software/clock/bin/clock'), '# changed\n');
    const first = night();
    expect(first.status).toBe(0);
    expect(first.stderr).toMatch(/mailed to ops@example.org: \S+: maintenance: 1 warning\n/);
    const letter = mail();
    expect(letter).toMatch(/^ARGUMENTS -i ops@example.org\nTo: ops@example.org\nSubject: /);
    expect(letter).toContain('clock differs from what was installed, in 1 place [verify]');
    expect(letter).toContain('changed    /.software/share/clock/bin/clock');
    expect(letter).toContain('-> what was here was then installed as it is');
    // what is there was installed then, and is as it should be
    night();
    expect(mail()).toContain('maintenance: all is well again');
  });

  test('tells what stays wrong once, and shows it when it is asked', () => {
    rmSync(join(root, 'etc/profile.d/xhier.sh'));
    expect(night().stderr).toMatch(/mailed to ops@example.org: \S+: maintenance: 1 note\n/);
    mail();
    expect(night().stderr).toContain('nothing new to report; as before: 1 note');
    expect(mail()).toBe('');
    expect(xh(root, 'maintenance', '--last').stdout).toMatch(
      /^ops@example.org\n1 note\n  no profile of this host uses showpath.* \(since /,
    );
  });

  test('in which one package cannot be brought up to date brings the others, and tells its maintainer', () => {
    writeFileSync(join(root, 'software/clock/bin/clocks'), command('clocks'), { mode: 0o755 });
    makePackage(root, 'tick', {
      'export/services': 'tick no-port/tcp\n',
      '.admin/Maintainer': 'ann@example.org\n',
    });
    const ran = night();
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('install     1 of 2 packages failed\n');
    expect(existsSync(bins(root, 'clocks'))).toBe(true);
    const letter = mail();
    expect(letter).toMatch(/^ARGUMENTS -i ann@example.org$/m);
    expect(letter).toContain('tick could not be brought up to date: ');
    expect(letter).toMatch(/export\/services:1:\d+: error/);
  });

  test('in which mail cannot be sent loses nothing: it is printed, and kept', () => {
    appendFileSync(join(root, 'software/clock/bin/clock'), '# changed\n');
    writeFileSync(join(root, 'etc/mailer'), '#!/bin/sh\necho queue is full >&2\nexit 75\n');
    const ran = night();
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(
      /not mailed to ops@example.org: .*mailer ended with 75: queue is full\n/,
    );
    expect(ran.stdout).toContain('clock differs from what was installed');
    const kept = readFileSync(join(root, '.software/local/.admin/log/reports'), 'utf8');
    expect(kept).toContain(ran.stdout.trimEnd());
  });

  test('that has no time left ends what it is at, leaves out the rest, and reports that', () => {
    writeFileSync(join(root, 'software/clock/.admin/Install'), '#!/bin/sh\nsleep 100\n', {
      mode: 0o755,
    });
    appendFileSync(join(root, 'software/clock/bin/clock'), '# changed\n');
    const ran = night('--timeout', '2');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/^install +was ended: the time for maintenance was over$/m);
    expect(ran.stderr).toMatch(/^doctor +not begun: the time was over$/m);
    const letter = mail();
    expect(letter).toContain('xh install --all was ended: the time for maintenance was over');
    expect(letter).toContain("the step 'gc' was not begun");
    // the site is settled
    expect(xh(root, 'list').status).toBe(0);
  });

  test('is one at a time: the second says who runs', async () => {
    writeFileSync(join(root, 'software/clock/.admin/Install'), '#!/bin/sh\nsleep 100\n', {
      mode: 0o755,
    });
    const first = spawn(process.execPath, [XH, 'maintenance', '--now', '-v'], {
      env: { ...process.env, XH_ROOT: root },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(first, 'exit');
    await once(first.stderr, 'data');
    const second = night();
    expect(second.status).toBe(5);
    expect(second.stderr).toMatch(
      new RegExp(
        `maintenance of this site is being done by process ${first.pid} \\(xh maintenance --now -v, since `,
      ),
    );
    first.kill('SIGTERM');
    expect(await ended).toEqual([130, null]);
    rmSync(join(root, 'software/clock/.admin/Install'));
    expect(night().status).toBe(0);
  });

  test('steps that are not done say nothing of what is known', () => {
    appendFileSync(join(root, 'software/clock/bin/clock'), '# changed\n');
    night('verify');
    mail();
    night('logs', 'gc');
    expect(mail()).toBe('');
    expect(xh(root, 'maintenance', '--last').stdout).toContain('clock differs');
  });

  test('is planned by --dry-run, which changes nothing and tells when it would begin', () => {
    writeFileSync(logs('clock'), 'x'.repeat(2 ** 20));
    const ran = xh(root, 'maintenance', '--dry-run');
    expect(ran.stderr).toMatch(/^would begin at \d\d:\d\d, in /);
    expect(ran.stdout).toContain(
      'logs        rolls /.software/local/clock/logs/log (1048576 bytes)\n',
    );
    expect(ran.stdout).toContain('pull        nothing: no stores are named\n');
    expect(existsSync(`${logs('clock')}.1`)).toBe(false);
    expect(existsSync(join(root, '.software/local/.admin/reports'))).toBe(false);
  });

  test('whose configuration cannot be read tells that, to root', () => {
    appendFileSync(join(root, 'etc/xhier.toml'), 'no = such key\n');
    const ran = night();
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/^doctor +1 finding$/m);
    expect(ran.stdout).toMatch(/^To: root\nSubject: .*: maintenance: 1 problem\n/);
    expect(ran.stdout).toMatch(/etc\/xhier.toml:\d+: .* \[doctor.configuration\]$/m);
  });

  test('words that are no steps, and options that exclude each other, are refused', () => {
    expect(night('logz')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("did you mean 'logs'?") as string,
    });
    expect(night('--splay', '5').status).toBe(2);
    expect(night('--timeout', 'soon').status).toBe(2);
  });
});

describe('a night on a host with a store', () => {
  test('brings what was published and installs it; a store that is gone is told, and all else is done', () => {
    const site = publisher();
    xhDone(site.root, 'mkpkg', 'tool');
    site.write('tool', { 'data/table': 'one\n' });
    site.publish();
    root = subscriber(site.store, site.siteKey);
    appendFileSync(join(root, 'etc/xhier.toml'), '\n[report]\nmailer = ""\n');
    expect(night().stderr).toMatch(/^pull +1 brought up to date$/m);
    expect(readFileSync(join(root, 'software/tool/data/table'), 'utf8')).toBe('one\n');
    const status = (): { time: string; packages: { result: string }[] } =>
      JSON.parse(readFileSync(join(root, '.software/local/.admin/status.json'), 'utf8')) as never;
    expect(status().packages.map(({ result }) => result)).toEqual(['new']);
    expect(night().stderr).toMatch(/^pull +1 looked at, all current$/m);
    const before = status().time;
    rmSync(site.store, { recursive: true });
    const ran = night();
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^1 problem\n {2}xh pull ended with 1: /m);
    expect(ran.stderr).toMatch(/^gc +nothing to collect$/m);
    expect(status().time > before).toBe(true);
  });

  test('on the publisher looks for mistakes in packages, for those who make them', () => {
    const site = publisher();
    makePackage(site.root, 'tool', {
      'man/man1/tool.1': 'no page\n',
      'bin/tool': '#!/no/such/interpreter\n',
      '.admin/Maintainer': 'ann@example.org\n',
    });
    root = site.root;
    appendFileSync(join(root, 'etc/xhier.toml'), '\n[report]\nmailer = ""\n');
    const ran = night();
    expect(ran.stderr).toMatch(/^check +\d+ findings?$/m);
    expect(ran.stdout).toMatch(/^To: ann@example.org$/m);
    expect(ran.stdout).toMatch(/\/software\/tool\/bin\/tool.*interpreter.* \[check\.\S+\]$/m);
  });
});

test('a night on a host that others depend on distributes, and tells who was not served', async () => {
  const hosts = await startSshHosts();
  try {
    hosts.add('web1');
    root = hosts.master;
    makePackage(root, 'clock', { 'data/table': 'one\n' });
    writeFileSync(
      join(root, 'etc/xhier.toml'),
      `maintenance.distribute = true\n[distribute]\nconnect-timeout = 5\n[report]\nmailer = ""\n${hosts.table('web1')}[hosts.gone]\naddress = "127.0.0.1"\nport = 1\n`,
    );
    const ran = night('distribute');
    expect(ran.stderr).toMatch(/^distribute +1 of 2 hosts have all$/m);
    expect(ran.stdout).toMatch(/gone has not got all that it should: no sshd listens there/);
    expect(ran.status).toBe(0);
    expect(readFileSync(join(hosts.root('web1'), 'software/clock/data/table'), 'utf8')).toBe(
      'one\n',
    );
  } finally {
    await hosts.end();
  }
});

describe('logs', () => {
  test('that have grown are rolled, and whoever writes to one goes on, with nothing lost', () => {
    const log = logs('clock');
    const fd = openSync(log, 'a', 0o640);
    writeSync(fd, `first\n${'x'.repeat(2 ** 20)}\n`);
    expect(night('logs').stderr).toContain('logs        1 rolled\n');
    writeSync(fd, 'last\n');
    closeSync(fd);
    expect(readFileSync(`${log}.1`, 'utf8')).toMatch(/^first\n[^]*\nlast\n$/);
    expect(readFileSync(log, 'utf8')).toBe('');
    expect(statSync(log).mode & 0o777).toBe(0o640);
    expect(statSync(`${log}.1`).nlink).toBe(1);
  });

  test('keep as many old files as the site says, and no longer than it says', () => {
    config('[logs]\nsize = 1024\nkeep = 2\ndays = 30');
    const log = logs('clock');
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(log, text.padEnd(2000, '.'));
      night('logs');
    }
    const begins = (name: string): string => readFileSync(name, 'utf8').slice(0, 5);
    expect([begins(`${log}.1`), begins(`${log}.2`)]).toEqual(['three', 'two..']);
    expect(existsSync(`${log}.3`)).toBe(false);
    const old = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(`${log}.2`, old, old);
    expect(night('logs').stderr).toContain('1 old one removed');
    expect(existsSync(`${log}.2`)).toBe(false);
  });

  test('that others roll, and links, are left alone', () => {
    config('[logs]\nsize = 1024\nkeep = 2\nskip = ["clock/own.log"]');
    const big = 'x'.repeat(2000);
    writeFileSync(logs('clock', 'own.log'), big);
    const theirs = logs('tick', 'theirs');
    for (const name of ['', '.1', '.2', '.3']) writeFileSync(`${theirs}${name}`, `${big}${name}`);
    writeFileSync(join(root, 'etc/elsewhere'), big);
    symlinkSync(join(root, 'etc/elsewhere'), logs('clock', 'link'));
    expect(night('logs').stderr).toContain('logs        nothing to roll\n');
    expect(readFileSync(`${theirs}.3`, 'utf8')).toBe(`${big}.3`);
    // to the package's maintainer
    expect(mail()).toMatch(
      /^ARGUMENTS -i ann@example.org$[^]*theirs has grown to 2000 bytes and is not rolled/m,
    );
  });

  test('have the programs of their package told', () => {
    config(
      `refresh-on = ["${root}"]\n[logs]\nsize = 1024\n[logs.tell]\nclock = "touch $XH_ROOT/etc/told"\ntick = "exit 3"`,
    );
    for (const name of ['clock', 'tick']) writeFileSync(logs(name), 'x'.repeat(2000));
    expect(night('logs').status).toBe(0);
    expect(existsSync(join(root, 'etc/told'))).toBe(true);
    expect(mail()).toContain(
      'the logs of tick were rolled, and its programs could not be told: status 3',
    );
  });
});

test('an ordinary user is told that the site is not his, and may not read what others are told', () => {
  if (process.getuid?.() !== 0) return;
  night();
  const ran = (...words: readonly string[]) =>
    spawnSync(
      'setpriv',
      [
        '--reuid',
        'nobody',
        '--regid',
        'nogroup',
        '--clear-groups',
        process.execPath,
        XH,
        'maintenance',
        ...words,
      ],
      {
        encoding: 'utf8',
        env: { ...process.env, XH_ROOT: root },
      },
    );
  unlinkSync(join(root, '.software/local/.admin/reports/maintenance.json'));
  rmSync(join(root, '.software/local/.admin/reports'), { recursive: true });
  expect(ran('--now')).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('you may not maintain the site') as string,
  });
  night();
  expect(ran('--last').status).toBe(4);
});
