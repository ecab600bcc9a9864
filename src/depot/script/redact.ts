/** Secrets that were typed, kept out of what is written down of the script, its echo among it. */
import { b, concat, slice, type Bytes } from '../../bytes/bytes.ts';

export interface Redactor {
  /** From now on this is not let through. */
  hide(secret: Bytes): void;
  /** What may be written of it; the rest is kept until it is clear what it is. */
  pass(text: Bytes): Bytes;
  /** What was kept: nothing more comes. */
  rest(): Bytes;
}

const STARS = b`******`;

export function redactor(): Redactor {
  const secrets: Bytes[] = [];
  let held = b``;
  return {
    hide(secret) {
      if (secret !== '' && !secrets.includes(secret)) secrets.push(secret);
    },
    pass(text) {
      let open = concat(held, text);
      let passed = b``;
      for (;;) {
        const found = firstOf(open, secrets);
        if (found === undefined) break;
        passed = concat(passed, slice(open, 0, found.at), STARS);
        open = slice(open, found.at + found.length);
      }
      const keep = Math.max(0, ...secrets.map((secret) => overlap(open, secret)));
      held = slice(open, open.length - keep);
      return concat(passed, slice(open, 0, open.length - keep));
    },
    rest() {
      const text = held;
      held = b``;
      return text;
    },
  };
}

/** The first place of any of them; of two that begin there, the longer one. */
function firstOf(
  text: Bytes,
  secrets: readonly Bytes[],
): { readonly at: number; readonly length: number } | undefined {
  return secrets
    .map((secret) => ({ at: text.indexOf(secret), length: secret.length }))
    .filter(({ at }) => at >= 0)
    .toSorted((one, other) => one.at - other.at || other.length - one.length)[0];
}

/** How many bytes at the end of `text` may be the beginning of `secret`. */
function overlap(text: Bytes, secret: Bytes): number {
  for (let length = Math.min(text.length, secret.length - 1); length > 0; length--) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}
