/**
 * What the tests need from the operating system, with the names that Debian gives it, how to see
 * whether it is there, and why. The only list: `setup.mjs --tests` installs from it.
 */

/**
 * @typedef {{ name: string, provides: string, why: string }} DebianPackage
 * `provides` is a command to be found on PATH or in the sbin directories, or an absolute path.
 */

/** @type {readonly DebianPackage[]} */
export const TEST_PACKAGES = [
  { name: 'acl', provides: 'setfacl', why: 'copies keep access control lists' },
  { name: 'attr', provides: 'setfattr', why: 'copies keep extended attributes' },
  { name: 'bzip2', provides: 'bzip2', why: 'importing .tar.bz2' },
  { name: 'busybox', provides: 'busybox', why: 'showpath under the smallest sh' },
  { name: 'cmake', provides: 'cmake', why: 'building sources with CMake' },
  { name: 'cron', provides: 'crontab', why: "crontab fragments in cron's own eyes" },
  { name: 'csh', provides: 'bsd-csh', why: 'showpath under BSD csh' },
  { name: 'curl', provides: 'curl', why: 'servers asked by a client of others' },
  { name: 'dpkg-dev', provides: 'dpkg-source', why: 'sources that are built' },
  { name: 'dialog', provides: 'dialog', why: 'an Install script that asks on a drawn screen' },
  { name: 'e2fsprogs', provides: 'mkfs.ext4', why: 'full and read-only file systems' },
  { name: 'faketime', provides: 'faketime', why: "cron's day in seconds" },
  { name: 'fish', provides: 'fish', why: 'showpath and completion under fish' },
  { name: 'gcc', provides: 'gcc', why: 'packages that are built from source' },
  { name: 'iproute2', provides: 'ip', why: 'hosts in network namespaces' },
  { name: 'ksh93u+m', provides: 'ksh93', why: 'showpath under ksh' },
  {
    name: 'libc6-dev',
    provides: '/usr/include/stdio.h',
    why: 'packages that are built from source',
  },
  { name: 'libcap2-bin', provides: 'setcap', why: 'copies keep file capabilities' },
  { name: 'logrotate', provides: 'logrotate', why: 'logrotate checks what is merged' },
  { name: 'make', provides: 'make', why: 'packages that are built from source' },
  { name: 'man-db', provides: 'mandb', why: 'manual pages found through the link farm' },
  { name: 'meson', provides: 'meson', why: 'building sources with Meson' },
  { name: 'mandoc', provides: 'mandoc', why: 'the manual in the eyes of its strictest reader' },
  { name: 'mksh', provides: 'mksh', why: 'showpath under mksh' },
  {
    name: 'nats-server',
    provides: 'nats-server',
    why: 'news of what is published, and status of hosts',
  },
  { name: 'netbase', provides: '/etc/services', why: "merging into the system's own services" },
  { name: 'nginx-light', provides: 'nginx', why: 'stores read through a real web server' },
  { name: 'openbsd-inetd', provides: 'inetd', why: 'inetd reads what was merged' },
  { name: 'openssh-server', provides: 'sshd', why: 'hosts reached by ssh' },
  { name: 'passwd', provides: 'pwck', why: 'accounts in the eyes of their own checkers' },
  { name: 'patch', provides: 'patch', why: 'patches compared with an independent program' },
  { name: 'perl-base', provides: 'perl', why: 'another holder of the lock on accounts' },
  { name: 'procps', provides: 'pkill', why: 'inetd is told that its file has changed' },
  { name: 'python3', provides: 'python3', why: 'copies judged by a program of their own' },
  { name: 'rsync', provides: 'rsync', why: 'copies compared with an independent copier' },
  { name: 'squid', provides: 'squid', why: 'stores read through a cache of others' },
  { name: 'stow', provides: 'stow', why: 'link farms compared with an independent one' },
  { name: 'strace', provides: 'strace', why: 'failing or dying at every system call' },
  ...['account', 'container', 'object', 'proxy'].map((part) => ({
    name: `swift-${part}`,
    provides: `swift-${part}-server`,
    why: 'stores in an object store that speaks S3',
  })),
  { name: 'sudo', provides: 'visudo', why: 'visudo checks what is merged' },
  { name: 'systemd', provides: 'systemd-analyze', why: 'units in the eyes of their own checker' },
  { name: 'tcsh', provides: 'tcsh', why: 'showpath under tcsh' },
  { name: 'texinfo', provides: 'makeinfo', why: 'building the manuals of bc' },
  { name: 'tmux', provides: 'tmux', why: 'prompts and progress on a real terminal' },
  { name: 'whiptail', provides: 'whiptail', why: 'an Install script that asks on a drawn screen' },
  { name: 'xz-utils', provides: 'xz', why: 'importing .deb and .tar.xz' },
  { name: 'zsh', provides: 'zsh', why: 'showpath and completion under zsh' },
  { name: 'zstd', provides: 'zstd', why: 'importing .deb and .tar.zst' },
];
