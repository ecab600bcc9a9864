/** Filling in templates: `@NAME@` and the like in the skeleton that new packages start from. */
import { printable, split, toText, type Bytes } from '../bytes/bytes.ts';
import { EXIT, XhError } from '../message/error.ts';

/** What may stand between `@` signs in a template, and what it becomes. */
export const TEMPLATE_WORDS = {
  NAME: 'the name of the package',
  DIRECTORY: 'its directory name, with the version where that is part of it',
  VERSION: 'its version',
  MAINTAINER: 'the mail address of its maintainer',
} as const;

export type TemplateWord = keyof typeof TEMPLATE_WORDS;

/** What each word becomes; a word without a value turns its line into a comment. */
export type TemplateValues = { readonly [K in TemplateWord]?: Bytes | undefined };

/**
 * The text of a template with its words filled in. Other things between `@` signs stay.
 *
 * @throws XhError `E_TEMPLATE_VALUE` (exit 2) for a value of more than one line
 */
export function fillTemplate(template: Bytes, values: TemplateValues): Bytes {
  for (const value of Object.values(values)) {
    if (value !== undefined) refuseControl(value);
  }
  return split(template, '\n')
    .map((line) => fillLine(line, values))
    .join('\n') as Bytes;
}

const WORD = new RegExp(`@(${Object.keys(TEMPLATE_WORDS).join('|')})@`, 'g');

function fillLine(line: Bytes, values: TemplateValues): string {
  let complete = true;
  const filled = line.replace(WORD, (_, word: TemplateWord) => {
    const value = values[word];
    complete &&= value !== undefined;
    return value ?? word.toLowerCase();
  });
  return complete || filled.startsWith('#') ? filled : `# ${filled}`;
}

function refuseControl(value: Bytes): void {
  if (!/[\0-\x1f\x7f]/.test(value)) return;
  throw new XhError('E_TEMPLATE_VALUE', `'${printable(value)}' does not stand on one line`, {
    exit: EXIT.usage,
    remedy: `write it without control characters, such as '${toText(value).replace(/[^ -~]+/g, ' ')}'`,
  });
}
