import { expect, test } from 'vitest';
import { explainDecision, explanationSections } from '../../../src/lfu/rules/explain.ts';
import type { RuleObject } from '../../../src/lfu/rules/object.ts';
import type { RuleSet } from '../../../src/lfu/rules/evaluator.ts';
import { DAY, NOW, object, rules } from './support.ts';

const SCRIPT = `owner=1000 & (name=foo | size > 1G) {
  link;
  source=/usr/remote/$ARCH;
}
else type=l { ignore }
path=lib/.* { keep; exec restart $F }
else { log }
age > 2wks & !owner=root { error "old $P" }
`;

/** A line each, what it is about before it. */
function explained(set: RuleSet, on: RuleObject, all = false): string {
  return explanationSections(explainDecision(set, on), { all })
    .map(({ label, lines }) => `${label}: ${lines.join('\n')}`)
    .join('\n');
}

test('an explanation names the rules that applied and the tests that decided', () => {
  const on = object('lib/foo', { mtime: NOW - 3 * DAY });
  expect(explained(rules(SCRIPT), on)).toBe(`applies: rules:1:1: owner=1000 & (name=foo | size > 1G)
  true: owner=1000 (owner 1000)
  true: name=foo (name 'foo')
  gives: link; source=/usr/remote/$ARCH
applies: rules:6:1: path=lib/.*
  true: path=lib/.* (path 'lib/foo')
  gives: keep; exec restart $F
rules: 1 other does not apply
so: link, keep, source /usr/remote/linux-x86_64, exec`);
});

test('those that did not apply are there too when asked for', () => {
  const on = object('bin/x', { uid: 0, type: 'd', mode: 0o755 });
  expect(explained(rules(SCRIPT), on, true))
    .toBe(`does not: rules:1:1: owner=1000 & (name=foo | size > 1G)
  false: owner=1000 (owner 0)
does not: rules:5:6: type=l
  false: type=l (type d, mode 0755)
does not: rules:6:1: path=lib/.*
  false: path=lib/.* (path 'bin/x')
applies: rules:7:6: else
  gives: log
does not: rules:8:1: age > 2wks & !owner=root
  false: age > 2wks (age 10days)
so: update, log`);
});

test('the answer is there as data', () => {
  const { chains, decision } = explainDecision(rules(SCRIPT), object('lib/foo'));
  expect(chains.map(({ matched, place }) => [place.line, matched])).toEqual([
    [1, 0],
    [6, 0],
    [8, undefined],
  ]);
  expect(chains[2]?.arms[0]?.because).toEqual([
    {
      place: { file: 'rules', line: 8, column: 1 },
      test: 'age > 2wks',
      result: false,
      actual: 'age 10days',
    },
  ]);
  expect(decision.disposition).toBe('link');
});

test('an object to which nothing applies is updated', () => {
  const set = rules('name=x { ignore }\nname=y { ignore }');
  expect(explained(set, object('a'))).toBe('rules: none of 2 apply\nso: update');
});
