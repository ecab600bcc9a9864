/** The lock of the accounts, beside the programs of the system that take it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import { withAccountLock } from '../../src/host/account-lock.ts';
import { createWalker } from '../../src/files/walk.ts';
import { freshSite } from '../site.ts';

const PASSWD = [{ path: b`/etc/passwd` }];

/** What systemd-sysusers makes of a request for a group, within a second. */
function addGroup(root: string): number | null {
  const words = ['1', 'systemd-sysusers', `--root=${root}`, '-'];
  return spawnSync('timeout', words, { input: 'g other 999\n' }).status;
}

test('others wait while accounts are changed, and can go on afterwards', () => {
  const { root, path } = freshSite();
  writeFileSync(join(path, 'etc/passwd'), '');
  const walker = createWalker(root);
  expect(withAccountLock(walker, PASSWD, () => addGroup(path))).toBe(124);
  expect(existsSync(join(path, 'etc/.pwd.lock'))).toBe(false);
  expect(addGroup(path)).toBe(0);
  expect(readFileSync(join(path, 'etc/group'), 'utf8')).toContain('other:x:999:');
  walker.close();
});

test('it is waited for while another program changes accounts', async () => {
  const { root, path } = freshSite();
  const lock = join(path, 'etc/.pwd.lock');
  // as lckpwdf(3) does it
  const program = `use Fcntl; open(F, '+>', $ARGV[0]) or die; chdir $ARGV[1] or die;
    my $lock = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0);
    fcntl(F, F_SETLK, $lock) or die;
    $| = 1; print "held\\n"; select(undef, undef, undef, 0.3);
    open(D, '>', 'done'); close(D);`;
  const child = spawn('perl', ['-e', program, lock, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit'),
  ])) as unknown[];
  expect(String(said)).toBe('held\n');
  const walker = createWalker(root);
  expect(existsSync(join(path, 'done'))).toBe(false);
  expect(withAccountLock(walker, PASSWD, () => existsSync(join(path, 'done')))).toBe(true);
  expect(existsSync(lock)).toBe(true);
  walker.close();
});

test('nothing is locked for changes of other files, or where there is no /etc', () => {
  const { root, path } = freshSite();
  const walker = createWalker(root);
  const isLocked = (): boolean => existsSync(join(path, 'etc/.pwd.lock'));
  expect(withAccountLock(walker, [{ path: b`/etc/services` }], isLocked)).toBe(false);
  expect(withAccountLock(walker, PASSWD, isLocked)).toBe(true);
  spawnSync('rmdir', [join(path, 'etc')]);
  walker.forget();
  expect(withAccountLock(walker, PASSWD, () => 'done')).toBe('done');
  walker.close();
});
