/**
 * The packages of the depot that `make-depot.mjs` makes: real ones from Debian, and what each is
 * there for. Read it as a table. What a package's own files say (systemd units, jobs, links that its
 * scripts would make) is found by `debian-fragments.mjs`; here stands only what no file says.
 *
 * Names that several packages have belong to the one with the higher priority; where that says
 * nothing, to the one that stands first.
 */

/**
 * @typedef {object} DepotPackage
 * @property {string} name in Debian; `NAME=VERSION` for another than apt's choice
 * @property {string} why what it is here for
 * @property {string} [as] the name of the package it is a version of: it stands as AS-VERSION
 * @property {number} [priority] who wins a name, 0 to 100, 50 unless given
 * @property {Readonly<Record<string, string>>} [links] places and targets, that no script would make
 * @property {Readonly<Record<string, string>>} [owners] `USER:GROUP` of set-id programs, by place
 * @property {boolean} [units] false: its systemd units are left aside
 * @property {readonly string[]} [replace] its files in the place of the host's, as below `etc`
 * @property {Readonly<Record<string, string>>} [export] fragments that its scripts would have made
 */

/** @type {readonly DepotPackage[]} */
export const DEPOT_PACKAGES = [
  // commands
  { name: 'tree', why: 'one command, one page' },
  { name: 'hello', why: 'messages in forty languages, an info document' },
  { name: 'bc', why: 'a command with an info document' },
  { name: 'm4', why: 'what another package needs' },
  { name: 'htop', why: 'a desktop file, icons' },
  { name: 'libnl-3-200', why: 'a library with /etc' },
  { name: 'libnl-genl-3-200', why: 'a library that needs a library' },
  {
    name: 'python3-pygments',
    why: 'python: modules and a program',
  },

  // one name in several packages
  { name: 'gawk', why: 'awk, the first of three; modules; profile.d', priority: 60 },
  { name: 'mawk', why: 'awk, the second', priority: 55 },
  { name: 'original-awk', why: 'awk, the third' },
  { name: 'libsigsegv2', why: 'a library of one program' },
  {
    name: 'netcat-openbsd',
    why: 'nc and netcat, the first of two',
    links: { 'man/man1/nc.1.gz': 'nc_openbsd.1.gz', 'man/man1/netcat.1.gz': 'nc_openbsd.1.gz' },
  },
  { name: 'netcat-traditional', why: 'nc and netcat, the second' },
  { name: 'nvi', why: 'vi, ex, view and editor, the first of two', priority: 60 },
  { name: 'ed', why: 'editor, the second; in /bin' },
  { name: 'parallel', why: 'parallel, which moreutils has too; perl' },
  { name: 'moreutils', why: 'C and perl side by side' },
  { name: 'libipc-run-perl', why: 'a perl module with many pages' },
  { name: 'libtime-duration-perl', why: 'a perl module' },
  { name: 'libtimedate-perl', why: 'perl modules in several directories' },

  // libraries and headers
  { name: 'zlib1g', why: 'a library in /lib' },
  { name: 'zlib1g-dev', why: 'headers, a static library, pkg-config' },
  { name: 'libexpat1', why: 'two libraries' },
  { name: 'libexpat1-dev', why: 'headers of one architecture beside those of all' },
  { name: 'libpopt0', why: 'a library with messages in many languages' },
  { name: 'libpopt-dev', why: 'a header' },
  { name: 'jq', why: 'a program that needs a library …' },
  { name: 'libjq1', why: '… that needs a library …' },
  { name: 'libonig5', why: '… that needs none' },

  // several versions
  { name: 'lua5.1', as: 'lua', why: 'the oldest of four versions' },
  { name: 'lua5.2', as: 'lua', why: 'a version' },
  { name: 'lua5.3', as: 'lua', why: 'a version' },
  { name: 'lua5.4', as: 'lua', why: 'the newest version' },
  { name: 'flex-old', as: 'flex', why: 'a version of the last century' },
  { name: 'flex', as: 'flex', why: 'a version' },

  // many files, strange names
  { name: 'manpages-dev', why: 'two thousand manual pages' },
  { name: 'manpages-de', why: 'a thousand more, in German' },
  { name: 'ncurses-term', why: 'thousands of files, names with + and upper case' },
  { name: 'bash-completion', why: 'hundreds of completions; profile.d' },
  { name: 'ca-certificates', why: 'a name that is not ASCII' },

  // set-id programs
  { name: 'sudo', why: 'set-uid root, plug-ins, tmpfiles.d', units: false },
  {
    name: 'at',
    why: 'set-uid to another than root, a service, directories of a spool',
    owners: { 'bin/at': 'daemon:daemon' },
  },
  {
    name: 'screen',
    why: "a configuration that takes the place of the host's; tmpfiles.d",
    replace: ['screenrc'],
  },
  {
    name: 'libutempter0',
    why: 'a library with a set-gid program',
    owners: { 'lib/utempter/utempter': 'root:utmp' },
  },

  // what a host does by itself
  {
    name: 'cron',
    why: 'started with the host; a group of its own',
    units: false,
    replace: ['pam.d/cron'],
    export: { group: 'crontab:x::\n', boottime: '/software/cron/maintenance/cron\n' },
  },
  {
    name: 'openbsd-inetd',
    why: 'started with the host',
    units: false,
    export: { boottime: '/software/openbsd-inetd/maintenance/inetd\n' },
  },
  {
    name: 'micro-httpd',
    why: 'a server for inetd, and a port of its own',
    units: false,
    export: {
      services: 'depot-www\t8063/tcp\t\t# pages of the depot\n',
      'inetd.conf':
        'depot-www\tstream\ttcp\tnowait\tnobody\t/software/micro-httpd/maintenance/micro-httpd\tmicro-httpd /software/micro-httpd/doc\n',
    },
  },
  {
    name: 'nullidentd',
    why: 'a server for inetd on a known port',
    export: {
      'inetd.conf':
        'auth\tstream\ttcp\tnowait\tnobody\t/software/nullidentd/maintenance/nullidentd\tnullidentd\n',
    },
  },
  {
    name: 'sysstat',
    why: 'jobs by cron.d, cron.daily, and timers; a configuration that Debian would ask about',
    replace: ['sysstat/sysstat', 'sysstat/sysstat.ioconf'],
    export: { 'replace/etc/default/sysstat': 'ENABLED="true"\n' },
  },
  { name: 'libsensors5', why: 'a library with a page about its configuration' },
  {
    name: 'plocate',
    why: 'a daily job, a timer, a group, a configuration, who may run it',
    replace: ['updatedb.conf'],
    export: {
      group: 'plocate:x::\n',
      'sudoers.d/plocate':
        '%adm ALL = (root) NOPASSWD: /software/plocate/maintenance/updatedb.plocate\n',
    },
  },
  { name: 'liburing2', why: 'a library' },
  {
    name: 'uuid-runtime',
    why: 'an account, a socket and its service',
    export: {
      group: 'uuidd:x::\n',
      passwd: 'uuidd:x::uuidd:UUID daemon:/run/uuidd:/usr/sbin/nologin\n',
    },
  },
  {
    name: 'inetutils-syslogd',
    why: 'started with the host; what becomes of its logs',
    replace: ['syslog.conf'],
    export: { boottime: '/software/inetutils-syslogd/maintenance/syslogd\n' },
  },
  { name: 'fakeroot', why: 'one program under several names' },
  { name: 'libfakeroot', why: 'libraries in a directory of their own, ld.so.conf.d' },
  {
    name: 'mksh',
    why: 'a shell that people may choose',
    replace: ['mkshrc'],
    export: { shells: '/software/mksh/bin/mksh\n' },
  },
];
