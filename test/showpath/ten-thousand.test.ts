/**
 * Ten thousand generated names, in depots of their own, through the eval of every shell that people
 * use: always the same directories in the same order, and never anything else. Mistakes that are
 * planted into showpath's quoting are found, so that the test is known to be one.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, concat, printable, split, toBuffer, type Bytes } from '../../src/bytes/bytes.ts';
import { join } from '../../src/bytes/path.ts';
import { renderPathTable, standardPathTable } from '../../src/showpath/pathTable.ts';
import { adminPath } from '../../src/site/site.ts';
import { makeFile, scratch, tablePath } from './hosts.ts';
import { fileName } from './names.ts';
import { runScript, SHOWPATH, word } from './shells.ts';
import { USER_SHELLS } from './user-shells.ts';

/** A depot below a directory of any name, and what showpath is asked for there. */
interface Depot {
  readonly parent: Bytes;
  /** Of each element of the table, its directories; and those that the user names. */
  readonly directories: Readonly<Record<'standard' | 'x11' | 'own', readonly Bytes[]>>;
  readonly missing: readonly Bytes[];
  readonly packages: readonly Bytes[];
  readonly order: readonly Word[];
}

type Word = 'standard' | 'x11' | 'own' | 'missing' | 'packages' | '*1';

const names = (count: number) =>
  fc.uniqueArray(fileName, { minLength: count, maxLength: count, selector: String });

const depot: fc.Arbitrary<Depot> = fc.record({
  parent: fileName,
  directories: fc.record({ standard: names(10), x11: names(10), own: names(18) }),
  missing: names(2),
  packages: fc.uniqueArray(
    fc.stringMatching(/^[a-z][a-z0-9+._-]{1,8}$/).map((text) => `p${text}` as Bytes),
    { minLength: 2, maxLength: 2 },
  ),
  order: fc.shuffledSubarray<Word>(['standard', 'x11', 'own', 'missing', 'packages', '*1'], {
    minLength: 6,
  }),
});
const NAMES = 40;
const DEPOTS = 25;
const BATCHES = 10;

interface Asked {
  /** The words for showpath, quoted for sh. */
  readonly command: Bytes;
  readonly expected: Bytes;
}

/** Makes the depot below `root`, and a question with the answer that its table and packages mean. */
function ask(root: Bytes, { parent, directories, missing, packages, order }: Depot): Asked {
  const at = (kind: string, name: Bytes) => join(root, join(bytes(kind), name));
  const site = { root: at('site', parent) };
  const farm = adminPath(site, b`bins/bin`);
  const answers: Record<Word, readonly Bytes[]> = {
    standard: [farm, ...directories.standard.map((name) => at('standard', name))],
    x11: directories.x11.map((name) => at('x11', name)),
    own: directories.own.map((name) => at('own', name)),
    packages: packages.map((name) => join(site.root, b`software/${name}/bin`)),
    missing: [],
    '*1': [],
  };
  answers['*1'] = answers.x11;
  for (const directory of Object.values(answers).flat()) {
    mkdirSync(toBuffer(directory), { recursive: true });
  }
  const bins = (list: readonly Bytes[]) =>
    list.map((directory) => ({ class: 'bin', usedBy: 'user' as const, directory }));
  const table = standardPathTable(site, bins(answers.standard.slice(1)), [
    { name: 'x11', directories: bins(answers.x11) },
  ]);
  makeFile(tablePath(site), renderPathTable(table));
  const words = order.flatMap((kind) => {
    if (kind === 'own') return answers.own;
    if (kind === 'packages') return packages;
    return kind === 'missing' ? missing.map((name) => at('missing', name)) : [bytes(kind)];
  });
  return {
    command: ['--root' as Bytes, site.root, '--' as Bytes, ...words].map(word).join(' ') as Bytes,
    expected: [...new Set(order.flatMap((kind) => answers[kind]))].join(':') as Bytes,
  };
}

/** A batch of depots that are there, each with its question. */
interface Batch {
  readonly root: Bytes;
  readonly asked: readonly Asked[];
}

function makeBatch(depots: readonly Depot[]): Batch {
  const root = scratch();
  mkdirSync(join(root, b`here`));
  return { root, asked: depots.map((each, i) => ask(join(root, bytes(String(i))), each)) };
}

/** What differs after the evals of a batch in a shell: answers, and anything else that was done or said. */
function differences(name: string, { root, asked }: Batch, program: string): unknown[] {
  const shell = USER_SHELLS[name];
  if (shell === undefined) throw new Error(name);
  const here = join(root, b`here`);
  const lines = asked.map(({ command }, i) => {
    const script = join(root, bytes(`ask${i}`));
    const show = b`exec ${word('/bin/dash')} ${word(program)} -f ${bytes(shell.format)} -v SP_VALUE ${command}\n`;
    writeFileSync(script, toBuffer(show));
    return shell.line(b`sh ${script}`);
  });
  const ran = runScript(shell.start(), concat(shell.before ?? b``, ...lines), {
    cwd: here,
    env: { LC_ALL: 'C.UTF-8', HOME: root, TERM: 'dumb', PATH: '/usr/bin:/bin' },
  });
  const got = split(ran.out, '\n').slice(0, -1);
  const wrong = asked.flatMap(({ expected }, i) => {
    const [found, wanted] = [printable(got[i] ?? b``), printable(expected)];
    return found === wanted ? [] : [{ shell: name, found, wanted }];
  });
  return [
    ...wrong,
    ...readdirSync(here),
    ...(got.length === asked.length ? [] : [{ shell: name, lines: got.length }]),
    ...(ran.err === '' ? [] : [{ shell: name, said: printable(ran.err) }]),
  ];
}

test('sh, bash, zsh, tcsh and fish set what was asked for, in that order, and do nothing else', () => {
  let tried = 0;
  fc.assert(
    fc.property(fc.array(depot, { minLength: DEPOTS, maxLength: DEPOTS }), (depots) => {
      const batch = makeBatch(depots);
      // it takes its time over what others do at once
      const more = tried < 2000 ? ['BSD csh'] : [];
      tried += depots.length * NAMES;
      for (const shell of ['sh', 'bash', 'zsh', 'tcsh', 'fish', ...more]) {
        expect(differences(shell, batch, SHOWPATH)).toEqual([]);
      }
    }),
    { numRuns: BATCHES, endOnFailure: true },
  );
  expect(tried).toBeGreaterThanOrEqual(10_000);
});

/** Mistakes that somebody could make, and a shell in which each shows. */
const MISTAKES = {
  'sh: quotes are not quoted': {
    shell: 'bash',
    from: `replace "$1" "'" "'\\"'\\"'"`,
    to: 'result=$1',
  },
  'fish: backslashes are not quoted': {
    shell: 'fish',
    from: 'replace "$1" \\\\ \\\\\\\\',
    to: 'result=$1',
  },
  'csh: history is not quoted': { shell: 'tcsh', from: "'!041' ", to: '' },
  'csh: double quotes are not quoted': { shell: 'tcsh', from: `'"042' `, to: '' },
  'csh: tabs become blanks': {
    shell: 'BSD csh',
    from: '"${tab_return%?}" \'\\0011\'',
    to: '"${tab_return%?}" \'\\0040\'',
  },
} as const;

describe('a planted mistake is found', () => {
  test.each(Object.entries(MISTAKES))('%s', (_, { shell: name, from, to }) => {
    const source = readFileSync(SHOWPATH, 'latin1');
    expect(source).toContain(from);
    const program = makeFile(join(scratch(), b`showpath`), source.replace(from, to) as Bytes);
    const found = fc.check(
      fc.property(
        fc.array(depot, { minLength: 1, maxLength: DEPOTS }),
        (depots) => differences(name, makeBatch(depots), program).length === 0,
      ),
      { numRuns: BATCHES, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  });
});
