/**
 * The link database of the 1991 paper: one file for all hosts, `LINK TARGET [HOST|OS]` a line. Of the
 * lines for one link that concern this host the most special one counts: for the host itself, for its
 * architecture, for its system, for all.
 */
import { b, bytes, printable, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join, normalize } from '../bytes/path.ts';
import { lineAndColumn, parseAdminFile, words, type Parsed } from '../package/admin-file.ts';
import type { DatabaseLink } from './database.ts';

/** What the third word of a line is compared with. */
export interface HostNames {
  /** Its name, with its domain and without. */
  readonly hosts: readonly string[];
  /** `linux-x86_64`. */
  readonly architecture: string;
  /** `linux`. */
  readonly system: string;
}

export interface SymlinksOptions {
  readonly host: HostNames;
  /** Where links stand that are no absolute paths: home directories, by the names of users. */
  readonly userDirectory: Bytes;
}

/** A link, with the name of a user when it is to be his home directory. */
export interface UserLink extends DatabaseLink {
  readonly user?: Bytes;
}

/** The links that `content` has for one host, with all that is wrong in it. Targets as written. */
export function readSymlinks(
  file: Bytes,
  content: Bytes,
  { host, userDirectory }: SymlinksOptions,
): Parsed<readonly UserLink[]> {
  const chosen = new Map<Bytes, { readonly link: UserLink; readonly rank: number }>();
  /** Lines by link and rank. */
  const given = new Map<string, number>();
  const { diagnostics } = parseAdminFile(file, content, (line, report): undefined => {
    const [name, target, where, extra] = words(line);
    if (name === undefined || target === undefined || extra !== undefined) {
      report({
        code: 'E_LINK_SYNTAX',
        message: "expected 'LINK TARGET' and perhaps a host or a system",
        ...(extra !== undefined && { at: extra.at, length: extra.text.length }),
      });
      return;
    }
    const absolute = name.text.startsWith('/');
    const path = absolute ? normalize(name.text) : join(userDirectory, name.text);
    const problem = placeProblem(path, absolute ? b`` : name.text);
    if (problem !== undefined) {
      report({ code: 'E_LINK_PLACE', message: problem, at: name.at, length: name.text.length });
      return;
    }
    const rank = where === undefined ? 0 : rankOf(where.text, host);
    if (rank === undefined) return;
    const key = `${rank} ${path}`;
    const earlier = given.get(key);
    if (earlier !== undefined) {
      report({
        code: 'E_LINK_TWICE',
        message: `${printable(name.text)} is given before, as specially, on line ${earlier}`,
        at: name.at,
        length: name.text.length,
      });
      return;
    }
    given.set(key, lineAndColumn(line, 0).line);
    if (rank <= (chosen.get(path)?.rank ?? -1)) return;
    const link = { path, target: target.text, ...(!absolute && { user: name.text }) };
    chosen.set(path, { link, rank });
  });
  return { value: [...chosen.values()].map(({ link }) => link), diagnostics };
}

/** How special a line is here: higher wins; undefined when it is for others. */
function rankOf(word: Bytes, host: HostNames): number | undefined {
  const is = (name: string): boolean => bytes(name.toLowerCase()) === word.toLowerCase();
  if (host.hosts.some(is)) return 3;
  if (is(host.architecture)) return 2;
  return is(host.system) ? 1 : undefined;
}

/** Why there can be no link of such a file at `path`. */
export function placeProblem(path: Bytes, name: Bytes = b``): string | undefined {
  if (name.includes('/')) return 'a name of the user directory, or a path that begins with /';
  if (path === '/' || /(?:^|\/)\.\.?(?:\/|$)/.test(path)) return 'no link can stand there';
  const ours = [b`/.software`, b`/software`].some((tree) => isWithin(tree, path));
  return ours ? 'the trees of the packages are no place for it' : undefined;
}
