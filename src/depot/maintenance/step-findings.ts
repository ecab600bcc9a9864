/** What the commands of xh that maintenance runs have said, as findings: their JSON, and their errors. */
import { bytes, fromJson, printable, type Bytes, type JsonBytes } from '../../bytes/bytes.ts';
import type { Finding, Severity } from '../../report/finding.ts';

/** Whom what is found about a package concerns. */
export type MaintainersOf = (directory: Bytes) => readonly Bytes[];

/** A package's finding, or the host's where none is named. */
export function findingAbout(
  directory: Bytes | undefined,
  maintainersOf: MaintainersOf,
): Pick<Finding, 'subject' | 'package' | 'to'> {
  return directory === undefined
    ? { subject: 'host', to: [] }
    : { subject: 'package', package: directory, to: maintainersOf(directory) };
}

/** `xh doctor --json`. */
export function doctorFindings(output: string, maintainersOf: MaintainersOf): Finding[] {
  return listAt(output, 'findings').flatMap((each) => {
    const { check, severity, message, cause, remedy } = each;
    if (typeof message !== 'string') return [];
    // what is wrong on a host is its maintainer's; a package's own is whatever the package needs
    const of = check === 'needs' ? bytesAt(each, 'package') : undefined;
    return [
      {
        ...findingAbout(of, maintainersOf),
        severity: severity === 'note' ? 'note' : 'problem',
        code: `doctor.${String(check)}`,
        text: typeof cause === 'string' ? `${message}\n(${cause})` : message,
        ...(typeof remedy === 'string' && { remedy }),
      },
    ];
  });
}

/** `xh verify --json`: one finding for each package, with its first differences. */
export function verifyFindings(output: string, maintainersOf: MaintainersOf): Finding[] {
  const byPackage = new Map<Bytes | undefined, Record<string, unknown>[]>();
  for (const each of listAt(output, 'differences')) {
    const of = bytesAt(each, 'package');
    byPackage.set(of, [...(byPackage.get(of) ?? []), each]);
  }
  return [...byPackage].map(([of, differences]): Finding => {
    const shown = differences.slice(0, MOST_SHOWN).map((each) => {
      const { kind, line } = each;
      const at = typeof line === 'number' ? `:${line}` : '';
      return `${String(kind).padEnd(10)} ${printable(bytesAt(each, 'path') ?? ('' as Bytes))}${at}`;
    });
    const more = differences.length - shown.length;
    const name = of === undefined ? 'this host' : printable(of);
    return {
      ...findingAbout(of, maintainersOf),
      // what differs on one host alone is for who keeps that host
      to: [],
      severity: 'warning',
      code: 'verify',
      text: [
        `${name} differs from what was installed, in ${differences.length} ${differences.length === 1 ? 'place' : 'places'}`,
        ...shown,
        ...(more > 0 ? [`and ${more} more`] : []),
      ].join('\n'),
      remedy:
        'what was here was then installed as it is; if that is not what was meant, bring it again: xh pull, or lfu update',
    };
  });
}

/** `xh check --json`: mistakes of packages, for those who make them. */
export function checkFindings(output: string, maintainersOf: MaintainersOf): Finding[] {
  return listAt(output, 'findings').flatMap((each): Finding[] => {
    const { check, severity, message, remedy, line } = each;
    const weight = CHECKED[String(severity)];
    if (weight === undefined || typeof message !== 'string') return [];
    const at = typeof line === 'number' ? `:${line}` : '';
    return [
      {
        ...findingAbout(bytesAt(each, 'package'), maintainersOf),
        severity: weight,
        code: `check.${String(check)}`,
        text: `${printable(bytesAt(each, 'path') ?? ('' as Bytes))}${at}: ${message}`,
        ...(typeof remedy === 'string' && { remedy }),
      },
    ];
  });
}

/** `xh pull --json`: what was refused, failed, could not be reached, or came and could not be installed. */
export function pullFindings(output: string, maintainersOf: MaintainersOf): Finding[] {
  return listAt(output, 'outcomes').flatMap((each): Finding[] => {
    const { result, message, remedy, installed } = each;
    const came = result === 'new' || result === 'updated';
    const isBad = came && installed === false && typeof message === 'string';
    const weight = isBad ? 'problem' : PULLED[String(result)];
    const of = bytesAt(each, 'package');
    if (weight === undefined || of === undefined) return [];
    const why = typeof message === 'string' ? `: ${message}` : '';
    const what = isBad ? 'came, and could not be installed' : `did not come (${String(result)})`;
    return [
      {
        ...findingAbout(of, maintainersOf),
        // a store or a host is at fault where it does not come, not the package
        ...(!isBad && { to: [] }),
        severity: weight,
        code: `pull.${isBad ? 'install' : String(result)}`,
        text: `${printable(of)} ${what}${why}`,
        remedy: typeof remedy === 'string' ? remedy : `xh pull ${printable(of)}`,
      },
    ];
  });
}

/**
 * `xh distribute --json`: hosts that were not served, packages that hosts could not take, and, for whom
 * the package is, architectures whose files are missing or older than the shared ones.
 */
export function distributeFindings(output: string, maintainersOf: MaintainersOf): Finding[] {
  const hosts = listAt(output, 'hosts').flatMap((each): Finding[] => {
    const host = printable(bytesAt(each, 'host') ?? ('' as Bytes));
    const reason = recordAt(each, 'reason');
    const missed = listIn(each, 'outcomes').flatMap((outcome) => {
      const of = bytesAt(outcome, 'package');
      const { result, message } = outcome;
      if (of === undefined || PULLED[String(result)] === undefined) return [];
      return [
        `${printable(of)} (${String(result)})${typeof message === 'string' ? `: ${message}` : ''}`,
      ];
    });
    if (reason === undefined && missed.length === 0) return [];
    const why = typeof reason?.['message'] === 'string' ? `: ${reason['message']}` : '';
    const remedy = reason?.['remedy'];
    return [
      {
        ...findingAbout(undefined, maintainersOf),
        severity: 'warning',
        code: 'distribute.host',
        text: [`${host} has not got all that it should${why}`, ...missed.slice(0, MOST_SHOWN)].join(
          '\n',
        ),
        remedy: typeof remedy === 'string' ? remedy : `xh distribute --retry ${host}`,
      },
    ];
  });
  const refused = listAt(output, 'refused').flatMap((each): Finding[] => {
    const of = bytesAt(each, 'package');
    if (of === undefined) return [];
    return [
      {
        ...findingAbout(of, maintainersOf),
        severity: 'problem',
        code: 'distribute.refused',
        text: `${printable(of)} cannot be distributed: ${String(each['message'])}`,
        remedy: `xh check ${printable(of)}`,
      },
    ];
  });
  const lags = listAt(output, 'lags').flatMap((each): Finding[] => {
    const of = bytesAt(each, 'package');
    if (of === undefined) return [];
    const architecture = printable(bytesAt(each, 'architecture') ?? ('' as Bytes));
    const how = each['is'] === 'missing' ? 'are missing' : 'are older than the shared ones';
    return [
      {
        ...findingAbout(of, maintainersOf),
        severity: 'warning',
        code: 'distribute.lag',
        text: `the files of ${printable(of)} for ${architecture} ${how}`,
        remedy: `xh sdist ${printable(of)} -m install --to ${architecture}`,
      },
    ];
  });
  return [...refused, ...hosts, ...lags];
}

/** What a command has said on standard error, when that is all there is. */
export function errorText(stderr: string): { readonly text: string; readonly remedy?: string } {
  const lines = stderr
    .split('\n')
    .map((line) => printable(bytes(line.replace(/^xh: /, '').trimEnd())))
    .filter((line) => line !== '');
  const remedies = lines.filter((line) => /^ *→ /.test(line));
  const rest = lines.filter((line) => !/^ *→ /.test(line));
  // why it ended stands last, what was lost to see stands before
  const shown = rest.slice(-MOST_LINES);
  return {
    text: shown.join('\n'),
    ...(remedies.length > 0 && {
      remedy: remedies.map((line) => line.replace(/^ *→ /, '')).join('\n'),
    }),
  };
}

/** What a command has printed as JSON; undefined when it has not. */
export function jsonOf(output: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(output);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const MOST_SHOWN = 20;
const MOST_LINES = 20;

const CHECKED: Readonly<Record<string, Severity>> = { error: 'problem', warning: 'warning' };
const PULLED: Readonly<Record<string, Severity>> = {
  refused: 'problem',
  failed: 'problem',
  unreachable: 'warning',
};

function listAt(output: string, name: string): readonly Record<string, unknown>[] {
  return listIn(jsonOf(output) ?? {}, name);
}

function listIn(
  from: Readonly<Record<string, unknown>>,
  name: string,
): readonly Record<string, unknown>[] {
  const value = from[name];
  if (!Array.isArray(value)) return [];
  return value.filter(
    (each): each is Record<string, unknown> => typeof each === 'object' && each !== null,
  );
}

function recordAt(
  from: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = from[name];
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined;
}

function bytesAt(value: Readonly<Record<string, unknown>>, name: string): Bytes | undefined {
  const found = value[name];
  const isEncoded =
    typeof found === 'object' &&
    found !== null &&
    'base64' in found &&
    typeof found.base64 === 'string';
  return typeof found === 'string' || isEncoded ? fromJson(found as JsonBytes) : undefined;
}
