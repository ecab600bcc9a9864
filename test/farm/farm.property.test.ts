/** Whatever is installed and taken out in whatever order, the farm is what the packages that stay want. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bins, command, makePackage } from '../depot/packages.ts';
import { installed, uninstalled } from '../depot/operations.ts';
import { freshSite } from '../site.ts';

const NAMES = ['0', 'x', 'y'] as const;
const PACKAGES = ['a', 'b', 'c', 'd'] as const;

interface Sample {
  readonly priority: number;
  /** What each command says; equal words are equal contents. */
  readonly commands: Readonly<Partial<Record<(typeof NAMES)[number], string>>>;
}

const sample: fc.Arbitrary<Sample> = fc.record({
  priority: fc.constantFrom(30, 50, 70),
  commands: fc.record(
    Object.fromEntries(NAMES.map((name) => [name, fc.constantFrom('same', 'own')])),
    { requiredKeys: [] },
  ),
});

const history = fc.record({
  packages: fc.tuple(sample, sample, sample, sample),
  steps: fc.array(
    fc.record({
      in: fc.boolean(),
      which: fc.uniqueArray(fc.constantFrom(...PACKAGES), { minLength: 1, maxLength: 2 }),
    }),
    { minLength: 2, maxLength: 10 },
  ),
});

/** The farm's commands with the package that each comes from. */
function farm(root: string): Record<string, string> {
  if (!existsSync(bins(root))) return {};
  return Object.fromEntries(
    readdirSync(bins(root)).map((name) => {
      const target = readlinkSync(bins(root, name));
      return [name, target.slice(join(root, 'software/').length).split('/')[0] ?? ''];
    }),
  );
}

/** What the farm of these packages has to be: for each name the highest, then the first of equals. */
function expected(samples: ReadonlyMap<string, Sample>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of NAMES) {
    const [winner] = [...samples]
      .filter(([, { commands }]) => commands[name] !== undefined)
      .toSorted(([one, a], [other, c]) => c.priority - a.priority || (one < other ? -1 : 1));
    if (winner !== undefined) found[name] = winner[0];
  }
  return found;
}

test('the order of installing and uninstalling does not matter, and in the end nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ packages, steps }) => {
      const site = freshSite();
      const samples = new Map(PACKAGES.map((name, i) => [name, packages[i] as Sample]));
      for (const [name, { priority, commands }] of samples) {
        makePackage(site.path, name, {
          '.admin/Options': `priority = ${priority}\n`,
          ...Object.fromEntries(
            Object.entries(commands).map(([at, says]) => [
              `bin/${at}`,
              command(says === 'same' ? 'same' : name),
            ]),
          ),
        });
      }
      const here = new Set<(typeof PACKAGES)[number]>();
      for (const { in: coming, which } of steps) {
        const names = coming ? which : which.filter((name) => here.has(name));
        if (names.length === 0) continue;
        const plan = coming ? await installed(site, ...names) : await uninstalled(site, ...names);
        expect(plan.conflicts.every(({ code }) => code === 'E_FARM_TIE')).toBe(true);
        if (plan.conflicts.length > 0) continue;
        for (const name of names) {
          if (coming) here.add(name);
          else here.delete(name);
        }
      }
      const want = expected(new Map([...samples].filter(([name]) => here.has(name))));
      expect(farm(site.path)).toEqual(want);
      const all = [...here];
      const gone = all.length === 0 ? undefined : await uninstalled(site, ...all);
      expect(gone?.conflicts ?? []).toEqual([]);
      expect(farm(site.path)).toEqual({});
      expect(existsSync(join(site.path, '.software/local/.admin/farm.json'))).toBe(false);
      expect(existsSync(join(site.path, '.software/local/.admin/directories.json'))).toBe(false);
      // all that stay, at once, in another order
      if (all.length > 0) {
        const again = await installed(site, ...all.toReversed());
        expect(again.conflicts).toEqual([]);
        expect(farm(site.path)).toEqual(want);
      }
    }),
    { numRuns: 30 },
  );
});
