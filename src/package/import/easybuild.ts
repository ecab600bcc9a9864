/**
 * Prefixes that EasyBuild has installed: `easybuild/*.eb` is the recipe, a Python file of plain
 * assignments, of which only texts, lists and tuples are read; nothing is run. The module file beside
 * it knows where the software was installed.
 */
import { b, bytes, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { namesIn } from '../../files/forgiving.ts';
import { isDictionary, isList, readAssignments, type Literal } from './python-literal.ts';
import { openPrefix } from './prefix.ts';
import { sideFile } from './side-file.ts';
import type { ImportedDependency, ImportSource } from './source.ts';

export const easybuild: ImportSource = {
  name: 'easybuild',
  title: 'prefix of EasyBuild',
  recognises: (path) => recipeOf(path) !== undefined,
  open(path, options) {
    const own = openPrefix(path, { ...options, ...originOf(path, options.origin) });
    const recipe = recipeOf(path) ?? new Map<string, Literal>();
    const name = text(recipe.get('name'));
    const version = text(recipe.get('version'));
    const fill = filler(name, version);
    const summary = text(recipe.get('description'));
    const homepage = text(recipe.get('homepage'));
    return {
      ...own,
      source: easybuild.name,
      ...(name !== undefined && { name: bytes(name) }),
      ...(version !== undefined && { version: bytes(version) }),
      ...(summary !== undefined && { summary: bytes(firstSentence(fill(summary))) }),
      ...(homepage !== undefined && { homepage: bytes(fill(homepage)) }),
      dependencies: [recipe.get('dependencies')].flatMap((given) => dependenciesOf(given, fill)),
      builtBy: ['EasyBuild', toolchainOf(recipe.get('toolchain'))]
        .filter((each) => each !== undefined)
        .join(' with '),
    };
  },
};

/** What the recipe says; the one that was used in the end (`reprod`) before the one that was given. */
function recipeOf(path: Bytes): ReadonlyMap<string, Literal> | undefined {
  for (const directory of [b`easybuild/reprod`, b`easybuild`]) {
    const [file] = namesIn(join(path, directory)).filter((name) => name.endsWith('.eb'));
    const content = file === undefined ? undefined : sideFile(join(join(path, directory), file));
    if (content === undefined) continue;
    const recipe = readAssignments(toText(content));
    if (typeof recipe.get('name') === 'string') return recipe;
  }
  return undefined;
}

function text(value: Literal | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value.replace(/\s+/g, ' ').trim();
  return line === '' ? undefined : line;
}

/** Fills in what recipes leave open: `%(name)s`, `%(version)s`. */
function filler(name: string | undefined, version: string | undefined): (text: string) => string {
  const values: Readonly<Record<string, string | undefined>> = {
    name,
    version,
    namelower: name?.toLowerCase(),
    version_major: version?.split('.')[0],
    version_major_minor: version?.split('.').slice(0, 2).join('.'),
  };
  return (given) =>
    given.replace(/%\(([a-z_]{1,40})\)s/g, (whole, key: string) => values[key] ?? whole);
}

/** `('zlib', '1.2.13')`, with more that does not matter here. */
function dependenciesOf(
  given: Literal | undefined,
  fill: (text: string) => string,
): ImportedDependency[] {
  if (!isList(given)) return [];
  return given.flatMap((each): ImportedDependency[] => {
    const [name, version] = isList(each) ? each : [each];
    if (typeof name !== 'string' || name === '') return [];
    const filled = typeof version === 'string' ? fill(version) : '';
    const range = /^[0-9]/.test(filled) ? { range: b`>=${bytes(filled)}` } : {};
    return [{ strength: 'required', alternatives: [{ name: bytes(fill(name)), ...range }] }];
  });
}

/** `{'name': 'GCCcore', 'version': '12.3.0'}` */
function toolchainOf(given: Literal | undefined): string | undefined {
  if (!isDictionary(given)) return undefined;
  const [name, version] = [text(given.get('name')), text(given.get('version'))];
  return name === undefined || name === 'system' ? undefined : [name, version].join(' ').trim();
}

function firstSentence(description: string): string {
  const end = /\.(?= |$)/.exec(description);
  return end === null ? description : description.slice(0, end.index);
}

/** The module file of the installation itself says where its root is, as Tcl or as Lua. */
function originOf(path: Bytes, given: Bytes | undefined): { readonly origin?: Bytes } {
  if (given !== undefined) return { origin: given };
  const directory = join(path, b`easybuild`);
  for (const name of namesIn(directory)) {
    if (!name.endsWith('-devel')) continue;
    const content = sideFile(join(directory, name)) ?? b``;
    const root =
      /^(?:set root\s+|local root = ["'])(\/[^"'\n\s]+)/m.exec(content)?.[1] ??
      /^setenv\s*\(?\s*["']?EBROOT[A-Z0-9_]{1,80}["']?[ ,\t]+["']?(\/[^"'\n\s)]+)/m.exec(
        content,
      )?.[1];
    if (root !== undefined) return { origin: slice(root.replace(/\/+$/, '') as Bytes, 0) };
  }
  return {};
}
