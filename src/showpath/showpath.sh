#!/bin/sh
# showpath: the directories of commands, manual pages, ... on this host, for PATH and its like.
#
# Every user runs it at every login, under whatever sh there is (dash, bash, ash, mksh, ksh93). So it
# reads one file, the path table that 'xh make-links' writes; starts no other program and forks no
# subshell, unless the host uses file servers; and never fails a login: what it does not understand it
# warns of and skips, what does not answer it leaves off, and with the table damaged or absent it knows
# where a host keeps its commands. sh wants callees before callers.

# The caller's options, functions, locale and variables are not ours. PATH names nothing, so that no
# damaged line of the table can ever start a program.
set +aefuvxC
unset -f printf print read command_not_found_handle 2>/dev/null
case ${BASH_VERSION-} in
  ?*)
    shopt -u nocaseglob nocasematch nullglob failglob dotglob globstar 2>/dev/null
    unset GLOBIGNORE
    ;;
esac
case ${ZSH_VERSION-} in
  ?*) setopt no_bad_pattern no_nomatch 2>/dev/null ;; # macOS may have zsh as its sh
esac
LC_ALL=C
nl='
'
IFS=$nl
set -f
users_path=${PATH-}
PATH=/dev/null
version='@VERSION@'

# ---- messages and output ----

put() { # TEXT; mksh has no printf
  printf '%s\n' "$1" 2>/dev/null
  case $? in
    0) ;;
    127) print -r -- "$1" || status=1 ;;
    *) status=1 ;;
  esac
}

warn() { # TEXT
  case $quiet in ?*) return ;; esac
  case $1 in
    *[[:cntrl:]]*) visible "$1" ;;
    *) text=$1 ;;
  esac
  kept=$status # that a warning cannot be written is no failure
  put "showpath: warning: $text" >&2
  status=$kept
}

visible() { # TEXT: what would drive a terminal becomes '?'
  text= rest=$1
  while :; do
    case $rest in
      *[[:cntrl:]]*) text=$text${rest%%[[:cntrl:]]*}'?' rest=${rest#*[[:cntrl:]]} ;;
      *) break ;;
    esac
  done
  text=$text$rest
}

usage() { # TEXT: nothing is printed, so that an eval of it changes nothing
  visible "$1"
  put "showpath: $text" >&2
  put "Try 'showpath --help'." >&2
  trap - 0
  exit 2
}

replace() { # TEXT FROM TO: sets $result
  result= rest=$1
  while :; do
    case $rest in
      *"$2"*) result=$result${rest%%"$2"*}$3 rest=${rest#*"$2"} ;;
      *) break ;;
    esac
  done
  result=$result$rest
}

# Each quote_* sets $quoted to a word that the shell reads back as TEXT.

quote_sh() { # '"'"' and not '\'', which zsh with rc_quotes reads otherwise
  replace "$1" "'" "'\"'\"'"
  quoted=\'$result\'
}

quote_fish() {
  replace "$1" \\ \\\\
  replace "$result" "'" \\\'
  quoted=\'$result\'
}

quote_csh() {
  # eval `showpath` in csh splits the output at blanks and expands patterns before it reads quotes:
  # no such character may stand in it, whatever the quotes. '!' is special to csh even in quotes.
  case $1 in
    *[!A-Za-z0-9/._:+,@%-]*) ;;
    *)
      quoted=\'$1\'
      return
      ;;
  esac
  replace "$1" \\ '\0134'
  for octal in ' 040' '!041' '"042' '#043' '$044' '&046' "'047" '(050' ')051' '*052' ';073' \
    '<074' '=075' '>076' '?077' '[133' ']135' '^136' '`140' '{173' '|174' '}175' '~176'; do
    replace "$result" "${octal%???}" "\\0${octal#?}"
  done
  case $result in
    *[[:cntrl:]]*)
      PATH=$users_path
      tab_return=$(printf '\t\r')
      PATH=/dev/null
      replace "$result" "${tab_return%?}" '\0011'
      replace "$result" "${tab_return#?}" '\0015'
      ;;
  esac
  quoted="\"\`/usr/bin/printf %b '$result'\`\""
}

# BSD csh holds words of 4095 bytes and variables of 8191, tcsh any. So a long value is put together
# from pieces in variables, of which BSD csh gets the first, whole directories, and tcsh all. (Both
# expand variables in the command of an 'if' before they look at its condition: hence its eval.)
put_pieces() { # VARIABLE VALUE, for csh
  case $2 in
    *[!A-Za-z0-9/._:+,@%-]*) limit=700 ;; # bytes, each of which may become five
    *) limit=1800 ;;
  esac
  piece= before= told=0 parts=_showpath part=_showpath
  rest=$2:
  while :; do
    directory=${rest%%:*} rest=${rest#*:}
    case $((${#piece} + ${#directory} > limit)),$piece in
      1,?*)
        put_piece
        piece=:$directory
        ;;
      *)
        case $told,$piece in
          0,) piece=$directory ;;
          *) piece=$piece:$directory ;;
        esac
        ;;
    esac
    case $rest in
      '') break ;;
    esac
  done
  put_piece
  put "setenv $1 \"\$_showpath\";"
  case $parts in
    *' '*)
      replace " $parts" ' ' '$'
      quote_csh "if(\$?tcsh)eval 'setenv $1 \"$result\"'"
      put "eval $quoted;"
      ;;
  esac
  put "unset _piece $parts;"
}

put_piece() {
  kept_rest=$rest # which quote_csh uses
  case $((told + ${#piece} > 8000)) in
    1)
      told=0 before= part=${part}x
      parts="$parts $part"
      ;;
  esac
  told=$((told + ${#piece}))
  quote_csh "$piece"
  put "set _piece=$quoted; set $part=\"$before\$_piece\";"
  before=\$$part rest=$kept_rest
}

emit() { # VARIABLE VALUE; the last ';' is for an eval that joins lines
  case $((${#2} > 130000)) in
    1)
      # No program could be started any more: Linux takes 128 KB for one variable.
      warn "${1:-the value} would be longer than 128 KB: its last directories are left off"
      value=$2
      while [ ${#value} -gt 130000 ]; do
        value=${value%:*}
      done
      set -- "$1" "$value"
      ;;
  esac
  case $format in
    '') put "$2" ;;
    sh)
      quote_sh "$2"
      put "$1=$quoted; export $1;"
      ;;
    csh)
      case $((${#2} > 1800)) in
        1) put_pieces "$1" "$2" ;;
        *)
          quote_csh "$2"
          put "setenv $1 $quoted;"
          ;;
      esac
      ;;
    fish)
      quote_fish "$2"
      put "set -gx $1 $quoted;"
      ;;
    json)
      own_name
      PATH=$users_path
      # Node resolves the links that lead to us, which sh cannot do by itself
      put "$1$nl$2" | node -e '
        const part = require("path").join(require("fs").realpathSync(process.argv[1]), "../showpath.cjs");
        try {
          require.resolve(part);
        } catch {
          console.error(`showpath: ${part} is missing, which prints json: install xhier again`);
          process.exit(1);
        }
        require(part);
      ' -- "$own"
      status=$?
      case $status in
        127) put "showpath: '-f json' needs node, which is not on your PATH" >&2 ;;
      esac
      ;;
  esac
}

own_name() { # sets $own to the absolute name by which we were started
  case $0 in
    /*) own=$0 ;;
    */*) own=${PWD%/}/${0#./} ;;
    *)
      own=${PWD%/}/$0
      [ -f "$own" ] || {
        PATH=$users_path
        own=$(command -v -- "$0")
        PATH=/dev/null
      }
      ;;
  esac
}

# ---- directories that may not answer ----

# Whoever touches a directory on a file server that is down waits for ever, and so does who touches
# one of a program (sshfs, ...) that has stopped. So on a host that has such mounted, or an automounter
# that would mount it, directories are looked at by children, all of them in one go, who get about a
# second; what has not answered then is left off with a warning. What a host cannot run without is
# looked at directly, so that PATH has commands on it whatever happens; and on other hosts, as one
# look at the kernel's list of mounted devices tells, everything is.

may_hang() { # sets $careful to what may keep us waiting, or to nothing
  set +f
  for careful in /sys/class/bdi/* /etc/auto.master /etc/auto_master /etc/autofs/auto.master \
    /run/systemd/generator/*.automount /etc/systemd/system/*.automount; do
    case $careful in
      */bdi/*-fuseblk) break ;;
      */bdi/[1-9]*:* | */bdi/btrfs-* | */bdi/zfs-* | */bdi/mtd-* | */bdi/ubifs*) ;;
      */bdi/*) break ;; # 0:NN is NFS or FUSE; a '*' that stays says that nothing is known
      *) [ -e "$careful" ] && break ;;
    esac
    careful=
  done
  set -f
}

exists() { # -d|-e|-h PATH: as test does, but within limits; false for what does not answer
  case $looking in
    no) return 0 ;;
  esac
  case $2 in
    /usr/bin | /bin | /usr/sbin | /sbin | "$root"/.software/local/.admin/*) local=1 ;;
    *) local= ;;
  esac
  case $careful,$local in
    ,* | *,1)
      [ "$1" "$2" ]
      return $? # said, because in a trap mksh and POSIX take another
      ;;
  esac
  case $answers in
    *"${nl}0 $1 $2$nl"*) return 0 ;;
    *"${nl}1 $1 $2$nl"*) return 1 ;;
  esac
  case $nl$silent$asked in
    *"$nl$1 $2$nl"*) ;;
    *) asked="$asked$1 $2$nl" ;;
  esac
  case $looking in
    ahead) return 0 ;;
  esac
  ask
  case $answers in
    *"${nl}0 $1 $2$nl"*) return 0 ;;
  esac
  return 1
}

look() { # -d|-e|-h PATH, as one word
  if [ "${1%% *}" "${1#* }" ]; then put "0 $1"; else put "1 $1"; fi
}

look_ahead() { # COMMAND...: all that it would look at is looked at in one go
  case $careful in
    '') return ;;
  esac
  kept_quiet=$quiet quiet=1 looking=ahead
  "$@"
  quiet=$kept_quiet looking=
  ask
}

ask() { # looks at what is $asked: adds to $answers, or to $silent
  case $asked in
    '') return ;;
  esac
  case $silent in
    '')
      limited look together 0.3
      unanswered
      ;;
  esac
  # Each by itself, so that one does not keep the others waiting. It is also what a machine under a
  # heavy load gets, or a server that is only slow.
  case $asked in
    ?*)
      limited look apart 1
      unanswered
      ;;
  esac
  case $asked in
    ?*)
      silent=$silent$asked
      words= above=:
      for item in $asked; do
        item=${item#-? }
        case $item/ in
          "$above"/*) ;;
          *) words="$words '$item'" above=$item ;;
        esac
      done
      warn "no answer in time, left off:$words"
      asked=
      ;;
  esac
}

unanswered() { # leaves in $asked what has no answer yet
  rest=
  for item in $asked; do
    case $answers in
      *"${nl}0 $item$nl"* | *"${nl}1 $item$nl"*) ;;
      *) rest=$rest$item$nl ;;
    esac
  done
  asked=$rest
}

# A child that hangs must hold no file that our caller waits for the end of. mksh hands its children
# copies of what it has put aside, so what is put aside here is /dev/null.
limited() { # WORKER together|apart SECONDS: adds to $answers what in_time puts
  output= errors=
  { output=1; } 2>/dev/null 3>&1
  { errors=1; } 3>&2 2>/dev/null
  case $output in ?*) exec 3>&1 >/dev/null ;; esac
  case $errors in ?*) exec 4>&2 2>/dev/null ;; esac
  answers=$answers$(in_time "$@")$nl
  case $output in ?*) exec >&3 3>&- ;; esac
  case $errors in ?*) exec 2>&4 4>&- ;; esac
}

# Calls WORKER LINE MODE for each line of $asked, all in one child or each in its own, and puts the
# lines they put, until all are done or the time is over. 'sleep' is the one program that is started;
# without it there is no limit. Children that hang are ended as far as the kernel lets them: NFS does.
in_time() { # WORKER together|apart SECONDS
  exec 3>&- 4>&-
  {
    {
      children=
      case $2 in
        apart) trap 'kill -9 $children; exit' 15 ;;
      esac
      for item in $asked; do
        case $2 in
          together) "$1" "$item" "$2" ;;
          apart)
            "$1" "$item" "$2" &
            children=$children$!$nl
            ;;
        esac
      done
      case $2 in
        apart) wait ;;
      esac
      put end
    } 2>/dev/null &
    child=$!
    {
      PATH=/bin:/usr/bin:$users_path
      sleep "$3" || sleep 1 || exit
      status=0
      put end
      # who listens no more has had the end of the child, whose number may be another's by now
      case $status,$2 in
        0,together) kill -9 $child ;;
        0,apart) kill $child ;;
      esac
    } 2>/dev/null &
  } | while read -r item; do
    case $item in
      end) break ;;
    esac
    put "$item"
  done
}

# ---- the list ----

add() { # DIRECTORY: to the end of $list, if it exists and is not there
  case $1 in
    *:* | *"$nl"*)
      warn "'$1' contains a colon or a newline and cannot stand on a path: skipped"
      return
      ;;
  esac
  case :$list: in
    *:"$1":*) return ;;
  esac
  exists -d "$1" && list=${list:+$list:}$1
}

add_directory() { # PATH as the user wrote it
  case $mode,$class in
    path,* | *,bin) ;;
    *) return ;; # in an rc file a directory of one's own is one of commands
  esac
  directory=$1
  while :; do
    case $directory in
      ?*/) directory=${directory%/} ;;
      *) break ;;
    esac
  done
  add "$directory"
}

add_elements() { # PATTERN: of the named elements those that match; sets $known if there is one
  for line in $table; do
    case $line in
      "$class user "* | "$class $maintainer "* | "$class $program "*)
        line=${line#* * }
        case ${line%% *} in
          $1) add "${line#* }" ;;
        esac
        ;;
      "element "*)
        case ${line#element } in
          $1) known=1 ;;
        esac
        ;;
    esac
  done
}

add_package() { # DIRECTORY of a package
  for line in $table; do
    case $line in
      "package $class user "* | "package $class $maintainer "* | "package $class $program "*)
        add "$1/${line#* * * }"
        ;;
    esac
  done
}

add_word() { # a word that is no path: an element, a pattern of elements, a package
  known=
  # Only what can be the name of an element, or a pattern that matches one: ksh makes more of '|' and
  # '(' than other shells, and zsh ends at an open '['.
  case ${1##*\[} in
    "$1" | *\]*)
      case $1 in
        *[!][A-Za-z0-9_.+*?!^:-]*) ;;
        *) add_elements "$1" ;;
      esac
      ;;
  esac
  case $known in ?*) return ;; esac
  case $1 in
    '' | .* | *[[:cntrl:]]*) ;;
    *)
      case $1 in
        ?*@?*) version=${1%%@*}-${1#*@} ;;
        *) version=$1 ;;
      esac
      for directory in "$1" "$version"; do
        if exists -d "$root/software/$directory"; then
          known=1
          add_package "$root/software/$directory"
          case $looking in
            '') return ;;
          esac
        fi
      done
      # An unquoted standard* becomes standards where a file of that name is.
      if exists -e "./$1" || exists -h "./$1"; then
        for line in $table; do
          case $line in
            "element "*)
              line=${line#element }
              case $1 in
                "$line"?*)
                  warn "'$1' is a file here, taken for '$line*' (write it in quotes, or '$line')"
                  add_elements "$line*"
                  return
                  ;;
              esac
              ;;
          esac
        done
      fi
      ;;
  esac
  case $silent in
    *"/software/$1$nl"*) return ;; # it may be a package: that is a warning already
  esac
  case $1 in
    *=*) warn "'$1' is no setting (usedby=, class=, findfirst=): skipped" ;;
    '') warn 'an empty argument: skipped' ;;
    *) warn "'$1' is neither an element nor a package: skipped" ;;
  esac
}

home_of() { # ~ or ~USER: sets $directory, empty when there is none
  case $1 in
    '~') directory=${HOME-} ;;
    *[!A-Za-z0-9._~-]*) directory= ;;
    *) eval "directory=$1" 2>/dev/null ;;
  esac
  case $directory in
    /*) ;;
    *) directory= ;;
  esac
}

add_all() { # ELEMENT...: as on the command line
  list= understood=
  for arg do
    case $arg in
      /*)
        understood=1
        add_directory "$arg"
        ;;
      '~'*)
        home_of "${arg%%/*}"
        case $directory in
          '') warn "'${arg%%/*}' is nobody's home directory: '$arg' skipped" ;;
          *)
            understood=1
            add_directory "${directory%/}${arg#"${arg%%/*}"}"
            ;;
        esac
        ;;
      */*)
        understood=1
        while :; do
          case $arg in
            ./?*) arg=${arg#./} ;;
            *) break ;;
          esac
        done
        add_directory "${PWD%/}/${arg#./}"
        ;;
      *)
        add_word "$arg"
        understood=$understood$known
        ;;
    esac
  done
  # Nothing asked for, or nothing that was understood: a login must not end without a PATH.
  case $understood,$looking in
    ,* | *,ahead) add_elements standard ;;
  esac
}

find_first() { # sets $found to the first file on $list that matches $pattern, or nothing
  case $pattern in
    # ksh expands braces even in the value of a variable
    *{*) (set +o braceexpand) 2>/dev/null && set +o braceexpand ;;
  esac
  asked= number=0
  IFS=:
  for directory in $list; do
    number=$((number + 1))
    asked="$asked$number ${directory%/}/$nl"
  done
  IFS=$nl
  case $careful in
    '')
      for item in $asked; do
        find_in "${item#* }"
        case $found in ?*) return ;; esac
      done
      ;;
    *) find_within_limits ;;
  esac
}

find_in() { # DIRECTORY/: sets $found to the first file there that matches $pattern
  found=
  IFS=
  set +f
  for file in "$1"$pattern; do
    name=${file#"$1"}
    case $found in
      ?*) [ ${#name} -lt $length ] || continue ;;
    esac
    [ -f "$file" ] || continue
    case $class in
      bin) [ -x "$file" ] || continue ;;
    esac
    case $name in
      *"$nl"*) continue ;;
    esac
    found=$file
    length=${#name}
  done
  set -f
  IFS=$nl
}

find_within_limits() { # a directory that answers may have links into one that does not
  answers=$nl
  case $silent in
    '')
      limited search together 0.3
      first_found && return
      answers=$nl
      ;;
  esac
  limited search apart 1
  first_found left-off
}

search() { # NUMBER DIRECTORY/ as one word, together|apart
  find_in "${1#* }"
  put "${1%% *} $found"
  case $found,$2 in
    ?*,together)
      put end
      exit
      ;;
  esac
}

first_found() { # [left-off]: sets $found; false when a directory that has not answered comes before
  for item in $asked; do
    case $answers in
      *"$nl${item%% *} "*)
        found=${answers#*"$nl${item%% *} "}
        found=${found%%"$nl"*}
        case $found in ?*) break ;; esac
        ;;
      *)
        found=
        case ${1-} in
          '') return 1 ;;
        esac
        warn "no answer in time, left off: '${item#* }'"
        ;;
    esac
  done
}

# ---- what rc files call ----

# The variables that tools look at, and their classes. PATH always; the others only where the site
# adds something to what the tools find by themselves. Compilers are served by links, not variables.
environment() { # ELEMENT...
  look_ahead add_all_classes "$@"
  for pair in bin:PATH man:MANPATH info:INFOPATH pkgconfig:PKG_CONFIG_PATH share:XDG_DATA_DIRS; do
    class=${pair%%:*}
    variable=${pair#*:}
    case $class in
      bin) current=$users_path ;;
      *)
        eval "current=\${$variable-}"
        quiet=1 # the same arguments have been warned of
        ;;
    esac
    add_all "$@"
    case $class:$list: in
      bin:* | *:/software/* | *:/.software/* | *[!:]/software/* | *[!:]/.software/*)
        merge "$current"
        emit "$variable" "$list"
        ;;
    esac
  done
}

add_all_classes() { # ELEMENT...: only to see what would be looked at
  for class in bin man info pkgconfig share; do
    add_all "$@"
  done
}

merge() { # CURRENT: into $list, with the user's own directories kept on the side where they are
  ours=$list before= after= place= seen=$nl
  keep_maintainer=$maintainer keep_program=$program
  maintainer=maintainer program=program list= looking=no
  add_elements '*'
  system=$list
  maintainer=$keep_maintainer program=$keep_program looking=
  rest=${1:+$1:} # empty fields count, and shells do not agree on how to split them
  while :; do
    case $rest in
      '') break ;;
      *) directory=${rest%%:*} rest=${rest#*:} ;;
    esac
    case :$ours: in
      *:"$directory":*)
        place=after
        continue
        ;;
    esac
    case :$system: in
      *:"$directory":*) place=after ;;
    esac
    case $seen in
      *"$nl$directory$nl"*) continue ;;
    esac
    seen=$seen$directory$nl
    case $directory in
      *"$nl"*)
        warn "'$directory' contains a newline and cannot stand on a path: skipped"
        continue
        ;;
    esac
    case $place in
      '') before=$before$directory: ;;
      *) after=$after:$directory ;;
    esac
  done
  list=$before$ours$after
}

# The lines of an rc file. They call us again when they are read and not the values of now, so that
# they can be kept in a file that several hosts share.
init() { # ELEMENT...
  own_name
  words=$#
  case $# in
    0) ;;
    *) set -- -- "$@" ;;
  esac
  case $maintainer$program in
    maintaineruser) set -- usedby=maintainer "$@" ;;
    userprogram) set -- usedby=program "$@" ;;
    maintainerprogram) set -- usedby=maintainer,program "$@" ;;
  esac
  case $root in
    ?*) set -- --root "$root" "$@" ;;
  esac
  set -- "$own" --environment "$format" "$@"
  call=
  for word do
    "quote_$format" "$word"
    call="$call $quoted"
  done
  "quote_$format" "$own"
  case $format in
    sh) put "if [ -x $quoted ]; then eval \"\$($call)\"; fi;" ;;
    fish) put "if test -x $quoted; $call | source; end;" ;;
    csh)
      case $call in
        # such words need a ` of their own, and csh does not nest them
        *\`*)
          shift $(($# - words))
          environment "$@"
          ;;
        *) put "if ( -x $quoted ) eval \`$call\`;" ;;
      esac
      ;;
  esac
}

help() { # as src/cli/showpath-help.ts describes it, word for word
  put "showpath: the directories of this host, for PATH and its like

usage: showpath [NAME=VALUE...] [ELEMENT...] [options]

Prints the directories of this host that exist, in the order asked for, each
once as it is spelled, joined with ':'. Whatever is not understood is skipped
with a warning: a login never fails.

Examples
  PATH=\$(showpath ~/bin 'standard*')
      in a shell script
  eval \"\$(showpath --init bash)\"
      all that a .bashrc needs
  eval \`showpath --init csh\`
      all that a .cshrc needs
  showpath --init fish | source
      all that a config.fish needs
  setenv EDITOR \`showpath 'findfirst=vi*'\`
      the first program of a kind, in csh
  showpath class=man gcc@12 standard
      the manual of one package before all others

Options
  -f <format>                an assignment for that shell to eval, or json,
                             instead of the bare value
  -v <variable>              the variable to assign (default: the usual one of
                             the class)
      --init <shell>         the lines for a shell's rc file: PATH, MANPATH and
                             what else the site adds to; directories of your own
                             stay where they are
      --environment <shell>  what those lines evaluate, with the values of now:
                             one process less
      --root <dir>           the site root (default: \$XH_ROOT, or /)
  -q, --quiet                no warnings
      --version              print the version
  -h, --help                 print this help

Elements
  standard, WORD, GLOB  named elements of the path table; standard, which is
                        meant when none is given, is the link farm of the
                        packages and the vendor's directories; quote a glob:
                        'standard*'
  PKG, PKG@VERSION      the directories of that package, default or not
  /dir, ~/dir, dir/     that directory

Settings
  usedby=USERS    whose commands: user, maintainer (adds maintenance), program
                  (adds servers); several with commas between (default: user)
  class=CLASS     which kind of directory: bin, man, info, include, lib,
                  pkgconfig, share (default: bin)
  findfirst=GLOB  print instead the first file whose name matches (in one
                  directory the shortest name, then alphabetical; commands only
                  in class bin)

Directories that do not answer
Where a network or user-space file system is mounted, or an automounter is set
up, directories are looked at by a child process. What has not answered within
about a second, all of them together, is left off with a warning, and the login
goes on. /usr/bin, /bin, /usr/sbin, /sbin and the link farms are looked at
directly: keep them, this program and the site root's .software/local on the
host itself.

Long values
tcsh and the other shells take any. BSD csh gets the first 8000 bytes, whole
directories. What is beyond 130000 bytes is left off, because the kernel starts
no program with more.

Exit codes
    0  done, whatever had to be skipped
    1  findfirst= has found nothing, or the output could not be written
    2  usage: nothing is printed, so that an eval of it changes nothing"
}

# ---- arguments ----

set_users() { # LIST of usedby=
  maintainer=user program=user
  IFS=,
  for word in $1; do
    case $word in
      user | '') ;;
      maintainer) maintainer=maintainer ;;
      program) program=program ;;
      *) warn "usedby='$word' is none of user, maintainer, program: skipped" ;;
    esac
  done
  IFS=$nl
}

set_option() { # OPTION VALUE
  case $1,$2 in
    -f,sh | -f,csh | -f,fish | -f,json) format=$2 ;;
    -f,bash | -f,zsh | -f,ksh | -f,mksh | -f,dash | -f,ash) format=sh ;;
    -f,tcsh) format=csh ;;
    -f,*) usage "unknown format or shell '$2': sh, bash, zsh, csh, fish, json are known" ;;
    -v,[!A-Za-z_]* | -v,*[!A-Za-z0-9_]* | -v,) usage "'$2' is no name of a variable" ;;
    -v,*) variable=$2 ;;
    --root,*) root=$2 ;;
    --init,*)
      mode=init
      set_option -f "$2"
      ;;
    --environment,*)
      mode=environment
      set_option -f "$2"
      ;;
  esac
}

mode=path class=bin maintainer=user program=user pattern= finding= format= variable= quiet=
root=${XH_ROOT-} table= wanted= plain= status=0 looking= asked= answers=$nl silent= found=

for arg do
  shift
  case $wanted in
    ?*)
      set_option "$wanted" "$arg"
      wanted=
      continue
      ;;
  esac
  case $plain$arg in
    class=*) class=${arg#class=} ;; # looked at when the classes are known
    usedby=*) set_users "${arg#usedby=}" ;;
    findfirst=*) pattern=${arg#findfirst=} finding=1 ;;
    -f | -v | --root | --init | --environment) wanted=$arg ;;
    -[fv]*)
      word=${arg#-?}
      set_option "${arg%"$word"}" "$word"
      ;;
    --root=* | --init=* | --environment=*) set_option "${arg%%=*}" "${arg#*=}" ;;
    --json) format=json ;;
    -q | --quiet) quiet=1 ;;
    -h | --help) mode=help ;;
    --version) mode=version ;;
    --) plain=' ' ;;
    -*) warn "unknown option '$arg': skipped" ;;
    *) set -- "$@" "$arg" ;;
  esac
done
case $wanted in
  ?*) usage "$wanted wants a value" ;;
esac

case $root in
  '' | /*) ;;
  *) root=${PWD%/}/$root ;;
esac
while :; do
  case $root in
    */) root=${root%/} ;;
    *) break ;;
  esac
done

# ---- the path table ----

# What every system has, and where the link farms stand; used when the table is no good.
builtin_table() {
  case $root in
    *"$nl"*) root=/dev/null ;; # could not stand on a path anyway
  esac
  admin=$root/.software/local/.admin
  table="element standard
bin user standard $admin/bins/bin
bin maintainer standard $admin/bins/maintenance
bin program standard $admin/bins/servers
bin maintainer standard /usr/local/sbin
bin user standard /usr/local/bin
bin maintainer standard /usr/sbin
bin user standard /usr/bin
bin maintainer standard /sbin
bin user standard /bin
man user standard $root/software/.admin/man
man user standard /usr/local/share/man
man user standard /usr/share/man
man user standard /usr/man
info user standard $root/software/.admin/info
info user standard /usr/local/share/info
info user standard /usr/share/info
include user standard $root/usr/include
include user standard /usr/local/include
include user standard /usr/include
lib user standard $root/usr/local/lib
lib user standard /usr/local/lib
lib user standard /usr/lib
lib user standard /lib
pkgconfig user standard $admin/pkgconfig
pkgconfig user standard /usr/local/lib/pkgconfig
pkgconfig user standard /usr/lib/pkgconfig
pkgconfig user standard /usr/share/pkgconfig
share user standard $admin/share
share user standard /usr/local/share
share user standard /usr/share
package bin user bin
package bin maintainer maintenance
package bin program servers
package man user man
package man user share/man
package info user info
package info user share/info
package include user include
package lib user lib
package pkgconfig user lib/pkgconfig
package pkgconfig user share/pkgconfig
package share user share"
}

check_table() { # empties $table unless it has standard, and its last line counts those before it
  lines=0
  for line in $table; do
    lines=$((lines + 1))
  done
  case $nl$table in
    *"${nl}element standard$nl"*"${nl}lines $((lines - 1))") ;;
    *) table= ;;
  esac
}

main() { # ELEMENT...
  trap - 0
  case $table in
    '')
      builtin_table
      case $damage in
        ?*) warn "the path table $file $damage" ;;
      esac
      ;;
  esac
  case $class in
    *[!a-z0-9-]* | '' | element | package | lines) known= ;;
    *)
      case $nl$table in
        *"$nl$class "* | *"${nl}package $class "*) known=1 ;;
        *) known= ;;
      esac
      ;;
  esac
  case $known in
    '')
      warn "class='$class' is no class of this site's directories: skipped"
      class=bin
      ;;
  esac
  case $mode in
    path) ;;
    *)
      case $finding,$format in
        *,json) usage "the lines of an rc file cannot be printed as json" ;;
        1,*) warn 'findfirst= has no meaning for an rc file: skipped' ;;
      esac
      "$mode" "$@"
      exit $status
      ;;
  esac
  case $variable,$format in
    ,*) ;;
    *,) format=sh ;;
  esac
  case $finding,$variable,$format in
    1,,?*) usage "findfirst= with -f wants -v VAR" ;;
    ,,?*)
      case $class in
        bin) variable=PATH ;;
        man) variable=MANPATH ;;
        info) variable=INFOPATH ;;
        include) variable=CPATH ;;
        lib) variable=LD_LIBRARY_PATH ;;
        pkgconfig) variable=PKG_CONFIG_PATH ;;
        share) variable=XDG_DATA_DIRS ;;
        *) usage "class '$class' has no usual variable: -v VAR is needed" ;;
      esac
      ;;
  esac
  look_ahead add_all "$@"
  add_all "$@"
  case $finding in
    '') emit "$variable" "$list" ;;
    *)
      find_first
      case $found in
        '') exit 1 ;;
        *) emit "$variable" "$found" ;;
      esac
      ;;
  esac
  exit $status
}

case $mode in
  help)
    help
    exit $status
    ;;
  version)
    put "showpath (xhier) $version"
    exit $status
    ;;
esac

may_hang
case $careful,$root in
  ?*,?*) # only the site at / is known to be on this host itself
    exists -d "$root"
    case $silent in
      ?*) root=/dev/null ;; # where nothing is, and which says so at once
    esac
    ;;
esac
file=$root/.software/local/.admin/path-table damage= xhier_path_table= first=
if [ -f "$file" ] && [ -r "$file" ]; then
  read -r first <"$file"
  case $first in
    '# xhier path table 1')
      # A cut table leaves a quote open. Some shells give up then, and come back here by the trap.
      damage="is damaged or cut short: run 'xh make-links'"
      trap 'table=; main "$@"' 0
      . "$file" </dev/null
      trap - 0
      table=$xhier_path_table
      check_table
      ;;
    *) damage="is damaged, or of another version: run 'xh make-links'" ;;
  esac
elif [ -e "$file" ]; then
  damage='cannot be read: look at its mode'
fi
main "$@"
