import { expect, test } from 'vitest';
import { explainDecision, explanationText } from '../../../src/lfu/rules/explain.ts';
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

test('an explanation names the rules that applied and the tests that decided', () => {
  const on = object('lib/foo', { mtime: NOW - 3 * DAY });
  expect(explanationText(explainDecision(rules(SCRIPT), on))).toBe(`lib/foo
  rules:1:1: owner=1000 & (name=foo | size > 1G): applies
    owner=1000 is true: owner 1000
    name=foo is true: name 'foo'
    link
    source=/usr/remote/$ARCH
  rules:6:1: path=lib/.*: applies
    path=lib/.* is true: path 'lib/foo'
    keep
    exec restart $F
  1 other rule does not apply
  so: link, keep, source /usr/remote/linux-x86_64, exec`);
});

test('those that did not apply are there too when asked for', () => {
  const on = object('bin/x', { uid: 0, type: 'd', mode: 0o755 });
  expect(explanationText(explainDecision(rules(SCRIPT), on), { all: true })).toBe(`bin/x
  rules:1:1: owner=1000 & (name=foo | size > 1G): does not apply
    owner=1000 is false: owner 0
  rules:5:6: type=l: does not apply
    type=l is false: type d, mode 0755
  rules:6:1: path=lib/.*: does not apply
    path=lib/.* is false: path 'bin/x'
  rules:7:6: else: applies
    log
  rules:8:1: age > 2wks & !owner=root: does not apply
    age > 2wks is false: age 10days
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
  expect(explanationText(explainDecision(set, object('a')))).toBe(
    'a\n  2 other rules do not apply\n  so: update',
  );
});
