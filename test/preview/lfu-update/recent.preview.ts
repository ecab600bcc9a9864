/** The log of updates, and `lfu recent`, which shows it. */
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { ROOT_PLACE } from '../../../src/files/tree.ts';
import { createLog } from '../../../src/lfu/log.ts';
import { parseLogLine } from '../../../src/lfu/recent.ts';
import { lfuCommand } from '../../lfu/trees.ts';
import { freshSite, type TestSite } from './site.ts';

function updated(more = ''): TestSite {
  const site = freshSite();
  site.configure({ alpha: '', beta: '' }, more);
  site.sh(`mkdir -p alpha/bin beta/bin; echo x > alpha/bin/x; ln -s x alpha/bin/l
    echo y > beta/bin/y; echo first > alpha/both; echo other, longer > beta/both`);
  expect(site.update().status).toBe(1);
  return site;
}

function log(site: TestSite, name = 'lfu.log'): string {
  return join(site.root, '.software/local/.admin/log', name);
}

describe('the log', () => {
  test('has a line for each change and each problem, with time and master, for all to read', () => {
    const site = updated();
    const lines = readFileSync(log(site), 'utf8').trimEnd().split('\n');
    const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.*)$/;
    expect(lines.map((line) => stamp.exec(line)?.[1])).toEqual([
      'alpha make d new .',
      'alpha make d new bin',
      'alpha copy f new bin/x',
      'alpha copy f new both',
      'alpha link l new bin/l -> x',
      "beta problem E_LFU_CLASH both: master 'alpha' supplies this name, too, and comes first: left as 'alpha' has it",
      'beta copy f new bin/y',
    ]);
    expect(statSync(log(site)).mode & 0o777).toBe(0o644);
    const { size } = statSync(log(site));
    site.lfu('update', '-n');
    expect(statSync(log(site)).size).toBe(size);
  });

  test('is JSON when the configuration says so, and reads the same', () => {
    const text = updated();
    const json = updated('[log]\nformat = "json"\n');
    const link = JSON.parse(readFileSync(log(json), 'utf8').split('\n')[4] ?? '') as object;
    expect(link).toMatchObject({
      master: 'alpha',
      slave: json.slave,
      change: 'link',
      type: 'l',
      path: 'bin/l',
      why: ['new'],
      target: 'x',
    });
    const shown = (site: TestSite): readonly string[] =>
      site.lfu('recent', '--all').lines.map((line) => line.slice(20).replace(site.slave, 'SLAVE'));
    expect(shown(json)).toEqual(shown(text));
    expect(shown(text)).toContain('alpha link l new SLAVE/bin/l -> x');
  });

  test('is begun anew when it has grown, and so many old ones are kept', () => {
    const site = updated('[log]\nsize = 300\nkeep = 2\n');
    for (let i = 1; i <= 8; i++) {
      site.sh(`echo > alpha/new-file-${i}`);
      site.update('-q', 'alpha');
    }
    const isThere = [1, 2, 3].map((number) => existsSync(log(site, `lfu.log.${number}`)));
    expect(isThere).toEqual([true, true, false]);
    for (const name of ['lfu.log', 'lfu.log.1', 'lfu.log.2']) {
      expect(statSync(log(site, name)).size).toBeLessThanOrEqual(300);
    }
    const shown = site.lfu('recent').lines.filter((line) => line.includes('new-file-'));
    expect(shown.at(-1)).toContain('new-file-8');
    expect(shown.length).toBeGreaterThan(3);
    expect(shown.toSorted()).toEqual(shown);
  });

  test('is readable when root has a strict umask', () => {
    const site = freshSite();
    site.configure({ alpha: '' });
    site.sh('touch alpha/f');
    const command = lfuCommand('update', '-q').map((word) => `'${word}'`);
    site.sh(`umask 077; ${command.join(' ')}; chmod 755 . root`);
    const words = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
    const run = spawnSync('setpriv', [...words, ...lfuCommand('recent')], {
      cwd: '/',
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: site.root },
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('alpha copy f new');
  });

  test('that cannot be opened is a reason to touch nothing; a link in its place is not followed', () => {
    const site = updated();
    for (const script of ['ln -s ../elsewhere', 'mkdir']) {
      site.sh(`rm -rf ${log(site)}; ${script} ${log(site)}; touch alpha/more`);
      const run = site.update('alpha');
      expect(run.status).toBe(3);
      expect(run.stderr).toContain('the log cannot be written');
      expect(site.paths()).not.toContain('more');
    }
  });
});

describe('lfu recent', () => {
  test('shows what changed, the newest last, of a path or of everything', () => {
    const site = updated();
    const all = site.lfu('recent');
    expect(all).toMatchObject({ status: 0, stderr: '' });
    expect(all.lines).toHaveLength(6);
    expect(all.lines[1]).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d alpha make d new \/.*\/slave\/bin$/,
    );
    expect(site.lfu('recent', 'slave/bin').lines).toHaveLength(4);
    expect(site.lfu('recent', `${site.slave}/bin/y`).lines).toHaveLength(1);
    expect(site.lfu('recent', '--all', 'slave/both').lines).toHaveLength(2);
    expect(site.lfu('recent', 'alpha/bin').lines).toEqual([]);
    site.sh('ln -s slave local');
    expect(site.lfu('recent', 'local').lines).toHaveLength(6);
    expect(site.lfu('recent', 'local/bin/x').lines).toHaveLength(1);
  });

  test('knows times as the rules do', () => {
    const site = updated();
    const now = readFileSync(log(site), 'utf8');
    const old = now.replaceAll(/^[^ \n]+/gm, '2001-02-03T04:05:06.000Z');
    writeFileSync(log(site), `${old}${now.split('\n')[2] ?? ''}\n`);
    expect(site.lfu('recent').lines).toHaveLength(1);
    expect(site.lfu('recent', '--since', '90s').lines).toHaveLength(1);
    expect(site.lfu('recent', '--since', '2001-02-02').lines).toHaveLength(7);
    expect(site.lfu('recent', '--since', '2001-02-05').lines).toHaveLength(1);
    const wrong = site.lfu('recent', '--since', '2dyas');
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toContain('did you mean');
  });

  test('--json is for programs', () => {
    const site = updated();
    const { lines } = site.lfu('recent', '--json', 'slave/bin/l');
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        master: 'alpha',
        slave: site.slave,
        path: 'bin/l',
        change: 'link',
        type: 'l',
        why: ['new'],
      },
    ]);
  });

  test('without a log there is nothing to show', () => {
    expect(freshSite().lfu('recent')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

describe('a line of the log', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 10 })
    .map((units) => Buffer.from(units).toString('latin1').replace(/[\0/]/g, '_') as Bytes)
    // what stands for the root, and what a path of a problem ends with
    .filter((each) => each !== '.' && !each.includes(': '));

  test('is read back as it was written, whatever the names', () => {
    const kinds = fc.constantFrom('delete', 'problem', 'examined');
    fc.assert(
      fc.property(name, fc.boolean(), kinds, (path, json, kind) => {
        const lines: string[] = [];
        const written = createLog({
          json,
          master: bytes('m'),
          write: (line) => lines.push(line),
          now: () => 5000,
        });
        if (kind === 'problem') written.problem({ path, code: 'E_X', message: 'it is: so' });
        else if (kind === 'examined') written.examined(path);
        else {
          const identity = { inode: 1n, device: 1n };
          const at = { ...ROOT_PLACE, parent: undefined, want: undefined };
          const why = ['absent'] as const;
          written.changed({ kind: 'delete', at, name: path, type: 'f', why, identity });
        }
        const found = parseLogLine(bytes(lines[0] ?? ''));
        expect(found).toMatchObject({ time: 5000, master: 'm', verb: kind, path });
        expect(found?.rest).toBe(kind === 'problem' ? ': it is: so' : '');
      }),
    );
  });

  test('that is none is none', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        expect(parseLogLine(bytes(line))).toBeUndefined();
      }),
    );
    expect(parseLogLine(bytes('{"time":"1970-01-01","mas'))).toBeUndefined();
    expect(parseLogLine(bytes('{"time":"1970-01-01"}'))).toBeUndefined();
    expect(parseLogLine(bytes('null'))).toBeUndefined();
  });
});
