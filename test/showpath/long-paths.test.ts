/** Paths of 8 and 32 KB in every shell, and what happens where a shell, or the kernel, takes no more. */
import { describe, expect, test } from 'vitest';
import { b, bytes, concat, split, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { makeDirectory, makeFile, makeHost, scratch } from './hosts.ts';
import { command, runScript, showpath } from './shells.ts';
import { USER_SHELLS, type UserShell } from './user-shells.ts';

const host = makeHost();
const parent = scratch();

/** Directories that make a path of `size` bytes at least. */
function directories(size: number, name: string): readonly Bytes[] {
  const made: Bytes[] = [];
  for (let length = 0, i = 0; length < size; i++) {
    const directory = makeDirectory(join(parent, bytes(`${name} number ${i}`.padEnd(90, 'x'))));
    made.push(directory);
    length += directory.length + 1;
  }
  return made;
}

const LONGEST = 140_000;
const names = {
  plain: directories(LONGEST, 'a-number').map((directory) =>
    makeDirectory(directory.replaceAll(' ', '-') as Bytes),
  ),
  odd: directories(32_768, `!"'$*?[]{}\`\\ `),
};

/** As many of them as make `size` bytes. */
function path(kind: keyof typeof names, size: number): readonly Bytes[] {
  let length = 0;
  return names[kind].filter((directory) => (length += directory.length + 1) <= size + 100);
}

/** What a shell has in SP_VALUE, and that it goes on with its next line. */
function evaluated(shell: UserShell, asked: readonly Bytes[]): Bytes {
  const args = [b`-f`, bytes(shell.format), b`-v`, b`SP_VALUE`, b`--`, ...asked];
  const script = makeFile(join(scratch(), b`ask`), b`exec ${command('dash', args)}\n`);
  const lines = concat(shell.before ?? b``, shell.line(b`sh ${script}`), b`echo next\n`);
  const ran = runScript(shell.start(), lines, {
    env: { LC_ALL: 'C.UTF-8', TERM: 'dumb' },
    cwd: parent,
  });
  const [value = b``, next] = split(ran.out, '\n');
  expect({ next, err: ran.err }).toEqual({ next: 'next', err: '' });
  return value;
}

describe.each(['sh', 'bash', 'zsh', 'tcsh', 'fish', 'BSD csh'])('%s', (name) => {
  const shell = shellNamed(name);
  const most = name === 'BSD csh' ? 8000 : Infinity;
  test.each(['plain', 'odd'] as const)('8 KB and 32 KB of %s names', (kind) => {
    for (const size of [8192, 32_768]) {
      const asked = path(kind, size);
      const value = evaluated(shell, asked);
      const taken = value === '' ? 0 : split(value, ':').length;
      expect(value).toBe(asked.slice(0, taken).join(':'));
      // as much as the shell can hold, but for a piece
      expect(value.length).toBeGreaterThanOrEqual(Math.min(asked.join(':').length, most - 1800));
      expect(value.length).toBeLessThanOrEqual(most);
    }
  });
});

test('a login in BSD csh with 32 KB on its PATH has the first of them, and finds its commands', () => {
  const own = path('plain', 32_768);
  const args = [b`--root`, host.root, b`-f`, b`csh`, b`--`, b`/usr/bin`, ...own];
  const script = makeFile(join(scratch(), b`ask`), b`exec ${command('dash', args)}\n`);
  const ran = runScript(
    shellNamed('BSD csh').start(),
    b`eval \`sh ${script}\`\nprintenv PATH\nset\n`,
  );
  const [set = b``, ...variables] = split(ran.out, '\n');
  expect(ran.err).toBe('');
  expect(split(set, ':').every((directory) => ['/usr/bin', ...own].includes(directory))).toBe(true);
  expect(variables.filter((line) => line.startsWith('_'))).toEqual([]);
});

test('what would keep every program from starting is left off, with a warning', () => {
  const ran = showpath('dash', path('plain', LONGEST));
  expect(ran.code).toBe(0);
  expect(ran.err).toBe(
    'showpath: warning: the value would be longer than 128 KB: its last directories are left off\n',
  );
  const printed = ran.out.trimEnd() as Bytes;
  expect(path('plain', LONGEST).join(':').startsWith(`${printed}:`)).toBe(true);
  expect(printed.length).toBeGreaterThan(129_000);
  const started = runScript(['/bin/sh'], b`X='${printed}'; export X; exec /bin/echo started\n`);
  expect(started).toEqual({ code: 0, out: 'started\n', err: '' });
});

function shellNamed(name: string): UserShell {
  const shell = USER_SHELLS[name];
  if (shell === undefined) throw new Error(name);
  return shell;
}
