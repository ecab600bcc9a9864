/**
 * What would happen to one object, and why: what stands on the two sides, what the rules say of it
 * (or of a directory above it, when they settle everything below), and what a run would do. The last
 * comes from a plan made just as a run makes it.
 */
import { slice, type Bytes } from '../bytes/bytes.ts';
import { basename, dirname, join } from '../bytes/path.ts';
import { closeDir, openDir } from '../files/dir.ts';
import { errnoOf } from '../files/error.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt, type ObjectStat } from '../files/stat.ts';
import { readLedger } from './ledger/store.ts';
import type { LfuOptions } from './options.ts';
import { belowSlave, ownerOf, type ConfiguredPair, type Ownership } from './owns.ts';
import type { LfuChange, LfuProblem } from './plan/change.ts';
import { pathOf } from './plan/order.ts';
import { explainDecision, type Explanation } from './rules/explain.ts';
import type { RuleObject } from './rules/object.ts';
import type { RuleSet } from './rules/evaluator.ts';
import { runLfu } from './run.ts';

/** What stands somewhere; of a link where it points, too. */
export type Standing = ObjectStat & { readonly target?: Bytes };

export interface ObjectExplanation {
  /** Below the two trees. */
  readonly path: Bytes;
  readonly master: Standing | undefined;
  readonly slave: Standing | undefined;
  /** Undefined without rules, and where there is nothing that they could apply to. */
  readonly rules: Explanation | undefined;
  /** The directory above it to which the rules were applied, since they settle all that is in it. */
  readonly settledBy: Bytes | undefined;
  /** Who supplied it, where the slave has a ledger. */
  readonly owner: Ownership | undefined;
  /** What a run would do with it. */
  readonly changes: readonly LfuChange[];
  /** How many more changes it would make below it. */
  readonly below: number;
  readonly problems: readonly LfuProblem[];
}

export interface ExplainOptions {
  /** As for a run. */
  readonly run: Omit<LfuOptions, 'dryRun' | 'only' | 'report' | 'rules'>;
  readonly rules: RuleSet | undefined;
  /** Below the two trees. */
  readonly path: Bytes;
  /** Real path of the slave, and the masters that the configuration has for it. */
  readonly slave: Bytes;
  readonly configured: readonly ConfiguredPair[];
}

/**
 * Explains one object, there or not.
 * @throws XhError as a run does, when a tree cannot be used or a guard refuses
 */
export async function explainObject(options: ExplainOptions): Promise<ObjectExplanation> {
  const { run, rules, path, slave, configured } = options;
  const changes: LfuChange[] = [];
  const problems: LfuProblem[] = [];
  let below = 0;
  await runLfu({
    ...run,
    rules,
    dryRun: true,
    only: path,
    report: {
      changed(change) {
        if (pathOf(change) === path) changes.push(change);
        else if (isBelow(path, pathOf(change))) below++;
      },
      problem(problem) {
        problems.push(problem);
      },
    },
  });
  const applied = rules === undefined || path === '' ? undefined : applyRules(rules, run, path);
  const site = run.ledger?.site;
  const hasLedger = site !== undefined && readLedger(site, slave).kind === 'ledger';
  return {
    path,
    master: statBelow(run.master, path),
    slave: statBelow(run.slave, path),
    rules: applied,
    settledBy:
      applied === undefined || applied.object.path === path ? undefined : applied.object.path,
    owner: hasLedger ? ownerOf(site, join(slave, path), configured) : undefined,
    changes,
    below,
    problems,
  };
}

/** The path below the tree `root` (real, absolute) of `path`; undefined when it is not in it. */
export function belowTree(root: Bytes, path: Bytes): Bytes | undefined {
  if (path === root) return '' as Bytes;
  return isBelow(root === '/' ? ('' as Bytes) : root, path) ? belowSlave(root, path) : undefined;
}

/** What the rules say of `path`, or of the first directory above it that they settle as a whole. */
function applyRules(
  rules: RuleSet,
  { master, slave }: Pick<LfuOptions, 'master' | 'slave'>,
  path: Bytes,
): Explanation | undefined {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
    const above = slice(path, 0, end);
    const onMaster = statBelow(master, above);
    const stat = onMaster ?? statBelow(slave, above);
    if (stat === undefined) return undefined;
    const explanation = explainDecision(rules, ruleObject(above, stat));
    const { disposition } = explanation.decision;
    const settling = onMaster === undefined ? SETTLED_ON_SLAVE : SETTLED_ON_MASTER;
    if (settling.has(disposition)) return explanation;
  }
  const stat = statBelow(master, path) ?? statBelow(slave, path);
  return stat === undefined ? undefined : explainDecision(rules, ruleObject(path, stat));
}

function ruleObject(path: Bytes, stat: ObjectStat): RuleObject {
  const seconds = (time: ObjectStat['mtime']): number => time.seconds + time.nanoseconds / 1e9;
  return {
    ...stat,
    name: basename(path),
    path,
    mtime: seconds(stat.mtime),
    atime: seconds(stat.atime),
  };
}

/** What stands at `path` in the tree `root`, links above it followed. @throws XhError when it cannot be told */
function statBelow(root: Bytes, path: Bytes): Standing | undefined {
  const whole = join(root, path);
  try {
    const dir = openDir(dirname(whole));
    try {
      const stat = statAt(dir, basename(whole));
      return stat?.type === 'l' ? { ...stat, target: readLinkAt(dir, basename(whole)) } : stat;
    } finally {
      closeDir(dir);
    }
  } catch (error) {
    if (NOT_THERE.has(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function isBelow(directory: Bytes, path: Bytes): boolean {
  return path.startsWith(directory === '' ? '' : `${directory}/`) && path !== directory;
}

const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
const SETTLED_ON_MASTER: ReadonlySet<string> = new Set(['ignore', 'delete', 'link', 'error']);
const SETTLED_ON_SLAVE: ReadonlySet<string> = new Set(['ignore', 'delete', 'preserve', 'error']);
