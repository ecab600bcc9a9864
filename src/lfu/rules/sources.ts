/** The system that rules are resolved against: its files, accounts and netgroups, each read once. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { bytes, fromBuffer, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { readAccounts, type Accounts } from '../../site/accounts.ts';
import { openNetgroups } from '../../site/netgroup.ts';
import type { RuleSources } from './object.ts';

export interface SystemSources {
  readonly arch: Bytes;
  /** Files asked before `/etc/netgroup`, in this order. */
  readonly netgroupFiles?: readonly Bytes[];
  /** Default: this host's name. */
  readonly host?: Bytes;
  /** Seconds since the epoch. Default: now. */
  readonly now?: number;
  readonly accounts?: Accounts;
}

/** What rules ask of this system. Files are read when a script names them. */
export function systemSources(options: SystemSources): RuleSources {
  const accounts = options.accounts ?? readAccounts();
  const netgroups = openNetgroups({ files: options.netgroupFiles ?? [] });
  return {
    readScript: readText,
    readList: readText,
    netgroup: (name) => netgroups.users(name),
    user: (name) => accounts.user(name)?.uid,
    group: (name) => accounts.group(name)?.gid,
    users: () => accounts.userNames(),
    groups: () => accounts.groupNames(),
    now: options.now ?? Date.now() / 1000,
    host: options.host ?? bytes(hostname()),
    arch: options.arch,
  };
}

/** @throws XhError `E_RULE_READ` when the file is there and cannot be read. */
function readText(path: Bytes): Bytes | undefined {
  try {
    return fromBuffer(readFileSync(toBuffer(path)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new XhError('E_RULE_READ', `cannot read ${printable(path)}: ${code ?? String(error)}`, {
      exit: EXIT.usage,
      place: { file: path },
      cause: error,
    });
  }
}
