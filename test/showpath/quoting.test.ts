/** What showpath prints for eval means the same in the shells that people use, whatever the names. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, concat, printable, split, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { makeDirectory, scratch } from './hosts.ts';
import { fileName } from './names.ts';
import { command, runScript, type ScriptShell } from './shells.ts';
import { USER_SHELLS, type UserShell } from './user-shells.ts';

/** showpath runs under these in turn, so that their ways with bytes are tried as well. */
const SHELLS: readonly ScriptShell[] = ['dash', 'busybox ash', 'dash', 'mksh', 'dash', 'ksh93'];

/** The values that `shell` has after evaluating what showpath prints for each of `directories`. */
function evaluated(shell: UserShell, directories: readonly Bytes[]): readonly Bytes[] {
  // directories are arguments of sh scripts: no user shell has to read the test's own quoting
  const parent = scratch();
  const lines = directories.map((directory, i) => {
    const script = join(parent, b`${i}`);
    const show = command(SHELLS[i % SHELLS.length] ?? 'dash', [
      b`-f`,
      shell.format as Bytes,
      b`-v`,
      b`SP_VALUE`,
      b`--`,
      directory,
    ]);
    return { script, text: b`exec ${show}\n` };
  });
  runScript(
    ['/bin/sh'],
    concat(
      ...lines.map(({ script, text }) => b`cat > ${script} <<'END-OF-IT'\n${text}END-OF-IT\n`),
    ),
  );
  const ran = runScript(
    shell.start(),
    concat(shell.before ?? b``, ...lines.map(({ script }) => shell.line(b`sh ${script}`))),
    { cwd: parent, env: { LC_ALL: 'C.UTF-8', HOME: parent, TERM: 'dumb' } },
  );
  return split(ran.out, '\n').slice(0, -1);
}

describe.each(Object.entries(USER_SHELLS))('eval in %s', (_, shell) => {
  test('gives back names of any bytes', () => {
    fc.assert(
      fc.property(fc.array(fileName, { minLength: 50, maxLength: 50 }), (names) => {
        const parent = scratch();
        const directories = names.map((text) => makeDirectory(join(parent, text)));
        expect(differing(evaluated(shell, directories), directories)).toEqual([]);
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  test('gives back each byte alone, first, last and doubled', () => {
    const parent = scratch();
    const directories = Array.from({ length: 255 }, (_unused, i) => String.fromCharCode(i + 1))
      .filter((byte) => !'/:\n.'.includes(byte))
      .map((byte) => makeDirectory(join(parent, `${byte}${byte}a${byte}` as Bytes)));
    expect(differing(evaluated(shell, directories), directories)).toEqual([]);
  });
});

/** Only what differs is worth showing. */
function differing(found: readonly Bytes[], wanted: readonly Bytes[]): readonly unknown[] {
  const pairs = wanted.map((directory, i) => [printable(directory), printable(found[i] ?? b``)]);
  const count = found.length === wanted.length ? [] : [found.length, wanted.length];
  return [...count, ...pairs.filter(([a, c]) => a !== c)];
}
