/** lfu-rules(5). */
import { RULE_SECTIONS } from '../cli/lfu-rules-help.ts';
import type { Page } from './page.ts';
import { paragraphs, partsOf } from './roff.ts';

/** A script that is right: a test reads it. */
export const RULES_EXAMPLE = `  # what belongs to this host stays as it is
  path~"etc/**" { ignore; }

  # big and old: a link to the master
  size>100M & age>1yr { link; source /net/master/local; }

  # programs of root, and nothing else of root's
  path=bin/su | path=bin/login { chown root; chmod u+s; }
  else owner=root & type=f { error "$P: a file of root"; }

  # whoever reads it is told
  name=inetd.conf { exec "pkill -HUP -x inetd"; log; }`;

export function rulesPage(): Page {
  const [rules, ...others] = RULE_SECTIONS;
  return {
    name: 'lfu-rules',
    section: 5,
    summary: 'rules by which lfu copies one tree to another',
    sections: [
      {
        heading: 'Description',
        lines: paragraphs(
          'A script of rules says in what a slave shall not be like its master. It is given to lfu(8) with ' +
            '-f FILE or -e TEXT, and in lfu.toml(5) with the key rules. What no rule speaks of is copied ' +
            'faithfully.',
        ),
      },
      ...[rules, ...others].flatMap((each) =>
        each === undefined ? [] : [{ heading: each.heading, lines: partsOf(each.parts) }],
      ),
      { heading: 'Examples', lines: paragraphs(RULES_EXAMPLE) },
    ],
    seeAlso: ['lfu(8)', 'lfu-update(8)', 'lfu-explain(8)', 'lfu.toml(5)'],
  };
}
