/** Whether the host has by itself what a package needs of it (`system:NAME`): its package manager's word, or a command or library of that name. */
import { existsSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { toText, type Bytes } from '../bytes/bytes.ts';

/** Where dpkg keeps one list of files for each package: `NAME.list`, `NAME:ARCH.list`. */
const DPKG = '/var/lib/dpkg/info';
const COMMANDS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** Looks at this host itself, never below a site root. */
export function hostHas(name: Bytes): boolean {
  const text = toText(name);
  return [text, ...(ALIASES.get(text) ?? [])].some(
    (each) => dpkgPackages().has(each) || isCommand(each) || rpmHas(each),
  );
}

/** What has one name as a package and another as a command. */
const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['nodejs', ['node']],
  ['node', ['nodejs']],
]);

let known: ReadonlySet<string> | undefined;

function dpkgPackages(): ReadonlySet<string> {
  if (known === undefined) {
    const names = existsSync(DPKG) ? readdirSync(DPKG) : [];
    known = new Set(
      names
        .filter((name) => name.endsWith('.list'))
        .map((name) => name.slice(0, -'.list'.length).replace(/:.*$/, '')),
    );
  }
  return known;
}

function isCommand(name: string): boolean {
  return !name.includes('/') && COMMANDS.some((directory) => existsSync(`${directory}/${name}`));
}

function rpmHas(name: string): boolean {
  if (!existsSync('/usr/bin/rpm') || existsSync(DPKG)) return false;
  return spawnSync('rpm', ['-q', '--whatprovides', '--', name], { stdio: 'ignore' }).status === 0;
}
