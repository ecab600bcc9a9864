/**
 * A disk as far as a loss of power is concerned: objects by number, names in directories, and what
 * each operation of a program does to them. Times are known only where a program has set them.
 */

export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds; undefined: whenever it was. */
  readonly mtime?: bigint | undefined;
}

export type DiskObject = Attributes &
  (
    | { readonly type: 'file'; readonly content: string }
    | { readonly type: 'link'; readonly target: string }
    | { readonly type: 'directory'; readonly names: ReadonlyMap<string, number> }
  );

/** Objects by number; what no name leads to is there all the same. */
export type Disk = Map<number, DiskObject>;

/** The number of the site root. */
export const ROOT = 1;

/** A name in a directory is given to an object, or to none. */
export interface Naming {
  readonly directory: number;
  readonly name: string;
  readonly object: number | undefined;
}

/** What a program asks of the disk, by the numbers of objects. */
export type Operation = { readonly shown: string } & (
  | { readonly op: 'names'; readonly names: readonly Naming[]; readonly makes?: DiskObject }
  | { readonly op: 'write'; readonly object: number; readonly at: number; readonly text: string }
  | { readonly op: 'truncate'; readonly object: number; readonly size: number }
  | {
      readonly op: 'attributes';
      readonly object: number;
      readonly attributes: Partial<Attributes>;
    }
  /** Without an object: all of the file system. */
  | { readonly op: 'sync'; readonly object?: number }
);

/** Does it; the parts of it are done together or not at all. */
export function perform(disk: Disk, operation: Operation): void {
  switch (operation.op) {
    case 'names':
      for (const { directory, name, object } of operation.names) {
        const old = disk.get(directory);
        if (old?.type !== 'directory') throw new Error(`${operation.shown}: no directory`);
        const names = new Map(old.names);
        if (object === undefined) names.delete(name);
        else names.set(name, object);
        disk.set(directory, { ...old, names, mtime: undefined });
        if (operation.makes !== undefined && object !== undefined && !disk.has(object)) {
          disk.set(object, operation.makes);
        }
      }
      return;
    case 'write':
      change(disk, operation.object, (content) => {
        const { at, text } = operation;
        return content.slice(0, at).padEnd(at, '\0') + text + content.slice(at + text.length);
      });
      return;
    case 'truncate':
      change(disk, operation.object, (content) =>
        content.slice(0, operation.size).padEnd(operation.size, '\0'),
      );
      return;
    case 'attributes': {
      const old = disk.get(operation.object);
      if (old !== undefined) disk.set(operation.object, { ...old, ...operation.attributes });
      return;
    }
    case 'sync':
      return;
  }
}

function change(disk: Disk, number: number, edit: (content: string) => string): void {
  const old = disk.get(number);
  if (old?.type !== 'file') throw new Error(`${number} is no file`);
  disk.set(number, { ...old, content: edit(old.content), mtime: undefined });
}

/** An object that a name leads to. */
export type Reached = DiskObject & { readonly number: number };

/** Everything that names lead to, by path below the root, parents first. */
export function reachable(disk: Disk): ReadonlyMap<string, Reached> {
  const found = new Map<string, Reached>();
  const visit = (number: number, path: string): void => {
    const object = disk.get(number);
    if (object === undefined) throw new Error(`${path} leads to nothing`);
    if (number !== ROOT) found.set(path, { ...object, number });
    if (object.type !== 'directory') return;
    for (const [name, below] of object.names) visit(below, path === '' ? name : `${path}/${name}`);
  };
  visit(ROOT, '');
  return found;
}

/** What is compared of an object: all but its times. */
export function objectText(object: DiskObject): string {
  const owner = `${object.mode.toString(8)} ${object.uid}:${object.gid}`;
  switch (object.type) {
    case 'file':
      return `file ${owner} ${object.content}`;
    case 'link':
      return `link ${object.target}`;
    case 'directory':
      return `directory ${owner}`;
  }
}
