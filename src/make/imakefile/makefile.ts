/**
 * The makefile for an xh-imakefile: make then sees to times and to what can be done at once. Objects
 * stand in the build directory, under the path of their source.
 */
import { b, concat, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join, normalize } from '../../bytes/path.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import type { SourceTree } from '../source-tree.ts';
import type { ImakeDirectory, Imakefile, Product } from './read.ts';
import type { Language, UsedBy, Written } from './statement.ts';

/** The directory of commands for each kind of user. */
const COMMANDS: Readonly<Record<UsedBy, Bytes>> = {
  user: b`bin`,
  maintainer: b`maintenance`,
  program: b`servers`,
};

interface Compiling {
  readonly endings: readonly string[];
  /** How an object is made: the compiler, and its flags. */
  readonly compile: (settings: ImakeDirectory['settings']) => Bytes;
  readonly link: (settings: ImakeDirectory['settings']) => Bytes;
}

const LANGUAGES: Readonly<Record<Language, Compiling>> = {
  c: {
    endings: ['.c'],
    compile: ({ CC, CPPFLAGS, CFLAGS }) => words(CC, CPPFLAGS, CFLAGS, b`-MMD -MP`),
    link: ({ CC, CFLAGS, LDFLAGS }) => words(CC, CFLAGS, LDFLAGS),
  },
  'c++': {
    endings: ['.cc', '.cpp', '.cxx', '.C'],
    compile: ({ CXX, CPPFLAGS, CXXFLAGS }) => words(CXX, CPPFLAGS, CXXFLAGS, b`-MMD -MP`),
    link: ({ CXX, CXXFLAGS, LDFLAGS }) => words(CXX, CXXFLAGS, LDFLAGS),
  },
  fortran: {
    endings: ['.f', '.f90', '.F', '.F90'],
    compile: ({ FC, FFLAGS }) => words(FC, FFLAGS),
    link: ({ FC, FFLAGS, LDFLAGS }) => words(FC, FFLAGS, LDFLAGS),
  },
};

export interface MakefileOptions {
  readonly tree: SourceTree;
  /** The way there from where the makefile stands: a relative one, so that `__FILE__` names no place. */
  readonly sources: Bytes;
  /** The package's directory as it will be named: `/software/PKG`. */
  readonly prefix: Bytes;
}

/**
 * The text of the makefile; its targets are `all`, `install` (below DESTDIR), `check`, `clean`.
 * @throws DiagnosticError E_IMAKEFILE (exit 2) when a source is not there
 */
export function makefileFor(imakefile: Imakefile, options: MakefileOptions): Bytes {
  const writing: Writing = {
    ...options,
    libraries: new Map(),
    objects: new Map(),
    all: [],
    install: [],
    rules: [],
    diagnostics: [],
  };
  for (const directory of imakefile.directories) {
    for (const product of directory.products) {
      if (product.is === 'library') {
        const archive = archiveOf(product.name.text);
        writing.libraries.set(archive, outPath(directory, archive));
      }
    }
  }
  for (const directory of imakefile.directories) {
    for (const product of directory.products) addProduct(writing, directory, product);
  }
  if (writing.diagnostics.length > 0) throw new DiagnosticError(writing.diagnostics);
  return concat(
    b`# Made by xh make from ${join(options.tree.path, b`xh-imakefile`)}: changes here are lost.\n`,
    b`PREFIX = ${escaped(options.prefix)}\nDESTDIR =\n\n`,
    rule(b`all`, writing.all),
    ...writing.rules,
    rule(b`install`, [b`all`], writing.install),
    rule(b`check test`, [b`all`]),
    rule(b`clean`, [], [words(b`rm -f`, ...writing.all, ...writing.objects.values())]),
    b`.PHONY: all install check test clean\n`,
    b`-include ${words(...[...writing.objects.values()].map((each) => b`${each.slice(0, -2) as Bytes}.d`))}\n`,
  );
}

interface Writing extends MakefileOptions {
  /** `libpat.a` → where it is built. */
  readonly libraries: Map<Bytes, Bytes>;
  /** Object by source and settings. */
  readonly objects: Map<Bytes, Bytes>;
  readonly all: Bytes[];
  readonly install: Bytes[];
  readonly rules: Bytes[];
  readonly diagnostics: Diagnostic[];
}

function addProduct(writing: Writing, directory: ImakeDirectory, product: Product): void {
  switch (product.is) {
    case 'program':
      addProgram(writing, directory, product);
      return;
    case 'library':
      addLibrary(writing, directory, product);
      return;
    case 'script': {
      const found = sourceOf(writing, directory, product.source ?? product.name, SCRIPT_ENDINGS);
      installFile(writing, found, join(COMMANDS[product.usedBy], product.name.text), b`755`);
      return;
    }
    case 'manual': {
      const { name, section, source } = product;
      const found = sourceOf(writing, directory, source ?? name, [`.${section}`, '.man']);
      installFile(writing, found, b`man/man${section[0] as Bytes}/${name.text}.${section}`, b`644`);
      return;
    }
    case 'data': {
      const name = product.file.text.slice(product.file.text.lastIndexOf('/') + 1) as Bytes;
      const found = sourceOf(writing, directory, product.file, []);
      installFile(writing, found, join(product.directory, name), b`644`);
    }
  }
}

const SCRIPT_ENDINGS = ['.sh', '.pl', '.py', '.awk', '.tcl', '.csh', '.ksh'];

function addProgram(
  writing: Writing,
  directory: ImakeDirectory,
  { name, language, usedBy, files }: Extract<Product, { is: 'program' }>,
): void {
  const built = outPath(directory, name.text);
  if (isTwice(writing, built, name)) return;
  const compiling = LANGUAGES[language];
  const main = sourceOf(writing, directory, name, compiling.endings);
  const objects = main === undefined ? [] : [objectOf(writing, directory, main, language)];
  const libraries: Bytes[] = [];
  const flags: Bytes[] = [];
  for (const file of files) {
    const library = writing.libraries.get(file.text);
    if (library !== undefined) libraries.push(library);
    else if (file.text.startsWith('-')) flags.push(file.text);
    else {
      const found = sourceOf(writing, directory, file, []);
      if (found !== undefined) objects.push(objectOf(writing, directory, found, language));
    }
  }
  const { settings } = directory;
  const parts = [...objects, ...libraries];
  const command = words(compiling.link(settings), b`-o $@`, ...parts, ...flags, settings.LDLIBS);
  writing.rules.push(rule(built, [...parts, MAKEFILE], [folderFor(built), command]));
  writing.all.push(built);
  installBuilt(writing, built, join(COMMANDS[usedBy], name.text), b`755`);
}

function addLibrary(
  writing: Writing,
  directory: ImakeDirectory,
  { name, language, files }: Extract<Product, { is: 'library' }>,
): void {
  const archive = archiveOf(name.text);
  const built = outPath(directory, archive);
  if (isTwice(writing, built, name)) return;
  const objects = files.flatMap((file) => {
    const found = sourceOf(writing, directory, file, []);
    return found === undefined ? [] : [objectOf(writing, directory, found, language)];
  });
  const command = words(directory.settings.AR, b`rcs $@`, ...objects);
  writing.rules.push(rule(built, [...objects, MAKEFILE], [folderFor(built), b`rm -f $@`, command]));
  writing.all.push(built);
  installBuilt(writing, built, join(b`lib`, archive), b`644`);
}

/** Apart from objects and from the targets of the makefile, whatever it is called. */
function outPath({ path }: ImakeDirectory, name: Bytes): Bytes {
  return join(b`out`, join(path, name));
}

function isTwice({ all, diagnostics }: Writing, built: Bytes, name: Written): boolean {
  if (!all.includes(built)) return false;
  diagnostics.push(name.told('this is to be built already'));
  return true;
}

function folderFor(built: Bytes): Bytes {
  return b`@mkdir -p ${dirname(built)}`;
}

/** What is compiled with other flags is compiled again: the makefile itself has them. */
const MAKEFILE = b`Makefile`;

function archiveOf(name: Bytes): Bytes {
  return b`lib${name}.a`;
}

/** The path of a source below the top, by itself or with one of the endings. */
function sourceOf(
  { tree, diagnostics }: Writing,
  { path }: ImakeDirectory,
  file: Written,
  endings: readonly string[],
): Bytes | undefined {
  const plain = normalize(join(path, file.text));
  const names = endings.map((ending) => b`${plain}${ending as Bytes}`);
  // `callpat.c` besides a built `callpat`: the ending comes first
  const found = [...names, plain].find((name) => tree.has(name));
  if (found !== undefined && (found !== plain || !isCompiledKind(endings))) return found;
  const wanted =
    endings.length === 0 ? 'this file' : `${file.text}${endings.join(`, ${file.text}`)}`;
  diagnostics.push(file.told(`there is no ${wanted} in the directory`));
  return undefined;
}

/** Whether only a source in that language will do. */
function isCompiledKind(endings: readonly string[]): boolean {
  return Object.values(LANGUAGES).some((language) => language.endings === endings);
}

function objectOf(
  writing: Writing,
  directory: ImakeDirectory,
  source: Bytes,
  language: Language,
): Bytes {
  // a source of two directories may be compiled with the settings of each
  const key = b`${directory.path}:${source}`;
  const known = writing.objects.get(key);
  if (known !== undefined) return known;
  // what is compiled for another directory gets that one's name
  const isOwn = directory.path === '' || source.startsWith(`${directory.path}/`);
  const place = isOwn ? source : b`${directory.path}/_/${source}`;
  // with its ending: `pat.c` and `pat.f` are two
  const object = b`obj/${place.replaceAll('../', '_/') as Bytes}.o`;
  writing.objects.set(key, object);
  const actual =
    Object.values(LANGUAGES).find(({ endings }) => endings.some((each) => source.endsWith(each))) ??
    LANGUAGES[language];
  const from = escaped(join(writing.sources, source));
  const include = words(
    b`-I${escaped(join(writing.sources, directory.path))}`,
    b`-I$(PREFIX)/include`,
  );
  const command = words(actual.compile(directory.settings), include, b`-c -o $@`, from);
  writing.rules.push(rule(object, [from, MAKEFILE], [folderFor(object), command]));
  return object;
}

function installBuilt(writing: Writing, built: Bytes, place: Bytes, mode: Bytes): void {
  writing.install.push(...installing(built, place, mode));
}

function installFile(writing: Writing, source: Bytes | undefined, place: Bytes, mode: Bytes): void {
  if (source === undefined) return;
  writing.install.push(...installing(escaped(join(writing.sources, source)), place, mode));
}

function installing(from: Bytes, place: Bytes, mode: Bytes): Bytes[] {
  const to = b`"$(DESTDIR)$(PREFIX)/${place}"`;
  return [
    b`mkdir -p "$(DESTDIR)$(PREFIX)/${dirname(place)}"`,
    b`cp -p ${from} ${to} && chmod ${mode} ${to}`,
  ];
}

function rule(target: Bytes, needs: readonly Bytes[], commands: readonly Bytes[] = []): Bytes {
  return concat(
    words(b`${target}:`, ...needs),
    b`\n`,
    ...commands.map((command) => b`\t${command}\n`),
    b`\n`,
  );
}

function words(...parts: readonly Bytes[]): Bytes {
  return parts.filter((part) => part !== '').join(' ') as Bytes;
}

/** `$` is make's own; other marks are refused before (see paths.ts). */
function escaped(path: Bytes): Bytes {
  return path.replaceAll('$', '$$$$') as Bytes;
}
