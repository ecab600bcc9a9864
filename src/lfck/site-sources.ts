/**
 * Accounts and netgroups of a site: its own files where it has them, then what this host knows. A
 * directory of the operator's takes the place of both.
 */
import { existsSync } from 'node:fs';
import { b, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { join } from '../bytes/path.ts';
import { readAccounts, type Accounts } from '../site/accounts.ts';
import { openNetgroups, type Netgroups } from '../site/netgroup.ts';
import { inSite, type Site } from '../site/site.ts';

export interface SiteSources {
  readonly accounts: Accounts;
  /** Those in files only: asking for many that are not there costs nothing. */
  readonly accountsInFiles: Accounts;
  readonly netgroups: Netgroups;
}

export interface SourceOptions {
  /** The directory of `passwd`, `group` and `netgroup`, and of nothing else. */
  readonly etc?: Bytes | undefined;
  /** Files with netgroups, asked first. */
  readonly netgroupFiles?: readonly Bytes[];
}

export function openSiteSources(site: Site, options: SourceOptions = {}): SiteSources {
  const { etc, netgroupFiles = [] } = options;
  if (etc !== undefined) {
    const accounts = readAccounts({ etc, getent: false });
    const systemFile = join(etc, b`netgroup`);
    const netgroups = openNetgroups({ files: netgroupFiles, systemFile, getent: false });
    return { accounts, accountsInFiles: accounts, netgroups };
  }
  const host = readAccounts();
  const hostFiles = readAccounts({ getent: false });
  if (site.root === '/') {
    const netgroups = openNetgroups({ files: netgroupFiles });
    return { accounts: host, accountsInFiles: hostFiles, netgroups };
  }
  const own = readAccounts({ etc: inSite(site, b`/etc`), getent: false });
  const ownNetgroups = inSite(site, b`/etc/netgroup`);
  const files = existsSync(toBuffer(ownNetgroups))
    ? [...netgroupFiles, ownNetgroups]
    : netgroupFiles;
  return {
    accounts: firstOf(own, host),
    accountsInFiles: firstOf(own, hostFiles),
    netgroups: openNetgroups({ files }),
  };
}

function firstOf(first: Accounts, second: Accounts): Accounts {
  return {
    user: (name) => first.user(name) ?? second.user(name),
    userById: (uid) => first.userById(uid) ?? second.userById(uid),
    group: (name) => first.group(name) ?? second.group(name),
    groupById: (gid) => first.groupById(gid) ?? second.groupById(gid),
    userNames: () => new Set([...first.userNames(), ...second.userNames()]),
    groupNames: () => new Set([...first.groupNames(), ...second.groupNames()]),
  };
}
