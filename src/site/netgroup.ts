/**
 * Netgroups: named sets of (host, user, domain) triples, some of which are other netgroups, as
 * netgroup(5) has them. They come from files, and from the directory service behind getent(1) for
 * what no file defines. Only the groups that are asked for are looked at, so a mistake elsewhere in
 * the file is nobody's concern.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { b, fromBuffer, printable, slice, toBuffer, utf8, type Bytes } from '../bytes/bytes.ts';
import { DiagnosticError, positionAt, type Diagnostic } from '../message/diagnostic.ts';
import { EXIT, XhError } from '../message/error.ts';
import { didYouMean } from '../message/nearest.ts';

/** A field of a triple is a name, `any` when it is empty, `none` when it is `-`. */
export type Field =
  { readonly kind: 'name'; readonly name: Bytes } | { readonly kind: 'any' | 'none' };

export type NetgroupMember =
  | { readonly kind: 'group'; readonly name: Bytes; readonly offset: number }
  | {
      readonly kind: 'triple';
      readonly host: Field;
      readonly user: Field;
      readonly domain: Field;
      readonly offset: number;
    };

export interface NetgroupEntry {
  readonly members: readonly NetgroupMember[];
  /** What cannot be understood of it: told when the group is used. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The definitions of one file. */
export interface NetgroupFile {
  readonly file: Bytes;
  readonly text: Bytes;
  readonly groups: ReadonlyMap<Bytes, NetgroupEntry>;
}

export interface Netgroups {
  /**
   * The users whom netgroup `name`, and the netgroups in it, name; undefined when there is none.
   *
   * @throws XhError when groups contain each other, when one within it is missing, or when a triple
   * stands for every user; DiagnosticError when a definition cannot be read.
   */
  users(name: Bytes): readonly Bytes[] | undefined;
}

export interface NetgroupSources {
  /** Files asked before the system's, in this order; each must be there. */
  readonly files: readonly Bytes[];
  /** The system's file, which may be missing; default `/etc/netgroup`. */
  readonly systemFile?: Bytes;
  /** Whether getent is asked last; default true. */
  readonly getent?: boolean;
}

/** The netgroups of a system. Files are read when the first group is asked for. */
export function openNetgroups(sources: NetgroupSources): Netgroups {
  let files: readonly NetgroupFile[] | undefined;
  const known = new Map<Bytes, readonly Bytes[] | undefined>();
  const asked = new Map<Bytes, Definition | undefined>();
  const define = (name: Bytes): Definition | undefined => {
    files ??= readFiles(sources);
    for (const file of files) {
      const entry = file.groups.get(name);
      if (entry !== undefined) return { file, entry };
    }
    if (sources.getent === false) return undefined;
    if (!asked.has(name)) asked.set(name, askGetent(name));
    return asked.get(name);
  };
  const names = (): Iterable<Bytes> => (files ?? []).flatMap(({ groups }) => [...groups.keys()]);
  return {
    users(name) {
      if (!known.has(name)) known.set(name, resolveUsers(name, define, names));
      return known.get(name);
    },
  };
}

/**
 * The definitions in netgroup(5) `text`: `NAME MEMBER…` a line, a member another group's name or
 * `(host,user,domain)`; a backslash continues a line, `#` begins a comment. Of two definitions of
 * one name the first counts.
 */
export function parseNetgroups(text: Bytes, file: Bytes): NetgroupFile {
  const groups = new Map<Bytes, NetgroupEntry>();
  let at = 0;
  while (at < text.length) {
    const [name, entry, end] = parseLine(text, at, file);
    if (name !== '' && !groups.has(name)) groups.set(name, entry);
    at = end;
  }
  return { file, text, groups };
}

/** The logical line at `start`, continued lines included. */
function parseLine(text: Bytes, start: number, file: Bytes): [Bytes, NetgroupEntry, number] {
  const members: NetgroupMember[] = [];
  const diagnostics: Diagnostic[] = [];
  let at = match(BLANK, text, start).end;
  const name = match(WORD, text, at);
  at = name.end;
  for (;;) {
    at = match(BLANK, text, at).end;
    const c = text.charAt(at);
    if (c === '#') at = match(COMMENT, text, at).end;
    if (c === '' || c === '#' || c === '\n') break;
    const offset = at;
    const triple = c === '(' ? match(TRIPLE, text, at) : undefined;
    if (triple !== undefined && triple.found !== undefined) {
      const [host, user, domain] = triple.found.slice(1).map(field);
      const any: Field = { kind: 'any' };
      members.push({
        kind: 'triple',
        host: host ?? any,
        user: user ?? any,
        domain: domain ?? any,
        offset,
      });
      at = triple.end;
      continue;
    }
    const word = match(WORD, text, at);
    if (word.end > at) {
      members.push({ kind: 'group', name: word.text, offset });
      at = word.end;
      continue;
    }
    at = match(GARBAGE, text, at).end;
    diagnostics.push({
      severity: 'error',
      code: 'E_NETGROUP_SYNTAX',
      message: `this member of netgroup '${printable(name.text)}' cannot be read`,
      file,
      ...positionAt(text, offset),
      length: at - offset,
      hint: 'a member is the name of a netgroup, or (host,user,domain)',
    });
  }
  return [name.text, { members, diagnostics }, at + 1];
}

function field(text: string): Field {
  const name = text.replace(/^[ \t]+|[ \t]+$/g, '') as Bytes;
  return name === '' ? { kind: 'any' } : name === '-' ? { kind: 'none' } : { kind: 'name', name };
}

interface Definition {
  readonly file: NetgroupFile;
  readonly entry: NetgroupEntry;
}

/** Depth first, each group once; a group within itself is an error that names the circle. */
function resolveUsers(
  name: Bytes,
  define: (name: Bytes) => Definition | undefined,
  names: () => Iterable<Bytes>,
): readonly Bytes[] | undefined {
  const users = new Set<Bytes>();
  const done = new Set<Bytes>();
  const first = define(name);
  if (first === undefined) return undefined;
  const open = new Set<Bytes>();
  const begin = (group: Bytes, definition: Definition): Step => {
    if (definition.entry.diagnostics.length > 0) {
      throw new DiagnosticError(definition.entry.diagnostics);
    }
    open.add(group);
    return { group, definition, next: 0 };
  };
  // a list of steps instead of recursion: groups may be nested as deep as a file is long
  const steps = [begin(name, first)];
  for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
    const { group, definition } = step;
    const member = definition.entry.members[step.next++];
    if (member === undefined) {
      done.add(group);
      open.delete(group);
      steps.pop();
    } else if (member.kind === 'triple') {
      if (member.user.kind === 'any') throw everyUser(group, definition, member.offset);
      if (member.user.kind === 'name') users.add(member.user.name);
    } else if (open.has(member.name)) {
      throw circle([...open, member.name], definition, member.offset);
    } else if (!done.has(member.name)) {
      const inner = define(member.name);
      if (inner === undefined) throw missing(member, group, definition, names());
      steps.push(begin(member.name, inner));
    }
  }
  return [...users];
}

interface Step {
  readonly group: Bytes;
  readonly definition: Definition;
  next: number;
}

function circle(path: readonly Bytes[], definition: Definition, offset: number): XhError {
  const start = path.indexOf(path.at(-1) ?? b``);
  const names = path.slice(start).map(printable);
  const shown = names.length > 12 ? [...names.slice(0, 6), '…', ...names.slice(-5)] : names;
  return netgroupError(
    'E_NETGROUP_CIRCLE',
    `netgroups contain each other: ${shown.join(' > ')}`,
    'take one of them out of the other',
    definition,
    offset,
  );
}

function missing(
  member: Extract<NetgroupMember, { kind: 'group' }>,
  group: Bytes,
  definition: Definition,
  names: Iterable<Bytes>,
): XhError {
  return netgroupError(
    'E_NETGROUP_MISSING',
    `netgroup '${printable(group)}' contains '${printable(member.name)}', which is not defined`,
    didYouMean(member.name, names) ?? 'define it, or take it out',
    definition,
    member.offset,
  );
}

function everyUser(group: Bytes, definition: Definition, offset: number): XhError {
  return netgroupError(
    'E_NETGROUP_EVERYONE',
    `netgroup '${printable(group)}' has a triple with an empty user field, which means every user`,
    "name the users, or write '-' for none",
    definition,
    offset,
  );
}

function netgroupError(
  code: string,
  message: string,
  remedy: string,
  { file }: Definition,
  offset: number,
): XhError {
  const { line, column } = positionAt(file.text, offset);
  const place = { file: file.file, line, column };
  return new XhError(code, message, { exit: EXIT.usage, place, remedy });
}

function readFiles(sources: NetgroupSources): readonly NetgroupFile[] {
  const system = sources.systemFile ?? b`/etc/netgroup`;
  const found = sources.files.map((file) => parseNetgroups(readText(file, true), file));
  return [...found, parseNetgroups(readText(system, false), system)];
}

function readText(file: Bytes, required: boolean): Bytes {
  try {
    return fromBuffer(readFileSync(toBuffer(file)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return b``;
    throw new XhError('E_NETGROUP_READ', `cannot read netgroups: ${code ?? String(error)}`, {
      exit: EXIT.usage,
      place: { file },
      cause: error,
    });
  }
}

/** What the name service says: one line, with the nested groups resolved already. */
function askGetent(name: Bytes): Definition | undefined {
  const key = utf8(name);
  if (key === undefined || !/^[^-\0\n(),# \t]+$/.test(key.charAt(0)) || /[\0\n]/.test(key))
    return undefined;
  try {
    const output = execFileSync('getent', ['netgroup', '--', key], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
    const file = parseNetgroups(fromBuffer(output), b`getent netgroup`);
    const entry = file.groups.get(name);
    return entry && { file, entry };
  } catch {
    // it knows none of that name, or there is no getent
    return undefined;
  }
}

interface Match {
  readonly text: Bytes;
  readonly end: number;
  readonly found: RegExpExecArray | undefined;
}

function match(pattern: RegExp, text: Bytes, at: number): Match {
  pattern.lastIndex = at;
  const found = pattern.exec(text) ?? undefined;
  const end = found === undefined ? at : pattern.lastIndex;
  return { text: slice(text, at, end), end, found };
}

/** White space and continued lines. */
const BLANK = /[ \t\r\f\v]*(?:\\\r?\n[ \t\r\f\v]*)*/y;
const COMMENT = /[^\n]*/y;
const WORD = /[^ \t\r\n\f\v(),#\\]+/y;
const TRIPLE = /\(([^(),\n#]*),([^(),\n#]*),([^(),\n#]*)\)/y;
const GARBAGE = /(?:\([^)\n]*\)?|[^ \t\n]+)/y;
