/** What showpath prints for eval means the same in the shells that people use, whatever the names. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, concat, fromBuffer, printable, split, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { makeDirectory, scratch } from './hosts.ts';
import { command, program, runScript, type ScriptShell } from './shells.ts';

interface UserShell {
  readonly format: string;
  /** Runs a script from standard input. */
  readonly start: () => readonly string[];
  /** Evaluates what `showpath` prints and writes the value of SP_VALUE, ended by a newline, to stdout. */
  readonly line: (showpath: Bytes) => Bytes;
  readonly before?: Bytes;
}

const sourced = (showpath: Bytes) => b`eval "$(${showpath})"; printf '%s\\n' "$SP_VALUE"\n`;
const csh = (showpath: Bytes) => b`eval \`${showpath}\`; printenv SP_VALUE\n`;

const USER_SHELLS: Readonly<Record<string, UserShell>> = {
  sh: { format: 'sh', start: () => ['/bin/sh'], line: sourced },
  bash: { format: 'sh', start: () => [program('bash'), '--norc'], line: sourced },
  'interactive bash': {
    format: 'sh',
    start: () => [program('bash'), '--norc', '-i'],
    line: sourced,
    before: b`set -o history -o histexpand; PS1= PS2=\n`,
  },
  zsh: { format: 'sh', start: () => [program('zsh'), '-f'], line: sourced },
  'zsh with rc_quotes, ksh_glob, extended_glob and bang_hist': {
    format: 'sh',
    start: () => [program('zsh'), '-f'],
    line: sourced,
    before: b`setopt rc_quotes ksh_glob extended_glob bang_hist glob_subst sh_word_split\n`,
  },
  csh: { format: 'csh', start: () => [program('csh'), '-f'], line: csh },
  tcsh: { format: 'csh', start: () => [program('tcsh'), '-f'], line: csh },
  'tcsh with history, noglob and nonomatch': {
    format: 'csh',
    start: () => [program('tcsh'), '-f'],
    line: csh,
    before: b`set history=100 savehist noglob nonomatch\n`,
  },
  fish: {
    format: 'fish',
    start: () => [program('fish'), '--no-config'],
    line: (showpath) => b`eval (${showpath}); printf '%s\\n' $SP_VALUE\n`,
  },
  'fish that sources': {
    format: 'fish',
    start: () => [program('fish'), '--no-config'],
    line: (showpath) => b`${showpath} | source; printf '%s\\n' $SP_VALUE\n`,
  },
};

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

const SPECIAL = '!!\'"`$\\*?[]{}()<>|;&#~^=%,+-@ \t\r'.split('');
const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SPECIAL) },
  { weight: 1, arbitrary: fc.constantFrom('é', '日', 'ß', '\u00a0').map(utf8Bytes) },
  { weight: 1, arbitrary: fc.constantFrom(...'abn01$(x)`x`${HOME}$HOME!!:0'.split('')) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  },
);
const name = fc
  .array(character, { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join('').replaceAll(/[/:\n\0]/g, '_') as Bytes)
  .filter((text) => text !== '.' && text !== '..');

describe.each(Object.entries(USER_SHELLS))('eval in %s', (_, shell) => {
  test('gives back names of any bytes', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 50, maxLength: 50 }), (names) => {
        const parent = scratch();
        const directories = names.map((text) => makeDirectory(join(parent, text)));
        expect(differing(evaluated(shell, directories), directories)).toEqual([]);
      }),
      { numRuns: 2, endOnFailure: true },
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

function utf8Bytes(text: string): Bytes {
  return fromBuffer(Buffer.from(text, 'utf8'));
}
