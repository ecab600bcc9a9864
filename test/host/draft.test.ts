/** Plans in the making: what planners see of each other, and that what they see is what is then done. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { createWalker } from '../../src/files/walk.ts';
import { applyPlan } from '../../src/host/apply.ts';
import { createDraft, type Draft, type RecordForm } from '../../src/host/draft.ts';
import { dropEmpty, makeRemembered } from '../../src/host/made-directories.ts';
import { emptyPlan } from '../../src/host/plan.ts';
import { sameState, stateOf } from '../../src/host/state.ts';
import { withHost, type Host } from '../../src/host/transaction.ts';
import type { Site } from '../../src/site/site.ts';
import { freshSite } from '../site.ts';

const OPTIONS = { command: 'test', lockTimeout: 5 };

/** Plans with `work` and applies what came of it. @returns the operations, by path */
async function planned(site: Site, work: (draft: Draft) => void): Promise<Record<string, string>> {
  return withHost(site, OPTIONS, (host) => {
    const draft = createDraft(host.walker);
    work(draft);
    return applied(host, draft);
  });
}

function applied(host: Host, draft: Draft): Record<string, string> {
  const changes = draft.changes();
  applyPlan(host.walker, { ...emptyPlan('test'), changes });
  return Object.fromEntries(changes.map(({ op, path }) => [path, op]));
}

describe('a draft', () => {
  test('has one change a path, and none for what comes back to what it was', async () => {
    const site = freshSite();
    writeFileSync(join(site.path, 'etc/motd'), 'was\n');
    symlinkSync('a', join(site.path, 'etc/link'));
    const done = await planned(site, (draft) => {
      draft.write(b`/etc/motd`, b`one\n`);
      draft.write(b`/etc/motd`, b`two\n`);
      draft.write(b`/etc/new`, b`new\n`);
      draft.remove(b`/etc/new`);
      draft.link(b`/etc/link`, b`b`);
      draft.remove(b`/etc/link`);
      draft.link(b`/etc/link`, b`a`);
      expect(draft.read(b`/etc/motd`)?.content).toBe('two\n');
      expect(draft.read(b`/etc/new`)).toBeUndefined();
      expect(draft.size()).toBe(1);
    });
    expect(done).toEqual({ '/etc/motd': 'write' });
    expect(readFileSync(join(site.path, 'etc/motd'), 'utf8')).toBe('two\n');
  });

  test('writes the file that a link names, and reads it through the link as it will be', async () => {
    const site = freshSite();
    mkdirSync(join(site.path, 'usr'));
    writeFileSync(join(site.path, 'usr/motd'), 'was\n');
    symlinkSync('../usr/motd', join(site.path, 'etc/motd'));
    const done = await planned(site, (draft) => {
      draft.write(b`/etc/motd`, b`is\n`);
      expect(draft.read(b`/etc/motd`)?.content).toBe('is\n');
      expect(draft.read(b`/usr/motd`)?.content).toBe('is\n');
      expect(draft.look(b`/etc/motd`)).toEqual({ type: 'link', target: '../usr/motd' });
    });
    expect(done).toEqual({ '/usr/motd': 'write' });
  });

  test('keeps the mode of a file unless one is given, and a mode alone is a change', async () => {
    const site = freshSite();
    writeFileSync(join(site.path, 'etc/motd'), 'was\n', { mode: 0o640 });
    const done = await planned(site, (draft) => {
      draft.write(b`/etc/motd`, b`was\n`, { mode: 0o640 });
      expect(draft.size()).toBe(0);
      draft.write(b`/etc/motd`, b`was\n`, { mode: 0o600 });
      expect(draft.look(b`/etc/motd`)).toMatchObject({ type: 'file', mode: 0o600 });
    });
    expect(done).toEqual({ '/etc/motd': 'write' });
  });

  test('lists a directory as it will be', async () => {
    const site = freshSite();
    for (const name of ['a', 'c']) writeFileSync(join(site.path, 'etc', name), '');
    await planned(site, (draft) => {
      draft.remove(b`/etc/a`);
      draft.link(b`/etc/b`, b`c`);
      draft.write(b`/etc/sub/deep`, b``);
      expect([...draft.list(b`/etc`)].toSorted()).toEqual(['b', 'c']);
      expect([...draft.list(b`/etc/sub`)]).toEqual(['deep']);
      expect([...draft.list(b`/nowhere`)]).toEqual([]);
      draft.makeDir(b`/etc/sub`);
    });
    expect(readdirSync(join(site.path, 'etc')).toSorted()).toEqual(['b', 'c', 'sub']);
  });

  test('says what is in the way of a directory, links to nowhere among it', async () => {
    const site = freshSite();
    writeFileSync(join(site.path, 'etc/file'), '');
    symlinkSync('gone', join(site.path, 'etc/dangling'));
    symlinkSync('.', join(site.path, 'etc/here'));
    await planned(site, (draft) => {
      expect(draft.obstacle(b`/etc/file/x/y`)).toBe('/etc/file');
      expect(draft.obstacle(b`/etc/dangling/x`)).toBe('/etc/dangling');
      expect(draft.obstacle(b`/etc/here/here/x`)).toBeUndefined();
      expect(draft.obstacle(b`/etc/new/x`)).toBeUndefined();
      draft.makeDir(b`/etc/new/x`);
      expect(draft.obstacle(b`/etc/new/x`)).toBeUndefined();
    });
  });

  test('a directory that was to be made and is not needed is not made, nor the other way round', async () => {
    const site = freshSite();
    mkdirSync(join(site.path, 'etc/old'));
    const done = await planned(site, (draft) => {
      expect(draft.makeDir(b`/etc/new/deep`)).toEqual(['/etc/new', '/etc/new/deep']);
      draft.removeDir(b`/etc/new/deep`);
      draft.removeDir(b`/etc/new`);
      draft.removeDir(b`/etc/old`);
      // it is ours, as it was
      expect(draft.makeDir(b`/etc/old`)).toEqual(['/etc/old']);
      expect(draft.makeDir(b`/etc/old`)).toEqual([]);
    });
    expect(done).toEqual({});
  });
});

describe('a record of our own', () => {
  const LIST: RecordForm<Bytes[]> = {
    parse: (content) => (content === undefined ? [] : [content]),
    print: (list) => (list.length === 0 ? undefined : bytes(list.join(''))),
  };

  test('is read once, shared by all planners, written once, and gone when nothing is left in it', async () => {
    const site = freshSite();
    const first = await planned(site, (draft) => {
      draft.record(b`/etc/record`, LIST).push(b`a`);
      draft.record(b`/etc/record`, LIST).push(b`b`);
      draft.record(b`/etc/other`, LIST);
    });
    expect(first).toEqual({ '/etc/record': 'write' });
    expect(readFileSync(join(site.path, 'etc/record'), 'utf8')).toBe('ab');
    expect(
      await planned(site, (draft) => {
        expect(draft.record(b`/etc/record`, LIST)).toEqual(['ab']);
      }),
    ).toEqual({});
    const last = await planned(site, (draft) => {
      draft.record(b`/etc/record`, LIST).pop();
    });
    expect(last).toEqual({ '/etc/record': 'remove' });
  });
});

describe('directories that we made', () => {
  test('go when they are empty again, those that others made or use stay', async () => {
    const site = freshSite();
    mkdirSync(join(site.path, 'usr/include'), { recursive: true });
    await planned(site, (draft) => {
      makeRemembered(draft, b`/usr/include/a/b`);
      makeRemembered(draft, b`/usr/include/c`);
    });
    writeFileSync(join(site.path, 'usr/include/c/mine'), '');
    await planned(site, (draft) => {
      dropEmpty(draft, [b`/usr/include/a/b`, b`/usr/include/c`, b`/usr/include`]);
    });
    expect(readdirSync(join(site.path, 'usr/include'))).toEqual(['c']);
    const record = join(site.path, '.software/local/.admin/directories.json');
    expect(JSON.parse(readFileSync(record, 'utf8'))).toEqual({
      format: 1,
      directories: [{ path: '/usr/include/c' }],
    });
  });

  test('that go and are needed again in one plan stay, and are remembered as ours', async () => {
    const site = freshSite();
    await planned(site, (draft) => {
      makeRemembered(draft, b`/usr/x`);
    });
    const done = await planned(site, (draft) => {
      dropEmpty(draft, [b`/usr/x`]);
      makeRemembered(draft, b`/usr/x`);
      draft.write(b`/usr/x/file`, b``);
    });
    expect(done).toEqual({ '/usr/x/file': 'write' });
    await planned(site, (draft) => {
      draft.remove(b`/usr/x/file`);
      dropEmpty(draft, [b`/usr/x`]);
    });
    expect(readdirSync(site.path)).not.toContain('usr');
  });
});

test('whatever planners say in whatever order, the host is then what they were shown', async () => {
  const PATHS = ['/etc/f', '/etc/l', '/etc/d/f', '/etc/d/g', '/etc/new', '/etc/made/f'].map(
    (path) => bytes(path),
  );
  const step = fc.record({
    path: fc.constantFrom(...PATHS),
    what: fc.constantFrom('write', 'link', 'remove'),
    text: fc.constantFrom('', 'a\n', 'b\n'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const site = freshSite();
      mkdirSync(join(site.path, 'etc/d'));
      writeFileSync(join(site.path, 'etc/f'), 'a\n');
      writeFileSync(join(site.path, 'etc/d/f'), 'x\n');
      symlinkSync('a', join(site.path, 'etc/l'));
      const shown = new Map<Bytes, ReturnType<Draft['look']>>();
      await withHost(site, OPTIONS, (host) => {
        const draft = createDraft(host.walker);
        for (const { path, what, text } of steps) {
          draft.makeDir(path.slice(0, path.lastIndexOf('/')) as Bytes);
          // a link that is written would be followed
          if (what === 'write' && draft.look(path).type !== 'link') {
            draft.write(path, bytes(text));
          } else if (what === 'link') draft.link(path, bytes(`${text}x`));
          else draft.remove(path);
        }
        for (const path of PATHS) shown.set(path, draft.look(path));
        const paths = draft.changes().map((change) => change.path);
        expect(new Set(paths).size).toBe(paths.length);
        applied(host, draft);
      });
      const walker = createWalker(site.root);
      for (const [path, state] of shown) {
        expect(sameState(stateOf(walker, path), state), path).toBe(true);
      }
      walker.close();
    }),
    { numRuns: 60 },
  );
});
