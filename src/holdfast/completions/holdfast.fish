# Completion of `holdfast` for fish. What can follow is asked of Holdfast itself at each Tab, so this text never grows old.
function __holdfast_words
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    for line in (command holdfast completion --words fish $before "$current" 2>/dev/null </dev/null)
        switch $line
            case :folders
                __fish_complete_directories "$current"
            case :files
                __fish_complete_path "$current"
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c holdfast -f -k -a '(__holdfast_words)'
