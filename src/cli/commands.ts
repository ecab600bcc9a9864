/** All commands of `xh`, in the order of its help; each is loaded when it is called. */
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  /** Heading in the help. */
  readonly group: string;
  /** One line. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const MAKE = 'Make packages';
const HOST = 'Put them on this host';
const KNOW = 'Know what is there';
const SITE = 'The site';
export const MANY = 'Many hosts';

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'mkpkg',
    group: MAKE,
    summary: 'make the skeleton of a package',
    load: async () => (await import('./commands/mkpkg.ts')).command,
  },
  {
    name: 'import',
    group: MAKE,
    summary: 'make a package of software that exists: .deb, tarball, npm …',
    load: async () => (await import('./commands/import.ts')).command,
  },
  {
    name: 'make',
    group: MAKE,
    summary: 'build sources and put what they make into their package',
    load: async () => (await import('./commands/make.ts')).command,
  },
  {
    name: 'register',
    group: MAKE,
    summary: 'add packages to the manual page software(i)',
    load: async () => (await import('./commands/register.ts')).command,
  },
  {
    name: 'check',
    group: MAKE,
    summary: 'look for mistakes in packages before they are distributed',
    load: async () => (await import('./commands/check.ts')).command,
  },
  {
    name: 'install',
    group: HOST,
    summary: 'install packages: dependencies, scripts, system files, links',
    load: async () => (await import('./commands/install.ts')).command,
  },
  {
    name: 'uninstall',
    group: HOST,
    summary: 'take packages out again, exactly',
    load: async () => (await import('./commands/uninstall.ts')).command,
  },
  {
    name: 'use',
    group: HOST,
    summary: 'choose which version of a package is current',
    load: async () => (await import('./commands/use.ts')).command,
  },
  {
    name: 'make-links',
    group: HOST,
    summary: 'bring the link farms and the path table up to date',
    load: async () => (await import('./commands/make-links.ts')).command,
  },
  {
    name: 'prefer',
    group: HOST,
    summary: 'settle who provides a name that several packages have',
    load: async () => (await import('./commands/prefer.ts')).command,
  },
  {
    name: 'symlinks',
    group: HOST,
    summary: 'make the links that a database of links has for this host',
    load: async () => (await import('./commands/symlinks.ts')).command,
  },
  {
    name: 'autolink',
    group: HOST,
    summary: 'make layered farms of links, later layers over earlier ones',
    load: async () => (await import('./commands/autolink.ts')).command,
  },
  {
    name: 'farm',
    group: KNOW,
    summary: 'list, explain and check the links of the farms',
    load: async () => (await import('./commands/farm.ts')).command,
  },
  {
    name: 'list',
    group: KNOW,
    summary: 'list the packages of the depot',
    load: async () => (await import('./commands/list.ts')).command,
  },
  {
    name: 'info',
    group: KNOW,
    summary: 'show all about a package',
    load: async () => (await import('./commands/info.ts')).command,
  },
  {
    name: 'files',
    group: KNOW,
    summary: 'list the files of a package',
    load: async () => (await import('./commands/files.ts')).command,
  },
  {
    name: 'which',
    group: KNOW,
    summary: 'tell who owns a file or command, and why it is linked',
    load: async () => (await import('./commands/which.ts')).command,
  },
  {
    name: 'search',
    group: KNOW,
    summary: 'find packages by words in names, summaries and manual pages',
    load: async () => (await import('./commands/search.ts')).command,
  },
  {
    name: 'deps',
    group: KNOW,
    summary: 'show what packages need, and who needs them',
    load: async () => (await import('./commands/deps.ts')).command,
  },
  {
    name: 'readme',
    group: KNOW,
    summary: 'collect the READMEs of all packages in one document',
    load: async () => (await import('./commands/readme.ts')).command,
  },
  {
    name: 'verify',
    group: KNOW,
    summary: 'compare this host with what was installed on it',
    load: async () => (await import('./commands/verify.ts')).command,
  },
  {
    name: 'doctor',
    group: KNOW,
    summary: 'look for whatever is wrong on this host, and mend it',
    load: async () => (await import('./commands/doctor.ts')).command,
  },
  {
    name: 'history',
    group: HOST,
    summary: 'show what was changed on this host, when and by whom',
    load: async () => (await import('./commands/history.ts')).command,
  },
  {
    name: 'rollback',
    group: HOST,
    summary: 'go back to an earlier generation',
    load: async () => (await import('./commands/rollback.ts')).command,
  },
  {
    name: 'gc',
    group: HOST,
    summary: 'free what is kept for going back to old generations',
    load: async () => (await import('./commands/gc.ts')).command,
  },
  {
    name: 'recover',
    group: HOST,
    summary: 'finish or take back what a killed command left',
    load: async () => (await import('./commands/recover.ts')).command,
  },
  {
    name: 'config',
    group: SITE,
    summary: 'show the configuration in force and where each value comes from',
    load: async () => (await import('./commands/config.ts')).command,
  },
  {
    name: 'facts',
    group: SITE,
    summary: 'show what is known of this host, for scripts and templates',
    load: async () => (await import('./commands/facts.ts')).command,
  },
  {
    name: 'arch',
    group: SITE,
    summary: 'print the architecture of this host',
    load: async () => (await import('./commands/arch.ts')).command,
  },
  {
    name: 'platform',
    group: SITE,
    summary: 'print the platform of this host',
    load: async () => (await import('./commands/platform.ts')).command,
  },
  {
    name: 'completion',
    group: SITE,
    summary: 'print what makes bash, zsh or fish complete words',
    load: async () => (await import('./commands/completion.ts')).command,
  },
  {
    name: 'pull',
    group: MANY,
    summary: 'make the packages of this host what a store has, and install them',
    load: async () => (await import('./commands/pull.ts')).command,
  },
  {
    name: 'freeze',
    group: MANY,
    summary: 'hold packages at what they are, or show which are held',
    load: async () => (await import('./commands/freeze.ts')).command,
  },
  {
    name: 'thaw',
    group: MANY,
    summary: 'let packages be pulled again',
    load: async () => (await import('./commands/thaw.ts')).command,
  },
  {
    name: 'key',
    group: MANY,
    summary: 'make keys, and say whom a store is to believe',
    load: async () => (await import('./commands/key.ts')).command,
  },
  {
    name: 'publish',
    group: MANY,
    summary: 'write packages into a store, from which hosts pull them',
    load: async () => (await import('./commands/publish.ts')).command,
  },
  {
    name: 'store',
    group: MANY,
    summary: 'sweep, verify or mirror a store',
    load: async () => (await import('./commands/store.ts')).command,
  },
  {
    name: 'serve',
    group: MANY,
    summary: 'serve a store, or what this host has pulled, to other hosts',
    load: async () => (await import('./commands/serve.ts')).command,
  },
  {
    name: 'attach',
    group: MANY,
    summary: 'have packages by links into a tree that is mounted',
    load: async () => (await import('./commands/attach.ts')).command,
  },
  {
    name: 'detach',
    group: MANY,
    summary: 'take attached packages away, or turn them into copies',
    load: async () => (await import('./commands/detach.ts')).command,
  },
  {
    name: 'status',
    group: MANY,
    summary: 'tell which hosts still lack what, since when, and why',
    load: async () => (await import('./commands/status.ts')).command,
  },
  {
    name: 'report',
    group: MANY,
    summary: 'report what has come in from hosts and logs, the unknown first',
    load: async () => (await import('./commands/report.ts')).command,
  },
  {
    name: 'sdist',
    group: MANY,
    summary: 'build a package on the masters of other architectures',
    load: async () => (await import('./commands/sdist.ts')).command,
  },
  {
    name: 'maintenance',
    group: MANY,
    summary: 'keep this host right, and report what is not: the job of every night',
    load: async () => (await import('./commands/maintenance.ts')).command,
  },
  {
    name: 'distribute',
    group: MANY,
    summary: 'send packages to other hosts over ssh',
    load: async () => (await import('./commands/distribute.ts')).command,
  },
  {
    name: 'dist-recurse',
    group: MANY,
    summary: 'send packages down the tree of hosts, each going on to those below it',
    load: async () => (await import('./commands/dist-recurse.ts')).command,
  },
  {
    name: 'receive',
    group: MANY,
    summary: 'take packages that another host distributes: for a key in authorized_keys',
    load: async () => (await import('./commands/receive.ts')).command,
  },
  {
    name: 'domain',
    group: MANY,
    summary: 'show the domains of hosts, and what each of them gets',
    load: async () => (await import('./commands/domain.ts')).command,
  },
];
