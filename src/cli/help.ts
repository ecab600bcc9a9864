/** Help texts, from the same descriptions that the manual pages are made of. */
import { nearest } from '../message/nearest.ts';
import { GLOBAL_OPTIONS, type Command, type CommandOption } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import type { Styles } from './terminal.ts';

/** `xh help`: every command on one line, in groups. */
export function overview(styles: Styles): string {
  const width = Math.max(...COMMANDS.map((entry) => entry.name.length)) + 2;
  const groups = new Set(COMMANDS.map((entry) => entry.group));
  const lines = [
    `${styles.bold('xh')}: software in packages for many Unix hosts`,
    '',
    'usage: xh [--root DIR] COMMAND …',
  ];
  for (const group of groups) {
    lines.push('', styles.bold(group));
    for (const entry of COMMANDS) {
      if (entry.group === group) lines.push(`  ${entry.name.padEnd(width)}${entry.summary}`);
    }
  }
  lines.push(
    '',
    'xh COMMAND --help   how a command is used, with examples',
    'xh help exit-codes  what the exit codes mean',
    'xh help fragments   what a package may have in export/',
  );
  return lines.join('\n');
}

/** `xh COMMAND --help`. */
export function commandHelp(entry: CommandEntry, command: Command, styles: Styles): string {
  const synopsis = ['xh', entry.name, command.usage, '[options]'].filter((word) => word !== '');
  const lines = [
    `${styles.bold(`xh ${entry.name}`)}: ${entry.summary}`,
    '',
    `usage: ${synopsis.join(' ')}`,
    '',
    command.details,
  ];
  if (command.examples.length > 0) {
    lines.push('', styles.bold('Examples'));
    for (const { command: typed, explains } of command.examples) {
      lines.push(`  ${styles.cyan(typed)}`, `      ${explains}`);
    }
  }
  if (command.options.length > 0) {
    lines.push('', styles.bold('Options'), ...optionLines(command.options));
  }
  lines.push('', styles.bold('Everywhere'), ...optionLines(GLOBAL_OPTIONS));
  return lines.join('\n');
}

/** `xh help TOPIC`, or undefined when it is none. */
export async function topicHelp(word: string, styles: Styles): Promise<string | undefined> {
  const topics = Object.keys(TOPICS);
  const topic = topics.includes(word) ? word : undefined;
  const known =
    topic ??
    (COMMANDS.some((entry) => entry.name.startsWith(word)) ? undefined : nearest(word, topics));
  const text = known === undefined ? undefined : await TOPICS[known]?.();
  return text === undefined ? undefined : `${styles.bold(`xh help ${known}`)}\n\n${text}`;
}

function optionLines(options: readonly CommandOption[]): string[] {
  const width = Math.max(...options.map((option) => option.flags.length)) + 2;
  return options.map((option) => `  ${option.flags.padEnd(width)}${option.summary}`);
}

const TOPICS: Readonly<Record<string, () => Promise<string>>> = {
  'exit-codes': () => Promise.resolve(EXIT_CODES),
  fragments: fragmentHelp,
};

const EXIT_CODES = `    0  done
    1  failed: what failed is named; the rest is done, or nothing is
    2  usage, or an input that cannot be read (file:line:column is named)
    3  refused because of a conflict or a guard; nothing has been changed
    4  not permitted
    5  locked by another command
  130  interrupted; the next command settles what is left`;

/** From the table of kinds, which is loaded for this alone. */
async function fragmentHelp(): Promise<string> {
  const { KINDS } = await import('../export/kinds.ts');
  const names = KINDS.map(({ name, layout }) => (layout === 'file' ? name : `${name}/`));
  const width = Math.max(...names.map((name) => name.length)) + 2;
  const lines = KINDS.map(({ summary }, i) => `  ${(names[i] ?? '').padEnd(width)}${summary}`);
  return `A package's export/ has what it adds to the system's own files. At install everything in it is
checked, also by the program that owns the format where the host has it (visudo, logrotate,
systemd-analyze …); a conflict refuses all of it and names both sides. At uninstall the files are
what they were, but for what people have changed since: that is theirs, and stays.

${lines.join('\n')}

A name that ends in .in is a template: @hostname@ and the other names of 'xh facts' are filled in,
@package@ and @directory@ too, and @@ is a single @.
Services are told of changed files by the commands of 'xh config refresh'.`;
}
