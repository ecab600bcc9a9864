/**
 * The digest of a build over architectures: one line for each, then what failed; the same failure of
 * several architectures is told once. Pure.
 */
import { printable } from '../../bytes/bytes.ts';
import type { Master } from './masters.ts';
import { newestJobs, type Jobs, type MasterAnswer } from './sdist.ts';
import type { BuildJob } from './request.ts';

export interface BuildLine {
  readonly architecture: string;
  readonly host: string;
  readonly state: BuildJob['state'] | 'older' | 'nothing' | 'silent';
  readonly text: string;
}

export interface FailureGroup {
  /** Those that failed alike: `linux-aarch64 (arm1)`. */
  readonly where: readonly string[];
  readonly lines: readonly string[];
}

export interface BuildDigest {
  /** `hello 2.12: make install, sent 2026-11-22 05:40 by jane@pub`. */
  readonly title: string;
  readonly lines: readonly BuildLine[];
  readonly failures: readonly FailureGroup[];
}

/** A digest for each package of which a master has a build, in the order of their names. */
export function digestBuilds(
  answers: readonly MasterAnswer<Jobs>[],
  now: number,
): readonly BuildDigest[] {
  return [...newestJobs(answers)]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, jobs]) => digestOf(answers, jobs, now));
}

/** Those that have not answered, each with why. */
export function silentMasters(
  answers: readonly MasterAnswer<Jobs>[],
): readonly { readonly host: string; readonly why: string; readonly remedy?: string }[] {
  return answers.flatMap(({ master, answer }) =>
    answer.say === 'jobs'
      ? []
      : [
          {
            host: printable(master.name),
            why: answer.message,
            ...(answer.remedy !== undefined && { remedy: answer.remedy }),
          },
        ],
  );
}

/** Whether any of it is still to come. */
export function isRunning(digests: readonly BuildDigest[]): boolean {
  return digests.some(({ lines }) => lines.some(({ state }) => state === 'running'));
}

/** As people read it. */
export function digestText({ title, lines, failures }: BuildDigest): string[] {
  const widths = [
    Math.max(...lines.map(({ architecture }) => architecture.length)),
    Math.max(...lines.map(({ host }) => host.length)),
  ] as const;
  return [
    title,
    ...lines.map(
      ({ architecture, host, text }) =>
        `  ${architecture.padEnd(widths[0])}  ${host.padEnd(widths[1])}  ${text}`,
    ),
    ...failures.flatMap(({ where, lines: said }) => [
      '',
      `${where.length > 1 ? 'the same' : 'failed'} on ${where.join(', ')}:`,
      ...said.map((line) => `  | ${line}`),
    ]),
  ];
}

function digestOf(
  answers: readonly MasterAnswer<Jobs>[],
  jobs: ReadonlyMap<Master, BuildJob>,
  now: number,
): BuildDigest {
  const newest = [...jobs.values()].reduce((one, other) => (other.id > one.id ? other : one));
  const { directory, target, words, from, id } = newest;
  const what = ['make', target, ...words].join(' ');
  return {
    title: `${printable(directory)}: ${what}, sent ${sentText(id)} by ${from}`,
    lines: answers
      .map(({ master, answer }): BuildLine => {
        const host = printable(master.name);
        const known = master.architecture === undefined ? '?' : printable(master.architecture);
        if (answer.say !== 'jobs') {
          return {
            architecture: known,
            host,
            state: 'silent',
            text: `no answer: ${answer.message}`,
          };
        }
        const { architecture } = answer;
        const job = jobs.get(master);
        if (job === undefined) {
          return { architecture, host, state: 'nothing', text: 'has not got it' };
        }
        const isOlder = job.id !== id;
        const older = isOlder ? `; that was an older one, sent ${sentText(job.id)}` : '';
        return {
          architecture,
          host,
          state: isOlder ? 'older' : job.state,
          text: `${stateText(job, now)}${older}`,
        };
      })
      .toSorted((one, other) => (one.architecture < other.architecture ? -1 : 1)),
    failures: failuresOf(answers, jobs, id),
  };
}

function stateText({ state, outcome, begun }: BuildJob, now: number): string {
  const took = spanText((outcome?.ended ?? now) - begun);
  switch (state) {
    case 'running':
      return `running for ${took}`;
    case 'done':
      return `done in ${took}`;
    case 'failed': {
      const how = outcome?.problem ?? `exit code ${String(outcome?.status ?? '?')}`;
      return `failed after ${took}: ${how}`;
    }
    case 'died':
      return 'died: the host was started anew, or somebody killed it';
  }
}

function failuresOf(
  answers: readonly MasterAnswer<Jobs>[],
  jobs: ReadonlyMap<Master, BuildJob>,
  id: string,
): readonly FailureGroup[] {
  const groups = new Map<string, { where: string[]; lines: readonly string[] }>();
  for (const { master, answer } of answers) {
    const job = jobs.get(master);
    if (answer.say !== 'jobs' || job === undefined || job.id !== id) continue;
    if (job.state !== 'failed' && job.state !== 'died') continue;
    const lines = job.tail.slice(-SHOWN);
    const where = `${answer.architecture} (${printable(master.name)})`;
    const shape = lines.map((line) => plain(line, answer)).join('\n');
    const known = groups.get(shape);
    if (known === undefined) groups.set(shape, { where: [where], lines });
    else known.where.push(where);
  }
  return [...groups.values()];
}

/** How many lines of a failure are shown. */
const SHOWN = 15;

/** A line without what differs from one master to the next: its names, where things stand, and figures. */
function plain(line: string, { architecture, host }: Jobs): string {
  return line
    .replaceAll(architecture, 'ARCHITECTURE')
    .replaceAll(host, 'HOST')
    .split(' ')
    .map((word) => word.slice(word.lastIndexOf('/') + 1))
    .join(' ')
    .replace(/\d+(?:\.\d+)?/g, '#');
}

/** `2026-11-22 05:40`, by the number of a build, in the time of this host. */
function sentText(id: string): string {
  const time = id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-.*$/, '$1-$2-$3T$4:$5:$6Z');
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `12 s`, `3 min`, `1 h 20 min`. */
function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
