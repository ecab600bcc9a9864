/** `xh help`: all commands, one of them, or a topic. */
import { printable, bytes } from '../bytes/bytes.ts';
import { nearest } from '../message/nearest.ts';
import { GLOBAL_OPTIONS, type Command } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { outputWidth, twoColumns, wrap } from './fill.ts';
import { helpText, partLines, titleLines } from './help-text.ts';
import { usage } from './parse-words.ts';
import type { Styles } from './terminal.ts';
import { TOPICS } from './topics.ts';

/** `xh help`: every command on one line, in groups. */
export function overview(styles: Styles): string {
  const width = outputWidth();
  const groups = [...new Set(COMMANDS.map((entry) => entry.group))];
  const longest = Math.max(...COMMANDS.map((entry) => entry.name.length));
  const rows = (list: readonly { readonly name: string; readonly summary: string }[]): string[] =>
    twoColumns(
      list.map(({ name, summary }) => [name.padEnd(longest), summary] as const),
      width,
    );
  return [
    `${styles.bold('xh')}: software in packages for many Unix hosts`,
    '',
    'usage: xh [--root DIR] COMMAND …',
    ...groups.flatMap((group) => [
      '',
      styles.bold(group),
      ...rows(COMMANDS.filter((entry) => entry.group === group)),
    ]),
    '',
    styles.bold('Topics'),
    ...rows(TOPICS),
    '',
    ...wrap(
      "'xh help COMMAND' says how a command is used, with examples; 'xh help TOPIC' explains a topic; " +
        "'man xh' has all of it.",
      width,
    ),
  ].join('\n');
}

/** `xh COMMAND --help`. */
export function commandHelp(entry: CommandEntry, command: Command, styles: Styles): string {
  const described = { ...command, name: `xh ${entry.name}`, summary: entry.summary };
  return helpText(described, { styles, width: outputWidth(), everywhere: GLOBAL_OPTIONS });
}

/** `xh help WORD`: of the command or topic that is called so, or alone begins so. @throws XhError E_USAGE */
export async function helpOn(word: string, styles: Styles): Promise<string> {
  if (word === 'help') return overview(styles);
  const { name, begin, names } = nameOf(word);
  const entry = entryOn(word);
  if (entry !== undefined) return commandHelp(entry, await entry.load(), styles);
  const topic = TOPICS.find((each) => each.name === name);
  if (topic !== undefined) {
    const width = outputWidth();
    const title = titleLines(`xh help ${topic.name}`, topic.summary, { styles, width });
    return [...title, '', ...partLines(await topic.load(), width)].join('\n');
  }
  if (begin.length > 1) throw ambiguous(word, begin);
  const near = nearest(word, names);
  throw usage(
    `there is no command and no topic '${printable(bytes(word))}'`,
    near === undefined ? 'xh help lists them' : `did you mean 'xh help ${near}'?`,
  );
}

/** The command that a word means to help; undefined when it is a topic, or nothing. */
export function entryOn(word: string): CommandEntry | undefined {
  const { name } = nameOf(word);
  return COMMANDS.find((each) => each.name === name);
}

function nameOf(word: string) {
  const names = [...COMMANDS, ...TOPICS].map(({ name }) => name);
  const begin = names.filter((name) => name.startsWith(word));
  const name = names.includes(word) ? word : begin.length === 1 ? begin[0] : undefined;
  return { name, begin, names };
}

/** What is said about the beginning of several names. */
export function ambiguous(word: string, names: readonly string[]): Error {
  return usage(`'${printable(bytes(word))}' may be ${names.join(', ')}`, 'write more of the name');
}
