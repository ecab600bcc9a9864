/** What the software brings that an import does not do: its scripts, its configuration, its owners. */
import { b, compareBytes, printable, slice, split, type Bytes } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import type { ImportFinding } from './findings.ts';
import type { ImportEntry, ImportedSoftware, MaintainerScript } from './source.ts';

/** Everything that somebody has to see to by himself. */
export function reportSoftware(software: ImportedSoftware): ImportFinding[] {
  return [
    ...software.scripts.map(reportScript),
    ...reportAlternatives(software),
    ...software.conffiles.map(reportConffile),
    ...reportTriggers(software),
    ...reportRivals(software),
    ...reportOwners(software.entries),
    ...reportAttributes(software.entries),
    ...reportSource(software.entries),
    // a module of npm finds its own below itself
    ...(software.source === 'npm' ? [] : reportModules(software.entries)),
  ];
}

/** What maintainer scripts call to change the host, and what a package has instead. */
const CALLS: readonly (readonly [command: string, instead: string])[] = [
  ['update-alternatives', 'links in bin'],
  ['adduser', 'export/passwd or export/sysusers.d'],
  ['useradd', 'export/passwd or export/sysusers.d'],
  ['systemd-sysusers', 'export/sysusers.d'],
  ['systemd-tmpfiles', 'export/tmpfiles.d'],
  ['deb-systemd-helper', 'export/systemd'],
  ['update-rc.d', 'export/boottime'],
  ['update-inetd', 'export/inetd.conf'],
  ['add-shell', 'export/shells'],
  ['dpkg-divert', 'export/replace'],
  ['dpkg-statoverride', '--allow-set-id'],
  ['setcap', 'the Install script'],
];

function reportScript({ name, content }: MaintainerScript): ImportFinding {
  const words = new Set(content.split(/[ \t\n;&|()`$"']/).map((word) => basename(word as Bytes)));
  const calls = CALLS.filter(([command]) => words.has(command as Bytes));
  const what = calls.map(([command]) => command).join(', ');
  const instead = [...new Set(calls.map(([, place]) => place))].join(', ');
  return {
    severity: calls.length > 0 ? 'warning' : 'note',
    code: 'IMPORT_SCRIPT',
    message: `the script ${printable(name)} is not run${what && `; it calls ${what}`}`,
    ...(instead && { remedy: `do what it does in .admin/Install, or by ${instead}` }),
  };
}

/** Names that only a script would make: `update-alternatives --install LINK NAME FILE …`. */
function reportAlternatives({ scripts, entries }: ImportedSoftware): ImportFinding[] {
  const own = new Map(entries.map(({ path }) => [path, path]));
  const findings = new Map<Bytes, ImportFinding>();
  for (const { name, content } of scripts) {
    const words = content.split(/[ \t\n\\]+/) as Bytes[];
    for (const [i, word] of words.entries()) {
      if (word !== '--install' && word !== '--slave') continue;
      const [link, file] = [words[i + 1], words[i + 3]];
      const path = file?.startsWith('/') ? own.get(slice(file, 1)) : undefined;
      if (path === undefined || link === undefined || findings.has(link)) continue;
      findings.set(link, {
        severity: 'warning',
        code: 'IMPORT_ALTERNATIVE',
        path,
        message: `is called ${printable(link)} by the script ${printable(name)}, which is not run`,
        remedy: `add a link ${printable(basename(link))} to it`,
      });
    }
  }
  return [...findings.values()];
}

function reportConffile(path: Bytes): ImportFinding {
  return {
    severity: 'note',
    code: 'IMPORT_CONFFILE',
    path,
    message: 'is configuration; the program may look for it at its old place only',
  };
}

function reportTriggers({ triggers }: ImportedSoftware): ImportFinding[] {
  return triggers.map((line) => ({
    severity: 'note',
    code: 'IMPORT_TRIGGER',
    message: `the trigger '${printable(line)}' is not carried out`,
  }));
}

function reportRivals({ conflicts, provides }: ImportedSoftware): ImportFinding[] {
  const findings: ImportFinding[] = [];
  const told = (code: string, what: string, names: readonly Bytes[]): void => {
    if (names.length === 0) return;
    const list = names.map(printable).join(', ');
    findings.push({ severity: 'note', code, message: `${what} ${list}` });
  };
  told('IMPORT_CONFLICTS', 'says that it does not go together with', conflicts);
  told('IMPORT_PROVIDES', 'says that it also provides', provides);
  return findings;
}

/** Files of others than root: in a package they belong to the package's owner. */
function reportOwners(entries: readonly ImportEntry[]): ImportFinding[] {
  const owners = new Map<Bytes, { count: number; first: Bytes }>();
  for (const { user, group, path } of entries) {
    const special = [user, group].filter((name) => name !== undefined && name !== 'root');
    if (special.length === 0) continue;
    const owner = b`${user ?? b``}:${group ?? b``}`;
    const known = owners.get(owner);
    if (known === undefined) owners.set(owner, { count: 1, first: path });
    else known.count++;
  }
  return [...owners]
    .toSorted(([one], [other]) => compareBytes(one, other))
    .map(([owner, { count, first }]) => ({
      severity: 'note',
      code: 'IMPORT_OWNER',
      path: first,
      message: `belongs to ${printable(owner)}${count > 1 ? `, with ${count - 1} more` : ''}; here to the package's owner`,
    }));
}

function reportAttributes(entries: readonly ImportEntry[]): ImportFinding[] {
  return entries.flatMap(({ path, attributes }): ImportFinding[] =>
    attributes === undefined
      ? []
      : [
          {
            severity: 'warning',
            code: 'IMPORT_ATTRIBUTES',
            path,
            message: `loses ${attributes.join(', ')}`,
          },
        ],
  );
}

/** Directories in which an interpreter looks by itself, and how it is told of others. */
const MODULES: readonly (readonly [directory: RegExp, variable: string])[] = [
  [/(?:^|\/)(?:share|lib\/[^/]+|lib)\/perl5(?=\/|$)/, 'PERL5LIB'],
  [/(?:^|\/)lib\/python3[^/]*\/(?:dist|site)-packages(?=\/|$)/, 'PYTHONPATH'],
  [/(?:^|\/)lib\/ruby\/(?:vendor|site)_ruby(?=\/|$)/, 'RUBYLIB'],
  [/(?:^|\/)(?:share\/nodejs|lib\/node_modules)(?=\/|$)/, 'NODE_PATH'],
  [/(?:^|\/)share\/php(?=\/|$)/, 'include_path'],
];

function reportModules(entries: readonly ImportEntry[]): ImportFinding[] {
  return MODULES.flatMap(([directory, variable]): ImportFinding[] => {
    const found = entries.find(({ path, type }) => type === 'file' && directory.test(path));
    const match = found && directory.exec(found.path);
    if (!match) return [];
    const path = slice(found.path, 0, match.index + match[0].length);
    return [
      {
        severity: 'warning',
        code: 'IMPORT_MODULES',
        path,
        message: 'an interpreter that looks for modules there does not find them in the package',
        remedy: `set ${variable}, for example by a file in export/profile.d`,
      },
    ];
  });
}

/** Source code has no programs in it yet. */
function reportSource(entries: readonly ImportEntry[]): ImportFinding[] {
  const found = entries.find(({ path }) => {
    const parts = split(path, '/');
    return parts.length <= 2 && SOURCE_FILES.has(parts.at(-1) ?? '');
  });
  if (found === undefined) return [];
  return [
    {
      severity: 'warning',
      code: 'IMPORT_SOURCE_CODE',
      path: found.path,
      message: 'this looks like source code, not like installed software',
      remedy: 'build it first: xh make',
    },
  ];
}

const SOURCE_FILES: ReadonlySet<string> = new Set([
  'configure',
  'configure.ac',
  'CMakeLists.txt',
  'meson.build',
  'Cargo.toml',
]);
