/**
 * Random small trees of few names, so that everything meets everything: types in each other's place,
 * hard links across directories, equal and different contents, times, modes and owners.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  lchownSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';

export interface Planted {
  readonly path: readonly string[];
  readonly type: 'f' | 'd' | 'l' | 'p' | 'h' | 'a';
  readonly content: number;
  readonly time: number;
  readonly mode: number;
  readonly owner: number;
  /** Which of the objects before it a hard link is made to. */
  readonly linked: number;
}

const planted: fc.Arbitrary<Planted> = fc.record({
  path: fc.array(fc.constantFrom('a', 'b', 'c.so'), { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom('f', 'f', 'f', 'd', 'd', 'l', 'p', 'h', 'h', 'a'),
  content: fc.nat(2),
  time: fc.nat(1),
  mode: fc.constantFrom(0o644, 0o755, 0o4711),
  owner: fc.nat(1),
  linked: fc.nat(5),
});

export const someTree = fc.array(planted, { maxLength: 12 });

/** Two trees that may have much in common. */
export const twoTrees: fc.Arbitrary<{
  readonly ours: readonly Planted[];
  readonly theirs: readonly Planted[];
}> = fc
  .record({ ours: someTree, others: someTree, shared: fc.array(fc.nat(9), { minLength: 12 }) })
  .map(({ ours, others, shared }) => ({
    ours,
    theirs: [...ours.filter((_, index) => (shared[index] ?? 0) > 1), ...others.slice(0, shared[0])],
  }));

/** Rules, none or some, that have something to say of such trees. */
export const someRules = fc.subarray([
  'name=a { ignore; }',
  'path=b/.* { preserve; keep; }',
  'path~a/** & type=f { chmod 600; }',
  'name~*.so { link; }',
  'path=c.so { shadow; }',
  'owner=1 { log; newer; }',
  'group=1 & type=f { chown 0; }',
  'type=l { follow; }',
  'type=p { error "no pipes"; }',
  'type=u+s { delete; }',
  'size > 1 { newtime; }',
  'links > 1 { exec "true"; }',
  'age > 9yr { force; }',
  'path=.*/b/.* { ignore; }',
  'path=.*b/a { shadow; }',
  'path~*/c.so { link; }',
  'path~**/a { delete; } else name=b { logall; }',
  'type!=d & name!=a { keep; }',
]);

/** Makes the tree; what cannot be made, since something is in the way, is left out. */
export function plant(root: string, objects: readonly Planted[]): void {
  execFileSync('rm', ['-rf', root]);
  mkdirSync(root);
  const made: string[] = [];
  for (const object of objects) {
    const path = join(root, ...object.path);
    if (!canHold(object.path, root) || isThere(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    if (!make(path, object, made)) continue;
    made.push(path);
  }
  settle(root);
}

/** @returns whether it was made, and is an object of its own */
function make(path: string, object: Planted, made: readonly string[]): boolean {
  switch (object.type) {
    case 'f':
      // equal size and time are taken for equal contents, so other contents have another size
      writeFileSync(path, 'x'.repeat(object.content));
      break;
    case 'a':
      writeFileSync(path, 'x');
      execFileSync('setfattr', ['-n', 'user.note', '-v', `${object.content}`, path]);
      break;
    case 'd':
      mkdirSync(path);
      break;
    case 'l':
      symlinkSync(`target${object.content}`, path);
      break;
    case 'p':
      execFileSync('mkfifo', [path]);
      break;
    case 'h': {
      const other = made[object.linked];
      if (other === undefined || lstatSync(other).isDirectory()) return false;
      linkSync(other, path);
      return true;
    }
  }
  lchownSync(path, object.owner, object.owner);
  if (object.type !== 'l') chmodSync(path, object.mode);
  const time = new Date(object.time * 1_000_000 + 1_500_000_000_000);
  lutimesSync(path, time, time);
  return true;
}

/**
 * Directories have got new times from what was made in them; links are not followed. Reading a link
 * is an access to it, which nobody can do without: so it has been read once before.
 */
function settle(root: string): void {
  execFileSync('find', [root, '-type', 'l', '-printf', '%l']);
  execFileSync('find', [root, '-type', 'd', '-exec', 'touch', '-d', '@1500000000', '{}', '+']);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether all names above the last are directories below `root`, or can become some. */
function canHold(path: readonly string[], root: string): boolean {
  let at = root;
  for (const name of path.slice(0, -1)) {
    at = join(at, name);
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found === undefined) return true;
    if (!found.isDirectory()) return false;
  }
  return true;
}
