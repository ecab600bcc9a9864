/** An explanation in words, and as an object for programs. */
import { printable, toJson, type Bytes } from '../bytes/bytes.ts';
import type { ObjectStat, ObjectType, Time } from '../files/stat.ts';
import { pathBelow } from '../files/tree.ts';
import type { ObjectExplanation, Standing } from '../lfu/explain.ts';
import { changeRecord, shown } from '../lfu/line.ts';
import type { LfuChange, Why } from '../lfu/plan/change.ts';
import { decisionText, explanationSections, type Section } from '../lfu/rules/explain.ts';
import type { Accounts } from '../site/accounts.ts';
import { countText } from './figures.ts';

/** For people. `all`: rules that do not apply, too. */
export function explanationLines(
  explanation: ObjectExplanation,
  options: { readonly all: boolean; readonly accounts: Accounts },
): readonly string[] {
  const { path, master, slave } = explanation;
  const sections: readonly Section[] = [
    { label: 'master', lines: [objectText(master, options.accounts)] },
    { label: 'slave', lines: [objectText(slave, options.accounts)] },
    ...ruleSections(explanation, options),
    ...ownerSections(explanation),
    { label: 'a run', lines: outcomes(explanation) },
  ];
  const width = Math.max(...sections.map(({ label }) => label.length)) + 2;
  return [
    shown(path),
    ...sections.flatMap(({ label, lines }) =>
      lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(width)}${line}`),
    ),
  ];
}

function ruleSections(
  { path, rules, settledBy }: ObjectExplanation,
  options: { readonly all: boolean },
): readonly Section[] {
  if (path === '') return [{ label: 'rules', lines: ['none applies to the roots themselves'] }];
  if (rules === undefined) return [];
  const above = `${printable(settledBy ?? ('' as Bytes))}: what is in it is treated as it is`;
  return [
    ...(settledBy === undefined ? [] : [{ label: 'settled by', lines: [above] }]),
    ...explanationSections(rules, options),
  ];
}

function ownerSections({ path, slave, owner }: ObjectExplanation): readonly Section[] {
  if (owner === undefined || path === '') return [];
  if (slave === undefined && owner.supplier === undefined) return [];
  const supplier = owner.supplier === undefined ? 'no master' : printable(owner.supplier.name);
  const others = owner.offers.filter(({ name }) => name !== owner.supplier?.name);
  const names = others.map(({ name }) => printable(name)).join(', ');
  return [
    { label: 'supplied by', lines: [names === '' ? supplier : `${supplier}; also on ${names}`] },
  ];
}

/** For programs. */
export function explanationRecord(explanation: ObjectExplanation): object {
  const { path, master, slave, rules, settledBy, owner, changes, below, problems } = explanation;
  return {
    path: toJson(path),
    onMaster: master === undefined ? null : objectRecord(master),
    onSlave: slave === undefined ? null : objectRecord(slave),
    ...(settledBy !== undefined && { settledBy: toJson(settledBy) }),
    chains: rules?.chains.map(({ place, arms, matched }) => ({
      place: placeRecord(place),
      applies: matched !== undefined,
      arms: arms.map((arm) => ({
        ...arm,
        place: placeRecord(arm.place),
        because: arm.because.map((each) => ({ ...each, place: placeRecord(each.place) })),
      })),
    })),
    decision: rules === undefined ? 'update' : decisionText(rules.decision),
    ...(owner !== undefined && {
      supplier: owner.supplier === undefined ? null : toJson(owner.supplier.name),
      offeredBy: owner.offers.map(({ name }) => toJson(name)),
    }),
    changes: changes.map(changeRecord),
    changesBelow: below,
    problems: problems.map((problem) => ({ ...problem, path: toJson(problem.path) })),
    outcome: outcomes(explanation),
  };
}

/** What a run would do, a sentence for each thing. */
function outcomes(explanation: ObjectExplanation): readonly string[] {
  const { changes, below, problems, slave, path } = explanation;
  const told = changes.map((change) => changeText(change, slave));
  for (const problem of problems) {
    const where = problem.path === path ? '' : `${shown(problem.path)}: `;
    told.push(`leaves it alone: ${where}${problem.message}`);
  }
  if (told.length === 0) told.push(unchangedText(explanation));
  if (below > 0) told.push(`makes ${below} more ${below === 1 ? 'change' : 'changes'} below it`);
  return told;
}

function unchangedText({ master, slave, rules, settledBy, owner }: ObjectExplanation): string {
  if (master === undefined && slave === undefined) return 'does nothing: neither side has it';
  const disposition = rules?.decision.disposition;
  if (disposition !== undefined && (settledBy !== undefined || disposition === 'ignore')) {
    return `does nothing with it itself: ${disposition}, by the rules`;
  }
  if (master !== undefined) {
    if (disposition === 'delete') return 'does nothing: the slave lacks it, as the rules want it';
    return 'does nothing: it is as it is to be';
  }
  if (disposition === 'preserve') return 'leaves it: the rules want it preserved';
  if (owner !== undefined) {
    const { supplier, offers } = owner;
    const others = [supplier, ...offers].flatMap((each) => each?.name ?? []);
    return others.length === 0
      ? 'leaves it: no master has supplied it'
      : `leaves it: it is another master's (${[...new Set(others)].map(printable).join(', ')})`;
  }
  return 'leaves it: something in it stays, or a process runs it';
}

function changeText(change: LfuChange, slave: ObjectStat | undefined): string {
  const why = change.why.map((each) => reason(each, change, slave)).join('; ');
  return `${deed(change)}: ${why}`;
}

function deed(change: LfuChange): string {
  switch (change.kind) {
    case 'copy':
      return 'copies it';
    case 'make':
      return `makes ${TYPES[change.type]}`;
    case 'link':
      return `makes a symbolic link to ${printable(change.target)}`;
    case 'join':
      return `makes it another name of ${shown(pathBelow(change.to.at, change.to.name))}`;
    case 'set':
      return 'corrects it';
    case 'keep':
      return `renames it to ${printable(change.keep)}`;
    case 'delete':
      return 'deletes it';
  }
}

function reason(why: Why, change: LfuChange, slave: ObjectStat | undefined): string {
  const want = 'want' in change ? change.want : undefined;
  const from = change.kind === 'copy' ? change.from.stat : undefined;
  const differs = (
    what: string,
    wanted: string | number | undefined,
    found: string | number | undefined,
  ): string =>
    wanted === undefined || found === undefined
      ? `the ${what} differs`
      : `the ${what} is ${String(found)}, to be ${String(wanted)}`;
  switch (why) {
    case 'new':
      return 'the slave lacks it';
    case 'type':
      return `the slave has ${slave === undefined ? 'something else' : TYPES[slave.type]} there`;
    case 'size':
      return differs('size', from?.size, slave?.size);
    case 'mtime': {
      const time = from?.mtime ?? want?.mtime;
      return differs('time', time && timeText(time), slave && timeText(slave.mtime));
    }
    case 'mode':
      return differs('mode', want?.mode && octal(want.mode), slave && octal(slave.mode));
    case 'owner':
      return differs('owner', want?.uid, slave?.uid);
    case 'group':
      return differs('group', want?.gid, slave?.gid);
    case 'content':
    case 'forced':
    case 'target':
    case 'device':
    case 'links':
    case 'acl':
    case 'xattr':
    case 'absent':
    case 'rule':
    case 'replaced':
    case 'stale':
      return REASONS[why];
  }
}

const REASONS = {
  content: 'the contents differ',
  forced: 'the rules want it whatever the times say',
  target: 'it points somewhere else',
  device: 'it is another device',
  links: 'its hard links are not those of the master',
  acl: 'the access list differs',
  xattr: 'the attributes differ',
  absent: 'the master lacks it',
  rule: 'the rules want it deleted',
  replaced: 'it stands in a directory that something else replaces',
  stale: 'a run that was killed has left it',
} as const;

const TYPES: Readonly<Record<ObjectType, string>> = {
  f: 'a file',
  d: 'a directory',
  l: 'a symbolic link',
  p: 'a FIFO',
  s: 'a socket',
  b: 'a block device',
  c: 'a character device',
};

function objectText(stat: Standing | undefined, accounts: Accounts): string {
  if (stat === undefined) return 'nothing';
  const { type, size, mode, uid, gid, mtime, target } = stat;
  const more =
    type === 'f' ? `, ${countText(size, 'byte')}` : target ? ` to ${printable(target)}` : '';
  const user = printable(accounts.userById(uid)?.name ?? (String(uid) as Bytes));
  const group = printable(accounts.groupById(gid)?.name ?? (String(gid) as Bytes));
  return `${TYPES[type]}${more}, mode ${octal(mode)}, ${user}:${group}, ${timeText(mtime)}`;
}

function objectRecord({ type, size, mode, uid, gid, links, mtime, target }: Standing): object {
  const nanoseconds = String(mtime.nanoseconds).padStart(9, '0');
  return {
    type,
    size,
    mode: octal(mode),
    uid,
    gid,
    links,
    mtime: `${mtime.seconds}.${nanoseconds}`,
    ...(target !== undefined && { target: toJson(target) }),
  };
}

function placeRecord(place: {
  readonly file: Bytes;
  readonly line: number;
  readonly column: number;
}) {
  return { ...place, file: toJson(place.file) };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function timeText({ seconds, nanoseconds }: Time): string {
  const date = new Date(seconds * 1000);
  // beyond what a date can be
  if (Number.isNaN(date.getTime())) return `${seconds} s`;
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return date.toISOString().replace(/\.000Z$/, fraction === '' ? 'Z' : `.${fraction}Z`);
}
