/** The keys of `/etc/xhier.toml` about maintenance: the nightly job, logs, reports, builds for other architectures. */
import type { Bytes } from '../bytes/bytes.ts';
import { toText } from '../bytes/bytes.ts';
import { key } from './config-key.ts';
import {
  absolutePath,
  componentName,
  integer,
  list,
  map,
  text,
  trueOrFalse,
  type ValueKind,
} from './config-values.ts';
import { globProblem } from './glob.ts';
import { linePatternProblem, MAX_PATTERN_LENGTH } from './line-pattern.ts';

/** The steps of `xh maintenance`, in their order. */
export const MAINTENANCE_STEPS = [
  'logs',
  'sdist',
  'verify',
  'pull',
  'install',
  'distribute',
  'doctor',
  'check',
  'gc',
] as const;
export type MaintenanceStep = (typeof MAINTENANCE_STEPS)[number];

const stepName = text(`one of ${MAINTENANCE_STEPS.join(', ')}`, (name) =>
  MAINTENANCE_STEPS.some((each) => each === name),
);

const linePattern = text(
  `a pattern of lines, at most ${MAX_PATTERN_LENGTH} characters: * is any text, ? any character, and not every line may fit`,
  (pattern) => linePatternProblem(toText(pattern)) === undefined,
);

const command = text('a shell command on one line', (line) => line !== '');

const globText = text("a pattern such as 'apache/*'", (value) => globProblem(value) === undefined);

const accountName = text('the name of an account', (name) =>
  /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/.test(name),
);

/** It reaches the command line of ssh. */
const hostName = text(
  "a name that ssh knows, such as 'arm1.example.org' or 'builder@arm1'",
  (name) =>
    /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}@)?[A-Za-z0-9_[][A-Za-z0-9_.:\]-]{0,252}$/.test(name),
);

/** Where a program is, or an empty text for none. */
const program: ValueKind<Bytes> = {
  ...absolutePath,
  expected: `${absolutePath.expected}, or an empty string for none`,
  read: (value, path, report) =>
    value === '' ? ('' as Bytes) : absolutePath.read(value, path, report),
};

export const MAINTENANCE_KEYS = {
  'maintenance.splay': key<number>({
    kind: integer('a number of seconds, 0 to 86400', 0, 86_400),
    default: 3600,
    summary:
      'Over how many seconds hosts spread when they all begin xh maintenance at the same time; the name of a host decides.',
  }),
  'maintenance.timeout': key<number>({
    kind: integer('a number of seconds, 60 to 604800', 60, 604_800),
    default: 14_400,
    summary: 'After how many seconds xh maintenance ends what it is at, and reports.',
  }),
  'maintenance.distribute': key<boolean>({
    kind: trueOrFalse,
    default: false,
    summary: 'Whether xh maintenance also distributes all packages to the hosts of the inventory.',
  }),
  'maintenance.skip': key<readonly Bytes[]>({
    kind: list(stepName, `a list of steps: ${MAINTENANCE_STEPS.join(', ')}`),
    default: [],
    summary: 'Steps that xh maintenance leaves out on this host.',
  }),
  'logs.size': key<number>({
    kind: integer('a number of bytes, 1024 to 1099511627776', 1024, 2 ** 40),
    default: 2 ** 20,
    summary: 'A log that is so large is rolled by xh maintenance: LOG becomes LOG.1, and so on.',
  }),
  'logs.age': key<number>({
    kind: integer('a number of days, 0 to 36500', 0, 36_500),
    default: 0,
    summary: 'A log that is so many days old is rolled too, however small; 0: size alone counts.',
  }),
  'logs.keep': key<number>({
    kind: integer('a number of files, 1 to 1000', 1, 1000),
    default: 8,
    summary: 'How many old files of a log are kept: LOG.1 to LOG.8.',
  }),
  'logs.days': key<number>({
    kind: integer('a number of days, 0 to 36500', 0, 36_500),
    default: 0,
    summary: 'Old files of logs that are so many days old go; 0: their number alone counts.',
  }),
  'logs.skip': key<readonly Bytes[]>({
    kind: list(globText, 'a list of patterns, each PACKAGE/LOG'),
    default: [],
    summary: 'Logs of packages that xh maintenance leaves alone, since they roll themselves.',
  }),
  'logs.tell': key<ReadonlyMap<Bytes, Bytes>>({
    kind: map(componentName, command),
    default: new Map(),
    summary:
      'Shell commands that have the programs of a package open their logs anew, once these have been rolled: PACKAGE = COMMAND.',
  }),
  'report.drop': key<readonly Bytes[]>({
    kind: list(linePattern, 'a list of patterns of lines'),
    default: [],
    summary:
      'Lines of logs, and first lines of findings, that are of no interest to this site: never reported.',
  }),
  'report.wait': key<readonly Bytes[]>({
    kind: list(linePattern, 'a list of patterns of lines'),
    default: [],
    summary:
      'Lines of logs that can wait for the daily report; findings like that are told as notes.',
  }),
  'report.remind-days': key<number>({
    kind: integer('a number of days, 0 to 3650', 0, 3650),
    default: 7,
    summary: 'After how many days what has not been mended is told in full again; 0: never.',
  }),
  'report.mailer': key<Bytes | undefined>({
    kind: program,
    default: undefined,
    summary:
      'The program that mails reports, as sendmail(8) or mail(1) do, on any site root; else the one this host has; empty for none.',
  }),
  'sdist.masters': key<readonly Bytes[]>({
    kind: list(hostName, 'a list of hosts that ssh knows'),
    default: [],
    summary:
      'Hosts on which xh sdist builds packages for other architectures, beside those that the inventory marks as masters.',
  }),
  'sdist.account': key<Bytes | undefined>({
    kind: accountName,
    default: undefined,
    summary:
      'Who builds what xh sdist sends, where it is received by root; root builds only where this says so.',
  }),
  'sdist.keep-days': key<number>({
    kind: integer('a number of days, 1 to 3650', 1, 3650),
    default: 7,
    summary: 'For how many days a master keeps a build that xh sdist has sent, with its output.',
  }),
  'sdist.timeout': key<number>({
    kind: integer('a number of seconds, 60 to 2592000', 60, 2_592_000),
    default: 21_600,
    summary: 'How many seconds a build that xh sdist has sent may take.',
  }),
} as const;
