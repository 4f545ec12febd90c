# Completion of `holdfast` for bash. What can follow is asked of Holdfast itself at each Tab, so this text never grows old.
_holdfast() {
    local line kind=""
    local -a words=() told=()
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :folders | :files) kind=$line ;;
            *)
                words+=("${line%%$'\t'*}")
                case $line in
                    *$'\t'?*) told+=("${line%%$'\t'*}  (${line#*$'\t'})") ;;
                    *) told+=("$line") ;;
                esac
                ;;
        esac
    done < <(command holdfast completion --words bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
    if [ -n "$kind" ]; then
        compopt -o filenames 2>/dev/null # bash 3.2 has none
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(if [ "$kind" = :folders ]; then compgen -d -- "$2"; else compgen -f -- "$2"; fi)
        return 0
    fi
    # What a word means is shown where words are only listed (63 `?`, 33 `!`, 64 `@`): it must never be typed.
    case ${#words[@]}:${COMP_TYPE-} in
        0:*) ;;
        1:* | *:9 | *:37 | *:) COMPREPLY=("${words[@]}") ;;
        *) COMPREPLY=("${told[@]}") ;;
    esac
    return 0
}
complete -F _holdfast holdfast
