/** Checks of the link farms, of what is made of them, and of the path table. */
import { b, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { farmDirectories } from '../../farm/inventory.ts';
import type { Time } from '../../files/stat.ts';
import type { Host } from '../../host/transaction.ts';
import { XhError } from '../../message/error.ts';
import { refreshCommands } from '../../site/refresh.ts';
import { inSite } from '../../site/site.ts';
import { checkFarm, insideOf, type FarmFinding } from '../farm.ts';
import { planLinks } from '../make-links.ts';
import { pathTableStanding, PATH_TABLE, planPathTable } from '../path-table.ts';
import { shellWord } from '../shell-word.ts';
import { ASIDE } from './transactions.ts';
import { ORDER, type Finding, type HostCheck, type Repair } from './finding.ts';

const RELINK: Repair = {
  when: 'safe',
  order: ORDER.links,
  plan: (planning) => {
    planLinks(planning, planning.receipts.directories(), true);
  },
};

export const farms: HostCheck = {
  id: 'farms',
  what: 'links of the farms that are missing, lead nowhere, were turned, or that nobody wants',
  needsTrees: true,
  *run({ host, receipts, damaged }) {
    const moved = receipts
      .flatMap(({ links }) => links)
      .some(({ target }) => !target.startsWith(inSite(host.site, b`/software/`)));
    // those are a finding of their own, and each of its links would be another
    if (moved) return;
    for (const found of checkFarm(
      host,
      receipts.filter(({ current }) => current),
    )) {
      // whose they are cannot be said while a receipt is damaged
      if (found.kind === 'stray' && damaged.length > 0) continue;
      // what a transaction has put aside is found by another check
      if (ASIDE.test(basename(found.path))) continue;
      const { target } = found;
      if (target !== undefined && isDanglingItself(host, target)) {
        yield danglingItself(found, target);
        continue;
      }
      yield asFinding(found, shellWord(inSite(host.site, found.path)));
    }
  },
};

/** Whether the package itself has a link there: then no other link will do. */
function isDanglingItself(host: Host, target: Bytes): boolean {
  try {
    return host.walker.stat(insideOf(host, target)) !== undefined;
  } catch (error) {
    if (error instanceof XhError) return false;
    throw error;
  }
}

function danglingItself({ path }: FarmFinding, target: Bytes): Finding {
  return {
    severity: 'note',
    path,
    message: `${printable(path)} leads to ${printable(target)}, which is itself a link to nothing`,
    cause: 'the host, or another package, does not have what the package links to',
    remedy: `see where it leads, and bring that: readlink -m ${shellWord(target)}`,
  };
}

function asFinding({ kind, path, message, remedy }: FarmFinding, at: string): Finding {
  const base = { severity: 'problem', path, message, remedy } as const;
  switch (kind) {
    case 'missing':
    case 'wrong':
      return { ...base, remedy: 'xh make-links', repair: RELINK };
    case 'dangling':
      return { ...base, repair: RELINK };
    case 'stray':
      return {
        ...base,
        remedy: `rm ${at}, unless it is your own`,
        repair: {
          when: 'asked',
          order: ORDER.links,
          plan: ({ draft }) => {
            draft.remove(path);
          },
        },
      };
    case 'foreign':
      // in nobody's way, it is somebody's own
      return message.includes(' wants a link') ? base : { ...base, severity: 'note' };
  }
}

export const pathTable: HostCheck = {
  id: 'path-table',
  what: 'the path table that showpath reads: missing, damaged, or of another time',
  *run({ planning, receipts, damaged }) {
    const standing = pathTableStanding(planning);
    if (standing === 'right' || receipts.length + damaged.length === 0) return;
    const words = {
      missing: 'the path table is missing: showpath prints the directories of the vendor only',
      damaged: 'the path table is damaged: showpath prints the directories of the vendor only',
      old: 'the path table is not what this host is now',
    } as const;
    yield {
      severity: 'problem',
      path: PATH_TABLE,
      message: words[standing],
      ...(standing === 'old' && {
        cause: 'directories of the vendor, the configuration or the site root have changed since',
      }),
      remedy: 'xh make-links',
      repair: { when: 'safe', order: ORDER.table, plan: planPathTable },
    };
  },
};

const ADMIN = b`/.software/local/.admin`;

/** What refresh commands make of a farm, and what they make it with. */
const MADE = [
  [b`${ADMIN}/man`, b`index.db`, 'mandb'],
  [b`${ADMIN}/info`, b`dir`, 'install-info'],
  [b`${ADMIN}/share/applications`, b`mimeinfo.cache`, 'update-desktop-database'],
  [b`${ADMIN}/share/mime`, b`mime.cache`, 'update-mime-database'],
] as const;

export const caches: HostCheck = {
  id: 'caches',
  what: 'what is made of the links (mandb, install-info, …) and is older than they are',
  needsTrees: true,
  *run({ host, config }) {
    for (const [top, name, tool] of MADE) {
      const cache = host.walker.stat(b`${top}/${name}`, { follow: true });
      if (cache === undefined) continue;
      const newer = farmDirectories(host.walker).some((directory) => {
        const stat = directory.startsWith(top) ? host.walker.stat(directory) : undefined;
        // the cache is written into the directory itself
        return stat !== undefined && isAfter(stat.mtime, cache.mtime);
      });
      if (!newer) continue;
      const [command] = refreshCommands(config, host.site, [b`${top}/x`]);
      yield {
        severity: 'note',
        path: b`${top}/${name}`,
        message: `${printable(b`${top}/${name}`)} is older than the links that it is made of`,
        cause: `${tool} was not there, or failed, when they changed`,
        remedy:
          command === undefined
            ? `run ${tool}, or list this root in refresh-on (/etc/xhier.toml)`
            : `XH_ROOT=${shellWord(host.site.root)} sh -c ${shellWord(command.command)}`,
        ...(command !== undefined && {
          repair: {
            when: 'safe',
            order: ORDER.table,
            plan: () => undefined,
            refresh: toText(command.command),
          } as const,
        }),
      };
    }
  },
};

/** By more than a second: the cache is put into place after it was made. */
function isAfter(one: Time, other: Time): boolean {
  return one.seconds > other.seconds + 1;
}
