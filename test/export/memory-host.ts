/** A host as a table of paths, so that what a merge would leave can be looked at byte by byte. */
import { bytes, fromBuffer, type Bytes } from '../../src/bytes/bytes.ts';
import { dirname, join, normalize } from '../../src/bytes/path.ts';
import type {
  Edit,
  FragmentFile,
  FragmentOwner,
  HostObject,
  HostView,
  MergedFragment,
  MergeResult,
} from '../../src/export/fragment.ts';
import { askProgram } from '../../src/depot/ask.ts';
import { DiagnosticError, formatDiagnostic } from '../../src/message/diagnostic.ts';
import { existsSync, readFileSync } from 'node:fs';

export interface MemoryHost extends HostView {
  readonly objects: Map<string, HostObject>;
  /** What packages have merged, by their names. */
  readonly receipts: Map<string, readonly MergedFragment[]>;
  apply(edits: readonly Edit[]): void;
  /** The text at a path, or undefined when there is no file. */
  text(path: string): string | undefined;
  /** An administrator's edit. */
  put(path: string, text: string): void;
}

export function memoryHost(
  start: Readonly<Record<string, string | HostObject>> = {},
  accounts: readonly string[] = ['root'],
): MemoryHost {
  const objects = new Map<string, HostObject>(
    Object.entries(start).map(([path, object]) => [
      path,
      typeof object === 'string' ? file(object) : object,
    ]),
  );
  const receipts = new Map<string, readonly MergedFragment[]>();
  const look = (path: Bytes): HostObject => objects.get(path) ?? { type: 'absent' };
  const end = (path: Bytes): Bytes => {
    let current = path;
    for (let hops = 0; hops < 40; hops++) {
      const object = look(current);
      if (object.type !== 'link') return current;
      current = object.target.startsWith('/')
        ? object.target
        : normalize(join(dirname(current), object.target));
    }
    return current;
  };
  const host: MemoryHost = {
    objects,
    look,
    read: (path) => look(end(path)),
    list: (path) => [
      ...new Set(
        [...objects.keys()].flatMap((each) =>
          each.startsWith(`${path}/`) ? [each.slice(path.length + 1).split('/')[0] as Bytes] : [],
        ),
      ),
    ],
    hasAccount: (name) => accounts.includes(name),
    hasNumber: (of, id) =>
      (host.text(of === 'account' ? '/etc/passwd' : '/etc/group') ?? '')
        .split('\n')
        .some((line) => line.split(':')[2] === String(id)),
    othersIn: (path, except) =>
      [...receipts]
        .filter(([name]) => name !== except)
        .flatMap(([name, all]) =>
          all
            .filter((merged) => merged.path === path)
            .map((merged) => ({ package: bytes(name), merged })),
        ),
    inDirectory: () => false,
    receipts,
    idRange: [600, 799],
    fact: (name) => (name === 'hostname' ? bytes('galileo') : undefined),
    factNames: ['hostname', 'domain'],
    ask: askProgram,
    text: (path) => {
      const object = host.read(bytes(path));
      return object.type === 'file' ? object.content : undefined;
    },
    put: (path, text) => void objects.set(path, file(text)),
    apply: (edits) => {
      for (const edit of edits) {
        if (edit.op === 'write') {
          const standing = host.read(edit.path);
          const mode = standing.type === 'file' ? standing.mode : (edit.mode ?? 0o644);
          objects.set(end(edit.path), { type: 'file', content: edit.content, mode });
        } else if (edit.op === 'remove') {
          objects.delete(edit.path);
        } else if (edit.op === 'link') {
          objects.set(edit.path, { type: 'link', target: edit.target });
        } else if (edit.op === 'displace') {
          objects.set(edit.keptAs, look(edit.path));
          objects.set(edit.path, { type: 'link', target: edit.target });
        } else {
          objects.set(edit.path, look(edit.keptAs));
          objects.delete(edit.keptAs);
        }
      }
    },
  };
  return host;
}

export function file(text: string, mode = 0o644): HostObject {
  return { type: 'file', content: text as Bytes, mode };
}

export function program(): HostObject {
  return file('#!/bin/sh\n', 0o755);
}

export function owner(name: string, more: { account?: string; root?: string } = {}): FragmentOwner {
  return {
    package: bytes(name),
    directory: bytes(`${more.root ?? ''}/software/${name}`),
    ...(more.account !== undefined && { account: bytes(more.account) }),
  };
}

export function fragment(
  name: string,
  content: string,
  more: { link?: string } = {},
): FragmentFile {
  return {
    name: bytes(name),
    path: bytes(`/software/foo/export/${name}`),
    content: content as Bytes,
    mode: 0o644,
    ...(more.link !== undefined && { link: bytes(more.link) }),
  };
}

/** The records as the next command finds them: through JSON, as a receipt keeps them. */
export function fromReceipt(merged: readonly MergedFragment[]): readonly MergedFragment[] {
  return JSON.parse(JSON.stringify(merged)) as MergedFragment[];
}

export function codes(result: MergeResult): readonly string[] {
  return result.conflicts.map(({ code }) => code);
}

/** A system file of this machine, or a failure that says what to install. */
export function systemFile(path: string, debianPackage: string): string {
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: these tests read it; apt-get install ${debianPackage}`);
  }
  return fromBuffer(readFileSync(path));
}

/** The findings that stop `act`, as they are shown; none when nothing stops it. */
export function diagnosed(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map((each) => formatDiagnostic(each));
  }
  return [];
}
