import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { relative } from '../../../src/bytes/path.ts';
import type { ImportEntry } from '../../../src/package/import/source.ts';
import { followLink, treeOf, type LinkLead } from '../../../src/package/import/tree.ts';
import { temporaryDirectory } from '../../site.ts';

const COMMON = { mode: 0o777, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } };
const NAMES = ['a', 'b', 'c', 'a/a', 'a/b', 'b/a', 'b/c'];

const path = fc
  .array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('/'));
/** What stands at each of the names: nothing, a directory, a file, a link. */
const software = fc.tuple(
  ...NAMES.map(() => fc.oneof(fc.constant('/'), fc.constant('-'), fc.constant(''), path)),
);

/** The entries, and the same below `top` on the disk. */
function make(top: string, kinds: readonly string[]): ImportEntry[] {
  const entries: ImportEntry[] = [];
  const directories = new Set(['']);
  for (const [i, name] of NAMES.entries()) {
    const kind = kinds[i] ?? '';
    const above = name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
    if (kind === '' || !directories.has(above)) continue;
    const common = { ...COMMON, path: bytes(name) };
    if (kind === '/') {
      mkdirSync(join(top, name));
      directories.add(name);
      entries.push({ ...common, type: 'directory' });
    } else if (kind === '-') {
      writeFileSync(join(top, name), '');
      entries.push({ ...common, type: 'file', size: 0 });
    } else {
      symlinkSync(kind, join(top, name));
      entries.push({ ...common, type: 'link', target: bytes(kind) });
    }
  }
  return entries;
}

/** The path, relative to `top`, that the system sees in `asked`; its last name is not followed. */
function seenBySystem(top: string, asked: string): Bytes | undefined {
  const parts = asked.split('/').filter((part) => part !== '.');
  const last = parts.at(-1);
  const follow = last === undefined || last === '..';
  try {
    // not Node's own, which takes '..' away before it looks
    const real = realpathSync.native([top, ...(follow ? parts : parts.slice(0, -1))].join('/'));
    return relative(bytes(top), bytes(follow ? real : join(real, last)));
  } catch {
    return undefined;
  }
}

function seenByUs(lead: LinkLead): Bytes {
  if (lead.to === 'inside') return lead.node.path === '' ? b`.` : lead.node.path;
  return lead.to === 'nothing' || lead.to === 'outside' ? lead.path : b`..`;
}

it('links lead where the system finds that they lead', () => {
  const directory = temporaryDirectory('links');
  fc.assert(
    fc.property(software, path, (kinds, asked) => {
      // two levels deep, so that a link that leads above finds none of the names again
      const top = join(mkdtempSync(join(directory, 'x-')), 'top');
      mkdirSync(top);
      const entries = make(top, kinds);
      const lead = followLink(treeOf(entries, b``), b``, bytes(asked));
      const expected = seenBySystem(top, asked);
      // what the system cannot resolve, we may
      if (expected === undefined) return;
      expect(seenByUs(lead)).toBe(expected.startsWith('..') ? '..' : expected);
    }),
    { numRuns: 400 },
  );
});
