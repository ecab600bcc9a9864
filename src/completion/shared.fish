
# The same in the scripts of all programs of xhier, so that each can be loaded alone.

function __xhier_root --description 'the site root that the words before the cursor name'
    set -l words (commandline -opc)
    set -l root $XH_ROOT
    for index in (seq 2 (count $words))
        switch $words[$index]
            case '--root=*'
                set root (string replace -- --root= '' $words[$index])
            case --root
                set -q words[(math $index + 1)]
                and set root $words[(math $index + 1)]
        end
    end
    string replace -r '^~(?=/|$)' $HOME -- (string trim -r -c / -- "$root")
end

function __xhier_names --description 'the names below the site root: PATTERN SUFFIX'
    set -l root (__xhier_root)
    set -l paths
    switch $argv[1]
        case package
            set paths "$root"/software/*/.admin
            set paths (string replace -r '/\.admin$' '' -- $paths)
        case installed
            set paths "$root"/.software/local/.admin/receipts/*.json
        case generation
            set paths "$root"/.software/local/.admin/generations/*.json
        case command
            set paths "$root"/.software/local/.admin/bins/*/*
    end
    string replace -r '.*/' '' -- $paths | string replace -r '\.json$' ''
end

function __xhier_packages --description 'names of packages, or versions of the one before an @'
    set -l word (commandline -ct)
    if string match -q '*@*' -- $word
        set -l name (string replace -r '@.*' '' -- $word)
        __xhier_names package | string replace -rf -- '^'(string escape --style=regex -- $name)'-(?=[0-9])' $name@
    else
        __xhier_names package
    end
end

function __xhier_generations --description 'generations, the newest first'
    __xhier_names generation | sort -rn
end

# Where the word to complete stands: the command before it, or -, and how many words lie between.
# COMMANDS and VALUED, the options whose value is the next word, are lists in one argument.
function __xhier_place
    set -l commands (string split ' ' -- $argv[1])
    set -l valued (string split ' ' -- $argv[2])
    set -l words (commandline -opc)
    set -l command -
    set -l count 0
    set -l skip
    set -l plain
    for word in $words[2..-1]
        if set -q skip[1]
            set -e skip
        else if set -q plain[1]
            set count (math $count + 1)
        else if test "$word" = --
            set plain 1
        else if string match -q -- '-*' $word
            contains -- $word $valued
            and set skip 1
        else if test $command = - -a $count = 0; and set -l found (__xhier_command $word $commands)
            set command $found
        else
            set count (math $count + 1)
        end
    end
    echo $command
    echo $count
end

function __xhier_command --description 'the command that a word is, or alone begins: WORD COMMANDS'
    if contains -- $argv[1] $argv[2..-1]
        echo $argv[1]
        return
    end
    set -l found (string match -- "$argv[1]*" $argv[2..-1])
    test (count $found) = 1
    and echo $found
end
