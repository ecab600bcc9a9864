/**
 * The keys of `/etc/xhier.toml`: one table that validation, `xh config` and the man page are made
 * from. A new key is one entry here. The names of keys are the names of the values in force.
 */
import { b, bytes, type Bytes } from '../bytes/bytes.ts';
import { key, type ConfigKey } from './config-key.ts';
import {
  absolutePath,
  anyText,
  componentName,
  integer,
  list,
  packagePatterns,
  mailAddress,
  map,
  record,
  text,
  type ValueKind,
} from './config-values.ts';
import { ATTACH_KEYS } from './attach-keys.ts';
import { STANDARD_FILE_TYPES } from './file-types.ts';
import { HOST_KEYS } from './host-keys.ts';
import { MAINTENANCE_KEYS } from './maintenance-keys.ts';
import { STATUS_KEYS } from './status-keys.ts';
import { STORE_KEYS } from './store-keys.ts';

/** A file type that the site adds. */
export interface AddedFileType {
  readonly summary: Bytes;
  readonly 'shared-by': Bytes;
  readonly root?: Bytes;
}

/** Account and group numbers, both ends included. */
export type IdRange = readonly [first: number, last: number];

const typeName = text(
  `the name of a type that the site adds: lower-case letters, digits and '-', none of ${STANDARD_FILE_TYPES.map(({ name }) => name).join(', ')}`,
  (name) =>
    /^[a-z][a-z0-9-]{0,63}$/.test(name) && !STANDARD_FILE_TYPES.some((each) => each.name === name),
);

const addedType = record<AddedFileType>("a table with the keys 'summary', 'shared-by' and 'root'", {
  summary: { kind: anyText, required: true },
  'shared-by': { kind: anyText, required: true },
  root: { kind: absolutePath, required: false },
});

const idRange: ValueKind<IdRange> = {
  expected: 'two numbers, [first, last], from 1 to 4294967294',
  read(value, path, report) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    const [first, last, ...rest] = items;
    if (isId(first) && isId(last) && first <= last && rest.length === 0) return [first, last];
    report({ path, message: `expected ${idRange.expected}` });
    return undefined;
  },
};

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 32 - 1;
}

const ADMIN = '/.software/local/.admin';

/** `commands` on directory `d`, a farm's, unless it has gone; where `tool` is not there nothing is done. */
function onFarm(d: string, tool: string, line: string): string {
  return `d="$XH_ROOT${d}"; test ! -d "$d" || ! command -v ${tool} >/dev/null || ${line}`;
}

/** What is made of the links of a farm, for those who look things up in it. */
const FARM_CACHES: Readonly<Record<string, string>> = {
  [`${ADMIN}/man`]: onFarm(
    `${ADMIN}/man`,
    'mandb',
    // run by root it gives the directories to the account of man(1), which is to have no part in a farm
    '{ mandb --quiet --user-db "$d" && { chown -Rh --from=man root "$d" 2>/dev/null || :; }; }',
  ),
  [`${ADMIN}/info`]: onFarm(
    `${ADMIN}/info`,
    'install-info',
    '{ rm -f "$d/.dir.new"; for f in "$d"/*.info "$d"/*.info.*; do test ! -e "$f" || install-info --quiet --dir-file="$d/.dir.new" "$f" || exit; done; test ! -f "$d/.dir.new" || mv -f "$d/.dir.new" "$d/dir"; }',
  ),
  [`${ADMIN}/share/icons`]: onFarm(
    `${ADMIN}/share/icons`,
    'gtk-update-icon-cache',
    'for t in "$d"/*/; do gtk-update-icon-cache --quiet --ignore-theme-index --force "$t" || exit; done',
  ),
  [`${ADMIN}/share/applications`]: onFarm(
    `${ADMIN}/share/applications`,
    'update-desktop-database',
    'update-desktop-database --quiet "$d"',
  ),
  [`${ADMIN}/share/mime`]: onFarm(
    `${ADMIN}/share/mime`,
    'update-mime-database',
    'update-mime-database "$d"',
  ),
};

/** A shell command; empty text turns a default off. */
const command = text('a shell command on one line, or an empty string for none', () => true);

const className = text("a class such as 'bin' or 'man'", (name) =>
  /^[a-z][a-z0-9-]{0,63}$/.test(name),
);

const elementName = text(
  "a name of letters, digits and _ . + - such as 'x11', other than standard",
  (name) => /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/.test(name) && name !== 'standard',
);

const factName = text("a name such as 'room'", (name) => /^[a-z][a-z0-9-]{0,63}$/.test(name));

export const CONFIG_KEYS = {
  'arch-store': key<Bytes | undefined>({
    kind: absolutePath,
    default: undefined,
    summary:
      'Directory with one tree per architecture, on a host that serves several; /.software/arch is then a link to its own.',
  }),
  'file-types': key<ReadonlyMap<Bytes, AddedFileType>>({
    kind: map(typeName, addedType),
    default: new Map(),
    summary: 'File types of this site, beside the standard ones.',
  }),
  'default-packages.only': key<readonly Bytes[] | undefined>({
    kind: packagePatterns,
    default: undefined,
    summary:
      "Packages whose commands enter the link farms, instead of those whose own Options say 'default = yes'.",
  }),
  'default-packages.also': key<readonly Bytes[]>({
    kind: packagePatterns,
    default: [],
    summary: 'Packages that are default on this host, whatever their Options say.',
  }),
  'default-packages.never': key<readonly Bytes[]>({
    kind: packagePatterns,
    default: [],
    summary: "Packages that are not default on this host; stronger than 'only' and 'also'.",
  }),
  prefer: key<ReadonlyMap<Bytes, Bytes>>({
    kind: map(componentName, componentName),
    default: new Map(),
    summary: 'Which package wins a name that several offer: NAME = PACKAGE.',
  }),
  maintainer: key<Bytes | undefined>({
    kind: mailAddress,
    default: undefined,
    environment: 'XH_MAINTAINER',
    option: '--maintainer',
    summary: 'Mail address that new packages name as their maintainer; else the user at this host.',
  }),
  templates: key<Bytes>({
    kind: absolutePath,
    default: b`/etc/xhier/templates`,
    summary: "The site's own templates for new packages; what is there wins.",
  }),
  'lock-timeout': key<number>({
    kind: integer('a number of seconds, 0 to 86400', 0, 86_400),
    default: 60,
    environment: 'XH_LOCK_TIMEOUT',
    option: '--lock-timeout',
    summary: 'How many seconds a command waits for another one that changes the host.',
  }),
  'keep-generations': key<number>({
    kind: integer('a number of generations, 1 to 100000', 1, 100_000),
    default: 20,
    option: '--keep',
    summary: 'How many of the newest generations xh gc keeps at least.',
  }),
  'keep-days': key<number>({
    kind: integer('a number of days, 0 to 36500', 0, 36_500),
    default: 30,
    summary: 'Generations that are not so many days old are kept too, however many there are.',
  }),
  gc: key<Bytes>({
    kind: text("'automatic' or 'manual'", (name) => name === 'automatic' || name === 'manual'),
    default: b`automatic`,
    summary:
      "Whether commands collect by themselves what is beyond both 'keep-generations' and 'keep-days', a good number of generations at a time, or only xh gc does.",
  }),
  'script-timeout': key<number>({
    kind: integer('a number of seconds, 1 to 604800', 1, 604_800),
    default: 1800,
    summary:
      "How many seconds an Install script may run whose package does not say ('timeout' in .admin/Options).",
  }),
  'keep-transcripts': key<number>({
    kind: integer('a number of transcripts, 1 to 100000', 1, 100_000),
    default: 20,
    summary: "How many transcripts of a package's Install script are kept for each action.",
  }),
  'id-range': key<IdRange>({
    kind: idRange,
    default: [600, 799],
    summary:
      'Account and group numbers given to packages that ask for an account without a number.',
  }),
  facts: key<ReadonlyMap<Bytes, Bytes>>({
    kind: map(factName, anyText),
    default: new Map(),
    summary:
      "Facts of this site or host, beside those that 'xh facts' finds, or in their place: NAME = TEXT.",
  }),
  'vendor-path': key<ReadonlyMap<Bytes, readonly Bytes[]>>({
    kind: map(className, list(absolutePath)),
    default: new Map(),
    summary:
      "The vendor's directories of a class (bin, maintenance, servers, man, lib …), where those that are found on the host are wrong; not under the site root.",
  }),
  'path-elements': key<ReadonlyMap<Bytes, ReadonlyMap<Bytes, readonly Bytes[]>>>({
    kind: map(elementName, map(className, list(absolutePath))),
    default: new Map(),
    summary:
      "Elements that showpath is asked for by name or pattern, beside standard: per element its directories of each class (bin, maintenance, servers, man, lib …) on the host, in the table's order.",
  }),
  refresh: key<ReadonlyMap<Bytes, Bytes>>({
    kind: map(absolutePath, command),
    default: commands({
      ...FARM_CACHES,
      '/etc/aliases': '! command -v newaliases >/dev/null || newaliases',
      '/etc/inetd.conf': '! pgrep -x inetd >/dev/null || pkill -HUP -x inetd',
      '/etc/inittab': '! test -p /run/initctl || telinit q',
      '/etc/ld.so.conf.d': '! command -v ldconfig >/dev/null || ldconfig',
      '/etc/systemd/system': '! test -d /run/systemd/system || systemctl daemon-reload',
      '/etc/sysusers.d': '! command -v systemd-sysusers >/dev/null || systemd-sysusers',
      '/etc/tmpfiles.d':
        '! command -v systemd-tmpfiles >/dev/null || systemd-tmpfiles --create --exclude-prefix=/dev',
      '/usr/local/lib': '! command -v ldconfig >/dev/null || ldconfig',
      '/etc/xinetd.d': '! pgrep -x xinetd >/dev/null || pkill -HUP -x xinetd',
    }),
    summary:
      'Commands run once after a change to a system file, or to what is in a directory, a farm among them.',
  }),
  'refresh-on': key<readonly Bytes[]>({
    kind: list(absolutePath),
    default: [b`/`],
    summary: 'Site roots on which the refresh commands run.',
  }),
  ...STATUS_KEYS,
  ...MAINTENANCE_KEYS,
  ...STORE_KEYS,
  ...ATTACH_KEYS,
  ...HOST_KEYS,
} as const;

export type ConfigName = keyof typeof CONFIG_KEYS;
export type ConfigValues = {
  readonly [K in ConfigName]: (typeof CONFIG_KEYS)[K] extends ConfigKey<infer T> ? T : never;
};

function commands(table: Readonly<Record<string, string>>): ReadonlyMap<Bytes, Bytes> {
  return new Map(Object.entries(table).map(([path, line]) => [bytes(path), bytes(line)]));
}
