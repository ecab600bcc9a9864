/**
 * Somebody to whom a part of the slave belongs works against the run: see attacker.c. Whatever he
 * does, nothing outside the slave is written, made, removed, or changed in any other way; and once he
 * stops, the next run makes the slave faithful again.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import { runLfu } from '../../src/lfu/run.ts';
import { startJudge } from './judge.ts';
import { diffLines } from './trees.ts';

const judge = startJudge();
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lfu-attack-')));
const program = join(directory, 'attacker');
beforeAll(() => {
  const source = join(import.meta.dirname, 'attacker.c');
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const WAYS = ['yes', 'no'] as const;
/** Runs under attack, of each test. */
const RUNS = 40;
/** And until so much has happened to the slave meanwhile. */
const ENOUGH = 5000;

describe('nothing outside the slave is touched while somebody swaps its objects for others', () => {
  test.each(WAYS)('as the user to whom they belong (native: %s)', async (native) => {
    vi.stubEnv('XHIER_NATIVE', native);
    const base = plantAll(`user-${native}`);
    const before = await snapshot(base);
    await runUnderAttack(base, 4242, 'ddlltp');
    expect(diffLines(before, await snapshot(base))).toBe('');
    await expectFaithful(base);
  });

  test.each(WAYS)('as root (native: %s)', async (native) => {
    vi.stubEnv('XHIER_NATIVE', native);
    const base = plantAll(`root-${native}`);
    const before = await snapshot(base);
    await runUnderAttack(base, 0, 'ddlltp');
    expect(diffLines(before, await snapshot(base))).toBe('');
    await expectFaithful(base);
  });

  test.each(WAYS)('for further names of files outside (native: %s)', async (native) => {
    vi.stubEnv('XHIER_NATIVE', native);
    const base = plantAll(`hard-${native}`);
    const sh = `cp -a outside before`;
    execFileSync('sh', ['-euc', sh], { cwd: base });
    await runUnderAttack(base, 0, 'hhhdlt');
    execFileSync('rm', ['-rf', join(base, 'pool'), join(base, 'slave')]);
    // its change times go by the names that the attacker has given it
    expect(await judge('differences', join(base, 'before'), join(base, 'outside'))).toBe('');
  });
});

test('a link that the operator has named the slave by is followed, one within it is not', async () => {
  const base = plantAll('operator');
  const before = await snapshot(base);
  execFileSync(
    'sh',
    ['-euc', 'ln -s slave named; mkdir slave/part; ln -s ../../outside slave/part/d0'],
    {
      cwd: base,
    },
  );
  expect(await run(base, 'one', false, 'named')).toBe(0);
  expect(await judge('differences', join(base, 'one'), join(base, 'slave'))).toBe('');
  expect(readlinkSync(join(base, 'named'))).toBe('slave');
  expect(diffLines(before, await snapshot(base))).toBe('');
});

/**
 * Two masters that differ in everything, so that each run after one of the other has to make, change
 * and delete in all directories; what is outside has the names that they have, so that whoever is
 * led there finds something to do.
 */
function plantAll(name: string): string {
  const base = join(directory, name);
  const script = `
    mkdir -p "$1/pool" "$1/slave"; cd "$1"; umask 022
    chown 4242:4242 pool
    plant() { # WHERE CONTENT
      mkdir -p $1/sub/low
      for at in $1 $1/sub $1/sub/low; do
        for file in f0 f1 f2 f3 f4 f5 f6 f7; do echo $2 $file > $at/$file; done
      done
    }
    for d in d0 d1 d2 d3; do plant one/part/$d one; plant two/part/$d two-and-longer; done
    plant outside precious; mkfifo outside/pipe; ln -s f0 outside/link
    # types, sets of names and metadata differ, too
    rm -r one/part/d3 two/part/d2/sub; ln -f one/part/d0/f0 one/part/d0/sub/f1
    rm two/part/d*/f[12]; mkfifo two/part/d0/f2; ln -s f0 two/part/d1/f2; rm two/part/d0/sub/f7
    mkdir two/part/d0/sub/f7
    chmod 4711 two/part/d*/f4; setfattr -n user.which -v one one/part/d*/f5
    echo same | tee one/part/d0/f6 one/part/d1/f6 two/part/d0/f6 two/part/d1/f6 > /dev/null
    touch -d '2001-01-01 UTC' one/part/d*/f6 two/part/d*/f6; chmod 600 two/part/d*/f6
    chown -Rh 4242:4242 one/part two/part; chown 0 two/part/d*/f4 two/part/d*/f6
    chmod 700 outside/f*; find outside -exec touch -h -d '2000-01-01 UTC' {} +`;
  execFileSync('sh', ['-euc', script, 'sh', base]);
  return base;
}

/** All that is known of what is outside, change times among it. */
async function snapshot(base: string): Promise<readonly string[]> {
  return (await judge('snapshot', join(base, 'outside'))).split('\n');
}

async function runUnderAttack(base: string, uid: number, ways: string): Promise<void> {
  expect(await run(base, 'one')).toBe(0);
  const attacker = spawn(program, [base, String(uid), '1', ways], { stdio: 'inherit' });
  onTestFinished(() => {
    attacker.kill('SIGKILL');
  });
  let runs = 0;
  let failed = 0;
  while (runs < RUNS || swapsOf(base).swaps < ENOUGH) {
    const exit = await run(base, runs % 2 === 0 ? 'two' : 'one', runs % 5 === 0);
    expect([0, 1]).toContain(exit);
    failed += exit;
    runs++;
    expect(attacker.exitCode).toBe(null);
  }
  attacker.kill('SIGKILL');
  await once(attacker, 'close');
  const { swaps, temporaries } = swapsOf(base);
  console.log(
    `${runs} runs, ${failed} of them told of what is going on; ${swaps} swaps, ${temporaries} of temporary names`,
  );
  expect(failed).toBeGreaterThan(0);
}

async function expectFaithful(base: string): Promise<void> {
  expect(await run(base, 'one', true)).toBe(0);
  expect(await judge('differences', join(base, 'one'), join(base, 'slave'))).toBe('');
}

async function run(
  base: string,
  master: string,
  checksum = false,
  slave = 'slave',
): Promise<number> {
  const { exit } = await runLfu({
    master: bytes(join(base, master)),
    slave: bytes(join(base, slave)),
    checksum,
  });
  return exit;
}

function swapsOf(base: string): { readonly swaps: number; readonly temporaries: number } {
  const counts = readFileSync(join(base, 'count'));
  return counts.length < 16
    ? { swaps: 0, temporaries: 0 }
    : {
        swaps: Number(counts.readBigUInt64LE(0)),
        temporaries: Number(counts.readBigUInt64LE(8)),
      };
}
