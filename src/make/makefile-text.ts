/**
 * What plain makefiles tell of their installation: which variables say where, and whether they know
 * DESTDIR. They are read as text, since asking make runs what is in them.
 */
import { b, slice, split, trim, type Bytes } from '../bytes/bytes.ts';
import { placeInPackage } from './gnu-directories.ts';

export interface MakefileFacts {
  /** Variables with what they are first set to, as written. */
  readonly variables: ReadonlyMap<Bytes, Bytes>;
  /** Names of variables that are asked for anywhere. */
  readonly used: ReadonlySet<Bytes>;
  /** Explicit targets. */
  readonly targets: ReadonlySet<Bytes>;
}

/** Reads makefiles, in the order in which make would. */
export function readMakefiles(texts: readonly Bytes[]): MakefileFacts {
  const variables = new Map<Bytes, Bytes>();
  const used = new Set<Bytes>();
  const targets = new Set<Bytes>();
  for (const line of texts.flatMap(logicalLines)) {
    const isRecipe = line.startsWith('\t');
    for (const name of namesUsed(isRecipe ? line : withoutComment(line))) used.add(name);
    if (isRecipe) continue;
    const setting = settingIn(line);
    if (setting === undefined) for (const target of targetsIn(line)) targets.add(target);
    else if (!variables.has(setting.name)) variables.set(setting.name, setting.value);
  }
  return { variables, used, targets };
}

/** How an installation is made to come to stand in a stage. */
export type Staging =
  /** `DESTDIR=STAGE`. */
  | { readonly by: 'destdir' }
  /** The variable that names the prefix is another one while it installs. */
  | { readonly by: 'prefix' }
  /** There is no way that we know. */
  | { readonly by: 'nothing' };

export interface InstallVariables {
  readonly staging: Staging;
  /** `PREFIX`, `INSTALL_TOP`: set to the package. */
  readonly prefix?: Bytes;
  /** Variables below the prefix that have another place in a package, with that place. */
  readonly directories: ReadonlyMap<Bytes, Bytes>;
}

/** In the order in which they are looked for; the first that is set is taken. */
const PREFIXES = [
  b`prefix`,
  b`PREFIX`,
  b`INSTALL_TOP`,
  b`INSTALL_PREFIX`,
  b`INSTALL_ROOT`,
  b`INSTALLDIR`,
  b`INSTDIR`,
];

/** Decides from the makefiles' own words. */
export function installVariables(facts: MakefileFacts): InstallVariables {
  const prefix =
    PREFIXES.find((name) => facts.variables.has(name)) ??
    PREFIXES.find((name) => isAsked(facts, name));
  const destdir = facts.variables.get(b`DESTDIR`);
  // `DESTDIR=${PREFIX}/bin` is no DESTDIR as others have it
  const knowsDestdir = facts.used.has(b`DESTDIR`) && (destdir === undefined || destdir === '');
  return {
    staging: knowsDestdir ? { by: 'destdir' } : { by: prefix === undefined ? 'nothing' : 'prefix' },
    ...(prefix !== undefined && { prefix }),
    directories: prefix === undefined ? new Map() : directoriesBelow(facts, prefix),
  };
}

/** Set by nobody, and used all the same. */
function isAsked({ used }: MakefileFacts, name: Bytes): boolean {
  return (name === 'prefix' || name === 'PREFIX') && used.has(name);
}

/** `MANDIR=$(PREFIX)/share/man` → `man`: what differs from the place that the package has for it. */
function directoriesBelow({ variables }: MakefileFacts, prefix: Bytes): Map<Bytes, Bytes> {
  const found = new Map<Bytes, Bytes>();
  for (const [name, value] of variables) {
    const below = belowPrefix(value, prefix);
    if (below === undefined || below === '') continue;
    const place = placeInPackage(below);
    if (place !== below) found.set(name, place);
  }
  return found;
}

/** `share/man` of `$(PREFIX)/share/man`, when nothing else is in it. */
function belowPrefix(value: Bytes, prefix: Bytes): Bytes | undefined {
  for (const start of [b`$(${prefix})/`, b`\${${prefix}}/`]) {
    if (!value.startsWith(start)) continue;
    const below = slice(value, start.length);
    return /^[A-Za-z0-9_.+/-]+$/.test(below) ? (below.replace(/\/+$/, '') as Bytes) : undefined;
  }
  return undefined;
}

/** Lines with those that are continued by a backslash. */
function logicalLines(text: Bytes): Bytes[] {
  const lines: Bytes[] = [];
  let open = '';
  for (const line of split(text, '\n')) {
    const plain = line.replace(/\r$/, '');
    if (plain.endsWith('\\')) open += `${plain.slice(0, -1)} `;
    else {
      lines.push(`${open}${plain}` as Bytes);
      open = '';
    }
  }
  if (open !== '') lines.push(open as Bytes);
  return lines;
}

const SIGNS = ['::=', ':=', '?=', '+=', '!=', '='] as const;

function settingIn(line: Bytes): { readonly name: Bytes; readonly value: Bytes } | undefined {
  const plain = withoutComment(line);
  const equals = plain.indexOf('=');
  if (equals < 0) return undefined;
  const sign = SIGNS.find((each) => plain.startsWith(each, equals - each.length + 1)) ?? '=';
  const before = trim(slice(plain, 0, equals - sign.length + 1));
  const name = before.replace(/^(?:(?:override|export) +)+/, '') as Bytes;
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) return undefined;
  return { name, value: trim(slice(plain, equals + 1)) };
}

function withoutComment(line: Bytes): Bytes {
  const hash = line.indexOf('#');
  return hash < 0 ? line : slice(line, 0, hash);
}

/** `$(NAME)` and `${NAME}`. */
function namesUsed(line: Bytes): Bytes[] {
  return [...line.matchAll(/\$[({]([A-Za-z_][A-Za-z0-9_.-]{0,80})[)}]/g)].map(
    (match) => (match[1] ?? '') as Bytes,
  );
}

function targetsIn(line: Bytes): Bytes[] {
  const plain = withoutComment(line);
  const colon = plain.indexOf(':');
  if (colon <= 0 || /^[ \t]/.test(plain)) return [];
  return split(slice(plain, 0, colon), ' ').filter((word) => /^[A-Za-z0-9_.+-]+$/.test(word));
}
