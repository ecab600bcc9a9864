/** What goes to the two streams, and whether in colour: data to standard output, all else to standard error. */
import { writeSync } from 'node:fs';
import { b } from '../bytes/bytes.ts';
import { asFileError, errnoOf } from '../files/error.ts';

export type ColorWhen = 'auto' | 'always' | 'never';

export interface TerminalOptions {
  readonly color: ColorWhen;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

export type Style = (text: string) => string;

export interface Styles {
  readonly bold: Style;
  readonly dim: Style;
  readonly red: Style;
  readonly green: Style;
  readonly yellow: Style;
  readonly cyan: Style;
}

export interface Terminal {
  /** Data: always, to standard output. */
  print(line: string): void;
  /** What is going on, to standard error; not with --quiet. */
  tell(line: string): void;
  /** More of it, with --verbose. */
  detail(line: string): void;
  /** What must be read, to standard error, --quiet or not. */
  warn(line: string): void;
  /** A line on standard error that the next one takes the place of; nothing else may be there. */
  passing(line: string): void;
  /** Takes a passing line away. */
  clear(): void;
  /** Why not all that was printed could be written; the work goes on all the same. */
  failure(): unknown;
  readonly out: Styles;
  readonly err: Styles;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
}

export function createTerminal(options: TerminalOptions): Terminal {
  let isPassing = false;
  let failure: unknown;
  const clear = (): void => {
    if (isPassing) writeTo(2, '\r\u001b[K');
    isPassing = false;
  };
  const write = (fd: 1 | 2, text: string): void => {
    clear();
    try {
      if (fd === 2 || failure === undefined) writeTo(fd, text);
    } catch (error) {
      failure = error;
    }
  };
  return {
    print: (line) => {
      write(1, `${line}\n`);
    },
    tell: (line) => {
      if (!options.quiet) write(2, `${line}\n`);
    },
    detail: (line) => {
      if (options.verbose) write(2, `${line}\n`);
    },
    warn: (line) => {
      write(2, `${line}\n`);
    },
    passing: (line) => {
      write(2, line);
      isPassing = true;
    },
    clear,
    failure: () => failure,
    out: outputStyles(options.color),
    err: errorStyles(options.color),
    quiet: options.quiet,
    verbose: options.verbose,
    interactive: process.stdin.isTTY && process.stderr.isTTY,
  };
}

/** The styles of standard output. */
export function outputStyles(color: ColorWhen): Styles {
  return stylesFor(wantsColor(color, process.stdout.isTTY));
}

/** The styles of standard error. */
export function errorStyles(color: ColorWhen): Styles {
  return stylesFor(wantsColor(color, process.stderr.isTTY));
}

/** NO_COLOR (no-color.org), TERM=dumb and pipes are respected; `always` and `never` are the user's word. */
function wantsColor(when: ColorWhen, isTerminal: boolean): boolean {
  if (when !== 'auto') return when === 'always';
  const { NO_COLOR, TERM } = process.env;
  return isTerminal && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

function stylesFor(color: boolean): Styles {
  const style =
    (on: number, off: number): Style =>
    (text) =>
      color ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    cyan: style(36, 39),
  };
}

/**
 * Synchronous, so that nothing is lost at exit; a pipe that is full is waited for. When the reader has
 * gone (`xh list | head`) the work goes on all the same: it may be one that changes the host.
 * @throws FileError
 */
function writeTo(fd: 1 | 2, text: string): void {
  const content = Buffer.from(text);
  for (let done = 0; done < content.length;) {
    try {
      done += fd === 1 ? writeSync(1, content, done) : writeSync(2, content, done);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else if (fd === 2 || errno === 'EPIPE') return;
      else throw asFileError(error, b`standard output`);
    }
  }
}
