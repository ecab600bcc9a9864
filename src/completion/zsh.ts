/** Completion for zsh: one script a program, for a directory of fpath or to be sourced. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { singleQuoted } from '../message/shell.ts';
import { placeText, valueTexts } from './choices.ts';
import type { OptionSyntax, Place, ProgramSyntax } from './syntax.ts';

export function zshScript(syntax: ProgramSyntax): string {
  const { name, commands } = syntax;
  const branches = [
    branch("''", syntax.options, syntax.places),
    ...commands.map((command) => branch(command.name, command.options, command.places)),
  ];
  const described = commands.map(
    (command) => `    ${singleQuoted(`${command.name}:${command.summary}`)}`,
  );
  return `#compdef ${name}
${readFileSync(join(import.meta.dirname, 'shared.zsh'), 'utf8').trimEnd()}

_${name}_syntax() { # COMMAND: sets options (with what they do), values (OPTION=CHOICES), places
  case $1 in
${branches.join('\n')}
  esac
}

_${name}() {
  local root= command= wanted= plain= place=0
  local -a options values places commands
  commands=(
${described.join('\n')}
  )
  _${name}_syntax ''
  _xhier_parse _${name}_syntax
  _xhier_complete
}

if [[ \${funcstack[1]-} == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function branch(name: string, options: readonly OptionSyntax[], places: readonly Place[]): string {
  const described = options.flatMap(({ names, summary }) =>
    names.map((each) => `        ${singleQuoted(`${each}:${summary}`)}`),
  );
  return `    ${name})
      options=(
${described.join('\n')}
      )
      values=(${valueTexts(options).map(singleQuoted).join(' ')})
      places=(${places.map((place) => singleQuoted(placeText(place))).join(' ')})
      ;;`;
}
