/** The ledger: its file, what a damaged one means, what dying at any moment leaves of it. */
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
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { decodeLedger, encodeLedger, type LedgerContent } from '../../../src/lfu/ledger/format.ts';
import { Ledger } from '../../../src/lfu/ledger/ledger.ts';
import { lfuCommand } from '../../lfu/trees.ts';
import { freshSite, type TestSite } from './site.ts';

const name = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((units) => Buffer.from(units).toString('latin1').replace(/[\0/]/g, '_') as Bytes);
const path = fc.array(name, { maxLength: 4 }).map((names) => names.join('/') as Bytes);
const number = fc.integer({ min: -1, max: 3 });
const state = fc.record({
  supplier: number,
  offers: fc.uniqueArray(fc.nat(3), { maxLength: 3 }).map((all) => all.toSorted()),
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

/** Two masters that have updated a slave, on which somebody has put something of his own. */
function updated(): TestSite {
  const site = freshSite();
  site.configure({ alpha: '', beta: '' });
  site.sh(`mkdir -p alpha/bin alpha/a beta/bin beta/b
    for f in alpha/bin/x alpha/a/f beta/bin/y beta/b/f; do echo $f > $f; touch -d 2002-02-02 $f; done`);
  expect(site.update().status).toBe(0);
  site.sh('touch slave/own slave/bin/own');
  return site;
}

const ALL = ['a/', 'a/f', 'b/', 'b/f', 'bin/', 'bin/own', 'bin/x', 'bin/y', 'own'];

describe('a ledger', () => {
  test('that is garbage, cut off or empty is made anew with a message, and nothing is deleted', () => {
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
    ];
    for (const doHarm of harm) {
      const site = updated();
      site.sh('rm alpha/a/f');
      doHarm(site.ledger());
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
    const site = updated();
    site.configure({ alpha: '' });
    writeFileSync(site.ledger(), 'garbage\n');
    expect(site.update().status).toBe(0);
    expect(site.update().status).toBe(0);
    expect(site.paths()).toEqual(ALL);
  });

  test('of a newer version is not touched, and nothing else is', () => {
    const site = updated();
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
    const site = updated();
    site.update();
    const before = statSync(site.ledger()).ino;
    expect(site.update()).toMatchObject({ status: 0, stdout: '' });
    expect(statSync(site.ledger()).ino).toBe(before);
  });

  test('that cannot be written is a reason to touch nothing', () => {
    const site = updated();
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

  test('is one run’s at a time', async () => {
    const site = updated();
    site.configure({
      alpha: `rules = [{ text = 'name=slow { exec "echo ready; sleep 30"; }' }]`,
      beta: '',
    });
    site.sh('touch alpha/slow');
    const [node, ...words] = lfuCommand('update');
    const environment = { ...process.env, XH_ROOT: site.root };
    const first = spawn(node, words, {
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await Promise.race([once(first.stdout, 'data'), once(first.stderr, 'data')]);
    try {
      const run = site.update('alpha');
      expect(run.status).toBe(3);
      expect(run.stderr).toContain('another run is at work on');
    } finally {
      process.kill(-(first.pid ?? 0), 'SIGKILL');
      await once(first, 'exit');
    }
  });
});

describe('killed at any moment', () => {
  /** Kills an update of one master at the given call. @returns whether it came to that */
  function killed(site: TestSite, master: string, call: string, when: number): boolean {
    const fault = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${when}`];
    const command = lfuCommand('update', master);
    const run = spawnSync('strace', ['-f', '-qqq', '-o', '/dev/null', ...fault, ...command], {
      cwd: site.directory,
      env: { ...process.env, XH_ROOT: site.root, XHIER_NATIVE: 'no' },
    });
    return run.status !== 0;
  }

  test.each(['renameat2', 'unlinkat', 'pwrite64', 'fsync'] as const)(
    'in %s, the other master loses nothing, and the next updates need no repair',
    (call) => {
      let deaths = 0;
      for (let when = 1; when <= 9; when += 2) {
        const site = updated();
        // alpha hands f over to beta, brings something new, and takes something away
        site.sh(`mkdir beta/a; echo beta, longer > beta/a/f; rm alpha/a/f alpha/bin/x
          echo new > alpha/bin/new; touch alpha/a/other; echo mine > beta/bin/new2`);
        if (!killed(site, 'alpha', call, when)) continue;
        deaths++;
        if (killed(site, 'beta', call, when)) deaths++;
        for (const path of ['b/f', 'bin/y', 'bin/own', 'own']) expect(site.paths()).toContain(path);
        for (let night = 0; night < 2; night++) site.update();
        expect(site.update()).toMatchObject({ status: 0, stdout: '' });
        expect(site.paths()).toEqual([
          'a/',
          'a/f',
          'a/other',
          'b/',
          'b/f',
          'bin/',
          'bin/new',
          'bin/new2',
          'bin/own',
          'bin/y',
          'own',
        ]);
        expect(site.read('slave/a/f')).toBe('beta, longer\n');
        expect(site.lfu('owns', '--strays').lines).toHaveLength(2);
      }
      expect(deaths).toBeGreaterThan(1);
    },
  );

  test('while it is written, the ledger is the old one or the new one', () => {
    const site = updated();
    const before = readFileSync(site.ledger());
    site.sh('touch alpha/new');
    // the first rename of all is that of the ledger
    expect(killed(site, 'alpha', 'renameat2', 1)).toBe(true);
    const decoded = decodeLedger(readFileSync(site.ledger()));
    expect(decoded).not.toHaveProperty('unreadable');
    expect(readFileSync(site.ledger()).equals(before)).toBe(false);
    expect(existsSync(join(site.slave, 'new'))).toBe(false);
    expect(site.update().lines).toContain('alpha: copy f new new');
  });

  test('a signal that asks it to end leaves what is done done, exit 130 or 143', async () => {
    const site = updated();
    site.configure({
      alpha: `rules = [{ text = 'name~slow* { exec "echo ready; sleep 0.2"; }' }]`,
      beta: '',
    });
    site.sh('for i in 1 2 3 4 5 6 7 8 9; do touch alpha/slow$i; done; touch beta/later');
    const [node, ...words] = lfuCommand('update');
    const run = spawn(node, words, {
      env: { ...process.env, XH_ROOT: site.root },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await Promise.race([once(run.stdout, 'data'), once(run.stderr, 'data')]);
    run.kill('SIGTERM');
    expect((await once(run, 'exit'))[0]).toBe(143);
    expect(existsSync(join(site.slave, 'later'))).toBe(false);
    site.configure({ alpha: '', beta: '' });
    expect(site.update().status).toBe(0);
    expect(site.lfu('owns', '--strays').lines).toHaveLength(2);
    expect(site.lfu('owns', bytes('slave/slow1')).stdout).toContain(': alpha (');
  });
});
