/** The directories under `/etc` that take one file from each package, with what their readers demand. */
import { b, printable, slice } from '../bytes/bytes.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import { parseCrontab } from './crontab-entry.ts';
import { dropInKind } from './drop-in.ts';
import type { FragmentFile, FragmentKind, HostView } from './fragment.ts';
import { words } from './lines.ts';
import { diagnostic, linesIn } from './strict.ts';
import { checkXinetd, xinetdClashes } from './xinetd.ts';

const CONF = { names: /^[^.].*\.conf$/s, rule: 'only NAME.conf is read' };

export const sysusers = dropInKind({
  name: 'sysusers.d',
  summary: 'accounts for systemd-sysusers: *.conf for /etc/sysusers.d',
  reads: CONF,
  overrides: [b`/usr/lib/sysusers.d`, b`/run/sysusers.d`],
  // an empty root: nothing that this host has can be in the way
  verify: { program: 'systemd-sysusers', words: ['--dry-run', '--root={}'], no: 'status' },
});

export const dropIns: readonly FragmentKind[] = [
  dropInKind({
    name: 'tmpfiles.d',
    summary: 'files and directories for systemd-tmpfiles: *.conf for /etc/tmpfiles.d',
    reads: CONF,
    overrides: [b`/usr/lib/tmpfiles.d`, b`/run/tmpfiles.d`],
    // it has no dry run: of a prefix that nothing has it makes nothing
    verify: {
      program: 'systemd-tmpfiles',
      words: ['--create', '--prefix=/.xhier-only-checks'],
      no: 'status',
    },
  }),
  dropInKind({
    name: 'profile.d',
    summary: 'files for /etc/profile.d, which login shells read: *.sh and *.csh',
    reads: { names: /^[^.].*\.c?sh$/s, rule: 'shells read NAME.sh, csh reads NAME.csh' },
  }),
  dropInKind({
    name: 'ld.so.conf.d',
    summary: 'directories of libraries: *.conf for /etc/ld.so.conf.d',
    reads: CONF,
    content: checkLibraryDirectories,
  }),
  dropInKind({
    name: 'logrotate.d',
    summary: 'what becomes of logs: files for /etc/logrotate.d',
    reads: {
      names:
        /^(?!\.)(?!.*(?:~|,v|\.bak|\.cfsaved|\.disabled|\.dpkg-[a-z]*|\.new|\.old|\.orig|\.rhn-cfg-tmp-.*|\.rpm[a-z]*|\.swp|\.ucf-[a-z]*)$).*$/s,
      rule: 'logrotate passes over names that editors and package managers leave',
    },
    // the status tells of logs that are not there yet, too
    verify: { program: 'logrotate', words: ['-d', '-s', '/dev/null'], no: 'errors' },
  }),
  dropInKind({
    name: 'sudoers.d',
    summary: 'who may do what as whom: files for /etc/sudoers.d',
    mode: 0o440,
    reads: {
      names: /^[^.]*[^.~]$/s,
      rule: "sudo passes over names with a '.' or a '~' at the end",
    },
    verify: { program: 'visudo', words: ['-c', '-f'], no: 'status', mode: 0o440 },
  }),
  dropInKind({
    name: 'cron.d',
    summary: 'jobs with an account before the command: files for /etc/cron.d',
    reads: { names: /^[A-Za-z0-9_-]+$/, rule: "letters, digits, '_' and '-' alone" },
    content: checkCronD,
  }),
  dropInKind({
    name: 'xinetd.d',
    summary: "services for xinetd: files for /etc/xinetd.d; another file's id is refused",
    reads: {
      names: /^[^.]*[^.~]$/s,
      rule: "xinetd passes over names with a '.' or a '~' at the end",
    },
    content: checkXinetd,
    clashes: xinetdClashes,
  }),
];

/** ldconfig(8) passes over what it does not understand. */
function checkLibraryDirectories(file: FragmentFile, host: HostView): readonly Diagnostic[] {
  return linesIn(file).flatMap((text, index) => {
    const cut = text.indexOf('#');
    const [first, second] = words(cut < 0 ? text : slice(text, 0, cut));
    if (first === undefined) return [];
    const line = index + 1;
    const place = { line, column: first.column, length: first.text.length };
    if (first.text === 'include') {
      if (second !== undefined) return [];
      return [diagnostic(file, { ...place, code: 'E_LDSO_LINE', message: 'no file to include' })];
    }
    if (!first.text.startsWith('/') || second !== undefined) {
      return [
        diagnostic(file, {
          ...place,
          code: 'E_LDSO_LINE',
          message: `'${printable(text)}' is no directory`,
          hint: 'one full path a line, or include PATTERN',
        }),
      ];
    }
    const isDirectory = host.read(first.text).type === 'directory';
    return isDirectory
      ? []
      : [
          diagnostic(file, {
            ...place,
            severity: 'warning',
            code: 'E_LDSO_DIRECTORY',
            message: `there is no directory ${printable(first.text)}`,
          }),
        ];
  });
}

/** cron ignores the whole file for one bad line, or for a last one without newline, without a word. */
function checkCronD(file: FragmentFile, host: HostView): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  try {
    const missing = parseCrontab(file, true).flatMap((entry) =>
      entry.type === 'job' && entry.user !== undefined && !host.hasAccount(entry.user)
        ? [{ ...entry, user: entry.user }]
        : [],
    );
    for (const { line, column, user } of missing) {
      found.push(
        diagnostic(file, {
          severity: 'warning',
          code: 'E_CRONTAB_ACCOUNT',
          message: `this host has no account '${printable(user)}'`,
          line,
          column,
          length: user.length,
        }),
      );
    }
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    found.push(...error.diagnostics);
  }
  const lines = linesIn(file);
  if (file.content !== '' && !file.content.endsWith('\n')) {
    found.push(
      diagnostic(file, {
        code: 'E_CRONTAB_NEWLINE',
        message: 'no newline at the end: cron would ignore the whole file',
        line: lines.length,
        column: Math.max(1, (lines.at(-1) ?? b``).length),
      }),
    );
  }
  return found;
}
