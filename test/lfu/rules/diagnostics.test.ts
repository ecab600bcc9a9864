import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { DiagnosticError, formatDiagnostic } from '../../../src/message/diagnostic.ts';
import { XhError } from '../../../src/message/error.ts';
import { compileRules } from '../../../src/lfu/rules/evaluator.ts';
import { complaints, object, rules, script, sources, warnings } from './support.ts';

/** [script, what is said about it] */
const GOLDEN: Readonly<Record<string, readonly [string, string]>> = {
  'an action that is nearly right': [
    'owner=root { lnk; }',
    `rules:1:14: error: unknown action 'lnk'
  1 | owner=root { lnk; }
    |              ^~~ did you mean 'link'?`,
  ],
  'a test that is nearly right': [
    'onwer=root { ignore; }',
    `rules:1:1: error: unknown test 'onwer'
  1 | onwer=root { ignore; }
    | ^~~~~ did you mean 'owner'?`,
  ],
  'an action in the place of a test': [
    'ignore=x {}',
    `rules:1:1: error: unknown test 'ignore'
  1 | ignore=x {}
    | ^~~~~~ 'ignore' is an action: it stands between { and }`,
  ],
  'a user who is nearly right': [
    'owner=rot { ignore; }',
    `rules:1:7: error: no user 'rot' on this host
  1 | owner=rot { ignore; }
    |       ^~~ did you mean 'root'?`,
  ],
  'every mistake of a script, from its top': [
    'owner=root { chmod uts;\n  lnk }\nage > 2wkss {}\nsize > 1X {}\npath=@none {}\n',
    `rules:1:20: error: 'uts' is not a mode
  1 | owner=root { chmod uts;
    |                    ^~~ write octal (4755) or symbolic (u+s, go-w, u=rwX,go=rX)
rules:2:3: error: unknown action 'lnk'
  2 |   lnk }
    |   ^~~ did you mean 'link'?
rules:3:7: error: 'wkss' is not a unit of time
  3 | age > 2wkss {}
    |       ^~~~~ did you mean 'wks'?
rules:4:8: error: '1X' is not a size
  4 | size > 1X {}
    |        ^~ write bytes, or 10k, 10M, 10G, 10T
rules:5:6: error: there is no list 'none'
  5 | path=@none {}
    |      ^~~~~ a list is a file with a name or path a line; a relative path is beside the script`,
  ],
  'an expression that wants quotes': [
    'name=foo|bar { ignore; }',
    `rules:1:10: error: 'bar' is not a test
  1 | name=foo|bar { ignore; }
    |          ^~~ a value that contains '|' is put in quotes; type letters are joined: type=fd`,
  ],
  'an expression that is none': [
    "name='(a' {}",
    `rules:1:6: error: not a regular expression: unterminated group
  1 | name='(a' {}
    |      ^~~~ 'name~GLOB' takes shell patterns; quotes keep ( ) | { } together`,
  ],
  'a missing semicolon on the line': [
    'owner=root { link source=/x; }',
    `rules:1:19: error: link takes no value
  1 | owner=root { link source=/x; }
    |                   ^~~~~~~~~ write ';' before 'source'`,
  ],
  'a missing semicolon at the end of a line': [
    'owner=root {\n  chown root\n  keep;\n}',
    `rules:2:13: error: ';' is missing after the action
  2 |   chown root
    |             ^`,
  ],
  'a missing brace': [
    'owner=root { link;\ngroup=wheel | access > 2wks { ignore; }',
    `rules:2:1: error: '}' is missing before this rule
  2 | group=wheel | access > 2wks { ignore; }
    | ^~~~~`,
  ],
  'a brace that is never closed': [
    'name=x {\n  ignore;\n',
    `rules:1:8: error: '{' is not closed
  1 | name=x {
    |        ^`,
  ],
  'a string that is never closed': [
    'name=x { error "a; }\n',
    `rules:1:8: error: '{' is not closed
  1 | name=x { error "a; }
    |        ^
rules:1:16: error: the string is not closed on its line
  1 | name=x { error "a; }
    |                ^ a string ends on the line where it begins; \\n in "…" is a new line`,
  ],
  'operators of other languages': [
    'name==x && owner=root {}',
    `rules:1:6: error: '==' is not an operator
  1 | name==x && owner=root {}
    |      ^ write '='
rules:1:9: error: '&&' is not an operator
  1 | name==x && owner=root {}
    |         ^~ write '&'`,
  ],
  'a rule that no object can match': [
    'path=/usr/.* { ignore; }',
    `rules:1:6: error: no path begins with '/': paths are those below the tree
  1 | path=/usr/.* { ignore; }
    |      ^~~~~~~ leave the '/' out`,
  ],
  'a name with a slash': [
    'name=bin/vi { ignore; }',
    `rules:1:6: error: no name has a '/'
  1 | name=bin/vi { ignore; }
    |      ^~~~~~ test the path: path=…`,
  ],
  'an operator that a test does not have': [
    'path<3 {}',
    `rules:1:1: error: path cannot be tested with '<'
  1 | path<3 {}
    | ^~~~~~ it knows = != ~ !~`,
  ],
  'two dispositions': [
    'name=x { link; ignore; }',
    `rules:1:16: error: 'ignore' after 'link': a rule does one of update, ignore, delete, preserve, link, shadow, error
  1 | name=x { link; ignore; }
    |                ^~~~~~ leave one of them out`,
  ],
  'two modifiers of which one is enough': [
    'name=x { force; newer; }',
    `rules:1:17: error: 'newer' is the opposite of 'force'
  1 | name=x { force; newer; }
    |                 ^~~~~ leave one of them out`,
  ],
  'a variable that does not exist': [
    'set CLUSTER vlsi\nowner=root { link; source=/usr/remote/$CLUSTR; }',
    `rules:2:39: error: unknown variable $CLUSTR
  2 | owner=root { link; source=/usr/remote/$CLUSTR; }
    |                                       ^~~~~~~ did you mean $CLUSTER?`,
  ],
  'a variable of the object where there is none': [
    'name=$N { exec-once echo $F; }',
    `rules:1:6: error: $N has no value here
  1 | name=$N { exec-once echo $F; }
    |      ^~ the variables of an object may be used in exec, error and source
rules:1:26: error: $F has no value here
  1 | name=$N { exec-once echo $F; }
    |                          ^~ the variables of an object may be used in exec, error and source`,
  ],
  'a variable that the shell would not replace': [
    `name=x { exec "echo '$F'"; }`,
    `rules:1:22: error: the shell does not replace $F within '…'
  1 | name=x { exec "echo '$F'"; }
    |                      ^~ leave these quotes out: the value is quoted where it stands`,
  ],
  'a netgroup that does not exist': [
    'owner=@bfiles {}',
    `rules:1:7: error: no netgroup 'bfiles'
  1 | owner=@bfiles {}
    |       ^~~~~~~ define it in /etc/netgroup, or in a file given with --netgroup`,
  ],
  'a list where there are none': [
    'group=@staff {}',
    `rules:1:7: error: group= takes no @ list
  1 | group=@staff {}
    |       ^~~~~~ owner=@… takes netgroups`,
  ],
  'a time that may be two': [
    'age>5m {}',
    `rules:1:5: error: 'm' may be minutes or months
  1 | age>5m {}
    |     ^~ write 5min or 5mon`,
  ],
  'a date that is none': [
    'age>2023-02-30 {}',
    `rules:1:5: error: there is no date '2023-02-30'
  1 | age>2023-02-30 {}
    |     ^~~~~~~~~~`,
  ],
  'a type that is none': [
    'type=fz {}',
    `rules:1:6: error: no type 'z'
  1 | type=fz {}
    |      ^~ the types are f d l p s b c`,
  ],
  'places in lines with tabs and UTF-8': [
    '\tname="é" & onwer=x {}',
    `rules:1:14: error: unknown test 'onwer'
  1 |  name="é" & onwer=x {}
    |             ^~~~~ did you mean 'owner'?`,
  ],
  'control characters, which do not reach the terminal': [
    'x\u001b=\u001b[31m {}',
    `rules:1:1: error: unknown test 'x\ufffd'
  1 | x\\e=\\e[31m {}
    | ^~~ the tests are name path owner group type age access size links host arch`,
  ],
};

describe('what people are told about', () => {
  test.each(Object.entries(GOLDEN))('%s', (_what, [text, expected]) => {
    expect(complaints(text)).toBe(expected);
  });
});

describe('the habits of other languages', () => {
  test.each([
    ['if name=a { ignore; }', "leave 'if' out"],
    ['name=a { ignore; } else if name=b { ignore; }', "leave 'if' out"],
    ['not name=a { ignore; }', "write '!'"],
    ['name=a or name=b { ignore; }', "write '|'"],
    ['name=a and name=b { ignore; }', "write '&'"],
    ['name=a, name=b { ignore; }', 'actions stand between { and }'],
    ['name=a , name=b { ignore; }', "write '|' for either of them"],
    ['name=a link; source /x;\nname=b { ignore; }', 'actions stand between { and }'],
    ['// note\nname=a { ignore; }', "a comment begins with '#'"],
    ['* { ignore; }', "name~'*' is true of every object"],
    ['name=a { exclude; }', "write 'ignore'"],
    ['name=a { rm; }', "write 'delete'"],
    ['name=a { symlink; }', "write 'link'"],
    ['mtime>3days { ignore; }', "write 'age'"],
    ['user=root { ignore; }', "write 'owner'"],
    ['type=directory { ignore; }', 'write type=d'],
    ['name=*.o { ignore; }', 'for a shell pattern write name~*.o'],
    ["name='*.{a,b}' { ignore; }", "for a shell pattern write name~'*.{a,b}'"],
    ['name=a { chown root:wheel; }', "write 'chown root; chgrp wheel;'"],
    ['name=a { keep=yes; }', "write 'keep;'"],
    ['name=a { exec sleep 1; echo x; }', "a command that contains ';' is put in quotes"],
  ])('%s', (text, hint) => {
    const said = complaints(text);
    expect(said).toContain(hint);
    expect(said.split('error: ')).toHaveLength(2);
  });

  test.each([
    ['path=bin/* { ignore; }', 'for a shell pattern write path~bin/*'],
    ['name=core* { ignore; }', "repeats what stands before it, 'e'"],
    ['name=a { exec echo "$F; }', 'the command seems to end within quotes'],
  ])('%s is a warning', (text, said) => {
    expect(warnings(text)).toContain(said);
  });

  test.each(['name=lib.*', 'name=[0-9]*', "name='(ab)*'", String.raw`name=a\d*`, 'name=x+y*'])(
    '%s is no shell pattern',
    (condition) => {
      expect(warnings(`${condition} { ignore; }`)).toBe('');
    },
  );
});

describe('included scripts', () => {
  test('a mistake in one is shown there', () => {
    const files = { 'etc/common': 'name=x {\n ignor; }' };
    expect(complaints('include etc/common', { files })).toBe(
      `etc/common:2:2: error: unknown action 'ignor'
  2 |  ignor; }
    |  ^~~~~ did you mean 'ignore'?`,
    );
  });

  test('one that is not there is named', () => {
    expect(complaints('include common')).toContain("rules:1:9: error: there is no file 'common'");
  });

  test('those that include each other are named', () => {
    const files = { a: 'include b', b: 'include a' };
    expect(complaints('include a', { files })).toContain("error: 'a' includes 'b' includes 'a'");
    expect(complaints('include rules', { files })).toContain("error: 'rules' includes 'rules'");
  });

  test('an avalanche of them is stopped', () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`f${i}`, `include f${i + 1}\ninclude f${i + 1}\n`]),
    );
    expect(complaints('include f0', { files: { ...files, f30: '' } })).toContain(
      'more than 1000 included scripts',
    );
  });

  test('paths are relative to the script that names them', () => {
    const files = { '/etc/lfu/common': 'name=@names { ignore; }', '/etc/lfu/names': 'x\n' };
    const set = compileRules(script('include common', '/etc/lfu/rules'), sources({ files }));
    expect(set.decide(object('x')).disposition).toBe('ignore');
  });
});

describe('variables that double each other', () => {
  test('are stopped before they fill the memory', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `set A${i + 1} "$A${i}$A${i}"`);
    const text = `set A0 "0123456789"\n${lines.join('\n')}\nname=x { error $A60; }`;
    expect(complaints(text)).toContain('variables make more than 65536 bytes of this value');
  });
});

describe('errors that netgroups cause', () => {
  test('are told at the test that asked', () => {
    const site = {
      ...sources(),
      netgroup(): never {
        throw new XhError('E_NETGROUP_CIRCLE', 'netgroups contain each other: a > b > a', {
          place: { file: bytes('/etc/netgroup'), line: 3, column: 1 },
          remedy: 'take one of them out of the other',
        });
      },
    };
    expect(() => compileRules(script('owner=@a {}'), site)).toThrow(
      'netgroups contain each other: a > b > a (/etc/netgroup:3:1)',
    );
  });

  test('any other exception is a bug and stays what it is', () => {
    const site = {
      ...sources(),
      netgroup(): never {
        throw new TypeError('bug');
      },
    };
    expect(() => compileRules(script('owner=@a {}'), site)).toThrow(TypeError);
  });
});

describe('warnings', () => {
  test('actions without effect', () => {
    expect(warnings('owner=root { ignore; chmod 755; }')).toBe(
      `rules:1:22: warning: 'chmod' has no effect on what a rule with 'ignore' applies to
  1 | owner=root { ignore; chmod 755; }
    |                      ^~~~~~~~~`,
    );
  });

  test('a source that no link uses', () => {
    expect(warnings('owner=root { source /x; }')).toContain(
      "warning: 'source' has no effect without a rule that has 'link' or 'shadow'",
    );
    expect(warnings('owner=root { source /x; }\nname=x { link; }')).toBe('');
  });

  test('members of a netgroup who are no users here', () => {
    const site = { netgroups: { set: ['root', 'a', 'b', 'c', 'd', 'e', 'f'] } };
    expect(warnings('owner=@set { ignore; }', site)).toContain(
      "netgroup 'set': no user 'a', 'b', 'c', 'd', 'e' and 1 more on this host",
    );
  });

  test('a list of paths in the place of one of names', () => {
    expect(warnings('name=@l { ignore; }', { files: { l: 'a/b\n' } })).toContain(
      "the list 'l' has paths, and no name has a '/'",
    );
  });
});

const WORDS = [
  ...'name path owner group type age access size links host arch = != ~ !~ < > <= >= !'.split(' '),
  ...'& | ( ) { } ; @ update ignore link error source chmod chown exec exec-once keep'.split(' '),
  ...'include set else $F $X ${X} X root u+s 755 2wks 10k fd " \' \\ # [ ] * . é \ud83d\ude00'.split(
    ' ',
  ),
  ...'.* [[:digit:]] {1..9} **/ (?: + ^ $ 2024-01-01 - / \\b'.split(' '),
  '\n',
  ' ',
  ' ',
  '\t',
  '\0',
];

/** The codes of what is wrong; whatever is thrown must be for a person, with a place. */
function codes(text: Bytes): readonly string[] {
  const site = sources({ files: { X: 'x\n', root: 'name=x {}' } });
  try {
    compileRules({ file: bytes('rules'), text }, site).decide(object('a/x'));
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map((found) => {
      const shown = formatDiagnostic(found);
      const complete = found.line > 0 && found.column > 0 && shown.includes(found.message);
      return complete ? found.code : shown;
    });
  }
  return [];
}

const CODE = expect.stringMatching(/^E_RULE_[A-Z]+$/) as string;

describe('whatever is given', () => {
  test('words of the language in any order give rules or diagnostics', () => {
    const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 40 });
    fc.assert(
      fc.property(soup, fc.constantFrom('', ' '), (words, between) => {
        const found = codes(bytes(words.join(between)));
        expect(found).toEqual(found.map(() => CODE));
      }),
      { numRuns: 2500 },
    );
  });

  test('and so does a script with something cut out or put in', () => {
    const good =
      'set X 1\npath=@X & (owner!=root | !type=fd) {\n exec "a $F"; chmod u+s; keep\n}\nelse age>2wks { error no $N; }\n';
    const edit = fc.tuple(fc.nat(good.length), fc.nat(10), fc.constantFrom('', ...WORDS));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = good;
        for (const [at, cut, put] of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        const found = codes(bytes(text));
        expect(found).toEqual(found.map(() => CODE));
      }),
      { numRuns: 3000 },
    );
  });

  test('the finished rules of an empty script decide nothing', () => {
    expect(rules('# nothing\n').chains).toEqual([]);
  });
});
