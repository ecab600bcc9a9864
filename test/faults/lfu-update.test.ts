/**
 * Dying in the middle of an update, and being asked to end: the ledger that is left gives no master
 * what is another's, and the next updates need no repair.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { decodeLedger } from '../../src/lfu/ledger/format.ts';
import { lfuCommand } from '../lfu/trees.ts';
import { updatedSite, type TestSite } from '../lfu/update/site.ts';

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
        const site = updatedSite();
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
    const site = updatedSite();
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
    const site = updatedSite();
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
