/**
 * The steps of maintenance: one object each, one line in the table. Most are commands of xh that anybody
 * may run by hand; what they print is made into findings.
 */
import type { Bytes } from '../../bytes/bytes.ts';
import { printable } from '../../bytes/bytes.ts';
import { EXIT } from '../../message/error.ts';
import type { Finding } from '../../report/finding.ts';
import type { Config } from '../../site/config.ts';
import type { MaintenanceStep } from '../../site/maintenance-keys.ts';
import type { Site } from '../../site/site.ts';
import type { Walker } from '../../files/walk.ts';
import { removeExpired } from '../sdist/jobs.ts';
import type { Ended } from './child.ts';
import { findLogs, planLogs, rollLogs, type LogChange } from './logs.ts';
import {
  checkFindings,
  doctorFindings,
  errorText,
  findingAbout,
  jsonOf,
  pullFindings,
  verifyFindings,
  type MaintainersOf,
} from './step-findings.ts';

export interface StepContext {
  readonly site: Site;
  readonly walker: Walker;
  readonly config: Config;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly maintainersOf: MaintainersOf;
  /** Packages that are installed, by their directories. */
  readonly installed: () => readonly Bytes[];
  /** Runs a command of xh. */
  readonly xh: (...words: readonly string[]) => Promise<Ended>;
}

export interface StepResult {
  /** In a few words. */
  readonly done: string;
  readonly findings: readonly Finding[];
  /** Whether something of it could not be done. */
  readonly failed?: boolean;
  /** Whether it has not seen all that it looks at: what is not found may be there. */
  readonly incomplete?: boolean;
}

export interface Step {
  readonly id: MaintenanceStep;
  /** What it does, for the manual. */
  readonly what: string;
  /** Why there is nothing to do for it on this host; undefined when there is. */
  readonly idle?: (context: StepContext) => string | undefined;
  /** What it would do, for --dry-run. */
  readonly preview: (context: StepContext) => readonly string[];
  readonly run: (context: StepContext) => StepResult | Promise<StepResult>;
}

export const STEPS: readonly Step[] = [
  {
    id: 'logs',
    what: 'rolls logs that have grown: those of xhier, and those in the logs of packages',
    preview: (context) => planOf(context).map(logText),
    run(context) {
      const { site, walker, config, maintainersOf } = context;
      const { done, findings } = rollLogs(site, walker, config, planOf(context), maintainersOf);
      const count = (op: LogChange['op']): number => done.filter((each) => each.op === op).length;
      return {
        done:
          done.length === 0
            ? 'nothing to roll'
            : [
                ...(count('roll') > 0 ? [`${count('roll')} rolled`] : []),
                ...(count('remove') > 0 ? [`${count('remove')} old ones removed`] : []),
              ].join(', '),
        findings,
        failed: findings.some(({ severity }) => severity === 'problem'),
      };
    },
  },
  {
    id: 'sdist',
    what: 'removes builds that xh sdist was sent, when their days are over',
    preview: () => ['removes builds whose days are over'],
    run({ site, config, now }) {
      const removed = removeExpired(site, config.values['sdist.keep-days'], now);
      return {
        done: removed === 0 ? 'nothing to remove' : `${removed} builds removed`,
        findings: [],
      };
    },
  },
  {
    ...byCommand({
      id: 'pull',
      what: 'brings packages up to date from the stores, and installs what is new',
      words: ['pull', '--json'],
      findings: pullFindings,
      done(json) {
        const outcomes = Array.isArray(json['outcomes']) ? (json['outcomes'] as unknown[]) : [];
        const changed = outcomes.filter((each) => {
          const { result } = each as { readonly result?: unknown };
          return result === 'updated' || result === 'new';
        }).length;
        return changed === 0
          ? `${outcomes.length} looked at, all current`
          : `${changed} brought up to date`;
      },
    }),
    idle: ({ config }) => (config.values.stores.length === 0 ? 'no stores are named' : undefined),
  },
  {
    id: 'install',
    what: 'brings what is installed up to date: scripts, system files, links',
    idle: ({ installed }) => (installed().length === 0 ? 'nothing is installed' : undefined),
    preview: () => ['xh install --all'],
    run: installAll,
  },
  byCommand({
    id: 'doctor',
    what: 'looks for whatever is wrong on this host: links, receipts, system files, room',
    words: ['doctor', '--json'],
    findings: doctorFindings,
    done: (json) => countIn(json, 'findings', 'finding', 'this host is well'),
  }),
  {
    ...byCommand({
      id: 'verify',
      what: 'compares installed packages with their receipts',
      words: ['verify', '--quick', '--json'],
      findings: verifyFindings,
      done: (json) => countIn(json, 'differences', 'difference', 'all as installed'),
    }),
    idle: ({ installed }) => (installed().length === 0 ? 'nothing is installed' : undefined),
  },
  {
    ...byCommand({
      id: 'check',
      what: 'looks for mistakes in the packages that are published from this host',
      words: ['check', '--all', '--json'],
      findings: checkFindings,
      done: (json) => countIn(json, 'findings', 'finding', 'nothing found'),
    }),
    idle: ({ config }) =>
      config.values['publish.store'] === undefined ? 'nothing is published from here' : undefined,
  },
  {
    ...byCommand({
      id: 'gc',
      what: 'frees what old generations have kept',
      words: ['gc', '--json'],
      findings: () => [],
      done(json) {
        const generations = Array.isArray(json['generations']) ? json['generations'].length : 0;
        return generations === 0 ? 'nothing to collect' : `${generations} generations collected`;
      },
    }),
    idle: ({ config }) =>
      config.values.gc === 'manual' ? 'the configuration has it done by hand' : undefined,
  },
];

interface CommandStep {
  readonly id: MaintenanceStep;
  readonly what: string;
  readonly words: readonly string[];
  readonly findings: (output: string, maintainersOf: MaintainersOf) => readonly Finding[];
  readonly done: (json: Readonly<Record<string, unknown>>) => string;
}

/** A step that is one command, which prints JSON whether or not it finds something. */
function byCommand({ id, what, words, findings, done }: CommandStep): Step {
  const shown = words.filter((word) => word !== '--json').join(' ');
  return {
    id,
    what,
    preview: () => [`xh ${shown}`],
    async run({ xh, maintainersOf }) {
      const ended = await xh(...words);
      const json = jsonOf(ended.stdout);
      if (json === undefined || !isUsual(ended)) return failure(`xh ${shown}`, id, ended);
      const found = findings(ended.stdout, maintainersOf);
      // it says that something is wrong, and what we know of it tells nothing
      if (ended.status !== EXIT.done && found.length === 0)
        return failure(`xh ${shown}`, id, ended);
      return { done: done(json), findings: found };
    },
  };
}

/** With all at once; when that fails, each by itself, so that a bad package keeps no other from it. */
async function installAll(context: StepContext): Promise<StepResult> {
  const { xh, installed, maintainersOf } = context;
  const all = await xh('install', '--all', '--json');
  if (all.status === EXIT.done) {
    const generation = jsonOf(all.stdout)?.['generation'];
    return {
      done: typeof generation === 'number' ? `generation ${generation}` : 'all is up to date',
      findings: [],
    };
  }
  if (!isUsual(all) || all.status === EXIT.locked || all.status === EXIT.notPermitted) {
    return failure('xh install --all', 'install', all);
  }
  const findings: Finding[] = [];
  const packages = installed();
  let stopped = false;
  for (const directory of packages) {
    const ended = await xh('install', '--json', printable(directory));
    if (ended.status === EXIT.done) continue;
    const { text, remedy } = errorText(ended.stderr);
    findings.push({
      ...findingAbout(directory, maintainersOf),
      severity: 'problem',
      code: 'install',
      text: `${printable(directory)} could not be brought up to date: ${text || why(ended)}`,
      remedy: remedy ?? `xh install ${printable(directory)}`,
    });
    stopped = ended.stopped !== undefined;
    if (stopped) break;
  }
  if (findings.length === 0) return failure('xh install --all', 'install', all);
  return {
    done: `${findings.length} of ${packages.length} packages failed`,
    findings,
    failed: true,
    incomplete: stopped,
  };
}

/** A step that could not be done is a finding like any other. */
export function failure(command: string, id: string, ended: Ended): StepResult {
  const { text, remedy } = errorText(ended.stderr);
  const how = why(ended);
  return {
    done: how,
    failed: true,
    incomplete: true,
    findings: [
      {
        subject: 'host',
        to: [],
        severity: 'problem',
        code: `maintenance.${id}`,
        key: `${how}\n${text}`,
        text: text === '' ? `${command} ${how}` : `${command} ${how}: ${text}`,
        remedy: remedy ?? `run it by hand: ${command}`,
      },
    ],
  };
}

/** How a command ended, in words. */
function why({ status, stopped, left, error }: Ended): string {
  if (error !== undefined) return `could not be run (${error})`;
  const hangs =
    left === undefined ? '' : `; process ${left} hangs in the kernel and was left behind`;
  if (stopped === 'late') return `was ended: the time for maintenance was over${hangs}`;
  if (stopped === 'interrupted') return `was interrupted${hangs}`;
  if (status === EXIT.locked) return 'found the site locked';
  if (status === EXIT.notPermitted) return 'is not permitted';
  return status === undefined ? 'was killed' : `ended with ${status}`;
}

function isUsual({ status, stopped }: Ended): boolean {
  return status !== undefined && stopped === undefined && status !== EXIT.interrupted;
}

function countIn(
  json: Readonly<Record<string, unknown>>,
  name: string,
  noun: string,
  none: string,
): string {
  const count = Array.isArray(json[name]) ? json[name].length : 0;
  return count === 0 ? none : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function planOf({ walker, config, now }: StepContext): readonly LogChange[] {
  const { values } = config;
  return planLogs(
    findLogs(walker, config),
    {
      size: values['logs.size'],
      age: values['logs.age'],
      keep: values['logs.keep'],
      days: values['logs.days'],
    },
    now,
  );
}

function logText({ op, file, why: because }: LogChange): string {
  const verb = { roll: 'rolls', remove: 'removes', leave: 'leaves alone, and says so:' }[op];
  return `${verb} ${printable(file.path)} (${because})`;
}
