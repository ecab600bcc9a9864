/** A plan for people: what will be different, file by file, links counted by directory. */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { dirname } from '../bytes/path.ts';
import { classAt } from '../farm/classes.ts';
import { visibleChanges, type Change, type Plan } from '../host/plan.ts';
import type { Draft } from '../host/draft.ts';
import { differenceLines } from './difference.ts';
import type { Styles } from './terminal.ts';

export interface PlanTextOptions {
  readonly styles: Styles;
  /** Every link on a line of its own. */
  readonly verbose: boolean;
  /** The content of a system file now, for differences. */
  readonly current: (path: Bytes) => Bytes | undefined;
}

/** Lines that tell what `plan` will do. */
export function planText(plan: Plan, options: PlanTextOptions): string[] {
  const { green, red, yellow } = options.styles;
  const lines: string[] = plan.scripts.map(
    (script) => `${yellow('run ')} ${printable(script.package)}/.admin/Install ${script.action}`,
  );
  const links = new Map<string, number>();
  for (const change of visibleChanges(plan)) {
    const path = printable(change.path);
    if (!options.verbose && isFarmLink(change)) {
      const key = `${change.op} ${printable(dirname(change.path))}`;
      links.set(key, (links.get(key) ?? 0) + 1);
      continue;
    }
    switch (change.op) {
      case 'mkdir':
        if (options.verbose) lines.push(`${green('make')} ${path}/`);
        break;
      case 'rmdir':
        if (options.verbose) lines.push(`${red('drop')} ${path}/`);
        break;
      case 'write':
        lines.push(
          `${change.before.type === 'absent' ? green('new ') : yellow('edit')} ${path}`,
          ...difference(change, options),
        );
        break;
      case 'link':
        lines.push(`${green('link')} ${path} → ${printable(change.target)}`);
        break;
      case 'remove':
        lines.push(`${red('drop')} ${path}`);
        break;
      case 'rename':
        lines.push(`${yellow('name')} ${path} → ${printable(change.to)}`);
        break;
      case 'displace':
        lines.push(
          `${yellow('take')} ${path} → ${printable(change.target)} (the original is kept as ${printable(change.keptAs)})`,
        );
        break;
      case 'restore':
        lines.push(`${yellow('back')} ${path} (the original, from ${printable(change.keptAs)})`);
        break;
      case 'place':
        lines.push(`${green('tree')} ${path} (${change.shape.objects} objects)`);
        break;
      case 'tree':
        lines.push(`${green('tree')} ${path} (${change.objects.length} objects)`);
        break;
    }
  }
  for (const [key, count] of links) {
    const [op = '', directory = ''] = key.split(/ (.*)/s);
    const word = op === 'link' ? green('link') : red('drop');
    lines.push(`${word} ${directory}/: ${count} ${count === 1 ? 'link' : 'links'}`);
  }
  for (const command of plan.refresh) {
    lines.push(`${yellow('then')} ${printable(bytes(command))}`);
  }
  return lines;
}

/** Whether a change is one of the many of a farm. */
function isFarmLink(change: Change): boolean {
  const isLink = change.op === 'link' || (change.op === 'remove' && change.before.type === 'link');
  return isLink && classAt(change.path) !== undefined;
}

function difference(
  change: Extract<Change, { op: 'write' }>,
  { styles, current }: PlanTextOptions,
): string[] {
  // of a file that not everybody may read (/etc/shadow), what others have in it is not shown
  const isPrivate = change.before.type === 'file' && (change.before.mode & 0o004) === 0;
  const lines = differenceLines(
    { from: current(change.path) ?? b``, to: change.content, context: isPrivate ? 0 : 1 },
    styles,
  );
  // where there was nothing, where it stands goes without saying
  return change.before.type === 'absent'
    ? lines.filter((line) => !line.startsWith('     @@'))
    : lines;
}

/** `current` of {@link PlanTextOptions} from a draft or walker that reads the host. */
export function readCurrent(draft: Pick<Draft, 'read'>): (path: Bytes) => Bytes | undefined {
  return (path) => draft.read(path)?.content;
}
