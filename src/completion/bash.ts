/** Completion for bash: one script a program, which needs no other and starts no other program. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeText, valueTexts } from './choices.ts';
import type { OptionSyntax, Place, ProgramSyntax } from './syntax.ts';

export function bashScript(syntax: ProgramSyntax): string {
  const { name, commands } = syntax;
  const branches = [
    branch("''", syntax.options, syntax.places),
    ...commands.map((command) => branch(command.name, command.options, command.places)),
  ];
  return `# bash completion for ${name}
${readFileSync(join(import.meta.dirname, 'shared.bash'), 'utf8').trimEnd()}

_${name}_syntax() { # COMMAND: sets options, values (OPTION=CHOICES), places (CHOICES)
  case $1 in
${branches.join('\n')}
  esac
}

_${name}() {
  local -a words
  local IFS=$' \\t\\n'
  local cur quote kept root= command= wanted= plain= place=-1 options values places
  local commands='${commands.map((command) => command.name).join(' ')}'
  _xhier_words
  _${name}_syntax ''
  local word index
  for ((index = 1; index < \${#words[@]}; index++)); do
    word=\${words[index]}
    if [[ -n $wanted ]]; then
      [[ $wanted == --root ]] && root=$word
      wanted=
    elif [[ -z $plain && $word == --root=* ]]; then
      root=\${word#*=}
    elif [[ -z $plain && $word == -- ]]; then
      plain=1
    elif [[ -z $plain && $word == -?* ]]; then
      [[ $word != *=* && " $values" == *" $word="* ]] && wanted=$word
    elif [[ -z $command && $place == -1 && -n $commands ]] && _xhier_command "$word"; then
      _${name}_syntax "$command"
    else
      ((place++))
    fi
  done
  _xhier_complete
}

complete -F _${name} ${name}
`;
}

function branch(name: string, options: readonly OptionSyntax[], places: readonly Place[]): string {
  return `    ${name})
      options='${options.flatMap(({ names }) => names).join(' ')}'
      values='${valueTexts(options).join(' ')} '
      places='${places.map(placeText).join(' ')}'
      ;;`;
}
