/**
 * The steps of maintenance: one object each, one line in the table. Most are commands of xh that anybody
 * may run by hand; what they print is made into findings.
 */
import { printable } from '../../bytes/bytes.ts';
import { EXIT } from '../../message/error.ts';
import type { Finding } from '../../report/finding.ts';
import type { MaintenanceStep } from '../../site/maintenance-keys.ts';
import { removeExpired } from '../sdist/jobs.ts';
import { failure, installAll, isUsual } from './install-all.ts';
import { findLogs, planLogs, rollLogs, type LogChange } from './logs.ts';
import {
  checkFindings,
  distributeFindings,
  doctorFindings,
  jsonOf,
  pullFindings,
  verifyFindings,
  type MaintainersOf,
} from './step-findings.ts';
import type { Step, StepContext } from './step.ts';

/** In the order in which they are done. */
export const STEPS: readonly Step[] = [
  {
    id: 'logs',
    what: 'rolls logs that have grown, of xhier itself and of packages',
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
                ...(count('remove') > 0
                  ? [`${count('remove')} old ${count('remove') === 1 ? 'one' : 'ones'} removed`]
                  : []),
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
        done:
          removed === 0
            ? 'nothing to remove'
            : `${removed} ${removed === 1 ? 'build' : 'builds'} removed`,
        findings: [],
      };
    },
  },
  {
    // before what is there is taken for what should be there
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
      id: 'pull',
      what: 'brings packages up to date from the stores, and installs them',
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
  {
    ...byCommand({
      id: 'distribute',
      what: 'distributes packages over ssh, where the site asks for that',
      words: ['distribute', '--json'],
      findings: distributeFindings,
      done(json) {
        const hosts = Array.isArray(json['hosts']) ? (json['hosts'] as unknown[]) : [];
        const served = hosts.filter(
          (each) => (each as { readonly served?: unknown }).served === true,
        ).length;
        return `${served} of ${hosts.length} hosts have all`;
      },
    }),
    idle: ({ config }) =>
      config.values['maintenance.distribute']
        ? undefined
        : 'maintenance.distribute does not ask for it',
  },
  byCommand({
    id: 'doctor',
    what: 'looks for what is wrong on this host: links, records, system files',
    words: ['doctor', '--json'],
    findings: doctorFindings,
    done: (json) => countIn(json, 'findings', 'finding', 'this host is well'),
  }),
  {
    ...byCommand({
      id: 'check',
      what: 'looks for mistakes in packages that are published from this host',
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
