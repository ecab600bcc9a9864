/**
 * An xh-imakefile with all that it includes and the directories below it: what is to be built, with
 * the settings that hold in each directory for one architecture.
 */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join, normalize } from '../../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { compileGlob } from '../../site/glob.ts';
import type { SourceTree } from '../source-tree.ts';
import { parseImakefile } from './parser.ts';
import { SETTINGS, type SettingName, type Statement, type Written } from './statement.ts';

export const IMAKEFILE = b`xh-imakefile`;

export type Product = Extract<
  Statement,
  { is: 'program' | 'script' | 'manual' | 'library' | 'data' }
>;
export type Settings = Readonly<Record<SettingName, Bytes>>;

/** One directory with an xh-imakefile. */
export interface ImakeDirectory {
  /** Relative to the top; empty for it. */
  readonly path: Bytes;
  readonly products: readonly Product[];
  readonly settings: Settings;
}

export interface Imakefile {
  /** What `Package(…)` says. */
  readonly package?: { readonly name: Bytes; readonly version?: Bytes };
  readonly directories: readonly ImakeDirectory[];
}

export interface ImakeOptions {
  readonly architecture: Bytes;
  /** The file of a name among templates, the site's own before those that ship: path and text. */
  readonly template: (name: Bytes) => { readonly path: Bytes; readonly content: Bytes } | undefined;
}

/** Read before every other: the standard settings of a site. */
const DEFAULTS = b`Defaults`;
/** Includes in includes, and directories in directories; beyond it they go in a circle. */
const DEEPEST = 20;
const MOST_DIRECTORIES = 1000;

/** @throws DiagnosticError E_IMAKEFILE (exit 2) with all that is wrong in all files */
export function readImakefile(tree: SourceTree, options: ImakeOptions): Imakefile {
  const reading: Reading = { tree, options, diagnostics: [], directories: [], package: undefined };
  const defaults = new Map<SettingName, Bytes>(
    Object.entries(SETTINGS).map(([name, value]) => [name as SettingName, value as Bytes]),
  );
  const standard = options.template(DEFAULTS);
  const scope: Scope = { directory: b``, settings: defaults, products: [], subdirs: [] };
  if (standard !== undefined) readText(reading, scope, standard, 0);
  readDirectory(reading, b``, defaults, 0);
  if (reading.diagnostics.length > 0) throw new DiagnosticError(reading.diagnostics);
  return {
    ...(reading.package !== undefined && { package: reading.package }),
    directories: reading.directories,
  };
}

interface Reading {
  readonly tree: SourceTree;
  readonly options: ImakeOptions;
  readonly diagnostics: Diagnostic[];
  readonly directories: ImakeDirectory[];
  package: Imakefile['package'];
}

/** What the files of one directory have said so far. */
interface Scope {
  readonly directory: Bytes;
  readonly settings: Map<SettingName, Bytes>;
  readonly products: Product[];
  readonly subdirs: Written[];
}

/** Settings of a directory hold in those below it too. */
function readDirectory(
  reading: Reading,
  directory: Bytes,
  above: ReadonlyMap<SettingName, Bytes>,
  depth: number,
): void {
  const path = join(directory, IMAKEFILE);
  const content = reading.tree.read(path);
  if (content === undefined) return;
  const scope: Scope = { directory, settings: new Map(above), products: [], subdirs: [] };
  readText(reading, scope, { path, content }, 0);
  const settings = Object.fromEntries(scope.settings) as unknown as Settings;
  reading.directories.push({ path: directory, products: scope.products, settings });
  for (const subdir of scope.subdirs) {
    const below = normalize(join(directory, subdir.text));
    if (below.startsWith('..') || below === '.') {
      reading.diagnostics.push(subdir.told('this directory is not below the top of the sources'));
    } else if (reading.directories.some((each) => each.path === below)) {
      reading.diagnostics.push(subdir.told('this directory has been named before'));
    } else if (depth >= DEEPEST || reading.directories.length >= MOST_DIRECTORIES) {
      reading.diagnostics.push(subdir.told('there are too many directories below each other'));
    } else if (reading.tree.read(join(below, IMAKEFILE)) === undefined) {
      reading.diagnostics.push(subdir.told(`there is no xh-imakefile in this directory`));
    } else readDirectory(reading, below, scope.settings, depth + 1);
  }
}

function readText(
  reading: Reading,
  scope: Scope,
  { path, content }: { readonly path: Bytes; readonly content: Bytes },
  depth: number,
): void {
  const { statements, diagnostics } = parseImakefile(path, content);
  reading.diagnostics.push(...diagnostics);
  for (const statement of statements) {
    switch (statement.is) {
      case 'include':
        include(reading, scope, { statement, from: path, depth });
        break;
      case 'setting':
        set(scope.settings, statement, reading.options.architecture);
        break;
      case 'package':
        reading.package = {
          name: statement.name.text,
          ...(statement.version !== undefined && { version: statement.version }),
        };
        break;
      case 'subdirs':
        scope.subdirs.push(...statement.directories);
        break;
      default:
        scope.products.push(statement);
    }
  }
}

interface Including {
  readonly statement: Extract<Statement, { is: 'include' }>;
  /** The file that it stands in. */
  readonly from: Bytes;
  readonly depth: number;
}

function include(reading: Reading, scope: Scope, { statement, from, depth }: Including): void {
  const { file, fromTemplates } = statement;
  if (depth >= DEEPEST) {
    reading.diagnostics.push(file.told('files include each other in a circle'));
    return;
  }
  const found = fromTemplates
    ? reading.options.template(file.text)
    : besides(reading.tree, from, file.text);
  if (found !== undefined) readText(reading, scope, found, depth + 1);
  else reading.diagnostics.push(file.told('there is no such file to include'));
}

/** Relative to the file that includes it, as the C preprocessor has it. */
function besides(
  tree: SourceTree,
  from: Bytes,
  name: Bytes,
): { readonly path: Bytes; readonly content: Bytes } | undefined {
  const path = name.startsWith('/') ? name : normalize(join(dirname(from), name));
  const content = tree.read(path);
  return content === undefined ? undefined : { path, content };
}

function set(
  settings: Map<SettingName, Bytes>,
  { name, add, value, architectures }: Extract<Statement, { is: 'setting' }>,
  architecture: Bytes,
): void {
  if (architectures !== undefined && !compileGlob(architectures).matches(architecture)) return;
  const before = settings.get(name) ?? b``;
  settings.set(name, add && before !== '' ? b`${before} ${value}` : value);
}
