
# The same in the scripts of all programs of xhier, so that each can be loaded alone.

_xhier_names() { # PATTERN SUFFIX: sets names to the last parts of the paths below the site root
  emulate -L zsh
  local base=${root:-${XH_ROOT-}}
  case $base in
    '~' | '~/'*) base=$HOME${base#'~'} ;;
  esac
  local -a paths
  paths=("${base%/}"/${~1}(N))
  paths=("${(@)paths%$2}")
  names=("${(@)paths##*/}")
}

_xhier_command() { # WORD: sets command when WORD is one, or the beginning of one alone
  local -a known=("${(@)commands%%:*}") found
  if (( ${known[(Ie)$1]} )); then
    command=$1
    return 0
  fi
  found=("${(@M)known:#${(b)1}*}")
  (( $#found == 1 )) || return 1
  command=$found[1]
}

_xhier_kind() { # KIND
  local admin=.software/local/.admin each
  local -a names versions
  case $1 in
    package)
      _xhier_names 'software/*/.admin' /.admin
      if [[ $PREFIX == *@* ]]; then
        local name=${${(Q)PREFIX}%%@*}
        for each in "$names[@]"; do
          [[ $each == ${(b)name}-[0-9]* ]] && versions+=("$name@${each#$name-}")
        done
        names=("$versions[@]")
      fi
      _wanted packages expl package compadd -a names
      ;;
    installed)
      _xhier_names "$admin/receipts/*.json" .json
      _wanted packages expl 'installed package' compadd -a names
      ;;
    generation)
      _xhier_names "$admin/generations/*.json" .json
      names=("${(@nO)names}")
      _wanted -V generations expl generation compadd -a names
      ;;
    command)
      _xhier_names "$admin/bins/*/*" ''
      _wanted commands expl command compadd -a names
      _files
      ;;
    user) _users ;;
    file) _files ;;
    directory) _files -/ ;;
  esac
}

_xhier_choices() { # CHOICES: kinds have a colon before them, words are as they are
  local choice expl
  local -a words_ open_
  for choice in "${(@s:|:)${1%...}}"; do
    case $choice in
      :*) _xhier_kind "${choice#:}" ;;
      *=) open_+=("$choice") ;;
      *) words_+=("$choice") ;;
    esac
  done
  (( $#words_ )) && _wanted values expl value compadd -a words_
  (( $#open_ )) && _wanted values expl value compadd -S '' -a open_
}

_xhier_value() { # OPTION
  local each
  for each in $values; do
    [[ $each == "$1="* ]] && _xhier_choices "${each#*=}"
  done
}

_xhier_parse() { # goes over the words before the one to complete
  local word index
  for (( index = 2; index < CURRENT; index++ )); do
    word=${(Q)words[index]}
    if [[ -n $wanted ]]; then
      [[ $wanted == --root ]] && root=$word
      wanted=
    elif [[ -z $plain && $word == --root=* ]]; then
      root=${word#*=}
    elif [[ -z $plain && $word == -- ]]; then
      plain=1
    elif [[ -z $plain && $word == -?* ]]; then
      [[ $word != *=* && -n ${(M)values:#$word=*} ]] && wanted=$word
    elif [[ -z $command && place -eq 0 && $#commands -gt 0 ]] && _xhier_command "$word"; then
      $1 "$command"
    else
      (( place++ ))
    fi
  done
}

_xhier_complete() {
  local expl
  if [[ -n $wanted ]]; then
    _xhier_value "$wanted"
  elif [[ -z $plain && $PREFIX == --*=* ]]; then
    local option=${PREFIX%%=*}
    compset -P '--*='
    _xhier_value "$option"
  elif [[ -z $plain && $PREFIX == -* ]]; then
    _describe -o option options
  else
    [[ -z $command && place -eq 0 ]] && (( $#commands )) && _describe command commands
    local at=$(( place + 1 ))
    (( at > $#places )) && [[ ${places[-1]-} == *... ]] && at=$#places
    (( at <= $#places )) && _xhier_choices "$places[at]"
  fi
}
