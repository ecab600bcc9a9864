/** Completion for fish: one script a program. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WordKind } from '../cli/description.ts';
import {
  kindsIn,
  plainWords,
  type Choice,
  type OptionSyntax,
  type Place,
  type ProgramSyntax,
} from './syntax.ts';

export function fishScript(syntax: ProgramSyntax): string {
  const { name, commands } = syntax;
  const valued = [syntax, ...commands].flatMap(({ options }) =>
    options.flatMap((option) => (option.value === undefined ? [] : option.names)),
  );
  const lines = [
    ...syntax.options.map((option) => optionLine(name, '-', option)),
    ...commands.map(
      (command) =>
        `complete -c ${name} -n '__xhier_${name}_is - 0' -a ${command.name} -d ${quoted(command.summary)}`,
    ),
    ...placeLines(name, '-', syntax.places),
    ...commands.flatMap((command) => [
      ...command.options.map((option) => optionLine(name, command.name, option)),
      ...placeLines(name, command.name, command.places),
    ]),
  ];
  return `# fish completion for ${name}
${readFileSync(join(import.meta.dirname, 'shared.fish'), 'utf8').trimEnd()}

# COMMAND [PLACE [more]]: whether the word to complete is of this command, and at this place or later
function __xhier_${name}_is
    set -l at (__xhier_place ${quoted(commands.map((command) => command.name).join(' '))} ${quoted([...new Set(valued)].join(' '))})
    test "$at[1]" = "$argv[1]"
    or return
    if set -q argv[3]
        test $at[2] -ge $argv[2]
    else if set -q argv[2]
        test $at[2] = $argv[2]
    end
end

complete -c ${name} -e
complete -c ${name} -f
${lines.join('\n')}
`;
}

function optionLine(program: string, command: string, option: OptionSyntax): string {
  const { names, summary, value } = option;
  return [
    `complete -c ${program} -n '__xhier_${program}_is ${command}'`,
    ...names.map((each) => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`)),
    ...(value === undefined ? [] : ['-r', choicesText(value)]),
    `-d ${quoted(summary)}`,
  ].join(' ');
}

function placeLines(program: string, command: string, places: readonly Place[]): string[] {
  return places.flatMap(({ choices, several }, at) => {
    const text = choicesText(choices);
    if (text === '-f') return [];
    const where = `${command} ${at}${several ? ' more' : ''}`;
    return [`complete -c ${program} -n '__xhier_${program}_is ${where}' ${text}`];
  });
}

/** Whether files are meant, and what else. */
function choicesText(choices: readonly Choice[]): string {
  const kinds = kindsIn(choices);
  const all = [...plainWords(choices), ...kinds.flatMap((kind) => SOURCES[kind] ?? [])];
  return [
    kinds.includes('file') || kinds.includes('command') ? '-F' : '-f',
    ...(kinds.includes('generation') ? ['-k'] : []),
    ...(all.length === 0 ? [] : [`-a ${quoted(all.join(' '))}`]),
  ].join(' ');
}

const SOURCES: Readonly<Partial<Record<WordKind, string>>> = {
  package: '(__xhier_packages)',
  installed: '(__xhier_names installed)',
  generation: '(__xhier_generations)',
  command: '(__xhier_names command)',
  user: '(__fish_complete_users)',
  directory: '(__fish_complete_directories)',
};

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
