/** A tree drawn with lines, for a graph: what has been drawn is not drawn again. */

export interface TreeItem<Id> {
  readonly text: string;
  /** What it stands for, when that has branches of its own. */
  readonly id?: Id;
}

export interface TreeMarks<Id> {
  /** Behind what has been drawn above. */
  readonly again: (id: Id) => string;
  /** Behind what it is itself a branch of. */
  readonly circle: (id: Id) => string;
  /** Below a root without branches. */
  readonly empty?: string;
}

/** Lines for `roots` and all that `below` gives for them, each branch once. */
export function treeLines<Id>(
  roots: readonly TreeItem<Id>[],
  below: (id: Id) => readonly TreeItem<Id>[],
  marks: TreeMarks<Id>,
): string[] {
  const lines: string[] = [];
  const drawn = new Set<Id>();
  const open = new Set<Id>();
  const stack: Step<Id>[] = roots.toReversed().map((item) => ({ item, before: '', own: '' }));
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if ('leave' in step) {
      open.delete(step.leave);
      continue;
    }
    const { item, before, own } = step;
    const { id } = item;
    const isOpen = id !== undefined && open.has(id);
    const isDrawn = id !== undefined && drawn.has(id);
    const mark = id === undefined ? '' : isOpen ? marks.circle(id) : isDrawn ? marks.again(id) : '';
    lines.push(`${before}${own}${item.text}${mark}`);
    if (id === undefined || isDrawn) continue;
    drawn.add(id);
    open.add(id);
    const branches = below(id);
    if (branches.length === 0 && own === '' && marks.empty !== undefined)
      lines.push(`  ${marks.empty}`);
    const indent = before + (own === '' ? '' : own === LAST ? '   ' : '│  ');
    stack.push({ leave: id });
    for (const [i, branch] of [...branches.entries()].toReversed()) {
      stack.push({ item: branch, before: indent, own: i === branches.length - 1 ? LAST : MORE });
    }
  }
  return lines;
}

const MORE = '├─ ';
const LAST = '└─ ';

type Step<Id> =
  | { readonly item: TreeItem<Id>; readonly before: string; readonly own: string }
  /** All below is drawn. */
  | { readonly leave: Id };
