/** xh-package(5): what stands in a package, from the tables that say what is done with it. */
import { printable, type Bytes } from '../bytes/bytes.ts';
import { TOPICS } from '../cli/topics.ts';
import { LINK_CLASSES } from '../farm/classes.ts';
import { OPTION_KEYS } from '../package/option-keys.ts';
import { DEFAULT_FILE_TYPE_RULES, STANDARD_FILE_TYPES } from '../site/file-types.ts';
import type { Page } from './page.ts';
import { bold, italic, list, paragraphs, partsOf, rows } from './roff.ts';

/** Files that are right: a test reads them. */
export const OPTIONS_EXAMPLE = `  version = 2.12
  summary = prints a friendly greeting
  licence = GPL-3.0-or-later
  homepage = https://www.gnu.org/software/hello/
  priority = 60`;
export const DEPENDENCIES_EXAMPLE = `  libiconv ^1.17     # a package of the depot
  ?gettext           # better with it
  system:sh          # of the host`;
export const FILE_TYPES_EXAMPLE = `  /bin/hello-config  share
  /libexec           arch
  /var               spool`;
export const TARGETS_EXAMPLE = `  linux-*            # every Linux
  .cs.example.org    # and that domain of the network
  sun4.common.adm    # and an administrative domain: sun4 of whatever group
  !web*              # but none of these`;

const ADMIN = [
  [
    'Maintainer',
    'Who answers for the package: mail addresses, one a line. The one file that every package has.',
  ],
  [
    'Dependencies',
    "What it needs, 'NAME [RANGE]' a line. ?NAME is better there and need not be; system:NAME is something of the host, which is looked for and reported, and never blocks an install.",
  ],
  ['Options', "'KEY = VALUE' a line, each optional; the keys are below."],
  [
    'Install',
    "An executable in any language, called as 'Install install' and 'Install uninstall' in the package's directory, with a clean environment and XH_ROOT, XH_PACKAGE, XH_VERSION, XH_ARCH, XH_SOFTWARE and XH_ACTION in it. When it fails nothing else is done.",
  ],
  [
    'sdist-ignore',
    'What of its source xh sdist does not send to architecture masters: patterns as in gitignore(5), a line each. Objects and directories of builds stay at home anyway.',
  ],
  [
    'Targets',
    'Which hosts get it, one word each: a pattern over host names and architectures, a .domain, host:GLOB, arch:GLOB or domain:GLOB; terms joined by & hold together, and ! before it leaves hosts out.',
  ],
  [
    'file-types',
    "'GLOB TYPE' a line: which file type what matches has, and all below it. The first line that matches counts, before the usual rules.",
  ],
] as const;

const DIRECTORIES = [
  ['bin', 'user commands'],
  ['maintenance', 'commands for those who maintain the host'],
  ['servers', 'commands for programs: daemons and what they start'],
  ['man', 'manual pages: man1 and so on, and man/LANGUAGE/man1'],
  ['lib, include', 'libraries and headers'],
  ['share, info', 'what other classes of links are made of, below'],
  ['data, doc', 'what its programs read, and what people read'],
  ['logs', 'what its programs write: of this host alone'],
  ['export', 'what it adds to system files: fragments, below'],
  ['.admin', 'what it says of itself: the files below'],
] as const;

export async function packagePage(): Promise<Page> {
  const fragments = await TOPICS.find(({ name }) => name === 'fragments')?.load();
  return {
    name: 'xh-package',
    section: 5,
    summary: 'what stands in a package of xhier',
    sections: [
      {
        heading: 'Description',
        lines: paragraphs(
          `A package is the directory /software/NAME, or /software/NAME-VERSION where several versions
stand side by side. 'xh mkpkg' makes an empty one, 'xh import' one of software that exists; 'xh check'
finds mistakes in it.`,
        ),
      },
      { heading: 'Directories', lines: rows(DIRECTORIES) },
      {
        heading: 'File types',
        lines: [
          ...paragraphs(
            `The files of a package are sorted by who shares them. What is not of the type share stands
in /.software/TYPE/NAME, and a link in the package leads there, so that nobody needs to know. A site adds
types in xhier.toml(5).`,
          ),
          ...list(
            STANDARD_FILE_TYPES.map(({ name, summary, sharedBy }) => [
              bold(printable(name)),
              `${summary}; shared by ${sharedBy}`,
            ]),
          ),
          '.PP',
          ...paragraphs(
            `Where .admin/file-types does not say otherwise: ${DEFAULT_FILE_TYPE_RULES.map(({ glob, type }) => `${printable(glob)} ${printable(type)}`).join(', ')}; all else is share.`,
          ),
        ],
      },
      {
        heading: 'Files in .admin',
        lines: [
          ...paragraphs(
            `# at the beginning of a word starts a comment, to the end of its line; a \\ at the end of a
line continues it. A file that cannot be parsed is an error that names file, line and column, and the
package is left as it was.`,
          ),
          ...rows(ADMIN),
        ],
      },
      {
        heading: 'Options',
        lines: [
          ...list(
            Object.entries(OPTION_KEYS).map(([name, { summary, expected, ...key }]) => [
              `${bold(name)} = ${italic('value')}`,
              [summary, `Expected: ${expected}`, ...defaultOf(key as never)],
            ]),
          ),
          '.PP',
          ...paragraphs(
            'An unknown key is an error; those that begin with x- are for whatever a site wants.',
          ),
        ],
      },
      {
        heading: 'Links',
        lines: [
          ...paragraphs(
            'What enters the link farms of a host when the package is installed, by class, as the option links names them:',
          ),
          ...list(
            LINK_CLASSES.map(({ name, summary, trees }) => [
              bold(name),
              `${summary}: ${trees.map(({ from, to }) => `${printable(from)} to ${printable(to)}`).join(', ')}`,
            ]),
          ),
        ],
      },
      { heading: 'Fragments', lines: partsOf(fragments ?? []) },
      {
        heading: 'Examples',
        lines: [
          ...example('.admin/Options', OPTIONS_EXAMPLE),
          ...example('.admin/Dependencies', DEPENDENCIES_EXAMPLE),
          ...example('.admin/file-types', FILE_TYPES_EXAMPLE),
          ...example('.admin/Targets', TARGETS_EXAMPLE),
        ],
      },
    ],
    seeAlso: [
      'xh(1)',
      'xh-mkpkg(1)',
      'xh-import(1)',
      'xh-install(1)',
      'xh-farm(1)',
      'xh-check(1)',
      'xhier.toml(5)',
    ],
  };
}

function defaultOf(key: {
  readonly default: unknown;
  print(value: unknown): Bytes;
}): readonly string[] {
  if (key.default === undefined) return [];
  return [`Default: ${printable(key.print(key.default))}`];
}

function example(file: string, text: string): string[] {
  return ['.TP', bold(file), ...paragraphs(text)];
}
