/** Checks of the machine: room, permissions, what it runs on, and whether users get what is installed. */
import { statfsSync } from 'node:fs';
import { release } from 'node:os';
import { b, printable, toBuffer, type Bytes } from '../../bytes/bytes.ts';
import { AT_FDCWD, calls, cString, SystemCallError } from '../../files/kernel.ts';
import { shippedPath } from '../../files/shipped.ts';
import { DiagnosticError } from '../../message/diagnostic.ts';
import { configPath } from '../../site/config.ts';
import { inSite } from '../../site/site.ts';
import { shellWord } from '../shell-word.ts';
import { unlessRefused } from '../../message/error.ts';
import { contentOf, namesIn } from './examination.ts';
import type { HostCheck } from './finding.ts';

export const configuration: HostCheck = {
  id: 'configuration',
  what: 'mistakes in /etc/xhier.toml: no command that needs it runs',
  *run({ configProblem, host }) {
    if (configProblem === undefined) return;
    const file = configPath(host.site);
    const remedy = `correct it: editor ${shellWord(file)}`;
    if (configProblem instanceof DiagnosticError) {
      for (const { line, message, hint } of configProblem.diagnostics) {
        yield {
          severity: 'problem',
          path: b`/etc/xhier.toml`,
          line,
          message: `/etc/xhier.toml:${line}: ${message}`,
          remedy: hint === undefined ? remedy : `${hint}: editor +${line} ${shellWord(file)}`,
        };
      }
    } else {
      const { message } = configProblem;
      yield {
        severity: 'problem',
        path: b`/etc/xhier.toml`,
        message,
        remedy: configProblem.remedy ?? remedy,
      };
    }
  },
};

/** Below these shares of what there is. */
const SCARCE = 0.05;
const FULL = 0.01;

export const room: HostCheck = {
  id: 'room',
  what: 'file systems that are almost full, by space or by number of files',
  *run({ host }) {
    const seen = new Set<string>();
    for (const path of [
      b`/.software/local/.admin`,
      b`/.software/share`,
      b`/.software/arch`,
      b`/etc`,
    ] as Bytes[]) {
      const real = host.walker.tryLocate(path, { follow: true })?.path;
      if (real === undefined || host.walker.stat(real) === undefined) continue;
      const { blocks, bavail, bsize, files, ffree, type } = statfsSync(
        toBuffer(inSite(host.site, real)),
      );
      const key = [blocks, bavail, files, ffree, type].join();
      if (seen.has(key)) continue;
      seen.add(key);
      const [space, names] = [blocks === 0 ? 1 : bavail / blocks, files === 0 ? 1 : ffree / files];
      if (space >= SCARCE && names >= SCARCE) continue;
      const isFull = space < FULL || names < FULL;
      const free =
        space < SCARCE
          ? `${Math.round((bavail * bsize) / 1024 / 1024)} MiB are free`
          : `${ffree} files can still be made`;
      yield {
        severity: isFull ? 'problem' : 'note',
        path,
        message: `${printable(path)}: the file system is ${isFull ? 'full' : 'almost full'}: ${free}`,
        remedy: `make room there: xh gc --keep 10, or: du -xh ${shellWord(inSite(host.site, real))} | sort -h | tail`,
      };
    }
  },
};

const ADMIN = b`/.software/local/.admin`;
/** What decides what runs, and as whom. */
const GUARDED: readonly Bytes[] = [
  b`/.software`,
  b`/.software/share`,
  b`/.software/arch`,
  b`/.software/local`,
  ADMIN,
  b`/etc/xhier.toml`,
  b`/etc/lfu.toml`,
];

export const permissions: HostCheck = {
  id: 'permissions',
  what: 'records, trees and configuration that others than their owner may write to: an open door',
  *run({ host }) {
    const { walker, site } = host;
    const below = namesIn(host, ADMIN).flatMap((name) => {
      const path = b`${ADMIN}/${name}`;
      return [path, ...namesIn(host, path).map((each) => b`${path}/${each}`)];
    });
    const owner = walker.stat(b`/.software/local`, { follow: true })?.uid;
    for (const path of [...GUARDED, ...below]) {
      const stat = walker.stat(path);
      if (stat === undefined || stat.type === 'l') continue;
      const shown = printable(path);
      const at = shellWord(inSite(site, path));
      const isSticky = stat.type === 'd' && (stat.mode & 0o1000) !== 0;
      if ((stat.mode & 0o002) !== 0 && !isSticky) {
        yield {
          severity: 'problem',
          path,
          message: `everybody may write to ${shown} (mode ${stat.mode.toString(8)}): whoever does can change what is installed`,
          remedy: `chmod o-w ${at}; xh verify`,
        };
      }
      const isRecord = path.startsWith(`${ADMIN}/`) || path === ADMIN;
      if (isRecord && owner !== undefined && stat.uid !== owner && stat.uid !== 0) {
        yield {
          severity: 'problem',
          path,
          message: `${shown} belongs to the user number ${stat.uid}, not to ${owner} as the host's own tree`,
          remedy: `chown ${owner} ${at}; xh verify`,
        };
      }
    }
  },
};

/** What package.json asks for. */
const NODE = [20, 19] as const;
/** Of the kernel: statx(2). */
const KERNEL = [4, 11] as const;

export const platform: HostCheck = {
  id: 'platform',
  what: 'an interpreter or a kernel that is too old, and the native library',
  *run() {
    const node = process.versions.node;
    if (isBelow(node, NODE)) {
      yield {
        severity: 'problem',
        message: `Node.js ${node} is older than ${NODE.join('.')}, which xhier is made for`,
        remedy: 'install a newer one',
      };
    }
    const kernel = release();
    if (process.platform === 'linux' && (isBelow(kernel, KERNEL) || !exchanges())) {
      yield {
        severity: 'problem',
        message: `the kernel (${kernel}) does not exchange two names in one step (renameat2)`,
        remedy: `use Linux ${KERNEL.join('.')} or newer`,
      };
    }
    if (process.env['XHIER_NATIVE'] === 'no') {
      yield {
        severity: 'note',
        message: 'the native library is turned off (XHIER_NATIVE=no): lfu is slower',
        remedy: 'unset XHIER_NATIVE',
      };
    } else if (shippedPath('native/pair-scan.so') === undefined) {
      yield {
        severity: 'note',
        message: 'the native library was not built: lfu is slower',
        cause: 'there was no C compiler when xhier was installed',
        remedy: 'install one, then in the directory of xhier: node scripts/build-native.mjs',
      };
    }
  },
};

function isBelow(version: string, [major, minor]: readonly [number, number]): boolean {
  const [one = 0, two = 0] = version.split(/[.-]/).map(Number);
  return one < major || (one === major && two < minor);
}

/** Whether the kernel knows renameat2(2): names that are not there are what it objects to. */
function exchanges(): boolean {
  try {
    calls.renameat2(AT_FDCWD, cString(b``), AT_FDCWD, cString(b``), 2);
    return true;
  } catch (error) {
    return error instanceof SystemCallError && error.errno !== 'ENOSYS';
  }
}

const PROFILES = (
  '/etc/profile /etc/bash.bashrc /etc/bashrc /etc/environment /etc/csh.login /etc/csh.cshrc /etc/zsh/zshenv ' +
  '/etc/zsh/zprofile /etc/zshenv /etc/zprofile /etc/fish/config.fish'
).split(' ') as Bytes[];

export const logins: HostCheck = {
  id: 'logins',
  what: 'whether a login gets the directories of packages: showpath in one of the profiles',
  *run({ host, receipts }) {
    if (!receipts.some(({ links }) => links.length > 0)) return;
    const dropIns = [b`/etc/profile.d`, b`/etc/fish/conf.d`].flatMap((directory) =>
      namesIn(host, directory).map((name) => b`${directory}/${name}`),
    );
    const uses = [...PROFILES, ...dropIns].some((path) => {
      const content = unlessRefused(() => contentOf(host, path));
      return content !== undefined && /showpath|\.admin\/bins\/bin/.test(content);
    });
    if (uses) return;
    const profile = shellWord(inSite(host.site, b`/etc/profile.d/xhier.sh`));
    yield {
      severity: 'note',
      path: b`/etc/profile.d`,
      message: 'no profile of this host uses showpath: users do not find the commands of packages',
      remedy: `echo 'eval "$(showpath --init sh)"' > ${profile}`,
    };
  },
};
