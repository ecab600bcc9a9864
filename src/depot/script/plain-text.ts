/** What a person reads of what was meant for a terminal (ECMA-48, and the line drawing of DEC and Unicode). */
import type { Bytes } from '../../bytes/bytes.ts';

/** Whether it moves the cursor about: then its lines are not lines. */
export function drawsScreen(text: Bytes): boolean {
  return /\u001b\[[0-9;]*[ABHfd]/.test(text);
}

/** Without escape sequences, control characters and frames; a move of the cursor is a new line. */
export function plainText(text: Bytes): Bytes {
  return text
    .replaceAll(/\u001b\(0(?:\u001b\[[0-?]*[ -/]*[@-~]|[^\u001b])*/g, '\n')
    .replaceAll(/\u001b\[[0-?]*[ -/]*([@-~])/g, (_, final: string) =>
      'ABHfd'.includes(final) ? '\n' : '',
    )
    .replaceAll(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g, '')
    .replaceAll(/\u001b[ -/]*[0-~]/g, '')
    .replaceAll(/[\0-\b\v-\u001f\u007f]/g, '')
    .replaceAll(FRAME, '\n') as Bytes;
}

/** U+2500 to U+257F in UTF-8: E2 94 80 to E2 95 BF. */
const FRAME = /(?:\u00e2[\u0094\u0095][\u0080-\u00bf])+/g;
