/**
 * The keys of `.admin/Options`, as one table: what each expects, how it is read and printed, what
 * holds without it. A new key is one entry here.
 */
import { b, bytes, printable, toText, type Bytes } from '../bytes/bytes.ts';
import { versionProblem } from './name.ts';
import { targetText, targetsIn, type Target } from './targets.ts';
import type { AdminLine, Finding } from './admin-file.ts';

/** Where `distribute` sends a package. */
export type Distribution =
  | { readonly to: 'all' }
  | { readonly to: 'none' }
  /** The hosts that `.admin/Targets` says. */
  | { readonly to: 'targets-file' }
  | { readonly to: 'targets'; readonly targets: readonly Target[] };

/** Which of a package's link classes enter the farms. */
export type LinkedClasses =
  | { readonly which: 'all' }
  | { readonly which: 'none' }
  | { readonly which: 'some'; readonly classes: readonly Bytes[] };

/** Where a value stands, and whom to tell when it is wrong. */
export interface ValuePlace {
  readonly line: AdminLine;
  /** Offset in the line's text. */
  readonly at: number;
  report(finding: Omit<Finding, 'code'>): void;
}

export interface OptionKey<T> {
  /** `a number from 0 to 100`. */
  readonly expected: string;
  readonly default: T;
  readonly summary: string;
  /** The value, or undefined after a report. */
  read(text: Bytes, place: ValuePlace): Exclude<T, undefined> | undefined;
  print(value: Exclude<T, undefined>): Bytes;
}

const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

const text = scalar<Bytes>(
  'text',
  (value) => value,
  (value) => value,
);
const yesOrNo = scalar<boolean>(
  'yes or no',
  (value) => (value === 'yes' ? true : value === 'no' ? false : undefined),
  (value) => (value ? b`yes` : b`no`),
);
const account = scalar<Bytes>(
  'the name of an account',
  // what useradd(8) and sysusers.d(5) take, a little wider: dots, capitals
  (value) => (/^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/.test(value) ? value : undefined),
  (value) => value,
);

export const OPTION_KEYS = {
  version: key<Bytes | undefined>({
    ...scalar<Bytes>(
      "a version, such as '1.2.3'",
      (value) => (versionProblem(value) === undefined ? value : undefined),
      (value) => value,
    ),
    default: undefined,
    summary: 'The version of the software.',
  }),
  summary: key<Bytes | undefined>({
    ...text,
    default: undefined,
    summary: 'What the package is, in one line.',
  }),
  licence: key<Bytes | undefined>({
    ...text,
    default: undefined,
    summary: 'Its licence, best as an SPDX expression.',
  }),
  homepage: key<Bytes | undefined>({
    ...scalar<Bytes>(
      "an address that begins with 'https://', 'http://' or 'ftp://'",
      (value) => (/^(?:https?|ftp):\/\/[^ \t/]+[^ \t]*$/.test(value) ? value : undefined),
      (value) => value,
    ),
    default: undefined,
    summary: 'Where to read more about it.',
  }),
  default: key<boolean>({
    ...yesOrNo,
    default: true,
    summary: 'Whether its commands enter the link farms, unless the site decides otherwise.',
  }),
  priority: key<number>({
    ...scalar<number>(
      'a number from 0 to 100',
      (value) => (/^\d{1,3}$/.test(value) && Number(value) <= 100 ? Number(value) : undefined),
      (value) => bytes(String(value)),
    ),
    default: 50,
    summary: 'Who wins a name that two packages offer: the higher number.',
  }),
  distribute: key<Distribution>({
    expected: "'all', 'none', 'targets' (what .admin/Targets says), or targets",
    read: readDistribution,
    print: (value) =>
      value.to === 'targets'
        ? (value.targets.map(targetText).join(' ') as Bytes)
        : bytes(value.to === 'targets-file' ? 'targets' : value.to),
    default: { to: 'all' },
    summary: 'Which hosts get it.',
  }),
  links: key<LinkedClasses>({
    expected: "'all', 'none', or classes such as 'bin man'",
    read: readClasses,
    print: (value) =>
      value.which === 'some' ? (value.classes.join(' ') as Bytes) : bytes(value.which),
    default: { which: 'all' },
    summary: 'Which classes of its files enter the link farms.',
  }),
  owner: key<Bytes | undefined>({
    ...account,
    default: undefined,
    summary: 'The account that owns its files.',
  }),
  'run-as': key<Bytes | undefined>({
    ...account,
    default: undefined,
    summary: 'The account that runs Install; never root unless it says so.',
  }),
  pty: key<boolean>({
    ...yesOrNo,
    default: false,
    summary: 'Whether Install runs on a terminal.',
  }),
  timeout: key<number>({
    ...scalar<number>("a time from 1s to 168h, such as '90s', '10min' or '2h'", readTime, (value) =>
      bytes(`${value}s`),
    ),
    default: 30 * 60,
    summary:
      "How long Install may run before it is stopped with all that it has started, in seconds without a unit; else as long as 'script-timeout' in the configuration says.",
  }),
} as const;

export type OptionName = keyof typeof OPTION_KEYS;

type ValueOf<K extends OptionName> = (typeof OPTION_KEYS)[K] extends OptionKey<infer T> ? T : never;
type MayBeAbsent = {
  [K in OptionName]: undefined extends ValueOf<K> ? K : never;
}[OptionName];

/** The values in force; keys without a default are absent until they are given. */
export type OptionValues = {
  readonly [K in Exclude<OptionName, MayBeAbsent>]: ValueOf<K>;
} & {
  readonly [K in MayBeAbsent]?: Exclude<ValueOf<K>, undefined>;
};

function key<T>(definition: OptionKey<T>): OptionKey<T> {
  return definition;
}

function scalar<T>(
  expected: string,
  read: (value: Bytes) => T | undefined,
  print: (value: T) => Bytes,
): Pick<OptionKey<T>, 'expected'> & {
  read(value: Bytes, place: ValuePlace): T | undefined;
  print(value: T): Bytes;
} {
  return {
    expected,
    print,
    read(value, place) {
      const found = read(value);
      if (found === undefined) {
        place.report({ message: `expected ${expected}, not '${printable(value)}'` });
      }
      return found;
    },
  };
}

function readTime(value: Bytes): number | undefined {
  const [, digits, unit] = /^(\d{1,6})(s|min|h)?$/.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const seconds = Number(digits) * (TIME_UNITS[unit ?? 's'] ?? 1);
  return seconds >= 1 && seconds <= 168 * 3600 ? seconds : undefined;
}

function readDistribution(value: Bytes, place: ValuePlace): Distribution | undefined {
  if (value === 'all') return { to: 'all' };
  if (value === 'none') return { to: 'none' };
  if (value === 'targets') return { to: 'targets-file' };
  let wrong = false;
  const targets = targetsIn(place.line, place.at, 'E_OPTION_VALUE', (finding) => {
    wrong = true;
    place.report(finding);
  });
  return wrong ? undefined : { to: 'targets', targets };
}

function readClasses(value: Bytes, place: ValuePlace): LinkedClasses | undefined {
  if (value === 'all') return { which: 'all' };
  if (value === 'none') return { which: 'none' };
  const classes = toText(value).split(/[ \t]+/);
  const wrong = classes.find(
    (each) => !/^[a-z][a-z0-9-]*$/.test(each) || /^(?:all|none)$/.test(each),
  );
  if (wrong === undefined) return { which: 'some', classes: classes.map((each) => bytes(each)) };
  place.report({
    message: `expected ${OPTION_KEYS.links.expected}, not '${printable(bytes(wrong))}'`,
  });
  return undefined;
}
