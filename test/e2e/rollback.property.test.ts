/**
 * Any sequence of installs, uninstalls, switches and edits by people: going back to any generation
 * makes the host what it was then, records and farms too, and nobody's edit is lost on the way.
 */
import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { planCollect } from '../../src/host/collect.ts';
import { applyPlan } from '../../src/host/apply.ts';
import { commitGeneration, currentGeneration } from '../../src/host/generations.ts';
import type { Plan } from '../../src/host/plan.ts';
import { planRollback } from '../../src/host/rollback.ts';
import { withHost } from '../../src/host/transaction.ts';
import { planInstall } from '../../src/depot/install.ts';
import { planMakeLinks } from '../../src/depot/make-links.ts';
import { planPrefer } from '../../src/depot/prefer.ts';
import { planUninstall } from '../../src/depot/uninstall.ts';
import { planUse } from '../../src/depot/use.ts';
import { XhError } from '../../src/message/error.ts';
import { loadConfig } from '../../src/site/config.ts';
import type { Site } from '../../src/site/site.ts';
import { command, makePackage, writeFiles } from '../depot/packages.ts';
import { freshSite } from '../site.ts';
import { snapshot } from './xh.ts';

/** Many more of them: test/soak. */
const RUNS = process.env['XHIER_SOAK'] === undefined ? 15 : 400;

/** What people or commands do; `to` picks a generation among those that there are. */
type Step =
  | {
      readonly do: 'install' | 'uninstall' | 'use' | 'prefer' | 'make-links';
      readonly what: string;
    }
  | { readonly do: 'edit'; readonly where: 'top' | 'end' | 'mode' }
  | { readonly do: 'rollback' | 'collect'; readonly to: number };

const PACKAGES = ['clock-1', 'clock-2', 'older', 'other'];

const work: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('install' as const, 'uninstall' as const),
      what: fc.constantFrom(...PACKAGES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('use' as const),
      what: fc.constantFrom('clock-1', 'clock-2'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('prefer' as const, 'make-links' as const),
      what: fc.constantFrom('older', 'other'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('rollback' as const), to: fc.nat(1000) }),
  },
);
const edit: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('edit' as const),
  where: fc.constantFrom('top' as const, 'end' as const, 'mode' as const),
});
const collect: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('collect' as const),
  to: fc.integer({ min: 1, max: 4 }),
});

test('going back makes the host what it was, in every order of commands and collections', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 12, arbitrary: work }, { weight: 1, arbitrary: collect }), {
        minLength: 2,
        maxLength: 12,
      }),
      async (steps) => {
        const { site, root } = furnished();
        const states = [host(root)];
        let oldest = 0;
        for (const step of steps) {
          const target = step.do === 'rollback' ? step.to % states.length : undefined;
          const before = states.length;
          const outcome = await take(site, step, target);
          // all of it is known, and nobody has edited anything
          if (outcome.refused !== undefined) {
            expect(outcome).toMatchObject({ refused: 'E_NO_GENERATION' });
            expect(target).toBeLessThan(oldest);
          } else if (target !== undefined) expect(host(root)).toEqual(states[target]);
          if (outcome.generation === before) states.push(host(root));
          else expect(host(root)).toEqual(states.at(-1));
          oldest = Math.max(oldest, outcome.oldest - 1);
          if (outcome.again !== undefined) expect(outcome.again).toBe(0);
        }
      },
    ),
    { numRuns: RUNS },
  );
});

test('what people edit at any time between is there after every rollback, or the rollback is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 3, arbitrary: work }, { weight: 2, arbitrary: edit }), {
        minLength: 3,
        maxLength: 12,
      }),
      async (steps) => {
        const { site, root } = furnished();
        const file = join(root, 'etc/services');
        const states = [withoutEdits(root)];
        const edits: string[] = [];
        let mode = 0o644;
        for (const step of steps) {
          if (step.do === 'edit') {
            const line = `by-hand-${edits.length} ${20_000 + edits.length}/tcp\n`;
            if (step.where === 'mode') chmodSync(file, (mode = mode === 0o644 ? 0o664 : 0o644));
            else edits.push(line);
            if (step.where === 'end') appendFileSync(file, line);
            else if (step.where === 'top') writeFileSync(file, line + readFileSync(file, 'utf8'));
            continue;
          }
          const target = step.do === 'rollback' ? step.to % states.length : undefined;
          const before = host(root);
          const count = states.length;
          const outcome = await take(site, step, target);
          if (outcome.refused !== undefined) {
            expect(outcome.refused).toBe('E_ROLLBACK_EDITED');
            expect(host(root)).toEqual(before);
          }
          if (outcome.refused === undefined && target !== undefined) {
            expect(withoutEdits(root)).toEqual(states[target]);
          }
          const now = readFileSync(file, 'utf8').split('\n');
          for (const each of edits) expect(now).toContain(each.trimEnd());
          expect(statSync(file).mode & 0o777).toBe(mode);
          if (outcome.generation === count) states.push(withoutEdits(root));
        }
      },
    ),
    { numRuns: RUNS },
  );
});

interface Outcome {
  /** The newest one afterwards. */
  readonly generation: number;
  /** The oldest that is kept. */
  readonly oldest: number;
  /** The code of what it was refused with, or of its first conflict. */
  readonly refused?: string;
  /** How many changes the same command would make again. */
  readonly again?: number;
}

async function take(site: Site, step: Step, target: number | undefined): Promise<Outcome> {
  return withHost(site, { command: 'test', lockTimeout: 5 }, (at) => {
    const config = loadConfig(site);
    const planned = (): Plan | undefined => {
      switch (step.do) {
        case 'install':
          return planInstall(at, config, [{ name: bytes(step.what) }]).plan;
        case 'uninstall':
          return planUninstall(at, config, [{ name: bytes(step.what) }], { force: true });
        case 'use':
          return planUse(at, config, { name: bytes(step.what) });
        case 'prefer':
          return planPrefer(at, config, b`both`, bytes(step.what));
        case 'make-links':
          return planMakeLinks(at, config, []);
        case 'rollback':
          return currentGeneration(at.walker) === 0 ? undefined : planRollback(at, target);
        case 'collect': {
          const { plan } = planCollect(at, { keep: step.to, days: 0 });
          applyPlan(at.walker, plan);
          return undefined;
        }
        case 'edit':
          return undefined;
      }
    };
    const end = (rest: Partial<Outcome> = {}): Outcome => ({
      generation: currentGeneration(at.walker),
      oldest: planCollect(at, { keep: 1000, days: 0 }).oldest ?? 0,
      ...rest,
    });
    try {
      const plan = planned();
      if (plan === undefined) return end();
      const [conflict] = plan.conflicts;
      if (conflict !== undefined) {
        return target === undefined ? end() : end({ refused: conflict.code });
      }
      commitGeneration(at, plan, { commandLine: 'test' });
      // the same again has nothing to do; what was taken out cannot be taken out again
      return end(step.do === 'uninstall' ? {} : { again: planned()?.changes.length ?? 0 });
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      return step.do === 'rollback' ? end({ refused: error.code }) : end();
    }
  });
}

function furnished(): { readonly site: Site; readonly root: string } {
  const { path: root, ...site } = freshSite();
  writeFiles(root, { 'etc/services': 'ssh 22/tcp\nsmtp 25/tcp\n', 'etc/motd': 'stock\n' });
  for (const version of ['1', '2']) {
    makePackage(root, `clock-${version}`, {
      '.admin/Options': `version = ${version}\n`,
      'bin/clock': command(version),
      'export/services': `clock 47${version}1/tcp\n`,
      'export/profile.d/clock.sh': `CLOCK=${version}\n`,
      [`export/replace/etc/${version === '1' ? 'motd' : 'issue'}`]: `clock ${version}\n`,
      [`include/clock/v${version}.h`]: version,
    });
  }
  makePackage(root, 'older', {
    'bin/older': command('older'),
    'bin/both': command('older'),
    'export/services': 'older 4801/udp\n',
    'export/patches/etc/motd.patch': PATCH,
  });
  makePackage(root, 'other', {
    '.admin/Options': 'priority = 60\n',
    'bin/both': command('other'),
    'export/services': 'other 4901/udp\n',
  });
  return { site, root };
}

const PATCH = '--- a/etc/motd\n+++ b/etc/motd\n@@ -1 +1,2 @@\n stock\n+older\n';

/** The host: all but what the site is made with, and without what says when. */
function host(root: string): Record<string, string> {
  return Object.fromEntries(
    [...snapshot(root)].flatMap(([path, what]) => {
      if (MADE_ONCE.test(path)) return [];
      if (!path.includes('/receipts/')) return [[path, what]];
      return [[path, readFileSync(join(root, path), 'utf8').replace(/"time":"[^"]*"/, '')]];
    }),
  );
}

const MADE_ONCE =
  /^(?:software|\.software\/local(?:\/\.admin(?:\/(?:journal|receipts|generations|objects|log))?)?|\.software\/share\/\.admin)$/;

/** The host without what people have put into `/etc/services`, and its mode. */
function withoutEdits(root: string): Record<string, string> {
  const services = readFileSync(join(root, 'etc/services'), 'utf8');
  return {
    ...host(root),
    'etc/services': services.replaceAll(/^by-hand-.*\n/gm, ''),
  };
}
