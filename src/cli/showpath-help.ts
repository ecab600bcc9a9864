/** What `showpath` says of itself. Its sh program has the same help, word for word: a test compares them. */
import { HELP_OPTION, type Described } from './description.ts';

const SHELLS = ['sh', 'bash', 'zsh', 'csh', 'tcsh', 'fish'];

export const SHOWPATH: Described = {
  name: 'showpath',
  summary: 'the directories of this host, for PATH and its like',
  usage: '[NAME=VALUE...] [ELEMENT...]',
  details: `Prints the directories of this host that exist, in the order asked for, each once as it is
spelled, joined with ':'. Whatever is not understood is skipped with a warning: a login never fails.`,
  options: [
    {
      flags: '-f <format>',
      summary: 'an assignment for that shell to eval, or json, instead of the bare value',
    },
    {
      flags: '-v <variable>',
      summary: 'the variable to assign (default: the usual one of the class)',
    },
    {
      flags: '--init <shell>',
      summary:
        "the lines for a shell's rc file: PATH, MANPATH and what else the site adds to; directories " +
        'of your own stay where they are',
    },
    {
      flags: '--environment <shell>',
      summary: 'what those lines evaluate, with the values of now: one process less',
    },
    { flags: '--root <dir>', summary: 'the site root (default: $XH_ROOT, or /)' },
    { flags: '-q, --quiet', summary: 'no warnings' },
    { flags: '--version', summary: 'print the version' },
    HELP_OPTION,
  ],
  words: {
    format: [...SHELLS, 'json'],
    shell: SHELLS,
    variable: ['PATH', 'MANPATH', 'INFOPATH', 'PKG_CONFIG_PATH', 'XDG_DATA_DIRS'],
    'NAME=VALUE': [
      'usedby=user',
      'usedby=maintainer',
      'usedby=program',
      'class=bin',
      'class=man',
      'class=info',
      'class=include',
      'class=lib',
      'class=pkgconfig',
      'class=share',
      'findfirst=',
      'standard',
    ],
    ELEMENT: 'package',
  },
  examples: [
    { command: "PATH=$(showpath ~/bin 'standard*')", explains: 'in a shell script' },
    { command: 'eval "$(showpath --init bash)"', explains: 'all that a .bashrc needs' },
    { command: 'eval `showpath --init csh`', explains: 'all that a .cshrc needs' },
    { command: 'showpath --init fish | source', explains: 'all that a config.fish needs' },
    {
      command: "setenv EDITOR `showpath 'findfirst=vi*'`",
      explains: 'the first program of a kind, in csh',
    },
    {
      command: 'showpath class=man gcc@12 standard',
      explains: 'the manual of one package before all others',
    },
  ],
  sections: [
    {
      heading: 'Elements',
      parts: [
        [
          [
            'standard, WORD, GLOB',
            "named elements of the path table; standard, which is meant when none is given, is the link farm of the packages and the vendor's directories; quote a glob: 'standard*'",
          ],
          ['PKG, PKG@VERSION', 'the directories of that package, default or not'],
          ['/dir, ~/dir, dir/', 'that directory'],
        ],
      ],
    },
    {
      heading: 'Settings',
      parts: [
        [
          [
            'usedby=USERS',
            'whose commands: user, maintainer (adds maintenance), program (adds servers); several with commas between (default: user)',
          ],
          [
            'class=CLASS',
            'which kind of directory: bin, man, info, include, lib, pkgconfig, share (default: bin)',
          ],
          [
            'findfirst=GLOB',
            'print instead the first file whose name matches (in one directory the shortest name, then alphabetical; commands only in class bin)',
          ],
        ],
      ],
    },
    {
      heading: 'Directories that do not answer',
      parts: [
        `Where a network or user-space file system is mounted, or an automounter is set up, directories are
looked at by a child process. What has not answered within about a second, all of them together, is left
off with a warning, and the login goes on. /usr/bin, /bin, /usr/sbin, /sbin and the link farms are
looked at directly: keep them, this program and the site root's .software/local on the host itself.`,
      ],
    },
    {
      heading: 'Long values',
      parts: [
        `tcsh and the other shells take any. BSD csh gets the first 8000 bytes, whole directories. What is
beyond 130000 bytes is left off, because the kernel starts no program with more.`,
      ],
    },
  ],
  exits: [
    { code: 0, means: 'done, whatever had to be skipped' },
    { code: 1, means: 'findfirst= has found nothing, or the output could not be written' },
    { code: 2, means: 'usage: nothing is printed, so that an eval of it changes nothing' },
  ],
};
