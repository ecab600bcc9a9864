/** A plan that fails when half of it has taken effect already: everything is as it was. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { b, type Bytes } from '../../src/bytes/bytes.ts';
import { sha256 } from '../../src/files/content.ts';
import { applyPlan } from '../../src/host/apply.ts';
import { emptyPlan, type Change } from '../../src/host/plan.ts';
import { stateOf } from '../../src/host/state.ts';
import { withHost, type Host } from '../../src/host/transaction.ts';
import { freshSite } from '../site.ts';

/** Path, inode, and what is there, of everything but our own records. */
function look(root: string, directory = ''): string[] {
  return readdirSync(join(root, directory)).flatMap((name) => {
    const path = join(directory, name);
    if (path === '.software/local/.admin') return [];
    const stat = lstatSync(join(root, path));
    if (stat.isDirectory()) return [`${path}/ ${stat.ino}`, ...look(root, path)];
    const what = stat.isSymbolicLink()
      ? readlinkSync(join(root, path))
      : readFileSync(join(root, path), 'utf8');
    return [`${path} ${stat.ino} ${(stat.mode & 0o7777).toString(8)} ${what}`];
  });
}

/** One change of each kind, and last a file that is to be new. */
function changes(host: Host): Change[] {
  const before = (path: Bytes) => stateOf(host.walker, path);
  return [
    { op: 'mkdir', path: b`/etc/made`, mode: 0o755 },
    { op: 'write', path: b`/etc/file`, content: b`new`, before: before(b`/etc/file`) },
    { op: 'write', path: b`/etc/made/file`, content: b`new`, before: { type: 'absent' } },
    { op: 'link', path: b`/etc/link`, target: b`new`, before: before(b`/etc/link`) },
    { op: 'link', path: b`/etc/made/link`, target: b`new`, before: { type: 'absent' } },
    { op: 'remove', path: b`/etc/gone`, before: before(b`/etc/gone`) },
    { op: 'remove', path: b`/etc/whole`, before: before(b`/etc/whole`) },
    { op: 'rename', path: b`/etc/old`, to: b`/etc/older`, before: before(b`/etc/old`) },
    displaced(host, b`/etc/stock`),
    displaced(host, b`/etc/tree`),
    { op: 'restore', path: b`/etc/ours`, keptAs: b`/etc/.ours`, before: before(b`/etc/ours`) },
    { op: 'tree', path: b`/opt/tree`, objects: TREE, before: before(b`/opt/tree`) },
    { op: 'tree', path: b`/opt/new`, objects: TREE, before: { type: 'absent' } },
    { op: 'write', path: b`/etc/taken`, content: b`new`, before: { type: 'absent' } },
  ];
}

const TREE = [
  { path: b`bin`, type: 'directory', mode: 0o755 },
  { path: b`bin/new`, type: 'file', mode: 0o755, sha256: sha256(b`new`) },
] as const;

function displaced(host: Host, path: Bytes): Change {
  const before = stateOf(host.walker, path);
  return { op: 'displace', path, keptAs: b`${path}.kept`, target: b`/x`, before };
}

test('a name that is taken at the last moment: all that had taken effect is taken back, what was there is the same objects', async () => {
  const site = freshSite();
  const at = (name: string): string => join(site.path, name);
  for (const name of ['etc/file', 'etc/gone', 'etc/old', 'etc/stock', 'etc/.ours']) {
    writeFileSync(at(name), name);
    chmodSync(at(name), 0o640);
  }
  for (const name of ['etc/whole/below', 'etc/tree', 'opt/tree/bin']) {
    mkdirSync(at(name), { recursive: true });
    writeFileSync(at(`${name}/old`), name);
  }
  symlinkSync('old', at('etc/link'));
  symlinkSync('/ours', at('etc/ours'));
  await withHost(site, { command: 'test', lockTimeout: 5 }, (host) => {
    const before = look(site.path);
    const plan = { ...emptyPlan('test'), changes: changes(host) };
    // staged last but one: somebody is quicker than the last change
    const contents = (): Uint8Array => {
      writeFileSync(at('etc/taken'), 'theirs');
      return Buffer.from('new');
    };
    expect(() => {
      applyPlan(host.walker, plan, { contents });
    }).toThrow(expect.objectContaining({ code: 'E_CHANGED', exit: 3 }));
    expect(readFileSync(at('etc/taken'), 'utf8')).toBe('theirs');
    expect(look(site.path).filter((line) => !line.startsWith('etc/taken '))).toEqual(before);
    expect(readdirSync(at('.software/local/.admin/journal'))).toEqual([]);
  });
});
