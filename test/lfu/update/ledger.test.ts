/** The ledger: its file, what a damaged one means, who may have it. */
import fc from 'fast-check';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { b, type Bytes } from '../../../src/bytes/bytes.ts';
import { decodeLedger, encodeLedger, type LedgerContent } from '../../../src/lfu/ledger/format.ts';
import { Ledger } from '../../../src/lfu/ledger/ledger.ts';
import { lfuCommand } from '../trees.ts';
import { updatedSite } from './site.ts';

const name = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((units) => Buffer.from(units).toString('latin1').replace(/[\0/]/g, '_') as Bytes);
const path = fc.array(name, { maxLength: 4 }).map((names) => names.join('/') as Bytes);
const number = fc.integer({ min: -1, max: 3 });
const state = fc.record({
  supplier: number,
  offers: fc.uniqueArray(fc.nat(3), { maxLength: 3 }).map((all) => all.toSorted((a, c) => a - c)),
});
const entries = fc.uniqueArray(fc.tuple(name, state), { selector: ([each]) => each, maxLength: 6 });
const directories = fc.uniqueArray(fc.tuple(path, entries), {
  selector: ([each]) => each,
  maxLength: 12,
});

const EMPTY: LedgerContent = {
  slave: b`/slave\xff`,
  shared: true,
  masters: [
    { name: b`alpha`, path: b`/a`, order: 0, complete: true },
    undefined,
    { name: b`beta`, path: b`/\xfe`, order: undefined, complete: false },
  ],
  states: [],
  directories: new Map(),
};

describe('the file', () => {
  test('says what was written, of names of any bytes, and can be changed', () => {
    fc.assert(
      fc.property(directories, (all) => {
        const ledger = new Ledger(EMPTY);
        for (const [at, found] of all) ledger.set(at, ledger.write(found));
        const content = decodeLedger(ledger.encode());
        if ('unreadable' in content) throw new Error(content.unreadable);
        expect(content).toMatchObject({ slave: EMPTY.slave, masters: EMPTY.masters });
        const again = new Ledger(content);
        for (const [at, found] of all) {
          const known = found.filter(
            ([, { supplier, offers }]) => supplier >= 0 || offers.length > 0,
          );
          expect(new Map(again.entries(at))).toEqual(new Map(known));
          again.set(at, b``);
          expect(again.entries(at).size).toBe(0);
        }
        expect([...again.directories()]).toEqual([]);
      }),
    );
  });

  test('knows what is below a directory, and forgets it', () => {
    fc.assert(
      fc.property(directories, path, (all, wanted) => {
        const ledger = new Ledger(EMPTY);
        const own = { supplier: 0, offers: [0] };
        for (const [at] of all) ledger.set(at, ledger.write([[b`x`, own]]));
        const isIn = (at: Bytes): boolean =>
          wanted === '' || at === wanted || at.startsWith(`${wanted}/`);
        const inside = all.map(([at]) => at).filter(isIn);
        expect(new Set(ledger.below(wanted))).toEqual(new Set(inside));
        expect([ledger.involves(wanted, 0), ledger.involves(wanted, 2)]).toEqual([
          inside.length > 0,
          false,
        ]);
        ledger.remove(wanted);
        expect([...ledger.directories()].some(isIn)).toBe(false);
      }),
    );
  });

  test('that is damaged in any place is known to be', () => {
    const file = encodeLedger({
      ...EMPTY,
      states: [{ supplier: 0, offers: [0] }],
      directories: new Map([[b`a/b`, b`0 x/y\0`]]),
    });
    expect(decodeLedger(file)).not.toHaveProperty('unreadable');
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const other = Buffer.from(file);
        other[at] = (other[at] ?? 0) ^ change;
        const decoded = decodeLedger(other);
        expect('unreadable' in decoded && decoded.unreadable).toMatch(/damaged|newer/);
        expect(decodeLedger(file.subarray(0, at))).toEqual({ unreadable: 'damaged' });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        expect(decodeLedger(garbage)).toEqual({ unreadable: 'damaged' });
      }),
    );
  });
});

const ALL = ['a/', 'a/f', 'b/', 'b/f', 'bin/', 'bin/own', 'bin/x', 'bin/y', 'own'];

describe('a ledger', () => {
  test('that is garbage, cut off, empty or another slave’s is made anew with a message, and nothing is deleted', () => {
    const harm: readonly ((file: string) => void)[] = [
      (file) => {
        writeFileSync(file, 'garbage\n');
      },
      (file) => {
        truncateSync(file, statSync(file).size - 5);
      },
      (file) => {
        writeFileSync(file, '');
      },
      // one of another slave
      (file) => {
        const site = updatedSite();
        writeFileSync(file, readFileSync(site.ledger()));
      },
    ];
    for (const doHarm of harm) {
      const site = updatedSite();
      site.sh('rm alpha/a/f');
      doHarm(site.ledger());
      const plain = site.lfu('-i', 'alpha', 'slave');
      expect(plain).toMatchObject({ status: 3, stdout: '' });
      expect(plain.stderr).toMatch(
        /^lfu: the ledger .* is damaged\n.*'lfu update' knows the masters/,
      );
      const run = site.update();
      expect(run.status).toBe(0);
      expect(run.stderr).toContain('is damaged and is made anew: nothing is deleted');
      expect(site.paths()).toEqual(ALL);
      // what was supplied while it was lost is nobody's; all the rest is as it was
      site.sh('rm beta/b/f');
      expect(site.update().lines).toContain('beta: delete f absent b/f');
      expect(
        site.lfu('owns', '--strays').lines.map((line) => line.slice(site.slave.length + 1)),
      ).toEqual(['a/f', 'bin/own', 'own']);
    }
  });

  test('that is lost with one master in the configuration stays careful when it was damaged', () => {
    const site = updatedSite();
    site.configure({ alpha: '' });
    writeFileSync(site.ledger(), 'garbage\n');
    expect(site.update().status).toBe(0);
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(ALL);
  });

  test('that somebody has removed is made anew, and nothing is deleted', () => {
    const site = updatedSite();
    site.sh(`rm -r root/.software/local/.admin/lfu alpha/a/f`);
    expect(site.update()).toMatchObject({ status: 0, stderr: '' });
    expect(site.paths()).toEqual(ALL);
  });

  test('is for all to read, whatever the umask, and so is what stands above it', () => {
    const site = updatedSite();
    site.sh('rm -r root/.software');
    site.sh(`umask 077; ${lfuCommand('update').join(' ')}`);
    const modes = site.sh('find root/.software -printf "%y %m\\n" | sort -u');
    expect(modes).toBe('d 755\nf 644\n');
  });

  test('on a file system that is read-only is a reason to touch nothing; looking goes on', () => {
    const site = updatedSite();
    site.sh('touch alpha/new');
    const readOnly = (...words: readonly string[]) =>
      spawnSync(
        'unshare',
        [
          '-m',
          'sh',
          '-c',
          `mount --bind root root && mount -o remount,ro,bind root && ${lfuCommand(...words).join(' ')}`,
        ],
        {
          cwd: site.directory,
          encoding: 'utf8',
          env: { ...process.env, XH_ROOT: site.root },
        },
      );
    const run = readOnly('update', '-i');
    expect([run.status, run.stdout]).toEqual([3, '']);
    expect(run.stderr).toContain('read-only file system');
    expect(existsSync(join(site.slave, 'new'))).toBe(false);
    expect(readOnly('update', '-n').stdout).toContain('alpha: copy f new new');
    expect(readOnly('owns', 'slave/bin/x').stdout).toContain(': alpha (');
    // a copy that no ledger is about is none of its business
    expect(readOnly('-i', 'alpha', 'copy').status).toBe(0);
  });

  test('of a newer version is not touched, and nothing else is', () => {
    const site = updatedSite();
    const newer = readFileSync(site.ledger(), 'latin1').replace('ledger 1 ', 'ledger 2 ');
    writeFileSync(site.ledger(), newer, 'latin1');
    site.sh('rm alpha/a/f');
    const run = site.update();
    expect(run.status).toBe(3);
    expect(run.stderr).toContain('was written by a version of lfu that this one does not know');
    expect(readFileSync(site.ledger(), 'latin1')).toBe(newer);
    expect(site.paths()).toEqual(ALL);
  });

  test('is not written when nothing has changed', () => {
    const site = updatedSite();
    site.update();
    const before = statSync(site.ledger()).ino;
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
    expect(statSync(site.ledger()).ino).toBe(before);
  });

  test('that cannot be written is a reason to touch nothing', () => {
    const site = updatedSite();
    site.sh('touch alpha/new; chmod -R go+rX .; chown -R 65534 slave');
    const words = [
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--',
      ...lfuCommand('update', '-i'),
    ];
    const run = spawnSync('setpriv', words, {
      cwd: '/',
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: site.root },
    });
    expect([run.status, run.stdout]).toEqual([3, '']);
    expect(existsSync(join(site.slave, 'new'))).toBe(false);
    chmodSync(site.directory, 0o755);
    // but anybody may ask
    const asked = spawnSync('setpriv', [...words.slice(0, -2), 'owns', `${site.slave}/bin/x`], {
      cwd: '/',
      encoding: 'utf8',
      env: { ...process.env, XH_ROOT: site.root },
    });
    expect(asked.stdout).toContain('/bin/x: alpha (');
  });

  test('is one update’s from its first turn to its last, and the other is told whose', async () => {
    const site = updatedSite();
    site.configure({
      alpha: '',
      beta: `rules = [{ text = 'name=slow { exec "echo ready; sleep 30"; }' }]`,
    });
    site.sh('touch beta/slow');
    const [node, ...words] = lfuCommand('update');
    const first = spawn(node, words, {
      env: { ...process.env, XH_ROOT: site.root },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await Promise.race([once(first.stdout, 'data'), once(first.stderr, 'data')]);
    try {
      for (const run of [site.update(), site.update('alpha'), site.lfu('alpha', 'slave')]) {
        expect(run).toMatchObject({ status: 3, stdout: '' });
        expect(run.stderr).toMatch(
          new RegExp(
            `^lfu: another run is at work on ${site.slave}: 'lfu update', pid ${first.pid ?? 0}, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\n`,
          ),
        );
      }
      // looking is allowed
      expect(site.update('-n', 'alpha').status).toBe(0);
    } finally {
      process.kill(-(first.pid ?? 0), 'SIGKILL');
      await once(first, 'exit');
    }
    site.configure({ alpha: '', beta: '' });
    expect(site.update().status).toBe(0);
  });
});
