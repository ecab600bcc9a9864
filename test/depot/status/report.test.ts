/** Hourly and daily reports: the unknown first, what can wait later, nothing twice, nothing lost. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { b } from '../../../src/bytes/bytes.ts';
import { aloneFindings } from '../../../src/depot/alone.ts';
import type { ReportKind } from '../../../src/depot/status/incoming.ts';
import { composeIncoming, lettersText } from '../../../src/depot/status/report.ts';
import { recordOutcomes } from '../../../src/distribute/status/record.ts';
import { shareRecord } from '../../../src/distribute/status/share.ts';
import { visitHost } from '../../../src/host/transaction.ts';
import { loadConfig } from '../../../src/site/config.ts';
import { freshSite, temporaryDirectory } from '../../site.ts';

const HOUR = 3_600_000;

interface Site {
  readonly path: string;
  log(text: string): void;
  report(kind: ReportKind, remember?: boolean): Promise<string>;
}

function siteWith(more = ''): Site & ReturnType<typeof freshSite> {
  const site = freshSite();
  const log = join(site.path, 'var/log/all');
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, '');
  writeFileSync(
    join(site.path, 'etc/xhier.toml'),
    `status-name = "argus"\nmaintainer = "ops@example.org"\n${more}\n[report]\nlogs = ["/var/log/all"]\ndrop = ["* session opened *"]\nwait = ["*: cron *"]\n`,
  );
  return {
    ...site,
    log: (text) => {
      appendFileSync(log, text);
    },
    async report(kind, remember = true) {
      return visitHost(site, async (host) => {
        const report = await composeIncoming(host, loadConfig(site), { kind, now: Date.now() });
        if (remember) report.remember();
        return lettersText(report.letters).join('\n');
      });
    },
  };
}

test('what nobody has said anything about is told at once and once; what can wait, daily; the rest is counted', async () => {
  const site = siteWith();
  site.log('web1: disk 3 is failing\nweb1: cron has run\nweb1: session opened for root\n');
  const hourly = await site.report('hourly');
  expect(hourly).toContain('1 unknown line');
  expect(hourly).toContain('web1: disk 3 is failing');
  expect(hourly).toContain('1 line of no interest');
  expect(hourly).not.toContain('cron');
  expect(await site.report('hourly')).toBe('');
  site.log('web2: out of memory\n');
  expect(await site.report('hourly')).not.toContain('disk 3');
  const daily = await site.report('daily');
  expect(daily.indexOf('disk 3')).toBeLessThan(daily.indexOf('cron has run'));
  expect(daily).toContain('web2: out of memory');
  expect(await site.report('daily')).toBe('');
});

test('looking at it does not count as being told', async () => {
  const site = siteWith();
  site.log('something\n');
  expect(await site.report('hourly', false)).toContain('something');
  expect(await site.report('hourly')).toContain('something');
  expect(await site.report('hourly')).toBe('');
});

test('a log that is rolled between two reports loses no line', async () => {
  const site = siteWith();
  site.log('one thing\n');
  await site.report('hourly');
  site.log('another thing\n');
  renameSync(join(site.path, 'var/log/all'), join(site.path, 'var/log/all.1'));
  site.log('a third thing\n');
  const text = await site.report('hourly');
  expect(text).toContain('another thing');
  expect(text).toContain('a third thing');
  expect(text).not.toContain('one thing');
});

test('a thousand lines that differ in figures are one, and terminals are not driven by any', async () => {
  const site = siteWith();
  site.log(Array.from({ length: 1000 }, (_, i) => `sshd[${i}]: bad key\n`).join(''));
  site.log('\x1b[2Jboo\n');
  const text = await site.report('hourly');
  expect(text).toContain('1000 × sshd[0]: bad key');
  expect(text).not.toContain('\x1b');
});

test('a log that is not there, or a state that is damaged, is told or begun anew', async () => {
  const site = siteWith();
  site.log('something\n');
  await site.report('hourly');
  const state = join(site.path, '.software/local/.admin/reports/incoming.json');
  expect(readFileSync(state, 'utf8')).toContain('"format":1');
  for (const text of [
    '',
    '{',
    '{"format":1}',
    '{"format":1,"logs":{"/var/log/all":{"inode":7}}}',
  ]) {
    writeFileSync(state, text);
    expect(await site.report('hourly')).toContain('something');
  }
  renameSync(join(site.path, 'var/log/all'), join(site.path, 'gone'));
  expect(await site.report('hourly')).toContain('/var/log/all: there is no such log');
});

test('what hosts have done since, and hosts that are silent or lie, each told once', async () => {
  const directory = temporaryDirectory('status');
  const site = siteWith(`status-directory = "${directory}"`);
  const web1 = freshSite();
  const text = `status-name = "web1"\nstatus-directory = "${directory}"\n`;
  writeFileSync(join(web1.path, 'etc/xhier.toml'), text);
  const says = async (revision: number, result: string, message?: string): Promise<void> => {
    const outcome = {
      package: b`gcc`,
      revision,
      result,
      ...(message !== undefined && { message, wanted: revision + 1 }),
    };
    recordOutcomes(web1, [outcome], { config: loadConfig(web1), reached: true });
    expect(await shareRecord(web1, loadConfig(web1))).toEqual([]);
  };
  await says(40, 'new');
  expect(await site.report('hourly')).toContain('web1: heard from for the first time');
  await says(41, 'updated');
  expect(await site.report('hourly')).toContain('web1: gcc updated, revision 41');
  await says(41, 'refused', 'the head has expired');
  const refused = await site.report('hourly');
  expect(refused).toContain('web1 has refused gcc');
  expect(refused).toContain('the head has expired');
  expect(await site.report('hourly')).toBe('');
  writeFileSync(join(directory, 'zeus.json'), readFileSync(join(directory, 'web1.json')));
  const lie = await site.report('hourly');
  expect(lie).toContain('zeus is not believed');
  expect(lie).toContain('it says that it is web1');
  expect(await site.report('hourly')).toBe('');
});

test('a host that has reached no store for long says so to its own maintainer', () => {
  const site = siteWith();
  const config = loadConfig(site);
  const now = Date.now();
  const cut = (ago: number): void => {
    const outcomes = [{ package: b`gcc`, result: 'unreachable', message: 'no route' }];
    recordOutcomes(site, outcomes, { config, reached: false, message: 'no route', now: now - ago });
  };
  cut(47 * HOUR);
  expect(aloneFindings(site, config, now)).toEqual([]);
  cut(0);
  expect(aloneFindings(site, config, now + 2 * HOUR)).toMatchObject([
    { code: 'status.alone', severity: 'problem', to: [] },
  ]);
  recordOutcomes(site, [], { config, reached: true, now });
  expect(aloneFindings(site, config, now + 2 * HOUR)).toEqual([]);
});

test('a host that could tell nobody for long says so, too', async () => {
  const site = siteWith('status-directory = "/nowhere/status"');
  const config = loadConfig(site);
  const now = Date.now();
  recordOutcomes(site, [], { config, reached: true });
  await shareRecord(site, config, now - 50 * HOUR);
  await shareRecord(site, config, now);
  expect(aloneFindings(site, config, now)).toMatchObject([{ code: 'status.untold' }]);
});
