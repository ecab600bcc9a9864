/** A generation for people: who, when and why on one line or at length, and what it changed, file by file. */
import { b, bytes, printable } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { classAt } from '../farm/classes.ts';
import type { Generation, RecordedChange } from '../host/generations.ts';
import { contentOf, type Untold } from '../host/history.ts';
import type { Before, ScriptRun } from '../host/plan.ts';
import type { Walker } from '../files/walk.ts';
import { localTime } from '../lfu/local-time.ts';
import { differenceLines } from './difference.ts';
import type { Styles } from './terminal.ts';

export interface HistoryTextOptions {
  readonly styles: Styles;
  /** Every link on a line of its own, and our own records too. */
  readonly verbose: boolean;
  /** Reads what is kept. */
  readonly walker: Walker;
}

/** One line each: number, time, who, the command, and why. */
export function historyLines(generations: readonly Generation[], styles: Styles): string[] {
  const width = Math.max(8, ...generations.map(({ user }) => printable(bytes(user)).length));
  const digits = Math.max(4, String(generations.at(-1)?.generation ?? 0).length);
  return generations.map((each) => {
    const number = String(each.generation).padStart(digits);
    const who = printable(bytes(each.user)).padEnd(width);
    const why = each.reason === undefined ? '' : `  (${printable(bytes(each.reason))})`;
    const line = `${number}  ${timeText(each.time)}  ${who}  ${printable(bytes(each.command))}${why}`;
    // one cannot go back to before it
    return each.collected === undefined ? line : styles.dim(line);
  });
}

/** All that is known of a generation, and what it changed. */
export function generationLines(generation: Generation, options: HistoryTextOptions): string[] {
  const { bold, dim } = options.styles;
  const { user, command, reason, packages, scripts, collected } = generation;
  const about: readonly (readonly [string, string | undefined])[] = [
    ['who', printable(bytes(user))],
    ['command', printable(bytes(command))],
    ['why', reason === undefined ? undefined : printable(bytes(reason))],
    ...(generation.scripts ?? []).map(
      (run) =>
        [
          'ran',
          `${printable(run.package)}/.admin/Install ${run.action}${run.transcript === undefined ? '' : ` (it said: ${printable(run.transcript)})`}`,
        ] as const,
    ),
    ['packages', packages.length === 0 ? undefined : packages.map(printable).join(', ')],
    ...(scripts ?? []).map((run) => ['script', scriptText(run)] as const),
  ];
  return [
    bold(`generation ${generation.generation}, ${timeText(generation.time)}`),
    ...about.flatMap(([name, value]) =>
      value === undefined ? [] : [`${name.padEnd(10)}${value}`],
    ),
    ...(collected === undefined
      ? []
      : [
          dim(
            `collected ${timeText(collected.time)}: what its files had in them is not known any more, nor its links`,
          ),
        ]),
    ...(generation.changes.length === 0 ? [] : ['', ...changeLines(generation, options)]),
  ];
}

function scriptText({ package: directory, action, transcript }: ScriptRun): string {
  const script = `${printable(directory)}/.admin/Install ${action}`;
  return transcript === undefined ? script : `${script}, transcript ${printable(transcript)}`;
}

/** What a generation changed, files with their differences. */
export function changeLines(
  { changes, collected }: Generation,
  options: HistoryTextOptions,
): string[] {
  const lines: string[] = [];
  const links = new Map<string, number>();
  for (const change of changes) {
    if (change.bookkeeping === true && !options.verbose) continue;
    if (!options.verbose && isFarmLink(change)) {
      const key = `${change.op} ${printable(dirname(change.path))}`;
      links.set(key, (links.get(key) ?? 0) + 1);
      continue;
    }
    // directories go without saying
    if ((change.op === 'mkdir' || change.op === 'rmdir') && !options.verbose) continue;
    lines.push(changeLine(change, options.styles));
    if (collected === undefined) lines.push(...contentLines(change, options));
  }
  const { green, red } = options.styles;
  for (const [key, count] of links) {
    const [op = '', directory = ''] = key.split(/ (.*)/s);
    const word = op === 'link' ? green('link') : red('drop');
    lines.push(`${word} ${directory}/: ${count} ${count === 1 ? 'link' : 'links'}`);
  }
  return lines;
}

/** Whether a change is one of the many of a farm. */
function isFarmLink({ op, path, before }: RecordedChange): boolean {
  const isLink = op === 'link' || (op === 'remove' && before.type === 'link');
  return isLink && classAt(path) !== undefined;
}

/** `edit /etc/services`, in the words of a plan. */
function changeLine(change: RecordedChange, { green, red, yellow }: Styles): string {
  const path = printable(change.path);
  const { before, after, keptAs = b`` } = change;
  switch (change.op) {
    case 'mkdir':
      return `${green('make')} ${path}/`;
    case 'rmdir':
      return `${red('drop')} ${path}/`;
    case 'write':
      return before.type === 'absent'
        ? `${green('new ')} ${path}`
        : `${yellow('edit')} ${path}${wasLink(before)}${attributesText(before, after)}`;
    case 'link':
      return `${green('link')} ${path}${targetText(after)}${wasLink(before)}`;
    case 'remove':
      return `${red('drop')} ${path}${wasLink(before)}`;
    case 'rename':
      return `${yellow('name')} ${path} → ${printable(keptAs)}`;
    case 'displace':
      return `${yellow('take')} ${path}${targetText(after)} (the original is kept as ${printable(keptAs)})`;
    case 'restore':
      return `${yellow('back')} ${path} (the original, from ${printable(keptAs)})`;
    case 'place':
    case 'tree':
      return `${green('tree')} ${path}`;
  }
}

function targetText(state: Before): string {
  return state.type === 'link' ? ` → ${printable(state.target)}` : '';
}

function wasLink(before: Before): string {
  return before.type === 'link' ? ` (was → ${printable(before.target)})` : '';
}

/** ` (mode 644 → 600, owner 0:0 → 10:10)`, where they changed. */
function attributesText(before: Before, after: Before): string {
  if (before.type !== 'file' || after.type !== 'file') return '';
  const modes = [before, after].map(({ mode }) => mode.toString(8).padStart(3, '0'));
  const owners = [before, after].map(({ uid, gid }) => `${uid}:${gid}`);
  const parts = [
    ...(modes[0] === modes[1] ? [] : [`mode ${modes.join(' → ')}`]),
    ...(owners[0] === owners[1] || after.uid < 0 ? [] : [`owner ${owners.join(' → ')}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** The difference of what a file had in it. */
function contentLines(change: RecordedChange, options: HistoryTextOptions): string[] {
  const { before, after } = change;
  // what is displaced, or comes back, is the same file
  if (change.op === 'displace' || change.op === 'restore' || change.op === 'rename') return [];
  const [from, to] = [before, after].map((state) =>
    contentOf(options.walker, state.type === 'link' ? ABSENT : state),
  );
  if (from === undefined || to === undefined) return [];
  for (const each of [from, to]) {
    if ('untold' in each) return [options.styles.dim(`     (${UNTOLD[each.untold]})`)];
  }
  if ('untold' in from || 'untold' in to) return [];
  // of a file that not everybody may read (/etc/shadow), what others have in it is not shown
  const isPrivate = before.type === 'file' && (before.mode & 0o004) === 0;
  const lines = differenceLines(
    { from: from.content, to: to.content, context: isPrivate ? 0 : 3 },
    options.styles,
  );
  const isWhole = before.type !== 'file' || after.type !== 'file';
  return isWhole ? lines.filter((line) => !line.startsWith('     @@')) : lines;
}

const ABSENT: Before = { type: 'absent' };

const UNTOLD: Readonly<Record<Untold, string>> = {
  collected: 'what it had in it is not kept any more',
  'not permitted': 'what it had in it is for those to see who may change the site',
  'no file': 'it was no file',
};

/** Where the reader is. */
function timeText(time: string): string {
  return localTime(Date.parse(time));
}
