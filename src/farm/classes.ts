/** The link classes as one table: which part of a package is linked where. */
import { b, type Bytes } from '../bytes/bytes.ts';
import { basename, isWithin } from '../bytes/path.ts';

export interface LinkClass {
  /** As in `Options` `links` and in receipts. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** From which directories of a package to which directories of the host. */
  readonly trees: readonly LinkTree[];
  /** Whether directories below are gone through, or only files directly in it are linked. */
  readonly deep: boolean;
  /** Whether only what can be executed is meant. */
  readonly executable?: boolean;
  /** Which files are meant; all unless given. The path is below `from`. */
  readonly wants?: (path: Bytes) => boolean;
}

export interface LinkTree {
  /** Below the package. */
  readonly from: Bytes;
  /** As inside the site. */
  readonly to: Bytes;
}

const ADMIN = b`/.software/local/.admin`;

export const LINK_CLASSES: readonly LinkClass[] = [
  {
    name: 'bin',
    summary: 'user commands',
    trees: [{ from: b`bin`, to: b`${ADMIN}/bins/bin` }],
    deep: false,
    executable: true,
  },
  {
    name: 'maintenance',
    summary: 'maintenance commands',
    trees: [{ from: b`maintenance`, to: b`${ADMIN}/bins/maintenance` }],
    deep: false,
    executable: true,
  },
  {
    name: 'servers',
    summary: 'commands for programs',
    trees: [{ from: b`servers`, to: b`${ADMIN}/bins/servers` }],
    deep: false,
    executable: true,
  },
  {
    name: 'man',
    summary: 'manual pages',
    trees: [
      { from: b`man`, to: b`${ADMIN}/man` },
      { from: b`share/man`, to: b`${ADMIN}/man` },
    ],
    deep: true,
    // cat pages and whatis databases belong to the host
    wants: (path) => /^(?:[^/]+\/)?man[^/]+\/[^/]+$/.test(path),
  },
  {
    name: 'info',
    summary: 'info documents',
    trees: [
      { from: b`info`, to: b`${ADMIN}/info` },
      { from: b`share/info`, to: b`${ADMIN}/info` },
    ],
    deep: true,
    // the directory of all documents is made, not linked: every package would bring its own
    wants: (path) => !/^dir(?:\.(?:gz|xz|old))?$/.test(path),
  },
  {
    name: 'completions',
    summary: 'shell completions',
    // where bash and fish look below each of XDG_DATA_DIRS
    trees: [
      {
        from: b`share/bash-completion/completions`,
        to: b`${ADMIN}/share/bash-completion/completions`,
      },
      { from: b`share/zsh/site-functions`, to: b`${ADMIN}/share/zsh/site-functions` },
      { from: b`share/zsh/vendor-completions`, to: b`${ADMIN}/share/zsh/site-functions` },
      {
        from: b`share/fish/vendor_completions.d`,
        to: b`${ADMIN}/share/fish/vendor_completions.d`,
      },
    ],
    deep: false,
  },
  {
    name: 'icons',
    summary: 'icons',
    trees: [{ from: b`share/icons`, to: b`${ADMIN}/share/icons` }],
    deep: true,
    wants: (path) => basename(path) !== 'icon-theme.cache',
  },
  {
    name: 'desktop',
    summary: 'desktop files',
    trees: [{ from: b`share/applications`, to: b`${ADMIN}/share/applications` }],
    deep: true,
    wants: (path) => basename(path) !== 'mimeinfo.cache',
  },
  {
    name: 'mime',
    summary: 'MIME types',
    trees: [{ from: b`share/mime/packages`, to: b`${ADMIN}/share/mime/packages` }],
    deep: false,
    wants: (path) => path.endsWith('.xml'),
  },
  {
    name: 'pkgconfig',
    summary: 'pkg-config files',
    trees: [
      { from: b`lib/pkgconfig`, to: b`${ADMIN}/pkgconfig` },
      { from: b`share/pkgconfig`, to: b`${ADMIN}/pkgconfig` },
    ],
    deep: false,
  },
  {
    name: 'locale',
    summary: 'message catalogues',
    trees: [{ from: b`share/locale`, to: b`${ADMIN}/share/locale` }],
    deep: true,
  },
  {
    name: 'include',
    summary: 'headers',
    trees: [{ from: b`include`, to: b`/usr/include` }],
    deep: true,
  },
  {
    name: 'lib',
    summary: 'libraries',
    trees: [{ from: b`lib`, to: b`/usr/local/lib` }],
    deep: false,
    // what a linker or the loader looks for; a program's private files are not linked
    wants: (path) => /^lib[^/]*\.(?:a|la|so(?:\.[^/]*)?)$/.test(path),
  },
];

/** The class in whose farm `path` stands, the most special one; undefined when it stands in none. */
export function classAt(path: Bytes): LinkClass | undefined {
  let best: { readonly found: LinkClass; readonly length: number } | undefined;
  for (const linkClass of LINK_CLASSES) {
    for (const { to } of linkClass.trees) {
      if (isWithin(to, path) && path !== to && to.length > (best?.length ?? 0)) {
        best = { found: linkClass, length: to.length };
      }
    }
  }
  return best?.found;
}

/** The classes that are named, in the order of the table. */
export function classesNamed(names: readonly string[]): readonly LinkClass[] {
  return LINK_CLASSES.filter((linkClass) => names.includes(linkClass.name));
}
