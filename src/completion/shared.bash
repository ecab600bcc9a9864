
# The same in the scripts of all programs of xhier, so that each can be loaded alone.

_xhier_words() { # sets words and cur as the shell means them, and how much of cur readline keeps
  local line=${COMP_LINE:0:COMP_POINT} word= any= index char next
  words=() cur= quote= kept=0
  for ((index = 0; index < ${#line}; index++)); do
    char=${line:index:1} next=${line:index+1:1}
    case $quote$char in
      "''" | '""') quote= kept=${#word} ;;
      "'"?) word+=$char ;;
      '"\')
        case $next in
          '"' | '\' | '$' | '`') ((index++)) && char=$next ;;
        esac
        word+=$char
        ;;
      '"'?) word+=$char ;;
      "'" | '"') quote=$char any=1 kept=${#word} ;;
      '\') index=$((index + 1)) word+=$next any=1 ;;
      ' ' | $'\t')
        [[ -n $any$word ]] && words+=("$word")
        word= any= kept=0
        ;;
      ';' | '|' | '&') words=() word= any= kept=0 ;;
      *)
        if [[ $COMP_WORDBREAKS == *"$char"* ]]; then
          kept=${#word}
          # readline takes these to the word that they begin, the others not
          [[ $char == [@\$] ]] || ((kept++))
        fi
        word+=$char
        ;;
    esac
  done
  cur=$word
}

_xhier_command() { # WORD: sets command when WORD is one, or the beginning of one alone
  local each found=
  for each in $commands; do
    [[ $each == "$1" ]] && command=$each && return
    [[ $each == "$1"* ]] && found+=" $each"
  done
  [[ -z $found || $found == ' '*' '* ]] && return 1
  command=${found# }
}

_xhier_offer() { # PREFIX WORD…: offers each word, after the prefix, that begins like cur
  local before=$1 word
  shift
  for word; do
    word=$before$word
    [[ $word == "$cur"* ]] || continue
    word=${word:kept}
    case $quote in
      "'") word=${word//\'/\'\\\'\'} ;;
      '"')
        word=${word//\\/\\\\} word=${word//\"/\\\"}
        word=${word//\$/\\\$} word=${word//\`/\\\`}
        ;;
      *) [[ -n $word ]] && printf -v word %q "$word" ;;
    esac
    COMPREPLY+=("$word")
  done
}

_xhier_names() { # PATTERN SUFFIX: sets names to the last parts of the paths below the site root
  local base=${root:-${XH_ROOT-}} path IFS=
  case $base in
    '~' | '~/'*) base=$HOME${base#'~'} ;;
  esac
  names=()
  while IFS= read -r -d '' path; do
    path=${path%"$2"}
    names+=("${path##*/}")
  done < <(
    set +f
    shopt -u failglob dotglob
    shopt -s nullglob
    for path in "${base%/}"/$1; do printf '%s\0' "$path"; done
  )
}

_xhier_versions() { # PREFIX: offers NAME@VERSION for what is before the @
  local name=${cur#"$1"} each
  local -a versions=()
  name=${name%%@*}
  for each in "${names[@]}"; do
    case $each in
      "$name"-[0-9]*) versions+=("$name@${each#"$name"-}") ;;
    esac
  done
  _xhier_offer "$1" "${versions[@]}"
}

_xhier_kind() { # KIND PREFIX
  local admin=.software/local/.admin
  local -a names
  case $1 in
    package)
      _xhier_names 'software/*/.admin' /.admin
      case $cur in
        *@*) _xhier_versions "$2" ;;
        *) _xhier_offer "$2" "${names[@]}" ;;
      esac
      ;;
    installed)
      _xhier_names "$admin/receipts/*.json" .json
      _xhier_offer "$2" "${names[@]}"
      ;;
    generation)
      _xhier_names "$admin/generations/*.json" .json
      _xhier_offer "$2" "${names[@]}"
      ;;
    command)
      _xhier_names "$admin/bins/*/*" ''
      _xhier_offer "$2" "${names[@]}"
      compopt -o default 2>/dev/null
      ;;
    user) _xhier_offer "$2" $(compgen -u) ;;
    file) compopt -o default 2>/dev/null ;;
    directory) compopt -o dirnames 2>/dev/null ;;
  esac
}

_xhier_choices() { # CHOICES PREFIX: kinds have a colon before them, words are as they are
  local choice
  local -a all
  IFS='|' read -r -a all <<<"${1%...}"
  for choice in "${all[@]}"; do
    case $choice in
      :*) _xhier_kind "${choice#:}" "$2" ;;
      *) _xhier_offer "$2" "$choice" ;;
    esac
  done
}

_xhier_value() { # OPTION PREFIX
  local choices=" $values"
  choices=${choices#*" $1="}
  _xhier_choices "${choices%% *}" "$2"
}

_xhier_complete() { # offers what may stand at cur
  COMPREPLY=()
  if [[ -n $wanted ]]; then
    _xhier_value "$wanted" ''
  elif [[ -z $plain && $cur == --*=* ]]; then
    [[ " $values" == *" ${cur%%=*}="* ]] && _xhier_value "${cur%%=*}" "${cur%%=*}="
  elif [[ -z $plain && $cur == -* ]]; then
    _xhier_offer '' $options
  else
    [[ -z $command && $place == -1 ]] && _xhier_offer '' $commands
    local -a all
    read -r -a all <<<"$places"
    local last=$((${#all[@]} - 1)) at=$((place + 1))
    ((at > last && last >= 0)) && [[ ${all[last]} == *... ]] && at=$last
    ((at <= last)) && _xhier_choices "${all[at]}" ''
  fi
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
