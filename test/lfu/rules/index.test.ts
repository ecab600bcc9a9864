import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { DEFAULT } from '../../../src/lfu/rules/decision.ts';
import { compileRules } from '../../../src/lfu/rules/evaluator.ts';
import { explainDecision } from '../../../src/lfu/rules/explain.ts';
import type { ObjectType, RuleObject } from '../../../src/lfu/rules/object.ts';
import { DAY, NOW, object, rules, script, sources } from './support.ts';

const SITE = {
  users: { ann: 1, bob: 2 },
  netgroups: { both: ['ann', 'bob'] },
  files: { names: 'foo\nfoo.o\n', paths: 'lib/foo\nfoo\n' },
};

const name = (o: RuleObject): string => o.name;
const path = (o: RuleObject): string => o.path;

/** Tests as written, each with a plain account of what it means. */
const TESTS: readonly (readonly [string, (o: RuleObject) => boolean])[] = [
  ['name=foo', (o) => name(o) === 'foo'],
  ['name=f.*', (o) => name(o).startsWith('f')],
  [String.raw`name=.*\.o`, (o) => name(o).endsWith('.o')],
  ["name='(foo|b(ar|az))(\\.o)?'", (o) => /^(foo|bar|baz)(\.o)?$/.test(name(o))],
  ["name='foo|bar'", (o) => ['foo', 'bar'].includes(name(o))],
  ['name!=foo', (o) => name(o) !== 'foo'],
  ['name~*.o', (o) => name(o).endsWith('.o')],
  ['name~f*', (o) => name(o).startsWith('f')],
  ['name~ba?', (o) => /^ba.$/su.test(Buffer.from(name(o), 'latin1').toString())],
  ["name~'{foo,bar}'", (o) => ['foo', 'bar'].includes(name(o))],
  ['name=@names', (o) => ['foo', 'foo.o'].includes(name(o))],
  ['name=é', (o) => name(o) === bytes('é')],
  ['name=[.]o', (o) => name(o) === '.o'],
  ['path=lib/.*', (o) => path(o).startsWith('lib/')],
  ['path=lib/foo', (o) => path(o) === 'lib/foo'],
  ["path='lib(/.*)?'", (o) => path(o) === 'lib' || path(o).startsWith('lib/')],
  ['path=.*/foo', (o) => path(o).endsWith('/foo')],
  ['path~lib/**', (o) => path(o).startsWith('lib/')],
  ['path=.*/foo/.*', (o) => path(o).includes('/foo/')],
  ['path~**/foo/**', (o) => `/${path(o)}`.replace(/\/[^/]*$/, '/').includes('/foo/')],
  ['name=.*oo.*', (o) => name(o).includes('oo')],
  ['name~*a*', (o) => name(o).includes('a')],
  ['path~**/foo', (o) => name(o) === 'foo'],
  ['path~lib/*', (o) => /^lib\/[^/]*$/.test(path(o))],
  ['path~*/*/foo', (o) => /^[^/]*\/[^/]*\/foo$/.test(path(o))],
  ['path=@paths', (o) => ['lib/foo', 'foo'].includes(path(o))],
  ['owner=ann', (o) => o.uid === 1],
  ['owner!=bob', (o) => o.uid !== 2],
  ['owner=@both', (o) => o.uid === 1 || o.uid === 2],
  ['owner=0', (o) => o.uid === 0],
  ['group=wheel', (o) => o.gid === 10],
  ['type=fd', (o) => o.type === 'f' || o.type === 'd'],
  ['type=l', (o) => o.type === 'l'],
  ['type=u+s', (o) => (o.mode & 0o4000) !== 0],
  ['size > 50', (o) => o.size > 50],
  ['links = 1', (o) => o.links === 1],
  ['age > 3days', (o) => NOW - o.mtime > 3 * DAY],
  ['host=alpha', () => true],
  ['host=beta', () => false],
  ['arch!=sun*', () => true],
];

type Tree =
  | { readonly at: number }
  | { readonly not: Tree }
  | { readonly any: boolean; readonly of: readonly Tree[] };

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.nat(TESTS.length - 1).map((at) => ({ at })),
    tie('tree').map((not) => ({ not })),
    fc.record({ any: fc.boolean(), of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
  ),
}));

function print(node: Tree): string {
  if ('at' in node) return TESTS[node.at]?.[0] ?? '';
  if ('not' in node) return `!(${print(node.not)})`;
  return node.of.map((inner) => `(${print(inner)})`).join(node.any ? ' | ' : ' & ');
}

function holds(node: Tree, on: RuleObject): boolean {
  if ('at' in node) return TESTS[node.at]?.[1](on) ?? false;
  if ('not' in node) return !holds(node.not, on);
  return node.any ? node.of.some((one) => holds(one, on)) : node.of.every((one) => holds(one, on));
}

const NAMES = ['foo', 'bar', 'foo.o', 'x.o', '.o', 'baz', 'lib', 'é', 'ba\ud83d\ude00', 'fo'];
const objects: fc.Arbitrary<RuleObject> = fc
  .record({
    parts: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
    raw: fc.boolean(),
    type: fc.constantFrom<ObjectType>('f', 'd', 'l', 'p'),
    mode: fc.constantFrom(0o644, 0o4755, 0o777),
    uid: fc.nat(3),
    gid: fc.constantFrom(0, 10),
    size: fc.nat(100),
    links: fc.integer({ min: 1, max: 2 }),
    age: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ parts, raw, age, ...rest }) => {
    const made = object(parts.join('/'), { ...rest, mtime: NOW - age * DAY });
    if (!raw) return made;
    return { ...made, name: `${made.name}\xff` as Bytes, path: `${made.path}\xff` as Bytes };
  });

describe('rules are found by what they ask for', () => {
  test('and decide what trying all of them, and what their meaning, would', () => {
    const chain = fc.record({
      arms: fc.array(tree, { minLength: 1, maxLength: 3 }),
      open: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(chain, { maxLength: 12 }),
        fc.array(objects, { minLength: 1, maxLength: 8 }),
        (chains, all) => {
          const text = chains.map(({ arms, open }) => {
            const printed = arms.map((arm, i) => `${print(arm)} { error "${i}"; }`);
            return [...printed, ...(open ? ['{ log; }'] : [])].join('\nelse ');
          });
          const set = compileRules(script(text.join('\n')), sources(SITE));
          for (const on of all) {
            const expected = chains.flatMap(({ arms, open }, number) => {
              const found = arms.findIndex((arm) => holds(arm, on));
              const arm = found < 0 && open ? arms.length : found;
              return arm < 0 ? [] : [{ chain: number, arm }];
            });
            const decision = set.decide(on);
            expect(decision.matched.map((one) => ({ chain: one.chain, arm: one.arm }))).toEqual(
              expected,
            );
            expect(decision === DEFAULT).toBe(expected.length === 0);
            expect(set.decideByTrial(on)).toBe(decision);
            const explained = explainDecision(set, on).chains.flatMap((one, number) =>
              one.matched === undefined ? [] : [{ chain: number, arm: one.matched }],
            );
            expect(explained).toEqual(expected);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  test('a thousand of them work as one does', () => {
    const text = Array.from(
      { length: 1000 },
      (_, i) => `path=pkg${i}/.* & owner=${i} { link; source=/usr/remote/${i}; }`,
    );
    const set = rules(text.join('\n'));
    expect(set.decide(object('pkg7/bin/x', { uid: 7 })).source?.constant).toBe('/usr/remote/7');
    expect(set.decide(object('pkg7/bin/x', { uid: 8 }))).toBe(DEFAULT);
    expect(set.decide(object('pkg999/x', { uid: 999 })).source?.constant).toBe('/usr/remote/999');
  });

  test('a hundred thousand paths in a list are looked up, not tried', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `lib/f${i}`);
    const set = rules('path=@l { keep; }', { files: { l: lines.join('\n') } });
    expect(set.decide(object('lib/f99999')).keep).toBe(true);
    expect(set.decide(object('lib/f100000'))).toBe(DEFAULT);
  });

  test('rules that apply in every combination do not fill the memory', () => {
    const text = Array.from({ length: 20 }, (_, bit) => `size > ${bit} & links > ${bit} { log; }`);
    const set = rules(text.join('\n'));
    expect(set.decide(object('a', { size: 5, links: 3 })).matched).toHaveLength(3);
  });
});
