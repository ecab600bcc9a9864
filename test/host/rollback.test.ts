/** Rollback over many generations: whatever was changed in whatever order, each is reached again. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  lstatSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { createDraft, type Draft } from '../../src/host/draft.ts';
import { commitGeneration, currentGeneration } from '../../src/host/generations.ts';
import { emptyPlan } from '../../src/host/plan.ts';
import { planRollback } from '../../src/host/rollback.ts';
import { withHost, type Host } from '../../src/host/transaction.ts';
import { freshSite } from '../site.ts';

const OPTIONS = { command: 'test', lockTimeout: 5 };
const NAMES = ['etc/a', 'etc/b', 'etc/sub/c'];

function commit(host: Host, work: (draft: Draft) => void): void {
  const draft = createDraft(host.walker);
  work(draft);
  commitGeneration(
    host,
    { ...emptyPlan('test'), changes: draft.changes() },
    { commandLine: 'xh test' },
  );
}

/** Goes back; `reached` is told of the generation that this makes. */
function rollBack(host: Host, target: number, reached: () => void = () => undefined): void {
  const plan = planRollback(host, target);
  expect(plan.conflicts).toEqual([]);
  if (commitGeneration(host, plan, { commandLine: 'xh rollback' }) !== undefined) reached();
}

function look(root: string): Record<string, string> {
  return Object.fromEntries(
    NAMES.map((name) => {
      const path = join(root, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) return [name, 'nothing'];
      return [name, stat.isSymbolicLink() ? `→ ${readlinkSync(path)}` : readFileSync(path, 'utf8')];
    }),
  );
}

const change = fc.record({
  name: fc.constantFrom(...NAMES),
  to: fc.constantFrom('nothing', 'x\n', 'y\n', 'z', '→ there', '→ here', 'displaced', 'restored'),
});

test('each generation is reached again from each other one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      async (steps, targets) => {
        const { path: root, ...site } = freshSite();
        writeFileSync(join(root, 'etc/a'), 'stock\n');
        mkdirSync(join(root, 'etc/sub'));
        await withHost(site, OPTIONS, (host) => {
          const states = [look(root)];
          for (const changes of steps) {
            const before = currentGeneration(host.walker);
            commit(host, (draft) => {
              const met = new Set<string>();
              for (const { name, to } of changes) {
                const path = bytes(`/${name}`);
                const kept = bytes(`/${name}.kept`);
                // what a planner does: it displaces what is there, and restores what it displaced
                const at = draft.look(path).type;
                if (to === 'displaced') {
                  if (
                    met.has(name) ||
                    name === 'etc/b' ||
                    at !== 'file' ||
                    draft.look(kept).type !== 'absent'
                  )
                    continue;
                  draft.displace(path, kept, b`/ours`);
                } else if (to === 'restored') {
                  if (met.has(name) || at !== 'link' || draft.look(kept).type === 'absent')
                    continue;
                  draft.restore(path, kept);
                } else if (draft.look(kept).type !== 'absent' || met.has(name)) continue;
                else if (to === 'nothing') draft.remove(path);
                else if (to.startsWith('→ ') === (name === 'etc/b')) {
                  // one name is always a link, the others are always files
                  if (name === 'etc/b') draft.link(path, bytes(to.slice(2)));
                  else draft.write(path, bytes(to));
                } else continue;
                met.add(name);
              }
            });
            if (currentGeneration(host.walker) !== before) states.push(look(root));
          }
          for (const target of targets) {
            // after the steps there are the rollbacks themselves
            const generation = target % states.length;
            if (currentGeneration(host.walker) === 0) continue;
            rollBack(host, generation, () => states.push(look(root)));
            expect(look(root)).toEqual(states[generation]);
          }
        });
        expect(existsSync(join(root, '.software/local/.admin/journal'))).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('lines that somebody changed between two generations are seen after a step, and settled there', async () => {
  const { path: root, ...site } = freshSite();
  const file = join(root, 'etc/a');
  writeFileSync(file, 'stock\n');
  await withHost(site, OPTIONS, (host) => {
    const write = (content: string): void => {
      commit(host, (draft) => {
        draft.write(b`/etc/a`, bytes(content));
      });
    };
    write('ours\n');
    writeFileSync(file, 'mine\n');
    write('mine\nmore\n');
    const [conflict] = planRollback(host, 0).conflicts;
    expect(conflict).toMatchObject({
      code: 'E_ROLLBACK_EDITED',
      path: '/etc/a',
      message: expect.stringContaining('between generations 1 and 2') as string,
      remedy: expect.stringContaining('xh rollback 1 ') as string,
    });
    rollBack(host, 1);
    expect(readFileSync(file, 'utf8')).toBe('mine\n');
    expect(planRollback(host, 0).conflicts).toMatchObject([
      { line: 1, difference: { from: 'mine\n', to: 'stock\n' } },
    ]);
    writeFileSync(file, 'ours\n');
    rollBack(host, 0);
    expect(readFileSync(file, 'utf8')).toBe('stock\n');
  });
});

test('a file comes back in the place of a link of ours, which is not written through', async () => {
  const { path: root, ...site } = freshSite();
  writeFileSync(join(root, 'etc/a'), 'stock\n', { mode: 0o640 });
  writeFileSync(join(root, 'etc/b'), 'other\n');
  await withHost(site, OPTIONS, (host) => {
    commit(host, (draft) => {
      draft.link(b`/etc/a`, b`b`);
    });
    rollBack(host, 0);
  });
  expect(lstatSync(join(root, 'etc/a')).mode & 0o7777).toBe(0o640);
  expect(readFileSync(join(root, 'etc/a'), 'utf8')).toBe('stock\n');
  expect(readFileSync(join(root, 'etc/b'), 'utf8')).toBe('other\n');
});
