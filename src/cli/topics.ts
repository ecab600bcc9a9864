/** What `xh help TOPIC` explains, beside the commands; the manual has the same texts. */
import type { Part } from './description.ts';
import { EXIT_CODES } from './exit-codes.ts';

export interface Topic {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly load: () => readonly Part[] | Promise<readonly Part[]>;
}

export const TOPICS: readonly Topic[] = [
  {
    name: 'packages',
    summary: 'how a package is named, and its versions',
    load: () => PACKAGES,
  },
  {
    name: 'fragments',
    summary: 'what a package may have in export/',
    load: async () => [FRAGMENTS, await fragmentRows(), TEMPLATES],
  },
  {
    name: 'scripts',
    summary: "what a package's Install script is given, and when it is ended",
    load: async () => (await import('./script-topics.ts')).SCRIPTS,
  },
  {
    name: 'answers',
    summary: 'the file that answers what Install scripts ask',
    load: async () => (await import('./script-topics.ts')).ANSWERS,
  },
  {
    name: 'output',
    summary: 'what is printed where: JSON, colours, questions',
    load: () => OUTPUT,
  },
  {
    name: 'environment',
    summary: 'the variables and files that xh reads',
    load: () => ENVIRONMENT,
  },
  {
    name: 'exit-codes',
    summary: 'what the exit codes mean',
    load: () => [EXIT_CODES.map(({ code, means }) => [String(code).padStart(3), means] as const)],
  },
];

const PACKAGES: readonly Part[] = [
  `A package is called by its name, by a name and a range of versions, or by the name of its
directory below /software:`,
  [
    ['jq', 'the current version of jq; where none is installed, the newest'],
    ['jq@1', 'the newest 1.x; so 1.6 is the newest 1.6.x'],
    ['jq@^1.6', '1.6 or newer, below 2'],
    ['jq@~1.6.1', '1.6.1 or newer, below 1.7'],
    ["'jq@>=1.5 <1.7'", 'between two versions; quoted, since the shell knows < and >'],
    ['jq-1.6', 'the directory /software/jq-1.6'],
  ],
  `Several versions stand side by side as NAME-VERSION; NAME is then a link to the one that is
current on this host, and 'xh use NAME@RANGE' switches it. Versions that are not of the form
MAJOR.MINOR.PATCH are compared as Debian compares them.`,
];

const FRAGMENTS = `A package's export/ has what it adds to the system's own files. At install
everything in it is checked, also by the program that owns the format where the host has it (visudo,
logrotate, systemd-analyze and others); a conflict refuses all of it and names both sides. At
uninstall the files are what they were, but for what people have changed since: that is theirs, and
stays.`;

/** From the table of kinds, which is loaded for this alone. */
async function fragmentRows(): Promise<Part> {
  const { KINDS } = await import('../export/kinds.ts');
  return KINDS.map(
    ({ name, layout, summary }) => [layout === 'file' ? name : `${name}/`, summary] as const,
  );
}

const TEMPLATES = `A name that ends in .in is a template: @hostname@ and the other names of 'xh facts'
are filled in, @package@ and @directory@ too, and @@ is a single @.

Services are told of changed files by the commands of 'xh config refresh'.`;

const OUTPUT: readonly Part[] = [
  `Standard output has what was asked for, and nothing else; all that is told besides is on standard
error. So output can be piped and kept, and what is wrong is seen all the same.`,
  [
    [
      '--json',
      'the same for programs, from every command that reads, and what was done from others',
    ],
    ['--dry-run', 'from every command that changes something: exactly what it would do'],
    ['--quiet', 'nothing on standard error but what is wrong'],
    ['--verbose', 'each change, each link, and why; with errors, where in xhier they arose'],
    ['--yes', 'no question is asked: every one is answered with yes'],
  ],
  `Questions are asked on a terminal only; without one the command ends and names the option that
answers. Whatever takes more than a second says on a terminal how far it is; in a pipe, a file or a
mail from cron it does not.

Colours are for terminals: never in a pipe, with TERM=dumb or with NO_COLOR in the environment;
--color=always and --color=never are stronger than both.`,
];

const ENVIRONMENT: readonly Part[] = [
  [
    ['XH_ROOT', 'the site root, where --root does not say; / without either'],
    ['XH_MAINTAINER', 'the mail address that new packages name as their maintainer'],
    ['XH_LOCK_TIMEOUT', 'how many seconds to wait for another command that changes the host'],
    ['XH_PASSPHRASE', 'the passphrase of a key, where nobody can be asked: xh help key'],
    ['XH_PASSPHRASE_FILE', 'a file whose first line is the passphrase'],
    ['AWS_…', 'where stores in buckets are, and the keys to them: xh help publish'],
    ['NO_COLOR', 'when it is not empty, no colours'],
    ['TERM', 'dumb: no colours, no progress'],
  ],
  'Files, each below the site root:',
  [
    ['/software/PACKAGE', 'the packages, as people and programs see them'],
    ['/.software/TYPE', 'their files by file type'],
    ['/.software/local/.admin', 'what this host knows: links, receipts, history, journal, logs'],
    ['/etc/xhier.toml', 'the configuration, which is optional; xh config explains it'],
    ['/etc/xhier/templates', "the site's own templates for new packages"],
    ['/etc/xhier/keys', 'keys of this host, for publishing: xh help key'],
  ],
];
