/** Accounts by name: from the site's own `/etc/passwd`, else as this host knows them (NSS, by getent). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { b, fromBuffer, printable, split, toBuffer, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';
import { inSite, type Site } from './site.ts';

export interface Account {
  readonly name: Bytes;
  readonly uid: number;
  readonly gid: number;
  readonly home: Bytes;
}

/** The account, or undefined when neither the site nor the host has it. */
export function findAccount(site: Site, name: Bytes): Account | undefined {
  if (name === '' || /[:\n/]/.test(name)) return undefined;
  return accountIn(readText(inSite(site, b`/etc/passwd`)), name) ?? accountIn(getent(name), name);
}

/** As {@link findAccount}. @throws XhError E_NO_ACCOUNT (exit 2) */
export function demandAccount(site: Site, name: Bytes): Account {
  const found = findAccount(site, name);
  if (found !== undefined) return found;
  throw new XhError('E_NO_ACCOUNT', `there is no account '${printable(name)}'`, {
    exit: EXIT.usage,
    remedy: 'make the account, or name another one in .admin/Options',
  });
}

/** passwd(5): name:password:uid:gid:gecos:home:shell. */
function accountIn(text: Bytes, name: Bytes): Account | undefined {
  for (const line of split(text, '\n')) {
    if (!line.startsWith(`${name}:`)) continue;
    const [, , uid, gid, , home] = split(line, ':');
    if (uid === undefined || gid === undefined || !/^\d+$/.test(uid) || !/^\d+$/.test(gid))
      continue;
    return { name, uid: Number(uid), gid: Number(gid), home: home ?? b`/` };
  }
  return undefined;
}

function readText(path: Bytes): Bytes {
  try {
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch {
    return b``;
  }
}

function getent(name: Bytes): Bytes {
  // `--` since a name may begin with a dash
  const found = spawnSync('getent', ['passwd', '--', name], {
    encoding: 'latin1',
    timeout: 10_000,
  });
  return (found.status === 0 ? found.stdout : '') as Bytes;
}
