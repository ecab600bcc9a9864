/** A master that cannot be read everywhere: what is not known to be gone stays, and there only. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { difference } from '../lfu/trees.ts';
import { makeLfuFixture, type LfuFixture } from './lfu-runs.ts';
import { litter, look, tornAt } from './lfu-trees.ts';
import { requireStrace, runCommand } from './strace.ts';

beforeAll(requireStrace);

interface Unreadable {
  readonly call: string;
  /** The path that strace looks out for: of a directory that is open, or a name as it is given. */
  readonly path: string;
  readonly when?: string;
  /** What must not be deleted from the slave, though the master lacks it. */
  readonly stays: readonly string[];
}

const UNREADABLE: readonly Unreadable[] = [
  { call: 'getdents64', path: '/bad', stays: ['bad/gone', 'bad/deep/gone'] },
  // half of the names are known then
  { call: 'getdents64', path: '/bad', when: '2+', stays: ['bad/gone', 'bad/deep/gone'] },
  { call: 'getdents64', path: '/bad/deep', stays: ['bad/deep/gone'] },
  { call: 'openat', path: '/bad', stays: ['bad/deep/gone'] },
  { call: 'openat', path: 'bad', stays: ['bad/gone', 'bad/deep/gone'] },
  { call: 'statx', path: '/bad', stays: ['bad/deep/gone'] },
  { call: 'statx', path: 'bad', stays: ['bad/gone', 'bad/deep/gone'] },
  { call: 'statx', path: 'deep', stays: ['bad/deep/gone'] },
  { call: 'pread64', path: '/bad/f', stays: [] },
  { call: 'llistxattr', path: '/bad', stays: [] },
];
const ERRNOS = ['EIO', 'EACCES', 'ESTALE', 'ENOMEM', 'EMFILE', 'ETIMEDOUT'];

describe.each([
  ['by native threads', {}],
  ['by ourselves', { XHIER_NATIVE: 'no' }],
] as const)('looked at %s', (_, env) => {
  let fixture: LfuFixture;
  beforeAll(() => {
    fixture = makeLfuFixture(env);
  });
  afterAll(() => {
    fixture.remove();
  });

  /** Both trees of the same, with something to be deleted everywhere. */
  function plant(): void {
    const { directory, master, slave } = fixture;
    for (const tree of [master, slave]) {
      rmSync(tree, { recursive: true, force: true });
      mkdirSync(tree);
    }
    const script = `
      mkdir -p master/bad/deep master/good slave/bad/deep slave/good
      for d in bad bad/deep good .; do echo new > master/$d/new; echo old > slave/$d/gone
        echo other > master/$d/f; echo old > slave/$d/f; done
      ln -s new master/bad/l; setfattr -n user.a -v 1 master/bad/f`;
    execFileSync('sh', ['-euc', script], { cwd: directory });
  }

  test('what cannot be read is told, nothing of it is deleted, and all else is done', async () => {
    const { directory, master, slave } = fixture;
    const problems: string[] = [];
    let [told, harmless] = [0, 0];
    for (const [index, { call, path, when, stays }] of UNREADABLE.entries()) {
      for (const errno of process.env['XHIER_SOAK'] === '1' ? ERRNOS : [ERRNOS[index % 2] ?? '']) {
        const problem = (what: string): void =>
          void problems.push(`${errno} ${call} ${path} ${when ?? ''}: ${what}`);
        plant();
        const before = look(slave);
        const wanted = look(master);
        const at = path.startsWith('/') ? master + path : path;
        const inject = `inject=${call}:error=${errno}${when === undefined ? '' : `:when=${when}`}`;
        const log = ['-o', join(directory, 'log')];
        const words = ['-f', '-qqq', ...log, '-P', at, '-e', `trace=${call}`, '-e', inject];
        const { words: command } = fixture.run('-i');
        const ended = await runCommand('strace', [...words, ...command], { env: fixture.env });
        const { status, stdout, stderr } = ended;
        if (status === 0) harmless += 1;
        else told += 1;
        if (status !== (stderr === '' ? 0 : 1))
          problem(`it ended with ${String(status)}: ${stderr}`);
        if (status === 1 && !/^lfu: bad[^:]*: .* \(\w+\)$/m.test(stderr)) problem(stderr);
        if (/^lfu: (?!bad|\d+ failed)/m.test(stderr)) problem(`it tells more: ${stderr}`);
        tornAt(before, wanted, look(slave)).forEach(problem);
        for (const kept of stays) {
          // where that call was not made there, nothing went wrong
          if (status !== 0 && !existsSync(join(slave, kept)))
            problem(`${kept} was deleted: ${stdout}${stderr}`);
        }
        for (const name of ['.', 'good']) {
          const names = readdirSync(join(slave, name));
          if (names.includes('gone')) problem(`${name}/gone is there`);
          if (!names.includes('new')) problem(`${name}/new is missing: ${stderr}`);
        }
        litter(look(slave)).forEach(problem);
        const next = await fixture.lfu();
        if (next.status !== 0 || next.stderr !== '') problem(`the next run: ${next.stderr}`);
        const different = difference(master, slave);
        if (different !== '') problem(different);
      }
    }
    console.log(`unreadable: ${told} told, ${harmless} harmless`);
    expect(problems).toEqual([]);
    expect(told).toBeGreaterThan(harmless);
  }, 300_000);
});
