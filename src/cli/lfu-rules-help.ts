/** How rules are written: for `lfu --help-rules` and lfu-rules(5), its words from the tables that define them. */
import { ACTIONS } from '../lfu/rules/actions.ts';
import { TESTS } from '../lfu/rules/tests.ts';
import type { Rows, Section } from './description.ts';
import { partLines } from './help-text.ts';
import type { Styles } from './terminal.ts';

/** The text, without a line end at its end. */
export function rulesHelp(styles: Styles, width: number): string {
  return RULE_SECTIONS.flatMap(({ heading, parts }, i) => [
    ...(i === 0 ? [] : ['']),
    styles.bold(heading),
    ...partLines(parts, width),
  ]).join('\n');
}

const VALUES = { none: '', word: 'VALUE', text: '"MESSAGE"', command: 'COMMAND' } as const;

const ACTION_ROWS: Rows = ACTIONS.map(({ word, value, summary }) => {
  return [VALUES[value] === '' ? word : `${word} ${VALUES[value]}`, summary] as const;
});
const DISPOSITIONS = ACTION_ROWS.findIndex(([word]) => word.startsWith('source'));

/** Everything that is said of rules, in its order. */
export const RULE_SECTIONS: readonly Section[] = [
  {
    heading: 'Rules',
    parts: [
      `A rule is a condition and, between braces, what to do with the objects for which it holds:

  owner=vlsitools {                       # a package on another server
      link;
      source /usr/remote/vlsi;
  }
  path=@rootfiles { chown root; chmod u+s; }
  else owner=root & type=f { error "$P: a file of root"; }

Conditions are joined by & and |, turned round by !, grouped by ( ). A chain of rules joined by 'else'
is tried from its top for each object, and the first that holds applies. Of several chains all apply:
what they add adds up, and the last word on what to do is the one that counts. # begins a comment, to
the end of its line.`,
    ],
  },
  {
    heading: 'Tests',
    parts: [
      TESTS.map(
        ({ key, operators, summary }) => [`${key} ${operators.join(' ')}`, summary] as const,
      ),
      '= and ~ are also written as != and !~, which turn the test round.',
    ],
  },
  {
    heading: 'What is done with the object',
    parts: ['A rule has at most one of these:', ACTION_ROWS.slice(0, DISPOSITIONS)],
  },
  {
    heading: 'What is added to that',
    parts: ['Those of several rules add up:', ACTION_ROWS.slice(DISPOSITIONS)],
  },
  {
    heading: 'Values',
    parts: [
      `Paths are those below the trees, without a leading '/'. A value that contains blanks or any of
| & { } ) ; is put in quotes: "…" with \\" \\\\ \\n \\t, or '…' as it stands. @NAME is a netgroup for
owner, and for name and path a file with one of them a line, beside the script. Times are 90s 15min
8hrs 3days 2wks 6mon 1yr, or a date: 2024-01-31.`,
      [
        ['set NAME VALUE', '$NAME is VALUE from there on'],
        ['include FILE', 'the rules of FILE stand here'],
        ['$F $P $N $D', 'the object: path on the slave, path below the tree, name, directory'],
        ['$S $M $HOST $ARCH', 'slave, master, the host and its architecture'],
      ],
      `The variables are for exec, error and source; commands have them quoted, and in their
environment.

'lfu --check' reads rules and runs nothing; 'lfu -n' shows what they would do; 'lfu explain' says of one
object which rules apply and why.`,
    ],
  },
];
