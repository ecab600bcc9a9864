/**
 * Layered farms of the 1998 paper: `DIR FROM` a line; whatever is in FROM gets a link in DIR, and
 * later lines override earlier ones. `${NAME}` is a variable of the environment.
 */
import { bytes, printable, slice, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join, normalize } from '../bytes/path.ts';
import type { Draft } from '../host/draft.ts';
import {
  parseAdminFile,
  words,
  type Parsed,
  type Report,
  type Word,
} from '../package/admin-file.ts';
import { inSite, type Site } from '../site/site.ts';
import type { DatabaseLink } from './database.ts';
import { placeProblem } from './symlinks.ts';

/** One line: a layer of a farm. */
export interface Layer {
  readonly directory: Bytes;
  readonly from: Bytes;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The layers that `content` lists, with all that is wrong in it. */
export function readAutolink(
  file: Bytes,
  content: Bytes,
  environment: Environment,
): Parsed<readonly Layer[]> {
  return parseAdminFile(file, content, (line, report): Layer | undefined => {
    const [to, from, extra] = words(line);
    if (to === undefined || from === undefined || extra !== undefined) {
      report({
        code: 'E_LINK_SYNTAX',
        message: "expected 'DIR FROM'",
        ...(extra !== undefined && { at: extra.at, length: extra.text.length }),
      });
      return undefined;
    }
    const directory = directoryIn(to, environment, report);
    const source = directoryIn(from, environment, report);
    if (directory === undefined || source === undefined) return undefined;
    const problem = placeProblem(directory);
    if (problem === undefined) return { directory, from: source };
    report({ code: 'E_LINK_PLACE', message: problem, at: to.at, length: to.text.length });
    return undefined;
  });
}

/** The links of all layers as they are now; a directory that is not there adds none, and is told of. */
export function autolinks(
  draft: Draft,
  site: Site,
  layers: readonly Layer[],
): { readonly links: readonly DatabaseLink[]; readonly notes: readonly string[] } {
  const found = new Map<Bytes, DatabaseLink>();
  const notes: string[] = [];
  for (const { directory, from } of layers) {
    const real = draft.follow(from);
    if (draft.look(real).type !== 'directory') {
      notes.push(`${printable(from)} is not there: nothing is linked from it`);
      continue;
    }
    for (const name of [...draft.list(real)].toSorted()) {
      const path = join(directory, name);
      // where another layer is to have its links, there is a directory
      if (name.startsWith('.') || layers.some((layer) => isWithin(path, layer.directory))) continue;
      found.set(path, { path, target: inSite(site, join(from, name)) });
    }
  }
  return { links: [...found.values()], notes };
}

/** An absolute path with its variables filled in. */
function directoryIn(word: Word, environment: Environment, report: Report): Bytes | undefined {
  const place = { at: word.at, length: word.text.length };
  let unset: string | undefined;
  const filled = word.text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === '') unset ??= name;
    return bytes(value ?? '');
  }) as Bytes;
  if (unset !== undefined) {
    report({ code: 'E_LINK_VARIABLE', message: `the variable ${unset} is not set`, ...place });
    return undefined;
  }
  if (filled.startsWith('/')) return normalize(filled);
  report({
    code: 'E_LINK_PLACE',
    message: `expected a path that begins with /, not '${printable(slice(filled, 0, 80))}'`,
    ...place,
  });
  return undefined;
}
