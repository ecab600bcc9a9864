/** `xh symlinks FILE` and `xh autolink FILE`: links that files of the site ask for, made by the farms' rules. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { b, bytes, fromBuffer, printable, toBuffer, toText, type Bytes } from '../bytes/bytes.ts';
import { autolinks, readAutolink, type Environment } from '../farm/autolink.ts';
import { planDatabase } from '../farm/database.ts';
import { readSymlinks, type HostNames, type UserLink } from '../farm/symlinks.ts';
import { asFileError } from '../files/error.ts';
import type { Plan } from '../host/plan.ts';
import type { Host } from '../host/transaction.ts';
import { demand } from '../package/admin-file.ts';
import { architecture, hostIdentity } from '../site/arch.ts';
import type { Config } from '../site/config.ts';
import { readAccounts } from '../site/accounts.ts';
import { inSite, type Site } from '../site/site.ts';
import { finishPlanning, startPlanning } from './context.ts';

export interface SymlinksCall {
  /** Where links stand whose names are no absolute paths. */
  readonly userDirectory: Bytes;
  /** What this host is called, unless the lines of another are wanted. */
  readonly host?: HostNames;
}

/**
 * Plans the links of a link database ("Link Globally, Act Locally", LISA 1991).
 * @param file its absolute path, by which its links are known as its own
 * @throws DiagnosticError with all that is wrong in it; FileError when it cannot be read
 */
export function planSymlinks(
  host: Host,
  config: Config,
  file: Bytes,
  { userDirectory, host: names = hostNames() }: SymlinksCall,
): Plan {
  const planning = startPlanning(host, config);
  const read = readSymlinks(file, contentOf(file), { host: names, userDirectory });
  const links = demand(read).map((link) => ({ ...link, target: targetOf(host.site, link.target) }));
  const { conflicts, notes } = planDatabase(planning.draft, file, links);
  planning.conflicts.push(...conflicts);
  planning.notes.push(...doubts(host.site, links), ...notes);
  return finishPlanning(planning, 'symlinks', []);
}

/**
 * Plans layered farms ("Bootstrapping an Infrastructure", LISA 1998).
 * @throws DiagnosticError, FileError as {@link planSymlinks}
 */
export function planAutolink(
  host: Host,
  config: Config,
  file: Bytes,
  environment: Environment,
): Plan {
  const planning = startPlanning(host, config);
  const layers = demand(readAutolink(file, contentOf(file), environment));
  const { links, notes } = autolinks(planning.draft, host.site, layers);
  const planned = planDatabase(planning.draft, file, links);
  planning.conflicts.push(...planned.conflicts);
  planning.notes.push(...notes, ...planned.notes);
  return finishPlanning(planning, 'autolink', []);
}

function hostNames(): HostNames {
  const name = hostname();
  return {
    hosts: [...new Set([name, name.split('.')[0] ?? name])],
    architecture: toText(architecture()),
    system: hostIdentity().system,
  };
}

function contentOf(file: Bytes): Bytes {
  try {
    return fromBuffer(readFileSync(toBuffer(file)));
  } catch (error) {
    throw asFileError(error, file);
  }
}

/** Absolute targets stand under the site root, as all that the system writes. */
function targetOf(site: Site, target: Bytes): Bytes {
  return target.startsWith('/') ? inSite(site, target) : target;
}

/** What the accounts say against links that are to be home directories. */
function doubts(site: Site, links: readonly UserLink[]): string[] {
  const accounts = readAccounts({ etc: inSite(site, b`/etc`) });
  return links.flatMap(({ path, user }) => {
    if (user === undefined) return [];
    const home = accounts.user(user)?.home;
    const shown = printable(path);
    if (home === undefined) return [`${shown}: there is no account ${printable(user)}`];
    return home === path
      ? []
      : [`${shown}: the home directory of ${printable(user)} is ${printable(home)}`];
  });
}

/** Where home directories have their links, as the paper has it. */
export const USER_DIRECTORY = bytes('/user');
