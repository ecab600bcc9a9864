/** `xh help scripts`: what Install scripts are given; `xh help answers`: the file of `xh install --answer`. */
import type { Part } from './description.ts';

export const SCRIPTS: readonly Part[] = [
  `A package's .admin/Install is run as 'Install install' before anything else of it is installed, and
as 'Install uninstall' before anything is taken out. When it ends with anything but 0, nothing is
done, and the scripts of other packages that have been run before are taken back by their opposites.
It has to be executable, in any language, and to do nothing where there is nothing to do: it is run
at every install that changes something of the package.

It is run in the package's directory with umask 022, the streams and nothing else open, 1024 as the
limit of open files, the groups of its account, and with these variables alone:`,
  [
    ['XH_ACTION', 'install or uninstall, as its argument'],
    ['XH_PACKAGE', 'the directory of the package, below $XH_SOFTWARE'],
    ['XH_VERSION', 'its version, if it has one'],
    ['XH_ROOT', 'the site root'],
    ['XH_SOFTWARE', '/software below the site root'],
    ['XH_ARCH', 'the architecture of this host'],
    ['XH_SCRIPT', 'different for each run: by it what a script has left is found'],
    ['HOME, USER, LOGNAME', 'those of the account'],
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['SHELL, LANG, TMPDIR', '/bin/sh, C.UTF-8 and /tmp'],
    ['TERM', 'dumb, on a terminal: programs ask in lines then; of 80 columns and 24 lines'],
  ],
  'What .admin/Options says of it:',
  [
    [
      'run-as',
      "whom it runs as: root only when this says so; else the package's owner, else nobody",
    ],
    ['pty', 'yes: on a terminal of its own; else it has no standard input and no terminal'],
    ['timeout', "its time limit; else that of 'script-timeout' in the configuration"],
  ],
  `When its time is over, when it is interrupted, or when it asks what nobody answers, it is sent
SIGTERM and, five seconds later, SIGKILL, with all that it has started, wherever that has gone. The
same becomes of what a script leaves behind that has failed. What one that has succeeded leaves in
its own session is ended too; a daemon has a session of its own, lets go of the standard streams, and
goes on: its 'Install uninstall' is to end it.

What it says is kept line by line, with the time, in a transcript that only the owner of the site may
read; the last lines are shown when it fails. 'xh info PACKAGE' and 'xh history N' name them, and
'keep-transcripts' in the configuration says how many are kept. After a kill, 'Install uninstall' is
run by the next command, without a terminal.`,
];

export const ANSWERS: readonly Part[] = [
  `Install scripts run unattended, and most of them ask nothing. For those that insist, 'xh install
--answer FILE' has what is typed: the questions in the order in which they come, each with its
answer. A package that the file has answers for is given a terminal, whatever its Options say. Each
answer is typed when the script waits for input and has said, since the last answer, what the
question is known by.

  # answers for two packages
  [oracle]
  "Accept the licence? [y/n]"    y
  /admin(istrator)? password:/i  secret @/etc/oracle.password
  /repeat/i                      secret @/etc/oracle.password
  optional "Overwrite *?"        no
  "Choose a port"                keys "\\e[B\\r"

  [oracle uninstall]
  "Remove the databases?"        no

A question:`,
  [
    ['"TEXT"', String.raw`this is somewhere in what was said; * is anything, \* a star`],
    ['/PATTERN/', 'a regular expression, as JavaScript has them; after it i, m and s may stand'],
    ['optional …', 'before a question: it may not come'],
  ],
  'An answer, after which Enter is typed:',
  [
    ['TEXT', 'to the end of the line'],
    ['"TEXT"', String.raw`the same with escapes: \" \\ \* \e \n \r \t \xHH; "" is Enter alone`],
    ['@FILE', 'what is in a file, below the directory of this one unless it begins with /'],
    ['$NAME', 'what is in a variable of the environment'],
    ['secret …', 'before a text: a secret, as those of files and variables are without the word'],
    ['keys "TEXT"', 'these keys and no Enter, for dialogues that are drawn on the screen'],
  ],
  `Secrets are typed but not written down: neither in the transcript nor in messages, also where the
script repeats them. So the file itself can be kept with others.

[PACKAGE] or [PACKAGE uninstall] says whose answers follow; PACKAGE is a name, or the directory of
one version. Answers above the first heading are for the only package that the command names. Lines
that begin with # are comments.

The script fails, is ended and comes to nothing, as scripts that fail do, when it asks something else
than the next answer is for, when it asks once more than there are answers, and when it ends without
having asked for all that are not optional. A question without an answer is recognised after five
seconds, from a script on a terminal that waits for input, and after a minute's silence where the
kernel does not tell; one without a terminal has no input that it could wait for. 'xh install --dry-run --answer FILE' reads the file, and says what is wrong with
it, before anything is run.`,
];
