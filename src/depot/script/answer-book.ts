/** The answers of one file, read once and looked up for each script that is run. */
import { readFileSync } from 'node:fs';
import {
  b,
  bytes,
  fromBuffer,
  printable,
  toBuffer,
  toText,
  type Bytes,
} from '../../bytes/bytes.ts';
import { dirname, join } from '../../bytes/path.ts';
import { about, errnoOf, FileError } from '../../files/error.ts';
import type { ScriptRun } from '../../host/plan.ts';
import { DiagnosticError, type Diagnostic } from '../../message/diagnostic.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { listPackages } from '../../package/entries.ts';
import type { Site } from '../../site/site.ts';
import { LONGEST_ANSWER, parseAnswers, type AnswerEntry, type AnswerSection } from './answers.ts';
import type { Answer, Question } from './conversation.ts';

export interface AnswerBook {
  readonly file: Bytes;
  /** The answers for a script, or undefined when the file has none for it. */
  answersFor(run: ScriptRun): readonly Answer[] | undefined;
}

export interface BookOptions {
  readonly site: Site;
  /** The only package that the command names, if it is one: whom answers before a heading are for. */
  readonly only: Bytes | undefined;
  readonly action: ScriptRun['action'];
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Reads a file of answers, with the secrets that it names.
 * @throws XhError E_ANSWERS (exit 2, or 4) when it cannot be read; DiagnosticError (exit 2) for what cannot be read in it, a heading that names no
 *   package of the depot, a secret that is not there
 */
export function readAnswerBook(file: Bytes, options: BookOptions): AnswerBook {
  const content = contentOf(file);
  const { sections, diagnostics } = parseAnswers(file, content);
  const found = [...diagnostics];
  const packages = listPackages(options.site);
  const known = new Map(packages.map(({ name, directory }) => [directory, name]));
  const names = new Set([...known.keys(), ...known.values()]);
  const book = sections.map((section) => {
    const name = section.package ?? options.only;
    const problem = headingProblem(section, name, names);
    if (problem !== undefined) found.push(problem);
    return {
      name,
      action: section.package === undefined ? options.action : section.action,
      answers: section.entries.map((entry) => resolved(entry, options.environment, found)),
    };
  });
  if (found.length > 0)
    throw new DiagnosticError(found.toSorted((one, two) => one.line - two.line));
  return {
    file,
    answersFor({ package: directory, action }) {
      const candidates = book.filter((section) => section.action === action);
      const section =
        candidates.find(({ name }) => name === directory) ??
        candidates.find(({ name }) => name !== undefined && name === known.get(directory));
      return section?.answers.filter((answer) => answer !== undefined);
    },
  };
}

function contentOf(file: Bytes): Bytes {
  try {
    return about(file, () => fromBuffer(readFileSync(toBuffer(file))));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new XhError('E_ANSWERS', `the answers cannot be read: ${error.message}`, {
      exit: error.exit === EXIT.notPermitted ? EXIT.notPermitted : EXIT.usage,
      place: { file },
      remedy: error.remedy ?? 'xh help answers shows what such a file has in it',
      cause: error,
    });
  }
}

function headingProblem(
  { place, line, package: written }: AnswerSection,
  name: Bytes | undefined,
  names: ReadonlySet<Bytes>,
): Diagnostic | undefined {
  if (name !== undefined && (written === undefined || names.has(name))) return undefined;
  const base = { severity: 'error', code: 'E_ANSWERS', ...place, source: line } as const;
  if (name === undefined) {
    return {
      ...base,
      message: 'for which package is this answer?',
      hint: 'write a heading above it: [PACKAGE]',
    };
  }
  const hint = didYouMean(toText(name), [...names].map(toText));
  return {
    ...base,
    message: `there is no package '${printable(name)}'`,
    length: line.trimEnd().length,
    ...(hint !== undefined && { hint }),
  };
}

function resolved(
  entry: AnswerEntry,
  environment: NodeJS.ProcessEnv,
  found: Diagnostic[],
): Answer | undefined {
  const wrong = (message: string, hint?: string): undefined => {
    const { place, answerColumn, line } = entry;
    found.push({
      severity: 'error',
      code: 'E_ANSWER_SECRET',
      ...place,
      column: answerColumn,
      source: line,
      message,
      ...(hint !== undefined && { hint }),
    });
  };
  const text = textOf(entry, environment, wrong);
  if (text === undefined) return undefined;
  if (entry.keys || !/[\0-\x1f\x7f]/.test(text)) {
    if (text.length <= LONGEST_ANSWER) return { ...entry, text };
    return wrong(`a terminal takes no more than ${LONGEST_ANSWER} bytes in one line`);
  }
  return wrong('what is there is more than one line of text');
}

function textOf(
  { source, place }: AnswerEntry,
  environment: NodeJS.ProcessEnv,
  wrong: (message: string, hint?: string) => undefined,
): Bytes | undefined {
  switch (source.type) {
    case 'text':
      return source.text;
    case 'environment': {
      const value = environment[source.name];
      if (value !== undefined) return bytes(value);
      return wrong(`there is no variable ${source.name} in the environment`, 'set and export it');
    }
    case 'file': {
      const directory = dirname(place.file);
      const path = source.path.startsWith('/') ? source.path : join(directory, source.path);
      try {
        return fromBuffer(readFileSync(toBuffer(path))).replace(/\r?\n$/, '') as Bytes;
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === undefined) throw error;
        return wrong(new FileError(errno, 'open', path).message);
      }
    }
  }
}

/** The lines that would answer a question, for a message. */
export function exampleOf({ package: directory, action }: ScriptRun, question: Question): string {
  const heading = action === 'install' ? directory : b`${directory} ${bytes(action)}`;
  const text = printable(question.text).replaceAll(/["*]/g, String.raw`\$&`);
  return `[${printable(heading)}]\n      "${text}" ${question.drawn ? String.raw`keys "\r"` : 'ANSWER'}`;
}
