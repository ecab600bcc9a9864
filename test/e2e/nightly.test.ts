/** The system's own package on a bare host: cron runs maintenance at night, systemd accepts its units. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { siteThatStays } from '../site.ts';
import { startBareHost, type BareHost } from './bare-host.ts';

const root = siteThatStays();
const nothing = siteThatStays();
let host: BareHost;

beforeAll(async () => {
  host = await startBareHost(root, { debs: nothing, without: ['cron'] });
  done('mkdir -p /usr/local/bin && ln -s /run/xhier/node /usr/local/bin/node');
  done('ln -s /run/xhier/project/dist/xh.cjs /usr/local/bin/xh');
  done('ln -s /run /var/run; mkdir -p /var/spool/cron/crontabs');
  host.xh('mkpkg', 'xhier', '--from', '/run/xhier/project/software/xhier');
}, 60_000);
afterAll(() => {
  host.end();
});

function done(line: string): string {
  const ran = host.sh(line);
  if (ran.status === 0) return ran.stdout;
  throw new Error(`${line} ended with ${ran.status}:\n${ran.stderr}${ran.stdout}`);
}

test('its units are what systemd wants, and nothing of it is wrong in our own eyes', () => {
  for (const name of ['xhier-reports', 'xhier-listen', 'xhier-serve']) {
    host.xh('mkpkg', name, '--from', `/run/xhier/project/software/${name}`);
  }
  const packages = ['xhier', 'xhier-reports', 'xhier-listen', 'xhier-serve'];
  host.xh('install', ...packages);
  const units = done('ls /etc/systemd/system/xhier-*.*').trim().split('\n');
  expect(units.length).toBe(8);
  expect(done(`systemd-analyze verify --man=no ${units.join(' ')} 2>&1`)).toBe('');
  for (const unit of units.filter((path) => path.endsWith('.timer'))) {
    const [, calendar = ''] = /^OnCalendar=(.*)$/m.exec(done(`cat ${unit}`)) ?? [];
    expect(done(`systemd-analyze calendar '${calendar}'`)).toContain('Next elapse');
  }
  expect(host.sh(`xh check ${packages.join(' ')} --strict`)).toMatchObject({
    status: 0,
    stdout: '',
  });
  expect(done('sh -n /software/xhier/maintenance/xh-unattended')).toBe('');
  // the others are for some hosts only
  host.xh('uninstall', 'xhier-reports', 'xhier-listen', 'xhier-serve');
});

test('cron runs it at night: logs are rolled, and what is wrong is mailed', async () => {
  const log = join(root, '.software/local/clock/logs/log');
  mkdirSync(join(log, '..'), { recursive: true });
  writeFileSync(log, 'x'.repeat(2 ** 20));
  writeFileSync(
    join(root, 'etc/xhier.toml'),
    'maintainer = "ops@example.org"\n[maintenance]\nsplay = 0\n[report]\nmailer = "/etc/mailer"\n',
  );
  done(
    "printf '#!/bin/sh\\n{ echo to $*; cat; } >>/var/letters\\n' >/etc/mailer; chmod 755 /etc/mailer",
  );
  // shortly before, and thirty times as fast
  done(
    "LD_PRELOAD='/usr/$LIB/faketime/libfaketime.so.1' FAKETIME='@2026-11-22 02:26:30 x30' /usr/sbin/cron",
  );
  for (let tries = 0; !existsSync(join(root, 'var/letters')) && tries < 300; tries++) {
    await sleep(100);
  }
  expect(existsSync(`${log}.1`)).toBe(true);
  const letter = readFileSync(join(root, 'var/letters'), 'utf8');
  expect(letter).toMatch(/^to -i ops@example.org\nTo: ops@example.org\nSubject: .*maintenance: /);
  expect(letter).toContain('no profile of this host uses showpath');
}, 60_000);

test('without node it says where to say where that is', () => {
  const ran = host.sh(
    'rm /usr/local/bin/node; PATH=/nowhere /software/xhier/maintenance/xh-unattended list',
  );
  expect(ran.status).toBe(127);
  expect(ran.stderr).toMatch(/there is no node in .*\n.*\/etc\/default\/xhier/);
  done(
    "mkdir -p /opt/node; ln -s /run/xhier/node /opt/node/node; mkdir -p /etc/default; echo 'PATH=/opt/node:$PATH' >/etc/default/xhier",
  );
  expect(host.sh('/software/xhier/maintenance/xh-unattended maintenance --last -q').status).toBe(0);
});
