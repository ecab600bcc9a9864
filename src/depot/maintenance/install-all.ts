/** The step that brings everything installed up to date, and what is said of steps that could not be done. */
import { printable, toText } from '../../bytes/bytes.ts';
import { EXIT } from '../../message/error.ts';
import type { Finding } from '../../report/finding.ts';
import type { Ended } from './child.ts';
import { errorText, findingAbout, jsonOf } from './step-findings.ts';
import type { StepContext, StepResult } from './step.ts';

/** With all at once; when that fails, each by itself, so that a bad package keeps no other from it. */
export async function installAll(context: StepContext): Promise<StepResult> {
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
    const ended = await xh('install', '--json', toText(directory));
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

/** Whether a command has come to an end of its own. */
export function isUsual({ status, stopped }: Ended): boolean {
  return status !== undefined && stopped === undefined && status !== EXIT.interrupted;
}
