/**
 * The form of a transcript: facts at its head and its end, and line by line, with the time, what the
 * script said.
 *
 *     # package      tool-1.2
 *     # started      2026-11-22T02:10:11.123Z
 *         0.012 out| making the database
 *         0.015 err| no licence file, the trial one is taken
 *     # ended        with 0 after 0.021 s
 *
 * `out` and `err` are the two streams, `tty` is a terminal, `in` what was typed, `xh` what this program
 * has to say; a line that another one has cut in two goes on after a `+`.
 */
import { b, bytes, concat, fromBuffer, slice, split, type Bytes } from '../../bytes/bytes.ts';

export type Stream = 'out' | 'err' | 'tty';

export type Fact = readonly [name: string, text: string];

/** What is to be written next, with the end of an unfinished line where there is one. */
export interface TranscriptText {
  facts(facts: readonly Fact[]): Bytes;
  /** A whole line that is not the script's. */
  line(tag: 'in' | 'xh', text: string): Bytes;
  /** What the script said, in whatever pieces. */
  said(stream: Stream, content: Bytes): Bytes;
}

/** @param elapsed seconds since the beginning */
export function transcriptText(elapsed: () => number): TranscriptText {
  /** Whose line is unfinished. */
  let unfinished: Stream | undefined;
  /** Streams whose line was cut in two. */
  const cut = new Set<Stream>();
  const begin = (tag: string, sign: '|' | '+'): Bytes =>
    bytes(`${elapsed().toFixed(3).padStart(9)} ${tag.padEnd(3)}${sign} `);
  const cutLine = (): Bytes => {
    if (unfinished === undefined) return b``;
    cut.add(unfinished);
    unfinished = undefined;
    return b`\n`;
  };
  /** A piece without an end of line; begins the line where it is the first. */
  const piece = (stream: Stream, words: Bytes): Bytes => {
    if (unfinished === stream) return words;
    const before = cutLine();
    unfinished = stream;
    return concat(before, begin(stream, cut.delete(stream) ? '+' : '|'), words);
  };
  return {
    facts: (facts) =>
      concat(cutLine(), ...facts.map(([name, text]) => bytes(`# ${name.padEnd(12)} ${text}\n`))),
    line: (tag, text) => b`${cutLine()}${begin(tag, '|')}${bytes(text)}\n`,
    said(stream, content) {
      const lines = split(content, '\n');
      const last = lines.pop() ?? b``;
      const whole = lines.map((words) => {
        const line = b`${piece(stream, words)}\n`;
        unfinished = undefined;
        return line;
      });
      return concat(...whole, last === '' ? b`` : piece(stream, last));
    },
  };
}

/** A stream's bytes as they come; those of a terminal with the ends of lines that files have. */
export function lineEnds(stream: Stream): (content: Uint8Array) => Bytes {
  if (stream !== 'tty') return fromBuffer;
  let held = b``;
  return (content) => {
    const text = b`${held}${fromBuffer(content)}`;
    // what ends a line may come in two parts
    held = text.endsWith('\r') && content.length > 0 ? b`\r` : b``;
    const whole = slice(text, 0, text.length - held.length);
    return whole.replaceAll(/\r+\n/g, '\n') as Bytes;
  };
}
