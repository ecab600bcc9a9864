/**
 * What a program really asks of the disk: it is run under strace(1) with all that it writes, and its
 * calls are followed on a model of the disk, so that each is known by the objects that it is about.
 * A call that the model does not have is an error, so that none goes unnoticed.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand, type Run } from '../strace.ts';
import {
  perform,
  ROOT,
  type Attributes,
  type Disk,
  type DiskObject,
  type Naming,
  type Operation,
} from './disk.ts';
import type { Standing } from './standing.ts';

/** One command after another, from a disk on which everything is durable. */
export interface Recording {
  readonly start: Disk;
  readonly operations: readonly Operation[];
  /** How many operations there are when each command has ended. */
  readonly ends: readonly number[];
  /** What may stand when all is settled, before the first command and after each, where that is known otherwise. */
  readonly settled?: readonly Standing[];
}

/** Runs commands on what stands at the root now. @throws Error when one fails, or does what is not known here */
export async function record(root: string, runs: readonly Run[]): Promise<Recording> {
  const start = diskOf(root);
  const model: Model = {
    disk: new Map(start),
    next: Math.max(...start.keys()) + 1,
    root,
    open: new Map(),
  };
  const operations: Operation[] = [];
  const ends: number[] = [];
  for (const run of runs) {
    for (const call of await callsOf(run)) {
      const found = operationOf(call, model);
      if (found === undefined) continue;
      perform(model.disk, found);
      if (found.op === 'names' && found.makes !== undefined) model.next += 1;
      operations.push(found);
    }
    ends.push(operations.length);
  }
  return { start, operations, ends };
}

/** What stands below a directory. */
export function diskOf(root: string): Disk {
  const disk: Disk = new Map();
  let next = ROOT;
  // hard links are several names of one object
  const numbers = new Map<bigint, number>();
  const visit = (path: string): number => {
    const stat = lstatSync(path, { bigint: true });
    const known = numbers.get(stat.ino);
    if (known !== undefined) return known;
    const number = next++;
    numbers.set(stat.ino, number);
    const attributes: Attributes = {
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: stat.mtimeNs,
    };
    if (stat.isDirectory()) {
      const names = readdirSync(path, 'latin1').map(
        (name) => [name, visit(join(path, name))] as const,
      );
      disk.set(number, { ...attributes, type: 'directory', names: new Map(names) });
    } else if (stat.isSymbolicLink()) {
      disk.set(number, { ...attributes, type: 'link', target: readlinkSync(path, 'latin1') });
    } else {
      disk.set(number, { ...attributes, type: 'file', content: readFileSync(path, 'latin1') });
    }
    return number;
  };
  visit(root);
  return disk;
}

/** A system call that has been made: strings and paths of open files without their escapes. */
interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly result: number;
  /** The path of what it opens. */
  readonly opens?: string;
  /** For people. */
  readonly shown: string;
}

const TRACED = `openat open creat mkdir mkdirat unlink unlinkat rmdir rename renameat renameat2 link
  linkat symlink symlinkat mknod mknodat write pwrite64 writev pwritev pwritev2 ftruncate truncate
  fallocate copy_file_range sendfile splice chmod fchmod fchmodat fchmodat2 chown lchown fchown
  fchownat utime utimes futimesat utimensat fsync fdatasync syncfs sync`.split(/\s+/);

async function callsOf(run: Run): Promise<readonly Call[]> {
  const log = join(dirname(run.root), 'strace-power-loss');
  const words = ['-f', '-y', '-xx', '-s', '16777216', '-o', log];
  words.push('-e', `trace=${TRACED.map((name) => `?${name}`).join(',')}`);
  const ended = await runCommand('strace', [...words, ...run.words], {
    ...(run.env !== undefined && { env: run.env }),
  });
  if (ended.status !== 0) throw new Error(`${run.words.join(' ')}: ${ended.stderr}`);
  const lines = readFileSync(log, 'latin1').split('\n');
  rmSync(log);
  return joined(lines).flatMap(parsed);
}

/** Calls that another thread's came between are put together again. */
function joined(lines: readonly string[]): string[] {
  const begun = new Map<string, string>();
  return lines.flatMap((line) => {
    const thread = /^\d+/.exec(line)?.[0] ?? '';
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(line)?.[1];
    if (unfinished !== undefined) {
      begun.set(thread, unfinished);
      return [];
    }
    const rest = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line)?.[1];
    return [rest === undefined ? line : (begun.get(thread) ?? '') + rest];
  });
}

function parsed(line: string): Call[] {
  const [, name, words, result] = /^\d+ +(\w+)\((.*)\) += (-?\d+)/.exec(line) ?? [];
  if (name === undefined || words === undefined || result === undefined) return [];
  if (Number(result) < 0) return [];
  const opens = /\) += \d+<([^>]*)>/.exec(line)?.[1];
  const args = split(words).map(unescaped);
  return [
    {
      name,
      args,
      result: Number(result),
      ...(opens !== undefined && { opens: unescaped(opens) }),
      shown: shownText(name, args),
    },
  ];
}

/** At commas that are not in brackets; there are none in strings, which are all escapes. */
function split(words: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < words.length; i++) {
    const unit = words[i] ?? '';
    if ('[{('.includes(unit)) depth++;
    else if (']})'.includes(unit)) depth--;
    else if (unit === ',' && depth === 0) {
      args.push(words.slice(from, i).trim());
      from = i + 1;
    }
  }
  args.push(words.slice(from).trim());
  return args;
}

function unescaped(word: string): string {
  return word.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

function shownText(name: string, args: readonly string[]): string {
  return `${name}(${args.map((arg) => (arg.length > 120 ? `${arg.slice(0, 120)}…` : arg)).join(', ')})`;
}

interface Model {
  readonly disk: Disk;
  /** The number of the next object that is made. */
  next: number;
  readonly root: string;
  /** What each number of an open file was opened on last. */
  readonly open: Map<string, string>;
}

/** What a call does below the root; undefined when nothing. */
function operationOf(call: Call, model: Model): Operation | undefined {
  const { name, args, shown: all } = call;
  const shown = all.replaceAll(model.root, '');
  const arg = (i: number): string => args[i] ?? '';
  if (call.opens !== undefined) model.open.set(String(call.result), call.opens);
  switch (name) {
    case 'open':
    case 'openat':
      return opened(call, model, shown);
    case 'mkdirat':
      return made(model, shown, placeAt(model, arg(0), arg(1)), {
        ...mine(parseInt(arg(2), 8)),
        type: 'directory',
        names: new Map(),
      });
    case 'symlinkat':
      return made(model, shown, placeAt(model, arg(1), arg(2)), {
        ...mine(0o777),
        type: 'link',
        target: text(arg(0)),
      });
    case 'unlink':
    case 'rmdir':
      return named(shown, [nothing(placeOf(model, text(arg(0))))]);
    case 'unlinkat':
      return named(shown, [nothing(placeAt(model, arg(0), arg(1)))]);
    case 'rename':
      return renamed(model, shown, placeOf(model, text(arg(0))), placeOf(model, text(arg(1))));
    case 'renameat':
    case 'renameat2': {
      const [from, to] = [placeAt(model, arg(0), arg(1)), placeAt(model, arg(2), arg(3))];
      if (arg(4).includes('EXCHANGE')) return exchanged(model, shown, from, to);
      return renamed(model, shown, from, to);
    }
    case 'linkat': {
      const [from, to] = [placeAt(model, arg(0), arg(1)), placeAt(model, arg(2), arg(3))];
      return to && from && named(shown, [{ ...to, object: objectAt(model, from) }]);
    }
    case 'write':
    case 'pwrite64':
      return written(call, model, shown);
    case 'copy_file_range':
      return copied(call, model, shown);
    case 'ftruncate': {
      const object = heldBy(model, arg(0));
      return object === undefined
        ? undefined
        : { op: 'truncate', object, size: Number(arg(1)), shown };
    }
    case 'chmod':
      return attributed(shown, heldBy(model, heldText(model, text(arg(0)))), {
        mode: parseInt(arg(1), 8),
      });
    case 'fchmod':
      return attributed(shown, heldBy(model, arg(0)), { mode: parseInt(arg(1), 8) });
    case 'fchmodat':
    case 'fchmodat2':
      return attributed(shown, objectAt(model, placeAt(model, arg(0), arg(1))), {
        mode: parseInt(arg(2), 8),
      });
    case 'fchown':
      return attributed(shown, heldBy(model, arg(0)), owner(arg(1), arg(2)));
    case 'fchownat':
      return attributed(
        shown,
        objectAt(model, placeAt(model, arg(0), arg(1))),
        owner(arg(2), arg(3)),
      );
    case 'utimensat': {
      const object =
        arg(1) === 'NULL' ? heldBy(model, arg(0)) : objectAt(model, placeAt(model, arg(0), arg(1)));
      const time = [...arg(2).matchAll(TIME)][1];
      if (time?.[0] === 'UTIME_OMIT') return undefined;
      return attributed(shown, object, { mtime: nanoseconds(time) });
    }
    case 'fsync':
    case 'fdatasync': {
      const object = heldBy(model, arg(0));
      return object === undefined ? undefined : { op: 'sync', object, shown };
    }
    case 'sync':
      return { op: 'sync', shown };
    case 'syncfs':
      return arg(0).includes(`<${model.root}`) ? { op: 'sync', shown } : undefined;
    default:
      if (args.some((each) => each.includes(model.root))) throw new Error(`not known here: ${all}`);
      return undefined;
  }
}

function opened({ args }: Call, model: Model, shown: string): Operation | undefined {
  const flags = args[2] ?? '';
  // what is only read is reached through links too
  if (!/O_CREAT|O_TRUNC/.test(flags)) return undefined;
  const place = placeAt(model, args[0] ?? '', args[1] ?? '');
  if (place === undefined) return undefined;
  const object = objectAt(model, place);
  if (object === undefined) {
    const mode = parseInt(args[3] ?? '', 8);
    return made(model, shown, place, { ...mine(mode), type: 'file', content: '' });
  }
  return flags.includes('O_TRUNC') ? { op: 'truncate', object, size: 0, shown } : undefined;
}

function written({ name, args, result }: Call, model: Model, shown: string): Operation | undefined {
  const object = heldBy(model, args[0] ?? '');
  if (object === undefined) return undefined;
  const found = model.disk.get(object);
  const end = found?.type === 'file' ? found.content.length : 0;
  // what is not written at an offset is appended
  const at = name === 'pwrite64' ? Number(args[3]) : end;
  return { op: 'write', object, at, text: text(args[1] ?? '').slice(0, result), shown };
}

/** From where the files stand, or from offsets: `[3]`. */
function copied({ args, result }: Call, model: Model, shown: string): Operation | undefined {
  const [from, to] = [heldBy(model, args[0] ?? ''), heldBy(model, args[2] ?? '')];
  if (to === undefined) return undefined;
  const [source, target] = [from, to].map((object) => model.disk.get(object ?? 0));
  if (source?.type !== 'file' || target?.type !== 'file')
    throw new Error(`not known here: ${shown}`);
  const [start, at] = [args[1], args[3]].map((word) => /^\[(\d+)/.exec(word ?? '')?.[1]);
  const begin = Number(start ?? 0);
  const copy = source.content.slice(begin, begin + result);
  return { op: 'write', object: to, at: Number(at ?? target.content.length), text: copy, shown };
}

function made(
  { next }: Model,
  shown: string,
  place: Place | undefined,
  makes: DiskObject,
): Operation | undefined {
  return place && { op: 'names', names: [{ ...place, object: next }], makes, shown };
}

function named(shown: string, names: readonly (Naming | undefined)[]): Operation | undefined {
  const below = names.filter((each) => each !== undefined);
  return below.length === 0 ? undefined : { op: 'names', names: below, shown };
}

function renamed(
  model: Model,
  shown: string,
  from: Place | undefined,
  to: Place | undefined,
): Operation | undefined {
  if (from === undefined || to === undefined) return undefined;
  const object = objectAt(model, from);
  return named(shown, [nothing(from), { ...to, object }]);
}

function exchanged(
  model: Model,
  shown: string,
  one: Place | undefined,
  other: Place | undefined,
): Operation | undefined {
  if (one === undefined || other === undefined) return undefined;
  const [first, second] = [objectAt(model, one), objectAt(model, other)];
  return named(shown, [
    { ...one, object: second },
    { ...other, object: first },
  ]);
}

function attributed(
  shown: string,
  object: number | undefined,
  attributes: Partial<Attributes>,
): Operation | undefined {
  return object === undefined ? undefined : { op: 'attributes', object, attributes, shown };
}

type Place = Pick<Naming, 'directory' | 'name'>;

function nothing(place: Place | undefined): Naming | undefined {
  return place && { ...place, object: undefined };
}

/** A name in an open directory, or anywhere; undefined outside the root. */
function placeAt(model: Model, directory: string, name: string): Place | undefined {
  const path = text(name);
  return placeOf(model, path.startsWith('/') ? path : join(pathHeld(directory), path));
}

function placeOf(model: Model, path: string): Place | undefined {
  if (!path.startsWith(`${model.root}/`)) return undefined;
  const directory = numberOf(model, dirname(path));
  if (directory === undefined) throw new Error(`${path}: there is no such directory`);
  return { directory, name: path.slice(path.lastIndexOf('/') + 1) };
}

function objectAt({ disk }: Model, place: Place | undefined): number | undefined {
  const found = place && disk.get(place.directory);
  return found?.type === 'directory' ? found.names.get(place?.name ?? '') : undefined;
}

/** The object that a file is open on. */
function heldBy(model: Model, descriptor: string): number | undefined {
  return numberOf(model, pathHeld(descriptor));
}

/** `/proc/self/fd/7` as what 7 was opened on last: a mode is set through it right afterwards. */
function heldText({ open }: Model, path: string): string {
  const found = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
  return `<${found === undefined ? path : (open.get(found) ?? '')}>`;
}

function numberOf({ disk, root }: Model, path: string): number | undefined {
  if (path === root) return ROOT;
  if (!path.startsWith(`${root}/`)) return undefined;
  let at: number | undefined = ROOT;
  for (const name of path.slice(root.length + 1).split('/')) {
    const found: DiskObject | undefined = disk.get(at ?? 0);
    at = found?.type === 'directory' ? found.names.get(name) : undefined;
  }
  return at;
}

/** `7</a/b>` as `/a/b`. */
function pathHeld(descriptor: string): string {
  return /<([^]*)>$/.exec(descriptor)?.[1] ?? '';
}

/** `"word"` as it is. */
function text(word: string): string {
  return word.startsWith('"') ? word.slice(1, word.lastIndexOf('"')) : '';
}

/** A new object is of whoever runs the tests: root. */
function mine(mode: number): Attributes {
  return { mode, uid: 0, gid: 0 };
}

function owner(uid: string, gid: string): Partial<Attributes> {
  return {
    ...(Number(uid) >= 0 && uid !== '-1' && { uid: Number(uid) }),
    ...(Number(gid) >= 0 && gid !== '-1' && { gid: Number(gid) }),
  };
}

const TIME = /UTIME_OMIT|UTIME_NOW|tv_sec=(-?\d+), tv_nsec=(\d+)/g;

/** Undefined for now. */
function nanoseconds(time: RegExpExecArray | undefined): bigint | undefined {
  const [, seconds, rest] = time ?? [];
  if (seconds === undefined || rest === undefined) return undefined;
  return BigInt(seconds) * 1_000_000_000n + BigInt(rest);
}
