/** The arguments of each statement of an xh-imakefile, made sure of. */
import { b, type Bytes } from '../../bytes/bytes.ts';
import { normalize } from '../../bytes/path.ts';
import { didYouMean } from '../../message/nearest.ts';
import { packageNameProblem, versionProblem } from '../../package/name.ts';
import { diagnosticAt, type Finding, type Token } from './lexer.ts';
import {
  SYNOPSES,
  type Language,
  type Statement,
  type StatementName,
  type UsedBy,
  type Written,
} from './statement.ts';

/** The file that words stand in. */
export interface Source {
  readonly file: Bytes;
  readonly content: Bytes;
  readonly report: (finding: Finding) => void;
}

/** A statement with its arguments as they are written. */
export interface CallOf {
  readonly source: Source;
  readonly word: Token;
  readonly name: StatementName;
  readonly list: readonly Token[];
}

/** What a statement says, or undefined when something is wrong with it; that has been reported then. */
export const READERS: Readonly<Record<StatementName, (call: CallOf) => Statement | undefined>> = {
  Program(call) {
    if (!counted(call, 3)) return undefined;
    const name = fileName(call, 0);
    const language = choice(call, 1, LANGUAGES);
    const usedBy = choice(call, 2, USERS);
    const files = relativeFiles(call, 3);
    if (name === undefined || language === undefined || usedBy === undefined) return undefined;
    return files && { is: 'program', name, language, usedBy, files };
  },
  Script(call) {
    if (!counted(call, 2, 3)) return undefined;
    const name = fileName(call, 0);
    const usedBy = choice(call, 1, USERS);
    const sources = relativeFiles(call, 2);
    if (name === undefined || usedBy === undefined || sources === undefined) return undefined;
    const [source] = sources;
    return { is: 'script', name, usedBy, ...(source !== undefined && { source }) };
  },
  Manual(call) {
    if (!counted(call, 2, 3)) return undefined;
    const name = fileName(call, 0);
    const section = call.list[1];
    const sources = relativeFiles(call, 2);
    // 1, 3pm, 8; also the letters of old: l, n
    if (section === undefined || !/^(?:[1-9][0-9A-Za-z]{0,15}|[ln])$/.test(section.text)) {
      told(call, 1, 'this is no section of the manual', 'write 1 to 9, letters may follow: 3pm');
      return undefined;
    }
    if (name === undefined || sources === undefined) return undefined;
    const [source] = sources;
    return { is: 'manual', name, section: section.text, ...(source !== undefined && { source }) };
  },
  Library(call) {
    if (!counted(call, 3)) return undefined;
    const name = fileName(call, 0);
    const language = choice(call, 1, LANGUAGES);
    const files = relativeFiles(call, 2);
    if (name === undefined || language === undefined) return undefined;
    return files && { is: 'library', name, language, files };
  },
  Data(call) {
    if (!counted(call, 1, 2)) return undefined;
    const [file] = relativeFiles({ ...call, list: call.list.slice(0, 1) }, 0) ?? [];
    const directory = call.list[1]?.text ?? b`data`;
    const path = normalize(directory);
    const isReserved = path === '.admin' || path.startsWith('.admin/');
    if (directory.startsWith('/') || path.startsWith('..') || path === '.' || isReserved) {
      told(call, 1, 'this is no directory in the package', "write for example 'data' or 'doc'");
      return undefined;
    }
    return file && { is: 'data', file, directory: path };
  },
  Subdirs(call) {
    if (!counted(call, 1)) return undefined;
    const directories = relativeFiles(call, 0);
    return directories && { is: 'subdirs', directories };
  },
  Package(call) {
    if (!counted(call, 1, 2)) return undefined;
    const [name, version] = call.list;
    const problem = packageNameProblem(name?.text ?? b``);
    if (problem !== undefined) told(call, 0, `no name of a package: ${problem}`);
    const wrong = version === undefined ? undefined : versionProblem(version.text);
    if (wrong !== undefined) told(call, 1, `no version: ${wrong}`);
    if (name === undefined || problem !== undefined || wrong !== undefined) return undefined;
    return {
      is: 'package',
      name: written(call.source, name),
      ...(version !== undefined && { version: version.text }),
    };
  },
};

const USERS: Readonly<Record<string, UsedBy>> = {
  user: 'user',
  maintainer: 'maintainer',
  program: 'program',
};
const LANGUAGES: Readonly<Record<string, Language>> = {
  c: 'c',
  'c++': 'c++',
  cc: 'c++',
  cxx: 'c++',
  cpp: 'c++',
  fortran: 'fortran',
  f: 'fortran',
  f77: 'fortran',
  f90: 'fortran',
};

function counted({ source, word, name, list }: CallOf, least: number, most = Infinity): boolean {
  if (list.length >= least && list.length <= most) return true;
  const expected =
    most === least ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`;
  const surplus = list[most];
  source.report({
    message: `${name} takes ${expected} argument${expected === '1' ? '' : 's'}, and has ${list.length}`,
    at: surplus?.at ?? word.at,
    length: surplus?.length ?? word.length,
    hint: SYNOPSES[name],
  });
  return false;
}

function choice<T extends string>(
  call: CallOf,
  index: number,
  known: Readonly<Record<string, T>>,
): T | undefined {
  const text = call.list[index]?.text as string | undefined;
  if (text !== undefined && Object.hasOwn(known, text)) return known[text];
  const names = [...new Set(Object.values(known))];
  told(
    call,
    index,
    `expected ${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`,
    didYouMean(text ?? '', Object.keys(known)) ?? SYNOPSES[call.name],
  );
  return undefined;
}

/** The name of what is installed: one component, harmless in a makefile. */
function fileName(call: CallOf, index: number): Written | undefined {
  const token = call.list[index];
  if (token === undefined) return undefined;
  if (/^[A-Za-z0-9_\x80-\xff[][A-Za-z0-9+._@:[\x80-\xff-]*$/.test(token.text)) {
    return written(call.source, token);
  }
  told(call, index, 'this is no name for an installed file', "letters, digits and '+._@-'");
  return undefined;
}

/** Paths below the directory of the file, harmless in a makefile; undefined when one is not. */
function relativeFiles(call: CallOf, from: number): readonly Written[] | undefined {
  const tokens = call.list.slice(from);
  const bad = tokens.findIndex(
    ({ text }) =>
      !/^[A-Za-z0-9_./\x80-\xff-][A-Za-z0-9+._@/\x80-\xff-]*$/.test(text) || text.startsWith('/'),
  );
  if (bad < 0) return tokens.map((token) => written(call.source, token));
  told(call, from + bad, 'this is no file below the directory', "letters, digits and '+._@/-'");
  return undefined;
}

function told({ source, word, list }: CallOf, index: number, message: string, hint?: string): void {
  const { at, length } = list[index] ?? word;
  source.report({ message, at, length, hint });
}

/** A word, and how to say something about it. */
export function written({ file, content }: Source, { text, at, length }: Token): Written {
  return {
    text,
    told: (message, hint) => diagnosticAt(file, content, { message, at, length, hint }),
  };
}
