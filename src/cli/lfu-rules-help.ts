/** `lfu --help-rules`: the language of rules on two screens, its words from the tables that define them. */
import { ACTIONS } from '../lfu/rules/actions.ts';
import { TESTS } from '../lfu/rules/tests.ts';

/** The text. */
export function rulesHelp(): string {
  const tests = TESTS.map(({ key, operators, summary }) => {
    return [`${key} ${operators.join(' ')}`, summary] as const;
  });
  const actions = ACTIONS.map(({ word, value, summary }) => {
    return [VALUES[value] === '' ? word : `${word} ${VALUES[value]}`, summary] as const;
  });
  const dispositions = actions.findIndex(([word]) => word.startsWith('source'));
  return [
    HEAD,
    'Tests (= and ~ also as != and !~):',
    ...columns(tests),
    '',
    'What is done with the object; a rule has one of these:',
    ...columns(actions.slice(0, dispositions)),
    '',
    'What is added to that; those of several rules add up:',
    ...columns(actions.slice(dispositions)),
    TAIL,
  ].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
}

const VALUES = { none: '', word: 'VALUE', text: '"MESSAGE"', command: 'COMMAND' } as const;

const HEAD = `A rule is a condition and, between braces, what to do with the objects for which it holds:

  owner=vlsitools {                       # a package that stays on another server
      link;
      source /usr/remote/vlsi;
  }
  path=@rootfiles { chown root; chmod u+s; }
  else owner=root & type=f { error "$P: a file of root"; }

Conditions are joined by & and |, turned round by !, grouped by ( ). A chain of rules joined by
'else' is tried from its top for each object, and the first that holds applies. Of several chains all
apply: what they add adds up, and the last word on what to do is the one that counts.
`;

const TAIL = `
Paths are those below the trees, without a leading '/'. A value that contains blanks or any of
| & { } ) ; is put in quotes: "…" with \\" \\\\ \\n \\t, or '…' as it stands. @NAME is a netgroup for owner,
and for name and path a file with one of them a line, beside the script.

  90s 15min 8hrs 3days 2wks 6mon 1yr      times; or a date: 2024-01-31
  set NAME VALUE      $NAME is VALUE from there on
  include FILE        the rules of FILE stand here
  $F $P $N $D         the object: path on the slave, path below the tree, name, directory
  $S $M $HOST $ARCH   slave, master, the host and its architecture

The last two lines are for exec, error and source; commands have them quoted, and in their environment.
'lfu --check' reads rules and runs nothing; 'lfu -n' shows what they would do.
`;
