/** An account of the site: from its own `/etc/passwd`, else as this host knows it. */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { readAccounts, type User } from './accounts.ts';
import { inSite, type Site } from './site.ts';

/** The account, or undefined when neither has it. @throws XhError E_ACCOUNTS */
export function findAccount(site: Site, name: Bytes): User | undefined {
  const own = readAccounts({ etc: inSite(site, b`/etc`), getent: false }).user(name);
  return own ?? readAccounts().user(name);
}

/** As {@link findAccount}. @throws XhError E_NO_ACCOUNT (exit 2) */
export function demandAccount(site: Site, name: Bytes): User {
  const found = findAccount(site, name);
  if (found !== undefined) return found;
  throw new XhError('E_NO_ACCOUNT', `there is no account '${printable(name)}'`, {
    exit: EXIT.usage,
    remedy: 'make the account, or name another one in .admin/Options',
  });
}

/**
 * Whether an account or a group of the site has the number; on `/` a directory service is asked too.
 * @throws XhError E_ACCOUNTS
 */
export function hasNumber(site: Site, of: 'account' | 'group', id: number): boolean {
  const accounts = readAccounts({ etc: inSite(site, b`/etc`) });
  return (of === 'account' ? accounts.userById(id) : accounts.groupById(id)) !== undefined;
}

/** Whether a directory service, and not the files, has an account or a group of that name: on `/` alone. */
export function inDirectory(site: Site, of: 'account' | 'group', name: Bytes): boolean {
  if (site.root !== '/') return false;
  const accounts = readAccounts();
  const inFiles = of === 'account' ? accounts.userNames() : accounts.groupNames();
  if ([...inFiles].includes(name)) return false;
  return (of === 'account' ? accounts.user(name) : accounts.group(name)) !== undefined;
}
