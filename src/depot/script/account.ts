/**
 * Whom a package's script runs as. The account's user, group and supplementary groups are taken on by
 * this process for the moment in which it starts the child, which is left with them alone: execve(2)
 * makes the saved ids those of the account, and takes what root may do away. Node's own `uid` option
 * empties the supplementary groups, and a terminal's would leave it root's.
 */
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { b, bytes, fromBuffer, printable, type Bytes } from '../../bytes/bytes.ts';
import { errnoOf } from '../../files/error.ts';
import { calls } from '../../files/kernel.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readAccounts, type User } from '../../site/accounts.ts';
import { demandAccount } from '../../site/site-accounts.ts';
import { inSite, type Site } from '../../site/site.ts';
import { withCommonLimit } from './limits.ts';

export interface Identity extends Pick<User, 'name' | 'uid' | 'gid' | 'home'> {
  /** All of them, the account's own among them. */
  readonly groups: readonly number[];
  /** Whether it is another than this process's own. */
  readonly other: boolean;
}

export interface Choice {
  readonly package: Bytes;
  readonly runAs: Bytes | undefined;
  readonly owner: Bytes | undefined;
}

/**
 * `run-as`, else the owner, else nobody; only root can choose, and root it is when `run-as` says so.
 * @throws XhError E_NO_ACCOUNT (exit 2); E_RUN_AS (exit 4) where another account would be needed
 */
export function identityFor(site: Site, { package: directory, runAs, owner }: Choice): Identity {
  const self = process.geteuid?.() ?? 0;
  if (self === 0) {
    const account = demandAccount(site, runAs ?? owner ?? NOBODY);
    // root's files are no reason to run as root: that takes a word of its own
    const chosen = account.uid === 0 && runAs === undefined ? demandAccount(site, NOBODY) : account;
    return { ...chosen, groups: groupsOf(site, chosen), other: true };
  }
  if (runAs !== undefined && demandAccount(site, runAs).uid !== self) {
    throw new XhError(
      'E_RUN_AS',
      `${printable(directory)}: its Install script runs as ${printable(runAs)}, which only root may choose`,
      { exit: EXIT.notPermitted, remedy: 'run the command as root' },
    );
  }
  return ourselves(self);
}

/**
 * Calls `start` as the account, with umask 022 and the common limit of open files.
 * @throws XhError E_RUN_AS (exit 4) when the account may not be taken on
 */
export function startAs<T>(identity: Identity, start: () => T): T {
  const umask = process.umask(0o022);
  try {
    return withCommonLimit(() => (identity.other ? asAccount(identity, start) : start()));
  } finally {
    process.umask(umask);
  }
}

const NOBODY = b`nobody`;
/** setresuid(2): as it is. */
const KEEP = 0xffff_ffff;

function asAccount<T>(identity: Identity, start: () => T): T {
  const groups = process.getgroups?.() ?? [];
  const [user, group, ownGroup] = [
    process.getuid?.() ?? 0,
    process.getgid?.() ?? 0,
    process.getegid?.() ?? 0,
  ];
  permitted(identity, () => process.setgroups?.([...identity.groups]));
  try {
    permitted(identity, () => {
      calls.setresgid(identity.gid, identity.gid, KEEP);
      calls.setresuid(identity.uid, identity.uid, KEEP);
    });
    return start();
  } finally {
    // the saved user is root's still, and with it as the effective one all the rest may be set
    calls.setresuid(KEEP, 0, KEEP);
    calls.setresuid(user, KEEP, KEEP);
    calls.setresgid(group, ownGroup, KEEP);
    process.setgroups?.(groups);
  }
}

function permitted({ name, uid, gid }: Identity, change: () => void): void {
  try {
    change();
  } catch (error) {
    throw new XhError(
      'E_RUN_AS',
      `this process may not become ${printable(name)} (user ${uid}, group ${gid}): ${errnoOf(error) ?? String(error)}`,
      {
        exit: EXIT.notPermitted,
        remedy: 'in a container or user namespace, map the account into it; else name another one',
        cause: error,
      },
    );
  }
}

/** As initgroups(3), from where the account was found: the site's own files, or the host's. */
function groupsOf(site: Site, { name, gid }: User): number[] {
  const etc = inSite(site, b`/etc`);
  const isSites = readAccounts({ etc, getent: false }).user(name) !== undefined;
  const asked = isSites && site.root !== '/' ? undefined : askGetent(name);
  return [...new Set([gid, ...(asked ?? memberships(isSites ? etc : b`/etc`, name))])];
}

function memberships(etc: Bytes, name: Bytes): number[] {
  const accounts = readAccounts({ etc, getent: false });
  return [...accounts.groupNames()]
    .map((group) => accounts.group(group))
    .filter((group) => group?.members.includes(name) === true)
    .map((group) => group?.gid ?? 0);
}

/** What a directory service adds: `getent initgroups NAME` prints the name and numbers. */
function askGetent(name: Bytes): number[] | undefined {
  try {
    const output = execFileSync(
      'getent',
      ['initgroups', '--', Buffer.from(name, 'latin1').toString()],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 10_000,
      },
    );
    const words = fromBuffer(output).trim().split(/\s+/).slice(1);
    return words.filter((word) => /^\d{1,10}$/.test(word)).map(Number);
  } catch {
    // there is none, or it is another kind of it: the files then
    return undefined;
  }
}

function ourselves(uid: number): Identity {
  const ids = { uid, gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
  try {
    const { username, homedir } = userInfo();
    return { ...ids, name: bytes(username), home: bytes(homedir), other: false };
  } catch {
    // a number without an account, as containers have
    return { ...ids, name: bytes(String(uid)), home: b`/`, other: false };
  }
}
