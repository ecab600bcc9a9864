/**
 * A bare Debian of the test's own: this host's programs and libraries, read-only; a copy of its
 * `/etc`; headers of the C library alone; empty `/var`, `/usr/local`, `/software`. It stands in mount,
 * process and network namespaces, so that what is started there is seen by nobody else and ends with it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Ran } from './xh.ts';

export interface BareHost {
  /** Where its root is seen from outside; what is mounted there is not. */
  readonly root: string;
  /** Runs a command line of sh as root there, without anything of this environment. */
  sh(line: string, input?: string): Ran;
  /** Runs `xh`, which must succeed. */
  xh(...words: readonly string[]): Ran;
  /** Ends everything that runs there. */
  end(): void;
}

const PROJECT = resolve(import.meta.dirname, '../..');
/** As mounted there: this checkout, the fetched packages, and node wherever it is. */
const INSIDE = '/run/xhier';
const OWN = ['include', 'local'];

export interface BareHostOptions {
  /** Where Debian packages are kept. */
  readonly debs: string;
  /** Debian packages that it has not, also where this host has. */
  readonly without: readonly string[];
}

/**
 * Starts it in the empty directory `root`.
 * @throws Error where this process may not mount
 */
export async function startBareHost(
  root: string,
  { debs, without }: BareHostOptions,
): Promise<BareHost> {
  // everybody has to get in
  chmodSync(root, 0o755);
  for (const name of ['proc', 'dev', 'run', 'tmp', 'root', 'home', 'usr/local/lib']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  for (const name of ['log', 'spool', 'cache', 'lib/dpkg', 'tmp']) {
    mkdirSync(join(root, 'var', name), { recursive: true });
  }
  spawnSync('cp', ['-a', '/etc', root]);
  takeOut(root, without);
  const mounts = [...vendorTrees(root), ...devices(root), ...bindings(root, debs)];
  copyHeaders(root);
  const script = [
    'set -e',
    ...mounts,
    `mount -t proc proc ${root}/proc`,
    'busybox ifconfig lo up',
    `exec chroot ${root} sh -c 'exec 3<&0; cat <&3 & echo ready; wait $!'`,
  ].join('\n');
  const spaces = ['--mount', '--pid', '--net', '--fork', '--kill-child', '--propagation=private'];
  const child = spawn('unshare', [...spaces, 'sh', '-c', script], {
    // it ends when nobody holds its standard input any more, however this process ends
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await isReady(child);
  const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim();

  function sh(line: string, input = ''): Ran {
    const enter = ['--target', pid, '--mount', '--pid', '--net', '--root'];
    const environment = [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
      'LC_ALL=C.UTF-8',
      'TERM=dumb',
      `XHIER_DEBS=${INSIDE}/debs`,
    ];
    return spawnSync(
      'nsenter',
      [...enter, 'env', '-i', '--chdir=/', ...environment, 'sh', '-c', line],
      {
        input,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: 500_000,
      },
    );
  }

  return {
    root,
    sh,
    xh(...words) {
      const line = `${INSIDE}/node ${INSIDE}/project/dist/xh.cjs ${words.join(' ')}`;
      const ran = sh(line);
      if (ran.status === 0) return ran;
      throw new Error(`${line} ended with ${ran.status}:\n${ran.stderr}${ran.stdout}`);
    },
    end() {
      child.kill('SIGKILL');
    },
  };
}

/** Servers of other tests, and what they need, which have jobs and logs of their own. */
const SERVERS: readonly string[] =
  'nginx-common rsyslog squid swift swift-account swift-container swift-object swift-proxy'.split(
    ' ',
  );

/** What packages have in directories of drop-ins; and what this host does every day is not for there, too. */
function takeOut(root: string, packages: readonly string[]): void {
  const { stdout } = spawnSync('dpkg', ['-L', ...packages, ...SERVERS], { encoding: 'utf8' });
  const dropIn = /^\/etc\/(?:[^/]+\.d|systemd\/system)\/[^/]+$/;
  for (const path of stdout.split('\n')) {
    if (dropIn.test(path) && !path.startsWith('/etc/pam.d/')) {
      rmSync(join(root, path), { force: true, recursive: true });
    }
  }
  for (const period of ['hourly', 'daily', 'weekly', 'monthly']) {
    const jobs = join(root, 'etc', `cron.${period}`);
    for (const name of existsSync(jobs) ? readdirSync(jobs) : []) rmSync(join(jobs, name));
  }
}

/** Commands that bind the vendor's trees, read-only, but for those that the depot's links go to. */
function vendorTrees(root: string): string[] {
  const mounts: string[] = [];
  const bind = (path: string): void => {
    mkdirSync(join(root, path), { recursive: true });
    mounts.push(`mount --bind ${path} ${root}${path}`);
    mounts.push(`mount -o remount,bind,ro ${root}${path}`);
  };
  for (const { name } of readdirSync('/usr', { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )) {
    if (!OWN.includes(name)) bind(`/usr/${name}`);
  }
  for (const entry of readdirSync('/', { withFileTypes: true })) {
    if (!/^(?:bin|sbin|lib\w*)$/.test(entry.name)) continue;
    if (!entry.isSymbolicLink()) bind(`/${entry.name}`);
    else symlinkSync(readlinkSync(`/${entry.name}`), join(root, entry.name));
  }
  return mounts;
}

/** A `/dev` of its own: a log socket that is made there must not be this host's. */
function devices(root: string): string[] {
  return [
    `mount -t tmpfs -o mode=755 tmpfs ${root}/dev`,
    `mkdir -m 1777 ${root}/dev/shm`,
    `ln -s /proc/self/fd ${root}/dev/fd`,
    ...['null', 'zero', 'full', 'random', 'urandom', 'tty'].map(
      (name) => `touch ${root}/dev/${name}; mount --bind /dev/${name} ${root}/dev/${name}`,
    ),
  ];
}

/** What is not of the bare host, below a `/run` that is seen there alone. */
function bindings(root: string, debs: string): string[] {
  const inside = `${root}${INSIDE}`;
  return [
    `mount -t tmpfs -o mode=755 tmpfs ${root}/run`,
    `mount -t tmpfs -o mode=1777 tmpfs ${root}/tmp`,
    // which packages this host has: what the depot lacks is looked for there
    `mount --bind /var/lib/dpkg ${root}/var/lib/dpkg`,
    `mount -o remount,bind,ro ${root}/var/lib/dpkg`,
    `mkdir -p ${inside}/project ${inside}/debs`,
    `touch ${inside}/node`,
    `mount --bind ${PROJECT} ${inside}/project`,
    `mount --bind ${debs} ${inside}/debs`,
    `mount --bind ${process.execPath} ${inside}/node`,
  ];
}

/** The C library's headers, and the kernel's that it needs: what a bare host with a compiler has. */
function copyHeaders(root: string): void {
  const { stdout } = spawnSync('dpkg', ['-L', 'libc6-dev', 'linux-libc-dev', 'libcrypt-dev'], {
    encoding: 'utf8',
  });
  const headers = stdout.split('\n').filter((path) => path.startsWith('/usr/include/'));
  for (const path of headers.filter((each) => each.endsWith('.h'))) {
    cpSync(path, join(root, path), { recursive: true, verbatimSymlinks: true });
  }
}

async function isReady(child: ChildProcess): Promise<void> {
  const said = await new Promise<string>((done) => {
    let complaint = '';
    child.stderr?.on('data', (text: Buffer) => (complaint += text.toString()));
    child.stdout?.once('data', () => {
      done('');
    });
    child.once('exit', () => {
      done(complaint === '' ? 'it ended' : complaint);
    });
  });
  if (said === '') return;
  throw new Error(
    `no namespaces of its own for a bare host: ${said.trim()};` +
      ' run this as root, in a container with SYS_ADMIN',
  );
}
