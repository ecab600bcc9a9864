/** Random rules of every kind, about trees such as plant.ts makes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/** The files that lists and netgroups are read from, in `directory`. */
export function plantLists(directory: string): void {
  writeFileSync(join(directory, 'names'), 'a\nc.so\n');
  writeFileSync(join(directory, 'paths'), './a/b\n/b/c.so\nc.so\n');
  writeFileSync(join(directory, 'netgroup'), 'people (,root,) (,daemon,)\n');
}

const text = fc.constantFrom(
  'a',
  'b',
  'c.so',
  'a/b',
  'b/c.so',
  'a/.*',
  '.*/b',
  '.*',
  '(a|b)',
  '.*\\.so',
  '.*/a/.*',
  '[ab]',
  'nothing',
);
const glob = fc.constantFrom(
  '*',
  '**',
  '*.so',
  'a*',
  '*a*',
  'a/**',
  '**/b',
  '**/*.so',
  '*/a/*',
  '{a,b}',
  '?',
  '**/a/**',
);
const comparison = fc.constantFrom('<', '<=', '=', '>', '>=', '!=');
const equality = fc.constantFrom('=', '!=');

const test: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom('name', 'path'), equality, text)
    .map(
      ([key, op, value]) => `${key}${op}"${key === 'name' ? value.replace(/.*\//, '') : value}"`,
    ),
  fc
    .tuple(fc.constantFrom('name', 'path'), fc.constantFrom('~', '!~'), glob)
    .map(
      ([key, op, value]) => `${key}${op}"${key === 'name' ? value.replace(/.*\//, '') : value}"`,
    ),
  fc.tuple(equality, fc.constantFrom('name', 'path')).map(([op, key]) => `${key}${op}@${key}s`),
  fc
    .tuple(fc.constantFrom('owner', 'group'), equality, fc.nat(1))
    .map(([key, op, id]) => `${key}${op}${id}`),
  equality.map((op) => `owner${op}@people`),
  fc
    .tuple(
      equality,
      fc.constantFrom('f', 'd', 'l', 'p', 'fl', 'dl', 'u+s', '755', '/111', '-100', '/4000'),
    )
    .map(([op, value]) => `type${op}${value}`),
  fc
    .tuple(comparison, fc.constantFrom('0', '1', '2', '1k'))
    .map(([op, value]) => `size${op}${value}`),
  fc.tuple(comparison, fc.nat(2)).map(([op, value]) => `links${op}${value}`),
  fc
    .tuple(
      fc.constantFrom('age', 'access'),
      comparison,
      fc.constantFrom('1hrs', '8yr', '2017-07-14', '2017-07-20'),
    )
    .map(([key, op, value]) => `${key}${op}${value}`),
  fc.constantFrom('host=h', 'host!=h', 'arch=x', 'arch=other'),
);

const condition: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    test,
    fc.tuple(tie('any'), tie('any')).map(([one, other]) => `(${one} & ${other})`),
    fc.tuple(tie('any'), tie('any')).map(([one, other]) => `(${one} | ${other})`),
    tie('any').map((operand) => `!(${operand})`),
  ),
})).any;

const action = fc.constantFrom(
  'ignore',
  'ignore',
  'delete',
  'preserve',
  'update',
  'link',
  'link; source /elsewhere',
  'shadow',
  'error "no"',
  'chmod 600',
  'chmod u+w',
  'chown 1',
  'chgrp 1',
  'keep',
  'exec "true"',
  'exec-once "true"',
  'log',
  'logall',
  'fill',
  'newtime',
  'force',
  'newer',
  'follow',
);
const block = fc
  .array(action, { minLength: 1, maxLength: 2 })
  .map((all) => `{ ${all.join('; ')} }`);

/** A script of some chains. */
export const anyRules: fc.Arbitrary<string> = fc
  .array(
    fc
      .tuple(
        fc.array(fc.tuple(condition, block), { minLength: 1, maxLength: 3 }),
        fc.option(block, { freq: 5 }),
      )
      .map(([arms, last]) =>
        [...arms.map(([when, what]) => `${when} ${what}`), ...(last === null ? [] : [last])].join(
          ' else ',
        ),
      ),
    { maxLength: 6 },
  )
  .map((chains) => chains.join('\n'));
