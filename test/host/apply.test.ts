import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  existsSync,
  chmodSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { sha256 } from '../../src/files/content.ts';
import { applyPlan } from '../../src/host/apply.ts';
import { commitGeneration, currentGeneration, readGeneration } from '../../src/host/generations.ts';
import { emptyPlan, type Change } from '../../src/host/plan.ts';
import { stateOf } from '../../src/host/state.ts';
import { withHost, type Host } from '../../src/host/transaction.ts';
import { freshSite } from '../site.ts';

const OPTIONS = { command: 'test', lockTimeout: 5 };

/** Everything below a directory but our own records: path, type, content or target. */
function snapshot(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (path: string): void => {
    for (const name of readdirSync(join(root, path)).toSorted()) {
      const below = join(path, name);
      if (below.startsWith('.software/local/.admin')) continue;
      const stat = lstatSync(join(root, below));
      if (stat.isSymbolicLink()) found[below] = `-> ${readlinkSync(join(root, below))}`;
      else if (stat.isDirectory()) {
        found[below] = 'directory';
        walk(below);
      } else
        found[below] =
          `${(stat.mode & 0o7777).toString(8)} ${readFileSync(join(root, below), 'latin1')}`;
    }
  };
  walk('');
  return found;
}

/** A site with one of everything, and a plan that does one of everything to it. */
function prepare(path: string): (host: Host) => Change[] {
  writeFileSync(join(path, 'etc/services'), 'ssh 22/tcp\n');
  chmodSync(join(path, 'etc/services'), 0o640);
  symlinkSync('services', join(path, 'etc/alias'));
  writeFileSync(join(path, 'etc/old'), 'old\n');
  symlinkSync('a', join(path, 'etc/link'));
  writeFileSync(join(path, 'etc/stock'), 'stock\n');
  mkdirSync(join(path, 'etc/empty'));
  mkdirSync(join(path, 'opt/tree'), { recursive: true });
  writeFileSync(join(path, 'opt/tree/one'), 'one');
  return ({ walker }) => {
    const before = (at: Bytes, follow = false) => stateOf(walker, at, { follow });
    return [
      { op: 'mkdir', path: b`/etc/new`, mode: 0o755 },
      {
        op: 'write',
        path: b`/etc/alias`,
        content: b`ssh 22/tcp\nfoo 99/tcp\n`,
        before: before(b`/etc/alias`, true),
      },
      {
        op: 'write',
        path: b`/etc/new/file`,
        content: b`new\n`,
        mode: 0o4755,
        before: { type: 'absent' },
      },
      { op: 'link', path: b`/etc/link`, target: b`b`, before: before(b`/etc/link`) },
      { op: 'link', path: b`/etc/new/link`, target: b`c`, before: { type: 'absent' } },
      { op: 'remove', path: b`/etc/old`, before: before(b`/etc/old`) },
      {
        op: 'displace',
        path: b`/etc/stock`,
        keptAs: b`/etc/.stock.kept`,
        target: b`/x`,
        before: before(b`/etc/stock`),
      },
      { op: 'rmdir', path: b`/etc/empty`, before: before(b`/etc/empty`) },
      {
        op: 'tree',
        path: b`/opt/tree`,
        before: before(b`/opt/tree`),
        objects: [
          { path: b``, type: 'directory', mode: 0o755 },
          { path: b`bin`, type: 'directory', mode: 0o755, mtime: [1000, 5] },
          { path: b`bin/two`, type: 'file', mode: 0o755, sha256: sha256(b`two`), mtime: [2000, 7] },
          { path: b`bin/l`, type: 'link', mode: 0o777, target: b`two` },
        ],
      },
    ];
  };
}

const contents = () => Buffer.from('two');

describe('a plan is applied whole', () => {
  test('every kind of change takes effect, the file behind a link keeps its mode, nothing is left beside', async () => {
    const site = freshSite();
    const changes = prepare(site.path);
    await withHost(site, OPTIONS, (host) => {
      applyPlan(host.walker, { ...emptyPlan('test'), changes: changes(host) }, { contents });
    });
    const after = snapshot(site.path);
    expect(after).toMatchObject({
      'etc/services': '640 ssh 22/tcp\nfoo 99/tcp\n',
      'etc/alias': '-> services',
      'etc/new/file': '4755 new\n',
      'etc/link': '-> b',
      'etc/new/link': '-> c',
      'etc/stock': '-> /x',
      'etc/.stock.kept': '644 stock\n',
      'opt/tree/bin/two': '755 two',
      'opt/tree/bin/l': '-> two',
    });
    expect(after).not.toHaveProperty('etc/old');
    expect(after).not.toHaveProperty('etc/empty');
    expect(Object.keys(after).filter((name) => name.includes('.xhier-'))).toEqual([]);
    expect(statSync(join(site.path, 'opt/tree/bin'), { bigint: true }).mtimeNs).toBe(
      1_000_000_000_005n,
    );
    expect(readdirSync(join(site.path, '.software/local/.admin/journal'))).toEqual([]);
  });

  test('what changed since the plan was made is refused, and nothing at all is done', async () => {
    const site = freshSite();
    const changes = prepare(site.path);
    await withHost(site, OPTIONS, (host) => {
      const plan = { ...emptyPlan('test'), changes: changes(host) };
      writeFileSync(join(site.path, 'etc/old'), 'edited\n');
      const before = snapshot(site.path);
      expect(() => {
        applyPlan(host.walker, plan, { contents });
      }).toThrow(expect.objectContaining({ code: 'E_CHANGED', exit: 3 }));
      expect(snapshot(site.path)).toEqual(before);
    });
  });

  test('an error in the middle takes everything back', async () => {
    const site = freshSite();
    const changes = prepare(site.path);
    await withHost(site, OPTIONS, (host) => {
      const before = snapshot(site.path);
      const plan = { ...emptyPlan('test'), changes: changes(host) };
      expect(() => {
        applyPlan(host.walker, plan);
      }).toThrow(expect.objectContaining({ code: 'E_CONTENT' }));
      expect(snapshot(site.path)).toEqual(before);
    });
  });

  test('a link on the way that leads outside the site root is never followed', async () => {
    const site = freshSite();
    rmSync(join(site.path, 'etc'), { recursive: true });
    const outside = freshSite();
    symlinkSync(join(outside.path, 'etc'), join(site.path, 'etc'));
    await withHost(site, OPTIONS, (host) => {
      const change: Change = {
        op: 'write',
        path: b`/etc/services`,
        content: b`x`,
        before: { type: 'absent' },
      };
      expect(() => {
        applyPlan(host.walker, { ...emptyPlan('test'), changes: [change] });
      }).toThrow(expect.objectContaining({ code: 'E_OUTSIDE', exit: 3 }));
    });
    expect(existsSync(join(outside.path, 'etc/services'))).toBe(false);
  });
});

describe('generations', () => {
  test('each commit is numbered and says what was there before', async () => {
    const site = freshSite();
    writeFileSync(join(site.path, 'etc/motd'), 'before\n');
    await withHost(site, OPTIONS, (host) => {
      const change: Change = {
        op: 'write',
        path: b`/etc/motd`,
        content: bytes('after\n'),
        before: stateOf(host.walker, b`/etc/motd`),
      };
      const number = commitGeneration(
        host,
        { ...emptyPlan('test'), changes: [change] },
        { commandLine: 'xh test' },
      );
      expect(number).toBe(1);
      expect(currentGeneration(host.walker)).toBe(1);
      expect(readGeneration(host.walker, 1).changes[0]).toMatchObject({
        path: '/etc/motd',
        before: { sha256: sha256(b`before\n`) },
        after: { sha256: sha256(b`after\n`) },
      });
    });
  });
});
