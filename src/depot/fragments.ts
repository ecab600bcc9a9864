/** Between the fragment kinds, which are pure, and the host: reading `export/`, looking, and turning edits into a draft. */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { components, dirname, isWithin, normalize } from '../bytes/path.ts';
import type {
  Edit,
  FragmentFile,
  FragmentOwner,
  HostObject,
  HostView,
  OthersFragment,
} from '../export/fragment.ts';
import { readAt } from '../files/content.ts';
import { closeDir, listDir, openDirAt, type Dir } from '../files/dir.ts';
import { readLinkAt } from '../files/names.ts';
import { statAt } from '../files/stat.ts';
import type { Walker } from '../files/walk.ts';
import type { Draft } from '../host/draft.ts';
import { DiagnosticError, type Diagnostic } from '../message/diagnostic.ts';
import type { Conflict } from '../host/plan.ts';
import { askProgram } from './ask.ts';
import { stateText } from '../host/state.ts';
import { dropEmpty, makeRemembered } from '../host/made-directories.ts';
import type { Planning } from './context.ts';
import type { Receipts } from './receipt-set.ts';
import { parsePasswd, type User } from '../site/accounts.ts';
import { factsOf, factText } from '../site/facts.ts';
import { findAccount, hasNumber, inDirectory } from '../site/site-accounts.ts';
import type { Site } from '../site/site.ts';

/**
 * Every file below a package's `export/`. A link stands for the file of the package that it names,
 * below `replace/` for itself.
 * @throws DiagnosticError for what is neither, and for links that lead out of the package
 */
export function exportFiles(walker: Walker, directory: Bytes): FragmentFile[] {
  const top = b`/software/${directory}/export`;
  const place = walker.tryLocate(top, { follow: true });
  if (place === undefined || statAt(place.dir, place.name)?.type !== 'd') return [];
  const findings: Diagnostic[] = [];
  const dir = openDirAt(place.dir, place.name);
  try {
    const files = [...filesIn(dir, b``, { walker, directory, top, findings })];
    if (findings.length > 0) throw new DiagnosticError(findings);
    return files;
  } finally {
    closeDir(dir);
  }
}

interface Reading {
  readonly walker: Walker;
  readonly directory: Bytes;
  readonly top: Bytes;
  readonly findings: Diagnostic[];
}

function* filesIn(dir: Dir, prefix: Bytes, reading: Reading): Generator<FragmentFile> {
  for (const name of listDir(dir).toSorted()) {
    const stat = statAt(dir, name);
    const below = prefix === '' ? name : b`${prefix}/${name}`;
    const file = { name: below, path: b`${reading.top}/${below}` };
    if (stat?.type === 'd') {
      const inside = openDirAt(dir, name);
      try {
        yield* filesIn(inside, below, reading);
      } finally {
        closeDir(inside);
      }
    } else if (stat?.type === 'f') {
      yield { ...file, content: readAt(dir, name), mode: stat.mode };
    } else if (stat?.type === 'l') {
      const link = readLinkAt(dir, name);
      const content = below.startsWith('replace/') ? b`` : named(file, link, reading);
      if (content !== undefined) yield { ...file, content, mode: stat.mode, link };
    } else if (stat !== undefined) {
      reading.findings.push(
        finding(file, { code: 'E_FRAGMENT_TYPE', message: 'is neither a file nor a link' }),
      );
    }
  }
}

/** What the file says that a link names: the package's own, and nobody else's, who may not mean it to be read. */
function named(
  file: Pick<FragmentFile, 'name' | 'path'>,
  link: Bytes,
  { walker, directory, findings }: Reading,
): Bytes | undefined {
  const place = walker.tryLocate(file.path, { follow: true });
  const found = place === undefined ? undefined : statAt(place.dir, place.name);
  const home = walker.tryLocate(b`/software/${directory}`, { follow: true })?.path;
  const own = (path: Bytes): boolean =>
    (home !== undefined && isWithin(home, path)) ||
    (path.startsWith('/.software/') && components(path)[2] === directory);
  if (place !== undefined && found?.type === 'f' && own(place.path)) {
    return readAt(place.dir, place.name);
  }
  findings.push({
    ...finding(file, {
      code: 'E_FRAGMENT_LINK',
      message:
        found === undefined
          ? 'is a link to no file'
          : 'is a link to something else than a file of the package',
    }),
    // the target is shown in the place of a line
    source: link,
    length: link.length,
    hint: 'correct the link, or put the file itself there',
  });
  return undefined;
}

function finding(
  file: Pick<FragmentFile, 'name' | 'path'>,
  { code, message }: { readonly code: string; readonly message: string },
): Diagnostic {
  return {
    severity: 'error',
    code,
    message: `export/${printable(file.name)} ${message}`,
    file: file.path,
    line: 1,
    column: 1,
    length: file.name.length,
    source: file.name,
    hint: 'take it out',
  };
}

/** The host as fragments see it, with what the draft has decided already. */
export function viewOf({ draft, host, config, receipts }: Planning): HostView {
  const { site } = host;
  const facts = factsOf(site, config);
  const asFile = (path: Bytes): HostObject => {
    const file = draft.read(path);
    return file === undefined ? { type: 'absent' } : { type: 'file', ...file };
  };
  return {
    look(path) {
      const state = draft.look(path);
      if (state.type === 'link') return { type: 'link', target: state.target };
      return state.type === 'file' ? asFile(path) : { type: state.type };
    },
    read(path) {
      const file = draft.read(path);
      if (file !== undefined) return { type: 'file', ...file };
      const state = draft.look(draft.follow(path));
      // a link that leads nowhere is as good as nothing
      return {
        type: state.type === 'directory' || state.type === 'special' ? state.type : 'absent',
      };
    },
    list: (path) => [...draft.list(draft.follow(path))].toSorted(),
    hasAccount: (name) => findAccount(site, name) !== undefined,
    hasNumber: (of, id) => hasNumber(site, of, id),
    inDirectory: (of, name) => inDirectory(site, of, name),
    othersIn: (path, owner) => othersIn(receipts, path, owner),
    idRange: config.values['id-range'],
    fact(name) {
      const value = facts.get(name);
      return value === undefined ? undefined : bytes(factText(value));
    },
    factNames: facts.names,
    ask: askProgram,
  };
}

function othersIn(receipts: Receipts, path: Bytes, owner: Bytes): readonly OthersFragment[] {
  return receipts.directories().flatMap((directory) => {
    const receipt = receipts.get(directory);
    if (receipt === undefined || receipt.name === owner) return [];
    return receipt.fragments
      .filter((merged) => merged.path === path)
      .map((merged) => ({ package: receipt.name, merged }));
  });
}

/** Puts edits into the draft. @returns what stands in the way of those that cannot be made */
export function draftEdits(draft: Draft, site: Site, edits: readonly Edit[]): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const edit of edits) {
    const refused = objection(draft, edit);
    if (refused !== undefined) {
      conflicts.push(refused);
      continue;
    }
    switch (edit.op) {
      case 'write':
        makeRemembered(draft, dirname(edit.path));
        draft.write(edit.path, edit.content, metadataFor(draft, site, edit));
        break;
      case 'remove':
        draft.remove(edit.path);
        break;
      case 'link':
        makeRemembered(draft, dirname(edit.path));
        draft.link(edit.path, edit.target);
        break;
      case 'displace':
        draft.displace(edit.path, edit.keptAs, edit.target);
        break;
      case 'restore':
        draft.restore(edit.path, edit.keptAs);
        break;
    }
  }
  const gone = edits.filter((edit) => edit.op === 'remove').map((edit) => dirname(edit.path));
  dropEmpty(draft, gone);
  return conflicts;
}

/** Why an edit cannot be made: something stands in the way to it, or it would change the depot itself. */
function objection(draft: Draft, edit: Edit): Conflict | undefined {
  const { path } = edit;
  const blocked = draft.obstacle(dirname(path));
  if (blocked !== undefined) {
    return {
      code: 'E_FRAGMENT_OBSTACLE',
      path: blocked,
      message: `${printable(blocked)} is ${stateText(draft.look(blocked))} where a directory has to be, for ${printable(path)}`,
      remedy: 'move it away',
    };
  }
  const real =
    draft.walker.tryLocate(path, { follow: edit.op === 'write' })?.path ?? normalize(path);
  if (!DEPOT.some((top) => isWithin(top, real))) return undefined;
  return {
    code: 'E_FRAGMENT_DEPOT',
    path,
    message: `${printable(path)} ${real === path ? 'is' : `leads to ${printable(real)},`} a part of the depot, which fragments do not change`,
    remedy:
      real === path
        ? "take it out of the package's export/"
        : 'put a file of this host in the place of the link',
  };
}

const DEPOT: readonly Bytes[] = [b`/.software`, b`/software`];

/** Mode and owner of a file that is new; one that was there keeps its own. */
function metadataFor(
  draft: Draft,
  site: Site,
  edit: Extract<Edit, { op: 'write' }>,
): { readonly mode?: number; readonly uid?: number; readonly gid?: number } {
  if (draft.read(edit.path) !== undefined) return {};
  const mode = edit.mode === undefined ? {} : { mode: edit.mode };
  if (edit.account === undefined || process.geteuid?.() !== 0) return mode;
  const account = plannedAccount(draft, edit.account) ?? findAccount(site, edit.account);
  if (account === undefined) return mode;
  // a crontab belongs to its user and to the group of the spool (crontab, on Debian)
  const spool = draft.walker.stat(dirname(edit.path), { follow: true });
  return { ...mode, uid: account.uid, gid: spool?.gid ?? account.gid };
}

/** An account as `/etc/passwd` will have it, which the package itself may bring. */
function plannedAccount(draft: Draft, name: Bytes): User | undefined {
  const text = draft.read(b`/etc/passwd`)?.content ?? b``;
  return parsePasswd(text).find((user) => user.name === name);
}

/** The owner of fragments: the name that stays when versions change. */
export function fragmentOwner(site: Site, name: Bytes, account: Bytes | undefined): FragmentOwner {
  return {
    package: name,
    directory: site.root === '/' ? b`/software/${name}` : b`${site.root}/software/${name}`,
    ...(account !== undefined && { account }),
  };
}
