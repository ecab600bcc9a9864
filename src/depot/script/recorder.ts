/** Where what a script says goes: the transcript, without secrets, and the conversation. */
import { concat, type Bytes } from '../../bytes/bytes.ts';
import type { Conversation } from './conversation.ts';
import { redactor } from './redact.ts';
import { lineEnds, type Stream } from './transcript-text.ts';
import type { Transcript } from './transcript.ts';

interface Recorded {
  readonly transcript: Transcript;
  readonly conversation?: Conversation;
}

export interface Recorder {
  said(stream: Stream, content: Uint8Array): void;
  typed(shown: string, secret: Bytes | undefined): void;
  /** What was held back goes to the transcript. */
  flush(): void;
  /** When something was said last: milliseconds, as performance.now() has them. */
  last(): number;
  /** Whether the last line is unfinished. */
  midLine(): boolean;
}

export function recorder({ transcript, conversation }: Recorded): Recorder {
  const ends = { out: lineEnds('out'), err: lineEnds('err'), tty: lineEnds('tty') };
  const secrets = redactor();
  let last = performance.now();
  let final = '\n';
  return {
    said(stream, content) {
      last = performance.now();
      const text = ends[stream](content);
      if (text === '') return;
      final = text.slice(-1);
      conversation?.said(text);
      transcript.said(stream, stream === 'tty' ? secrets.pass(text) : text);
    },
    typed(shown, secret) {
      transcript.typed(shown);
      if (secret !== undefined) secrets.hide(secret);
    },
    flush() {
      for (const stream of ['out', 'err', 'tty'] as const) {
        const held = ends[stream](new Uint8Array());
        const text = stream === 'tty' ? concat(held, secrets.rest()) : held;
        if (text !== '') transcript.said(stream, text);
      }
    },
    last: () => last,
    midLine: () => final !== '\n',
  };
}
