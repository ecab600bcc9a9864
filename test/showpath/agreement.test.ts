/** Every shell understands the same by the same arguments, whatever they are, and none fails. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, concat, printable, slice, split, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { adminPath } from '../../src/site/site.ts';
import { makeCommand, makeDirectory, makeFile, makeHost, scratch } from './hosts.ts';
import { command, runScript, SCRIPT_SHELL_NAMES, type ScriptShell } from './shells.ts';

const extra = makeDirectory(join(scratch(), b`extra dir`));
const host = makeHost([
  { name: 'x11', directories: [{ class: 'bin', usedBy: 'user', directory: extra }] },
]);
const here = makeDirectory(join(host.root, b`here`));
for (const name of [b`sub dir`, b`a*b`, b`standard`]) makeDirectory(join(here, name));
for (const name of [b`standards`, b`x11.txt`, b`nosuch`]) makeFile(join(here, name));
for (const name of [b`vi`, b`vim`, b`a b`]) {
  makeCommand(join(adminPath(host, b`bins/bin`), name));
}

const WORDS = ['standard', 'x11', 'gcc', 'gcc-9', 'vi', 'user', 'program', 'bin', 'man'];
const SETTINGS = ['usedby=', 'class=', 'findfirst=', 'here/', 'sub dir', 'a*b', '$HOME', '$(x)'];
const SPECIAL = '*?[]{},/.~= \t-\'"`\\!#%&|;@()\u0001\xff\n:'.split('');
const ARGUMENTS = ['standard', 'standard*', 'standards', 'x11', 'gcc', './sub dir', 'sub dir/'];
const OPTIONS = ['-fsh', '-fcsh', '-ffish', '-vX', '-q', '--init=sh', '-f', '-v', '--', '~/x'];
const GOOD = ['usedby=maintainer', 'class=man', 'findfirst=v*', '--environment=fish'];

const piece = fc.oneof(
  fc.constantFrom<string>(...WORDS, ...SETTINGS, ...SPECIAL, host.root, extra, '//', '..', '[!a]'),
  fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
);
const argument = fc.oneof(
  { weight: 2, arbitrary: fc.array(piece, { maxLength: 4 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.constantFrom(...ARGUMENTS, ...OPTIONS, ...GOOD) },
);
// users' homes are the system's, and ~+ and ~- some shells' own
const lists = fc.array(
  fc.array(
    argument
      .filter((text) => !text.includes('~') || text === '~/x')
      .filter((text) => !text.includes('-f') || !text.includes('json'))
      .map((text) => text as Bytes),
    { maxLength: 4 },
  ),
  { minLength: 60, maxLength: 60 },
);

function outcomes(shell: ScriptShell, all: readonly (readonly Bytes[])[]): readonly Bytes[] {
  const lines = all.map(
    (args) =>
      b`${command(shell, [b`--root`, host.root, ...args])} 2>"$HOME/err" </dev/null; printf '%s\\0' "$?"; cat "$HOME/err"; printf '\\0'\n`,
  );
  const ran = runScript(['/bin/sh'], concat(...lines), { cwd: here });
  return split(slice(ran.out, 0, -1), '\0');
}

test('all shells agree on output, warnings and exit status', () => {
  fc.assert(
    fc.property(lists, (all) => {
      const [first = [], ...others] = SCRIPT_SHELL_NAMES.map((shell) => outcomes(shell, all));
      expect(first.length).toBe(2 * all.length);
      for (const [i, other] of others.entries()) {
        const differing = all.flatMap((args, j) => {
          const [wanted, found] = [first, other].map((list) => list.slice(2 * j, 2 * j + 2).join());
          if (wanted === found) return [];
          return [{ shell: SCRIPT_SHELL_NAMES[i + 1], args: args.map(printable), wanted, found }];
        });
        expect(differing).toEqual([]);
      }
      // 1 is for findfirst= that finds nothing, 2 for an assignment that cannot be made
      const failed = all.filter((args, j) => {
        const code = first[2 * j]?.at(-1);
        const finding = args.some((text) => text.startsWith('findfirst='));
        return code !== '0' && code !== '2' && !(code === '1' && finding);
      });
      expect(failed).toEqual([]);
    }),
    { numRuns: 2, endOnFailure: true },
  );
});
