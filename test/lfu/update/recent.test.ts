/** The log of updates, and `lfu recent`, which shows it. */
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytes, toText, type Bytes } from '../../../src/bytes/bytes.ts';
import { linesFromEnd } from '../../../src/files/from-end.ts';
import { ROOT_PLACE } from '../../../src/files/tree.ts';
import { createLog } from '../../../src/lfu/log.ts';
import { parseLogLine } from '../../../src/lfu/recent.ts';
import { lfuCommand } from '../trees.ts';
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
      expect.stringMatching(/^beta problem E_LFU_CLASH both: 'alpha' \(.*both supply this name/),
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
    const shown = ({ lfu, slave, directory }: TestSite): readonly string[] =>
      lfu('recent', '--all').lines.map((line) =>
        line.slice(20).replace(slave, 'SLAVE').replaceAll(directory, ''),
      );
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
    expect(site.lfu('recent', '.').lines).toHaveLength(6);
    const elsewhere = site.lfu('recent', 'alpha/bin');
    expect(elsewhere).toMatchObject({ status: 2, stdout: '' });
    expect(elsewhere.stderr).toContain(`alpha/bin is in no slave\n     slaves: ${site.slave}\n`);
    site.sh('ln -s slave local');
    expect(site.lfu('recent', 'local').lines).toHaveLength(6);
    // the time of a directory follows from what came into it
    site.write('alpha/bin/z', '');
    expect(site.update('alpha').lines).toContain('alpha: set d mtime bin');
    expect(
      site
        .lfu('recent')
        .lines.slice(6)
        .map((line) => line.slice(20)),
    ).toEqual([`alpha copy f new ${site.slave}/bin/z`]);
    expect(site.lfu('recent', '--all').stdout).toContain(`set d mtime ${site.slave}/bin\n`);
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

  test('is read from the end: what was logged long ago is not gone through', () => {
    const site = updated();
    // 40 MB, then what is of today
    const now = readFileSync(log(site));
    const old = '2001-02-03T04:05:06.000Z alpha copy f new lib/archive/of/old/times\n'.repeat(6000);
    writeFileSync(log(site), Buffer.concat([...Array<Buffer>(100).fill(Buffer.from(old)), now]));
    const trace = ['-f', '-qq', '-P', log(site), '-e', 'trace=read,pread64', '-o'];
    const [node, ...words] = lfuCommand('recent');
    const run = spawnSync('strace', [...trace, join(site.directory, 'trace'), node, ...words], {
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: site.root },
    });
    expect(run.stdout.split('\n')).toHaveLength(7);
    const reads = site.sh('cat trace').matchAll(/= (\d+)$/gm);
    const bytesRead = [...reads].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(bytesRead).toBeGreaterThan(now.length);
    expect(bytesRead).toBeLessThan(2 << 20);
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

test('the lines of a file come from its end, whole, however long', () => {
  const site = freshSite();
  const line = fc.oneof(
    fc.string({ maxLength: 5 }).map((text) => text.replaceAll('\n', ' ')),
    fc.integer({ min: 1, max: 600_000 }).map((length) => 'x'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, isEnded) => {
      const text = lines.join('\n') + (isEnded ? '\n' : '');
      site.write('file', text);
      const fd = openSync(join(site.directory, 'file'), 'r');
      try {
        const expected = text === '' ? [] : text.replace(/\n$/, '').split('\n');
        const found = [...linesFromEnd(fd, bytes('file'))].map((each) => toText(each));
        expect(found.toReversed().join('\n')).toBe(expected.join('\n'));
      } finally {
        closeSync(fd);
      }
    }),
    { numRuns: 40 },
  );
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
