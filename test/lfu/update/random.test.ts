/**
 * Several masters over many nights: names come and go on each, turns end in the middle, and nothing
 * that somebody else has supplied is ever lost.
 */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bytes } from '../../../src/bytes/bytes.ts';
import { runLfu } from '../../../src/lfu/run.ts';

const NAMES = ['alpha', 'beta', 'gamma'] as const;
type Name = (typeof NAMES)[number];
const FILES = ['f1', 'f2', 'd1/f1', 'd1/f2', 'd1/d2/f1', 'd3/f1', 'd3/f2', 'd3/d4/f1'] as const;
const OWN = ['mine', 'd1/mine', 'd1/d2/mine', 'd3/mine'] as const;

type Step =
  /** The master gets the file, or another content of it. */
  | { readonly kind: 'put'; readonly master: Name; readonly file: string }
  | { readonly kind: 'drop'; readonly master: Name; readonly file: string }
  /** The administrator puts a file of his own where there is a directory for it. */
  | { readonly kind: 'own'; readonly file: string }
  /** A turn that ends after so many changes, or well. */
  | { readonly kind: 'turn'; readonly master: Name; readonly dies: number | undefined };

const anyMaster = fc.constantFrom(...NAMES);
const anyFile = fc.constantFrom(...FILES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('put'), master: anyMaster, file: anyFile }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('drop'), master: anyMaster, file: anyFile }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('own'), file: fc.constantFrom(...OWN) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('turn'),
      master: anyMaster,
      dies: fc.option(fc.nat(6), { nil: undefined, freq: 2 }),
    }),
  },
);

class Dies extends Error {}

test('what another master has and has supplied survives every turn, and in the end all have their own', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lfu-random-')));
      try {
        expect(await nights(directory, steps)).toEqual([]);
      } finally {
        execFileSync('rm', ['-rf', directory]);
      }
    }),
    { numRuns: 25 },
  );
});

/** @returns what is wrong with the slave in the end */
async function nights(directory: string, steps: readonly Step[]): Promise<readonly string[]> {
  const place = (name: string, path = ''): string => join(directory, name, path);
  for (const name of [...NAMES, 'root']) mkdirSync(place(name));
  // a master is never empty
  for (const name of NAMES) {
    writeFileSync(place(name, `only-${name}`), name);
    utimesSync(place(name, `only-${name}`), 0, 0);
  }
  let version = 0;
  for (const each of steps) {
    if (each.kind === 'put') {
      const file = place(each.master, each.file);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${each.master} ${++version}`);
      // what was written just now takes longer to copy, and two may have the same time
      utimesSync(file, version, version);
    } else if (each.kind === 'drop') {
      rmSync(place(each.master, each.file), { force: true });
      const above = place(each.master, dirname(each.file));
      if (each.file.includes('/') && existsSync(above) && readdirSync(above).length === 0) {
        rmSync(above, { recursive: true });
      }
    } else if (each.kind === 'own') {
      const file = place('slave', each.file);
      if (existsSync(dirname(file))) writeFileSync(file, 'own');
    } else await turn(directory, each.master, each.dies);
  }
  for (let night = 0; night < 2; night++) {
    for (const name of NAMES) await turn(directory, name, undefined);
  }
  const found = files(place('slave'));
  const wrong: string[] = [];
  for (const [path, content] of found) {
    const first = NAMES.find((name) => existsSync(place(name, path)));
    const wanted = first === undefined ? undefined : readFileSync(place(first, path), 'utf8');
    if (content !== 'own' && content !== wanted) wrong.push(`${path}: ${content}, not ${wanted}`);
  }
  const missing = NAMES.flatMap((name) => [...files(place(name)).keys()]).filter(
    (path) => !found.has(path),
  );
  return [...wrong, ...missing];
}

/** One turn, and what it must not have done. */
async function turn(directory: string, master: Name, dies: number | undefined): Promise<void> {
  const slave = join(directory, 'slave');
  const before = existsSync(slave) ? files(slave) : new Map<string, string>();
  let changes = 0;
  try {
    await runLfu({
      master: bytes(join(directory, master)),
      slave: bytes(slave),
      ledger: {
        site: { root: bytes(join(directory, 'root')) },
        master: bytes(master),
        configured: NAMES.map((name) => ({
          name: bytes(name),
          path: bytes(join(directory, name)),
        })),
      },
      report: {
        changed() {
          if (++changes > (dies ?? Infinity)) throw new Dies();
        },
      },
    });
  } catch (error) {
    if (!(error instanceof Dies)) throw error;
  }
  for (const [path, content] of before) {
    const [owner = ''] = content.split(' ');
    const isOwnersStill = content === 'own' || existsSync(join(directory, owner, path));
    if (owner !== master && isOwnersStill) {
      expect([path, content, existsSync(join(slave, path))]).toEqual([path, content, true]);
    }
  }
}

/** The contents of all files below `root`, by path. */
function files(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.slice(root.length + 1), readFileSync(path, 'utf8'));
  }
  return found;
}
