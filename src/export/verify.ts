/**
 * Asking the program that owns a format about fragment files before they are in place: `visudo -c`
 * and the like. A program that is not there has not said yes, and nobody is told that it has.
 */
import { b, bytes, printable, slice, trim, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import type { FragmentFile, HostView, Verdict } from './fragment.ts';
import { diagnostic, linesIn } from './strict.ts';

/** How a program is asked. */
export interface OwnCheck {
  readonly program: string;
  /** Arguments before the names of the files. */
  readonly words: readonly string[];
  /**
   * What says no: the exit status, or, where that speaks of other things too, what the program calls
   * an error of the file, or what each thing that it says of the file is worth.
   */
  readonly no: 'status' | 'errors' | ((said: Bytes) => 'error' | 'warning' | 'nothing');
  /** The mode that it demands of the file; 0644 unless given. */
  readonly mode?: number;
}

/** What the program says of `files`, all in one directory under their own names. */
export function verdictOn(
  files: readonly FragmentFile[],
  check: OwnCheck,
  host: HostView,
): Verdict {
  const { program, words, mode = 0o644 } = check;
  const answer = host.ask({
    program,
    words: [...words, ...files.map(({ name }) => `{}/${basename(name)}`)],
    files: files.map(({ name, content }) => ({ name: basename(name), content, mode })),
  });
  if (!answer.ran) return { findings: [], skipped: answer.why };
  const failed = answer.status !== 0 && check.no === 'status';
  const said = (answer.output.split('\n') as Bytes[]).map(trim);
  const findings = said.flatMap((line) => findingIn(line, files, check, failed) ?? []);
  const why = said.find((line) => line !== '') ?? b`status ${answer.status}`;
  // an older one may not know how to only check
  const isOptionUnknown = /(?:unrecognized|unknown|invalid) option/i.test(why);
  const mayFailOtherwise = typeof check.no === 'function' || isOptionUnknown;
  if (answer.status !== 0 && mayFailOtherwise && !speaksOf(files, said)) {
    return { findings, skipped: `${program} could not judge: ${printable(why)}` };
  }
  const first = files[0];
  if (!failed || first === undefined || findings.some(({ severity }) => severity === 'error')) {
    return { findings };
  }
  const message = `${program} refuses it: ${printable(why)}`;
  return {
    findings: [...findings, diagnostic(first, { code: 'E_FRAGMENT_REFUSED', message, line: 1 })],
  };
}

/** Whether the program got as far as the files at all. */
function speaksOf(files: readonly FragmentFile[], said: readonly Bytes[]): boolean {
  return said.some((line) => files.some(({ name }) => line.includes(basename(name))));
}

/** A line of output about a file: `NAME:LINE[:COLUMN]: TEXT` or `NAME: TEXT`, after `error:` or nothing. */
function findingIn(
  said: Bytes,
  files: readonly FragmentFile[],
  { program, no }: OwnCheck,
  failed: boolean,
): Diagnostic | undefined {
  const called = /^(error|warning): */.exec(said);
  const text = slice(said, called?.[0].length ?? 0);
  const file = files.find(({ name }) => text.startsWith(`${basename(name)}:`));
  if (file === undefined) return undefined;
  const rest = slice(text, basename(file.name).length);
  // without a line it is about the whole: `parsed OK`, or why not
  const [whole = '', digits, columns] =
    /^: ?(?:line )?([0-9]{1,9})(?::([0-9]{1,9}))?:? */.exec(rest) ?? [];
  const message = trim(slice(rest, whole.length).replace(/^: */, '') as Bytes);
  if (message === '') return undefined;
  const judged = typeof no === 'function' ? no(message) : undefined;
  if (judged === 'nothing' || (judged === undefined && digits === undefined && !failed)) {
    return undefined;
  }
  const texts = linesIn(file);
  const line = Math.min(Math.max(1, Number(digits ?? 1)), Math.max(1, texts.length));
  const source = texts[line - 1] ?? bytes('');
  const column = Math.min(Number(columns ?? 1), source.length + 1);
  const severity = judged ?? (failed || called?.[1] === 'error' ? 'error' : 'warning');
  return diagnostic(file, {
    severity,
    code: severity === 'error' ? 'E_FRAGMENT_REFUSED' : 'E_FRAGMENT_DOUBT',
    message: `${program}: ${printable(message)}`,
    line,
    column,
    ...(columns === undefined && digits !== undefined && { length: source.length }),
  });
}
